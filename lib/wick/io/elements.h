#pragma once

// Private: elements as files hold them become a tensor's own.

#include "wick/core/tensor.h"

namespace wick::io {

// Reverses the bytes of each number of a contiguous tensor; of complex ones, those of each part.
void swap_bytes(const Tensor& x);
// Of a contiguous tensor of bool: a byte that is neither 0 nor 1 would not be one.
void normalize_bools(const Tensor& x);

}  // namespace wick::io
