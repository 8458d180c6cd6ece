#include "wick/ops/elementwise.h"

#include <limits>
#include <numbers>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/questions.h"
#include "wick/ops/creation.h"
#include "wick/ops/reduction.h"
#include "wick/ops/rule.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Unary;

namespace {

constexpr double ln2 = std::numbers::ln2, ln10 = std::numbers::ln10;
constexpr double degree = std::numbers::pi / 180;

Tensor no_slope(const Tensor& g, const Tensor&) { return zeros_like(g); }

// (x / m)^2 + (1 / m)^2 for m = max(|x|, 1): x^2 + 1 without leaving the range. The value of a formula in
// which m cancels does not depend on m, which therefore is a constant for derivatives.
struct SquarePlusOne {
  Tensor m, scaled;

  explicit SquarePlusOne(const Tensor& x) {
    const Tensor one = scalar_tensor(1, real_dtype(x.dtype())), size = abs(x.detach());
    m = where(isfinite(size), maximum(size, one), one);  // of an infinity the square itself
    scaled = add(square(div(x, m)), square(reciprocal(m)));
  }
};

// With factors in place of 1 - x^2, which loses digits near 1 and the range far from it.
Tensor asin_slope(const Tensor& x) {
  const Tensor below = add(neg(x), 1), above = add(x, 1);
  return mul(rsqrt(below), rsqrt(above));
}

// clang-format off
constexpr UnaryRule sin_rule{"sin", Unary::Sin, true, 12, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, cos(x)); }};
constexpr UnaryRule cos_rule{"cos", Unary::Cos, true, 12, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return neg(mul(g, sin(x))); }};
constexpr UnaryRule tan_rule{"tan", Unary::Tan, true, 12, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, add(square(y), 1)); }};
constexpr UnaryRule asin_rule{"asin", Unary::Asin, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, asin_slope(x)); }};
constexpr UnaryRule acos_rule{"acos", Unary::Acos, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return neg(mul(g, asin_slope(x))); }};
constexpr UnaryRule atan_rule{"atan", Unary::Atan, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) {
      const SquarePlusOne s(x);
      return div(div(div(g, s.m), s.m), s.scaled);
    }};
constexpr UnaryRule sinh_rule{"sinh", Unary::Sinh, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, cosh(x)); }};
constexpr UnaryRule cosh_rule{"cosh", Unary::Cosh, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, sinh(x)); }};
constexpr UnaryRule asinh_rule{"asinh", Unary::Asinh, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) {
      const SquarePlusOne s(x);
      return mul(div(g, s.m), rsqrt(s.scaled));
    }};
constexpr UnaryRule acosh_rule{"acosh", Unary::Acosh, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1)))); }};
constexpr UnaryRule atanh_rule{"atanh", Unary::Atanh, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return div(div(g, add(neg(x), 1)), add(x, 1)); }};
constexpr UnaryRule exp2_rule{"exp2", Unary::Exp2, true, 12, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, mul(y, ln2)); }};
constexpr UnaryRule exp10_rule{"exp10", Unary::Exp10, true, 16, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, mul(y, ln10)); }};
constexpr UnaryRule expm1_rule{"expm1", Unary::Expm1, true, 12, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, add(y, 1)); }};
constexpr UnaryRule log2_rule{"log2", Unary::Log2, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return div(g, mul(x, ln2)); }};
constexpr UnaryRule log10_rule{"log10", Unary::Log10, true, 16, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return div(g, mul(x, ln10)); }};
constexpr UnaryRule log1p_rule{"log1p", Unary::Log1p, true, 12, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return div(g, add(x, 1)); }};
constexpr UnaryRule rsqrt_rule{"rsqrt", Unary::Rsqrt, true, 4, Saves::Result,
    [](const Tensor& g, const Tensor& y) { return mul(g, mul(mul(square(y), y), -0.5)); }};
