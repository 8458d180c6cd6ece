#pragma once

// Private: what the divide-and-conquer algorithms for the symmetric tridiagonal eigenvalue problem and for
// the bidiagonal singular value problem share.

#include <cstdint>
#include <initializer_list>
#include <limits>

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

inline constexpr double epsilon = std::numeric_limits<double>::epsilon();
// Matrices up to this size are not divided.
inline constexpr std::int64_t largest_leaf = 24;

// (x, y) = (c x + s y, c y - s x)
inline void rotate(std::int64_t n, double* x, double* y, double c, double s) {
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = x[i], b = y[i];
    x[i] = c * a + s * b;
    y[i] = c * b - s * a;
  }
}

// The largest magnitude among n elements of d and n - 1 of e.
double largest_element(std::int64_t n, const double* d, const double* e);
// Multiplies both by a power of two that brings the largest to between 1 and 2; its exponent, negated.
int bring_near_one(std::int64_t n, double* d, double* e);

// Where columns of a basis have elements: in its upper rows alone, in all, or in its lower rows alone.
enum class RowSpan : char { Upper, Both, Lower };

// The columns of a basis that a merge keeps, in the order of their spans, so that zeros are not multiplied.
class KeptColumns {
 public:
  // Column kept[i] of the basis lies in span_of[kept[i]].
  KeptColumns(std::int64_t count, const std::int64_t* kept, const RowSpan* span_of);

  // The position among `kept` of the one in place i.
  std::int64_t operator[](std::int64_t i) const { return place_[i]; }

  // to (rows, count) = those columns of basis (rows, n) times `by` (count, count), whose rows are in this
  // order. The upper rows of the basis are `upper`.
  void multiply(const View<const double>& basis, std::int64_t upper, const View<const double>& by,
                const View<double>& to) const;

 private:
  std::int64_t count_;
  const std::int64_t* kept_;
  Scratch<std::int64_t> place_;
  std::int64_t upper_end_ = 0, both_end_ = 0;
};

// d becomes the n values, rising, and the columns of each `to` those of its `from` in the same order.
struct Columns {
  View<const double> from;
  View<double> to;
};
void put_in_order(std::int64_t n, const double* values, double* d, std::initializer_list<Columns> columns);

}  // namespace wick::factorize
