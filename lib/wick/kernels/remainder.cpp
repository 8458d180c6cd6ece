#include "wick/kernels/buffers.h"
#include "wick/kernels/registration.h"

// What divisions with whole quotients give and leave. The remainders are exact but for the divisor that may
// be added to them.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Binary;

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr bool has_fma = true;
#else
constexpr bool has_fma = false;
#endif

WICK_INLINE float size_of(float x) { return __builtin_fabsf(x); }
WICK_INLINE double size_of(double x) { return __builtin_fabs(x); }
WICK_INLINE float slow_fmod(float x, float y) { return __builtin_fmodf(x, y); }
WICK_INLINE double slow_fmod(double x, double y) { return __builtin_fmod(x, y); }
WICK_INLINE float with_sign(float size, float sign) { return __builtin_copysignf(size, sign); }
WICK_INLINE double with_sign(double size, double sign) { return __builtin_copysign(size, sign); }
WICK_INLINE float floor(float x) { return __builtin_floorf(x); }
WICK_INLINE double floor(double x) { return __builtin_floor(x); }

// Whether fmod() below is right: for quotients up to 2^28 of float, 2^51 of double.
template <class C>
WICK_INLINE bool has_quick_fmod(C x, C y) {
  constexpr C most = same<C, float> ? C(0x1p28) : C(0x1p51);
  return (size_of(x) < size_of(y) * most) & (size_of(y) < C(__builtin_inf()));
}

// x - trunc(x / y) y. A quotient that was rounded up to a whole number is 1 too large.
WICK_INLINE double quick_fmod(double x, double y) {
  const double size = size_of(x), by = size_of(y);
  const double rest = __builtin_fma(-__builtin_trunc(size / by), by, size);
  return with_sign(rest < 0 ? rest + by : rest, x);
}
// In double, where the product of the quotient and y is exact.
WICK_INLINE float quick_fmod(float x, float y) {
  const double size = size_of(static_cast<double>(x)), by = size_of(static_cast<double>(y));
  const double rest = size - __builtin_trunc(size / by) * by;
  return with_sign(static_cast<float>(rest < 0 ? rest + by : rest), x);
}

// From x, y and the remainder with the sign of x.
struct FmodOf {
  template <class C>
  static C f(C, C, C rest) {
    return rest;
  }
};
// With the sign of y.
struct RemainderOf {
  template <class C>
  static C f(C, C y, C rest) {
    return (rest != 0) & ((rest < 0) != (y < 0)) ? rest + y : rest;
  }
};
// As Python does it: the quotient that the remainder with the sign of y leaves, which is whole but for
// rounding.
struct FloorDivideOf {
  template <class C>
  static C f(C x, C y, C rest) {
    C quotient = (x - rest) / y;
    quotient = (rest != 0) & ((rest < 0) != (y < 0)) ? quotient - C(1) : quotient;
    const C below = floor(quotient);
    const C whole = quotient - below > C(0.5) ? below + C(1) : below;
    return y == 0 ? x / y : quotient == 0 ? with_sign(C(0), x / y) : whole;
  }
};

template <class C, class Op>
void divided(C* out, const C* x, const C* y, int64_t n, const void*) {
  C rest[chunk];
  bool quick = has_fma || same<C, float>;
  if (quick) {
    int slow = 0;
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) {
      slow |= has_quick_fmod(x[i], y[i]) ? 0 : 1;
      rest[i] = quick_fmod(x[i], y[i]);
    }
    quick = slow == 0;
  }
  if (!quick) {
    for (int64_t i = 0; i < n; ++i) rest[i] = slow_fmod(x[i], y[i]);
  }
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i], y[i], rest[i]);
}

template <class T, class Op>
void floating_loop(const Block& b, const void*) {
  run2<T>(b, divided<Compute<T>, Op>, nullptr);
}

