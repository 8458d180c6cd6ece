#include <algorithm>
#include <cmath>

#include "wick/core/parallel.h"
#include "wick/kernels/update.h"
#include "wick/ops/creation.h"
#include "wick/ops/loop.h"
#include "wick/optim/check_options.h"
#include "wick/optim/optimizers.h"

// The optimizers that are one kernel over the elements of all parameters: a rule for each.

namespace wick::optim {
namespace {

using kernels::Update;
using kernels::UpdateConstants;
using Names = std::vector<std::string>;

// What most rules have.
struct Common {
  static constexpr bool counts_steps = true;
  static constexpr bool has_product = false;
  static constexpr int cost = 8;  // of an element, in additions
  static Names computed_names() { return {}; }
  // What a tensor of state begins with.
  template <class Options>
  static double initial(const Options&, double) {
    return 0;
  }
};

template <class Options>
struct Rule;

template <>
struct Rule<SGDOptions> : Common {
  static constexpr const char* kind = "sgd";
  static constexpr bool counts_steps = false;
  static constexpr int cost = 2;
  static void check_options(const SGDOptions& o) {
    check_not_negative(kind, "momentum", o.momentum);
    check_not_negative(kind, "weight_decay", o.weight_decay);
    if (o.nesterov && !(o.momentum > 0 && o.dampening == 0)) {
      fail(kind, "Nesterov momentum needs a momentum above 0 and a dampening of 0, {} and {} were given",
           o.momentum, o.dampening);
    }
  }
  static Names names(const SGDOptions& o) { return o.momentum != 0 ? Names{"momentum_buffer"} : Names{}; }
  static Update kernel(const SGDOptions& o) { return o.momentum != 0 ? Update::Momentum : Update::Sgd; }
  static UpdateConstants constants(const SGDOptions& o, double lr, ParameterState& s, bool fresh) {
    static_cast<void>(s);
    UpdateConstants k;
    k.lr = lr;
    k.weight_decay = o.weight_decay;
    k.beta1 = fresh ? 0 : o.momentum;
    k.a = fresh ? 1 : 1 - o.dampening;
    k.b = o.nesterov ? 1 : 0;
    k.c = o.nesterov ? o.momentum : 1;
    k.maximize = o.maximize;
    return k;
  }
};

// 1 - beta^t
double correction(double beta, const ParameterState& s) {
  return 1 - std::pow(beta, static_cast<double>(s.step));
}

template <class Options>
UpdateConstants moments_of(const Options& o, double lr, const ParameterState& s) {
  UpdateConstants k;
  k.lr = lr;
  k.weight_decay = o.weight_decay;
  k.beta1 = o.betas[0];
  k.beta2 = o.betas[1];
  k.eps = o.eps;
  k.a = lr / correction(o.betas[0], s);
  k.b = 1 / std::sqrt(correction(o.betas[1], s));
  return k;
}

template <class Options>
void check_moments(const char* kind, const Options& o) {
  check_betas(kind, o.betas);
  check_not_negative(kind, "eps", o.eps);
  check_not_negative(kind, "weight_decay", o.weight_decay);
}

template <class Options, bool decoupled>
struct AdamRule : Common {
  static constexpr const char* kind = decoupled ? "adamw" : "adam";
  static void check_options(const Options& o) { check_moments(kind, o); }
  static Names names(const Options& o) {
    return o.amsgrad ? Names{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"} : Names{"exp_avg", "exp_avg_sq"};
  }
  static Update kernel(const Options& o) { return o.amsgrad ? Update::AmsGrad : Update::Adam; }
  static UpdateConstants constants(const Options& o, double lr, const ParameterState& s, bool) {
    UpdateConstants k = moments_of(o, lr, s);
    k.maximize = o.maximize;
    if (decoupled) {
      k.c = 1 - lr * o.weight_decay;
      k.weight_decay = 0;
    }
    return k;
  }
};
template <>
struct Rule<AdamOptions> : AdamRule<AdamOptions, false> {};
template <>
struct Rule<AdamWOptions> : AdamRule<AdamWOptions, true> {};

template <>
struct Rule<NAdamOptions> : Common {
  static constexpr const char* kind = "nadam";
  static constexpr bool has_product = true;
  static void check_options(const NAdamOptions& o) {
    check_moments(kind, o);
    check_not_negative(kind, "momentum_decay", o.momentum_decay);
  }
  static Names names(const NAdamOptions&) { return {"exp_avg", "exp_avg_sq"}; }
  static Update kernel(const NAdamOptions&) { return Update::NAdam; }
  static UpdateConstants constants(const NAdamOptions& o, double lr, ParameterState& s, bool) {
    UpdateConstants k = moments_of(o, lr, s);
    const auto momentum = [&](std::int64_t t) {
      return o.betas[0] * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * o.momentum_decay));
    };
    const double now = momentum(s.step), next = momentum(s.step + 1);
    s.product *= now;
    k.a = lr * (1 - now) / (1 - s.product);
    k.c = lr * next / (1 - s.product * next);
    return k;
  }
};

template <>
struct Rule<RAdamOptions> : Common {
  static constexpr const char* kind = "radam";
  static void check_options(const RAdamOptions& o) { check_moments(kind, o); }
  static Names names(const RAdamOptions&) { return {"exp_avg", "exp_avg_sq"}; }
  static Update kernel(const RAdamOptions&) { return Update::RAdam; }
  static UpdateConstants constants(const RAdamOptions& o, double lr, const ParameterState& s, bool) {
    UpdateConstants k = moments_of(o, lr, s);
    const double spread = correction(o.betas[1], s), most = 2 / (1 - o.betas[1]) - 1;
    const double r = most - 2 * static_cast<double>(s.step) * (1 - spread) / spread;
    const bool rectified = r > 5;
    k.b = rectified ? std::sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r)) * std::sqrt(spread)
                    : 0;
    k.c = rectified ? 0 : 1;
    return k;
  }
};

