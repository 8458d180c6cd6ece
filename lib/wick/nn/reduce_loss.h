#pragma once

// Private: what losses share.

#include "wick/nn/loss.h"

namespace wick {

// The losses of elements or examples, combined.
Tensor reduce_losses(const char* operation, const Tensor& losses, Reduction reduction);

}  // namespace wick
