#include "wick/ops/elementwise.h"

#include <bit>
#include <cmath>
#include <optional>

#include "wick/autograd/in_place.h"
#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/ops/creation.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"
#include "wick/ops/rule.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Binary;
using kernels::Compare;
using kernels::Unary;

namespace {

// A dtype that may give way to another kind's, see result_type.
struct TypedOperand {
  DType dtype;
  int rank;  // 2: a tensor with dimensions, 1: 0-d, 0: a number
};

DType combine(TypedOperand a, TypedOperand b) {
  if (a.rank < b.rank) std::swap(a, b);
  if (a.rank == b.rank) return promote_types(a.dtype, b.dtype);
  if (kind(a.dtype) >= kind(b.dtype)) return a.dtype;
  // A floating point dtype keeps its precision beside a complex one.
  return is_floating(a.dtype) ? promote_types(a.dtype, complex64) : b.dtype;
}

TypedOperand typed_operand(const Tensor& x) { return {x.dtype(), x.dim() > 0 ? 2 : 1}; }

// Without a record: the caller's own formula leads back to `x`, and the engine converts.
Tensor cast_unrecorded(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Tensor out = empty_like(x, dtype);
  copy_into(out, x);
  return out;
}

constexpr int pow_cost = 16;  // of an element of pow and what follows it in Binary, in additions

// The loop over both operands in their common dtype.
Tensor run_on_both(kernels::Loop loop, const Tensor& a, const Tensor& b, DType operands, DType result,
                   const void* parameters = nullptr, int cost = 1) {
  if (a.dtype() == operands && b.dtype() == operands)
    return run_elementwise({&a, &b}, result, loop, parameters, cost);
  const Tensor x = cast_unrecorded(a, operands), y = cast_unrecorded(b, operands);
  return run_elementwise({&x, &y}, result, loop, parameters, cost);
}

Tensor run_binary(Binary op, const char* name, const Tensor& a, const Tensor& b, DType dtype,
                  const void* parameters = nullptr) {
  const auto loop = checked_kernel(kernels::table().binary[op][index_of(dtype)], name, dtype);
  return run_on_both(loop, a, b, dtype, dtype, parameters, op >= Binary::Pow ? pow_cost : 1);
}

// Integers are compared in a dtype that holds both: in an array's own where the 0-d tensor beside it fits.
DType comparison_type(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype() || !is_integral(a.dtype()) || !is_integral(b.dtype())) return result_type(a, b);
  if (b.dim() == 0 && a.dim() > 0 && fits(b.item(), a.dtype()) && a.dtype() != boolean) return a.dtype();
  if (a.dim() == 0 && b.dim() > 0 && fits(a.item(), b.dtype()) && b.dtype() != boolean) return b.dtype();
  return promote_types(a.dtype(), b.dtype());
}

Tensor compare(Compare op, const char* name, const Tensor& a, const Tensor& b) {
  const DType dtype = comparison_type(a, b);
  const auto loop = checked_kernel(kernels::table().compare[op][index_of(dtype)], name, dtype);
  return run_on_both(loop, a, b, dtype, boolean);
}

// The number as a 0-d tensor of the dtype that the operation has.
Tensor as_operand(const Tensor& x, const Scalar& number) {
  const DType dtype = result_type(x, number);
  if (fits(number, dtype)) return scalar_tensor(number, dtype);
  // Arithmetic of integers wraps, also that of a number which is none of the dtype's.
  return cast_unrecorded(scalar_tensor(number.to_int(), int64), dtype);
}

DType true_division_type(DType dtype) { return is_integral(dtype) ? float32 : dtype; }

bool is_one(const Scalar& alpha) { return alpha.kind() <= Kind::Floating && alpha.to_double() == 1; }

Scalar negated(const Scalar& number) {
  if (number.kind() == Kind::Complex) return -number.to_complex();
  if (number.kind() == Kind::Floating) return -number.to_double();
  return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(number.to_int()));
}

