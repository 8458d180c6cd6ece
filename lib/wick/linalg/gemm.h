#pragma once

// Private: products of matrices in memory, for what is built on them.

#include "wick/core/dtype.h"
#include "wick/kernels/table.h"

namespace wick {

// C = alpha A B + beta C, see kernels::Gemm; a large one on several threads. Every dtype but bool and half
// precision. MemoryError, which names the operation, when memory runs out.
void gemm(const char* operation, DType dtype, const kernels::Gemm& arguments);

}  // namespace wick
