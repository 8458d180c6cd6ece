#pragma once

#include "wick/ops/reduction.h"

// Summaries by rank. A NaN counts as larger than any number, and makes the median and the quantile of its
// row NaN. Differentiable: the gradient goes to the elements that were picked.

namespace WICK_API wick {

// The lower of the two middle values of an even number. Without a dim: of all elements, NaN when there are
// none.
Tensor median(const Tensor& x);
ValuesIndices median(const Tensor& x, std::int64_t dim, bool keepdim = false);

// The k-th smallest, counted from 1. IndexError for a k that there is not.
ValuesIndices kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool keepdim = false);

// The most frequent value, the smallest of equally frequent ones, and its last position. Without a dim: of
// all elements. ShapeError without elements.
Tensor mode(const Tensor& x);
ValuesIndices mode(const Tensor& x, std::int64_t dim, bool keepdim = false);

// With the n values in rising order, the value at position q (n - 1), interpolated between its neighbours.
// float32 and float64 only; Error unless 0 <= q <= 1.
Tensor quantile(const Tensor& x, double q);
Tensor quantile(const Tensor& x, double q, std::int64_t dim, bool keepdim = false);

struct UniqueResult {
  Tensor values;   // 1-d, rising
  Tensor inverse;  // int64, of x's shape: for each element the place of its value; only if asked for
  Tensor counts;   // int64, 1-d: how often each value occurs; only if asked for
};
// The distinct elements. Each NaN is a value of its own; of 0 and -0 the first one stands for both. The
// values are sorted whatever `sorted` says. Not for complex dtypes.
UniqueResult unique(const Tensor& x, bool sorted = true, bool return_inverse = false,
                    bool return_counts = false);

}  // namespace wick
