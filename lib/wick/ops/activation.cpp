#include "wick/ops/activation.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "wick/autograd/node.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Activation;
using Parameters = kernels::ActivationParameters;

namespace {

// --- The mechanism: a kernel for the function, one for its derivative, and the second derivative in terms of
// the library's operations.

struct Rule {
  const char* name;
  Activation op;
  int cost;                                                   // of an element, in additions
  Tensor (*curvature)(const Tensor& x, const Parameters& p);  // null: 0 everywhere
};

// g times the derivative at x.
Tensor gradient(const Rule& rule, const Tensor& given, const Tensor& x, const Parameters& p) {
  const Tensor g = given.to(x.dtype());
  const auto loop = kernels::table().activation_gradient[static_cast<int>(rule.op)][index_of(x.dtype())];
  const Tensor out = empty_for({&x, &g}, x.dtype());
  run_loop(make_loop_nest({&out, &g, &x}), checked_kernel(loop, rule.name, x.dtype()), &p, 2 * rule.cost);
  return record(
      rule.name, out,
      wrt(g, saving(rule, x, p),
          [](const Tensor& h, const Rule& of, const Tensor& at, const Parameters& q) {
            return gradient(of, h, at, q);
          }),
      wrt(x, saving(rule, g, x, p),
          [](const Tensor& h, const Rule& of, const Tensor& slope, const Tensor& at, const Parameters& q) {
            return of.curvature ? mul(mul(h, slope), of.curvature(at, q)) : Tensor();
          }));
}

Tensor apply(const Rule& rule, const Tensor& x, const Parameters& p = {}) {
  const auto loop = kernels::table().activation[static_cast<int>(rule.op)][index_of(x.dtype())];
  const Tensor out = empty_like(x);
  run_loop(make_loop_nest({&out, &x}), checked_kernel(loop, rule.name, x.dtype()), &p, rule.cost);
  return record(rule.name, out, {x}, saving(rule, x, p),
                [](const Tensor& g, const Rule& of, const Tensor& at, const Parameters& q) {
                  return gradient(of, g, at, q);
                });
}

Parameters real(double a, double b = 0, double c = 0) { return {{a, b, c}, {}}; }

// The number as an element of an integer dtype, cut towards 0. Error when it does not fit.
std::int64_t whole(const char* operation, const Scalar& number, DType dtype) {
  if (fits(number, dtype)) return number.to_int();
  throw Error(std::string(operation) + ": " + to_string(number) + " does not fit " +
              std::string(name(dtype)));
}

Parameters of_dtype(const Rule& rule, const Tensor& x, const Scalar& a, const Scalar& b) {
  Parameters p = real(a.to_double(), b.to_double());
  if (kind(x.dtype()) == Kind::Integer) {
    p.whole[0] = whole(rule.name, a, x.dtype());
    p.whole[1] = whole(rule.name, b, x.dtype());
  }
  return p;
}

// --- Second derivatives

Tensor number(const Tensor& like, double value) { return scalar_tensor(value, like.dtype()); }

Tensor elu_curvature(const Tensor& x, const Parameters& p) {
  const auto [a, b, c] = p.real;
  // exp(c x) below 0, without overflow above.
  const Tensor slope = mul(exp(minimum(mul(x, c), number(x, 0))), a * c * c);
  return where(le(x, number(x, 0)), slope, number(x, 0));
}

// x / 3 + 1 / 2 from -3 to 3.
Tensor hardswish_curvature(const Tensor& x, const Parameters&) {
  return where(lt(abs(x), number(x, 3)), number(x, 1.0 / 3), number(x, 0));
}

Tensor softplus_curvature(const Tensor& x, const Parameters& p) {
  const auto [beta, threshold, unused] = p.real;
  const Tensor y = mul(x, beta), s = sigmoid(y);
  return where(gt(y, number(x, threshold)), number(x, 0), mul(mul(s, sigmoid(neg(y))), beta));
}

Tensor softsign_curvature(const Tensor& x, const Parameters&) {
  return mul(mul(sign(x), pow(add(abs(x), 1), -3)), -2);
}

Tensor tanhshrink_curvature(const Tensor& x, const Parameters&) {
  const Tensor t = tanh(x);
  return mul(sub(t, mul(square(t), t)), 2);
}

// The derivative of s (1 + x (1 - s)).
Tensor silu_curvature(const Tensor& x, const Parameters&) {
  const Tensor s = sigmoid(x), rest = sigmoid(neg(x));
  return mul(mul(s, rest), add(mul(x, sub(rest, s)), 2));
}

// With t = tanh(softplus(x)), whose derivative is w = s (1 - t^2): that of t + x w.
Tensor mish_curvature(const Tensor& x, const Parameters&) {
  const Tensor s = sigmoid(x), t = tanh(softplus(x));
  const Tensor w = sub(s, mul(s, square(t)));
  return mul(w, add(mul(x, sub(sigmoid(neg(x)), mul(mul(s, t), 2))), 2));
}

Tensor gelu_curvature(const Tensor& x, const Parameters&) {
  const Tensor density = mul(exp(mul(square(x), -0.5)), std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return mul(density, add(neg(square(x)), 2));
}

// With t = tanh(u): the derivative of (1 + t) / 2 + x (1 - t^2) u' / 2.
Tensor gelu_tanh_curvature(const Tensor& x, const Parameters&) {
  const double k = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
  const Tensor xx = square(x);
  const Tensor t = tanh(mul(mul(x, add(mul(xx, cubic), 1)), k));
  const Tensor u1 = mul(add(mul(xx, 3 * cubic), 1), k), u2 = mul(x, 6 * cubic * k);
  const Tensor bend = mul(mul(x, 0.5), sub(u2, mul(mul(t, square(u1)), 2)));
  return mul(add(neg(square(t)), 1), add(u1, bend));
}

// --- The table

constexpr Rule elu_rule{"elu", Activation::Elu, 10, elu_curvature};
constexpr Rule selu_rule{"selu", Activation::Elu, 10, elu_curvature};
constexpr Rule celu_rule{"celu", Activation::Elu, 10, elu_curvature};
constexpr Rule leaky_relu_rule{"leaky_relu", Activation::LeakyRelu, 1, nullptr};
constexpr Rule rrelu_rule{"rrelu", Activation::LeakyRelu, 1, nullptr};
constexpr Rule hardtanh_rule{"hardtanh", Activation::Hardtanh, 1, nullptr};
constexpr Rule relu6_rule{"relu6", Activation::Hardtanh, 1, nullptr};
constexpr Rule threshold_rule{"threshold", Activation::Threshold, 1, nullptr};
constexpr Rule hardshrink_rule{"hardshrink", Activation::Hardshrink, 1, nullptr};
constexpr Rule softshrink_rule{"softshrink", Activation::Softshrink, 1, nullptr};
constexpr Rule hardsigmoid_rule{"hardsigmoid", Activation::Hardsigmoid, 2, nullptr};
constexpr Rule hardswish_rule{"hardswish", Activation::Hardswish, 2, hardswish_curvature};
constexpr Rule softplus_rule{"softplus", Activation::Softplus, 16, softplus_curvature};
constexpr Rule log_sigmoid_rule{"log_sigmoid", Activation::Softplus, 16, softplus_curvature};
constexpr Rule softsign_rule{"softsign", Activation::Softsign, 2, softsign_curvature};
constexpr Rule tanhshrink_rule{"tanhshrink", Activation::Tanhshrink, 8, tanhshrink_curvature};
constexpr Rule silu_rule{"silu", Activation::Silu, 8, silu_curvature};
constexpr Rule mish_rule{"mish", Activation::Mish, 8, mish_curvature};
constexpr Rule gelu_rule{"gelu", Activation::Gelu, 12, gelu_curvature};
constexpr Rule gelu_tanh_rule{"gelu", Activation::GeluTanh, 8, gelu_tanh_curvature};

// What is computed in float32 where the others refuse integers.
Tensor floating(const Tensor& x) { return kind(x.dtype()) == Kind::Integer ? x.to(float32) : x; }

}  // namespace

Tensor gelu(const Tensor& x, std::string_view approximate) {
  if (approximate == "none") return apply(gelu_rule, x);
  if (approximate == "tanh") return apply(gelu_tanh_rule, x);
  throw Error("gelu: approximate must be none or tanh, " + std::string(approximate) + " was given");
}

Tensor elu(const Tensor& x, double alpha, double scale, double input_scale) {
  return apply(elu_rule, x, real(alpha * scale, scale, input_scale));
}

Tensor selu(const Tensor& x) {
  constexpr double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
  return apply(selu_rule, x, real(alpha * scale, scale, 1));
}

Tensor celu(const Tensor& x, double alpha) {
  if (alpha == 0) throw Error("celu: alpha must not be 0");
  return apply(celu_rule, x, real(alpha, 1, 1 / alpha));
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return apply(leaky_relu_rule, x, real(negative_slope));
}

Tensor rrelu(const Tensor& x, double lower, double upper) {
  if (!(lower <= upper)) {
    throw Error("rrelu: lower must be at most upper, " + to_string(lower) + " and " + to_string(upper) +
                " were given");
  }
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
  if (!(lambd >= 0))
    throw Error("softshrink: lambd must be 0 or greater, " + to_string(lambd) + " was given");
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
    throw ShapeError("prelu: the weight must have one dimension, shape " + to_string(weight.sizes()) +
                     " was given");
  }
  if (weight.numel() == 1) return weight.reshape({});
  const std::int64_t channels = x.dim() > 1 ? x.size(1) : 1;
  if (weight.numel() != channels) {
    throw ShapeError("prelu: the weight must have 1 element or as many as there are channels, " +
                     std::to_string(weight.numel()) + " were given for " + std::to_string(channels) +
                     " channels");
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

Tensor glu(const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0)
    throw ShapeError("glu: the input must have a dimension to be halved, a 0-d tensor was given");
  const int d = wrap_dim(dim, x.dim());
  if (!is_floating(x.dtype())) throw DTypeError("glu is not defined for " + std::string(name(x.dtype())));
  if (x.size(d) % 2 != 0) {
    throw ShapeError("glu: the size of dimension " + std::to_string(d) + " must be even, it is " +
                     std::to_string(x.size(d)));
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
    const Tensor first = mul(g, sigmoid(b));
    return cat({first, mul(mul(first, a), sigmoid(neg(b)))}, along);
  });
}

}  // namespace wick
