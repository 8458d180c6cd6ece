#include "wick/ops/activation.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/rule.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Unary;

namespace {

UnaryParameters real(double a, double b = 0, double c = 0) { return {{a, b, c}, {}}; }

// The number as an element of an integer dtype, cut towards 0. Error when it does not fit.
std::int64_t integer(const char* operation, const Scalar& number, DType dtype) {
  if (fits(number, dtype)) return number.to_int();
  fail(operation, "{} does not fit {}", number, dtype);
}

UnaryParameters of_dtype(const UnaryRule& rule, const Tensor& x, const Scalar& a, const Scalar& b) {
  UnaryParameters p = real(a.to_double(), b.to_double());
  if (kind(x.dtype()) == Kind::Integer) {
    p.integer[0] = integer(rule.name, a, x.dtype());
    p.integer[1] = integer(rule.name, b, x.dtype());
  }
  return p;
}

// The number as a 0-d tensor beside x.
Tensor number(const Tensor& x, double value) { return scalar_tensor(value, x.dtype()); }

// g where the condition holds, else 0; and the reverse.
Tensor g_where(const Tensor& condition, const Tensor& g) { return where(condition, g, number(g, 0)); }
Tensor g_unless(const Tensor& condition, const Tensor& g) { return where(condition, number(g, 0), g); }

// --- Derivatives

Tensor elu_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  const auto [a, b, c] = p.real;
  // exp(c x) below 0, without overflow above.
  const Tensor slope = exp(minimum(x * c, number(x, 0))) * (a * c);
  return where(le(x, number(x, 0)), g * slope, g * b);
}
Tensor leaky_relu_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  return where(gt(x, number(x, 0)), g, g * p.real[0]);
}
Tensor hardtanh_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  return g_unless(bitwise_or(le(x, number(x, p.real[0])), ge(x, number(x, p.real[1]))), g);
}
Tensor threshold_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  return g_unless(le(x, number(x, p.real[0])), g);
}
Tensor shrink_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  return g_unless(le(abs(x.detach()), number(x, p.real[0])), g);
}
Tensor hardsigmoid_derivative(const Tensor& g, const Tensor& x) {
  return g_where(lt(abs(x.detach()), number(x, 3)), g * (1.0 / 6));
}
Tensor hardswish_derivative(const Tensor& g, const Tensor& x) {
  const Tensor slope = where(ge(x, number(x, 3)), number(x, 1), x * (1.0 / 3) + 0.5);
  return g_unless(lt(x, number(x, -3)), g * slope);
}
Tensor softplus_derivative(const Tensor& g, const Tensor& x, const UnaryParameters& p) {
  const Tensor y = x * p.real[0];
  return where(gt(y, number(x, p.real[1])), g, g * sigmoid(y));
}
Tensor softsign_derivative(const Tensor& g, const Tensor& x) {
  const Tensor size = abs(x) + 1;
  return g / size / size;
}
Tensor tanhshrink_derivative(const Tensor& g, const Tensor& x) { return g * square(tanh(x)); }
Tensor silu_derivative(const Tensor& g, const Tensor& x) {
  const Tensor s = sigmoid(x);
  return g * s * (x * sigmoid(neg(x)) + 1);
}
// With t = tanh(softplus(x)), whose derivative is sigmoid(x) (1 - t^2).
Tensor mish_derivative(const Tensor& g, const Tensor& x) {
  const Tensor t = tanh(softplus(x));
  return g * (t + x * sigmoid(x) * (neg(square(t)) + 1));
}
Tensor gelu_derivative(const Tensor& g, const Tensor& x) {
  const Tensor density = exp(square(x) * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return g * ((erf(x * (1 / std::numbers::sqrt2)) + 1) * 0.5 + x * density);
}
// With t = tanh(u): (1 + t) / 2 + x (1 - t^2) u' / 2.
Tensor gelu_tanh_derivative(const Tensor& g, const Tensor& x) {
  constexpr double k = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
  const Tensor xx = square(x), t = tanh(x * (xx * cubic + 1) * k);
  const Tensor slope = (xx * (3 * cubic) + 1) * k;
  return g * (t + 1 + x * (neg(square(t)) + 1) * slope) * 0.5;
}

// --- The table

constexpr UnaryRule rule(const char* name, Unary op, int cost, Derivative derivative) {
  return {name, op, false, cost, Saves::Input, derivative};
}
constexpr UnaryRule elu_rule = rule("elu", Unary::Elu, 10, elu_derivative);
constexpr UnaryRule selu_rule = rule("selu", Unary::Elu, 10, elu_derivative);
constexpr UnaryRule celu_rule = rule("celu", Unary::Elu, 10, elu_derivative);
constexpr UnaryRule leaky_relu_rule = rule("leaky_relu", Unary::LeakyRelu, 1, leaky_relu_derivative);
constexpr UnaryRule rrelu_rule = rule("rrelu", Unary::LeakyRelu, 1, leaky_relu_derivative);
constexpr UnaryRule hardtanh_rule = rule("hardtanh", Unary::Hardtanh, 1, hardtanh_derivative);
constexpr UnaryRule relu6_rule = rule("relu6", Unary::Hardtanh, 1, hardtanh_derivative);
constexpr UnaryRule threshold_rule = rule("threshold", Unary::Threshold, 1, threshold_derivative);
constexpr UnaryRule hardshrink_rule = rule("hardshrink", Unary::Hardshrink, 1, shrink_derivative);
constexpr UnaryRule softshrink_rule = rule("softshrink", Unary::Softshrink, 1, shrink_derivative);
constexpr UnaryRule hardsigmoid_rule = rule("hardsigmoid", Unary::Hardsigmoid, 2, hardsigmoid_derivative);
constexpr UnaryRule hardswish_rule = rule("hardswish", Unary::Hardswish, 2, hardswish_derivative);
constexpr UnaryRule softplus_rule = rule("softplus", Unary::Softplus, 16, softplus_derivative);
constexpr UnaryRule log_sigmoid_rule = rule("log_sigmoid", Unary::Softplus, 16, softplus_derivative);
constexpr UnaryRule softsign_rule = rule("softsign", Unary::Softsign, 2, softsign_derivative);
constexpr UnaryRule tanhshrink_rule = rule("tanhshrink", Unary::Tanhshrink, 8, tanhshrink_derivative);
constexpr UnaryRule silu_rule = rule("silu", Unary::Silu, 8, silu_derivative);
constexpr UnaryRule mish_rule = rule("mish", Unary::Mish, 8, mish_derivative);
constexpr UnaryRule gelu_rule = rule("gelu", Unary::Gelu, 12, gelu_derivative);
constexpr UnaryRule gelu_tanh_rule = rule("gelu", Unary::GeluTanh, 8, gelu_tanh_derivative);

// What is computed in float32 where the others refuse integers.
Tensor floating(const Tensor& x) { return kind(x.dtype()) == Kind::Integer ? x.to(float32) : x; }

}  // namespace