// The same of integers. A quotient by -1 may not exist: its remainder is 0.
template <class T>
WICK_INLINE T rest_of(T x, T y) {
  if constexpr (T(-1) < T(0)) {
    if (y == T(-1)) return T(0);
  }
  return static_cast<T>(x % y);
}
template <class T>
WICK_INLINE bool rounds_up(T rest, T y) {
  return rest != 0 && (rest < 0) != (y < 0);
}

// From two numbers, and, where all are below 2^51, from their quotient towards zero, the divisor and what
// that leaves, in double.
struct WholeFmod {
  template <class T>
  static T f(T x, T y) {
    return y == 0 ? T(0) : rest_of(x, y);
  }
  static double f(double, double, double rest) { return rest; }
};
struct WholeRemainder {
  template <class T>
  static T f(T x, T y) {
    if (y == 0) return T(0);
    const T rest = rest_of(x, y);
    return rounds_up(rest, y) ? static_cast<T>(rest + y) : rest;
  }
  static double f(double, double y, double rest) { return RemainderOf::f(0.0, y, rest); }
};
struct WholeFloorDivide {
  template <class T>
  static T f(T x, T y) {
    if (y == 0) return T(0);
    if constexpr (T(-1) < T(0)) {
      if (y == T(-1)) return static_cast<T>(Compute<T>(0) - static_cast<Compute<T>>(x));
    }
    const T rest = rest_of(x, y);
    return static_cast<T>(x / y - (rounds_up(rest, y) ? 1 : 0));
  }
  static double f(double quotient, double y, double rest) {
    return (rest != 0) & ((rest < 0) != (y < 0)) ? quotient - 1 : quotient;
  }
};

// Whole numbers of up to 51 bits and a sign are the last ones of doubles near 2^52, which every level has
// vectors for.
constexpr double shift = 0x1.8p52;
constexpr Compute<int64_t> shift_bits = 0x4338000000000000;
WICK_INLINE double as_double(Compute<int64_t> x) {
  return __builtin_bit_cast(double, x + shift_bits) - shift;
}
WICK_INLINE Compute<int64_t> as_whole(double x) {
  return __builtin_bit_cast(Compute<int64_t>, x + shift) - shift_bits;
}

// Vectors cannot divide integers, but doubles: the quotient of such numbers, rounded, is whole only where it
// is so exactly, and its product with the divisor is exact.
template <class Op>
void divided_whole(Compute<int64_t>* out, const Compute<int64_t>* x, const Compute<int64_t>* y, int64_t n,
                   const void*) {
  constexpr Compute<int64_t> most = Compute<int64_t>(1) << 51;
  Compute<int64_t> range = 0;
  for (int64_t i = 0; i < n; ++i) range |= (x[i] + most) | (y[i] + most);
  if (range >> 52 != 0) {
    for (int64_t i = 0; i < n; ++i)
      out[i] = static_cast<Compute<int64_t>>(Op::f(static_cast<int64_t>(x[i]), static_cast<int64_t>(y[i])));
    return;
  }
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const double a = as_double(x[i]), b = as_double(y[i]), quotient = __builtin_trunc(a / b);
    out[i] = as_whole(b == 0 ? 0.0 : Op::f(quotient, b, a - quotient * b));
  }
}

template <class T, class Op>
void whole_loop(const Block& b, const void*) {
  if constexpr (same<T, int64_t>) {
    run2<T>(b, divided_whole<Op>, nullptr);
  } else {
    elementwise2<T, T>(b, [](T x, T y) { return Op::f(x, y); });
  }
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (class_of<T> == Class::Integer) {
    t.binary[Binary::Fmod][dtype] = whole_loop<T, WholeFmod>;
    t.binary[Binary::Remainder][dtype] = whole_loop<T, WholeRemainder>;
    t.binary[Binary::FloorDivide][dtype] = whole_loop<T, WholeFloorDivide>;
  }
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    t.binary[Binary::Fmod][dtype] = floating_loop<T, FmodOf>;
    t.binary[Binary::Remainder][dtype] = floating_loop<T, RemainderOf>;
    t.binary[Binary::FloorDivide][dtype] = floating_loop<T, FloorDivideOf>;
  }
}

}  // namespace

void add_remainders(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
