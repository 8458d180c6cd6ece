#pragma once

#include "wick/core/tensor.h"

// Elements picked by position. Indices are int64 or int32 tensors, unless it says otherwise; IndexError when
// one lies outside [0, size - 1], before anything is read or written. All are differentiable with respect to
// x and the values that are written; sums are taken in the order of the indices.

namespace WICK_API wick {

// The slices of x at `index` (1-d or 0-d) along dim.
Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);
// x with slice i of `source` added to the slice of x at index[i], for every i.
Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

// out[i][j].. = x[..index[i][j]..][..] along dim: index has x's rank, and sizes up to x's in the other
// dimensions.
Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);
// x with each element of `source` added where gather would have read it.
Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);
// x with each element of `source` in place of what gather would have read; the last one counts where several
// go to one place. The index (int64) has x's rank and no dimension longer than source's. DTypeError when the
// dtypes of x and source differ.
Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

// gather with x and the indices (int64) broadcast to each other in all dimensions but dim; both have one
// rank. The second form flattens both first.
Tensor take_along_dim(const Tensor& x, const Tensor& indices, std::int64_t dim);
Tensor take_along_dim(const Tensor& x, const Tensor& indices);

// The elements of x flattened at the positions (int64, of any shape), which may be counted from the end.
Tensor take(const Tensor& x, const Tensor& index);

// The positions of the elements that are not 0, in row-major order: int64 of shape (count, dim()).
Tensor nonzero(const Tensor& x);

// x[i0, i1, ...]: indices[k] picks along dimension k, an undefined tensor takes the whole dimension. The
// int64 index tensors, whose values may be counted from the end, are broadcast to a common shape s; the
// result has s in place of their dimensions where these stand side by side, in front otherwise. A bool tensor
// stands for the coordinates of its true elements: it takes up as many dimensions as it has, of its own
// sizes.
Tensor index(const Tensor& x, const Tensors& indices);
// x with the values (broadcast, of x's dtype) in place of what index would have read, or added to it. Where
// several go to one place the last one counts, or all are added.
Tensor index_put(const Tensor& x, const Tensors& indices, const Tensor& values, bool accumulate = false);
const Tensor& index_put_(const Tensor& x, const Tensors& indices, const Tensor& values,
                         bool accumulate = false);

// The last dimension of the indices holds k coordinates for the first k dimensions of x: shape of the indices
// without it, followed by that of x from dimension k on.
Tensor gather_nd(const Tensor& x, const Tensor& indices);

}  // namespace wick
