#pragma once

#include <stddef.h>

#include "wick/kernels/buffers.h"
#include "wick/kernels/element.h"
#include "wick/kernels/lane_sums.h"
#include "wick/kernels/tile.h"

// Products in which one side is a vector, and what they share with those of matrices.

namespace wick {
inline namespace WICK_LEVEL {

// alpha or beta in the type of a computation; of integers the whole part.
template <class C>
WICK_INLINE C factor_of(double factor) {
  if constexpr (is_whole<C>)
    return static_cast<C>(static_cast<int64_t>(factor));
  else
    return static_cast<C>(factor);
}

template <class T>
WICK_INLINE T scaled(double factor, T x) {
  if constexpr (class_of<T> == Class::Complex) {
    const auto f = factor_of<decltype(x.re)>(factor);
    return {f * x.re, f * x.im};
  } else {
    return static_cast<T>(factor_of<Compute<T>>(factor) * static_cast<Compute<T>>(x));
  }
}

// C^T = B^T A^T.
WICK_INLINE kernels::Gemm transposed(const kernels::Gemm& g) {
  return {.m = g.n,
          .n = g.m,
          .k = g.k,
          .a = g.b,
          .b = g.a,
          .c = g.c,
          .a_row = g.b_column,
          .a_column = g.b_row,
          .b_row = g.a_column,
          .b_column = g.a_row,
          .c_row = g.c_column,
          .c_column = g.c_row,
          .alpha = g.alpha,
          .beta = g.beta,
          .conjugate_a = g.conjugate_b,
          .conjugate_b = g.conjugate_a};
}

// Whether elements are stored as what is computed in, so that they can be loaded as vectors.
template <class T>
inline constexpr bool stored_as_computed = class_of<T> == Class::Integer ? sizeof(T) == sizeof(Compute<T>)
                                                                         : class_of<T> == Class::Real;

// So many products of float are added up in float, then go into double: half of the conversions are
// not worth the last bit.
inline constexpr int piece = 4;

// Sums of vectors, in double if they are of float.
template <class C>
struct VectorSum {
  Vector<C> sum = {};
  WICK_INLINE void add(Vector<C> x) { sum += x; }
  WICK_INLINE Vector<C> lanes() const { return sum; }
};
template <>
struct VectorSum<float> {
  Vector<double> low = {}, high = {};
  WICK_INLINE void add(Vector<float> x) { add_as_doubles(x, low, high); }
  WICK_INLINE Vector<double> lanes() const { return low + high; }
};

// Adds the products of `vectors` vectors of several rows and x.
template <class C, int rows, int vectors>
WICK_INLINE void add_products_of(const C* a, int64_t row, const C* x, Vector<C>* sums) {
  WICK_UNROLL
  for (int q = 0; q < vectors; ++q) {
    const Vector<C> right = load_vector(x + q * vector_width<C>);
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) sums[r] += load_vector(a + r * row + q * vector_width<C>) * right;
  }
}

// The dot products of one or four rows and x, of n elements.
template <class C, int rows, class S>
WICK_INLINE void dot_rows(const C* a, int64_t row, const C* x, int64_t n, S* out) {
  VectorSum<C> sums[rows];
  int64_t i = 0;
  for (; i + piece * vector_width<C> <= n; i += piece * vector_width<C>) {
    Vector<C> narrow[rows] = {};
    add_products_of<C, rows, piece>(a + i, row, x + i, narrow);
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) sums[r].add(narrow[r]);
  }
  Vector<C> narrow[rows] = {};
  for (; i + vector_width<C> <= n; i += vector_width<C>)
    add_products_of<C, rows, 1>(a + i, row, x + i, narrow);
  if (i < n && n >= vector_width<C>) {
    const Vector<C> right = last_elements<vector_width<C>>(load_vector(x + n - vector_width<C>), n - i);
    WICK_UNROLL
    for (int r = 0; r < rows; ++r)
      narrow[r] +=
          last_elements<vector_width<C>>(load_vector(a + r * row + n - vector_width<C>), n - i) * right;
    i = n;
  }
  decltype(sums[0].lanes()) all[4] = {};
  WICK_UNROLL
  for (int r = 0; r < rows; ++r) {
    sums[r].add(narrow[r]);
    all[r] = sums[r].lanes();
  }
  S totals[4];
  sums_of_lanes<S>(all, totals);
  for (; i < n; ++i) {
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) totals[r] += static_cast<S>(a[r * row + i] * x[i]);
  }
  WICK_UNROLL
  for (int r = 0; r < rows; ++r) out[r] = totals[r];
}

// The dot product of n elements.
template <class T>
WICK_INLINE Wide<Compute<T>> dot(const T* x, const Compute<T>* y, int64_t n) {
  using C = Compute<T>;
  using S = Wide<Compute<T>>;
  constexpr int width = class_of<T> == Class::Complex ? 4 : 128 / sizeof(C) < 32 ? 16 : 32;
  S sums[width] = {};
  int64_t i = 0;
  for (; i + piece * width <= n; i += piece * width) {
    C narrow[width];
    WICK_IVDEP
    for (int l = 0; l < width; ++l) {
      C t = cast<C>(x[i + l]) * y[i + l];
      WICK_UNROLL
      for (int q = 1; q < piece; ++q) t = t + cast<C>(x[i + q * width + l]) * y[i + q * width + l];
      narrow[l] = t;
    }
    for (int l = 0; l < width; ++l) sums[l] = sums[l] + cast<S>(narrow[l]);
  }
  S total{};
  for (int l = 0; l < width; ++l) total = total + sums[l];
  for (; i < n; ++i) total = total + cast<S>(cast<C>(x[i]) * y[i]);
  return total;
}

