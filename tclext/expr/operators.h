#pragma once

#include <string_view>

#include "wick/core/operand.h"
#include "wick/kernels/table.h"

// What the operators and functions of formulas are.

namespace expr {

enum class Op {
  Or,
  And,
  BitOr,
  BitXor,
  BitAnd,
  Equal,
  Unequal,
  TextEqual,
  TextUnequal,
  In,
  NotIn,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  ShiftLeft,
  ShiftRight,
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  MatMul,
  Pow,
  Negate,
  Plus,
  Not,
  BitNot,
  count_
};

// A kernel that blocks of a fused chain go through, and what an element of it costs in additions.
template <class Kernel>
struct Fused {
  Kernel kernel = Kernel::count_;
  int cost = 1;
  explicit operator bool() const { return kernel != Kernel::count_; }
};

struct Operator {
  Op op;
  std::string_view symbol;
  int level;            // the higher, the closer it binds; 0 for those of one operand
  const char* command;  // Tcl's command of the same meaning for numbers; null without one
  wick::Tensor (*two)(const wick::Operand&, const wick::Operand&) = nullptr;
  wick::Tensor (*one)(const wick::Tensor&) = nullptr;
  Fused<wick::kernels::Binary> fused_two = {};
  Fused<wick::kernels::Unary> fused_one = {};
};

inline constexpr int power_level = 12;

const Operator& operator_of(Op op);
// The operator of two operands that is written so; null when there is none.
const Operator* binary_operator(std::string_view symbol);
inline bool is_comparison(Op op) {
  return op == Op::Equal || op == Op::Unequal || (op >= Op::Less && op <= Op::GreaterEqual);
}

// Functions that formulas call straight in the library, with PyTorch's dtypes; all others are commands.
struct Function {
  std::string_view name;
  wick::Tensor (*one)(const wick::Tensor&) = nullptr;
  wick::Tensor (*two)(const wick::Operand&, const wick::Operand&) = nullptr;
  Fused<wick::kernels::Unary> fused_one = {};
  Fused<wick::kernels::Binary> fused_two = {};
};
const Function* direct_function(std::string_view name);

// Whether Tcl's expr has such a function of so many numbers.
bool is_math_function(std::string_view name, std::size_t arguments);

}  // namespace expr
