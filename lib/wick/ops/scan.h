#pragma once

#include "wick/ops/reduction.h"

// Running results along a dimension: element i is made of the elements 0 to i. Differentiable; a 0-d tensor
// is returned unchanged.

namespace WICK_API wick {

// Integers and bool give int64.
Tensor cumsum(const Tensor& x, std::int64_t dim);
Tensor cumprod(const Tensor& x, std::int64_t dim);

// With the position of the element that supplied each value, the latest of equal ones; a NaN stays until the
// end.
ValuesIndices cummax(const Tensor& x, std::int64_t dim);
ValuesIndices cummin(const Tensor& x, std::int64_t dim);

// The integral along dim of the values y by the trapezoidal rule: the sum over neighbours of half their sum
// times their distance, dx, or that of the places x, which are broadcast to y or, if 1-d, lie along dim.
// Integers give float32; with dx, along a dimension of size 0, their own dtype. The cumulative one has an
// element for each pair of neighbours.
Tensor trapezoid(const Tensor& y, const Scalar& dx = 1, std::int64_t dim = -1);
Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1);
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx = 1, std::int64_t dim = -1);
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1);

// Differences of neighbours, n times; one element fewer each time. Of bool: whether they differ.
Tensor diff(const Tensor& x, std::int64_t n = 1, std::int64_t dim = -1);

}  // namespace wick
