#pragma once

#include "wick/kernels/element.h"

// Elementary functions without branches or calls, so that loops over them vectorize. NaN, infinities, zeros
// and subnormals come out as IEEE 754 has them. The largest errors in units in the last place, as
// tests/bench/ulp.cpp finds them, of float over all arguments and of double over a sample:
//             float   double
//   exp       0.93    0.85
//   exp2      1.04    0.98
//   expm1     1.77    1.86
//   log       0.76    0.76
//   log1p     1.44    1.44
//   erf       1.07    0.99
//   tanh      1.99    1.9
//   sigmoid   1.97    1.9

namespace wick {
inline namespace WICK_LEVEL {

// Per type: bits of the significand, and constants that split logarithms into an exact and a small part.
template <class T>
struct Real;
template <>
struct Real<float> {
  using Bits = uint32_t;
  static constexpr int fraction = 23;
  static constexpr Bits bias = 127, sqrt_half = 0x3f3504f3u, one = 0x3f800000u, fraction_mask = 0x007fffffu;
  static constexpr float round = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  static constexpr float log2_e = 0x1.715476p0f, ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float exp_max = 0x1.62e43p6f, exp_min = -104.0f;
  static constexpr float smallest_normal = 0x1p-126f, scale_up = 0x1p25f, scale_exponent = 25;
  static constexpr float exponent_base = 0x1p23f;
  static constexpr float tanh_limit = 10.0f;
};
template <>
struct Real<double> {
  using Bits = uint64_t;
  static constexpr int fraction = 52;
  static constexpr Bits bias = 1023, sqrt_half = 0x3fe6a09e667f3bcdu, one = 0x3ff0000000000000u,
                        fraction_mask = 0x000fffffffffffffu;
  static constexpr double round = 0x1.8p52;
  static constexpr double log2_e = 0x1.71547652b82fep0, ln2_high = 0x1.62e42feep-1,
                          ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double exp_max = 0x1.62e42fefa39efp9, exp_min = -746.0;
  static constexpr double smallest_normal = 0x1p-1022, scale_up = 0x1p54, scale_exponent = 54;
  static constexpr double exponent_base = 0x1p52;
  static constexpr double tanh_limit = 22.0;
};

template <class T>
using BitsOf = typename Real<T>::Bits;

template <class T, int n>
WICK_INLINE T polynomial(const T (&coefficients)[n], T x) {
  T p = coefficients[n - 1];
#pragma GCC unroll 32
  for (int i = n - 2; i >= 0; --i) p = p * x + coefficients[i];
  return p;
}

// 2^n for an n that was rounded by adding Real<T>::round; its normal exponents only.
template <class T>
WICK_INLINE T power_of_two(T rounded) {
  const auto bits = __builtin_bit_cast(BitsOf<T>, rounded);
  return __builtin_bit_cast(T, static_cast<BitsOf<T>>((bits + Real<T>::bias) << Real<T>::fraction));
}

// value 2^n for an integer n, in two factors: the result may be subnormal, or n beyond the largest exponent.
template <class T>
WICK_INLINE T scaled(T value, T n) {
  const T half = n * T(0.5) + Real<T>::round;
  const T rest = (n - (half - Real<T>::round)) + Real<T>::round;
  return value * power_of_two(half) * power_of_two(rest);
}

// exp(r + low) - 1 for |r| <= ln(2)/2 and what its rounding took away: the Taylor series, its remainder below
// the last place.
WICK_INLINE float expm1_small(float r, float low = 0) {
  float p = 0x1.a01a02p-13f;
  p = p * r + 0x1.6c16c2p-10f;
  p = p * r + 0x1.111112p-7f;
  p = p * r + 0x1.555556p-5f;
  p = p * r + 0x1.555556p-3f;
  p = p * r + 0.5f;
  return r + (r * r * p + low);
}
WICK_INLINE double expm1_small(double r, double low = 0) {
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  return r + (r * r * p + low);
}

// For arguments up to exp_max.
template <class T>
WICK_INLINE T exp_below(T x) {
  using R = Real<T>;
  // The result for the smallest argument is 0 once it is rounded.
  const T y = x < R::exp_min ? R::exp_min : x;
  const T n = (y * R::log2_e + R::round) - R::round;
  const T rest = y - n * R::ln2_high, r = rest - n * R::ln2_low;
  return scaled(T(1) + expm1_small(r, (rest - r) - n * R::ln2_low), n);
}

template <class T>
WICK_INLINE T exp(T x) {
  const T most = Real<T>::exp_max;
  const T e = exp_below(x > most ? most : x);
  return x > most ? T(__builtin_inf()) : e;
}

// tanh|x| = (e - 1) / (e + 1) with e = exp(2|x|), the numerator without cancellation.
template <class T>
WICK_INLINE T tanh(T x) {
  using R = Real<T>;
  const T magnitude = x < 0 ? -x : x;
  const T y = magnitude > R::tanh_limit ? R::tanh_limit : magnitude;
  const T n = (T(2) * y * R::log2_e + R::round) - R::round;
  const T rest = T(2) * y - n * R::ln2_high, r = rest - n * R::ln2_low;
  const T power = power_of_two(n + R::round);
  const T e = power * expm1_small(r, (rest - r) - n * R::ln2_low) + (power - T(1));
  // q = e / (e + 2), less what the sum's rounding took away over the sum, which is 2 / (1 - q); and where e
  // is large 1 - 2 / (e + 2).
  const bool small = e < T(4);
  const T w = e + T(2), low = e - (w - T(2)), q = (small ? e : T(2)) / w;
  const T t = small ? q - q * (low * (T(0.5) - T(0.5) * q)) : T(1) - q;
  const T tiny = magnitude == 0 ? x : x < 0 ? -t : t;
  return x != x ? x : tiny;
}

// The odd part of log((1 + s) / (1 - s)) beyond 2s, over s; coefficients are the minimax ones of fdlibm.
WICK_INLINE float log_tail(float s) {
  const float z = s * s;
  return z * (0xaaaaaa.0p-24f + z * (0xccce13.0p-25f + z * (0x91e9ee.0p-25f + z * 0xf89e26.0p-26f)));
}
WICK_INLINE double log_tail(double s) {
  const double z = s * s;
  double p = 1.479819860511658591e-01;
  p = p * z + 1.531383769920937332e-01;
  p = p * z + 1.818357216161805012e-01;
  p = p * z + 2.222219843214978396e-01;
  p = p * z + 2.857142874366239149e-01;
  p = p * z + 3.999999999940941908e-01;
  p = p * z + 6.666666666666735130e-01;
  return z * p;
}

// log(x 2^-less) for positive normal numbers.
template <class T>
WICK_INLINE T log_normal(T x, T less) {
  using R = Real<T>;
  using Bits = typename R::Bits;
  // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).
  const Bits shifted = __builtin_bit_cast(Bits, x) + (R::one - R::sqrt_half);
  const Bits exponent_bits = (shifted >> R::fraction) | __builtin_bit_cast(Bits, R::exponent_base);
  const T k = (__builtin_bit_cast(T, exponent_bits) - R::exponent_base) - (T(R::bias) + less);
  const T f = __builtin_bit_cast(T, static_cast<Bits>((shifted & R::fraction_mask) + R::sqrt_half)) - T(1);
  const T s = f / (T(2) + f);
  const T square = T(0.5) * f * f;
  return k * R::ln2_high - ((square - (s * (square + log_tail(s)) + k * R::ln2_low)) - f);
}

template <class T>
WICK_INLINE T log(T x) {
  using R = Real<T>;
  const bool subnormal = x < R::smallest_normal;
  const T result = log_normal(subnormal ? x * R::scale_up : x, subnormal ? T(R::scale_exponent) : T(0));
  const T special = x == 0 ? T(-__builtin_inf()) : x < 0 ? T(__builtin_nan("")) : x;
  return x > 0 && x < T(__builtin_inf()) ? result : special;
}

template <class T>
WICK_INLINE T expm1(T x) {
  using R = Real<T>;
  T y = x > R::exp_max ? R::exp_max : x;
  y = y < T(-50) ? T(-50) : y;
  const T n = (y * R::log2_e + R::round) - R::round;
  const T r = (y - n * R::ln2_high) - n * R::ln2_low;
  // Half of 2^n, which may lie one above the largest exponent.
  const T power = power_of_two((n - T(1)) + R::round);
  const T e = T(2) * (power * expm1_small(r) + (power - T(0.5)));
  const T near = n == 0 ? expm1_small(x) : e;
  return x > R::exp_max ? T(__builtin_inf()) : x != x || x == 0 ? x : near;
}

// log(w) at w = 1 + x rounded, plus what the rounding took away.
template <class T>
WICK_INLINE T log1p(T x) {
  const T w = T(1) + x;
  const T rest = (x - (w - T(1))) / w;
  const T sum = log(w) + ((w > 0) & (w < T(__builtin_inf())) ? rest : T(0));
  return x == 0 ? x : sum;
}

// log(1 + e) for e from 0 to 1.
template <class T>
WICK_INLINE T log1p_unit(T e) {
  const T w = T(1) + e;
  // 1 / w for w from 1 to 2, nearly; exact at 1, where it counts.
  return log_normal(w, T(0)) + (e - (w - T(1))) * (T(1.5) - T(0.5) * w);
}

// log(1 + exp(-x)) for x from 0 on. Special cases of the functions that it is made of would keep the compiler
// from vectorizing.
template <class T>
WICK_INLINE T softplus_tail(T x) {
  return log1p_unit(exp_below(-x));
}

template <class T>
WICK_INLINE T exp2(T x) {
  using R = Real<T>;
  constexpr T most = R::bias + 1, least = -most - R::fraction - 1;
  T y = x > most ? most : x;
  y = y < least ? least : y;
  const T n = (y + R::round) - R::round;
  const T r = (y - n) * T(0x1.62e42fefa39efp-1);
  const T e = scaled(T(1) + expm1_small(r), n);
  return x >= most ? T(__builtin_inf()) : x < least ? T(0) : x != x ? x : e;
}

// erf(x) / x - 1 as a polynomial in x^2 up to `erf_split`; exp(x^2) erfc(x) as one in (x - erf_middle) /
// (x + erf_middle) from there to `erf_one`, where erf becomes 1. Minimax for the relative error of erf.
template <class T>
struct Erf;
template <>
struct Erf<float> {
  static constexpr float split = 0.875f, middle = 1.75f, one = 4.0f;
  static constexpr float small[] = {0x1.06eba6d7b4f46p-3f,  -0x1.81270b5dfea07p-2f, 0x1.ce211f22a8ef2p-4f,
                                    -0x1.b6f39012ddbf4p-6f, 0x1.49ca0b1f9b44bp-8f,  -0x1.453aa1f5d0f5fp-11f};
  static constexpr float large[] = {0x1.23cfc30f6b6a1p-2f,  -0x1.d56b2673d5ad1p-2f, 0x1.cc2c993937475p-3f,
                                    -0x1.7defdcce336c1p-5f, -0x1.7b505f50e094ap-7f, 0x1.0058b79bb21e4p-8f};
};
template <>
struct Erf<double> {
  static constexpr double split = 0.875, middle = 2.25, one = 6.0;
  static constexpr double small[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379e4p-2,  0x1.ce2f21a042992p-4,
                                     -0x1.b82ce3127abcep-6,  0x1.565bcd0baedacp-8,   -0x1.c02db35e71718p-11,
                                     0x1.f9a30f2fda132p-14,  -0x1.f4d00d0d2cefbp-17, 0x1.b9c05623fca77p-20,
                                     -0x1.5dca541d9a60ep-23, 0x1.e517ca514212bp-27,  -0x1.dbd1e48dba30cp-31};
  static constexpr double large[] = {0x1.d94446d627940p-3,  -0x1.97beed129e0b0p-2,  0x1.ff4e7f9262c1ap-3,
                                     -0x1.ae49942b2c107p-4, 0x1.6359518791b8dp-6,   0x1.bcc25892402c2p-9,
                                     -0x1.6accb8d1c17fep-9, -0x1.86b5d8cc4568fp-13, 0x1.8ffa274b9ae69p-12,
                                     0x1.77e20f54cf3fdp-15, -0x1.03a6969e56b5ap-14, -0x1.a1c401f422a76p-16,
                                     -0x1.1095abe4fc0f8p-19};
};

template <class T>
WICK_INLINE T erf(T x) {
  using E = Erf<T>;
  const T magnitude = x < 0 ? -x : x;
  const T a = magnitude > E::one ? E::one : magnitude;
  const T near = x + x * polynomial(E::small, a * a);
  const T rest = exp(-a * a) * polynomial(E::large, (a - E::middle) / (a + E::middle));
  const T far = x < 0 ? rest - T(1) : T(1) - rest;
  return a > E::split ? far : near;
}

template <class T>
WICK_INLINE T sqrt(T x) {
  if constexpr (same<T, float>) {
    return __builtin_sqrtf(x);
  } else {
    return __builtin_sqrt(x);
  }
}

// From e = exp(-|x|), which does not overflow: e / (1 + e) below 0.
template <class T>
WICK_INLINE T sigmoid_from(T e, T x) {
  const T w = T(1) + e, low = e - (w - T(1)), quotient = (x < 0 ? e : T(1)) / w;
  // Less what the sum's rounding took away, over about w.
  return quotient - quotient * (low * (T(1.5) - T(0.5) * w));
}
template <class T>
WICK_INLINE T sigmoid(T x) {
  return sigmoid_from(exp_below(x < 0 ? x : -x), x);
}

// The normal distribution function and its density.
template <class T>
struct Normal {
  T distribution, density;
};

WICK_INLINE Normal<double> normal(double x) {
  return {0.5 * (1 + erf(x * 0x1.6a09e667f3bcdp-1)), exp_below(x * x * -0.5) * 0x1.9884533d43651p-2};
}

// The tail beyond |x| is the density times a function that is close to a polynomial in 1 / (1 + 0.3 |x|); so
// it keeps its relative precision where 1 + erf would cancel. Below 2^-126 it is 0.
WICK_INLINE Normal<float> normal(float x) {
  using R = Real<float>;
  constexpr float c[] = {0x1.ea3d84p-4f,  0x1.e9b1e4p-4f, 0x1.c41f1cp-4f,  0x1.3e4ba2p-4f, 0x1.91dfbep-4f,
                         -0x1.5412fap-4f, 0x1.91802cp-3f, -0x1.d9cbc2p-3f, 0x1.d1defcp-4f, -0x1.55bae6p-6f};
  const float a = x < 0 ? -x : x, y = -0.5f * a * a, least = -87.0f, z = y < least ? least : y;
  const float n = (z * R::log2_e + R::round) - R::round;
  const float power = power_of_two(n + R::round), r = (z - n * R::ln2_high) - n * R::ln2_low;
  const float e = y < least ? 0.0f : power + power * expm1_small(r);
  const float t = 1.0f / (1.0f + 0.3f * a), tail = e * (t * polynomial(c, t));
  return {x < 0 ? tail : 1.0f - tail, e * 0x1.988454p-2f};
}

}  // namespace WICK_LEVEL
}  // namespace wick
