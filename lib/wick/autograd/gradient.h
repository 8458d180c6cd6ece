#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {

// Whether operations of this thread are recorded for gradients. On at the start.
bool grad_enabled() noexcept;
void set_grad_enabled(bool enabled) noexcept;

// Switches recording on or off for a block.
class GradMode {
 public:
  explicit GradMode(bool enabled) noexcept : before_(grad_enabled()) { set_grad_enabled(enabled); }
  ~GradMode() { set_grad_enabled(before_); }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};
struct NoGrad : GradMode {
  NoGrad() noexcept : GradMode(false) {}
};
struct EnableGrad : GradMode {
  EnableGrad() noexcept : GradMode(true) {}
};
// PyTorch's names.
using NoGradGuard = NoGrad;
using AutoGradMode = GradMode;

// The derivatives of the sum of `outputs`, each weighted by the tensor of `output_grads` at its place (ones
// where that is empty or undefined), with respect to `inputs`. Nothing is added to any grad(). An input that
// the outputs do not depend on gets an undefined tensor. With create_graph the result can be differentiated.
// GradientError when nothing was recorded or the graph has been used up.
Tensors grad(const Tensors& outputs, const Tensors& inputs, const Tensors& output_grads = {},
             bool retain_graph = false, bool create_graph = false);

// Adds the derivatives of `outputs` to the grad() of every leaf below; see Tensor::backward.
void backward(const Tensors& outputs, const Tensors& output_grads = {}, bool retain_graph = false,
              bool create_graph = false);

}  // namespace wick
