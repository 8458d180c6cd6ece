#pragma once

#include "wick/kernels/inverse_trigonometry.h"

// Powers, logarithms to other bases, and lengths, without branches; float is computed in double. Largest
// errors in units in the last place: see the comments (float over every 997th argument, of two over a
// sample; double over a sample).

namespace wick {
inline namespace WICK_LEVEL {

// A number as the sum of two, the second of which is below half a unit in the last place of the first.
struct TwoWords {
  double high, low;
};

// a + b without error (Knuth), and the same where |a| >= |b| (Dekker).
WICK_INLINE TwoWords sum(double a, double b) {
  const double s = a + b, part = s - a;
  return {s, (a - (s - part)) + (b - part)};
}
WICK_INLINE TwoWords sum_ordered(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}
// a b without error (Dekker).
WICK_INLINE TwoWords product(double a, double b) {
  const double p = a * b;
#if defined(__FMA__)
  return {p, __builtin_fma(a, b, -p)};
#else
  // The upper 26 bits by masking: no overflow.
  constexpr uint64_t upper = 0xfffffffff8000000u;
  const double ah = __builtin_bit_cast(double, __builtin_bit_cast(uint64_t, a) & upper), al = a - ah;
  const double bh = __builtin_bit_cast(double, __builtin_bit_cast(uint64_t, b) & upper), bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}

// x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for positive normal numbers.
template <class T>
struct Parts {
  T k, f;
};
template <class T>
WICK_INLINE Parts<T> split(T x) {
  using R = Real<T>;
  using Bits = BitsOf<T>;
  const Bits shifted = __builtin_bit_cast(Bits, x) + (R::one - R::sqrt_half);
  const Bits exponent = (shifted >> R::fraction) | __builtin_bit_cast(Bits, R::exponent_base);
  return {__builtin_bit_cast(T, exponent) - (R::exponent_base + T(R::bias)),
          __builtin_bit_cast(T, static_cast<Bits>((shifted & R::fraction_mask) + R::sqrt_half)) - T(1)};
}

// log(1 + f) to some 2^-34 of its size, which is enough for float.
WICK_INLINE double log_fraction(double f) {
  constexpr double c[] = {0x1.5555554bb2b2cp-1, 0x1.9999eb5d84f14p-2, 0x1.245c438323e9ap-2,
                          0x1.ddced7078dd3ap-3};
  const double s = f / (2 + f), z = s * s;
  return s * (2 + z * polynomial(c, z));
}
WICK_INLINE double log_wide(double x) {
  const Parts<double> p = split(x);
  return p.k * 0x1.62e42fefa39efp-1 + log_fraction(p.f);
}

// k log_b(2) + log(1 + f) log_b(e), where the constants have a high word whose products are exact and a low
// one; as FreeBSD's e_log2.c and e_log10.c arrange it.
template <class T>
struct LogBase {
  T two_high, two_low, e_high, e_low;
};
template <class T>
struct LogBases;
template <>
struct LogBases<float> {
  static constexpr LogBase<float> two{1, 0, 0x1.716p0f, -0x1.7135a8p-13f};
  static constexpr LogBase<float> ten{0x1.3441p-2f, 0x1.a84fbcp-21f, 0x1.bccp-2f, -0x1.09d5b2p-15f};
  static constexpr uint32_t upper = 0xfffff000u;
};
template <>
struct LogBases<double> {
  static constexpr LogBase<double> two{1, 0, 0x1.7154765p+0, 0x1.5c17f0bbbe88p-31};
  static constexpr LogBase<double> ten{0x1.34413509f6p-2, 0x1.9fef311f12b36p-42, 0x1.bcb7b15p-2,
                                       0x1.37287195355bbp-33};
  static constexpr uint64_t upper = 0xffffffff00000000u;
};

template <class T>
WICK_INLINE T log_in_base(T x, LogBase<T> base) {
  using R = Real<T>;
  const bool subnormal = x < R::smallest_normal;
  const Parts<T> p = split(subnormal ? x * R::scale_up : x);
  const T k = p.k - (subnormal ? T(R::scale_exponent) : T(0)), f = p.f;
  const T s = f / (T(2) + f), square = T(0.5) * f * f, tail = s * (square + log_tail(s));
  const T high = __builtin_bit_cast(
      T, static_cast<BitsOf<T>>(__builtin_bit_cast(BitsOf<T>, f - square) & LogBases<T>::upper));
  const T low = ((f - high) - square) + tail;
  const T small = k * base.two_low + ((low + high) * base.e_low + low * base.e_high);
  const T whole = k * base.two_high, rest = high * base.e_high, sum = whole + rest, part = sum - whole;
  const T result = sum + (((whole - (sum - part)) + (rest - part)) + small);
  const T special = x == 0 ? T(-__builtin_inf()) : x < 0 ? T(__builtin_nan("")) : x;
  return (x > 0) & (x < T(__builtin_inf())) ? result : special;
}

// float 0.8, double 0.7 ulp.
template <class T>
WICK_INLINE T log2(T x) {
  return log_in_base(x, LogBases<T>::two);
}
template <class T>
WICK_INLINE T log10(T x) {
  return log_in_base(x, LogBases<T>::ten);
}

// exp(r) - 1 for |r| <= ln(2)/2, to some 2^-32; near minimax.
WICK_INLINE double expm1_wide(double r) {
  constexpr double c[] = {0x1.0000000b8f62bp-1, 0x1.5555555a78232p-3,  0x1.5554e9114ecf9p-5,
                          0x1.1110e0f726534p-7, 0x1.6d431504c53d3p-10, 0x1.a124e3f154d32p-13};
  return r + r * r * polynomial(c, r);
}

// float 0.51, double 1.4 ulp.
template <class T>
WICK_INLINE T exp10(T x) {
  using R = Real<double>;
  constexpr double most = same<T, float> ? 60 : 400, log2_10 = 0x1.a934f0979a371p+1,
                   ln10 = 0x1.26bb1bbb55516p+1;
  double y = x;
  y = y > most ? most : y;
  y = y < -most ? -most : y;
  const double n = (y * log2_10 + R::round) - R::round;
  const double r = ((y - n * LogBases<double>::ten.two_high) - n * LogBases<double>::ten.two_low) * ln10;
  if constexpr (same<T, float>) {
    return static_cast<T>((1 + expm1_wide(r)) * power_of_two(n + R::round));
  } else {
    return scaled(1 + expm1_small(r), n);
  }
}

// |x|^y for positive x as exp(y log(x)): x may be subnormal; 0 and infinity have infinite logarithms.
WICK_INLINE double power_float(double x, double y) {
  using R = Real<double>;
  constexpr double c[] = {0x1.55555555553b8p-1, 0x1.9999999b8677ap-2, 0x1.2492462af84abp-2,
                          0x1.c71fccd953895p-3, 0x1.7382dbfa1ce75p-3, 0x1.546a3155bacbfp-3};
  const Parts<double> p = split(x);
  const double s = p.f / (2 + p.f), z = s * s;
  const double finite = p.k * 0x1.62e42fefa39efp-1 + s * (2 + z * polynomial(c, z));
  const double log = x == 0 ? -__builtin_inf() : x == __builtin_inf() ? x : finite;
  double e = y * log;
  e = e > 200 ? 200 : e;
  e = e < -200 ? -200 : e;
  const double n = (e * R::log2_e + R::round) - R::round;
  const double r = (e - n * R::ln2_high) - n * R::ln2_low;
  return (1 + expm1_wide(r)) * power_of_two(n + R::round);
}

// The logarithm of a positive number to some 2^-64 of its size: 2 s + 2/3 s^3 in two words each, the rest of
// the series in one.
WICK_INLINE TwoWords log_two_words(double x) {
  constexpr double c[] = {0x1.999999999999ap-2, 0x1.2492492492521p-2, 0x1.c71c71c6eaa8dp-3,
                          0x1.745d177a8f200p-3, 0x1.3b1395d4f9e5fp-3, 0x1.1118c74823a2ep-3,
                          0x1.df7ce9a6bcccbp-4, 0x1.e02d197c00c78p-4};
  using R = Real<double>;
  const bool subnormal = x < R::smallest_normal;
  const Parts<double> p = split(subnormal ? x * R::scale_up : x);
  const double k = p.k - (subnormal ? R::scale_exponent : 0);
  const TwoWords divisor = sum_ordered(2, p.f);
  const double s = p.f / divisor.high;
  const TwoWords back = product(s, divisor.high);
  const double s_low = (((p.f - back.high) - back.low) - s * divisor.low) / divisor.high;
  TwoWords z = product(s, s);
  z.low += 2 * s * s_low;
  // q = 2/3 + z (...)
  const double tail = z.high * polynomial(c, z.high);
  TwoWords q = sum_ordered(0x1.5555555555555p-1, tail);
  q.low += 0x1.5555555555555p-55 + z.low * c[0];
  // s (2 + z q)
  TwoWords zq = product(z.high, q.high);
  zq.low += z.high * q.low + z.low * q.high;
  TwoWords cubic = product(s, zq.high);
  cubic.low += s * zq.low + s_low * zq.high;
  TwoWords log = sum_ordered(2 * s, cubic.high);
  log.low += cubic.low + 2 * s_low;
  const TwoWords large = sum(k * R::ln2_high, log.high);
  const TwoWords rest = sum(large.low, k * R::ln2_low);
  // ln2 has three words: k times the third is below 2^-80.
  return sum_ordered(large.high, rest.high + (rest.low + log.low));
}

WICK_INLINE double power_double(double x, double y) {
  using R = Real<double>;
  const TwoWords log = log_two_words(x);
  const bool infinite = (x == 0) | (x == __builtin_inf());
  const double log_high = x == 0 ? -__builtin_inf() : x == __builtin_inf() ? x : log.high;
  const TwoWords exact = product(y, log.high);
  double e = y * log_high, low = exact.low + y * log.low;
  const bool far = !((e < 800) & (e > -800)) | infinite;
  low = far ? 0 : low;
  e = e > 800 ? 800 : e;
  e = e < -800 ? -800 : e;
  const double n = (e * R::log2_e + R::round) - R::round;
  const double rest = e - n * R::ln2_high, correction = low - n * R::ln2_low;
  const double r = rest + correction;
  return scaled(1 + expm1_small(r, correction - (r - rest)), n);
}

// As C99 has it: 1 for a base of 1 or an exponent of 0 whatever the other is, NaN for a negative base and an
// exponent that is no integer. float 0.51, double 0.9 ulp.
template <class T>
WICK_INLINE T pow(T base, T exponent) {
  const double x = base, y = exponent, size = magnitude(x);
  double power;
  if constexpr (same<T, float>) {
    power = power_float(size, y);
  } else {
    power = power_double(size, y);
  }
  const double half = 0.5 * y;
  const bool infinite = magnitude(y) == __builtin_inf();
  const bool integer = (__builtin_rint(y) == y) | infinite;
  const bool odd = integer & (__builtin_rint(half) != half) & !infinite;
  const double sign = odd ? with_sign_of(x, 1) : 1;
  double result = sign * power;
  result = (x < 0) & (size < __builtin_inf()) & !integer ? __builtin_nan("") : result;
  result = (size == 1) & infinite ? 1 : result;
  result = (x != x) | (y != y) ? x + y : result;
  return static_cast<T>((x == 1) | (y == 0) ? 1 : result);
}

// Without overflow on the way. float 0.51, double 1.1 ulp.
template <class T>
WICK_INLINE T hypot(T x, T y) {
  const double a = magnitude(x), b = magnitude(y);
  double length;
  if constexpr (same<T, float>) {
    length = sqrt(a * a + b * b);
  } else {
    const double most = a > b ? a : b;
    const double scale = most > 0x1p500 ? 0x1p-600 : most < 0x1p-400 ? 0x1p600 : 1;
    const double back = most > 0x1p500 ? 0x1p600 : most < 0x1p-400 ? 0x1p-600 : 1;
    const double p = a * scale, q = b * scale;
    length = sqrt(p * p + q * q) * back;
  }
  const bool infinite = (a == __builtin_inf()) | (b == __builtin_inf());
  return static_cast<T>(infinite ? __builtin_inf() : length);
}

}  // namespace WICK_LEVEL
}  // namespace wick