Tensor scaled(const Tensor& x, const Scalar& factor) { return is_one(factor) ? x : mul(x, factor); }

Tensor add_scaled(const char* name, const Tensor& a, const Tensor& b, const Scalar& given) {
  const DType dtype = result_type(a, b);
  const Scalar alpha = factor_for(name, "alpha", given, dtype);
  if (is_complex(dtype)) return run_binary(Binary::Add, name, a, mul(b.detach(), alpha), dtype);
  const std::int64_t whole = alpha.to_int();
  const double factor = alpha.to_double();
  return run_binary(Binary::AddScaled, name, a, b, dtype,
                    is_integral(dtype) ? static_cast<const void*>(&whole) : &factor);
}

}  // namespace

DType result_type(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return a.dtype();
  return combine(typed_operand(a), typed_operand(b));
}

DType result_type(const Tensor& a, const Tensor& b, const Tensor& c) {
  if (a.dtype() == b.dtype() && a.dtype() == c.dtype()) return a.dtype();
  // Those of one rank are promoted among themselves first.
  std::optional<TypedOperand> arrays, singles;
  for (const Tensor* t : {&a, &b, &c}) {
    std::optional<TypedOperand>& group = t->dim() > 0 ? arrays : singles;
    const TypedOperand operand = typed_operand(*t);
    group = group ? TypedOperand{promote_types(group->dtype, operand.dtype), operand.rank} : operand;
  }
  if (!arrays || !singles) return arrays ? arrays->dtype : singles->dtype;
  return combine(*arrays, *singles);
}

DType result_type(const Tensor& a, const Scalar& b) { return combine(typed_operand(a), {b.dtype(), 0}); }

Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  const bool plain = is_one(alpha);
  const Tensor out =
      plain ? run_binary(Binary::Add, "add", a, b, result_type(a, b)) : add_scaled("add", a, b, alpha);
  return record("add", out, wrt(a, [](const Tensor& g) { return g; }),
                wrt(b, saving(alpha),
                    [](const Tensor& g, const Scalar& times) { return scaled(g, conjugate(times)); }));
}

Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  const DType dtype = result_type(a, b);
  if (dtype == boolean) throw DTypeError("sub is not defined for two bool operands");
  const Scalar minus = negated(alpha);
  const Tensor out =
      is_one(alpha) ? run_binary(Binary::Sub, "sub", a, b, dtype) : add_scaled("sub", a, b, minus);
  return record(
      "sub", out, wrt(a, [](const Tensor& g) { return g; }),
      wrt(b, saving(minus), [](const Tensor& g, const Scalar& times) { return mul(g, conjugate(times)); }));
}

Tensor mul(const Tensor& a, const Tensor& b) {
  const Tensor out = run_binary(Binary::Mul, "mul", a, b, result_type(a, b));
  return record("mul", out,
                wrt(a, saving(b), [](const Tensor& g, const Tensor& y) { return mul(g, conj(y)); }),
                wrt(b, saving(a), [](const Tensor& g, const Tensor& x) { return mul(g, conj(x)); }));
}

Tensor div(const Tensor& a, const Tensor& b) {
  const Tensor out = run_binary(Binary::Div, "div", a, b, true_division_type(result_type(a, b)));
  return record("div", out,
                wrt(a, saving(b), [](const Tensor& g, const Tensor& y) { return div(g, conj(y)); }),
                wrt(b, saving(a, b), [](const Tensor& g, const Tensor& x, const Tensor& y) {
                  return neg(mul(div(g, conj(y)), conj(div(x, y))));
                }));
}

namespace {

Tensor is_zero(const Tensor& x) { return eq(x, scalar_tensor(0, x.dtype())); }

}  // namespace

