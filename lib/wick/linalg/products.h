#pragma once

#include <optional>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// The matrix product by PyTorch's rules: two vectors give their dot product (0-d); matrix times vector and
// vector times matrix drop the vector's dimension; with more dimensions the last two are the matrices and the
// others are broadcast. Both operands have one dtype, bool excepted. Differentiable.
Tensor matmul(const Tensor& a, const Tensor& b);

// (n, m) times (m, p): (n, p).
Tensor mm(const Tensor& a, const Tensor& b);
// (b, n, m) times (b, m, p): (b, n, p), without broadcasting.
Tensor bmm(const Tensor& a, const Tensor& b);

// The sum of products of two vectors of one size and dtype, 0-d; 0 for empty ones. bool is a DTypeError.
Tensor dot(const Tensor& a, const Tensor& b);
// (n), (m): all products, (n, m), in the promoted dtype.
Tensor outer(const Tensor& a, const Tensor& b);
// beta input + alpha (a b), where a and b are matrices of one dtype with input, which is broadcast to their
// product and, for a beta of 0, not looked at. DTypeError for fractional factors beside
// integers; 2.0 is 2 there.
Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
             const Scalar& alpha = 1);
// The matrix of the powers of a vector, one in each column, from columns - 1 (its size, by default) down to
// 0, or the other way round. Integers give int64.
Tensor vander(const Tensor& x, std::optional<std::int64_t> columns = std::nullopt, bool increasing = false);
// The cross product of the vectors of three elements along dim, by default the first dimension of size 3; the
// other dimensions are broadcast. Both have one dtype and as many dimensions.
Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim = std::nullopt);

}  // namespace wick
