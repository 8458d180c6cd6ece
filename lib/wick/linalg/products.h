#pragma once

#include <optional>

#include "wick/core/tensor.h"

namespace wick {

// The matrix product by PyTorch's rules: two vectors give their dot product (0-d); matrix times vector and
// vector times matrix drop the vector's dimension; with more dimensions the last two are the matrices and the
// others are broadcast. Both operands have one dtype, bool excepted. Differentiable.
Tensor matmul(const Tensor& a, const Tensor& b);

// (b, n, m) times (b, m, p): (b, n, p), without broadcasting.
Tensor bmm(const Tensor& a, const Tensor& b);

// The sum of products of two vectors of one size and dtype, 0-d; 0 for empty ones. bool is a DTypeError.
Tensor dot(const Tensor& a, const Tensor& b);
// (n), (m): all products, (n, m), in the promoted dtype.
Tensor outer(const Tensor& a, const Tensor& b);
// The cross product of the vectors of three elements along dim, by default the first dimension of size 3; the
// other dimensions are broadcast. Both have one dtype and as many dimensions.
Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim = std::nullopt);

// Diagonals are counted from the main one, 0: positive ones lie above it, negative ones below.

// The sum of the main diagonal of a matrix, 0-d; of integers in int64. DTypeError for bool.
Tensor trace(const Tensor& x);
// A vector becomes the diagonal of a square matrix of zeros; of a matrix the diagonal is taken, which may be
// empty.
Tensor diag(const Tensor& x, std::int64_t diagonal = 0);
// The elements in row-major order as the diagonal of a square matrix of zeros.
Tensor diagflat(const Tensor& x, std::int64_t offset = 0);
// The last dimension becomes the diagonal of square matrices of zeros, the last two dimensions.
Tensor diag_embed(const Tensor& x, std::int64_t offset = 0);
// The matrices of the last two dimensions with zeros above, below the diagonal.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

}  // namespace wick
