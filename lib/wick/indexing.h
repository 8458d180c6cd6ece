#pragma once

#include "wick/tensor.h"

// Elements picked by position. Indices are int64 or int32 tensors; IndexError when one lies outside
// [0, size - 1]. All are differentiable with respect to x and source.

namespace wick {

// The slices of x at `index` (1-d or 0-d) along dim.
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);
// x with slice i of `source` added to the slice of x at index[i], for every i.
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

// out[i][j].. = x[..index[i][j]..][..] along dim: index has x's rank, and sizes up to x's in the other
// dimensions.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);
// x with each element of `source` added where gather would have read it.
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

}  // namespace wick