namespace {

// Divisions with whole quotients, unrecorded.
Tensor run_division(Binary op, const char* name, const Tensor& a, const Tensor& b) {
  const DType dtype = result_type(a, b);
  checked_kernel(kernels::table().binary[op][index_of(dtype)], name, dtype);
  if (kind(dtype) == Kind::Integer && any(is_zero(cast_unrecorded(b.detach(), dtype))).item().to_bool())
    fail(name, "integers cannot be divided by 0");
  return run_binary(op, name, a, b, dtype);
}

}  // namespace

Tensor div(const Tensor& a, const Tensor& b, std::string_view rounding_mode) {
  const bool floors = rounding_mode == "floor";
  if (!floors && rounding_mode != "trunc") {
    fail("div", "rounding_mode must be trunc or floor, {} was given", rounding_mode);
  }
  const NoGrad no_grad;
  const DType dtype = result_type(a, b);
  if (floors && is_floating(dtype)) return run_division(Binary::FloorDivide, "div", a, b);
  if (kind(dtype) == Kind::Integer)
    return run_division(floors ? Binary::FloorDivide : Binary::DivTrunc, "div", a, b);
  const Tensor quotient = div(a, b);
  return floors ? floor(quotient) : trunc(quotient);
}

Tensor floor_divide(const Tensor& a, const Tensor& b) {
  return run_division(Binary::FloorDivide, "floor_divide", a, b);
}

Tensor remainder(const Tensor& a, const Tensor& b) {
  const Tensor out = run_division(Binary::Remainder, "remainder", a, b);
  return record("remainder", out, wrt(a, [](const Tensor& g) { return g; }),
                wrt(b, saving(a, b), [](const Tensor& g, const Tensor& x, const Tensor& y) {
                  return neg(mul(g, div(x, y, "floor")));
                }));
}

Tensor fmod(const Tensor& a, const Tensor& b) {
  const Tensor out = run_division(Binary::Fmod, "fmod", a, b);
  return record(
      "fmod", out, wrt(a, [](const Tensor& g) { return g; }),
      wrt(b, saving(a, b, out), [](const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& rest) {
        // A quotient that rounding made whole, of what is not, would be 1 too large.
        const Tensor multiple = sub(rest.detach(), x.detach());
        return mul(g, round(div(multiple, y.detach())));
      }));
}

Tensor add(const Tensor& a, const Scalar& b) { return add(a, as_operand(a, b)); }
Tensor sub(const Tensor& a, const Scalar& b) { return sub(a, as_operand(a, b)); }
Tensor mul(const Tensor& a, const Scalar& b) { return mul(a, as_operand(a, b)); }
Tensor div(const Tensor& a, const Scalar& b) {
  // In the quotient's dtype: -2 beside uint8 must not become 254.
  return div(a, scalar_tensor(b, true_division_type(result_type(a, b))));
}

namespace {

// Each side gets the gradient where it was not beaten, half of it where both are equal.
Tensor extremum(Binary op, const char* name, const Tensor& a, const Tensor& b) {
  const Tensor out = run_binary(op, name, a, b, result_type(a, b));
  return record(name, out, {a, b}, saving(a, b, op),
                [](const Tensor& g, const Tensor& x, const Tensor& y, Binary which) {
                  const Tensor less = lt(x, y), greater = gt(x, y);
                  const Tensor share = where(eq(x, y), mul(g, 0.5), g);
                  const Tensor zero = scalar_tensor(0, g.dtype());
                  const bool largest = which == Binary::Maximum;
                  return Tensors{where(largest ? less : greater, zero, share),
                                 where(largest ? greater : less, zero, share)};
                });
}

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) { return extremum(Binary::Maximum, "maximum", a, b); }
Tensor minimum(const Tensor& a, const Tensor& b) { return extremum(Binary::Minimum, "minimum", a, b); }

Tensor bitwise_and(const Tensor& a, const Tensor& b) {
  return run_binary(Binary::BitAnd, "bitwise_and", a, b, result_type(a, b));
}
Tensor bitwise_or(const Tensor& a, const Tensor& b) {
  return run_binary(Binary::BitOr, "bitwise_or", a, b, result_type(a, b));
}
Tensor bitwise_xor(const Tensor& a, const Tensor& b) {
  return run_binary(Binary::BitXor, "bitwise_xor", a, b, result_type(a, b));
}

