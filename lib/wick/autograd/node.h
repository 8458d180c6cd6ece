#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "wick/autograd/gradient.h"

// How operations record themselves. An operation computes its result without thinking of gradients and hands
// it to record(), with its inputs and its vector-Jacobian product: a function from the gradient of the result
// to those of the inputs, written with the library's own operations, so that it can be differentiated again.

namespace wick {

class Node;

// Where the gradient of an input goes: to the node that made it, or into the leaf itself; to neither when no
// gradient is wanted. The engine brings gradients to the input's shape (summing over what was broadcast) and
// dtype, so that formulas need not.
struct Edge {
  Ref<Node> node;
  Ref<TensorBody> leaf;
  int output = 0;  // which result of `node` the input was
  Shape shape;
  DType dtype = float32;

  bool wanted() const { return node || leaf; }
};

struct GradientState {
  bool leaf_wanted = false;  // requires_grad of a leaf
  Ref<Node> node;            // what made the tensor; null for a leaf
  int output = 0;
  Tensor grad;
};

// One recorded operation.
class Node : public RefCounted {
 public:
  explicit Node(const char* name);
  virtual ~Node() = default;

  // The gradients of the inputs, in their order; undefined where there is none. `grads` are those of the
  // outputs, undefined for outputs that nothing depends on.
  virtual Tensors apply(const Tensors& grads) = 0;
  // Drops what was saved. A second pass through the node is an error.
  virtual void drop_saved() = 0;

  // Ends a node, and nodes that end with it, without recursion: graphs may be millions of nodes deep.
  static void destroy(Node* node) noexcept;

  const char* name;
  std::uint64_t sequence;  // later nodes have larger numbers
  std::vector<Edge> inputs;
  int outputs = 1;
  bool used_up = false;
};

// A tensor kept for the backward pass, which finds out whether it was changed in place since.
class Saved {
 public:
  explicit Saved(const Tensor& tensor) : tensor_(tensor), version_(tensor.storage()->version()) {}
  const Tensor& get() const;

 private:
  Tensor tensor_;
  std::uint32_t version_;
};

using Inputs = std::initializer_list<std::reference_wrapper<const Tensor>>;

namespace autograd {

// Whether an operation on these inputs has to be recorded.
bool wanted(Inputs inputs) noexcept;
bool wanted(const Tensors& inputs) noexcept;

Edge edge_to(const Tensor& input);
// Makes `out` the result number `output` of the node.
void attach(const Tensor& out, const Ref<Node>& node, int output);
// A result of the node once more: the same elements, attached to the node.
Tensor reattach(const Saved& detached, Node* node, int output = 0);

template <class Formula>
class FormulaNode final : public Node {
 public:
  FormulaNode(const char* operation, Formula formula) : Node(operation), formula_(std::move(formula)) {}
  Tensors apply(const Tensors& grads) override {
    if constexpr (std::is_invocable_v<Formula&, const Tensor&, const Tensor&>) {
      return (*formula_)(grads[0], reattach(*result_, this));
    } else if constexpr (std::is_invocable_v<Formula&, const Tensors&, const Tensors&>) {
      Tensors results;
      for (const Saved& result : results_) {
        results.push_back(reattach(result, this, static_cast<int>(results.size())));
      }
      return (*formula_)(grads, results);
    } else if constexpr (std::is_invocable_v<Formula&, const Tensors&>) {
      return (*formula_)(grads);
    } else {
      return (*formula_)(grads[0]);
    }
  }
  void drop_saved() override {
    formula_.reset();
    result_.reset();
    results_.clear();
  }
  // For formulas of (gradient, result): the result without history, which would be a cycle.
  void keep_result(const Tensor& out) { result_.emplace(out.detach()); }
  // The same for formulas of (gradients, results).
  void keep_results(const Tensors& outs) {
    for (const Tensor& out : outs) results_.emplace_back(out.detach());
  }

 private:
  std::optional<Formula> formula_;
  std::optional<Saved> result_;
  std::vector<Saved> results_;
};

}  // namespace autograd

// Records `out`, which depends on `inputs`, when one of them wants a gradient; returns it. The formula is
// Tensors(const Tensor& gradient) or Tensors(const Tensor& gradient, const Tensor& result).
template <class Formula>
Tensor record(const char* name, Tensor out, Inputs inputs, Formula formula) {
  if (!autograd::wanted(inputs)) return out;
  auto* node = new autograd::FormulaNode<Formula>(name, std::move(formula));
  const Ref<Node> owner(node);
  node->inputs.reserve(inputs.size());
  for (const Tensor& t : inputs) node->inputs.push_back(autograd::edge_to(t));
  if constexpr (std::is_invocable_v<Formula&, const Tensor&, const Tensor&>) node->keep_result(out);
  autograd::attach(out, owner, 0);
  return out;
}

// The same for any number of inputs and results; the formula is Tensors(const Tensors& gradients) or, where
// all results are differentiable, Tensors(const Tensors& gradients, const Tensors& results).
template <class Formula>
void record_all(const char* name, const Tensors& outs, const Tensors& inputs, Formula formula) {
  if (!autograd::wanted(inputs)) return;
  auto* node = new autograd::FormulaNode<Formula>(name, std::move(formula));
  const Ref<Node> owner(node);
  node->outputs = static_cast<int>(outs.size());
  for (const Tensor& t : inputs) node->inputs.push_back(autograd::edge_to(t));
  if constexpr (std::is_invocable_v<Formula&, const Tensors&, const Tensors&>) node->keep_results(outs);
  for (std::size_t i = 0; i < outs.size(); ++i) {
    if (is_differentiable(outs[i].dtype())) autograd::attach(outs[i], owner, static_cast<int>(i));
  }
}

// GradientError when `target` requires a gradient and recording is on.
void check_in_place(const Tensor& target);

// Sums over the dimensions that broadcasting added or stretched, back to `shape`.
Tensor sum_to(const Tensor& tensor, const Shape& shape);

}  // namespace wick
