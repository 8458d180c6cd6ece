#pragma once

#include <optional>

#include "wick/core/tensor.h"

// Where the largest and smallest elements are, and bounds for all of them.

namespace WICK_API wick {

// The position (int64) of the first largest or smallest element; a NaN counts as both. Without a dim: in x
// flattened. ShapeError without elements.
Tensor argmax(const Tensor& x);
Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim = false);
Tensor argmin(const Tensor& x);
Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim = false);

// min(max(x, low), high), so that `high` wins where low > high; NaN stays. A bound left out, or undefined,
// does not bind. In the promoted dtype. The gradient goes to x where it lies within the bounds, these
// included, and to the bound that was taken elsewhere. Error without any bound, and for a number
// that no element of an integer dtype can be bounded to, such as a lower bound of 300 beside uint8.
Tensor clamp(const Tensor& x, const std::optional<Scalar>& low,
             const std::optional<Scalar>& high = std::nullopt);
Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high = {});

}  // namespace wick
