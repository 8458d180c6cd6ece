#pragma once

// Private: gradients of what picks elements.

#include "wick/core/tensor.h"

namespace wick {

// Zeros of the shape with each element of `source` added where gather would have read it along dim d. The
// positions (int64, of the source's shape) were checked. Differentiable.
Tensor scatter_add_to_zeros(const Shape& shape, int d, const Tensor& positions, const Tensor& source);

// The same where no position occurs twice.
Tensor scatter_to_zeros(const Shape& shape, int d, const Tensor& positions, const Tensor& source);

}  // namespace wick
