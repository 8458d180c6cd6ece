#pragma once

#include <string_view>

#include "wick/core/tensor.h"

// Elements in other places, tensors joined and cut apart. All are differentiable. Dimensions may be counted
// from the end. IndexError for a dimension out of range, ShapeError for shapes that do not fit and for
// results whose elements cannot be counted, before memory is asked for.

namespace WICK_API wick {

// A copy with the order of the elements reversed along each of the dims, each named once.
Tensor flip(const Tensor& x, const Dims& dims);
// A copy in which the element at i along dims[k] has moved to (i + shifts[k]) mod size. Without dims one
// shift moves the elements as if x were flat.
Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims = {});
// A copy whose plane of the two dims is turned by k quarter turns from the first towards the second.
Tensor rot90(const Tensor& x, std::int64_t k = 1, const Dims& dims = {0, 1});

// Views with so many dimensions at least. A vector becomes (1, n) and (1, n, 1), a matrix (m, n, 1).
Tensor atleast_1d(const Tensor& x);
Tensor atleast_2d(const Tensor& x);
Tensor atleast_3d(const Tensor& x);

// Tensors joined in the promoted dtype; ShapeError when there are none. hstack: vectors (and 0-d tensors) one
// after another, others along dimension 1. vstack, row_stack: along dimension 0, vectors as rows. dstack:
// along dimension 2 of what atleast_3d makes of them. column_stack: along dimension 1, vectors as columns.
Tensor hstack(const Tensors& tensors);
Tensor vstack(const Tensors& tensors);
Tensor dstack(const Tensors& tensors);
Tensor column_stack(const Tensors& tensors);
inline Tensor row_stack(const Tensors& tensors) { return vstack(tensors); }

// Views of parts along dim: of `size` positions each, the last one of what is left; of the given sizes, which
// add up to that of the dimension; and as many as `chunks` at most, all but the last one equally long.
Tensors split(const Tensor& x, std::int64_t size, std::int64_t dim = 0);
Tensors split(const Tensor& x, const Dims& sizes, std::int64_t dim = 0);
Tensors chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0);
// Views of the positions along dim, without it.
Tensors unbind(const Tensor& x, std::int64_t dim = 0);
// Views of `sections` parts along dim, of which the first size mod sections are one longer than the others;
// or of the parts before, between and after the given places, which are cut to the size as slice does it.
Tensors tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim = 0);
Tensors tensor_split(const Tensor& x, const Dims& indices, std::int64_t dim = 0);
// The same along dimension 1 (of a vector: 0), 0 and 2; sections must divide the size. x has 1, 2 and 3
// dimensions at least.
Tensors hsplit(const Tensor& x, std::int64_t sections);
Tensors hsplit(const Tensor& x, const Dims& indices);
Tensors vsplit(const Tensor& x, std::int64_t sections);
Tensors vsplit(const Tensor& x, const Dims& indices);
Tensors dsplit(const Tensor& x, std::int64_t sections);
Tensors dsplit(const Tensor& x, const Dims& indices);

// Each expanded to the shape that all broadcast to.
Tensors broadcast_tensors(const Tensors& tensors);

// Views of shape (n0, n1, ...) for vectors (or 0-d tensors) of n0, n1, ... elements and one dtype; grid k
// holds tensors[k][i_k] at (i_0, i_1, ...). Indexing "xy" exchanges the first two dimensions.
Tensors meshgrid(const Tensors& tensors, std::string_view indexing = "ij");
// All tuples of one element from each vector, a row each, the last vector's changing fastest; a single vector
// is its own. One dtype.
Tensor cartesian_prod(const Tensors& tensors);
// All choices of r elements of a vector in their order, a row each, sorted by position; r = 0 gives an empty
// vector.
Tensor combinations(const Tensor& x, std::int64_t r = 2, bool with_replacement = false);
// The matrices along the diagonal of one that is 0 elsewhere, in the promoted dtype; a vector counts as a
// row, a 0-d tensor as (1, 1). Of none: (1, 0).
Tensor block_diag(const Tensors& tensors);

}  // namespace wick
