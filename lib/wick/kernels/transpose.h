#pragma once

#include "wick/kernels/element.h"

// Transposition of small squares of elements in registers.

namespace wick {
inline namespace WICK_LEVEL {

// An element that is only moved.
struct Bits16 {
  uint64_t low, high;
};

// The type that an element of T is moved as.
template <int size>
struct MovedType {
  using type = Bits16;
};
// clang-format off
template <> struct MovedType<1> { using type = uint8_t; };
template <> struct MovedType<2> { using type = uint16_t; };
template <> struct MovedType<4> { using type = uint32_t; };
template <> struct MovedType<8> { using type = uint64_t; };
// clang-format on
template <class T>
using MovedAs = typename MovedType<sizeof(T)>::type;

// Interleaves the elements of the lower, or of the upper, halves of two vectors.
template <bool upper, class V>
WICK_INLINE V interleave(V a, V b) {
  constexpr int n = sizeof(a) / sizeof(a[0]), h = upper ? n / 2 : 0;
  if constexpr (n == 2) {
    return __builtin_shufflevector(a, b, h, h + 2);
  } else if constexpr (n == 4) {
    return __builtin_shufflevector(a, b, h, h + 4, h + 1, h + 5);
  } else if constexpr (n == 8) {
    return __builtin_shufflevector(a, b, h, h + 8, h + 1, h + 9, h + 2, h + 10, h + 3, h + 11);
  } else {
    return __builtin_shufflevector(a, b, h, h + 16, h + 1, h + 17, h + 2, h + 18, h + 3, h + 19, h + 4,
                                   h + 20, h + 5, h + 21, h + 6, h + 22, h + 7, h + 23);
  }
}

// The elements of all rows at place 0, then those at place 1 ..., in rows again: a square is transposed. n is
// a power of two.
template <class V, int n>
WICK_INLINE void interleave_rows(V (&rows)[n]) {
  V other[n];
  // Each round interleaves rows that are half of them apart; after log2(n) of them columns are rows.
  WICK_UNROLL
  for (int w = 1; w < n; w *= 2) {
    WICK_UNROLL
    for (int i = 0; i < n / 2; ++i) {
      other[2 * i] = interleave<false>(rows[i], rows[i + n / 2]);
      other[2 * i + 1] = interleave<true>(rows[i], rows[i + n / 2]);
    }
    WICK_UNROLL
    for (int i = 0; i < n; ++i) rows[i] = other[i];
  }
}

// Transposes a square of vectors: rows `in_step` bytes apart become rows `out_step` bytes apart.
template <class T>
WICK_INLINE void transpose_square(char* out, int64_t out_step, const char* in, int64_t in_step) {
  constexpr int n = 16 / sizeof(T);
  typedef T V __attribute__((vector_size(16)));
  V rows[n];
  WICK_UNROLL
  for (int i = 0; i < n; ++i) __builtin_memcpy(&rows[i], in + i * in_step, sizeof(V));
  interleave_rows(rows);
  WICK_UNROLL
  for (int i = 0; i < n; ++i) __builtin_memcpy(out + i * out_step, &rows[i], sizeof(V));
}
template <>
WICK_INLINE void transpose_square<Bits16>(char* out, int64_t, const char* in, int64_t) {
  __builtin_memcpy(out, in, sizeof(Bits16));
}

// to[r * to_step + c] = from[r + c * from_step], square by square.
template <class T>
WICK_INLINE void copy_transposed(T* to, int64_t to_step, const T* from, int64_t from_step, int64_t rows,
                                 int64_t columns) {
  constexpr int unit = 16 / sizeof(T);
  constexpr auto size = static_cast<int64_t>(sizeof(T));
  const int64_t whole_rows = rows / unit * unit, whole_columns = columns / unit * unit;
  for (int64_t c = 0; c < whole_columns; c += unit) {
    for (int64_t r = 0; r < whole_rows; r += unit) {
      transpose_square<MovedAs<T>>(reinterpret_cast<char*>(to + r * to_step + c), to_step * size,
                                   reinterpret_cast<const char*>(from + r + c * from_step), from_step * size);
    }
  }
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = c < whole_columns ? whole_rows : 0; r < rows; ++r)
      to[r * to_step + c] = from[r + c * from_step];
  }
}

}  // namespace WICK_LEVEL
}  // namespace wick
