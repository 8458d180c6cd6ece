#pragma once

#include "wick/kernels/math.h"

// Sine, cosine and tangent without branches, for arguments up to `turns`; beyond, the C library's. The
// argument less a multiple of pi/2 lies within pi/4 of 0; pi/2 is split into parts whose products with the
// multiple are exact (Cody and Waite), so that what is left is exact to the last places also near a multiple.
// float is computed in double. The polynomials are minimax.

namespace wick {
inline namespace WICK_LEVEL {

// The largest argument: 2^20 quarter turns.
inline constexpr double turns = 0x1p20;

struct Angle {
  double value, low;  // the remainder and what its rounding took away
  uint64_t quarter;   // how many quarter turns were taken off, in its low bits
};

WICK_INLINE Angle reduce(double x) {
  constexpr double half_pi[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104};
  const double shifted = x * 0x1.45f306dc9c883p-1 + Real<double>::round;
  const double n = shifted - Real<double>::round;
  const double first = x - n * half_pi[0], second = first - n * half_pi[1];
  const double lost = (first - second) - n * half_pi[1];
  const double rest = n * half_pi[2] + n * half_pi[3];
  const double value = second - rest;
  return {value, ((second - value) - rest) + lost, __builtin_bit_cast(uint64_t, shifted)};
}

struct SineCosine {
  double sine, cosine;
};

// Of the remainder; to the precision of T.
template <class T>
WICK_INLINE SineCosine both(const Angle& a) {
  const double r = a.value, z = r * r;
  if constexpr (same<T, float>) {
    constexpr double sine[] = {-0x1.5555554cbb512p-3, 0x1.11110896d3fb5p-7, -0x1.a00f9dd735abcp-13,
                               0x1.6cd85b6188949p-19};
    constexpr double cosine[] = {-0x1.ffffffd0c8cccp-2, 0x1.55553e10051f0p-5, -0x1.6c087e0b69445p-10,
                                 0x1.993405c614cfap-16};
    return {r + r * z * polynomial(sine, z), 1 + z * polynomial(cosine, z)};
  } else {
    constexpr double sine[] = {-0x1.5555555555549p-3, 0x1.111111110f886p-7,   -0x1.a01a019c12ea4p-13,
                               0x1.71de3578b5dcap-19, -0x1.ae5e66e94133fp-26, 0x1.5d932d9b8f06fp-33};
    constexpr double cosine[] = {0x1.555555555554cp-5,   -0x1.6c16c16c15183p-10, 0x1.a01a019cb2422p-16,
                                 -0x1.27e4f80a4ab21p-22, 0x1.1ee9ec2415e78p-29,  -0x1.8faeba48f1078p-37};
    const double half = 0.5 * z, near = 1 - half;
    return {r + (r * z * polynomial(sine, z) + a.low * near),
            near + (((1 - near) - half) + (z * z * polynomial(cosine, z) - r * a.low))};
  }
}

// The sine of x and `ahead` quarter turns.
template <class T>
WICK_INLINE double turned(double x, uint64_t ahead) {
  const Angle a = reduce(x);
  const SineCosine values = both<T>(a);
  const uint64_t quarter = a.quarter + ahead;
  const double value = (quarter & 1) != 0 ? values.cosine : values.sine;
  return __builtin_bit_cast(double, __builtin_bit_cast(uint64_t, value) ^ ((quarter & 2) << 62));
}

template <class T>
WICK_INLINE T sin(T x) {
  const T value = static_cast<T>(turned<T>(x, 0));
  return x == 0 ? x : value;
}

template <class T>
WICK_INLINE T cos(T x) {
  return static_cast<T>(turned<T>(x, 1));
}

template <class T>
WICK_INLINE T tan(T x) {
  const Angle a = reduce(x);
  const SineCosine values = both<T>(a);
  const bool odd = (a.quarter & 1) != 0;
  const double quotient = (odd ? values.cosine : values.sine) / (odd ? -values.sine : values.cosine);
  return x == 0 ? x : static_cast<T>(quotient);
}

}  // namespace WICK_LEVEL
}  // namespace wick
