#include "tclext/expr/operators.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "wick/core/fail.h"
#include "wick/wick.h"

namespace expr {
namespace {

using wick::Tensor;
using Given = wick::Operand;
using wick::kernels::Binary;
using wick::kernels::Unary;

constexpr int function_cost = 12, power_cost = 16;

Tensor matrix_product(const Given& a, const Given& b) {
  if (!a.is_tensor() || !b.is_tensor())
    wick::fail("@", "a matrix product takes two tensors; a number multiplies with *");
  return wick::matmul(a.tensor(), b.tensor());
}

Tensor hypotenuse(const Given& a, const Given& b) {
  const auto [x, y] = wick::as_tensors("hypot", a, b);
  return wick::hypot(x, y);
}

Tensor same(const Tensor& x) { return x; }

// clang-format off
constexpr Operator operators[] = {
    {Op::Or, "||", 1, nullptr, wick::logical_or},
    {Op::And, "&&", 2, nullptr, wick::logical_and},
    {Op::BitOr, "|", 3, "::tcl::mathop::|", wick::bitwise_or},
    {Op::BitXor, "^", 4, "::tcl::mathop::^", wick::bitwise_xor},
    {Op::BitAnd, "&", 5, "::tcl::mathop::&", wick::bitwise_and},
    {Op::Equal, "==", 7, "::tcl::mathop::==", wick::eq},
    {Op::Unequal, "!=", 7, "::tcl::mathop::!=", wick::ne},
    {Op::TextEqual, "eq", 6, "::tcl::mathop::eq"},
    {Op::TextUnequal, "ne", 6, "::tcl::mathop::ne"},
    {Op::In, "in", 6, "::tcl::mathop::in"},
    {Op::NotIn, "ni", 6, "::tcl::mathop::ni"},
    {Op::Less, "<", 8, "::tcl::mathop::<", wick::lt},
    {Op::LessEqual, "<=", 8, "::tcl::mathop::<=", wick::le},
    {Op::Greater, ">", 8, "::tcl::mathop::>", wick::gt},
    {Op::GreaterEqual, ">=", 8, "::tcl::mathop::>=", wick::ge},
    {Op::ShiftLeft, "<<", 9, "::tcl::mathop::<<", wick::bitwise_left_shift},
    {Op::ShiftRight, ">>", 9, "::tcl::mathop::>>", wick::bitwise_right_shift},
    {Op::Add, "+", 10, "::tcl::mathop::+", wick::add, nullptr, {Binary::Add}},
    {Op::Sub, "-", 10, "::tcl::mathop::-", wick::sub, nullptr, {Binary::Sub}},
    {Op::Mul, "*", 11, "::tcl::mathop::*", wick::mul, nullptr, {Binary::Mul}},
    {Op::Div, "/", 11, "::tcl::mathop::/", wick::div, nullptr, {Binary::Div}},
    {Op::Mod, "%", 11, "::tcl::mathop::%", wick::remainder, nullptr, {Binary::Remainder, power_cost}},
    {Op::MatMul, "@", 11, nullptr, matrix_product},
    {Op::Pow, "**", power_level, "::tcl::mathop::**", wick::pow, nullptr, {Binary::Pow, power_cost}},
    {Op::Negate, "-", 0, "::tcl::mathop::-", nullptr, wick::neg, {}, {Unary::Neg}},
    {Op::Plus, "+", 0, "::tcl::mathop::+", nullptr, same},
    {Op::Not, "!", 0, "::tcl::mathop::!", nullptr, wick::logical_not},
    {Op::BitNot, "~", 0, "::tcl::mathop::~", nullptr, wick::bitwise_not},
};

// Sorted by name.
constexpr Function functions[] = {
    {"abs", wick::abs, nullptr, {Unary::Abs}},
    {"acos", wick::acos, nullptr, {Unary::Acos, function_cost}},
    {"acosh", wick::acosh, nullptr, {Unary::Acosh, function_cost}},
    {"asin", wick::asin, nullptr, {Unary::Asin, function_cost}},
    {"asinh", wick::asinh, nullptr, {Unary::Asinh, function_cost}},
    {"atan", wick::atan, nullptr, {Unary::Atan, function_cost}},
    {"atan2", nullptr, wick::atan2, {}, {Binary::Atan2, power_cost}},
    {"atanh", wick::atanh, nullptr, {Unary::Atanh, function_cost}},
    {"ceil", wick::ceil, nullptr, {Unary::Ceil}},
    {"cos", wick::cos, nullptr, {Unary::Cos, function_cost}},
    {"cosh", wick::cosh, nullptr, {Unary::Cosh, function_cost}},
    {"deg2rad", wick::deg2rad},
    {"erf", wick::erf, nullptr, {Unary::Erf, function_cost}},
    {"exp", wick::exp, nullptr, {Unary::Exp, function_cost}},
    {"exp10", wick::exp10, nullptr, {Unary::Exp10, function_cost}},
    {"exp2", wick::exp2, nullptr, {Unary::Exp2, function_cost}},
    {"expm1", wick::expm1, nullptr, {Unary::Expm1, function_cost}},
    {"floor", wick::floor, nullptr, {Unary::Floor}},
    {"fmod", nullptr, wick::fmod, {}, {Binary::Fmod, power_cost}},
    {"frac", wick::frac, nullptr, {Unary::Frac}},
    {"hypot", nullptr, hypotenuse, {}, {Binary::Hypot, power_cost}},
    {"isfinite", wick::isfinite},
    {"isinf", wick::isinf},
    {"isnan", wick::isnan},
    {"log", wick::log, nullptr, {Unary::Log, function_cost}},
    {"log10", wick::log10, nullptr, {Unary::Log10, function_cost}},
    {"log1p", wick::log1p, nullptr, {Unary::Log1p, function_cost}},
    {"log2", wick::log2, nullptr, {Unary::Log2, function_cost}},
    {"maximum", nullptr, wick::maximum, {}, {Binary::Maximum}},
    {"minimum", nullptr, wick::minimum, {}, {Binary::Minimum}},
    {"neg", wick::neg, nullptr, {Unary::Neg}},
    {"pow", nullptr, wick::pow, {}, {Binary::Pow, power_cost}},
    {"rad2deg", wick::rad2deg},
    {"reciprocal", wick::reciprocal, nullptr, {Unary::Reciprocal}},
    {"relu", wick::relu, nullptr, {Unary::Relu}},
    {"remainder", nullptr, wick::remainder, {}, {Binary::Remainder, power_cost}},
    {"round", wick::round, nullptr, {Unary::Round}},
    {"rsqrt", wick::rsqrt, nullptr, {Unary::Rsqrt, 4}},
    {"sigmoid", wick::sigmoid, nullptr, {Unary::Sigmoid, function_cost}},
    {"sign", wick::sign},
    {"sin", wick::sin, nullptr, {Unary::Sin, function_cost}},
    {"sinh", wick::sinh, nullptr, {Unary::Sinh, function_cost}},
    {"sqrt", wick::sqrt, nullptr, {Unary::Sqrt, 4}},
    {"square", wick::square, nullptr, {Unary::Square}},
    {"tan", wick::tan, nullptr, {Unary::Tan, function_cost}},
    {"tanh", wick::tanh, nullptr, {Unary::Tanh, function_cost}},
    {"trunc", wick::trunc, nullptr, {Unary::Trunc}},
};

struct MathFunction {
  std::string_view name;
  std::size_t least, most;
};
constexpr std::size_t any = SIZE_MAX;
constexpr MathFunction math_functions[] = {
    {"abs", 1, 1}, {"acos", 1, 1}, {"asin", 1, 1}, {"atan", 1, 1}, {"atan2", 2, 2}, {"bool", 1, 1}, {"ceil", 1, 1},
    {"cos", 1, 1}, {"cosh", 1, 1}, {"double", 1, 1}, {"entier", 1, 1}, {"exp", 1, 1}, {"floor", 1, 1}, {"fmod", 2, 2},
    {"hypot", 2, 2}, {"int", 1, 1}, {"isqrt", 1, 1}, {"log", 1, 1}, {"log10", 1, 1}, {"max", 1, any}, {"min", 1, any},
    {"pow", 2, 2}, {"rand", 0, 0}, {"round", 1, 1}, {"sin", 1, 1}, {"sinh", 1, 1}, {"sqrt", 1, 1}, {"srand", 1, 1},
    {"tan", 1, 1}, {"tanh", 1, 1}, {"wide", 1, 1}};
// clang-format on

static_assert(std::size(operators) == static_cast<std::size_t>(Op::count_));
static_assert(std::ranges::is_sorted(operators, {}, &Operator::op));
static_assert(std::ranges::is_sorted(functions, {}, &Function::name));

}  // namespace

const Operator& operator_of(Op op) { return operators[static_cast<int>(op)]; }

const Operator* binary_operator(std::string_view symbol) {
  for (const Operator& candidate : operators) {
    if (candidate.level > 0 && candidate.symbol == symbol) return &candidate;
  }
  return nullptr;
}

const Function* direct_function(std::string_view name) {
  const Function* found = std::lower_bound(std::begin(functions), std::end(functions), name,
                                           [](const Function& f, std::string_view n) { return f.name < n; });
  return found != std::end(functions) && found->name == name ? found : nullptr;
}

bool is_math_function(std::string_view name, std::size_t arguments) {
  for (const MathFunction& function : math_functions) {
    if (function.name == name) return arguments >= function.least && arguments <= function.most;
  }
  return false;
}

}  // namespace expr
