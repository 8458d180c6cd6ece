#include "wick/kernels/loss.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Loss;
using kernels::LossParameters;

template <class C>
struct Parameters {
  C a, scale;
};
template <class C>
WICK_INLINE Parameters<C> read(const void* parameters) {
  const auto& p = *static_cast<const LossParameters*>(parameters);
  return {static_cast<C>(p.a), static_cast<C>(p.scale)};
}

template <class C>
WICK_INLINE C magnitude(C x) {
  return x < 0 ? -x : x;
}
// NaN stays.
template <class C>
WICK_INLINE C sign(C x) {
  return x > 0 ? C(1) : x < 0 ? C(-1) : x;
}
template <class C>
WICK_INLINE C at_least(C x, C low) {
  return x < low ? low : x;
}

// Each loss with its derivative with respect to x. What happens at corners is as in PyTorch.

struct L1Of {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    return magnitude(x - t);
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return sign(x - t);
  }
};

struct SmoothL1Of {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C> p) {
    const C d = magnitude(x - t);
    return d < p.a ? C(0.5) * d * d / p.a : d - C(0.5) * p.a;
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C> p) {
    const C d = x - t;
    return magnitude(d) < p.a ? d / p.a : sign(d);
  }
};

struct HuberOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C> p) {
    const C d = magnitude(x - t);
    return d <= p.a ? C(0.5) * d * d : p.a * (d - C(0.5) * p.a);
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C> p) {
    const C d = x - t;
    return d > p.a ? p.a : d < -p.a ? -p.a : d;
  }
};

struct SquaredOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    return (x - t) * (x - t);
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return C(2) * (x - t);
  }
};

struct BceOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    const C value = (t - C(1)) * at_least(log1p(-x), C(-100)) - t * at_least(log(x), C(-100));
    return (x >= 0) & (x <= 1) ? value : C(__builtin_nan(""));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return (x - t) / at_least((C(1) - x) * x, C(1e-12));
  }
};

struct BceLogitsOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    return at_least(x, C(0)) - x * t + softplus_tail(magnitude(x));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return sigmoid(x) - t;
  }
};

struct KlDivOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    const C value = t * (log(t) - x);
    return t == 0 ? C(0) : value;
  }
  template <class C>
  static WICK_INLINE C df(C, C t, Parameters<C>) {
    return -t;
  }
};

struct KlDivLogOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    const C value = exp(t) * (t - x);
    return t == -C(__builtin_inf()) ? C(0) : value;
  }
  template <class C>
  static WICK_INLINE C df(C, C t, Parameters<C>) {
    return -exp(t);
  }
};

struct SoftMarginOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    const C y = -t * x;
    return at_least(y, C(0)) + softplus_tail(magnitude(y));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return -t * sigmoid(-t * x);
  }
};

struct HingeOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C> p) {
    return (t != 1 ? at_least(p.a - x, C(0)) : C(0)) + (t != -1 ? x : C(0));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C> p) {
    return ((t != 1) & (p.a - x >= 0) ? C(-1) : C(0)) + (t != -1 ? C(1) : C(0));
  }
};

// log(t!) by Stirling, where t > 1.
template <class C>
WICK_INLINE C stirling(C t) {
  const C value = t * log(t) - t + C(0.5) * log(C(6.283185307179586) * t);
  return t > 1 ? value : C(0);
}

template <bool full>
struct PoissonLogOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C>) {
    return exp(x) - t * x + (full ? stirling(t) : C(0));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return exp(x) - t;
  }
};

template <bool full>
struct PoissonOf {
  template <class C>
  static WICK_INLINE C f(C x, C t, Parameters<C> p) {
    return x - t * log(x + p.a) + (full ? stirling(t) : C(0));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C> p) {
    return C(1) - t / (x + p.a);
  }
};

template <class C, class Op>
WICK_NOINLINE void losses(C* out, const C* x, const C* t, int64_t n, const void* parameters) {
  const auto p = read<C>(parameters);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i], t[i], p);
}

template <class C, class Op>
WICK_NOINLINE void derivatives(C* out, const C* g, const C* x, const C* t, int64_t n,
                               const void* parameters) {
  const auto p = read<C>(parameters);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = g[i] * p.scale * Op::df(x[i], t[i], p);
}

template <class C>
WICK_NOINLINE double total(const C* x, int64_t n) {
  constexpr int lanes = 16;
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    WICK_IVDEP
    for (int l = 0; l < lanes; ++l) sums[l] += static_cast<double>(x[i + l]);
  }
  for (; i < n; ++i) sums[0] += static_cast<double>(x[i]);
  for (int l = 1; l < lanes; ++l) sums[0] += sums[l];
  return sums[0];
}

template <class T, class Op>
void value_loop(const Block& b, const void* parameters) {
  run2<T>(b, losses<Compute<T>, Op>, parameters);
}

template <class T, class Op>
void sum_loop(const Block& b, const void* parameters) {
  using C = Compute<T>;
  Input<T> x, t;
  C values[chunk];
  double sum = 0;
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      losses<C, Op>(values, x.at(b.data[1] + r * b.row_step[1] + i * b.step[1], b.step[1], n),
                    t.at(b.data[2] + r * b.row_step[2] + i * b.step[2], b.step[2], n), n, parameters);
      sum += total(values, n);
    });
  }
  *reinterpret_cast<double*>(b.data[0]) += sum;
}

template <class T, class Op>
void gradient_loop(const Block& b, const void* parameters) {
  using C = Compute<T>;
  Input<T> g, x, t;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      const auto in = [&](int k) { return b.data[k] + r * b.row_step[k] + i * b.step[k]; };
      derivatives<C, Op>(out.at(in(0), b.step[0]), g.at(in(1), b.step[1], n), x.at(in(2), b.step[2], n),
                         t.at(in(3), b.step[3], n), n, parameters);
      out.put(in(0), b.step[0], n);
    });
  }
}

template <class T>
void register_loops(kernels::LossKernels& k, int dtype) {
  const auto set = [&]<class Op>(Loss op, Op) {
    k.loops[op][dtype] = {value_loop<T, Op>, sum_loop<T, Op>, gradient_loop<T, Op>};
  };
  set(Loss::L1, L1Of{});
  set(Loss::SmoothL1, SmoothL1Of{});
  set(Loss::Huber, HuberOf{});
  set(Loss::Squared, SquaredOf{});
  set(Loss::Bce, BceOf{});
  set(Loss::BceLogits, BceLogitsOf{});
  set(Loss::KlDiv, KlDivOf{});
  set(Loss::KlDivLog, KlDivLogOf{});
  set(Loss::SoftMargin, SoftMarginOf{});
  set(Loss::Hinge, HingeOf{});
  set(Loss::PoissonLog, PoissonLogOf<false>{});
  set(Loss::PoissonLogFull, PoissonLogOf<true>{});
  set(Loss::Poisson, PoissonOf<false>{});
  set(Loss::PoissonFull, PoissonOf<true>{});
}

}  // namespace

void add_losses(kernels::Table& table) {
  static kernels::LossKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) register_loops<T>(all, i);
  });
  table.loss = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
