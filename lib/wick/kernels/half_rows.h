#pragma once

#include "wick/kernels/vector.h"

// Dense rows of half precision as floats, without vectors of mixed widths, which cost more than the
// arithmetic.

namespace wick {
inline namespace WICK_LEVEL {

// Two neighbouring bfloat16, each the upper half of a float.
typedef uint32_t BFloat16Pair __attribute__((aligned(2), may_alias));

WICK_INLINE float lower(uint32_t pair) { return bits::to_float(pair << 16); }
WICK_INLINE float upper(uint32_t pair) { return bits::to_float(pair & 0xffff0000u); }
WICK_INLINE uint32_t pair_of(float low, float high) {
  return bits::rounded_to_bfloat16(low) >> 16 | (bits::rounded_to_bfloat16(high) & 0xffff0000u);
}

// A row of bfloat16 by pairs, or one element everywhere.
struct PairedRow {
  const BFloat16Pair* at;
  WICK_INLINE uint32_t operator()(int64_t i) const { return at[i]; }
  WICK_INLINE float last(int64_t i) const {
    return static_cast<float>(reinterpret_cast<const BFloat16*>(at)[i]);
  }
};
struct PairedNumber {
  uint32_t pair;
  WICK_INLINE uint32_t operator()(int64_t) const { return pair; }
  WICK_INLINE float last(int64_t) const { return upper(pair); }
};
WICK_INLINE PairedRow paired_row(const char* data) { return {reinterpret_cast<const BFloat16Pair*>(data)}; }
WICK_INLINE PairedNumber paired_number(const char* data) {
  const uint32_t raw = reinterpret_cast<const BFloat16*>(data)->raw;
  return {raw << 16 | raw};
}

// out = f(x), or f(x, y), of n elements, where x and y are rows or numbers.
template <class F, class... Inputs>
WICK_INLINE void map_pairs(BFloat16* out, int64_t n, F f, Inputs... x) {
  auto* o = reinterpret_cast<BFloat16Pair*>(out);
  WICK_IVDEP
  for (int64_t i = 0; i < n / 2; ++i) o[i] = pair_of(f(lower(x(i))...), f(upper(x(i))...));
  if (n % 2 != 0) out[n - 1] = BFloat16(f(x.last(n - 1)...));
}

// A row of n bfloat16 as floats: the first of all pairs, then the second ones, then what has no partner.
inline __attribute__((noinline)) void load_pairs(float* to, const BFloat16* from, int64_t n) {
  const auto* pairs = reinterpret_cast<const BFloat16Pair*>(from);
  const int64_t half = n / 2;
  WICK_IVDEP
  for (int64_t i = 0; i < half; ++i) {
    to[i] = lower(pairs[i]);
    to[half + i] = upper(pairs[i]);
  }
  if (n % 2 != 0) to[n - 1] = static_cast<float>(from[n - 1]);
}

// The reverse.
inline __attribute__((noinline)) void store_pairs(BFloat16* to, const float* from, int64_t n) {
  auto* pairs = reinterpret_cast<BFloat16Pair*>(to);
  const int64_t half = n / 2;
  WICK_IVDEP
  for (int64_t i = 0; i < half; ++i) pairs[i] = pair_of(from[i], from[half + i]);
  if (n % 2 != 0) to[n - 1] = BFloat16(from[n - 1]);
}

// n floats rounded to float16.
WICK_INLINE void round_to_half(Half* to, const float* from, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__) && !defined(__clang__)
  using Floats = typename VectorOf<float, 8>::type;
  using Bits = typename VectorOf<uint32_t, 8>::type;
  for (; i + 8 <= n; i += 8) {
    const Floats x = load_as<Floats>(from + i);
    // One NaN of either sign, as everywhere.
    const Bits nan = ((Bits)x & 0x80000000u) | 0x7fc00000u;
    const auto halves = __builtin_ia32_vcvtps2ph256(x == x ? x : (Floats)nan, 0);
    __builtin_memcpy(to + i, &halves, sizeof halves);
  }
#endif
  WICK_IVDEP
  for (; i < n; ++i) to[i] = Half(from[i]);
}

// Runs f on elements as the type C that they are computed in, over a block of one input, and of two.
template <class T, class C = Compute<T>, class F>
WICK_INLINE void compute1(const Block& b, F f) {
  if constexpr (same<T, BFloat16>) {
    if (b.step[0] == sizeof(T) && b.step[1] == sizeof(T)) {
      for (int64_t r = 0; r < b.rows; ++r)
        map_pairs(reinterpret_cast<T*>(b.data[0] + r * b.row_step[0]), b.n, f,
                  paired_row(b.data[1] + r * b.row_step[1]));
      return;
    }
  }
  elementwise1<T, T>(b, [f](T x) { return cast<T>(f(cast<C>(x))); });
}

template <class T, class C = Compute<T>, class F>
WICK_INLINE void compute2(const Block& b, F f) {
  if constexpr (same<T, BFloat16>) {
    const bool left = b.step[1] == sizeof(T), right = b.step[2] == sizeof(T);
    if (b.step[0] == sizeof(T) && (left || b.step[1] == 0) && (right || b.step[2] == 0) && (left || right)) {
      for (int64_t r = 0; r < b.rows; ++r) {
        T* out = reinterpret_cast<T*>(b.data[0] + r * b.row_step[0]);
        const char* x = b.data[1] + r * b.row_step[1];
        const char* y = b.data[2] + r * b.row_step[2];
        if (left && right) {
          map_pairs(out, b.n, f, paired_row(x), paired_row(y));
        } else if (left) {
          map_pairs(out, b.n, f, paired_row(x), paired_number(y));
        } else {
          map_pairs(out, b.n, f, paired_number(x), paired_row(y));
        }
      }
      return;
    }
  }
  elementwise2<T, T>(b, [f](T x, T y) { return cast<T>(f(cast<C>(x), cast<C>(y))); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
