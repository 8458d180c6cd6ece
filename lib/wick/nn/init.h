#pragma once

#include <string_view>

#include "wick/core/tensor.h"

// Initial values, written into a tensor whether it requires a gradient or not; nothing is recorded. They are
// those of PyTorch's torch.nn.init after the same manual_seed. Fans: of a weight of two or more dimensions
// the numbers of inputs, size(1) times the elements of a kernel, and of outputs, size(0) times these;
// ShapeError for fewer dimensions.

namespace WICK_API wick {
namespace nn::init {

const Tensor& constant_(const Tensor& x, const Scalar& value);
inline const Tensor& zeros_(const Tensor& x) { return constant_(x, 0); }
inline const Tensor& ones_(const Tensor& x) { return constant_(x, 1); }
const Tensor& uniform_(const Tensor& x, double low = 0, double high = 1);
const Tensor& normal_(const Tensor& x, double mean = 0, double std = 1);
// Ones on the diagonal of a matrix.
const Tensor& eye_(const Tensor& x);

// "linear", "sigmoid", "tanh", "relu", "leaky_relu" (with its slope, 0.01 if none is given), "selu": by what
// the spread of values has to grow in front of it. Error for another.
double calculate_gain(std::string_view nonlinearity, double slope = 0.01);

enum class Fan { In, Out };

// Uniform within +-gain sqrt(6 / (in + out)); normal with a deviation of gain sqrt(2 / (in + out)).
const Tensor& xavier_uniform_(const Tensor& x, double gain = 1);
const Tensor& xavier_normal_(const Tensor& x, double gain = 1);
// Uniform within +-gain sqrt(3 / fan); normal with a deviation of gain / sqrt(fan). The gain is that of the
// nonlinearity with the slope.
const Tensor& kaiming_uniform_(const Tensor& x, double slope = 0, Fan fan = Fan::In,
                               std::string_view nonlinearity = "leaky_relu");
const Tensor& kaiming_normal_(const Tensor& x, double slope = 0, Fan fan = Fan::In,
                              std::string_view nonlinearity = "leaky_relu");

}  // namespace nn::init
}  // namespace wick
