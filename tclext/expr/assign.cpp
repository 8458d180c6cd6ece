// Parts of tensors, and what is assigned to them and to variables.

#include <utility>

#include "tclext/commands/data.h"
#include "tclext/expr/evaluate.h"
#include "wick/core/fail.h"
#include "wick/ops/index_list.h"
#include "wick/wick.h"

namespace expr {

using binding::ScriptError;
using wick::Tensor;
using wick::TensorIndex;

namespace {

[[noreturn]] void no_index(std::string_view what) {
  wick::fail<wick::IndexError>(
      "index",
      "an index is a whole number, a slice, or a tensor or list of whole numbers or booleans, {} was given",
      what);
}

// The number of an index or of a bound of a slice.
std::int64_t position_of(const Value& value) {
  if (value.is_tensor()) {
    const Tensor& x = value.tensor();
    if (x.numel() != 1 || !wick::is_integral(x.dtype()) || x.dtype() == wick::boolean)
      wick::fail<wick::IndexError>(
          "index", "a bound of a slice is a whole number, a tensor of shape {} and dtype {} was given",
          x.sizes(), x.dtype());
    return x.item().to_int();
  }
  if (const auto number = binding::integer_of(value.object())) return *number;
  no_index(binding::quoted(value.object()));
}

// Positions or, of the words true and false, a mask.
Tensor picks_of_list(Tcl_Obj* list) {
  if (binding::holds_handle(list)) no_index("a list that holds a tensor");
  if (holds_truths(list)) return commands::read_data(list, wick::boolean);
  const Tensor positions = commands::read_data(list, wick::float64);
  if (!wick::all(wick::eq(positions, wick::floor(positions))).item().to_bool())
    no_index(binding::quoted(list));
  return commands::read_data(list, wick::int64);
}

ObjRef element_at(Tcl_Obj* list, std::int64_t position) {
  const std::vector<Tcl_Obj*> elements = binding::elements_of(list);
  const auto count = static_cast<std::int64_t>(elements.size());
  if (position < -count || position >= count)
    wick::fail<wick::IndexError>("index", "{} is out of range for a list of {} elements", position, count);
  return ObjRef(elements[static_cast<std::size_t>(position < 0 ? position + count : position)]);
}

}  // namespace

std::optional<std::int64_t> Evaluator::bound(NodeIndex index) {
  if (index == none) return std::nullopt;
  const Value value = evaluate(index);
  at_ = node(index).at;
  return position_of(value);
}

TensorIndex Evaluator::index_of(const Index& index) {
  switch (index.kind) {
    case Index::Kind::NewAxis:
      return wick::None;
    case Index::Kind::Ellipsis:
      return wick::Ellipsis;
    case Index::Kind::Slice: {
      wick::Slice slice;
      slice.start = bound(index.start);
      slice.stop = bound(index.stop);
      slice.step = bound(index.step).value_or(1);
      return slice;
    }
    case Index::Kind::Value:
      break;
  }
  const Value value = evaluate(index.value);
  at_ = index.at;
  if (value.is_tensor()) {
    const Tensor& x = value.tensor();
    if (x.dim() == 0 && wick::is_integral(x.dtype()) && x.dtype() != wick::boolean) return x.item().to_int();
    return wick::is_integral(x.dtype()) && x.dtype() != wick::boolean ? x.to(wick::int64) : x;
  }
  if (value.is_list()) return picks_of_list(value.object());
  return position_of(value);
}

std::vector<TensorIndex> Evaluator::indices_of(const Node& here) {
  std::vector<TensorIndex> indices;
  for (const Index& index : here.indices) indices.push_back(index_of(index));
  at_ = here.at;
  return indices;
}

Value Evaluator::subscript(const Node& here) {
  const Value value = evaluate(here.a);
  at_ = here.at;
  if (value.is_number()) wick::fail<wick::IndexError>("index", "a number has no parts");
  const std::vector<TensorIndex> indices = indices_of(here);
  if (value.is_list() && indices.size() == 1 && indices[0].kind == TensorIndex::Kind::Position)
    return Value(state_, element_at(value.object(), indices[0].position));
  return Value(wick::index(as_tensor(value), indices));
}

namespace {

// The elements of x, a tensor or a part of one, change in place.
template <class Target>
void change(Op op, Target&& x, const wick::Operand& by) {
  switch (op) {
    case Op::Add:
      std::forward<Target>(x) += by;
      break;
    case Op::Sub:
      std::forward<Target>(x) -= by;
      break;
    case Op::Mul:
      std::forward<Target>(x) *= by;
      break;
    case Op::Div:
      std::forward<Target>(x) /= by;
      break;
    default:
      break;
  }
}

}  // namespace

Value Evaluator::assign_part(const Node& target, const Node& here) {
  Value by = evaluate(here.b);
  const Value whole = evaluate(target.a);
  at_ = target.at;
  if (!whole.is_tensor()) wick::fail("formula", "only parts of a tensor can be changed, this is none");
  const std::vector<TensorIndex> indices = indices_of(target);
  at_ = here.at;
  const bool replaces = here.op == Op::Equal;
  // As of a number, an Error for a list that the tensor's dtype cannot hold.
  if (replaces && by.is_list()) by = Value(commands::read_data(by.object(), whole.tensor().dtype()));
  const Side side(by, whole);
  if (replaces) {
    wick::index_put_(whole.tensor(), indices, side.operand());
  } else {
    change(here.op, wick::Subscript(whole.tensor(), indices), side.operand());
  }
  return whole;
}

Value Evaluator::assign(const Node& here) {
  const Node& target = node(here.a);
  if (target.kind == Node::Kind::Subscript) return assign_part(target, here);
  Value value = evaluate(here.b);
  const ObjRef key = key_of(target);
  if (here.op != Op::Equal) {
    const Value before(state_, read(target, key.get()));
    at_ = here.at;
    if (before.is_tensor()) {
      const Side side(value, before);
      change(here.op, before.tensor(), side.operand());
      return before;
    }
    value = apply(here, before, value);
  }
  at_ = here.at;
  ObjRef object = value.to_object(state_);
  if (value.is_number()) object = canonical(state_.interp(), object);
  const ObjRef stored(
      Tcl_ObjSetVar2(state_.interp(), target.word.get(), key.get(), object.get(), TCL_LEAVE_ERR_MSG));
  if (!stored.get()) throw ScriptError{TCL_ERROR};
  return Value(state_, stored);
}

}  // namespace expr
