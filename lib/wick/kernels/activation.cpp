#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Unary;
using kernels::UnaryParameters;

template <class C>
struct Parameters {
  C a, b, c;
};

// Each function of the table with its derivative, which is given the gradient of the result. What happens at
// the corners and for NaN is as in PyTorch.

struct EluOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x <= 0 ? p.a * expm1(x * p.c) : x * p.b;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    return x <= 0 ? g * p.c * p.a * exp(x * p.c) : g * p.b;
  }
};

struct LeakyReluOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x > 0 ? x : x * p.a;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    return x > 0 ? g : g * p.a;
  }
};

struct HardtanhOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    const C above = x < p.a ? p.a : x;
    return above > p.b ? p.b : above;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    return (x <= p.a) | (x >= p.b) ? C(0) : g;
  }
};

struct ThresholdOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x <= p.a ? p.b : x;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    return x <= p.a ? C(0) : g;
  }
};

struct HardshrinkOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return (x >= -p.a) & (x <= p.a) ? C(0) : x;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    return (x >= -p.a) & (x <= p.a) ? C(0) : g;
  }
};

struct SoftshrinkOf : HardshrinkOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x > p.a ? x - p.a : x < -p.a ? x + p.a : x == x ? C(0) : x;
  }
};

struct HardsigmoidOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return HardtanhOf::f(x + C(3), Parameters<C>{0, 6, p.c}) / C(6);
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    return (x > C(-3)) & (x < C(3)) ? g * (C(1) / C(6)) : C(0);
  }
};

struct HardswishOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x * HardtanhOf::f(x + C(3), Parameters<C>{0, 6, p.c}) / C(6);
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    return x < C(-3) ? C(0) : x >= C(3) ? g : g * (x / C(3) + C(0.5));
  }
};

struct SoftplusOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    // log(1 + exp(y)) without overflow, from the magnitude of y.
    const C y = x * p.a, size = y < 0 ? -y : y;
    const C value = ((y > 0 ? y : C(0)) + softplus_tail(size)) / p.a;
    return y > p.b ? x : value;
  }
  template <class C>
  static C df(C g, C x, Parameters<C> p) {
    // The logistic function of y, without what sigmoid() does for the last place.
    const C y = x * p.a, e = exp_below(y < 0 ? y : -y);
    return y > p.b ? g : g * (y < 0 ? e : C(1)) / (C(1) + e);
  }
};

struct SoftsignOf {
  template <class C>
  static C f(C x, Parameters<C>) {
    return x / (C(1) + (x < 0 ? -x : x));
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const C y = C(1) + (x < 0 ? -x : x);
    return g / (y * y);
  }
};

struct TanhshrinkOf {
  template <class C>
  static C f(C x, Parameters<C>) {
    return x - tanh(x);
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const C t = tanh(x);
    return g * (t * t);
  }
};

struct SiluOf {
  template <class C>
  static C f(C x, Parameters<C>) {
    return x * sigmoid(x);
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const C s = sigmoid(x);
    return g * s * (C(1) + x * (C(1) - s));
  }
};

// tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2).
struct MishOf {
  template <class C>
  static C f(C x, Parameters<C>) {
    const C e = exp(x > C(20) ? C(20) : x), n = e * (e + C(2));
    return x * (n / (n + C(2)));
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const C y = x > C(20) ? C(20) : x;
    const C e = exp(y), n = e * (e + C(2)), share = C(1) / (n + C(2));
    return g * (n * share + y * (C(4) * e * share) * ((C(1) + e) * share));
  }
};

struct GeluOf {
  template <class C>
  static C f(C x, Parameters<C>) {
    return x * normal(x).distribution;
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const Normal<C> at = normal(x);
    return g * (at.distribution + x * at.density);
  }
};

// sqrt(2 / pi) (x + 0.044715 x^3) in place of the argument of erf.
struct GeluTanhOf {
  static constexpr double factor = 0x1.9884533d43651p-1, cubic = 0.044715;
  template <class C>
  static C f(C x, Parameters<C>) {
    return C(0.5) * x * (C(1) + tanh(C(factor) * (x + C(cubic) * x * x * x)));
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    const C t = tanh(C(factor) * (x + C(cubic) * x * x * x));
    const C inner = C(factor) * (C(1) + C(3 * cubic) * x * x);
    return g * (C(0.5) * (C(1) + t) + C(0.5) * x * (C(1) - t * t) * inner);
  }
};

