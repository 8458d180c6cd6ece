// Chains of operations on elements: the operands are read first, from left to right; then large tensors of
// one shape and dtype go through all operations block by block, and others through one after the other.

#include <array>

#include "tclext/commands/data.h"
#include "tclext/expr/evaluate.h"
#include "wick/ops/fused.h"
#include "wick/wick.h"

namespace expr {

using wick::Tensor;

namespace {

constexpr std::int64_t worth_fusing = 8192;  // elements

// The operands of a node of a chain.
struct Operands {
  NodeIndex first, second;
};
Operands operands_of(const Node& node) {
  if (node.kind != Node::Kind::Call) return {node.a, node.b};
  return {node.arguments[0].value, node.arguments.size() > 1 ? node.arguments[1].value : none};
}

}  // namespace

struct Evaluator::Leaves {
  std::array<Value, max_leaves> values;
  std::size_t count = 0;
  std::size_t next = 0;
  Tensor largest;  // one that the others are compared with
  wick::fused::Chain chain = {};
};

// What an operation of the chain has given: a number that Tcl computes with, or a value of the chain.
struct Evaluator::Emitted {
  Value number;
  int value = -1;
};

void Evaluator::gather(const Node& here, Leaves& leaves) {
  const Level level;
  const auto [first, second] = operands_of(here);
  for (const NodeIndex operand : {first, second}) {
    if (operand == none) continue;
    if (node(operand).fused > 0) {
      gather(node(operand), leaves);
    } else {
      leaves.values[leaves.count++] = evaluate(operand);
    }
  }
}

bool Evaluator::can_fuse(const Leaves& leaves) const {
  const Tensor* first = nullptr;
  for (std::size_t i = 0; i < leaves.count; ++i) {
    const Value& leaf = leaves.values[i];
    if (leaf.is_number()) continue;
    if (!leaf.is_tensor()) return false;
    const Tensor& x = leaf.tensor();
    if (!first) {
      if (x.numel() < worth_fusing || (x.dtype() != wick::float32 && x.dtype() != wick::float64))
        return false;
      first = &x;
    }
    if (!x.is_contiguous() || x.dtype() != first->dtype() || x.sizes() != first->sizes()) return false;
    if (wick::grad_enabled() && x.requires_grad()) return false;
  }
  return first != nullptr;
}

// One operation after the other.
Value Evaluator::fold(const Node& here, Leaves& leaves) {
  const auto operand = [&](NodeIndex index) {
    return node(index).fused > 0 ? fold(node(index), leaves) : std::move(leaves.values[leaves.next++]);
  };
  const auto [first, second] = operands_of(here);
  const Value a = operand(first);
  if (second == none) return apply(here, a);
  const Value b = operand(second);
  return apply(here, a, b);
}

Evaluator::Emitted Evaluator::emit(const Node& here, Leaves& leaves) {
  const auto operand = [&](NodeIndex index) -> Emitted {
    if (node(index).fused > 0) return emit(node(index), leaves);
    const Value& leaf = leaves.values[leaves.next++];
    if (leaf.is_tensor()) return {{}, leaves.chain.input(leaf.tensor())};
    return {leaf, -1};
  };
  const auto [first, second] = operands_of(here);
  const Emitted a = operand(first);
  const Emitted b = second == none ? Emitted{} : operand(second);
  const bool call = here.kind == Node::Kind::Call;
  if (a.value < 0 && b.value < 0)
    return {second == none ? apply(here, a.number) : apply(here, a.number, b.number), -1};
  if (second == none) {
    const auto fused = call ? here.callee.direct->fused_one : operator_of(here.op).fused_one;
    return {{}, leaves.chain.apply(fused.kernel, a.value, fused.cost)};
  }
  const auto in_chain = [&](const Emitted& emitted) {
    if (emitted.value >= 0) return emitted.value;
    return leaves.chain.number(commands::number_in(emitted.number.object()).value_or(0).to_double());
  };
  const auto fused = call ? here.callee.direct->fused_two : operator_of(here.op).fused_two;
  const int x = in_chain(a), y = in_chain(b);
  return {{}, leaves.chain.apply(fused.kernel, x, y, fused.cost)};
}

Value Evaluator::chain(const Node& here) {
  Leaves leaves;
  gather(here, leaves);
  if (!can_fuse(leaves)) return fold(here, leaves);
  const Emitted result = emit(here, leaves);
  at_ = here.at;
  return result.value < 0 ? result.number : Value(leaves.chain.run(result.value));
}

}  // namespace expr
