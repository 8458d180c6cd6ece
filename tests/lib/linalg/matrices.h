#pragma once

#include <cmath>
#include <complex>

#include "support.h"

// What tests of matrices share.

namespace wick::test {

inline constexpr DType matrix_dtypes[] = {float32, float64, complex64, complex128};

inline Tensor adjoint(const Tensor& x) { return conj(x.transpose(-2, -1)); }
inline Tensor hermitian(const Tensor& x) { return x + adjoint(x); }

inline double epsilon(DType dtype) { return real_dtype(dtype) == float32 ? 1.2e-7 : 2.3e-16; }

// The largest magnitude, in double; NaN when there is one.
inline double largest(const Tensor& x) {
  double most = 0;
  for (const auto z : to_vector<std::complex<double>>(x)) {
    const double size = std::hypot(z.real(), z.imag());
    if (!(size <= most)) most = size;
  }
  return most;
}

// Whole numbers so small that sums of their products are exact in every dtype.
inline Tensor small_numbers(const Shape& shape, DType dtype, std::int64_t from) {
  const Tensor x = filled(shape, dtype, [=](std::int64_t i) { return scattered(from + i, 3); });
  if (is_complex(dtype)) {
    imag(x).copy_(filled(shape, float64, [=](std::int64_t i) { return scattered(from + i + 1000, 3); }));
  }
  return x;
}

// Standard normal numbers; of complex dtypes both parts are.
inline Tensor random_matrices(const Shape& shape, DType dtype) {
  if (!is_complex(dtype)) return randn(shape, dtype);
  const Tensor x = zeros(shape, dtype);
  real(x).copy_(randn(shape, real_dtype(dtype)));
  imag(x).copy_(randn(shape, real_dtype(dtype)));
  return x;
}

}  // namespace wick::test
