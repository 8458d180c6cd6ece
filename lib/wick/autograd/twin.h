#pragma once

// Private: fused operations, whose values and derivatives come from kernels.
//
// A fused operation has two derivatives. The fast one is computed by kernels and cannot be differentiated. It
// is taken in an ordinary backward pass. The other one is that of the operation's twin: the same function
// written with the library's operations. It is taken when the derivative itself is to be differentiated, and
// for the gradients of inputs that the fast one leaves out. Tests compare an operation with its twin.
//
//   return record_fused("mse_loss", out, {input, target}, rule, fast, twin);

#include "wick/autograd/node.h"

namespace wick {
namespace autograd {

// A derivative of either kind, with the values that belong to the operation bound to it.
class FusedNode : public Node {
 public:
  FusedNode(const char* operation, const Tensors& tensors, std::size_t differentiable);
  Tensors apply(const Tensors& grads) override;
  bool drop_saved() override;

 protected:
  virtual Tensors fast(const Tensors& grads, const Tensors& tensors) const = 0;
  virtual Tensors twin(const Tensors& tensors) const = 0;

 private:
  void add_twin_gradients(const Tensors& grads, const Tensors& tensors, Tensors& found) const;

  std::optional<SavedTensors> saved_;
  std::size_t differentiable_;
};

// `Result` is Tensor, or Tensors of an operation with several results.
template <class Values, class Result>
class FusedOperation final : public FusedNode {
  static_assert(saved_by_value<Values>, "a fused operation binds plain values");

 public:
  using Fast = Tensors (*)(const Result& g, const Tensors& tensors, const Values& values);
  using Twin = Result (*)(const Tensors& tensors, const Values& values);

  FusedOperation(const char* operation, const Tensors& tensors, std::size_t differentiable,
                 const Values& values, Fast by_kernels, Twin by_operations)
      : FusedNode(operation, tensors, differentiable),
        values_(values),
        fast_(by_kernels),
        twin_(by_operations) {}

 protected:
  Tensors fast(const Tensors& grads, const Tensors& tensors) const override {
    if constexpr (std::is_same_v<Result, Tensor>) {
      return fast_(grads[0], tensors, values_);
    } else {
      return fast_(grads, tensors, values_);
    }
  }
  Tensors twin(const Tensors& tensors) const override { return Tensors{twin_(tensors, values_)}; }

 private:
  Values values_;
  Fast fast_;
  Twin twin_;
};

// Whether the fast derivative of an input, which may be undefined, is of use.
inline bool wants_gradient(const Tensor& input) { return input.defined() && input.requires_grad(); }

// The same tensor one operation further on, so that what goes back through it can be told apart: an input may
// depend on another one.
Tensor identity(const Tensor& x);

template <class Values, class Result>
void record_fused_results(const char* name, Results outs, const Tensors& inputs, const Values& values,
                          typename FusedOperation<Values, Result>::Fast fast,
                          typename FusedOperation<Values, Result>::Twin twin, const Tensors& kept) {
  if (!wanted(inputs)) return;
  Tensors tensors = inputs;
  for (const Tensor& t : kept) tensors.push_back(t.defined() ? t.detach() : t);
  connect(new FusedOperation<Values, Result>(name, tensors, inputs.size(), values, fast, twin), inputs, outs);
}

}  // namespace autograd

// Records `out`, the result of a fused operation on `inputs`, of which some may be undefined, and returns it.
// `fast` gives the gradients of the inputs from that of `out`, in their order, undefined for those that it
// leaves to the twin; `twin` gives what the operation gave. Both get the inputs, followed by the tensors of
// `kept`, which have no gradient and may be undefined, and the values, a plain struct.
template <class Values>
Tensor record_fused(const char* name, const Tensor& out, const Tensors& inputs, const Values& values,
                    typename autograd::FusedOperation<Values, Tensor>::Fast fast,
                    typename autograd::FusedOperation<Values, Tensor>::Twin twin, const Tensors& kept = {}) {
  autograd::record_fused_results<Values, Tensor>(name, {&out, 1}, inputs, values, fast, twin, kept);
  return out;
}

// The same of several results. `fast` gets a gradient for each, undefined where nothing depends on it.
template <class Values>
Tensors record_fused(const char* name, const Tensors& outs, const Tensors& inputs, const Values& values,
                     typename autograd::FusedOperation<Values, Tensors>::Fast fast,
                     typename autograd::FusedOperation<Values, Tensors>::Twin twin,
                     const Tensors& kept = {}) {
  autograd::record_fused_results<Values, Tensors>(name, outs, inputs, values, fast, twin, kept);
  return outs;
}

}  // namespace wick