// y = alpha A x + beta y for the rows [0, m) of A. `sums` is room for m numbers, x is dense.
template <class T, class Out>
WICK_NOINLINE void matrix_vector(const kernels::Gemm& g, const Compute<T>* x) {
  using C = Compute<T>;
  using S = Wide<Compute<T>>;
  const T* a = static_cast<const T*>(g.a);
  Out* y = static_cast<Out*>(g.c);
  const auto put = [&](int64_t i, S total) {
    Out& out = y[i * g.c_row];
    if (g.alpha != 1) total = scaled(g.alpha, total);
    out = cast<Out>(g.beta == 0 ? total : scaled(g.beta, cast<S>(out)) + total);
  };
  const bool plain = g.alpha == 1 && g.beta == 0 && g.c_row == 1;
  if (g.a_column == 1 && !g.conjugate_a && !(g.k == 1 && g.a_row == 1)) {
    int64_t i = 0;
    if constexpr (stored_as_computed<T>) {
      const C* rows = reinterpret_cast<const C*>(a);
      constexpr int together = 4;
      S totals[together];
      for (; i + together <= g.m; i += together) {
        dot_rows<C, together>(rows + i * g.a_row, g.a_row, x, g.k, totals);
        if (plain) {
          for (int r = 0; r < together; ++r) y[i + r] = cast<Out>(totals[r]);
        } else {
          for (int r = 0; r < together; ++r) put(i + r, totals[r]);
        }
      }
      for (; i < g.m; ++i) {
        dot_rows<C, 1>(rows + i * g.a_row, g.a_row, x, g.k, totals);
        put(i, totals[0]);
      }
    } else {
      for (; i < g.m; ++i) put(i, dot<T>(a + i * g.a_row, x, g.k));
    }
    return;
  }
  // Columns: several at a time are added to a stretch of sums.
  constexpr int64_t stretch = 512;
  for (int64_t i0 = 0; i0 < g.m; i0 += stretch) {
    const int64_t m = g.m - i0 < stretch ? g.m - i0 : stretch;
    S sums[stretch];
    for (int64_t i = 0; i < m; ++i) sums[i] = S{};
    const auto value = [&](int64_t i, int64_t p) {
      C v = cast<C>(a[(i0 + i) * g.a_row + p * g.a_column]);
      if constexpr (class_of<T> == Class::Complex) {
        if (g.conjugate_a) v.im = -v.im;
      }
      return v;
    };
    int64_t p = 0;
    constexpr int together = 8;
    for (; p + together <= g.k; p += together) {
      const C* q = x + p;
      if (g.a_row == 1 && class_of<T> != Class::Complex) {
        const T* c[together];
        for (int j = 0; j < together; ++j) c[j] = a + i0 + (p + j) * g.a_column;
        WICK_IVDEP
        for (int64_t i = 0; i < m; ++i) {
          const C first = cast<C>(c[0][i]) * q[0] + cast<C>(c[1][i]) * q[1] + cast<C>(c[2][i]) * q[2] +
                          cast<C>(c[3][i]) * q[3];
          const C second = cast<C>(c[4][i]) * q[4] + cast<C>(c[5][i]) * q[5] + cast<C>(c[6][i]) * q[6] +
                           cast<C>(c[7][i]) * q[7];
          sums[i] = sums[i] + cast<S>(first + second);
        }
      } else {
        for (int64_t i = 0; i < m; ++i) {
          C narrow = value(i, p) * q[0];
          for (int j = 1; j < together; ++j) narrow = narrow + value(i, p + j) * q[j];
          sums[i] = sums[i] + cast<S>(narrow);
        }
      }
    }
    for (; p < g.k; ++p) {
      for (int64_t i = 0; i < m; ++i) sums[i] = sums[i] + cast<S>(value(i, p) * x[p]);
    }
    for (int64_t i = 0; i < m; ++i) put(i0 + i, sums[i]);
  }
}

// A product where m or n is 1.
template <class T, class Out>
bool vector_product(const kernels::Gemm& given) {
  using C = Compute<T>;
  const bool turn = given.n != 1 || (given.m == 1 && given.b_row == 1 && given.a_column != 1);
  const kernels::Gemm g = turn ? transposed(given) : given;
  const T* b = static_cast<const T*>(g.b);
  if (same<T, C> && g.b_row == 1 && !g.conjugate_b) {
    matrix_vector<T, Out>(g, reinterpret_cast<const C*>(b));
    return true;
  }
  constexpr int64_t few = 256;
  C small[few];
  C* x = g.k <= few ? small : static_cast<C*>(__builtin_malloc(static_cast<size_t>(g.k) * sizeof(C)));
  if (!x) return false;
  for (int64_t p = 0; p < g.k; ++p) {
    x[p] = cast<C>(b[p * g.b_row]);
    if constexpr (class_of<T> == Class::Complex) {
      if (g.conjugate_b) x[p].im = -x[p].im;
    }
  }
  matrix_vector<T, Out>(g, x);
  if (x != small) __builtin_free(x);
  return true;
}

}  // namespace WICK_LEVEL
}  // namespace wick
