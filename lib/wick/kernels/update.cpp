#include "wick/kernels/update.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Update;
using kernels::UpdateArguments;

template <class C>
struct Constants {
  C lr, weight_decay, beta1, beta2, eps, a, b, c, rest1, rest2, sign;

  explicit Constants(const kernels::UpdateConstants& k)
      : lr(static_cast<C>(k.lr)),
        weight_decay(static_cast<C>(k.weight_decay)),
        beta1(static_cast<C>(k.beta1)),
        beta2(static_cast<C>(k.beta2)),
        eps(static_cast<C>(k.eps)),
        a(static_cast<C>(k.a)),
        b(static_cast<C>(k.b)),
        c(static_cast<C>(k.c)),
        rest1(static_cast<C>(1 - k.beta1)),
        rest2(static_cast<C>(1 - k.beta2)),
        sign(k.maximize ? -1 : 1) {}
};

// An element of the parameter and of its state.
template <class C>
struct Element {
  C p, s, t, u;
};

struct SgdOf {
  static constexpr int states = 0;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.p -= k.lr * g;
  }
};

struct MomentumOf {
  static constexpr int states = 1;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta1 * e.s + k.a * g;
    e.p -= k.lr * (k.b * g + k.c * e.s);
  }
};

template <class C>
WICK_INLINE void moments(Element<C>& e, C g, const Constants<C>& k) {
  e.s = k.beta1 * e.s + k.rest1 * g;
  e.t = k.beta2 * e.t + k.rest2 * g * g;
}

struct AdamOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    moments(e, g, k);
    e.p = k.c * e.p - k.a * e.s / (sqrt(e.t) * k.b + k.eps);
  }
};

struct AmsGradOf {
  static constexpr int states = 3;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    moments(e, g, k);
    e.u = e.t > e.u || e.t != e.t ? e.t : e.u;
    e.p = k.c * e.p - k.a * e.s / (sqrt(e.u) * k.b + k.eps);
  }
};

struct NAdamOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    moments(e, g, k);
    e.p -= (k.a * g + k.c * e.s) / (sqrt(e.t) * k.b + k.eps);
  }
};

struct RAdamOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    moments(e, g, k);
    e.p -= k.a * e.s * (k.b / (sqrt(e.t) + k.eps) + k.c);
  }
};

struct AdamaxOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta1 * e.s + k.rest1 * g;
    const C decayed = k.beta2 * e.t, size = (g < 0 ? -g : g) + k.eps;
    e.t = size > decayed || size != size ? size : decayed;
    e.p -= k.a * e.s / e.t;
  }
};

struct AdagradOf {
  static constexpr int states = 1;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s += g * g;
    e.p -= k.a * g / (sqrt(e.s) + k.eps);
  }
};

struct RmsPropOf {
  static constexpr int states = 1;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta2 * e.s + k.rest2 * g * g;
    e.p -= k.lr * (g / (sqrt(e.s) + k.eps));
  }
};

struct RmsMomentumOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta2 * e.s + k.rest2 * g * g;
    e.t = k.beta1 * e.t + g / (sqrt(e.s) + k.eps);
    e.p -= k.lr * e.t;
  }
};

struct RmsCenteredOf {
  static constexpr int states = 3;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta2 * e.s + k.rest2 * g * g;
    e.u = k.beta2 * e.u + k.rest2 * g;
    // What rounding makes of equal squares is not below 0.
    const C spread = e.s - e.u * e.u;
    e.t = k.beta1 * e.t + g / (sqrt(spread < 0 ? C(0) : spread) + k.eps);
    e.p -= k.lr * e.t;
  }
};

struct AdadeltaOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.s = k.beta2 * e.s + k.rest2 * g * g;
    const C delta = sqrt(e.t + k.eps) / sqrt(e.s + k.eps) * g;
    e.t = k.beta2 * e.t + k.rest2 * delta * delta;
    e.p -= k.lr * delta;
  }
};

