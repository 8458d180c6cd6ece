#pragma once

#include <string_view>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// x with places added around it. `pads` holds a pair for the last dimension, before and after, then one for
// the dimension before it, and so on; a negative amount cuts places off. The places are filled with `value`,
// or with the elements that a mirror at the edge shows ("reflect"), the nearest elements ("replicate"), or
// those from the other end ("circular"). Any dtype; differentiable. ShapeError when there are more pairs than
// dimensions, when a size would become negative (or 0 but for "constant"), when a dimension is too short: an
// amount must be below its size for "reflect", at most its size less what is cut off for "circular".
Tensor pad(const Tensor& x, const Dims& pads, std::string_view mode = "constant", const Scalar& value = 0);

}  // namespace wick