template <>
struct Rule<AdamaxOptions> : Common {
  static constexpr const char* kind = "adamax";
  static void check_options(const AdamaxOptions& o) { check_moments(kind, o); }
  static Names names(const AdamaxOptions&) { return {"exp_avg", "exp_inf"}; }
  static Update kernel(const AdamaxOptions&) { return Update::Adamax; }
  static UpdateConstants constants(const AdamaxOptions& o, double lr, const ParameterState& s, bool) {
    UpdateConstants k = moments_of(o, lr, s);
    k.maximize = o.maximize;
    return k;
  }
};

template <>
struct Rule<AdagradOptions> : Common {
  static constexpr const char* kind = "adagrad";
  static void check_options(const AdagradOptions& o) {
    check_not_negative(kind, "lr_decay", o.lr_decay);
    check_not_negative(kind, "weight_decay", o.weight_decay);
    check_not_negative(kind, "initial_accumulator_value", o.initial_accumulator_value);
    check_not_negative(kind, "eps", o.eps);
  }
  static Names names(const AdagradOptions&) { return {"sum"}; }
  static double initial(const AdagradOptions& o, double) { return o.initial_accumulator_value; }
  static Update kernel(const AdagradOptions&) { return Update::Adagrad; }
  static UpdateConstants constants(const AdagradOptions& o, double lr, const ParameterState& s, bool) {
    UpdateConstants k;
    k.weight_decay = o.weight_decay;
    k.eps = o.eps;
    k.a = lr / (1 + static_cast<double>(s.step - 1) * o.lr_decay);
    k.maximize = o.maximize;
    return k;
  }
};

