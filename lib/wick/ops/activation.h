#pragma once

#include <optional>
#include <string_view>

#include "wick/core/tensor.h"

// Activation functions of neural networks, element by element unless they say otherwise; the result has x's
// shape and dtype. Floating point only but where integers are mentioned, DTypeError else. All are
// differentiable, twice. relu, sigmoid and tanh stand in elementwise.h.

namespace WICK_API wick {

// x Phi(x) with the normal distribution function Phi, or, for "tanh", with the usual approximation of it.
Tensor gelu(const Tensor& x, std::string_view approximate = "none");
// scale x above 0, else scale * alpha (exp(input_scale x) - 1).
Tensor elu(const Tensor& x, double alpha = 1, double scale = 1, double input_scale = 1);
// elu with the alpha and scale that keep mean 0 and variance 1.
Tensor selu(const Tensor& x);
// x above 0, else alpha (exp(x / alpha) - 1). Error when alpha is 0.
Tensor celu(const Tensor& x, double alpha = 1);
// x above 0, else negative_slope x.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
// leaky_relu with the slope halfway between the bounds: what the randomized one is in evaluation. Error
// unless lower <= upper.
Tensor rrelu(const Tensor& x, double lower = 1.0 / 8, double upper = 1.0 / 3);
// x above 0, else weight x. The weight has x's dtype and either one element or, 1-d, as many as x's dimension
// 1 has. ShapeError otherwise.
Tensor prelu(const Tensor& x, const Tensor& weight);
// x cut to [0, 6], to [min, max]; integers too. Error for bounds that x's dtype cannot hold.
Tensor relu6(const Tensor& x);
Tensor hardtanh(const Tensor& x, const Scalar& min = -1, const Scalar& max = 1);
// x above the threshold, else `value`; integers too.
Tensor threshold(const Tensor& x, const Scalar& threshold, const Scalar& value);
// 0 where |x| is at most lambd, else x, or x moved towards 0 by lambd. Error for a negative lambd in
// softshrink.
Tensor hardshrink(const Tensor& x, double lambd = 0.5);
Tensor softshrink(const Tensor& x, double lambd = 0.5);
// (x + 3) / 6 cut to [0, 1], and x times that.
Tensor hardsigmoid(const Tensor& x);
Tensor hardswish(const Tensor& x);
// x sigmoid(x), and x tanh(softplus(x)).
Tensor silu(const Tensor& x);
Tensor mish(const Tensor& x);
// log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
Tensor log_sigmoid(const Tensor& x);
// x / (1 + |x|), x - tanh(x); integers are computed in float32.
Tensor softsign(const Tensor& x);
Tensor tanhshrink(const Tensor& x);

// a sigmoid(b) of the two halves a and b of a dimension. ShapeError when its size is odd or x is 0-d.
Tensor glu(const Tensor& x, std::int64_t dim = -1);

// exp(x) / sum(exp(x)) along a dimension, its logarithm, and softmax of -x; without overflow on the way. x is
// converted to `dtype` first if one is given.
Tensor softmax(const Tensor& x, std::int64_t dim, std::optional<DType> dtype = std::nullopt);
Tensor log_softmax(const Tensor& x, std::int64_t dim, std::optional<DType> dtype = std::nullopt);
Tensor softmin(const Tensor& x, std::int64_t dim, std::optional<DType> dtype = std::nullopt);

}  // namespace wick
