#pragma once

#include "wick/tensor.h"

namespace wick {

// The matrix product by PyTorch's rules: two vectors give their dot product (0-d); matrix times vector and
// vector times matrix drop the vector's dimension; with more dimensions the last two are the matrices and the
// others are broadcast. Both operands have one dtype, bool excepted. Differentiable.
Tensor matmul(const Tensor& a, const Tensor& b);

// (b, n, m) times (b, m, p): (b, n, p), without broadcasting.
Tensor bmm(const Tensor& a, const Tensor& b);

}  // namespace wick