struct RpropOf {
  static constexpr int states = 2;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    const C agreement = g * e.s;
    C size = e.t * (agreement > 0 ? k.beta2 : agreement < 0 ? k.beta1 : C(1));
    size = size < k.a ? k.a : size;
    e.t = size > k.b ? k.b : size;
    e.s = agreement < 0 ? C(0) : g;
    e.p -= e.s > 0 ? e.t : e.s < 0 ? -e.t : e.s;
  }
};

struct AsgdOf {
  static constexpr int states = 1;
  template <class C>
  static WICK_INLINE void step(Element<C>& e, C g, const Constants<C>& k) {
    e.p = k.a * e.p - k.lr * g;
    e.s += (e.p - e.s) * k.b;
  }
};

template <bool decays, class C, class Op>
WICK_NOINLINE void dense_loop(C* p, const C* gradient, C* s, C* t, C* u, int64_t n,
                              const kernels::UpdateConstants& constants) {
  const Constants<C> k(constants);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    Element<C> e{p[i], Op::states > 0 ? s[i] : C(0), Op::states > 1 ? t[i] : C(0),
                 Op::states > 2 ? u[i] : C(0)};
    Op::step(e, decays ? k.sign * gradient[i] + k.weight_decay * e.p : k.sign * gradient[i], k);
    p[i] = e.p;
    if constexpr (Op::states > 0) s[i] = e.s;
    if constexpr (Op::states > 1) t[i] = e.t;
    if constexpr (Op::states > 2) u[i] = e.u;
  }
}

template <class C, class Op>
void dense(C* p, const C* gradient, C* s, C* t, C* u, int64_t n, const kernels::UpdateConstants& constants) {
  // Without decay a parameter may be infinite.
  (constants.weight_decay != 0 ? dense_loop<true, C, Op> : dense_loop<false, C, Op>)(p, gradient, s, t, u, n,
                                                                                     constants);
}

template <class T, class Op>
void update(const UpdateArguments& a) {
  using C = Compute<T>;
  constexpr auto size = static_cast<int64_t>(sizeof(T));
  if constexpr (same<T, C>) {
    dense<C, Op>(reinterpret_cast<C*>(a.parameter), reinterpret_cast<const C*>(a.gradient),
                 reinterpret_cast<C*>(a.state[0]), reinterpret_cast<C*>(a.state[1]),
                 reinterpret_cast<C*>(a.state[2]), a.n, *a.constants);
  } else {
    C p[chunk], g[chunk], state[3][chunk];
    each_chunk(a.n, [&](int64_t i, int64_t n) {
      load<T>(p, a.parameter + i * size, size, n);
      load<T>(g, a.gradient + i * size, size, n);
      for (int k = 0; k < Op::states; ++k) load<T>(state[k], a.state[k] + i * size, size, n);
      dense<C, Op>(p, g, state[0], state[1], state[2], n, *a.constants);
      store<T>(a.parameter + i * size, size, p, n);
      for (int k = 0; k < Op::states; ++k) store<T>(a.state[k] + i * size, size, state[k], n);
    });
  }
}

template <class T>
void register_functions(kernels::UpdateKernels& k, int dtype) {
  const auto set = [&]<class Op>(Update op, Op) { k.functions[op][dtype] = update<T, Op>; };
  set(Update::Sgd, SgdOf{});
  set(Update::Momentum, MomentumOf{});
  set(Update::Adam, AdamOf{});
  set(Update::AmsGrad, AmsGradOf{});
  set(Update::NAdam, NAdamOf{});
  set(Update::RAdam, RAdamOf{});
  set(Update::Adamax, AdamaxOf{});
  set(Update::Adagrad, AdagradOf{});
  set(Update::RmsProp, RmsPropOf{});
  set(Update::RmsMomentum, RmsMomentumOf{});
  set(Update::RmsCentered, RmsCenteredOf{});
  set(Update::Adadelta, AdadeltaOf{});
  set(Update::Rprop, RpropOf{});
  set(Update::Asgd, AsgdOf{});
}

}  // namespace

void add_updates(kernels::Table& table) {
  static kernels::UpdateKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) register_functions<T>(all, i);
  });
  table.update = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
