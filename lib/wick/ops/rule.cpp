#include "wick/ops/rule.h"

#include <complex>

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
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

// The dimension along which the tensor is dense, or -1.
int dense_dim(const Tensor& t) {
  int d = t.dim() - 1;
  while (d >= 0 && (t.strides()[d] != 1 || t.sizes()[d] == 1)) --d;
  return d;
}

// The operand in the result's memory order: one that is dense along another dimension would be read across
// its lines of memory, which a copy goes through in tiles.
Tensor laid_out_as(const Tensor& out, const Tensor& operand) {
  constexpr std::int64_t few = 4096, narrow = 8;
  const int along = dense_dim(out), own = dense_dim(operand);
  if (out.numel() < few || along < 0 || own < 0 || along == own || operand.sizes() != out.sizes()) {
    return operand;
  }
  if (operand.strides()[along] < narrow || out.sizes()[along] < narrow || out.sizes()[own] < narrow)
    return operand;
  const Tensor copy = empty_strided(out.sizes(), out.strides(), operand.dtype());
  copy_into(copy, operand);
  return copy;
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
    if (inputs.size() == 2) {
      const Tensor a = laid_out_as(out, first), b = laid_out_as(out, *inputs.begin()[1]);
      run_loop(nest_of(out, {&a, &b}), loop, parameters, cost);
    } else {
      run_loop(nest_of(out, inputs), loop, parameters, cost);
    }
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

Scalar factor_for(const char* operation, const char* parameter, const Scalar& factor, DType dtype) {
  if (is_integral(dtype)) {
    if (const auto whole = factor.whole()) return *whole;
    fail<DTypeError>(operation, "for integer operands {} must be a whole number, {} was given", parameter,
                     factor);
  }
  if (!is_complex(dtype) && factor.kind() == Kind::Complex)
    fail<DTypeError>(operation, "for real operands {} must be real, {} was given", parameter, factor);
  return factor;
}

Scalar conjugate(const Scalar& number) {
  return number.kind() == Kind::Complex ? Scalar(std::conj(number.to_complex())) : number;
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

const Tensor& apply_in_place(const UnaryRule& rule, const Tensor& x, const UnaryParameters& parameters) {
  const DType dtype = rule.floating && is_integral(x.dtype()) ? float32 : x.dtype();
  if (dtype != x.dtype() || autograd::in_place_recorded(rule.name, x, {})) {
    return change_in_place(rule.name, x, {}, [&](const Tensor& t) { return apply(rule, t, parameters); });
  }
  const auto loop = checked_kernel(kernels::table().unary[rule.op][index_of(dtype)], rule.name, dtype);
  begin_in_place(rule.name, x);
  const Uninterrupted whole;
  run_loop(make_loop_nest({&x, &x}), loop, &parameters, rule.cost);
  return x;
}

}  // namespace wick