struct NanToNumOf {
  template <class C>
  static C f(C x, Parameters<C> p) {
    return x != x ? p.a : x == C(__builtin_inf()) ? p.b : x == C(-__builtin_inf()) ? p.c : x;
  }
  template <class C>
  static C df(C g, C x, Parameters<C>) {
    return x - x == 0 ? g : C(0);
  }
};

// Parameters are rounded to the tensor's type, as PyTorch has it: a comparison with a bound may depend on it.
template <class T>
Parameters<WithoutHalf<T>> read(const void* parameters) {
  using C = WithoutHalf<T>;
  const auto* p = static_cast<const UnaryParameters*>(parameters);
  if constexpr (is_whole<T>) {
    return {static_cast<T>(p->integer[0]), static_cast<T>(p->integer[1]), static_cast<T>(p->integer[2])};
  } else {
    return {cast<C>(cast<T>(p->real[0])), cast<C>(cast<T>(p->real[1])), cast<C>(cast<T>(p->real[2]))};
  }
}

template <class C, class Op>
void values(C* out, const C* x, int64_t n, const void* parameters) {
  const auto p = *static_cast<const Parameters<C>*>(parameters);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i], p);
}
template <class C, class Op>
void gradients(C* out, const C* g, const C* x, int64_t n, const void* parameters) {
  const auto p = *static_cast<const Parameters<C>*>(parameters);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::df(g[i], x[i], p);
}
template <class C>
void prelu_values(C* out, const C* x, const C* weight, int64_t n, const void*) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const C scaled = x[i] * weight[i];
    out[i] = x[i] > 0 ? x[i] : scaled;
  }
}

template <class T, class Op>
void value_loop(const Block& b, const void* parameters) {
  const auto p = read<T>(parameters);
  run1<T>(b, values<Compute<T>, Op>, &p);
}
template <class T, class Op>
void gradient_loop(const Block& b, const void* parameters) {
  const auto p = read<T>(parameters);
  run2<T>(b, gradients<Compute<T>, Op>, &p);
}
template <class T>
void prelu_loop(const Block& b, const void*) {
  run2<T>(b, prelu_values<Compute<T>>, nullptr);
}
template <class T, class Op>
void integer_loop(const Block& b, const void* parameters) {
  const auto p = read<T>(parameters);
  elementwise1<T, T>(b, [p](T x) { return Op::f(x, p); });
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  const auto set = [&]<class Op>(Unary op, Op) {
    t.unary[op][dtype] = value_loop<T, Op>;
    t.gradient[op][dtype] = gradient_loop<T, Op>;
  };
  if constexpr (class_of<T> == Class::Integer) {
    t.unary[Unary::Hardtanh][dtype] = integer_loop<T, HardtanhOf>;
    t.unary[Unary::Threshold][dtype] = integer_loop<T, ThresholdOf>;
  }
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    set(Unary::Elu, EluOf{});
    set(Unary::LeakyRelu, LeakyReluOf{});
    set(Unary::Hardtanh, HardtanhOf{});
    set(Unary::Threshold, ThresholdOf{});
    set(Unary::Hardshrink, HardshrinkOf{});
    set(Unary::Softshrink, SoftshrinkOf{});
    set(Unary::Hardsigmoid, HardsigmoidOf{});
    set(Unary::Hardswish, HardswishOf{});
    set(Unary::Softplus, SoftplusOf{});
    set(Unary::Softsign, SoftsignOf{});
    set(Unary::Tanhshrink, TanhshrinkOf{});
    set(Unary::Silu, SiluOf{});
    set(Unary::Mish, MishOf{});
    set(Unary::Gelu, GeluOf{});
    set(Unary::GeluTanh, GeluTanhOf{});
    set(Unary::NanToNum, NanToNumOf{});
    t.prelu[dtype] = prelu_loop<T>;
  }
}

}  // namespace

void add_activations(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
