#pragma once

#include <cstdint>

#include "wick/core/tensor.h"

// Windows of n values with the names and the formulas of PyTorch. With M = n for a periodic window, which
// fits the Fourier transform, and M = n - 1 for a symmetric one; a window of one value is {1}. Computed in
// double and rounded once. Error for a negative n, DTypeError unless floating point.

namespace WICK_API wick {

// 1 - |2 i / M - 1|
Tensor bartlett_window(std::int64_t n, bool periodic = true, DType dtype = float32);
// 0.42 - 0.5 cos(2 pi i / M) + 0.08 cos(4 pi i / M)
Tensor blackman_window(std::int64_t n, bool periodic = true, DType dtype = float32);
// alpha - beta cos(2 pi i / M)
Tensor hamming_window(std::int64_t n, bool periodic = true, double alpha = 0.54, double beta = 0.46,
                      DType dtype = float32);
// 0.5 - 0.5 cos(2 pi i / M)
Tensor hann_window(std::int64_t n, bool periodic = true, DType dtype = float32);
// I0(beta sqrt(1 - (2 i / M - 1)^2)) / I0(beta), with the modified Bessel function of order 0. Finite for
// every beta.
Tensor kaiser_window(std::int64_t n, bool periodic = true, double beta = 12, DType dtype = float32);

}  // namespace wick
