#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {

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
// Where the elements on and below, on and above the diagonal are in a matrix of these sizes, in row-major
// order: (2, count), rows and columns, int64 or int32.
Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0, DType dtype = int64);
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0, DType dtype = int64);
// The matrices of the last two dimensions with zeros above, below the diagonal.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

}  // namespace wick
