#pragma once

#include "wick/core/operand.h"

// Elements that a bool mask chooses. The mask and x are broadcast to each other. DTypeError for a mask of
// another dtype. All are differentiable with respect to x and the values.

namespace WICK_API wick {

// x with the value (a number, or a 0-d tensor) where the mask is true, in x's dtype: an Error for a number
// that it cannot hold, DTypeError for a value of a higher kind (integer, floating ...).
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value);
// The chosen elements in row-major order, 1-d.
Tensor masked_select(const Tensor& x, const Tensor& mask);
// x with the elements of `source` (of x's dtype), in row-major order, at the chosen places. ShapeError when
// source has fewer elements than places were chosen.
Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source);

}  // namespace wick
