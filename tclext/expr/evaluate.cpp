#include "tclext/expr/evaluate.h"

#include <cmath>

#include "wick/core/fail.h"
#include "wick/wick.h"

namespace expr {

using binding::new_text;
using binding::ScriptError;
using wick::Tensor;

namespace {

thread_local int levels = 0;
constexpr int most_levels = 2000;

}  // namespace

Evaluator::Level::Level() {
  if (levels >= most_levels) throw wick::Error("formulas are nested too deeply in each other");
  ++levels;
}

Evaluator::Level::~Level() { --levels; }

Value Evaluator::evaluate(NodeIndex index) {
  const Node& here = node(index);
  switch (here.kind) {
    case Node::Kind::Literal:
      return Value(state_, here.word);
    case Node::Kind::Variable:
      return variable(here);
    default:
      break;
  }
  const Level level;
  if (here.fused > 1) return chain(here);
  switch (here.kind) {
    case Node::Kind::Text:
      return substituted(here);
    case Node::Kind::List:
      return list(here);
    case Node::Kind::Unary:
      return unary(here);
    case Node::Kind::Binary:
      return binary(here, index);
    case Node::Kind::Choice:
      return choice(here);
    case Node::Kind::Transpose: {
      const Value value = evaluate(here.a);
      at_ = here.at;
      if (value.is_number()) return value;
      const Tensor x = as_tensor(value);
      return Value(x.dim() < 2 ? x : x.transpose(-2, -1));
    }
    case Node::Kind::Call:
      return call(here);
    case Node::Kind::Subscript:
      return subscript(here);
    default:
      return assign(here);
  }
}

ObjRef Evaluator::key_of(const Node& here) {
  if (!here.key.get() || !here.substitutes) return here.key;
  at_ = here.at;
  const wick::GradMode as_before(wick::grad_enabled());
  Tcl_Obj* key = Tcl_SubstObj(state_.interp(), here.key.get(), TCL_SUBST_ALL);
  if (!key) throw ScriptError{TCL_ERROR};
  return ObjRef(key);
}

// What a bare name stands for that is no variable; null for nothing.
ObjRef Evaluator::other_meaning(const Node& here) const {
  const std::string_view name = binding::text_of(here.word.get());
  for (const auto& [given, handle] : handles_) {
    if (given == name) return handle;
  }
  if (here.constant.get()) return here.constant;
  return binding::find_tensor(state_, here.word.get()) ? here.word : ObjRef();
}

ObjRef Evaluator::read(const Node& here, Tcl_Obj* key) {
  const int flags = here.constant.get() ? 0 : TCL_LEAVE_ERR_MSG;
  if (ObjRef value(Tcl_ObjGetVar2(state_.interp(), here.word.get(), key, flags)); value.get()) return value;
  at_ = here.at;
  const ObjRef other = here.bare ? other_meaning(here) : ObjRef();
  if (!other.get()) throw ScriptError{TCL_ERROR};
  Tcl_ResetResult(state_.interp());
  return other;
}

Value Evaluator::variable(const Node& here) { return Value(state_, read(here, key_of(here).get())); }

Value Evaluator::substituted(const Node& here) {
  at_ = here.at;
  const wick::GradMode as_before(wick::grad_enabled());
  Tcl_Obj* text = Tcl_SubstObj(state_.interp(), here.word.get(), TCL_SUBST_ALL);
  if (!text) throw ScriptError{TCL_ERROR};
  return Value(state_, ObjRef(text));
}

Value Evaluator::list(const Node& here) {
  ObjRef elements(Tcl_NewListObj(0, nullptr));
  for (const Argument& argument : here.arguments) {
    const Value value = evaluate(argument.value);
    ObjRef object = value.to_object(state_);
    if (value.is_number()) object = canonical(state_.interp(), object);
    Tcl_ListObjAppendElement(nullptr, elements.get(), object.get());
  }
  return Value::list(elements.get());
}

Value Evaluator::unary(const Node& here) {
  const Value value = evaluate(here.a);
  return apply(here, value);
}

// The left operands from the first one on.
Value Evaluator::binary(const Node& last, NodeIndex index) {
  NodeIndex at = last.first;
  // What can be fused stays whole.
  for (NodeIndex i = at; i != index; i = node(i).next) {
    if (node(i).fused > 1) at = node(i).next;
  }
  Value value = evaluate(node(at).a);
  for (;;) {
    const Node& here = node(at);
    if (here.op == Op::And || here.op == Op::Or) {
      value = logical(here, value);
    } else {
      const Value right = evaluate(here.b);
      value = apply(here, value, right);
    }
    if (at == index) return value;
    at = here.next;
  }
}

// Of values that are no tensors as in Tcl: the right one is only evaluated where it decides.
Value Evaluator::logical(const Node& here, const Value& left) {
  at_ = here.at;
  const bool disjunction = here.op == Op::Or;
  if (!left.is_tensor() && !left.is_list()) {
    const bool first = truth(state_.interp(), left);
    if (first == disjunction) return Value::number(Tcl_NewIntObj(disjunction));
    const Value right = evaluate(here.b);
    at_ = here.at;
    if (!right.is_tensor() && !right.is_list())
      return Value::number(Tcl_NewIntObj(truth(state_.interp(), right)));
    const Tensor other = as_tensor(right);
    return Value(operator_of(here.op).two(wick::Operand(first), wick::Operand(other)));
  }
  const Value right = evaluate(here.b);
  return apply(here, left, right);
}

Value Evaluator::choice(const Node& here) {
  const Value condition = evaluate(here.a);
  at_ = here.at;
  if (!condition.is_tensor() && !condition.is_list())
    return evaluate(truth(state_.interp(), condition) ? here.b : here.c);
  const Tensor holds = as_tensor(condition).to(wick::boolean);
  const Value yes = evaluate(here.b), no = evaluate(here.c);
  at_ = here.at;
  const Side x(yes, no), y(no, yes);
  return Value(wick::where(holds, x.operand(), y.operand()));
}

Value Evaluator::apply(const Node& here, const Value& a) {
  at_ = here.at;
  if (here.kind == Node::Kind::Call) return direct(here, a, nullptr);
  const Operator& op = operator_of(here.op);
  if (a.is_tensor()) return Value(op.one(a.tensor()));
  if (a.is_list()) return Value(op.one(as_tensor(a)));
  if (a.is_number() && (here.op == Op::Plus || here.op == Op::Negate)) {
    const ObjRef number = canonical(state_.interp(), ObjRef(a.object()));
    if (here.op == Op::Plus) return Value::number(number.get());
    // Tcl's command takes it from 0, which loses the sign of a 0.
    const double real = number.get()->internalRep.doubleValue;
    if (number.get()->typePtr == binding::number_types().real && !std::isnan(real))
      return Value::number(Tcl_NewDoubleObj(-real));
  }
  return compute(state_, here.word.get(), '\0', a, nullptr);
}

Value Evaluator::apply(const Node& here, const Value& a, const Value& b) {
  at_ = here.at;
  if (here.kind == Node::Kind::Call) return direct(here, a, &b);
  const Operator& op = operator_of(here.op);
  if (!a.is_tensor() && !b.is_tensor() && op.command) {
    const bool lists = op.two && (a.is_list() || b.is_list());
    if (!lists) return compute(state_, here.word.get(), op.symbol.size() == 1 ? op.symbol[0] : '\0', a, &b);
  }
  if (!op.two) wick::fail(op.symbol, "compares texts; tensors are compared by == and !=");
  if (a.is_tensor() && b.is_tensor()) return Value(op.two(a.tensor(), b.tensor()));
  const Side x(a, b), y(b, a);
  if (!x.operand().is_tensor() && !y.operand().is_tensor())
    wick::fail(op.symbol, "takes tensors, two numbers were given");
  return Value(op.two(x.operand(), y.operand()));
}

// A function of the library; of numbers alone Tcl's, else a number as well.
Value Evaluator::direct(const Node& here, const Value& a, const Value* b) {
  const Function& function = *here.callee.direct;
  const bool numbers = a.is_number() && (!b || b->is_number());
  if (numbers && here.callee.is_math) {
    return b ? call_math(here, {a, *b}) : call_math(here, {a});
  }
  const auto beside = numbers ? std::optional(wick::float64) : std::nullopt;
  if (!b) {
    const Tensor result = function.one(as_tensor(a, beside));
    return numbers
               ? Value::number(result.dtype() == wick::boolean ? Tcl_NewIntObj(result.item().to_bool())
                                                               : Tcl_NewDoubleObj(result.item().to_double()))
               : Value(result);
  }
  if (numbers) {
    const Tensor x = as_tensor(a, beside);
    return Value::number(Tcl_NewDoubleObj(function.two(x, Side(*b, a).operand()).item().to_double()));
  }
  const Side x(a, *b), y(*b, a);
  return Value(function.two(x.operand(), y.operand()));
}

}  // namespace expr
