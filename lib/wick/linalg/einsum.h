#pragma once

#include <string_view>

#include "wick/core/tensor.h"

// Sums of products. Everything that is summed over two operands is one matrix product. All operands have one
// dtype. Differentiable.

namespace WICK_API wick {

// Einstein's summation by PyTorch's rules: subscripts (letters) name the dimensions of each operand, those
// that the output lacks are summed over. A subscript twice in one operand takes its diagonal; without "->"
// the output has the subscripts that occur once, capitals first; "..." stands for the dimensions not named,
// which are broadcast, as are sizes of 1; blanks are ignored. Operands are contracted from the left to the
// right. Error for an equation that cannot be read, ShapeError where it does not fit the operands.
Tensor einsum(std::string_view equation, const Tensors& operands);

// The sum of products over dims_a of a paired with dims_b of b; the result has the remaining dimensions of a,
// then those of b. Sizes of a pair are equal, or one of them is 1.
Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& dims_a, const Dims& dims_b);

// The Kronecker product: each element of a replaced by that element times b, in the promoted dtype. Missing
// leading dimensions count as 1.
Tensor kron(const Tensor& a, const Tensor& b);

}  // namespace wick
