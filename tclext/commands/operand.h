#pragma once

#include <utility>

#include "tclext/commands/common.h"
#include "tclext/commands/data.h"

// Operands that are a tensor or a number.
namespace commands {

// One operand of a command: its tensor, or its number where the tensor is undefined.
struct Operand {
  Tensor tensor;
  Scalar number = 0;
  // As it was given, for messages.
  Tcl_Obj* word = nullptr;
  const char* names = "";
  bool by_position = false;

  std::string_view option() const { return binding::first_name(names); }
  bool is_tensor() const { return tensor.defined(); }
};

using wick::number_beside;

// As the library's functions take it, for as long as the operand lives.
inline wick::Operand library_operand(const Operand& operand) {
  return operand.is_tensor() ? wick::Operand(operand.tensor) : wick::Operand(operand.number);
}

// Both as tensors; two numbers are Int64 when both are whole, and Float32 otherwise.
std::pair<Tensor, Tensor> as_tensors(const Operand& a, const Operand& b);

// Calls a function of two tensors, or its overload for a tensor and a number where there is one.
template <class F>
Tensor apply(const Operand& a, const Operand& b, const F& function) {
  if constexpr (requires { function(a.tensor, b.number); }) {
    if (a.is_tensor() && !b.is_tensor()) return function(a.tensor, b.number);
  }
  const auto [left, right] = as_tensors(a, b);
  return function(left, right);
}

// An error for a number that the integer dtype of the tensor beside it cannot hold: for commands that give
// the number back as an element. In sums and products such a number wraps around.
void check_number_fits(const Call& call, const Operand& a, const Operand& b);

// The result in the first operand's dtype, as existing scripts expect of some commands. A number does not
// hold that back: one of a higher kind than the tensor raises the dtype, and a tensor after a number
// promotes.
Tensor in_first_dtype(const Operand& a, const Operand& b, const Tensor& result);

// For commands whose second word existing scripts expect to be refused when it is a number: it is taken by
// name alone.
void check_tensor_by_position(const Operand& operand);

}  // namespace commands

template <>
struct binding::Convert<commands::Operand> {
  static std::optional<commands::Operand> attempt(const Source& s);
  static CallError fault(const Source& s) { return invalid_handle("tensor", s.option(), s.word); }
  static commands::Operand from(const Source& s) {
    if (auto operand = attempt(s)) return std::move(*operand);
    throw fault(s);
  }
  static bool could_be(const State& state, Tcl_Obj* word) {
    return find_tensor(state, word) || commands::number_in(word);
  }
  static constexpr Type type{"tensor/scalar", could_be};
};
