#pragma once

// Private: the gradient of norm() for operations that compute the norms themselves.

#include "wick/core/tensor.h"

namespace wick {

// Of x, where `result` is norm(x, p, dims, true) and g its gradient. Recorded as its operations are; where
// the derivative does not exist it is 0.
Tensor norm_gradient(const Tensor& g, const Tensor& x, const Tensor& result, double p, const Dims& dims);

}  // namespace wick
