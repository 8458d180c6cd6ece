#include "wick/nn/clip.h"

#include <cmath>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/operand.h"
#include "wick/ops/creation.h"
#include "wick/ops/norm.h"

namespace wick::nn {
namespace {

Tensors gradients_of(const Tensors& parameters) {
  Tensors out;
  for (const Tensor& p : parameters) {
    const Tensor g = p.grad();
    if (g.defined()) out.push_back(g);
  }
  return out;
}

}  // namespace

Tensor clip_grad_norm_(const Tensors& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGrad no_grad;
  const Tensors gradients = gradients_of(parameters);
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
    fail("clip_grad_norm_", "the norm of the gradients is {}", total);
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
  if (!(limit >= 0)) fail("clip_grad_value_", "the limit must not be negative, {} was given", limit);
  const NoGrad no_grad;
  const Uninterrupted whole;
  for (const Tensor& g : gradients_of(parameters)) g.clamp_(-limit, limit);
}

}  // namespace wick::nn
