#pragma once

#include "wick/core/tensor.h"

// Operations on shape alone. Results share the elements of their input wherever strides can express them;
// all are differentiable. Dimensions may be counted from the end (-1 is the last). IndexError for a dimension
// out of range, ShapeError for shapes that do not fit.

namespace WICK_API wick {

// The elements in row-major order under a new shape; one size may be -1, which stands for what is left over.
// A view where the memory order allows it, else a copy.
Tensor reshape(const Tensor& x, const Shape& shape);
// Dimensions start to end, which are counted in, as one; of a 0-d tensor one of size 1. Error where start
// comes after end.
Tensor flatten(const Tensor& x, std::int64_t start = 0, std::int64_t end = -1);
// Dimension i of the result is dimension dims[i] of x; each is named once.
Tensor permute(const Tensor& x, const Dims& dims);
// Two dimensions exchanged.
Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1);
// One dimension taken out and put back at another place.
Tensor movedim(const Tensor& x, std::int64_t source, std::int64_t destination);
// Sizes of 1 stretched, and dimensions added in front, with steps of 0; -1 keeps a size.
Tensor expand(const Tensor& x, const Shape& shape);
// A dimension of size 1 inserted; dim is one of the result's.
Tensor unsqueeze(const Tensor& x, std::int64_t dim);
// That dimension dropped if its size is 1; without a dim every such dimension.
Tensor squeeze(const Tensor& x, std::int64_t dim);
Tensor squeeze(const Tensor& x);
// Position `index` of a dimension, which is dropped.
Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index);
// Positions start, start + step, ... before end. Out of range bounds are cut as Python does; step >= 1.
Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step = 1);
// `length` positions from `start`, which must exist; a negative start counts from the end. narrow_copy shares
// nothing with x.
Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);
Tensor narrow_copy(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length);
// The elements whose positions along dim1 and dim2 differ by `offset`, (i, i + offset), as a last dimension
// in place of the two.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1);
// The real or the imaginary part; the real part of a real tensor is the tensor.
Tensor real(const Tensor& x);
Tensor imag(const Tensor& x);

}  // namespace wick