Tensor gelu(const Tensor& x, std::string_view approximate) {
  if (approximate == "none") return apply(gelu_rule, x);
  if (approximate == "tanh") return apply(gelu_tanh_rule, x);
  fail("gelu", "approximate must be none or tanh, {} was given", approximate);
}

Tensor elu(const Tensor& x, double alpha, double scale, double input_scale) {
  return apply(elu_rule, x, real(alpha * scale, scale, input_scale));
}

Tensor selu(const Tensor& x) {
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  return apply(selu_rule, x, real(alpha * scale, scale, 1));
}

Tensor celu(const Tensor& x, double alpha) {
  if (alpha == 0) fail("celu", "alpha must not be 0");
  return apply(celu_rule, x, real(alpha, 1, 1 / alpha));
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return apply(leaky_relu_rule, x, real(negative_slope));
}

Tensor rrelu(const Tensor& x, double lower, double upper) {
  if (!(lower <= upper)) fail("rrelu", "lower must be at most upper, {} and {} were given", lower, upper);
  return apply(rrelu_rule, x, real((lower + upper) / 2));
}

Tensor relu6(const Tensor& x) { return apply(relu6_rule, x, of_dtype(relu6_rule, x, 0, 6)); }
Tensor hardtanh(const Tensor& x, const Scalar& min, const Scalar& max) {
  return apply(hardtanh_rule, x, of_dtype(hardtanh_rule, x, min, max));
}
Tensor threshold(const Tensor& x, const Scalar& threshold, const Scalar& value) {
  return apply(threshold_rule, x, of_dtype(threshold_rule, x, threshold, value));
}
Tensor hardshrink(const Tensor& x, double lambd) { return apply(hardshrink_rule, x, real(lambd)); }
Tensor softshrink(const Tensor& x, double lambd) {
  if (!(lambd >= 0)) fail("softshrink", "lambd must be 0 or greater, {} was given", lambd);
  return apply(softshrink_rule, x, real(lambd));
}
Tensor hardsigmoid(const Tensor& x) { return apply(hardsigmoid_rule, x); }
Tensor hardswish(const Tensor& x) { return apply(hardswish_rule, x); }
Tensor silu(const Tensor& x) { return apply(silu_rule, x); }
Tensor mish(const Tensor& x) { return apply(mish_rule, x); }
Tensor softplus(const Tensor& x, double beta, double threshold) {
  return apply(softplus_rule, x, real(beta, threshold));
}
Tensor log_sigmoid(const Tensor& x) {
  return apply(log_sigmoid_rule, x, real(-1, std::numeric_limits<double>::infinity()));
}
Tensor softsign(const Tensor& x) { return apply(softsign_rule, floating(x)); }
Tensor tanhshrink(const Tensor& x) { return apply(tanhshrink_rule, floating(x)); }

