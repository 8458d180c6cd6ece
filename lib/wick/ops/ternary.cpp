#include <complex>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/rule.h"

namespace wick {

using kernels::Ternary;
using kernels::TernaryParameters;

namespace {

Tensor run_ternary(Ternary op, const char* name, const Tensor& a, const Tensor& b, const Tensor& c,
                   DType dtype, const TernaryParameters& parameters = {}) {
  const auto loop = checked_kernel(kernels::table().ternary[op][index_of(dtype)], name, dtype);
  const Tensor x = a.detach().to(dtype), y = b.detach().to(dtype), z = c.detach().to(dtype);
  const Tensor out = empty_for({&x, &y, &z}, dtype);
  run_loop(make_loop_nest({&out, &x, &y, &z}), loop, &parameters);
  return out;
}

TernaryParameters parameters_of(const Scalar& factor, DType dtype) {
  if (is_integral(dtype)) return {.integer = factor.to_int()};
  const std::complex<double> number = factor.to_complex();
  return {.real = number.real(), .imag = number.imag()};
}

// Of addcmul, with respect to one of the factors.
constexpr auto gradient_of_factor = [](const Tensor& g, const Tensor& other, const Scalar& times) {
  return mul(mul(g, conj(other)), times);
};

}  // namespace

Tensor lerp(const Tensor& start, const Tensor& end, const Operand& weight) {
  const DType dtype = start.dtype();
  check_same_dtype("lerp", dtype, end.dtype());
  if (is_integral(dtype)) checked_kernel(nullptr, "lerp", dtype);
  if (weight.is_tensor()) {
    check_same_dtype("lerp", dtype, weight.tensor().dtype());
  } else if (weight.number().kind() > kind(dtype)) {
    fail<DTypeError>("lerp", "between real tensors the weight must be real, {} was given", weight.number());
  }
  const Tensor w = weight.is_tensor() ? weight.tensor() : scalar_tensor(weight.number(), dtype);
  return record("lerp", run_ternary(Ternary::Lerp, "lerp", start, end, w, dtype),
                wrt(start, saving(w), [](const Tensor& g, const Tensor& t) { return mul(g, conj(1 - t)); }),
                wrt(end, saving(w), [](const Tensor& g, const Tensor& t) { return mul(g, conj(t)); }),
                wrt(w, saving(start, end), [](const Tensor& g, const Tensor& from, const Tensor& to) {
                  return mul(g, conj(sub(to, from)));
                }));
}

Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value) {
  const DType dtype = result_type(x, a, b);
  const Scalar factor = factor_for("addcmul", "value", value, dtype), by = conjugate(factor);
  return record("addcmul",
                run_ternary(Ternary::AddCMul, "addcmul", x, a, b, dtype, parameters_of(factor, dtype)),
                wrt(x, [](const Tensor& g) { return g; }), wrt(a, saving(b, by), gradient_of_factor),
                wrt(b, saving(a, by), gradient_of_factor));
}

Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value) {
  const DType dtype = result_type(x, a, b);
  const Scalar factor = factor_for("addcdiv", "value", value, dtype), by = conjugate(factor);
  return record("addcdiv",
                run_ternary(Ternary::AddCDiv, "addcdiv", x, a, b, dtype, parameters_of(factor, dtype)),
                wrt(x, [](const Tensor& g) { return g; }),
                wrt(a, saving(b, by),
                    [](const Tensor& g, const Tensor& divisor, const Scalar& times) {
                      return mul(div(g, conj(divisor)), times);
                    }),
                wrt(b, saving(a, b, by),
                    [](const Tensor& g, const Tensor& dividend, const Tensor& divisor, const Scalar& times) {
                      const Tensor slope = mul(div(g, conj(divisor)), conj(div(dividend, divisor)));
                      return neg(mul(slope, times));
                    }));
}

}  // namespace wick
