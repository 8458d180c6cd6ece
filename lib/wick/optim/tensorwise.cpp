#include <cmath>

#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/norm.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"
#include "wick/optim/check_options.h"
#include "wick/optim/optimizers.h"

// The optimizers that reduce each parameter, or its gradient, to a number or to vectors first. What belongs
// to half precision is computed and remembered in float32.

namespace wick::optim {
namespace {

using Names = std::vector<std::string>;

Tensor wide(const Tensor& x) { return is_half(x.dtype()) ? x.to(float32) : x; }

// What an update sees of one parameter. State is made when it is first asked for, of zeros.
struct One {
  Tensor p, g;
  double lr;
  ParameterState& state;
  DType dtype;  // of the state

  Tensor old(std::size_t which, const Shape& shape) {
    Tensor& t = state.tensors[which];
    if (!t.defined()) t = zeros(shape, dtype);
    return t;
  }
  void keep(std::size_t which, const Tensor& value) { state.tensors[which].copy_(value); }

  // beta old + share new, which is kept.
  Tensor blend(std::size_t which, double beta, const Tensor& fresh, double share) {
    const Tensor out = add(mul(old(which, fresh.sizes()), beta), fresh, share);
    keep(which, out);
    return out;
  }
};

template <class Options>
struct Rule;

template <>
struct Rule<LAMBOptions> {
  static constexpr const char* kind = "lamb";
  static void check_options(const LAMBOptions& o) {
    check_betas(kind, o.betas);
    check_not_negative(kind, "eps", o.eps);
    check_not_negative(kind, "weight_decay", o.weight_decay);
  }
  static Names names() { return {"exp_avg", "exp_avg_sq"}; }
  static Shape shape(const Tensor& p, std::size_t) { return p.sizes(); }
  static Tensor step(One& one, const LAMBOptions& o) {
    const auto t = static_cast<double>(one.state.step);
    const Tensor m = one.blend(0, o.betas[0], one.g, 1 - o.betas[0]);
    const Tensor v = one.blend(1, o.betas[1], square(one.g), 1 - o.betas[1]);
    const Tensor size = add(sqrt(div(v, 1 - std::pow(o.betas[1], t))), o.eps);
    const Tensor u = add(div(div(m, 1 - std::pow(o.betas[0], t)), size), one.p, o.weight_decay);
    const double of_p = norm(one.p).item<double>(), of_u = norm(u).item<double>();
    const double trust = of_p == 0 || of_u == 0 ? 1 : of_p / of_u;
    return sub(one.p, u, one.lr * trust);
  }
};

template <>
struct Rule<NovoGradOptions> {
  static constexpr const char* kind = "novograd";
  static void check_options(const NovoGradOptions& o) {
    check_betas(kind, o.betas);
    check_not_negative(kind, "eps", o.eps);
    check_not_negative(kind, "weight_decay", o.weight_decay);
  }
  static Names names() { return {"exp_avg", "exp_avg_sq"}; }
  static Shape shape(const Tensor& p, std::size_t which) { return which == 1 ? Shape{} : p.sizes(); }
  static Tensor step(One& one, const NovoGradOptions& o) {
    const bool first = one.state.step == 1;
    const Tensor v = one.blend(1, first ? 0 : o.betas[1], sum(square(one.g)), first ? 1 : 1 - o.betas[1]);
    const Tensor h = add(div(one.g, add(sqrt(v), o.eps)), one.p, o.weight_decay);
    const Tensor m = one.blend(0, o.betas[0], h, o.grad_averaging ? 1 - o.betas[0] : 1);
    return sub(one.p, m, one.lr);
  }
};

template <>
struct Rule<AdafactorOptions> {
  static constexpr const char* kind = "adafactor";
  enum State : std::size_t { Row, Column, Squares, Mean };

  static void check_options(const AdafactorOptions& o) {
    check_not_negative(kind, "eps", o.eps);
    check(kind, o.clip_threshold > 0, "clip_threshold", "above 0", o.clip_threshold);
    check(kind, o.decay_rate > 0, "decay_rate", "above 0", o.decay_rate);
    check(kind, o.beta1 < 1, "beta1", "below 1", o.beta1);
    check_not_negative(kind, "weight_decay", o.weight_decay);
  }
  static Names names() { return {"exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq", "exp_avg"}; }
  static Shape shape(const Tensor& p, std::size_t which) {
    Shape out = p.sizes();
    if (which == Row && p.dim() > 1) out.erase(p.dim() - 1);
    if (which == Column && p.dim() > 1) out.erase(p.dim() - 2);
    return out;
  }
  static Tensor step(One& one, const AdafactorOptions& o) {
    const double b = 1 - std::pow(static_cast<double>(one.state.step), -o.decay_rate);
    const Tensor q = add(square(one.g), o.eps);
    Tensor u;
    if (one.p.dim() > 1) {
      const Tensor row = one.blend(Row, b, mean(q, {-1}), 1 - b);
      const Tensor column = one.blend(Column, b, mean(q, {-2}), 1 - b);
      const Tensor by_row = rsqrt(div(row, mean(row, {-1}, true))).unsqueeze(-1);
      u = mul(mul(one.g, by_row), rsqrt(column).unsqueeze(-2));
    } else {
      u = mul(one.g, rsqrt(one.blend(Squares, b, q, 1 - b)));
    }
    const double size = std::sqrt(mean(square(u)).item<double>());
    u = mul(u, one.lr / std::max(1.0, size / o.clip_threshold));
    if (o.beta1 >= 0) u = one.blend(Mean, o.beta1, u, 1 - o.beta1);
    return sub(mul(one.p, 1 - one.lr * o.weight_decay), u);
  }
};

}  // namespace

template <class Options>
Tensorwise<Options>::Tensorwise(const std::vector<Group<Options>>& groups)
    : OptimizerOf<Options>(Rule<Options>::kind, groups) {
  for (const Options& o : this->options_) Rule<Options>::check_options(o);
}

template <class Options>
void Tensorwise<Options>::update(const std::vector<Optimizer::Item>& items) {
  for (const Optimizer::Item& item : items) {
    if (item.parameter.numel() == 0) continue;
    ParameterState& state = this->states_[item.index];
    state.tensors.resize(Rule<Options>::names().size());
    ++state.step;
    // Without the history of a gradient that has one.
    One one{wide(item.parameter.detach()), wide(item.gradient.detach()), this->groups_[item.group].lr, state,
            this->state_dtype(item.parameter)};
    item.parameter.copy_(Rule<Options>::step(one, this->options_[item.group]));
  }
}

template <class Options>
std::vector<std::string> Tensorwise<Options>::state_names(std::size_t) const {
  return Rule<Options>::names();
}

template <class Options>
Shape Tensorwise<Options>::state_shape(std::size_t, const Tensor& parameter, std::size_t which) const {
  return Rule<Options>::shape(parameter, which);
}

// Squares of gradients and sums of them are beyond the range of float16.
template <class Options>
DType Tensorwise<Options>::state_dtype(const Tensor& parameter) const {
  return is_half(parameter.dtype()) ? float32 : parameter.dtype();
}

template class Tensorwise<LAMBOptions>;
template class Tensorwise<NovoGradOptions>;
template class Tensorwise<AdafactorOptions>;

}  // namespace wick::optim
