#pragma once

#include <optional>

#include "tclext/binding/handle.h"
#include "wick/core/operand.h"

// What formulas compute with.

namespace expr {

using binding::ObjRef;
using binding::State;

// A tensor, or a Tcl value: a number, or something else, such as a list. Only a tensor that was read from a
// handle has one as long as it is within a formula.
class Value {
 public:
  enum class Kind { Tensor, Number, List, Other };

  Value() = default;
  explicit Value(wick::Tensor tensor) : kind_(Kind::Tensor), tensor_(std::move(tensor)) {}
  // Of a Tcl value, which may be a tensor's handle or name.
  Value(const State& state, ObjRef object);
  // Of what is known to be a number, or a list, also of one element.
  static Value number(Tcl_Obj* object) { return Value(Kind::Number, object); }
  static Value list(Tcl_Obj* object) { return Value(Kind::List, object); }

  Kind kind() const { return kind_; }
  bool is_tensor() const { return kind_ == Kind::Tensor; }
  bool is_number() const { return kind_ == Kind::Number; }
  // Several words, or lists in a list: neither a text nor a number alone.
  bool is_list() const;
  const wick::Tensor& tensor() const { return tensor_; }
  // Of a number or other value.
  Tcl_Obj* object() const { return object_.get(); }
  // As a Tcl value; a tensor without a handle gets one.
  ObjRef to_object(State& state) const;

 private:
  Value(Kind kind, Tcl_Obj* object) : kind_(kind), object_(object) {}

  Kind kind_ = Kind::Other;
  wick::Tensor tensor_;
  ObjRef object_;
};

// A value as an operand beside another one. Lists become tensors: in the dtype of the tensor beside them
// where that can hold all their numbers as they are, else in float32. Only a list of truths is bool.
class Side {
 public:
  Side(const Value& value, const Value& beside);
  // For as long as this lives.
  wick::Operand operand() const {
    return tensor_.defined() ? wick::Operand(tensor_) : wick::Operand(number_);
  }

 private:
  wick::Tensor tensor_;
  wick::Scalar number_ = 0;
};

// The value as a tensor: that of a list is made of its numbers, a number becomes a 0-d tensor.
wick::Tensor as_tensor(const Value& value, std::optional<wick::DType> beside = std::nullopt);

// Whether a value that is no tensor holds; ScriptError, with Tcl's message, for one that is no boolean.
bool truth(Tcl_Interp* interp, const Value& value);

// Whether a Tcl value is a list, as Value::is_list() says.
bool is_list(Tcl_Obj* object);

// Whether a list, of any nesting, begins with a word such as true or false, rather than with a number.
bool holds_truths(Tcl_Obj* list);

// The number as Tcl's expr gives it: 0x10 is 16.
ObjRef canonical(Tcl_Interp* interp, const ObjRef& number);

// What Tcl's own command for an operation gives for values that are no tensors. `code` is the operation where
// it can be done here, without calling the command, whose result is the same.
Value compute(State& state, Tcl_Obj* command, char code, const Value& a, const Value* b);

}  // namespace expr
