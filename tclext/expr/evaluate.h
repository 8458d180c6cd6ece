#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tclext/expr/program.h"
#include "tclext/expr/value.h"
#include "wick/ops/subscript.h"

namespace expr {

// Handles that stood among the words of a formula, by the names that its text has for them.
using Handles = std::vector<std::pair<std::string, ObjRef>>;

// Runs a program once, in the context of whoever has called.
class Evaluator {
 public:
  Evaluator(State& state, const Program& program, const Handles& handles)
      : state_(state), program_(program), handles_(handles) {}

  Value run() { return evaluate(program_.root()); }
  // Where in the formula it is: the operation that has thrown.
  Place place() const { return at_; }

 private:
  // How deep formulas are within each other, in this thread; an Error when it is too deep for the stack.
  class Level {
   public:
    Level();
    ~Level();
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
  };

  const Node& node(NodeIndex index) const { return program_.node(index); }
  Value evaluate(NodeIndex index);
  Value variable(const Node& node);
  ObjRef key_of(const Node& node);
  ObjRef read(const Node& node, Tcl_Obj* key);
  ObjRef other_meaning(const Node& node) const;
  Value substituted(const Node& node);
  Value list(const Node& node);
  Value unary(const Node& node);
  Value binary(const Node& last, NodeIndex index);
  Value logical(const Node& node, const Value& left);
  Value choice(const Node& node);
  Value subscript(const Node& node);
  Value assign(const Node& node);
  Value assign_part(const Node& target, const Node& node);

  // These compute with values that are there.
  Value apply(const Node& node, const Value& a);
  Value apply(const Node& node, const Value& a, const Value& b);
  Value direct(const Node& node, const Value& a, const Value* b);

  // Chains of operations on elements; see fusion.cpp.
  struct Leaves;
  Value chain(const Node& node);
  void gather(const Node& node, Leaves& leaves);
  bool can_fuse(const Leaves& leaves) const;
  Value fold(const Node& node, Leaves& leaves);
  struct Emitted;
  Emitted emit(const Node& node, Leaves& leaves);

  // Calls; see call.cpp.
  Value call(const Node& node);
  Value call_command(const Node& node, std::vector<Value> arguments);
  std::optional<Value> element(const Node& node);
  Value call_math(const Node& node, const std::vector<Value>& arguments);
  ObjRef argument_for(const Callee& callee, const Argument& argument, const Value& value);
  Value invoke(const Node& node, Tcl_Obj* prefix, std::span<Tcl_Obj* const> words);
  [[noreturn]] void no_function(const Node& node);

  std::vector<wick::TensorIndex> indices_of(const Node& node);
  wick::TensorIndex index_of(const Index& index);
  std::optional<std::int64_t> bound(NodeIndex index);

  State& state_;
  const Program& program_;
  const Handles& handles_;
  Place at_ = 0;
};

}  // namespace expr