template <>
struct Rule<RMSpropOptions> : Common {
  static constexpr const char* kind = "rmsprop";
  static void check_options(const RMSpropOptions& o) {
    check_not_negative(kind, "alpha", o.alpha);
    check_not_negative(kind, "eps", o.eps);
    check_not_negative(kind, "weight_decay", o.weight_decay);
    check_not_negative(kind, "momentum", o.momentum);
  }
  static Names names(const RMSpropOptions& o) {
    if (o.centered) return {"square_avg", "momentum_buffer", "grad_avg"};
    return o.momentum > 0 ? Names{"square_avg", "momentum_buffer"} : Names{"square_avg"};
  }
  static Update kernel(const RMSpropOptions& o) {
    if (o.centered) return Update::RmsCentered;
    return o.momentum > 0 ? Update::RmsMomentum : Update::RmsProp;
  }
  static UpdateConstants constants(const RMSpropOptions& o, double lr, const ParameterState&, bool) {
    UpdateConstants k;
    k.lr = lr;
    k.weight_decay = o.weight_decay;
    k.beta1 = o.momentum;
    k.beta2 = o.alpha;
    k.eps = o.eps;
    k.maximize = o.maximize;
    return k;
  }
};

template <>
struct Rule<AdadeltaOptions> : Common {
  static constexpr const char* kind = "adadelta";
  static void check_options(const AdadeltaOptions& o) {
    check(kind, o.rho >= 0 && o.rho <= 1, "rho", "from 0 to 1", o.rho);
    check_not_negative(kind, "eps", o.eps);
    check_not_negative(kind, "weight_decay", o.weight_decay);
  }
  static Names names(const AdadeltaOptions&) { return {"square_avg", "acc_delta"}; }
  static Update kernel(const AdadeltaOptions&) { return Update::Adadelta; }
  static UpdateConstants constants(const AdadeltaOptions& o, double lr, const ParameterState&, bool) {
    UpdateConstants k;
    k.lr = lr;
    k.weight_decay = o.weight_decay;
    k.beta2 = o.rho;
    k.eps = o.eps;
    k.maximize = o.maximize;
    return k;
  }
};

template <>
struct Rule<RpropOptions> : Common {
  static constexpr const char* kind = "rprop";
  static void check_options(const RpropOptions& o) {
    check(kind, o.etas[0] > 0 && o.etas[0] < 1, "the first eta", "between 0 and 1", o.etas[0]);
    check(kind, o.etas[1] > 1, "the second eta", "above 1", o.etas[1]);
    check(kind, o.step_sizes[0] <= o.step_sizes[1], "the smallest step size", "at most the largest",
          o.step_sizes[0]);
  }
  static Names names(const RpropOptions&) { return {"prev", "step_size"}; }
  static Update kernel(const RpropOptions&) { return Update::Rprop; }
  static UpdateConstants constants(const RpropOptions& o, double, const ParameterState&, bool) {
    UpdateConstants k;
    k.beta1 = o.etas[0];
    k.beta2 = o.etas[1];
    k.a = o.step_sizes[0];
    k.b = o.step_sizes[1];
    return k;
  }
};

template <>
struct Rule<ASGDOptions> : Common {
  static constexpr const char* kind = "asgd";
  static void check_options(const ASGDOptions& o) {
    check_not_negative(kind, "weight_decay", o.weight_decay);
  }
  static Names names(const ASGDOptions&) { return {"ax"}; }
  static Names computed_names() { return {"eta", "mu"}; }
  static Update kernel(const ASGDOptions&) { return Update::Asgd; }
  static UpdateConstants constants(const ASGDOptions& o, double lr, const ParameterState& s, bool) {
    const double before = static_cast<double>(s.step - 1);
    const double rate = lr / std::pow(1 + o.lambd * lr * before, o.alpha);
    UpdateConstants k;
    k.lr = rate;
    k.weight_decay = o.weight_decay;
    k.a = 1 - o.lambd * rate;
    k.b = 1 / std::max(1.0, before - o.t0);
    return k;
  }
};

// The second tensor of Rprop begins with the learning rate.
template <class Options>
double initial_value(const Options& o, double lr, std::size_t which) {
  if constexpr (std::is_same_v<Options, RpropOptions>) return which == 1 ? lr : 0;
  return Rule<Options>::initial(o, lr);
}

// All elements of all parameters, in one list.
struct Work {
  std::int64_t end;  // in the list
  kernels::UpdateFunction function;
  kernels::UpdateArguments arguments;
  std::int64_t itemsize;
};