constexpr UnaryRule erf_rule{"erf", Unary::Erf, true, 12, Saves::Input,
    [](const Tensor& g, const Tensor& x) { return mul(g, mul(exp(neg(square(x))), 2 * std::numbers::inv_sqrtpi)); }};
constexpr UnaryRule floor_rule{"floor", Unary::Floor, false, 1, Saves::Nothing, no_slope};
constexpr UnaryRule ceil_rule{"ceil", Unary::Ceil, false, 1, Saves::Nothing, no_slope};
constexpr UnaryRule round_rule{"round", Unary::Round, false, 1, Saves::Nothing, no_slope};
constexpr UnaryRule trunc_rule{"trunc", Unary::Trunc, false, 1, Saves::Nothing, no_slope};
constexpr UnaryRule frac_rule{"frac", Unary::Frac, false, 1, Saves::Nothing,
    [](const Tensor& g, const Tensor&) { return g; }};
constexpr UnaryRule bit_not_rule{"bitwise_not", Unary::BitNot, false, 1, Saves::Nothing, no_slope};
// clang-format on

// Integers are whole already.
Tensor to_whole(const UnaryRule& rule, const Tensor& x) {
  return kind(x.dtype()) == Kind::Integer ? x.clone() : apply(rule, x);
}

const Tensor& to_whole_in_place(const UnaryRule& rule, const Tensor& x) {
  return kind(x.dtype()) == Kind::Integer ? x : apply_in_place(rule, x);
}

Tensor truth(const Tensor& x) { return x.detach().to(boolean); }

Tensor angle(const Tensor& x, double factor) {
  return mul(is_integral(x.dtype()) ? x.to(float32) : x, factor);
}

}  // namespace

Tensor sin(const Tensor& x) { return apply(sin_rule, x); }
Tensor cos(const Tensor& x) { return apply(cos_rule, x); }
Tensor tan(const Tensor& x) { return apply(tan_rule, x); }
Tensor asin(const Tensor& x) { return apply(asin_rule, x); }
Tensor acos(const Tensor& x) { return apply(acos_rule, x); }
Tensor atan(const Tensor& x) { return apply(atan_rule, x); }
Tensor sinh(const Tensor& x) { return apply(sinh_rule, x); }
Tensor cosh(const Tensor& x) { return apply(cosh_rule, x); }
Tensor asinh(const Tensor& x) { return apply(asinh_rule, x); }
Tensor acosh(const Tensor& x) { return apply(acosh_rule, x); }
Tensor atanh(const Tensor& x) { return apply(atanh_rule, x); }
Tensor exp2(const Tensor& x) { return apply(exp2_rule, x); }
Tensor exp10(const Tensor& x) { return apply(exp10_rule, x); }
Tensor expm1(const Tensor& x) { return apply(expm1_rule, x); }
Tensor log2(const Tensor& x) { return apply(log2_rule, x); }
Tensor log10(const Tensor& x) { return apply(log10_rule, x); }
Tensor log1p(const Tensor& x) { return apply(log1p_rule, x); }
Tensor rsqrt(const Tensor& x) { return apply(rsqrt_rule, x); }
Tensor erf(const Tensor& x) { return apply(erf_rule, x); }
Tensor deg2rad(const Tensor& x) { return angle(x, degree); }
Tensor rad2deg(const Tensor& x) { return angle(x, 1 / degree); }

Tensor floor(const Tensor& x) { return to_whole(floor_rule, x); }
Tensor ceil(const Tensor& x) { return to_whole(ceil_rule, x); }
Tensor round(const Tensor& x) { return to_whole(round_rule, x); }
Tensor trunc(const Tensor& x) { return to_whole(trunc_rule, x); }
const Tensor& Tensor::floor_() const { return to_whole_in_place(floor_rule, *this); }
const Tensor& Tensor::ceil_() const { return to_whole_in_place(ceil_rule, *this); }
const Tensor& Tensor::round_() const { return to_whole_in_place(round_rule, *this); }
const Tensor& Tensor::trunc_() const { return to_whole_in_place(trunc_rule, *this); }
Tensor frac(const Tensor& x) { return apply(frac_rule, x); }

