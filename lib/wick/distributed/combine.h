#pragma once

// Private: how contributions become one tensor.

#include <string>

#include "wick/distributed/distributed.h"

namespace wick::distributed {

// Why a reduction does not take that dtype; empty when it does.
std::string why_not(Reduction reduction, DType dtype);

// Contributions (size, n) combined over the first dimension, in rank order, in a dtype wider than their own
// where there is one. Mean of integers gives float32.
Tensor combine(const Tensor& contributions, Reduction reduction);

}  // namespace wick::distributed
