#include "wick/kernels/loss.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/vector_product.h"

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
    using R = Real<C>;
    // Logarithms without the cases that bounds leave out. 1 - x is exact from 1/2 on; below, what its
    // rounding took away is divided by it, nearly.
    const C w = C(1) - x, lost = (C(1) - w) - x;
    const C no = w == 0 ? C(-100) : log_normal(w, C(0)) + lost * (C(3) - C(2) * w);
    const bool tiny = x < R::smallest_normal;
    const C yes = log_normal(tiny ? x * R::scale_up : x, tiny ? C(R::scale_exponent) : C(0));
    const C value = (t - C(1)) * no - t * at_least(yes, C(-100));
    return (x >= 0) & (x <= 1) ? value : C(__builtin_nan(""));
  }
  template <class C>
  static WICK_INLINE C df(C x, C t, Parameters<C>) {
    return (x - t) / at_least((C(1) - x) * x, C(1e-12));
  }
};

struct BceLogitsOf {
  template <class C>
  static WICK_INLINE C begun(C x, C) {
    return exp_below(-magnitude(x));
  }
  template <class C>
  static WICK_INLINE C ended(C e, C x, C t) {
    return at_least(x, C(0)) - x * t + log1p_unit(e);
  }
  template <class C>
  static WICK_INLINE C df_ended(C e, C x, C t) {
    return sigmoid_from(e, x) - t;
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
  static WICK_INLINE C begun(C x, C t) {
    return exp_below(-magnitude(t * x));
  }
  template <class C>
  static WICK_INLINE C ended(C e, C x, C t) {
    return at_least(-t * x, C(0)) + log1p_unit(e);
  }
  template <class C>
  static WICK_INLINE C df_ended(C e, C x, C t) {
    return -t * sigmoid_from(e, -t * x);
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

// At most `chunk` elements. What takes one function of another has two loops: in one, the steps that wait for
// each other fill what a processor can look ahead.
template <class C, class Op>
WICK_NOINLINE void losses(C* out, const C* x, const C* t, int64_t n, const void* parameters) {
  if constexpr (requires { Op::begun(*x, *t); }) {
    C begun[chunk];
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) begun[i] = Op::begun(x[i], t[i]);
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = Op::ended(begun[i], x[i], t[i]);
  } else {
    const auto p = read<C>(parameters);
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i], t[i], p);
  }
}

template <class C, class Op>
WICK_NOINLINE void derivatives(C* out, const C* g, const C* x, const C* t, int64_t n,
                               const void* parameters) {
  const auto p = read<C>(parameters);
  if constexpr (requires { Op::begun(*x, *t); }) {
    C begun[chunk];
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) begun[i] = Op::begun(x[i], t[i]);
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = g[i] * p.scale * Op::df_ended(begun[i], x[i], t[i]);
  } else {
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = g[i] * p.scale * Op::df(x[i], t[i], p);
  }
}

template <class C>
WICK_NOINLINE double total(const C* x, int64_t n) {
  constexpr int width = vector_width<C>, count = 4;
  VectorSum<C> sums[count];
  int64_t i = 0;
  for (; i + count * width <= n; i += count * width) {
    WICK_UNROLL
    for (int k = 0; k < count; ++k) sums[k].add(load_vector(x + i + k * width));
  }
  const Vector<double> lanes = (sums[0].lanes() + sums[1].lanes()) + (sums[2].lanes() + sums[3].lanes());
  double sum = 0;
  for (int l = 0; l < vector_width<double>; ++l) sum += lanes[l];
  for (; i < n; ++i) sum += static_cast<double>(x[i]);
  return sum;
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