Tensor bitwise_left_shift(const Tensor& a, const Tensor& b) {
  return run_binary(Binary::ShiftLeft, "bitwise_left_shift", a, b, result_type(a, b));
}
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b) {
  return run_binary(Binary::ShiftRight, "bitwise_right_shift", a, b, result_type(a, b));
}

Tensor atan2(const Tensor& y, const Tensor& x) {
  const Tensor out = run_binary(Binary::Atan2, "atan2", y, x, true_division_type(result_type(y, x)));
  return record("atan2", out, {y, x}, saving(y, x),
                [](const Tensor& g, const Tensor& rise, const Tensor& run) {
                  // The squares of ratios stay within the range. The scale cancels: a constant for
                  // derivatives.
                  const Tensor size = maximum(abs(rise.detach()), abs(run.detach())).to(g.dtype());
                  const Tensor one = scalar_tensor(1, g.dtype());
                  const Tensor scale = where(bitwise_or(is_zero(size), isinf(size)), one, size);
                  const Tensor v = div(rise, scale), u = div(run, scale);
                  const Tensor share = div(div(g, scale), add(square(v), square(u)));
                  return Tensors{mul(share, u), neg(mul(share, v))};
                });
}

namespace {

// Of hypot, with respect to the operand; at the corner, where both are 0, the slope is 0.
constexpr auto share_of_distance = [](const Tensor& g, const Tensor& x, const Tensor& distance) {
  const Tensor divisor =
      maximum(distance, scalar_tensor(smallest_positive(distance.dtype()), distance.dtype()));
  return mul(g, div(x, divisor));
};

// Of logaddexp, with respect to x; equal infinities share it.
constexpr auto share_of_exponential = [](const Tensor& g, const Tensor& x, const Tensor& y) {
  const Tensor same = bitwise_and(eq(x.detach(), y.detach()), isinf(x));
  return mul(g, sigmoid(where(same, scalar_tensor(0, g.dtype()), sub(x, y))));
};

}  // namespace

Tensor hypot(const Tensor& x, const Tensor& y) {
  const Tensor out = run_binary(Binary::Hypot, "hypot", x, y, true_division_type(result_type(x, y)));
  return record("hypot", out, wrt(x, saving(x, out), share_of_distance),
                wrt(y, saving(y, out), share_of_distance));
}

Tensor logaddexp(const Tensor& a, const Tensor& b) {
  const Tensor out = run_binary(Binary::LogAddExp, "logaddexp", a, b, true_division_type(result_type(a, b)));
  return record("logaddexp", out, wrt(a, saving(a, b), share_of_exponential),
                wrt(b, saving(b, a), share_of_exponential));
}

namespace {

// g times the derivative of x^e with respect to x. x^0 does not depend on x, whatever x^-1 is.
Tensor pow_gradient(const Tensor& g, const Tensor& base, const Tensor& exponent) {
  const auto loop = kernels::table().pow_gradient[index_of(g.dtype())];
  if (!loop || autograd::wanted({g, base, exponent})) {
    // x^0 is flat in x, also where x^-1 is infinite; its slope changes with the exponent, by 1 / x.
    const Tensor none = is_zero(exponent), one = scalar_tensor(1, exponent.dtype());
    const Tensor others = mul(exponent, pow(base, sub(where(none, one, exponent), one)));
    const Tensor inverse = reciprocal(base.detach().to(g.dtype()));
    const Tensor change = where(isfinite(inverse), inverse, scalar_tensor(0, g.dtype()));
    const Tensor slope = where(none, mul(exponent, change), others);
    return mul(g, conj(slope));
  }
  const Tensor x = cast_unrecorded(base, g.dtype()), e = cast_unrecorded(exponent, g.dtype());
  const Tensor out = empty_for({&x, &e, &g}, g.dtype());
  run_loop(make_loop_nest({&out, &g, &x, &e}), loop, nullptr, pow_cost);
  return out;
}

}  // namespace

