#include "wick/nn/clip.h"

#include <cmath>

#include "wick/autograd/gradient.h"
#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/operand.h"
#include "wick/ops/creation.h"
#include "wick/ops/norm.h"

namespace wick::nn {
namespace {

// All of which can be written.
Tensors gradients_of(const char* operation, const Tensors& parameters) {
  Tensors out;
  for (const Tensor& p : parameters) {
    const Tensor g = p.grad();
    if (!g.defined()) continue;
    check_writable(operation, g);
    out.push_back(g);
  }
  return out;
}

}  // namespace

Tensor clip_grad_norm_(const Tensors& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  constexpr const char* operation = "clip_grad_norm_";
  if (std::isnan(norm_type)) fail(operation, "the norm's type must be a number, {} was given", norm_type);
  const NoGrad no_grad;
  const Tensors gradients = gradients_of(operation, parameters);
  if (gradients.empty()) return scalar_tensor(0, float32);
  std::vector<double> norms;
  for (const Tensor& g : gradients) {
    // Half precision cannot hold the sum of many squares.
    norms.push_back(norm(is_half(g.dtype()) ? g.to(float32) : g, norm_type, Dims{}).item<double>());
  }
  const double total =
      norm(tensor(std::span<const double>(norms), {std::ssize(norms)}, float64), norm_type, Dims{})
          .item<double>();
  if (error_if_nonfinite && !std::isfinite(total)) {
    fail(operation, "the norm of the gradients is {}", total);
  }
  const double factor = max_norm / (total + 1e-6);
  const Uninterrupted whole;
  // A NaN spreads, as it does in PyTorch.
  if (!(factor >= 1)) {
    for (const Tensor& g : gradients) g.mul_(factor);
  }
  const DType dtype = gradients[0].dtype();
  return scalar_tensor(total, is_complex(dtype) ? real_dtype(dtype) : dtype);
}

void clip_grad_value_(const Tensors& parameters, double limit) {
  constexpr const char* operation = "clip_grad_value_";
  if (!(limit >= 0)) fail(operation, "the limit must be at least 0, {} was given", limit);
  const NoGrad no_grad;
  const Tensors gradients = gradients_of(operation, parameters);
  for (const Tensor& g : gradients) {
    if (is_complex(g.dtype())) fail<DTypeError>(operation, "{} gradients have no order", g.dtype());
  }
  const Uninterrupted whole;
  for (const Tensor& g : gradients) g.clamp_(-limit, limit);
}

}  // namespace wick::nn
