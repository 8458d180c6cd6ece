#pragma once

#include <stddef.h>

#include "wick/kernels/buffers.h"
#include "wick/kernels/element.h"

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

// What sums of products are added up in: double for all floating point.
template <class T>
struct WideSum {
  using type = Compute<T>;
};
template <>
struct WideSum<Half> {
  using type = double;
};
template <>
struct WideSum<BFloat16> {
  using type = double;
};
template <>
struct WideSum<float> {
  using type = double;
};
template <>
struct WideSum<Complex<float>> {
  using type = Complex<double>;
};

// In pieces of this many products, which are added up in the narrow type.
inline constexpr int piece = 4;

// The dot product of n elements.
template <class T>
WICK_INLINE typename WideSum<T>::type dot(const T* x, const Compute<T>* y, int64_t n) {
  using C = Compute<T>;
  using S = typename WideSum<T>::type;
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
  using S = typename WideSum<T>::type;
  const T* a = static_cast<const T*>(g.a);
  Out* y = static_cast<Out*>(g.c);
  const auto put = [&](int64_t i, S total) {
    Out& out = y[i * g.c_row];
    if (g.alpha != 1) total = scaled(g.alpha, total);
    out = cast<Out>(g.beta == 0 ? total : scaled(g.beta, cast<S>(out)) + total);
  };
  if (g.a_column == 1 && !g.conjugate_a) {
    for (int64_t i = 0; i < g.m; ++i) put(i, dot<T>(a + i * g.a_row, x, g.k));
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
    for (; p + piece <= g.k; p += piece) {
      const C x0 = x[p], x1 = x[p + 1], x2 = x[p + 2], x3 = x[p + 3];
      if (g.a_row == 1 && class_of<T> != Class::Complex) {
        const T* a0 = a + i0 + p * g.a_column;
        const T *a1 = a0 + g.a_column, *a2 = a1 + g.a_column, *a3 = a2 + g.a_column;
        WICK_IVDEP
        for (int64_t i = 0; i < m; ++i) {
          sums[i] = sums[i] + cast<S>(cast<C>(a0[i]) * x0 + cast<C>(a1[i]) * x1 + cast<C>(a2[i]) * x2 +
                                      cast<C>(a3[i]) * x3);
        }
      } else {
        for (int64_t i = 0; i < m; ++i) {
          sums[i] = sums[i] + cast<S>(value(i, p) * x0 + value(i, p + 1) * x1 + value(i, p + 2) * x2 +
                                      value(i, p + 3) * x3);
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
