#include "wick/linalg/factorize/divide.h"

#include <algorithm>
#include <cmath>

namespace wick::factorize {

double largest_element(std::int64_t n, const double* d, const double* e) {
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(d[i]));
  for (std::int64_t i = 0; i + 1 < n; ++i) largest = std::max(largest, std::fabs(e[i]));
  return largest;
}

int bring_near_one(std::int64_t n, double* d, double* e) {
  const double largest = largest_element(n, d, e);
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;
  for (std::int64_t i = 0; i < n; ++i) d[i] = std::ldexp(d[i], -exponent);
  for (std::int64_t i = 0; i + 1 < n; ++i) e[i] = std::ldexp(e[i], -exponent);
  return exponent;
}

KeptColumns::KeptColumns(std::int64_t count, const std::int64_t* kept, const RowSpan* span_of)
    : count_(count), kept_(kept), place_(count) {
  std::int64_t at = 0;
  for (const RowSpan span : {RowSpan::Upper, RowSpan::Both, RowSpan::Lower}) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (span_of[kept[i]] == span) place_[at++] = i;
    }
    if (span == RowSpan::Upper) upper_end_ = at;
    if (span == RowSpan::Both) both_end_ = at;
  }
}

void KeptColumns::multiply(const View<const double>& basis, std::int64_t upper, const View<const double>& by,
                           const View<double>& to) const {
  const Scratch<double> memory(basis.rows * count_);
  const View<double> own = view(memory.data(), basis.rows, count_);
  for (std::int64_t i = 0; i < count_; ++i)
    std::copy_n(basis.column(kept_[place_[i]]), basis.rows, own.column(i));
  const std::int64_t lower = basis.rows - upper, of_lower = count_ - upper_end_;
  gemm<double>(1, own.block(0, 0, upper, both_end_), Op::None, by.block(0, 0, both_end_, count_), Op::None, 0,
               to.block(0, 0, upper, count_));
  gemm<double>(1, own.block(upper, upper_end_, lower, of_lower), Op::None,
               by.block(upper_end_, 0, of_lower, count_), Op::None, 0, to.block(upper, 0, lower, count_));
}

void put_in_order(std::int64_t n, const double* values, double* d, std::initializer_list<Columns> columns) {
  const Scratch<std::int64_t> order(n);
  for (std::int64_t i = 0; i < n; ++i) order[i] = i;
  std::sort(order.data(), order.data() + n, [&](std::int64_t a, std::int64_t b) {
    return values[a] < values[b] || (values[a] == values[b] && a < b);
  });
  for (std::int64_t i = 0; i < n; ++i) {
    d[i] = values[order[i]];
    for (const auto& [from, to] : columns) std::copy_n(from.column(order[i]), from.rows, to.column(i));
  }
}

}  // namespace wick::factorize
