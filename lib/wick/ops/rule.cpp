#include "wick/ops/rule.h"

#include "wick/autograd/node.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"

namespace wick {
namespace {

// Of a complex function that has a derivative, the gradient is the conjugate's multiple.
Tensor gradient(const UnaryRule& rule, const Tensor& g, const Tensor& saved, const UnaryParameters& p) {
  if (is_complex(g.dtype())) return conj(rule.derivative(conj(g), saved, p));
  const auto loop = saved.defined() ? kernels::table().gradient[rule.op][index_of(saved.dtype())] : nullptr;
  if (!loop || g.dtype() != saved.dtype() || autograd::wanted({g, saved})) {
    return rule.derivative(g, saved, p);
  }
  const Tensor out = empty_for({&saved, &g}, saved.dtype());
  run_loop(make_loop_nest({&out, &g, &saved}), loop, &p, rule.cost);
  return out;
}

}  // namespace

Tensor apply(const UnaryRule& rule, const Tensor& x, const UnaryParameters& parameters) {
  const DType dtype = rule.floating && is_integral(x.dtype()) ? float32 : x.dtype();
  const auto loop = checked_kernel(kernels::table().unary[rule.op][index_of(dtype)], rule.name, dtype);
  const Tensor in = x.dtype() == dtype ? x : x.detach().to(dtype);
  const Tensor out = empty_like(in, dtype);
  run_loop(make_loop_nest({&out, &in}), loop, &parameters, rule.cost);
  const Tensor saved = rule.saves == Saves::Input ? x : rule.saves == Saves::Result ? out : Tensor();
  return record(rule.name, out, {x}, saving(rule, saved, parameters),
                [](const Tensor& g, const UnaryRule& of, const Tensor& at, const UnaryParameters& p) {
                  return gradient(of, g, at, p);
                });
}

}  // namespace wick
