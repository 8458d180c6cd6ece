#include "wick/nn/init.h"

#include <cmath>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/nn/initial.h"
#include "wick/ops/creation.h"
#include "wick/ops/random.h"

namespace wick::nn::init {
namespace {

const Tensor& put(const Tensor& x, const Tensor& values) {
  const NoGrad no_grad;
  x.copy_(values);
  return x;
}

struct Fans {
  double in, out;
};

Fans fans(const char* operation, const Tensor& x) {
  if (x.dim() < 2) {
    fail<ShapeError>(operation, "fans need a tensor of two or more dimensions, not of shape {}", x.sizes());
  }
  double kernel = 1;
  for (int d = 2; d < x.dim(); ++d) kernel *= static_cast<double>(x.size(d));
  return {static_cast<double>(x.size(1)) * kernel, static_cast<double>(x.size(0)) * kernel};
}

double xavier_deviation(const char* operation, const Tensor& x, double gain) {
  const auto [in, out] = fans(operation, x);
  return gain * std::sqrt(2.0 / (in + out));
}

double kaiming_deviation(const char* operation, const Tensor& x, double slope, Fan fan,
                         std::string_view nonlinearity) {
  const auto [in, out] = fans(operation, x);
  return calculate_gain(nonlinearity, slope) / std::sqrt(fan == Fan::In ? in : out);
}

// Of nothing there is nothing to draw, and fans may be 0.
template <class Draw>
const Tensor& drawn(const Tensor& x, Draw draw) {
  return x.numel() == 0 ? x : put(x, draw());
}

}  // namespace

const Tensor& constant_(const Tensor& x, const Scalar& value) {
  const NoGrad no_grad;
  return x.fill_(value);
}

const Tensor& uniform_(const Tensor& x, double low, double high) {
  return put(x, uniform(low, high, x.sizes(), x.dtype()));
}

const Tensor& normal_(const Tensor& x, double mean, double std) {
  return put(x, normal(mean, std, x.sizes(), x.dtype()));
}

const Tensor& eye_(const Tensor& x) {
  if (x.dim() != 2) fail<ShapeError>("eye_", "needs a matrix, not shape {}", x.sizes());
  return put(x, eye(x.size(0), x.size(1), x.dtype()));
}

double calculate_gain(std::string_view nonlinearity, double slope) {
  if (nonlinearity == "linear" || nonlinearity == "sigmoid") return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2.0 / (1 + slope * slope));
  if (nonlinearity == "selu") return 0.75;
  fail("calculate_gain", "\"{}\" is not linear, sigmoid, tanh, relu, leaky_relu or selu", nonlinearity);
}

const Tensor& xavier_uniform_(const Tensor& x, double gain) {
  const double bound = std::sqrt(3.0) * xavier_deviation("xavier_uniform_", x, gain);
  return drawn(x, [&] { return uniform(-bound, bound, x.sizes(), x.dtype()); });
}

const Tensor& xavier_normal_(const Tensor& x, double gain) {
  const double deviation = xavier_deviation("xavier_normal_", x, gain);
  return drawn(x, [&] { return normal(0, deviation, x.sizes(), x.dtype()); });
}

const Tensor& kaiming_uniform_(const Tensor& x, double slope, Fan fan, std::string_view nonlinearity) {
  const double bound = std::sqrt(3.0) * kaiming_deviation("kaiming_uniform_", x, slope, fan, nonlinearity);
  return drawn(x, [&] { return uniform(-bound, bound, x.sizes(), x.dtype()); });
}

const Tensor& kaiming_normal_(const Tensor& x, double slope, Fan fan, std::string_view nonlinearity) {
  const double deviation = kaiming_deviation("kaiming_normal_", x, slope, fan, nonlinearity);
  return drawn(x, [&] { return normal(0, deviation, x.sizes(), x.dtype()); });
}

}  // namespace wick::nn::init

namespace wick::nn {

Tensor initial_weight(const Shape& shape, DType dtype) {
  return init::kaiming_uniform_(empty(shape, dtype), std::sqrt(5.0));
}

Tensor initial_bias(const Tensor& weight, std::int64_t outputs) {
  double fan = 1;
  for (int d = 1; d < weight.dim(); ++d) fan *= static_cast<double>(weight.size(d));
  const double bound = fan > 0 ? 1 / std::sqrt(fan) : 0;
  const Tensor bias = empty({outputs}, weight.dtype());
  return outputs == 0 ? bias : init::uniform_(bias, -bound, bound);
}

}  // namespace wick::nn
