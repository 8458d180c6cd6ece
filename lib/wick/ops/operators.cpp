// Operations with a number on one side, and the operators.

#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"

namespace wick {

Tensor number_beside(const Tensor& tensor, const Scalar& number) {
  const DType dtype = result_type(tensor, number);
  return scalar_tensor(number, fits(number, dtype) ? dtype : int64);
}

std::pair<Tensor, Tensor> as_tensors(const char* operation, const Operand& a, const Operand& b) {
  if (a.is_tensor()) return {a.tensor(), b.is_tensor() ? b.tensor() : number_beside(a.tensor(), b.number())};
  if (!b.is_tensor())
    fail(operation, "one of the two operands must be a tensor, {} and {} were given", a.number(), b.number());
  return {number_beside(b.tensor(), a.number()), b.tensor()};
}

namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);

Tensor on_tensors(const char* operation, Binary function, const Operand& a, const Operand& b) {
  if (a.is_tensor() && b.is_tensor()) return function(a.tensor(), b.tensor());
  const auto [x, y] = as_tensors(operation, a, b);
  return function(x, y);
}

// A number on the right has an overload of its own.
template <class F>
Tensor arithmetic(const char* operation, F function, const Operand& a, const Operand& b) {
  if (a.is_tensor() && !b.is_tensor()) return function(a.tensor(), b.number());
  if (a.is_tensor()) return function(a.tensor(), b.tensor());
  const auto [x, y] = as_tensors(operation, a, b);
  return function(x, y);
}

constexpr auto plus = [](const Tensor& x, const auto& y) { return add(x, y); };
constexpr auto minus = [](const Tensor& x, const auto& y) { return sub(x, y); };
constexpr auto times = [](const Tensor& x, const auto& y) { return mul(x, y); };
constexpr auto over = [](const Tensor& x, const auto& y) { return div(x, y); };
constexpr auto power = [](const Tensor& x, const auto& y) { return pow(x, y); };

}  // namespace

Tensor add(const Operand& a, const Operand& b) { return arithmetic("add", plus, a, b); }
Tensor sub(const Operand& a, const Operand& b) { return arithmetic("sub", minus, a, b); }
Tensor mul(const Operand& a, const Operand& b) { return arithmetic("mul", times, a, b); }
Tensor div(const Operand& a, const Operand& b) { return arithmetic("div", over, a, b); }
Tensor pow(const Operand& base, const Operand& exponent) { return arithmetic("pow", power, base, exponent); }

// clang-format off
Tensor floor_divide(const Operand& a, const Operand& b) { return on_tensors("floor_divide", floor_divide, a, b); }
Tensor remainder(const Operand& a, const Operand& b) { return on_tensors("remainder", remainder, a, b); }
Tensor fmod(const Operand& a, const Operand& b) { return on_tensors("fmod", fmod, a, b); }
Tensor maximum(const Operand& a, const Operand& b) { return on_tensors("maximum", maximum, a, b); }
Tensor minimum(const Operand& a, const Operand& b) { return on_tensors("minimum", minimum, a, b); }
Tensor bitwise_and(const Operand& a, const Operand& b) { return on_tensors("bitwise_and", bitwise_and, a, b); }
Tensor bitwise_or(const Operand& a, const Operand& b) { return on_tensors("bitwise_or", bitwise_or, a, b); }
Tensor bitwise_xor(const Operand& a, const Operand& b) { return on_tensors("bitwise_xor", bitwise_xor, a, b); }
Tensor bitwise_left_shift(const Operand& a, const Operand& b) { return on_tensors("bitwise_left_shift", bitwise_left_shift, a, b); }
Tensor bitwise_right_shift(const Operand& a, const Operand& b) { return on_tensors("bitwise_right_shift", bitwise_right_shift, a, b); }
Tensor eq(const Operand& a, const Operand& b) { return on_tensors("eq", eq, a, b); }
Tensor ne(const Operand& a, const Operand& b) { return on_tensors("ne", ne, a, b); }
Tensor lt(const Operand& a, const Operand& b) { return on_tensors("lt", lt, a, b); }
Tensor le(const Operand& a, const Operand& b) { return on_tensors("le", le, a, b); }
Tensor gt(const Operand& a, const Operand& b) { return on_tensors("gt", gt, a, b); }
Tensor ge(const Operand& a, const Operand& b) { return on_tensors("ge", ge, a, b); }
Tensor atan2(const Operand& y, const Operand& x) { return on_tensors("atan2", atan2, y, x); }
Tensor logical_and(const Operand& a, const Operand& b) { return on_tensors("logical_and", logical_and, a, b); }
Tensor logical_or(const Operand& a, const Operand& b) { return on_tensors("logical_or", logical_or, a, b); }
Tensor logical_xor(const Operand& a, const Operand& b) { return on_tensors("logical_xor", logical_xor, a, b); }
// clang-format on

Tensor where(const Tensor& condition, const Operand& a, const Operand& b) {
  if (a.is_tensor() || b.is_tensor()) {
    const auto [x, y] = as_tensors("where", a, b);
    return where(condition, x, y);
  }
  const DType dtype = promote_types(a.number().dtype(), b.number().dtype());
  return where(condition, scalar_tensor(a.number(), dtype), scalar_tensor(b.number(), dtype));
}

Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
Tensor operator%(const Operand& a, const Operand& b) { return remainder(a, b); }
Tensor operator&(const Operand& a, const Operand& b) { return bitwise_and(a, b); }
Tensor operator|(const Operand& a, const Operand& b) { return bitwise_or(a, b); }
Tensor operator^(const Operand& a, const Operand& b) { return bitwise_xor(a, b); }
Tensor operator==(const Operand& a, const Operand& b) { return eq(a, b); }
Tensor operator!=(const Operand& a, const Operand& b) { return ne(a, b); }
Tensor operator<(const Operand& a, const Operand& b) { return lt(a, b); }
Tensor operator<=(const Operand& a, const Operand& b) { return le(a, b); }
Tensor operator>(const Operand& a, const Operand& b) { return gt(a, b); }
Tensor operator>=(const Operand& a, const Operand& b) { return ge(a, b); }
Tensor operator-(const Tensor& x) { return neg(x); }
Tensor operator~(const Tensor& x) { return bitwise_not(x); }
Tensor operator!(const Tensor& x) { return logical_not(x); }

}  // namespace wick
