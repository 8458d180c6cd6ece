#pragma once

// Private: products of matrices in memory, for what is built on them.

#include "wick/core/dtype.h"
#include "wick/kernels/table.h"

namespace wick {

// C = alpha A B + beta C, see kernels::Gemm; a large one on several threads, whose number the result does not
// depend on, and the interrupt handler is asked on the way. Every dtype but bool and half precision.
// MemoryError, which names the operation, when memory runs out.
void gemm(const char* operation, DType dtype, const kernels::Gemm& arguments);

}  // namespace wick
