#pragma once

#include "wick/kernels/math.h"

// Arc functions without branches. float is computed in double and rounded once at the end, here and wherever
// a polynomial has two lengths: the short one is for float. The largest errors in units in the last place
// (float over every 997th argument, double over a sample):
//             float   double
//   asin      0.52    1.9
//   acos      0.52    1.1
//   atan      0.52    1.5
//   atan2     0.52    1.3

namespace wick {
inline namespace WICK_LEVEL {

inline constexpr double pi_high = 0x1.921fb54442d18p+1, pi_low = 0x1.1a62633145c07p-53;

WICK_INLINE double magnitude(double x) { return __builtin_fabs(x); }
WICK_INLINE double with_sign_of(double x, double value) { return __builtin_copysign(value, x); }

// (asin(s) / s - 1) / s^2 as a polynomial in z = s^2 up to 1/4; near minimax.
template <class T>
WICK_INLINE double asin_tail(double z) {
  if constexpr (same<T, float>) {
    constexpr double c[] = {0x1.555554e435732p-3, 0x1.333430fcff28ep-4, 0x1.6d5bb95f8e653p-5,
                            0x1.fd8da2554dd34p-6, 0x1.18f91e79712c6p-6, 0x1.13fed3dd245c1p-5};
    return polynomial(c, z);
  } else {
    constexpr double c[] = {0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5,
                            0x1.f1c71c1db0623p-6, 0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6,
                            0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7, 0x1.52420b04b37bep-7,
                            0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
                            0x1.d72b2bc8155f8p-6};
    return polynomial(c, z);
  }
}

// asin(s) for s up to 1/2, with s^2 given.
template <class T>
WICK_INLINE double asin_small(double s, double z) {
  return s + s * (z * asin_tail<T>(z));
}

// Above 1/2 by asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
template <class T>
WICK_INLINE T asin(T x) {
  const double a = magnitude(x);
  const bool large = a > 0.5;
  const double z = large ? (1 - a) * 0.5 : a * a;
  const double s = large ? sqrt(z) : a;
  // pi/4 - s is exact where it matters.
  const double tail = s * (z * asin_tail<T>(z));
  const double result = large ? 2 * (pi_high / 4 - s) - (2 * tail - pi_low / 2) : s + tail;
  return static_cast<T>(with_sign_of(x, result));
}

template <class T>
WICK_INLINE T acos(T x) {
  const double wide = x, a = magnitude(x);
  const bool large = a > 0.5;
  const double z = large ? (1 - a) * 0.5 : a * a;
  const double s = large ? sqrt(z) : wide;
  const double small = asin_small<T>(s, z);
  const double turned = wide < 0 ? pi_high - (2 * small - pi_low) : 2 * small;
  return static_cast<T>(large ? turned : pi_high / 2 - (small - pi_low / 2));
}

// atan(t) for t from 0 to 1; near minimax.
template <class T>
WICK_INLINE double atan_small(double t) {
  const double z = t * t;
  if constexpr (same<T, float>) {
    constexpr double c[] = {-0x1.55555529fed15p-2, 0x1.999955947a191p-3,  -0x1.2489515c587b6p-3,
                            0x1.c62cd9aa62ae5p-4,  -0x1.6dd8fdf061e31p-4, 0x1.2006f71525126p-4,
                            -0x1.9115a3d155a2fp-5, 0x1.aefb2bdf4b25ap-6,  -0x1.2ba6b6e0bd288p-7,
                            0x1.86406cc5c4982p-10};
    return t + t * (z * polynomial(c, z));
  } else {
    constexpr double c[] = {
        -0x1.5555555555555p-2,  0x1.999999999997dp-3, -0x1.2492492491234p-3, 0x1.c71c71c6882cdp-4,
        -0x1.745d1731e853fp-4,  0x1.3b13af957f086p-4, -0x1.1110f9a06b09dp-4, 0x1.e1e0069edf96ep-5,
        -0x1.af1a76061e434p-5,  0x1.85c82bf04fbd6p-5, -0x1.62c464c86804fp-5, 0x1.42a843b89b0ebp-5,
        -0x1.20f157ad652dfp-5,  0x1.f0f041d3e2f50p-6, -0x1.8c59dbc673323p-6, 0x1.198ad7e0bd0c6p-6,
        -0x1.552f78ddf9b30p-7,  0x1.50ea3497605b5p-8, -0x1.0110cfd66bd22p-9, 0x1.19e6b726893d0p-11,
        -0x1.890e58e18ff08p-14, 0x1.04a3628aee536p-17};
    return t + t * (z * polynomial(c, z));
  }
}

// Above 1 by atan(a) = pi/2 - atan(1 / a).
template <class T>
WICK_INLINE T atan(T x) {
  const double a = magnitude(x);
  const bool large = a > 1;
  const double small = atan_small<T>(large ? 1 / a : a);
  return static_cast<T>(with_sign_of(x, large ? pi_high / 2 - (small - pi_low / 2) : small));
}

// The angle of the point (x, y), in the quadrant that the signs tell, also those of zeros and infinities.
template <class T>
WICK_INLINE T atan2(T y, T x) {
  const double ay = magnitude(y), ax = magnitude(x), infinity = __builtin_inf();
  const bool steep = ay > ax;
  const double least = steep ? ax : ay, most = steep ? ay : ax;
  const double quotient = least / most;
  const double t = most == 0 ? 0 : least == infinity ? 1 : quotient;
  const double small = atan_small<T>(t);
  const bool behind = with_sign_of(x, 1) < 0;
  // pi/2 - t, pi/2 + t, pi - t or t.
  const double turn = steep ? pi_high / 2 : behind ? pi_high : 0;
  const double turn_low = steep ? pi_low / 2 : behind ? pi_low : 0;
  const double signed_small = steep != behind ? -small : small;
  const double angle = with_sign_of(y, turn + (signed_small + turn_low));
  return static_cast<T>((x != x) | (y != y) ? double(x) + double(y) : angle);
}

}  // namespace WICK_LEVEL
}  // namespace wick
