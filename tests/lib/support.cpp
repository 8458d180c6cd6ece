#include "support.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace wick::test {

Tensor filled(const Shape& shape, DType dtype, const std::function<double(std::int64_t)>& value) {
  std::vector<double> values(static_cast<std::size_t>(numel(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(static_cast<std::int64_t>(i));
  return tensor(std::span<const double>(values), shape, dtype);
}

Tensor permuted(DType dtype, const std::function<double(std::int64_t)>& value) {
  const Tensor x = empty({2, 3, 4}, dtype).permute({2, 0, 1});
  x.copy_(filled({4, 2, 3}, dtype, value));
  return x;
}

double scattered(std::int64_t i, std::int64_t range) {
  const std::uint64_t mixed = static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
  return static_cast<double>(
      static_cast<std::int64_t>((mixed >> 33) % static_cast<std::uint64_t>(2 * range + 1)) - range);
}

void each_index(const Shape& shape, const std::function<void(const Dims&)>& f) {
  Dims index = Dims::filled(shape.size(), 0);
  for (std::int64_t left = numel(shape); left > 0; --left) {
    f(index);
    for (int d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
  }
}

char* element_address(const Tensor& x, const Dims& index) {
  std::int64_t offset = 0;
  for (int d = 0; d < x.dim(); ++d) offset += index[d] * x.strides()[d];
  return x.raw_data() + offset * x.itemsize();
}

namespace {

// Both are NaN where the bytes differ.
template <class T>
bool same_element(T a, T b) {
  if (std::memcmp(&a, &b, sizeof(T)) == 0) return true;
  if constexpr (is_complex(dtype_of<T>)) {
    return same_element(a.real(), b.real()) && same_element(a.imag(), b.imag());
  } else if constexpr (is_floating(dtype_of<T>)) {
    return std::isnan(static_cast<double>(a)) && std::isnan(static_cast<double>(b));
  } else {
    return false;
  }
}

struct Precision {
  int digits;        // of the significand
  int min_exponent;  // of the smallest normal number
};

Precision precision(DType dtype) {
  switch (real_dtype(dtype)) {
    case DType::Float16:
      return {11, -14};
    case DType::BFloat16:
      return {8, -126};
    case DType::Float32:
      return {24, -126};
    default:
      return {53, -1022};
  }
}

}  // namespace

bool identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  return dispatch(a.dtype(), [&]<class T>(TypeTag<T>) {
    const auto x = elements<T>(a), y = elements<T>(b);
    return std::equal(x.begin(), x.end(), y.begin(), same_element<T>);
  });
}

bool Equal::operator()(const Tensor& a, const Tensor& b) const {
  return a.dtype() == b.dtype() && a.sizes() == b.sizes() &&
         to_vector<std::complex<double>>(a) == to_vector<std::complex<double>>(b);
}

double ulp_distance(double a, double b, DType dtype) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  const auto [digits, min_exponent] = precision(dtype);
  const double larger = std::max(std::fabs(a), std::fabs(b));
  const int exponent = larger > 0 ? std::max(std::ilogb(larger), min_exponent) : min_exponent;
  return std::fabs(std::ldexp(a, digits - 1 - exponent) - std::ldexp(b, digits - 1 - exponent));
}

double ulp_distance(const Tensor& a, const Tensor& b) {
  const auto x = to_vector<double>(a), y = to_vector<double>(b);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulp_distance(x[i], y[i], a.dtype()));
  return worst;
}

}  // namespace wick::test