void run(const std::vector<Work>& list, int cost) {
  const std::int64_t count = list.empty() ? 0 : list.back().end;
  parallel_for(count, parallel::grain / cost, [&](std::int64_t begin, std::int64_t end) {
    auto work = std::upper_bound(list.begin(), list.end(), begin,
                                 [](std::int64_t at, const Work& w) { return at < w.end; });
    for (; begin < end; ++work) {
      const std::int64_t offset = begin - (work->end - work->arguments.n);
      kernels::UpdateArguments part = work->arguments;
      part.n = std::min(end, work->end) - begin;
      part.parameter += offset * work->itemsize;
      part.gradient += offset * work->itemsize;
      for (char*& state : part.state) {
        if (state) state += offset * work->itemsize;
      }
      work->function(part);
      begin += part.n;
    }
  });
}

}  // namespace

template <class Options>
Elementwise<Options>::Elementwise(const std::vector<Group<Options>>& groups)
    : OptimizerOf<Options>(Rule<Options>::kind, groups) {
  for (const Options& o : this->options_) Rule<Options>::check_options(o);
}

template <class Options>
void Elementwise<Options>::update(const std::vector<Optimizer::Item>& items) {
  std::vector<UpdateConstants> constants;
  constants.reserve(items.size());  // the list points to them
  std::vector<Work> list;
  list.reserve(items.size());
  Tensors kept;
  std::vector<std::pair<Tensor, Tensor>> copied;
  std::int64_t end = 0;
  for (const Optimizer::Item& item : items) {
    if (item.parameter.numel() == 0) continue;
    const Options& o = this->options_[item.group];
    const double lr = this->groups_[item.group].lr;
    ParameterState& state = this->states_[item.index];
    const DType dtype = item.parameter.dtype();
    const std::size_t states = Rule<Options>::names(o).size();
    const bool fresh = state.tensors.empty() || !state.tensors[0].defined();
    state.tensors.resize(states);
    Work work{};
    for (std::size_t k = 0; k < states; ++k) {
      Tensor& t = state.tensors[k];
      if (!t.defined()) t = full(item.parameter.sizes(), initial_value(o, lr, k), dtype);
      work.arguments.state[k] = t.raw_data();
    }
    ++state.step;
    constants.push_back(Rule<Options>::constants(o, lr, state, fresh));
    // Of any strides: through copies.
    const Tensor dense = item.parameter.contiguous(), gradient = item.gradient.contiguous();
    if (!dense.is_same(item.parameter)) copied.emplace_back(item.parameter, dense);
    kept.push_back(gradient);
    end += dense.numel();
    work.end = end;
    work.function = kernels::table().update->functions[Rule<Options>::kernel(o)][index_of(dtype)];
    work.itemsize = dense.itemsize();
    work.arguments.n = dense.numel();
    work.arguments.parameter = dense.raw_data();
    work.arguments.gradient = gradient.raw_data();
    work.arguments.constants = &constants.back();
    list.push_back(work);
  }
  run(list, Rule<Options>::cost);
  for (const auto& [parameter, dense] : copied) parameter.copy_(dense);
}

template <class Options>
std::vector<std::string> Elementwise<Options>::state_names(std::size_t group) const {
  return Rule<Options>::names(this->options_[group]);
}
template <class Options>
bool Elementwise<Options>::counts_steps() const {
  return Rule<Options>::counts_steps;
}
template <class Options>
bool Elementwise<Options>::has_product() const {
  return Rule<Options>::has_product;
}
template <class Options>
std::vector<std::string> Elementwise<Options>::computed_names() const {
  return Rule<Options>::computed_names();
}

template class Elementwise<SGDOptions>;
template class Elementwise<AdamOptions>;
template class Elementwise<AdamWOptions>;
template class Elementwise<NAdamOptions>;
template class Elementwise<RAdamOptions>;
template class Elementwise<AdamaxOptions>;
template class Elementwise<AdagradOptions>;
template class Elementwise<RMSpropOptions>;
template class Elementwise<AdadeltaOptions>;
template class Elementwise<RpropOptions>;
template class Elementwise<ASGDOptions>;

}  // namespace wick::optim
