#include "tclext/expr/value.h"

#include <cmath>

#include "tclext/binding/error.h"
#include "tclext/commands/data.h"
#include "wick/core/fail.h"
#include "wick/core/runtime.h"
#include "wick/wick.h"

namespace expr {

using binding::ScriptError;
using wick::DType;
using wick::Scalar;
using wick::Tensor;

namespace {

// Whether Tcl reads the value as a number; what is one already is not looked at.
bool is_tcl_number(Tcl_Obj* object) {
  if (binding::is_number(object)) return true;
  const char* text = object->bytes;
  if (text && !object->typePtr) {
    while (*text > 0 && *text <= ' ') ++text;
    if (*text == '-' || *text == '+') ++text;
    const bool may_be = (*text >= '0' && *text <= '9') || *text == '.' || *text == 'i' || *text == 'I' ||
                        *text == 'n' || *text == 'N';
    if (!may_be) return false;
  }
  return binding::number_of(object).has_value();
}

}  // namespace

Value::Value(const State& state, ObjRef object) : object_(std::move(object)) {
  Tcl_Obj* given = object_.get();
  if (binding::is_number(given)) {
    kind_ = Kind::Number;
  } else if (const Tensor* found = binding::is_handle(given) ? binding::find_tensor(state, given) : nullptr) {
    kind_ = Kind::Tensor;
    tensor_ = *found;
  } else if (Tcl_Obj* word = binding::is_handle(given) ? nullptr : binding::plain_word(given)) {
    if (!binding::is_handle(word) && is_tcl_number(word)) {
      kind_ = Kind::Number;
      if (word != given) object_ = ObjRef(word);
    } else if (const Tensor* named = binding::find_tensor(state, word)) {
      kind_ = Kind::Tensor;
      tensor_ = *named;
      if (word != given) object_ = ObjRef(word);
    }
  }
}

bool Value::is_list() const {
  return kind_ == Kind::List || (kind_ == Kind::Other && object_.get() && expr::is_list(object_.get()));
}

ObjRef Value::to_object(State& state) const {
  if (object_.get()) return object_;
  return ObjRef(binding::new_handle(state, tensor_));
}

namespace {

bool is_whole(const Tensor& values) {
  return wick::all(wick::eq(values, wick::floor(values))).item().to_bool();
}

// The list's numbers, of any nesting, in the dtype beside it where that holds them; in a bool one only
// truths.
Tensor tensor_of_list(Tcl_Obj* list, std::optional<DType> beside) {
  if (!beside || (*beside == DType::Bool && !holds_truths(list)))
    return commands::read_data(list, std::nullopt);
  if (wick::is_complex(*beside)) return commands::read_data(list, *beside);
  const Tensor values = commands::read_data(list, std::nullopt);
  if (wick::is_complex(values.dtype())) return values;
  const bool whole_only = wick::is_integral(*beside) && *beside != DType::Bool;
  if (whole_only && !is_whole(commands::read_data(list, DType::Float64))) return values;
  try {
    return commands::read_data(list, *beside);
  } catch (const wick::Error&) {
    return values;  // one of them is outside of the dtype's range
  }
}

std::optional<Scalar> number_within(const Value& value) {
  if (value.is_number()) {
    if (const auto number = commands::number_in(value.object())) return number;
  } else if (!value.is_list()) {
    if (const auto truth = binding::boolean_of(value.object())) return Scalar(*truth);
    if (const auto number = commands::number_in(value.object())) return number;
  }
  return std::nullopt;
}

// In messages, a value that is no tensor: a tensor's handle is one only after the tensor was freed.
std::string described(Tcl_Obj* object) {
  const bool freed = binding::is_handle(object) && binding::held_kind(object) == &binding::kind<Tensor>;
  return freed ? "a tensor that was freed" : binding::quoted(object);
}

}  // namespace

Side::Side(const Value& value, const Value& beside) {
  if (value.is_tensor()) {
    tensor_ = value.tensor();
  } else if (const auto number = number_within(value)) {
    number_ = *number;
  } else {
    tensor_ = as_tensor(value, beside.is_tensor() ? std::optional(beside.tensor().dtype()) : std::nullopt);
  }
}

Tensor as_tensor(const Value& value, std::optional<DType> beside) {
  if (value.is_tensor()) return value.tensor();
  if (const auto number = number_within(value))
    return wick::scalar_tensor(*number, beside.value_or(number->dtype()));
  if (binding::is_handle(value.object()))
    wick::fail("formula", "a tensor is needed, {} was given", described(value.object()));
  return tensor_of_list(value.object(), beside);
}

bool is_list(Tcl_Obj* object) {
  if (binding::is_handle(object) || binding::is_number(object)) return false;
  Tcl_Size count;
  Tcl_Obj** elements;
  if (Tcl_ListObjGetElements(nullptr, object, &count, &elements) != TCL_OK) return false;
  if (count != 1) return count > 1;
  if (binding::holds_handle(object)) return true;
  return binding::text_of(elements[0]) != binding::text_of(object);
}

bool holds_truths(Tcl_Obj* list) {
  Tcl_Obj* first = list;
  for (int depth = 0; depth < wick::max_rank; ++depth) {
    const std::vector<Tcl_Obj*> elements = binding::elements_of(first);
    if (elements.empty() || elements[0] == first) break;
    first = elements[0];
    if (!is_list(first)) break;
  }
  return !commands::number_in(first) && binding::boolean_of(first);
}

bool truth(Tcl_Interp* interp, const Value& value) {
  int holds = 0;
  if (binding::holds_handle(value.object()))
    wick::fail("formula", "a truth value is needed, {} was given", described(value.object()));
  if (Tcl_GetBooleanFromObj(interp, value.object(), &holds) != TCL_OK) throw ScriptError{TCL_ERROR};
  return holds != 0;
}

ObjRef canonical(Tcl_Interp* interp, const ObjRef& number) {
  // The text of a number may be any of those that mean it.
  if (binding::is_number(number.get())) {
    if (!number.get()->bytes) return number;
    const bool real = number.get()->typePtr == binding::number_types().real;
    Tcl_WideInt whole = 0;
    if (real) return ObjRef(Tcl_NewDoubleObj(number.get()->internalRep.doubleValue));
    if (Tcl_GetWideIntFromObj(nullptr, number.get(), &whole) == TCL_OK)
      return ObjRef(Tcl_NewWideIntObj(whole));
  }
  const std::string_view text = binding::text_of(number.get());
  // Only what is a number to Tcl itself is one without being evaluated.
  double real;
  Tcl_Obj* result;
  const ObjRef copy(binding::new_text(text));
  if (Tcl_GetDoubleFromObj(nullptr, copy.get(), &real) != TCL_OK) return number;
  const ObjRef formula(binding::new_text(text));
  if (Tcl_ExprObj(interp, formula.get(), &result) != TCL_OK) {
    Tcl_ResetResult(interp);
    return number;
  }
  const ObjRef canonical_number(result);
  Tcl_DecrRefCount(result);
  return canonical_number;
}

namespace {

// Calls a command with words of which none is a handle: Tcl may put them into messages.
ObjRef call_words(State& state, std::initializer_list<Tcl_Obj*> words) {
  Tcl_Interp* interp = state.interp();
  if (!interp) throw wick::Error("the interpreter of the formula has gone");
  const wick::FlushDenormalScope unflushed(false);
  const int code = Tcl_EvalObjv(interp, static_cast<Tcl_Size>(words.size()), words.begin(), 0);
  ObjRef result(Tcl_GetObjResult(interp));
  if (code != TCL_OK) throw ScriptError{code};
  return result;
}

std::optional<Tcl_WideInt> small_integer(const Tcl_Obj* object) {
  if (sizeof(long) != sizeof(Tcl_WideInt) || object->typePtr != binding::number_types().integer) return {};
  return object->internalRep.longValue;
}

std::optional<double> real_number(const Tcl_Obj* object) {
  if (object->typePtr == binding::number_types().real) return object->internalRep.doubleValue;
  return std::nullopt;
}

// Of integers that stay within 64 bits.
Tcl_Obj* on_integers(char code, Tcl_WideInt x, Tcl_WideInt y) {
  Tcl_WideInt result;
  bool overflows;
  switch (code) {
    case '+':
      overflows = __builtin_add_overflow(x, y, &result);
      break;
    case '-':
      overflows = __builtin_sub_overflow(x, y, &result);
      break;
    case '*':
      overflows = __builtin_mul_overflow(x, y, &result);
      break;
    case '<':
      return Tcl_NewIntObj(x < y);
    case '>':
      return Tcl_NewIntObj(x > y);
    default:
      return nullptr;
  }
  return overflows ? nullptr : Tcl_NewWideIntObj(result);
}

// Of floating point numbers whose result is finite.
Tcl_Obj* on_reals(char code, double x, double y) {
  double result;
  switch (code) {
    case '+':
      result = x + y;
      break;
    case '-':
      result = x - y;
      break;
    case '*':
      result = x * y;
      break;
    case '/':
      if (y == 0) return nullptr;
      result = x / y;
      break;
    default:
      return nullptr;
  }
  return std::isfinite(result) ? Tcl_NewDoubleObj(result) : nullptr;
}

void refuse_handle(const Value& value) {
  if (value.is_tensor() || binding::holds_handle(value.object()))
    wick::fail("formula", "the operator takes texts and numbers, {} was given",
               value.is_tensor() ? "a tensor" : described(value.object()));
}

}  // namespace

Value compute(State& state, Tcl_Obj* command, char code, const Value& a, const Value* b) {
  const wick::FlushDenormalScope unflushed(false);
  if (b && a.is_number() && b->is_number()) {
    const auto i = small_integer(a.object()), j = small_integer(b->object());
    const auto x = real_number(a.object()), y = real_number(b->object());
    Tcl_Obj* result = i && j ? on_integers(code, *i, *j) : x && y ? on_reals(code, *x, *y) : nullptr;
    if (result) return Value::number(result);
  }
  refuse_handle(a);
  if (b) refuse_handle(*b);
  return Value(state, b ? call_words(state, {command, a.object(), b->object()})
                        : call_words(state, {command, a.object()}));
}

}  // namespace expr