Tensor pow(const Tensor& base, const Tensor& exponent) {
  const DType dtype = result_type(base, exponent);
  const Tensor out = run_binary(Binary::Pow, "pow", base, exponent, dtype);
  return record("pow", out,
                wrt(base, saving(base, exponent),
                    [](const Tensor& g, const Tensor& x, const Tensor& e) { return pow_gradient(g, x, e); }),
                wrt(exponent, saving(base, exponent, out),
                    [](const Tensor& g, const Tensor& x, const Tensor& e, const Tensor& y) {
                      const Tensor flat =
                          bitwise_and(is_zero(x), ge(real(e), scalar_tensor(0, real(e).dtype())));
                      return mul(g, conj(where(flat, scalar_tensor(0, g.dtype()), mul(y, log(x)))));
                    }));
}

Tensor pow(const Tensor& base, const Scalar& exponent) {
  if (exponent.kind() <= Kind::Integer && exponent.to_int() < 0 && is_integral(base.dtype())) {
    fail("pow", "integers have no negative powers among the integers, the exponent {} was given", exponent);
  }
  return pow(base, as_operand(base, exponent));
}

Tensor eq(const Tensor& a, const Tensor& b) { return compare(Compare::Eq, "eq", a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare(Compare::Ne, "ne", a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare(Compare::Lt, "lt", a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare(Compare::Le, "le", a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare(Compare::Gt, "gt", a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare(Compare::Ge, "ge", a, b); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (condition.dtype() != boolean) {
    fail<DTypeError>("where", "the condition must be bool, {} was given", condition.dtype());
  }
  const DType dtype = result_type(a, b);
  const Tensor x = cast_unrecorded(a, dtype), y = cast_unrecorded(b, dtype);
  Tensor out = empty_for({&x, &y, &condition}, dtype);
  run_loop(make_loop_nest({&out, &condition, &x, &y}),
           kernels::table().select[std::countr_zero(static_cast<unsigned>(out.itemsize()))]);
  return record("where", out,
                wrt(a, saving(condition),
                    [](const Tensor& g, const Tensor& chosen) {
                      return where(chosen, g, scalar_tensor(0, g.dtype()));
                    }),
                wrt(b, saving(condition), [](const Tensor& g, const Tensor& chosen) {
                  return where(chosen, scalar_tensor(0, g.dtype()), g);
                }));
}

namespace {

// clang-format off
constexpr UnaryRule neg_rule{"neg", Unary::Neg, false, 1, Saves::Nothing,
    [](const Tensor& g, const Tensor&) { return neg(g); }};
constexpr UnaryRule abs_rule{"abs", Unary::Abs, false, 1, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, sign(x)); }};
constexpr UnaryRule sign_rule{"sign", Unary::Sign, false, 1, Saves::Nothing,
    [](const Tensor& g, const Tensor&) { return zeros_like(g); }};
constexpr UnaryRule square_rule{"square", Unary::Square, false, 1, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, mul(x, 2)); }};
constexpr UnaryRule relu_rule{"relu", Unary::Relu, false, 1, Saves::Result,
    [](const Tensor& g, const Tensor& y) {
      const Tensor zero = scalar_tensor(0, g.dtype());
      return where(le(y, zero), zero, g);
    }};
constexpr UnaryRule exp_rule{"exp", Unary::Exp, true, 8, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, y); }};
constexpr UnaryRule log_rule{"log", Unary::Log, true, 8, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return div(g, x); }};
constexpr UnaryRule sqrt_rule{"sqrt", Unary::Sqrt, true, 4, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return div(g, mul(y, 2)); }};
constexpr UnaryRule sigmoid_rule{"sigmoid", Unary::Sigmoid, true, 8, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(mul(g, sub(scalar_tensor(1, y.dtype()), y)), y); }};
constexpr UnaryRule tanh_rule{"tanh", Unary::Tanh, true, 8, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return sub(g, mul(g, square(y))); }};
constexpr UnaryRule reciprocal_rule{"reciprocal", Unary::Reciprocal, true, 2, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return neg(mul(g, square(y))); }};
// clang-format on

}  // namespace

