#pragma once

#include "wick/kernels/element.h"
#include "wick/kernels/to_doubles.h"

// Vectors as wide as the registers of the level (GCC's vector types), for loops that the compiler does not
// vectorize by itself.

namespace wick {
inline namespace WICK_LEVEL {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

// n elements.
template <class T, int n>
struct VectorOf {
  typedef T type __attribute__((vector_size(n * sizeof(T))));
};

// Elements of a register.
template <class T>
inline constexpr int vector_width = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
using Vector = typename VectorOf<T, vector_width<T>>::type;

template <class T>
WICK_INLINE Vector<T> load_vector(const T* from) {
  Vector<T> x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
template <class T>
WICK_INLINE void store_vector(T* to, Vector<T> x) {
  __builtin_memcpy(to, &x, sizeof x);
}

// Every other element of two vectors, one behind the other: those at even places, or at odd ones.
template <bool odd, class V>
WICK_INLINE V every_other(V a, V b) {
  constexpr int n = sizeof(V) / sizeof(a[0]), o = odd ? 1 : 0;
  if constexpr (n == 2) {
    return __builtin_shufflevector(a, b, o, o + 2);
  } else if constexpr (n == 4) {
    return __builtin_shufflevector(a, b, o, o + 2, o + 4, o + 6);
  } else if constexpr (n == 8) {
    return __builtin_shufflevector(a, b, o, o + 2, o + 4, o + 6, o + 8, o + 10, o + 12, o + 14);
  } else {
    return __builtin_shufflevector(a, b, o, o + 2, o + 4, o + 6, o + 8, o + 10, o + 12, o + 14, o + 16,
                                   o + 18, o + 20, o + 22, o + 24, o + 26, o + 28, o + 30);
  }
}

// The types that widen() takes.
template <class T>
inline constexpr bool has_vectors = class_of<T> != Class::Complex;

// Adds a vector of float to two of double.
WICK_INLINE void add_as_doubles(const Vector<float>& x, Vector<double>& low, Vector<double>& high) {
  typename VectorOf<float, vector_width<double>>::type parts[2];
  __builtin_memcpy(parts, &x, sizeof x);
  Vector<double> first, second;
  to_doubles(parts[0], first);
  to_doubles(parts[1], second);
  low += first;
  high += second;
}

// Whether x is to replace the largest, or smallest, so far; a NaN stays.
template <bool largest, class V>
WICK_INLINE auto better(V x, V best) {
  return ((largest ? x > best : x < best) | (x != x)) & (best == best);
}

// The bytes there as any vector.
template <class V>
WICK_INLINE V load_as(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

// half_to_float and bfloat16_to_float of half.h for n elements.
template <class T, int n>
WICK_INLINE typename VectorOf<float, n>::type half_vector(const T* from) {
  using Raw = typename VectorOf<uint16_t, n>::type;
  using Bits = typename VectorOf<uint32_t, n>::type;
  using Floats = typename VectorOf<float, n>::type;
  const Bits h = __builtin_convertvector(load_as<Raw>(from), Bits);
  if constexpr (same<T, BFloat16>) {
    return (Floats)(h << 16);
  } else {
    const Bits sign = (h & 0x8000u) << 16, magnitude = (h & 0x7fffu) << 13;
    const Floats scaled = (Floats)magnitude * 0x1p112f;
    const Bits special = (Bits)(magnitude >= 0x0f800000u) & 0x7f800000u;
    return (Floats)((Bits)scaled | special | sign);
  }
}

// clang-format off
// What bytes become on their way.
template <class T> struct BytePath { using first = uint8_t; using second = uint16_t; using third = uint32_t; };
template <> struct BytePath<int8_t> { using first = int8_t; using second = int16_t; using third = int32_t; };
// clang-format on

// n bytes as integers of A, of which a vector has n: by way of 16, and 32, bits, as GCC takes vectors of
// fewer than 16 bytes apart.
template <class A, class T>
WICK_INLINE Vector<A> widen_bytes(const T* from) {
  using Byte = typename BytePath<T>::first;
  using Short = typename BytePath<T>::second;
  using Int = typename BytePath<T>::third;
  constexpr int n = vector_width<A>;
  static_assert(sizeof(A) >= 4);
  typename VectorOf<Byte, 16>::type bytes = {};
  __builtin_memcpy(&bytes, from, n);
  const auto shorts = __builtin_convertvector(bytes, typename VectorOf<Short, 16>::type);
  if constexpr (n >= 8) {
    return __builtin_convertvector(load_as<typename VectorOf<Short, n>::type>(&shorts), Vector<A>);
  } else {
    const auto ints = __builtin_convertvector(load_as<typename VectorOf<Short, 8>::type>(&shorts),
                                              typename VectorOf<Int, 8>::type);
    return __builtin_convertvector(load_as<typename VectorOf<Int, n>::type>(&ints), Vector<A>);
  }
}

// As many elements as a vector of A has, converted to A.
template <class A, class T>
WICK_INLINE Vector<A> widen(const T* from) {
  constexpr int n = vector_width<A>;
  if constexpr (same<A, T>) {
    return load_vector(from);
  } else if constexpr (class_of<T> == Class::Half) {
    if constexpr (same<A, float>) {
      return half_vector<T, n>(from);
    } else {
      Vector<A> x;
      to_doubles(half_vector<T, n>(from), x);
      return x;
    }
  } else if constexpr (same<T, float> && same<A, double>) {
    Vector<A> x;
    to_doubles(load_as<typename VectorOf<T, n>::type>(from), x);
    return x;
  } else if constexpr (sizeof(T) == 1 && sizeof(A) == 1) {
    return load_as<Vector<A>>(from);
  } else if constexpr (sizeof(T) == 1) {
    return widen_bytes<A>(from);
  } else {
    return __builtin_convertvector(load_as<typename VectorOf<T, n>::type>(from), Vector<A>);
  }
}

}  // namespace WICK_LEVEL
}  // namespace wick
