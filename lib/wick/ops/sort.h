#pragma once

#include "wick/ops/reduction.h"

// Elements in order. A NaN counts as larger than any number, -0.0 equals 0.0, and equal elements keep their
// order. Any dtype but complex; a 0-d tensor is sorted already. Differentiable.

namespace WICK_API wick {

ValuesIndices sort(const Tensor& x, std::int64_t dim = -1, bool descending = false);
// The positions alone.
Tensor argsort(const Tensor& x, std::int64_t dim = -1, bool descending = false);

// The k largest (or smallest) along dim in falling (or rising) order. IndexError unless 0 <= k <= size.
ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool largest = true);

}  // namespace wick
