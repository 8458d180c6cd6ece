#pragma once

#include "wick/kernels/vector.h"

// Transforms of a few elements, in registers: x[k] becomes the sum over j of x[j] exp(-2 pi i j k / radix).
// V is a number or a vector of them.

namespace wick {
inline namespace WICK_LEVEL {

template <class T, class V, int radix>
struct Butterfly {
  V re[radix], im[radix];
  WICK_INLINE void transform();
};

template <class V>
WICK_INLINE void butterfly2(V& ar, V& ai, V& br, V& bi) {
  const V r = ar - br, i = ai - bi;
  ar += br;
  ai += bi;
  br = r;
  bi = i;
}

// a b c d become results 0, 2, 1, 3.
template <class V>
WICK_INLINE void butterfly4(V& ar, V& ai, V& br, V& bi, V& cr, V& ci, V& dr, V& di) {
  butterfly2(ar, ai, cr, ci);
  butterfly2(br, bi, dr, di);
  butterfly2(ar, ai, br, bi);
  // c - i d and c + i d
  const V r = cr - di, i = ci + dr;
  cr += di;
  ci -= dr;
  dr = r;
  di = i;
}

// The cosines and sines of 2 pi j / radix.
template <int radix>
struct Roots;
// clang-format off
template <> struct Roots<3> {
  static constexpr double cosine[] = {-0.5};
  static constexpr double sine[] = {0.86602540378443864676};
};
template <> struct Roots<5> {
  static constexpr double cosine[] = {0.3090169943749474241, -0.8090169943749474241};
  static constexpr double sine[] = {0.95105651629515357212, 0.58778525229247312917};
};
template <> struct Roots<7> {
  static constexpr double cosine[] = {0.62348980185873353053, -0.22252093395631440429, -0.90096886790241912624};
  static constexpr double sine[] = {0.78183148246802980871, 0.97492791218182360702, 0.43388373911755812048};
};
template <> struct Roots<11> {
  static constexpr double cosine[] = {0.84125353283118116886, 0.41541501300188642553, -0.14231483827328514044, -0.65486073394528506406, -0.95949297361449738989};
  static constexpr double sine[] = {0.54064081745559758211, 0.90963199535451837141, 0.98982144188093273238, 0.75574957435425828377, 0.28173255684142969771};
};
template <> struct Roots<13> {
  static constexpr double cosine[] = {0.8854560256532098959, 0.56806474673115580251, 0.12053668025532305335, -0.35460488704253562597, -0.74851074817110109863, -0.97094181742605202716};
  static constexpr double sine[] = {0.46472317204376854566, 0.82298386589365639458, 0.9927088740980539928, 0.93501624268541482344, 0.66312265824079520238, 0.23931566428755776715};
};
// clang-format on

// Of odd radices: with the sums and differences of x[j] and x[radix - j], results k and radix - k are sums
// of cosines minus and plus i times sums of sines.
template <class T, class V, int radix>
WICK_INLINE void odd_butterfly(V* re, V* im) {
  constexpr int half = radix / 2;
  V plus_re[half], plus_im[half], minus_re[half], minus_im[half];
  const V first_re = re[0], first_im = im[0];
  WICK_UNROLL
  for (int j = 0; j < half; ++j) {
    plus_re[j] = re[j + 1] + re[radix - 1 - j];
    plus_im[j] = im[j + 1] + im[radix - 1 - j];
    minus_re[j] = re[j + 1] - re[radix - 1 - j];
    minus_im[j] = im[j + 1] - im[radix - 1 - j];
    re[0] += plus_re[j];
    im[0] += plus_im[j];
  }
  WICK_UNROLL
  for (int k = 1; k <= half; ++k) {
    V cosines_re = first_re, cosines_im = first_im, sines_re{}, sines_im{};
    WICK_UNROLL
    for (int j = 1; j <= half; ++j) {
      const int turn = j * k % radix, at = (turn <= half ? turn : radix - turn) - 1;
      const T c = static_cast<T>(Roots<radix>::cosine[at]);
      const T s = static_cast<T>(turn <= half ? Roots<radix>::sine[at] : -Roots<radix>::sine[at]);
      cosines_re += c * plus_re[j - 1];
      cosines_im += c * plus_im[j - 1];
      sines_re += s * minus_re[j - 1];
      sines_im += s * minus_im[j - 1];
    }
    re[k] = cosines_re + sines_im;
    im[k] = cosines_im - sines_re;
    re[radix - k] = cosines_re - sines_im;
    im[radix - k] = cosines_im + sines_re;
  }
}

template <class T, class V, int radix>
WICK_INLINE void Butterfly<T, V, radix>::transform() {
  if constexpr (radix == 2) {
    butterfly2(re[0], im[0], re[1], im[1]);
  } else if constexpr (radix == 4) {
    butterfly4(re[0], im[0], re[1], im[1], re[2], im[2], re[3], im[3]);
    const V r = re[1], i = im[1];
    re[1] = re[2];
    im[1] = im[2];
    re[2] = r;
    im[2] = i;
  } else if constexpr (radix == 8) {
    // Two of four, of the even and the odd elements; the odd results are turned by eighths.
    butterfly4(re[0], im[0], re[2], im[2], re[4], im[4], re[6], im[6]);
    butterfly4(re[1], im[1], re[3], im[3], re[5], im[5], re[7], im[7]);
    const T half = static_cast<T>(0.70710678118654752440);
    // even results 0 2 1 3 in 0 2 4 6, odd ones in 1 3 5 7
    const V r1 = (re[5] + im[5]) * half, i1 = (im[5] - re[5]) * half;
    const V r2 = im[3], i2 = -re[3];
    const V r3 = (im[7] - re[7]) * half, i3 = -(re[7] + im[7]) * half;
    const V a0r = re[0], a0i = im[0], a1r = re[4], a1i = im[4], a2r = re[2], a2i = im[2], a3r = re[6],
            a3i = im[6], b0r = re[1], b0i = im[1];
    re[0] = a0r + b0r;
    im[0] = a0i + b0i;
    re[4] = a0r - b0r;
    im[4] = a0i - b0i;
    re[1] = a1r + r1;
    im[1] = a1i + i1;
    re[5] = a1r - r1;
    im[5] = a1i - i1;
    re[2] = a2r + r2;
    im[2] = a2i + i2;
    re[6] = a2r - r2;
    im[6] = a2i - i2;
    re[3] = a3r + r3;
    im[3] = a3i + i3;
    re[7] = a3r - r3;
    im[7] = a3i - i3;
  } else {
    odd_butterfly<T, V, radix>(re, im);
  }
}

}  // namespace WICK_LEVEL
}  // namespace wick
