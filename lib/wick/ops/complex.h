#pragma once

#include "wick/core/tensor.h"

// Complex numbers from and to real ones; real and imag are views, see views.h.

namespace WICK_API wick {

// re + i im, of broadcast shape: complex128 when one of them is float64, else complex64. DTypeError for
// complex operands.
Tensor complex(const Tensor& re, const Tensor& im);

// The angle of each element in radians, between -pi and pi. Of real tensors 0, pi below 0, and NaN of NaN,
// float32 for integers; without a gradient, which would be 0.
Tensor angle(const Tensor& x);

}  // namespace wick
