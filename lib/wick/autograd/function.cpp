#include "wick/autograd/function.h"

#include <optional>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"

namespace wick::autograd {

// One call of a Function.
class FunctionNode final : public Node {
 public:
  FunctionNode(AutogradContext context, Backward backward)
      : Node("Function"), context_(std::move(context)), backward_(backward) {}

  void keep(const Tensors& results) {
    saves_tensors_ = !context_.to_save_.empty();
    saved_.emplace(context_.to_save_, results);
    context_.to_save_.clear();
    for (const Tensor& result : results) {
      shapes_.push_back(result.sizes());
      dtypes_.push_back(result.dtype());
    }
  }

  Tensors apply(const Tensors& grads) override {
    Tensors given = grads;
    for (std::size_t i = 0; i < given.size() && context_.materialize_; ++i) {
      if (!given[i].defined()) given[i] = zeros(shapes_[i], dtypes_[i]);
    }
    context_.node_ = this;
    Tensors out = backward_(&context_, given);
    if (out.size() > inputs.size()) {
      for (std::size_t i = inputs.size(); i < out.size(); ++i) {
        if (out[i].defined()) refuse(out.size());
      }
    }
    if (out.size() < inputs.size()) refuse(out.size());
    out.resize(inputs.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!out[i].defined() || !inputs[i].wanted() || out[i].sizes() == inputs[i].shape) continue;
      if (broadcast_shapes(inputs[i].shape, out[i].sizes()) != out[i].sizes()) {
        fail<ShapeError>("Function", "backward gave a gradient of shape {} for an argument of shape {}",
                         out[i].sizes(), inputs[i].shape);
      }
    }
    return out;
  }
  bool drop_saved() override {
    if (saves_tensors_) saved_.reset();
    return saves_tensors_;
  }
  Tensors saved() { return saved_ ? saved_->get(*this) : Tensors(); }

  // Runs forward in the context; true for results that have a gradient.
  static Tensors run(AutogradContext& context, const Tensors& arguments, const Forward& forward) {
    for (const Tensor& argument : arguments)
      context.needed_.push_back(argument.defined() && argument.requires_grad());
    Tensors results;
    {
      const NoGrad no_grad;
      results = forward(&context);
    }
    for (Tensor& result : results) own(context, arguments, result);
    return results;
  }

  static bool has_gradient(const AutogradContext& context, const Tensor& result) {
    for (const Tensor& without : context.without_gradient_) {
      if (result.is_same(without)) return false;
    }
    return is_differentiable(result.dtype());
  }

 private:
  // A result has no history but the Function's: an argument, a view, or a tensor of somebody else's is taken
  // without the one that it has.
  static void own(AutogradContext& context, const Tensors& arguments, Tensor& result) {
    if (!result.defined()) fail("Function", "forward gave an undefined tensor");
    bool is_argument = false;
    for (const Tensor& argument : arguments)
      is_argument = is_argument || (argument.defined() && result.is_same(argument));
    if (!is_argument && !result.body()->base && !result.body()->gradient) return;
    const Tensor detached = result.detach();
    for (Tensor& marked : context.without_gradient_)
      if (marked.is_same(result)) marked = detached;
    // A saved argument stays the argument.
    for (Tensor& saved : context.to_save_)
      if (!is_argument && saved.is_same(result)) saved = detached;
    result = detached;
  }

  [[noreturn]] void refuse(std::size_t count) const {
    fail("Function", "backward gave {} gradients, forward has {} arguments", count, inputs.size());
  }

  AutogradContext context_;
  Backward backward_;
  bool saves_tensors_ = false;
  std::optional<SavedTensors> saved_;
  std::vector<Shape> shapes_;
  std::vector<DType> dtypes_;
};

Tensors AutogradContext::get_saved_variables() const { return node_ ? node_->saved() : to_save_; }

Tensors run_function(const Tensors& arguments, const Forward& forward, Backward backward) {
  AutogradContext context;
  const Tensors results = FunctionNode::run(context, arguments, forward);
  bool recorded = false;
  for (const Tensor& argument : arguments)
    recorded = recorded || (argument.defined() && argument.requires_grad());
  if (!recorded || !grad_enabled()) return results;

  std::vector<bool> differentiable;
  for (const Tensor& result : results) differentiable.push_back(FunctionNode::has_gradient(context, result));
  const Ref<FunctionNode> node(new FunctionNode(std::move(context), backward));
  node->keep(results);
  for (const Tensor& argument : arguments)
    node->inputs.push_back(argument.defined() ? edge_to(argument) : Edge());
  node->outputs = static_cast<int>(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (differentiable[i]) attach(results[i], node, static_cast<int>(i));
  }
  return results;
}

}  // namespace wick::autograd
