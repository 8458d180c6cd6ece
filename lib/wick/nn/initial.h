#pragma once

// Private: the values that linear layers and convolutions begin with, drawn in the order of the calls.

#include "wick/core/tensor.h"

namespace wick::nn {

// Uniform within 1 / sqrt(fan) of 0, where the fan is the number of inputs of one output: size(1) times the
// elements of a kernel.
Tensor initial_weight(const Shape& shape, DType dtype);
// Of so many outputs, within the bound of their weight; without inputs it is 0.
Tensor initial_bias(const Tensor& weight, std::int64_t outputs);

}  // namespace wick::nn