namespace {

constexpr UnaryRule nan_to_num_rule{
    "nan_to_num", Unary::NanToNum, false, 1, Saves::Input, [](const Tensor& g, const Tensor& x) {
      return where(isfinite(x), g, scalar_tensor(0, g.dtype()));
    }};

}  // namespace

Tensor nan_to_num(const Tensor& x, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  if (is_integral(x.dtype())) return x.clone();
  const double most = largest_finite(x.dtype());
  return apply(nan_to_num_rule, x, {{nan.value_or(0), posinf.value_or(most), neginf.value_or(-most)}, {}});
}

Tensor isnan(const Tensor& x) { return ne(x.detach(), x.detach()); }

Tensor isinf(const Tensor& x) {
  if (is_integral(x.dtype())) return full_like(x, false, boolean);
  if (is_complex(x.dtype())) return bitwise_or(isinf(real(x)), isinf(imag(x)));
  return eq(abs(x.detach()), scalar_tensor(std::numeric_limits<double>::infinity(), x.dtype()));
}

Tensor isfinite(const Tensor& x) {
  if (is_integral(x.dtype())) return full_like(x, true, boolean);
  if (is_complex(x.dtype())) return bitwise_and(isfinite(real(x)), isfinite(imag(x)));
  return lt(abs(x.detach()), scalar_tensor(std::numeric_limits<double>::infinity(), x.dtype()));
}

namespace {

// With the difference without a sign, which 64 bits hold.
Tensor integers_close(const Tensor& a, const Tensor& b, double rtol, double atol) {
  const Shape shape = broadcast_shapes(a.sizes(), b.sizes());
  const Tensor x = a.to(int64).expand(shape).contiguous(), y = b.to(int64).expand(shape).contiguous();
  const Tensor out = empty(shape, boolean);
  const std::int64_t *first = x.data<std::int64_t>(), *second = y.data<std::int64_t>();
  bool* close = out.data<bool>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    ask_after(i);
    const auto u = static_cast<std::uint64_t>(first[i]), v = static_cast<std::uint64_t>(second[i]);
    const std::uint64_t distance = first[i] > second[i] ? u - v : v - u;
    const std::uint64_t size = second[i] < 0 ? 0 - v : v;
    const double bound = atol + rtol * static_cast<double>(size);
    close[i] = bound >= 0x1p64 || distance <= static_cast<std::uint64_t>(bound);
  }
  return out;
}

}  // namespace

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  check_same_dtype("isclose", a.dtype(), b.dtype());
  if (!(rtol >= 0) || !(atol >= 0)) {
    fail("isclose", "rtol and atol must be 0 or greater, {} and {} were given", rtol, atol);
  }
  const NoGrad no_grad;
  if (is_integral(a.dtype())) return integers_close(a, b, rtol, atol);
  Tensor close = eq(a, b);
  if (equal_nan) close = bitwise_or(close, bitwise_and(isnan(a), isnan(b)));
  const Tensor near = le(abs(sub(a, b)), add(mul(abs(b), rtol), atol));
  return bitwise_or(close, bitwise_and(near, bitwise_and(isfinite(a), isfinite(b))));
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  const Tensor close = isclose(a, b, rtol, atol, equal_nan);
  return sum(close).item().to_int() == close.numel();
}

Tensor logical_and(const Tensor& a, const Tensor& b) { return bitwise_and(truth(a), truth(b)); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return bitwise_or(truth(a), truth(b)); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return bitwise_xor(truth(a), truth(b)); }
Tensor logical_not(const Tensor& x) { return eq(truth(x), scalar_tensor(false, boolean)); }

Tensor bitwise_not(const Tensor& x) { return x.dtype() == boolean ? logical_not(x) : apply(bit_not_rule, x); }

}  // namespace wick