Tensor neg(const Tensor& x) { return apply(neg_rule, x); }
Tensor abs(const Tensor& x) {
  if (!is_complex(x.dtype())) return apply(abs_rule, x);
  Tensor out;
  {
    const NoGrad no_grad;
    const Tensor re = real(x);
    out = run_binary(Binary::Hypot, "abs", re, imag(x), re.dtype());
  }
  return record("abs", out, {x}, saving(x), [](const Tensor& g, const Tensor& z) { return mul(g, sgn(z)); });
}

Tensor sgn(const Tensor& x) {
  if (!is_complex(x.dtype())) return sign(x);
  const Tensor size = abs(x), zero = scalar_tensor(0, size.dtype());
  const Tensor divisor = where(eq(size, zero), scalar_tensor(1, size.dtype()), size);
  return div(x, divisor);
}

Tensor sign(const Tensor& x) { return x.dtype() == boolean ? x.clone() : apply(sign_rule, x); }
Tensor square(const Tensor& x) { return apply(square_rule, x.dtype() == boolean ? x.to(int64) : x); }
Tensor relu(const Tensor& x) { return apply(relu_rule, x); }
Tensor exp(const Tensor& x) { return apply(exp_rule, x); }
Tensor log(const Tensor& x) { return apply(log_rule, x); }
Tensor sqrt(const Tensor& x) { return apply(sqrt_rule, x); }
Tensor sigmoid(const Tensor& x) { return apply(sigmoid_rule, x); }
Tensor tanh(const Tensor& x) { return apply(tanh_rule, x); }
Tensor reciprocal(const Tensor& x) { return apply(reciprocal_rule, x); }

Tensor conj(const Tensor& x) {
  if (!is_complex(x.dtype())) return x;
  Tensor out = empty_like(x, x.dtype());
  copy_into(real(out), real(x));
  const Tensor source = imag(x), target = imag(out);
  run_loop(make_loop_nest({&target, &source}), kernels::table().unary[Unary::Neg][index_of(target.dtype())]);
  return record("conj", out, {x}, [](const Tensor& g) { return conj(g); });
}

void add_into(const Tensor& target, const Tensor& addend) {
  const Tensor source = begin_in_place("add_into", target, addend);
  const Tensor y = cast_unrecorded(source.detach(), target.dtype()).expand(target.sizes());
  const Uninterrupted whole;
  run_loop(make_loop_nest({&target, &target, &y}),
           kernels::table().binary[Binary::Add][index_of(target.dtype())]);
}

namespace {

// x = function(x, y). Where no gradient is wanted and the result has x's dtype, the loop writes into x.
template <class F>
const Tensor& binary_in_place(const char* name, Binary op, const Tensor& x, const Operand& operand,
                              F function, const void* parameters = nullptr) {
  const Tensor y = operand.is_tensor() ? operand.tensor() : number_beside(x, operand.number());
  const bool recorded = autograd::in_place_recorded(name, x, {y});
  const bool fits_in_place = op == Binary::Div ? !is_integral(x.dtype()) : x.dtype() != boolean;
  if (recorded || result_type(x, y) != x.dtype() || !fits_in_place) {
    const Tensor read = autograd::source_of_change(recorded, x, y);
    return change_in_place(name, x, {read}, [&](const Tensor& t) { return function(t, read); });
  }
  const NoGrad no_grad;
  const Tensor source = cast_unrecorded(begin_in_place(name, x, y), x.dtype()).expand(x.sizes());
  const Uninterrupted whole;
  run_loop(make_loop_nest({&x, &x, &source}), kernels::table().binary[op][index_of(x.dtype())], parameters);
  return x;
}

// x = x + alpha * y.
template <class F>
const Tensor& add_scaled_in_place(const char* name, const Tensor& x, const Operand& y, const Scalar& alpha,
                                  F function) {
  const Kind highest = is_integral(x.dtype()) ? Kind::Integer : Kind::Floating;
  if (is_complex(x.dtype()) || alpha.kind() > highest) {
    const Tensor other = y.is_tensor() ? y.tensor() : number_beside(x, y.number());
    const Tensor read = autograd::source_of_change(autograd::in_place_recorded(name, x, {other}), x, other);
    return change_in_place(name, x, {read}, [&](const Tensor& t) { return function(t, read); });
  }
  const std::int64_t whole = alpha.to_int();
  const double factor = alpha.to_double();
  return binary_in_place(name, Binary::AddScaled, x, y, function,
                         is_integral(x.dtype()) ? static_cast<const void*>(&whole) : &factor);
}

}  // namespace

