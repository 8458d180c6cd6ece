#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {

// The distances of each row of `a` from each row of `b`: of (..., n, m) and (..., k, m), whose other
// dimensions are broadcast, (..., n, k). The distance is the p-norm of the difference, of which p = 0 counts
// what is not 0 and infinity is the largest magnitude. Floating point of one dtype; Error for p < 0. Computed
// from the differences themselves, so that those of near points are exact too; their squares may leave the
// range. Differentiable; at a distance of 0 the slope is 0.
Tensor cdist(const Tensor& a, const Tensor& b, double p = 2);

}  // namespace wick