// --- Functions of two tensors

namespace {

// The weight in a shape that broadcasts along the channels of x.
Tensor by_channel(const Tensor& weight, const Tensor& x) {
  if (weight.dim() > 1) {
    fail<ShapeError>("prelu", "the weight must have one dimension, shape {} was given", weight.sizes());
  }
  if (weight.numel() == 1) return weight.reshape({});
  const std::int64_t channels = x.dim() > 1 ? x.size(1) : 1;
  if (weight.numel() != channels) {
    fail<ShapeError>("prelu",
                     "the weight must have 1 element or as many as there are channels, {} were given for {} "
                     "channels",
                     weight.numel(), channels);
  }
  Shape shape = Shape::filled(x.dim(), 1);
  shape[1] = channels;
  return weight.reshape(shape);
}

}  // namespace

Tensor prelu(const Tensor& x, const Tensor& weight) {
  check_same_dtype("prelu", x.dtype(), weight.dtype());
  const Tensor w = by_channel(weight, x);
  const auto loop = checked_kernel(kernels::table().prelu[index_of(x.dtype())], "prelu", x.dtype());
  const Tensor out = empty_like(x);
  run_loop(make_loop_nest({&out, &x, &w}), loop);
  return record("prelu", out,
                wrt(x, saving(x, w),
                    [](const Tensor& g, const Tensor& in, const Tensor& slope) {
                      return where(gt(in, number(in, 0)), g, mul(g, slope));
                    }),
                wrt(w, saving(x), [](const Tensor& g, const Tensor& in) {
                  return mul(g, where(gt(in, number(in, 0)), number(in, 0), in));
                }));
}

namespace {

// The formula in glu, with both halves computed in their places.
Tensor glu_gradient(const Tensor& g, const Tensor& a, const Tensor& b, int along) {
  const std::int64_t n = a.size(along);
  Shape shape = a.sizes();
  shape[along] = 2 * n;
  const Tensor out = empty(shape, a.dtype()), first = narrow(out, along, 0, n),
               second = narrow(out, along, n, n);
  const auto product = kernels::table().binary[kernels::Binary::Mul][index_of(a.dtype())];
  const Tensor gate = sigmoid(b), rest = mul(a, sigmoid(neg(b)));
  run_loop(make_loop_nest({&first, &g, &gate}), product);
  run_loop(make_loop_nest({&second, &first, &rest}), product);
  return out;
}

}  // namespace

Tensor glu(const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0)
    fail<ShapeError>("glu", "the input must have a dimension to be halved, a 0-d tensor was given");
  const int d = wrap_dim(dim, x.dim());
  if (!is_floating(x.dtype())) throw DTypeError("glu is not defined for " + std::string(name(x.dtype())));
  if (x.size(d) % 2 != 0) {
    fail<ShapeError>("glu", "the size of dimension {} must be even, it is {}", d, x.size(d));
  }
  const std::int64_t half = x.size(d) / 2;
  Tensor out;
  {
    const NoGrad no_grad;
    out = mul(narrow(x, d, 0, half), sigmoid(narrow(x, d, half, half)));
  }
  return record("glu", out, {x}, saving(x, d), [](const Tensor& g, const Tensor& in, int along) {
    const std::int64_t n = in.size(along) / 2;
    const Tensor a = narrow(in, along, 0, n), b = narrow(in, along, n, n);
    if (!autograd::wanted({g, in}) && g.dtype() == in.dtype()) return glu_gradient(g, a, b, along);
    const Tensor first = mul(g, sigmoid(b));
    return cat({first, mul(mul(first, a), sigmoid(neg(b)))}, along);
  });
}

}  // namespace wick
