#include "wick/kernels/power.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Binary;

// By squaring, wrapping around; a negative exponent leaves what a division of integers does.
template <class T>
T integer_power(T base, T exponent) {
  if constexpr (T(-1) < T(0)) {
    if (exponent < 0) return base == T(1) ? T(1) : base == T(-1) ? (exponent % 2 == 0 ? T(1) : T(-1)) : T(0);
  }
  using C = Compute<T>;
  C result = 1, square = static_cast<C>(base);
  for (auto e = static_cast<C>(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}
template <class T>
void integer_powers(const Block& b, const void*) {
  elementwise2<T, T>(b, [](T x, T y) { return integer_power(x, y); });
}

// Exponents with a function of their own, and its derivative times g. The special values are pow's.
struct Zeroth {
  template <class C>
  static C f(C) {
    return C(1);
  }
  template <class C>
  static C df(C, C) {
    return C(0);
  }
};
struct First {
  template <class C>
  static C f(C x) {
    return x;
  }
  template <class C>
  static C df(C g, C) {
    return g;
  }
};
struct Second {
  template <class C>
  static C f(C x) {
    return x * x;
  }
  template <class C>
  static C df(C g, C x) {
    return g * (x + x);
  }
};
struct Third {
  template <class C>
  static C f(C x) {
    return x * x * x;
  }
  template <class C>
  static C df(C g, C x) {
    return g * (C(3) * x * x);
  }
};
struct Root {
  // +0 of -0, and of minus infinity infinity.
  template <class C>
  static C f(C x) {
    return x == C(-__builtin_inf()) ? -x : sqrt(x + C(0));
  }
  template <class C>
  static C df(C g, C x) {
    return g * (C(0.5) / f(x));
  }
};
struct InverseRoot {
  template <class C>
  static C f(C x) {
    return C(1) / Root::f(x);
  }
  template <class C>
  static C df(C g, C x) {
    return g * (C(-0.5) / (x * Root::f(x)));
  }
};
struct Inverse {
  template <class C>
  static C f(C x) {
    return C(1) / x;
  }
  template <class C>
  static C df(C g, C x) {
    return -g * (f(x) * f(x));
  }
};
struct InverseSquare {
  // The square of the inverse: that of a large x would overflow.
  template <class C>
  static C f(C x) {
    return Inverse::f(x) * Inverse::f(x);
  }
  template <class C>
  static C df(C g, C x) {
    return g * (C(-2) * f(x) * Inverse::f(x));
  }
};

// Calls f with the function of the exponent; false when it has none.
template <class C, class F>
WICK_INLINE bool with_exponent(C e, F f) {
  if (e == 0) return f(Zeroth{});
  if (e == 1) return f(First{});
  if (e == 2) return f(Second{});
  if (e == 3) return f(Third{});
  if (e == C(0.5)) return f(Root{});
  if (e == C(-0.5)) return f(InverseRoot{});
  if (e == -1) return f(Inverse{});
  if (e == -2) return f(InverseSquare{});
  return false;
}

// clang-format off
struct PowOf   { template <class C> static C f(C x, C e) { return pow(x, e); } };
struct Atan2Of { template <class C> static C f(C y, C x) { return atan2(y, x); } };
struct HypotOf { template <class C> static C f(C x, C y) { return hypot(x, y); } };
struct LogAddExpOf {
  // Of equal numbers without their difference, which is NaN of infinities.
  template <class C> static C f(C x, C y) {
    const C distance = x > y ? x - y : y - x, larger = x > y ? x : y;
    const C sum = larger + softplus_tail(distance < C(1000) ? distance : C(1000));
    return x == y ? x + C(0x1.62e42fefa39efp-1) : x != x ? x : y != y ? y : sum;
  }
};
// clang-format on

// Whether operand k is one element for all of the block.
WICK_INLINE bool is_number(const Block& b, int k) {
  return b.step[k] == 0 && (b.rows == 1 || b.row_step[k] == 0);
}
template <class T>
WICK_INLINE Compute<T> number_of(const Block& b, int k) {
  return cast<Compute<T>>(*reinterpret_cast<const T*>(b.data[k]));
}

template <class T>
void powers(const Block& b, const void* parameters) {
  const bool done = is_number(b, 2) && with_exponent(number_of<T>(b, 2), [&]<class Op>(Op) {
                      buffered_loop<T, Op>(b, nullptr);
                      return true;
                    });
  if (!done) buffered_loop2<T, PowOf>(b, parameters);
}

template <class C>
void power_gradients(C* out, const C* g, const C* x, const C* e, int64_t n) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = e[i] == 0 ? C(0) : g[i] * (e[i] * pow(x[i], e[i] - C(1)));
}

template <class T>
void power_gradient(const Block& b, const void*) {
  using C = Compute<T>;
  const bool done = is_number(b, 3) && with_exponent(number_of<T>(b, 3), [&]<class Op>(Op) {
                      gradient_loop<T, Op>(b, nullptr);
                      return true;
                    });
  if (done) return;
  Input<T> g, x, e;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      const auto at = [&](int k) { return b.data[k] + r * b.row_step[k] + i * b.step[k]; };
      power_gradients<C>(out.at(at(0), b.step[0]), g.at(at(1), b.step[1], n), x.at(at(2), b.step[2], n),
                         e.at(at(3), b.step[3], n), n);
      out.put(at(0), b.step[0], n);
    });
  }
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (class_of<T> == Class::Integer) t.binary[Binary::Pow][dtype] = integer_powers<T>;
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    t.binary[Binary::Pow][dtype] = powers<T>;
    t.binary[Binary::Atan2][dtype] = buffered_loop2<T, Atan2Of>;
    t.binary[Binary::Hypot][dtype] = buffered_loop2<T, HypotOf>;
    t.binary[Binary::LogAddExp][dtype] = buffered_loop2<T, LogAddExpOf>;
    t.pow_gradient[dtype] = power_gradient<T>;
  }
}

}  // namespace

void add_powers(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
