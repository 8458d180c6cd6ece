#pragma once

// Private: x[indices] where the indices are only known when the program runs; see subscript.h.

#include <span>

#include "wick/ops/subscript.h"

namespace wick {

Tensor index(const Tensor& x, std::span<const TensorIndex> indices);
const Tensor& index_put_(const Tensor& x, std::span<const TensorIndex> indices, const Operand& values);

}  // namespace wick
