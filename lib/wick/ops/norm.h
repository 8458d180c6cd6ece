#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {

// (sum |x|^p)^(1/p) over all elements or over the dims, which are dropped unless `keepdim`; no dims mean all.
// p = 0 counts the elements that are not 0, inf and -inf give the largest and the smallest |x|. The norm of
// nothing is 0. Floating point, and complex with a real result; DTypeError otherwise. Differentiable; where
// the derivative does not exist it is 0.
Tensor norm(const Tensor& x, double p = 2);
Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim = false);

}  // namespace wick
