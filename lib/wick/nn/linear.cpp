#include "wick/nn/linear.h"

#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/linalg/products.h"
#include "wick/nn/initial.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  constexpr const char* operation = "linear";
  if (weight.dim() < 1 || weight.dim() > 2) {
    fail<ShapeError>(operation, "the weight must have shape (out, in), not {}", weight.sizes());
  }
  if (x.dim() < 1 || x.size(-1) != weight.size(-1)) {
    fail<ShapeError>(operation, "an input of shape {} does not fit a weight of shape {}", x.sizes(),
                     weight.sizes());
  }
  if (x.dtype() != weight.dtype()) {
    fail<DTypeError>(operation, "the input is {}, the weight {}", x.dtype(), weight.dtype());
  }
  if (!bias.defined()) return;
  if (bias.dtype() != weight.dtype()) {
    fail<DTypeError>(operation, "the bias is {}, the weight {}", bias.dtype(), weight.dtype());
  }
  const bool fits = weight.dim() == 1 ? bias.numel() == 1 && bias.dim() <= 1
                                      : bias.dim() == 1 && bias.size(0) == weight.size(0);
  if (!fits && bias.dim() != 0) {
    fail<ShapeError>(operation, "a bias of shape {} does not fit a weight of shape {}", bias.sizes(),
                     weight.sizes());
  }
}

std::int64_t checked_size(const char* what, std::int64_t size) {
  if (size < 0) fail<ShapeError>("linear", "{} must not be negative, {} was given", what, size);
  return size;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (autocast::lowers(x) || autocast::lowers(weight) || (bias.defined() && autocast::lowers(bias))) {
    return linear(autocast::lowered(x), autocast::lowered(weight),
                  bias.defined() ? autocast::lowered(bias) : bias);
  }
  check_linear(x, weight, bias);
  const Tensor product = matmul(x, weight.dim() == 1 ? weight : weight.t());
  return bias.defined() ? add(product, bias) : product;
}

namespace nn {

Linear::Linear(std::int64_t in, std::int64_t out, const LinearOptions& options)
    : in_features(checked_size("in_features", in)),
      out_features(checked_size("out_features", out)),
      weight(parameter("weight", initial_weight({out, in}, options.dtype))),
      bias(parameter("bias", options.bias ? initial_bias(weight, out) : Tensor())) {}

}  // namespace nn
}  // namespace wick