const Tensor& Tensor::add_(const Operand& y, const Scalar& alpha) const {
  const auto function = [&](const Tensor& a, const Tensor& b) { return wick::add(a, b, alpha); };
  if (is_one(alpha)) return binary_in_place("add_", Binary::Add, *this, y, function);
  return add_scaled_in_place("add_", *this, y, alpha, function);
}

const Tensor& Tensor::sub_(const Operand& y, const Scalar& alpha) const {
  const auto function = [&](const Tensor& a, const Tensor& b) { return wick::sub(a, b, alpha); };
  if (is_one(alpha)) return binary_in_place("sub_", Binary::Sub, *this, y, function);
  return add_scaled_in_place("sub_", *this, y, negated(alpha), function);
}

const Tensor& Tensor::mul_(const Operand& y) const {
  return binary_in_place("mul_", Binary::Mul, *this, y,
                         [](const Tensor& a, const Tensor& b) { return wick::mul(a, b); });
}

const Tensor& Tensor::div_(const Operand& y) const {
  return binary_in_place("div_", Binary::Div, *this, y,
                         [](const Tensor& a, const Tensor& b) { return wick::div(a, b); });
}

const Tensor& Tensor::pow_(const Operand& exponent) const {
  if (!exponent.is_tensor())
    return change_in_place("pow_", *this, {},
                           [&](const Tensor& x) { return wick::pow(x, exponent.number()); });
  const bool recorded = autograd::in_place_recorded("pow_", *this, {exponent.tensor()});
  const Tensor e = autograd::source_of_change(recorded, *this, exponent.tensor());
  return change_in_place("pow_", *this, {e}, [&](const Tensor& x) { return wick::pow(x, e); });
}

const Tensor& Tensor::neg_() const { return apply_in_place(neg_rule, *this); }
const Tensor& Tensor::abs_() const {
  if (!is_complex(dtype())) return apply_in_place(abs_rule, *this);
  return change_in_place("abs_", *this, {}, [](const Tensor& x) { return wick::abs(x); });
}
const Tensor& Tensor::square_() const {
  if (dtype() == boolean) fail<DTypeError>("square_", "the result is int64, which a bool tensor cannot hold");
  return apply_in_place(square_rule, *this);
}
const Tensor& Tensor::reciprocal_() const { return apply_in_place(reciprocal_rule, *this); }
const Tensor& Tensor::exp_() const { return apply_in_place(exp_rule, *this); }
const Tensor& Tensor::log_() const { return apply_in_place(log_rule, *this); }
const Tensor& Tensor::sqrt_() const { return apply_in_place(sqrt_rule, *this); }
const Tensor& Tensor::relu_() const { return apply_in_place(relu_rule, *this); }
const Tensor& Tensor::sigmoid_() const { return apply_in_place(sigmoid_rule, *this); }
const Tensor& Tensor::tanh_() const { return apply_in_place(tanh_rule, *this); }

}  // namespace wick
