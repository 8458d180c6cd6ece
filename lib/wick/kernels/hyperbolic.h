#pragma once

#include "wick/kernels/power.h"

// Hyperbolic functions and their inverses without branches; float is computed in double. Largest errors in
// units in the last place (float over every 997th argument, double over a sample): see the comments.

namespace wick {
inline namespace WICK_LEVEL {

// exp(a) / 2 for a from 0 on; infinity where it overflows.
template <class T>
WICK_INLINE double half_exp(double a) {
  using R = Real<double>;
  const double n = (a * R::log2_e + R::round) - R::round;
  if constexpr (same<T, float>) {
    const double r = a - n * 0x1.62e42fefa39efp-1;
    return (1 + expm1_wide(r)) * power_of_two((n - 1) + R::round);
  } else {
    const double rest = a - n * R::ln2_high, r = rest - n * R::ln2_low;
    const double low = (rest - r) - n * R::ln2_low;
    return scaled(1 + expm1_small(r, low), n - 1);
  }
}

// Arguments beyond which exp is only infinite.
template <class T>
inline constexpr double exp_limit = same<T, float> ? 100.0 : 712.0;

// Up to 1 by a polynomial in x^2, which is near minimax. float 0.51, double 1.5 ulp.
template <class T>
WICK_INLINE T sinh(T x) {
  const double wide = x, size = magnitude(wide);
  const double a = size > exp_limit<T> ? exp_limit<T> : size;
  const double h = half_exp<T>(a), large = with_sign_of(wide, h - 0.25 / h), z = wide * wide;
  double tail;
  if constexpr (same<T, float>) {
    constexpr double c[] = {0x1.5555554e858c9p-3, 0x1.11111eaff05ecp-7, 0x1.a008ffbc060dap-13,
                            0x1.78a70e32a02ebp-19};
    tail = polynomial(c, z);
  } else {
    constexpr double c[] = {0x1.5555555555555p-3,  0x1.11111111110fdp-7,  0x1.a01a01a01ee70p-13,
                            0x1.71de3a4e14f40p-19, 0x1.ae6460fae3728p-26, 0x1.611cb330c1fe8p-33,
                            0x1.b41232cf9950fp-41};
    tail = polynomial(c, z);
  }
  return static_cast<T>(size <= 1 ? wide + wide * (z * tail) : large);
}

// float 0.51, double 1.3 ulp.
template <class T>
WICK_INLINE T cosh(T x) {
  const double size = magnitude(x), h = half_exp<T>(size > exp_limit<T> ? exp_limit<T> : size);
  return static_cast<T>(h + 0.25 / h);
}

// log(1 + y + low), where low is small beside y.
WICK_INLINE double log1p_sum(double y, double low) {
  const double w = 1 + y, part = w - 1;
  const double rest = ((1 - (w - part)) + (y - part)) + low;
  return log_normal(w, 0.0) + rest / w;
}

// What the inverse functions of large double arguments become: log(2 a).
inline constexpr double log_alone = 0x1p28;

// asinh(a) = log(a + sqrt(a^2 + 1)). float 0.51, double 1.4 ulp.
template <class T>
WICK_INLINE T asinh(T x) {
  const double a = magnitude(x);
  double result;
  if constexpr (same<T, float>) {
    const double near = a - a * (a * a) * (1.0 / 6);
    result = a < 0x1p-10 ? near : log_wide(a + sqrt(a * a + 1));
  } else {
    const bool large = a > log_alone;
    const double b = large ? 1 : a, square = b * b;
    const double rest = square / (1 + sqrt(square + 1)), sum = b + rest;
    result = large ? log_normal(a, -1.0) : log1p_sum(sum, rest - (sum - b));
  }
  return static_cast<T>(with_sign_of(x, a < __builtin_inf() ? result : a));
}

// acosh(x) = log(x + sqrt(x^2 - 1)); NaN below 1. float 0.51, double 1.2 ulp.
template <class T>
WICK_INLINE T acosh(T x) {
  const double wide = x;
  double result;
  if constexpr (same<T, float>) {
    result = log_wide(wide + sqrt((wide - 1) * (wide + 1)));
  } else {
    const bool large = wide > log_alone;
    // t = x - 1 is exact; the root of t^2 + 2 t with what its rounding took away.
    const double t = large ? 1 : wide - 1;
    const TwoWords square = product(t, t);
    const double under = 2 * t + square.high;
    const double under_low =
        (t < 2 ? square.high - (under - 2 * t) : 2 * t - (under - square.high)) + square.low;
    const double root = sqrt(under);
    const TwoWords back = product(root, root);
    const double root_low = t == 0 ? 0 : (((under - back.high) - back.low) + under_low) / (2 * root);
    const TwoWords y = sum(t, root);
    result = large ? log_normal(wide, -1.0) : log1p_sum(y.high, y.low + root_low);
  }
  return static_cast<T>(wide < 1 ? __builtin_nan("") : wide < __builtin_inf() ? result : wide);
}

// atanh(a) = log((1 + a) / (1 - a)) / 2; NaN beyond 1. float 0.51, double 1.4 ulp.
template <class T>
WICK_INLINE T atanh(T x) {
  const double a = magnitude(x);
  double result;
  if constexpr (same<T, float>) {
    const double near = a + a * (a * a) * (1.0 / 3);
    result = a < 0x1p-10 ? near : 0.5 * log_wide((1 + a) / (1 - a));
  } else {
    const TwoWords y = sum(2 * a, 2 * a * a / (1 - a));
    result = 0.5 * log1p_sum(y.high, y.low);
  }
  const double special = a == 1 ? __builtin_inf() : __builtin_nan("");
  return static_cast<T>(with_sign_of(x, a < 1 ? result : special));
}

}  // namespace WICK_LEVEL
}  // namespace wick
