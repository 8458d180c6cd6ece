#pragma once

// Private: what reshape() makes of the shape that it is asked for.

#include "wick/core/dims.h"

namespace wick {

// The shape with what is left over of so many elements in place of a -1. ShapeError unless it has as many.
Shape infer_size(std::int64_t elements, const Shape& asked);

}  // namespace wick
