#include "wick/ops/rule.h"

#include "wick/autograd/node.h"
#include "wick/core/parallel.h"
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
  return run_elementwise({&g, &saved}, saved.dtype(), loop, &p, rule.cost);
}

LoopNest nest_of(const Tensor& out, std::initializer_list<const Tensor*> inputs) {
  const Tensor* const* in = inputs.begin();
  return inputs.size() == 1 ? make_loop_nest({&out, in[0]}) : make_loop_nest({&out, in[0], in[1]});
}

}  // namespace

Tensor run_elementwise(std::initializer_list<const Tensor*> inputs, DType dtype, kernels::Loop loop,
                       const void* parameters, int cost) {
  const Tensor& first = **inputs.begin();
  const std::int64_t count = first.numel();
  bool dense = count > 0 && count <= parallel::grain / cost;
  for (const Tensor* t : inputs)
    dense = dense && t->is_contiguous() && (t == &first || t->sizes() == first.sizes());
  if (!dense) {
    Tensor out = empty_for(inputs, dtype);
    run_loop(nest_of(out, inputs), loop, parameters, cost);
    return out;
  }
  Tensor out = empty(first.sizes(), dtype);
  kernels::Block block;
  block.n = count;
  block.rows = 1;
  int k = 0;
  const auto add = [&](const Tensor& t) {
    block.data[k] = t.raw_data();
    block.step[k] = t.itemsize();
    block.row_step[k++] = 0;
  };
  add(out);
  for (const Tensor* t : inputs) add(*t);
  loop(block, parameters);
  return out;
}

Tensor apply(const UnaryRule& rule, const Tensor& x, const UnaryParameters& parameters) {
  const DType dtype = rule.floating && is_integral(x.dtype()) ? float32 : x.dtype();
  const auto loop = checked_kernel(kernels::table().unary[rule.op][index_of(dtype)], rule.name, dtype);
  const Tensor in = x.dtype() == dtype ? x : x.detach().to(dtype);
  const Tensor out = run_elementwise({&in}, dtype, loop, &parameters, rule.cost);
  const Tensor saved = rule.saves == Saves::Input ? x : rule.saves == Saves::Result ? out : Tensor();
  return record(rule.name, out, {x}, saving(rule, saved, parameters),
                [](const Tensor& g, const UnaryRule& of, const Tensor& at, const UnaryParameters& p) {
                  return gradient(of, g, at, p);
                });
}

}  // namespace wick
