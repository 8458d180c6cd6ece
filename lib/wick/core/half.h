#pragma once

#include <stdint.h>  // not <cstdint>: kernels see nothing of the C++ library

#include "wick/core/api.h"

// The element types that C++20 lacks. Sources that are compiled once for each instruction set define
// WICK_LEVEL, so that each level has types and functions of its own and the linker never mixes them.
#ifndef WICK_LEVEL
#define WICK_LEVEL portable
#endif

namespace WICK_API wick {
inline namespace WICK_LEVEL {

namespace bits {

inline float to_float(uint32_t u) { return __builtin_bit_cast(float, u); }
inline uint32_t of_float(float f) { return __builtin_bit_cast(uint32_t, f); }

// IEEE binary16 <-> binary32 without branches, so that loops over it vectorize. Rounds to nearest even.
inline float half_to_float(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(h & 0x7fffu) << 13;
  // The exponent is rebiased by a multiplication, which also normalizes subnormals.
  const float scaled = to_float(magnitude) * 0x1p112f;
  const uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;  // infinity and NaN
  return to_float(of_float(scaled) | special | sign);
}

// Computed in the upper half of 32 bits, so that the compiler has no vectors of two widths to deal with.
inline uint16_t float_to_half(float f) {
  const uint32_t u = of_float(f);
  const uint32_t magnitude = u & 0x7fffffffu;
  const uint32_t rounded = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) << 3;
  // Below the normal range the addition of a half's smallest normal aligns and rounds the significand.
  const uint32_t subnormal = (of_float(to_float(magnitude) + 0.5f) - 0x3f000000u) << 16;
  uint32_t h = magnitude < 0x38800000u ? subnormal : rounded;
  h = magnitude >= 0x47800000u ? 0x7c000000u : h;
  h = magnitude > 0x7f800000u ? 0x7e000000u : h;
  return static_cast<uint16_t>((h | (u & 0x80000000u)) >> 16);
}

// A float from which the next rounding, to fewer bits, gives what it would give from x itself: towards zero,
// with the last bit set where something was lost ("round to odd", Boldo and Melquiond, 2005).
inline float round_to_odd(double x) {
  const float nearest = static_cast<float>(x);
  const double back = nearest, size = back < 0 ? -back : back, exact = x < 0 ? -x : x;
  const uint32_t u = of_float(nearest) - (size > exact ? 1u : 0u);
  return to_float(u | (size != exact && x == x ? 1u : 0u));
}

inline float bfloat16_to_float(uint16_t b) { return to_float(static_cast<uint32_t>(b) << 16); }

// The float's bits, rounded to the upper half; the lower one is what is left.
inline uint32_t rounded_to_bfloat16(float f) {
  const uint32_t u = of_float(f);
  return f != f ? 0x7fc00000u : u + 0x7fffu + ((u >> 16) & 1u);
}

inline uint16_t float_to_bfloat16(float f) { return static_cast<uint16_t>(rounded_to_bfloat16(f) >> 16); }

}  // namespace bits

// IEEE binary16.
struct Half {
  uint16_t raw;
  Half() = default;
  Half(float f) : raw(bits::float_to_half(f)) {}
  Half(double d) : Half(bits::round_to_odd(d)) {}
  template <class Number>
  explicit Half(Number n) : Half(static_cast<double>(n)) {}
  operator float() const { return bits::half_to_float(raw); }
};

// The upper half of a binary32.
struct BFloat16 {
  uint16_t raw;
  BFloat16() = default;
  BFloat16(float f) : raw(bits::float_to_bfloat16(f)) {}
  BFloat16(double d) : BFloat16(bits::round_to_odd(d)) {}
  template <class Number>
  explicit BFloat16(Number n) : BFloat16(static_cast<double>(n)) {}
  operator float() const { return bits::bfloat16_to_float(raw); }
};

}  // namespace WICK_LEVEL
}  // namespace wick
