#include "wick/autograd/twin.h"

namespace wick::autograd {

Tensor identity(const Tensor& x) {
  return record("identity", x.detach(), {x}, [](const Tensor& g) { return g; });
}

FusedNode::FusedNode(const char* operation, const Tensors& tensors, std::size_t differentiable)
    : Node(operation), saved_(SavedTensors(tensors, {})), differentiable_(differentiable) {}

bool FusedNode::drop_saved() {
  saved_.reset();
  return true;
}

Tensors FusedNode::apply(const Tensors& grads) {
  const Tensors tensors = saved_->get(*this);
  Tensors found(differentiable_);
  if (!grad_enabled()) {
    found = fast(grads, tensors);
    found.resize(differentiable_);
  }
  add_twin_gradients(grads, tensors, found);
  return found;
}

void FusedNode::add_twin_gradients(const Tensors& grads, const Tensors& tensors, Tensors& found) const {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < differentiable_; ++i) {
    if (inputs[i].wanted() && !found[i].defined()) missing.push_back(i);
  }
  if (missing.empty()) return;
  const bool recorded = grad_enabled();
  const EnableGrad enable;
  Tensors given = tensors, sources;
  for (const std::size_t i : missing) {
    // In a pass that is not recorded the history of the input is of no concern.
    given[i] = recorded ? identity(tensors[i]) : tensors[i].detach().requires_grad_();
    sources.push_back(given[i]);
  }
  const Tensors results = twin(given);
  Tensors outs, weights;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!grads[i].defined() || !results[i].requires_grad()) continue;
    outs.push_back(results[i]);
    weights.push_back(grads[i]);
  }
  if (outs.empty()) return;
  const Tensors gradients = grad(outs, sources, weights, recorded, recorded);
  for (std::size_t k = 0; k < missing.size(); ++k) found[missing[k]] = gradients[k];
}

}  // namespace wick::autograd
