#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/parallel.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Softmax;

namespace {

constexpr int cost = 12;  // of an element, in additions

// The nest with one more dimension at place `d`.
LoopNest with_dimension(const LoopNest& nest, int d, std::int64_t size, const std::int64_t* steps) {
  LoopNest out = nest;
  for (int i = out.rank++; i > d; --i) {
    out.size[i] = nest.size[i - 1];
    for (int k = 0; k < nest.operands; ++k) out.step[k][i] = nest.step[k][i - 1];
  }
  out.size[d] = size;
  for (int k = 0; k < nest.operands; ++k) out.step[k][d] = steps[k];
  return out;
}

// Runs the kernel along dimension d of operands of one shape, which has elements: along rows where the result
// is dense along d, else, where it can be, along columns that lie side by side. Lines are shared out among
// threads.
void run_lines(const kernels::LineLoops& loops, std::initializer_list<const Tensor*> operands, int d) {
  const Tensor& out = **operands.begin();
  Tensors firsts;
  std::int64_t steps[kernels::max_operands];
  for (const Tensor* t : operands) {
    steps[firsts.size()] = t->strides()[d] * t->itemsize();
    firsts.push_back(t->detach().select(d, 0));
  }
  LoopNest lines = firsts.size() == 2 ? make_loop_nest({&firsts[0], &firsts[1]})
                                      : make_loop_nest({&firsts[0], &firsts[1], &firsts[2]});
  if (lines.rank == 0) {
    constexpr std::int64_t none[kernels::max_operands] = {};
    lines = with_dimension(lines, 0, 1, none);
  }
  const std::int64_t n = out.sizes()[d], itemsize = out.itemsize();
  const bool by_columns = steps[0] != itemsize && lines.step[0][0] == itemsize && lines.size[0] > 1;
  const auto serial = [&](const LoopNest& piece) {
    const LoopNest all = with_dimension(piece, by_columns ? 1 : 0, n, steps);
    for_each_block(all,
                   [&](const kernels::Block& b) { (by_columns ? loops.columns : loops.rows)(b, nullptr); });
  };
  const int split = static_cast<int>(std::max_element(lines.size, lines.size + lines.rank) - lines.size);
  const std::int64_t each = std::max<std::int64_t>(out.numel() / lines.size[split] * cost, 1);
  const std::int64_t least = by_columns && split == 0 ? 16 : 1;
  parallel_for(lines.size[split], std::max(parallel::grain / each, least),
               [&](std::int64_t begin, std::int64_t end) {
                 LoopNest piece = lines;
                 piece.narrow(split, begin, end - begin);
                 serial(piece);
               });
}

struct Rule {
  const char* name;
  Softmax value, gradient;
};
constexpr Rule softmax_rule{"softmax", Softmax::Value, Softmax::Gradient};
constexpr Rule log_softmax_rule{"log_softmax", Softmax::Log, Softmax::LogGradient};

const kernels::LineLoops& loops_of(Softmax op, const char* operation, DType dtype) {
  const kernels::LineLoops& loops = kernels::table().softmax[op][index_of(dtype)];
  checked_kernel(loops.rows, operation, dtype);
  return loops;
}

// The gradient of x from that of the result y, which both are linear in g: y (g - s) with s = sum(g y), and
// for the logarithm g - exp(y) s with s = sum(g).
Tensor gradient(const Rule& rule, const Tensor& given, const Tensor& y, int d) {
  const Tensor g = given.to(y.dtype());
  const auto& loops = loops_of(rule.gradient, rule.name, y.dtype());
  const Tensor out = empty_like(y);
  if (out.numel() > 0) run_lines(loops, {&out, &g, &y}, d);
  return record(rule.name, out, {g, y}, saving(rule, g, y, d),
                [](const Tensor& h, const Rule& of, const Tensor& in, const Tensor& result, int along) {
                  if (of.gradient == Softmax::LogGradient) {
                    const Tensor weighted = mul(h, exp(result)), all = sum(in, {along}, true);
                    return Tensors{sub(h, sum(weighted, {along}, true)), neg(mul(weighted, all))};
                  }
                  const Tensor all = sum(mul(in, result), {along}, true);
                  return Tensors{gradient(of, h, result, along),
                                 sub(mul(h, sub(in, all)), mul(in, sum(mul(h, result), {along}, true)))};
                });
}

Tensor apply(const Rule& rule, const Tensor& given, std::int64_t dim, std::optional<DType> dtype) {
  const Tensor x = dtype ? given.to(*dtype) : given;
  const int d = wrap_dim(dim, x.dim());
  const auto& loops = loops_of(rule.value, rule.name, x.dtype());
  if (x.dim() == 0) return apply(rule, x.reshape({1}), 0, std::nullopt).reshape({});
  const Tensor out = empty_like(x);
  if (out.numel() > 0) run_lines(loops, {&out, &x}, d);
  return record(
      rule.name, out, {x}, saving(rule, out, d),
      [](const Tensor& g, const Rule& of, const Tensor& y, int along) { return gradient(of, g, y, along); });
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim, std::optional<DType> dtype) {
  return apply(softmax_rule, x, dim, dtype);
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, std::optional<DType> dtype) {
  return apply(log_softmax_rule, x, dim, dtype);
}

Tensor softmin(const Tensor& x, std::int64_t dim, std::optional<DType> dtype) {
  const Tensor in = dtype ? x.to(*dtype) : x;
  loops_of(Softmax::Value, "softmin", in.dtype());
  return softmax(neg(in), dim);
}

}  // namespace wick
