#pragma once

// Private: masks of attention, as numbers to be added to scores.

#include <limits>

#include "wick/core/tensor.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/views.h"

namespace wick {

// Of rows of queries and columns of keys: true where a place lies behind the diagonal.
inline Tensor behind(std::int64_t rows, std::int64_t keys) {
  return gt(arange(keys, int64), arange(rows, int64).unsqueeze(1));
}

// Minus infinity where a place is left out, and 0 elsewhere.
inline Tensor mask_of_left_out(const Tensor& left_out, DType dtype) {
  return where(left_out, scalar_tensor(-std::numeric_limits<double>::infinity(), dtype),
               scalar_tensor(0, dtype));
}

}  // namespace wick
