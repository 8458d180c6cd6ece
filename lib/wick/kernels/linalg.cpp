#include "wick/kernels/element.h"
#include "wick/kernels/matrix.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/transpose.h"
#include "wick/kernels/vector.h"

// What the decompositions do to vectors and small blocks, on matrices stored by columns; large blocks go
// through the matrix product. The names are those of the BLAS.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

// A few elements that are worked on together: a vector of the processor, or one complex number.
template <class T>
struct Pack {
  using type = Vector<T>;
  static constexpr int width = vector_width<T>;
  static WICK_INLINE type load(const T* x) { return load_vector(x); }
  static WICK_INLINE void store(T* x, type v) { store_vector(x, v); }
  static WICK_INLINE type all(T x) { return x - type{}; }
  static WICK_INLINE T sum(type v) {
    T total = 0;
    for (int i = 0; i < width; ++i) total += v[i];
    return total;
  }
};
template <class T>
struct Pack<Complex<T>> {
  using type = Complex<T>;
  static constexpr int width = 1;
  static WICK_INLINE type load(const type* x) { return *x; }
  static WICK_INLINE void store(type* x, type v) { *x = v; }
  static WICK_INLINE type all(type x) { return x; }
  static WICK_INLINE type sum(type v) { return v; }
};

template <class T>
WICK_INLINE T from_real(RealOf<T> x) {
  T z{};
  reinterpret_cast<RealOf<T>&>(z) = x;
  return z;
}
template <class T>
WICK_INLINE T conj(T x) {
  return x;
}
template <class T>
WICK_INLINE Complex<T> conj(Complex<T> x) {
  return {x.re, -x.im};
}
template <class T>
WICK_INLINE T real(T x) {
  return x;
}
template <class T>
WICK_INLINE T real(Complex<T> x) {
  return x.re;
}
template <class T>
WICK_INLINE bool is_zero(T x) {
  return x == 0;
}
template <class T>
WICK_INLINE bool is_zero(Complex<T> x) {
  return x.re == 0 && x.im == 0;
}
template <class T>
WICK_INLINE bool is_nan(T x) {
  return x != x;
}
template <class T>
WICK_INLINE bool is_nan(Complex<T> x) {
  return x.re != x.re || x.im != x.im;
}
WICK_INLINE float absolute(float x) { return __builtin_fabsf(x); }
WICK_INLINE double absolute(double x) { return __builtin_fabs(x); }
// As LAPACK measures pivots.
template <class T>
WICK_INLINE T absolute(Complex<T> x) {
  return absolute(x.re) + absolute(x.im);
}
WICK_INLINE float root(float x) { return __builtin_sqrtf(x); }
WICK_INLINE double root(double x) { return __builtin_sqrt(x); }

// y += x a for packs and for what is left of a row.
template <class V>
WICK_INLINE V multiply_add(V y, V x, V a) {
  return y + x * a;
}

template <class T>
void axpy(int64_t n, T alpha, const T* x, T* y) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] + alpha * x[i];
}

// So many rows are added up in T, then the sums in Wide<T>: the error does not grow with the rows of tall
// matrices.
constexpr int64_t stretch = 1024;
WICK_INLINE int64_t stretch_end(int64_t begin, int64_t n) {
  return n - begin < stretch ? n : begin + stretch;
}

template <class T>
WICK_INLINE T short_dot(int64_t n, const T* x, const T* y) {
  using P = Pack<T>;
  constexpr int w = P::width;
  typename P::type a{}, b{}, c{}, d{};
  int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    a = multiply_add(a, conj(P::load(x + i)), P::load(y + i));
    b = multiply_add(b, conj(P::load(x + i + w)), P::load(y + i + w));
    c = multiply_add(c, conj(P::load(x + i + 2 * w)), P::load(y + i + 2 * w));
    d = multiply_add(d, conj(P::load(x + i + 3 * w)), P::load(y + i + 3 * w));
  }
  for (; i + w <= n; i += w) a = multiply_add(a, conj(P::load(x + i)), P::load(y + i));
  T total = P::sum((a + b) + (c + d));
  for (; i < n; ++i) total = multiply_add(total, conj(x[i]), y[i]);
  return total;
}

// x^H y
template <class T>
Wide<T> dot(int64_t n, const T* x, const T* y) {
  Wide<T> total{};
  for (int64_t i = 0, end; i < n; i = end) {
    end = stretch_end(i, n);
    total = total + static_cast<Wide<T>>(short_dot(end - i, x + i, y + i));
  }
  return total;
}

template <class R>
double scaled_norm(int64_t n, const R* x) {
  R largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (is_nan(x[i])) return static_cast<double>(x[i]);
    if (absolute(x[i]) > largest) largest = absolute(x[i]);
  }
  if (largest == 0 || largest == R(__builtin_inf())) return static_cast<double>(largest);
  // Powers of two: the scaling is exact.
  int exponent = 0;
  __builtin_frexp(static_cast<double>(largest), &exponent);
  const double up = __builtin_ldexp(1.0, -exponent / 2),
               up_rest = __builtin_ldexp(1.0, -exponent + exponent / 2);
  double total = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(x[i]) * up * up_rest;
    total += v * v;
  }
  return __builtin_ldexp(__builtin_sqrt(total), exponent);
}

// The Euclidean norm, also where squares leave the range.
template <class R>
double norm_of(int64_t n, const R* x) {
  const double total = static_cast<double>(dot(n, x, x));
  constexpr double low = sizeof(R) == 4 ? 1e-20 : 1e-260, high = sizeof(R) == 4 ? 1e38 : 1e300;
  if (total > low && total < high) return __builtin_sqrt(total);
  return scaled_norm(n, x);
}
template <class T>
double norm(int64_t n, const T* x) {
  using R = RealOf<T>;
  return norm_of<R>(n * static_cast<int64_t>(sizeof(T) / sizeof(R)), reinterpret_cast<const R*>(x));
}

// y += A x for A (m, n): four columns at a time.
template <class T>
void gemv(int64_t m, int64_t n, T alpha, const T* a, int64_t lda, const T* x, T* y) {
  using P = Pack<T>;
  constexpr int w = P::width;
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const T *a0 = a + j * lda, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda;
    const T s0 = alpha * x[j], s1 = alpha * x[j + 1], s2 = alpha * x[j + 2], s3 = alpha * x[j + 3];
    const auto x0 = P::all(s0), x1 = P::all(s1), x2 = P::all(s2), x3 = P::all(s3);
    int64_t i = 0;
    for (; i + w <= m; i += w) {
      auto v = multiply_add(P::load(y + i), P::load(a0 + i), x0);
      auto u = P::load(a2 + i) * x2;
      v = multiply_add(v, P::load(a1 + i), x1);
      u = multiply_add(u, P::load(a3 + i), x3);
      P::store(y + i, v + u);
    }
    for (; i < m; ++i) y[i] = y[i] + ((a0[i] * s0 + a1[i] * s1) + (a2[i] * s2 + a3[i] * s3));
  }
  for (; j < n; ++j) axpy(m, alpha * x[j], a + j * lda, y);
}

// The products of four columns and x.
template <class T>
WICK_INLINE void short_dots(int64_t m, const T* const* a, const T* x, T* out) {
  using P = Pack<T>;
  constexpr int w = P::width;
  const T *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
  typename P::type s0{}, s1{}, s2{}, s3{};
  int64_t i = 0;
  for (; i + w <= m; i += w) {
    const auto v = P::load(x + i);
    s0 = multiply_add(s0, conj(P::load(a0 + i)), v);
    s1 = multiply_add(s1, conj(P::load(a1 + i)), v);
    s2 = multiply_add(s2, conj(P::load(a2 + i)), v);
    s3 = multiply_add(s3, conj(P::load(a3 + i)), v);
  }
  T t0 = P::sum(s0), t1 = P::sum(s1), t2 = P::sum(s2), t3 = P::sum(s3);
  for (; i < m; ++i) {
    t0 = t0 + conj(a0[i]) * x[i];
    t1 = t1 + conj(a1[i]) * x[i];
    t2 = t2 + conj(a2[i]) * x[i];
    t3 = t3 + conj(a3[i]) * x[i];
  }
  out[0] = t0;
  out[1] = t1;
  out[2] = t2;
  out[3] = t3;
}

// y += A^H x for A (m, n).
template <class T>
void gemv_adjoint(int64_t m, int64_t n, T alpha, const T* a, int64_t lda, const T* x, T* y) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    Wide<T> totals[4]{};
    for (int64_t i = 0, end; i < m; i = end) {
      end = stretch_end(i, m);
      const T* first = a + j * lda + i;
      const T* const columns[] = {first, first + lda, first + 2 * lda, first + 3 * lda};
      T sums[4];
      short_dots(end - i, columns, x + i, sums);
      for (int c = 0; c < 4; ++c) totals[c] = totals[c] + static_cast<Wide<T>>(sums[c]);
    }
    for (int c = 0; c < 4; ++c) y[j + c] = y[j + c] + alpha * static_cast<T>(totals[c]);
  }
  for (; j < n; ++j) y[j] = y[j] + alpha * static_cast<T>(dot(m, a + j * lda, x));
}

// y += A x for Hermitian A (n, n), of which only the lower triangle is read, and once: an element serves its
// own row and its mirror image.
template <class T>
void hemv(int64_t n, const T* a, int64_t lda, const T* x, T* y) {
  using P = Pack<T>;
  constexpr int w = P::width;
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const T *a0 = a + j * lda, *a1 = a0 + lda, *a2 = a1 + lda, *a3 = a2 + lda;
    for (int64_t c = 0; c < 4; ++c) {
      const T* column = a + (j + c) * lda;
      y[j + c] = y[j + c] + from_real<T>(real(column[j + c])) * x[j + c];
      for (int64_t r = c + 1; r < 4; ++r) {
        y[j + r] = y[j + r] + column[j + r] * x[j + c];
        y[j + c] = y[j + c] + conj(column[j + r]) * x[j + r];
      }
    }
    const auto x0 = P::all(x[j]), x1 = P::all(x[j + 1]), x2 = P::all(x[j + 2]), x3 = P::all(x[j + 3]);
    typename P::type s0{}, s1{}, s2{}, s3{};
    int64_t i = j + 4;
    for (; i + w <= n; i += w) {
      const auto v = P::load(x + i), c0 = P::load(a0 + i), c1 = P::load(a1 + i), c2 = P::load(a2 + i),
                 c3 = P::load(a3 + i);
      auto u = multiply_add(P::load(y + i), c0, x0);
      auto t = c1 * x1;
      s0 = multiply_add(s0, conj(c0), v);
      s1 = multiply_add(s1, conj(c1), v);
      u = multiply_add(u, c2, x2);
      t = multiply_add(t, c3, x3);
      s2 = multiply_add(s2, conj(c2), v);
      s3 = multiply_add(s3, conj(c3), v);
      P::store(y + i, u + t);
    }
    T t0 = P::sum(s0), t1 = P::sum(s1), t2 = P::sum(s2), t3 = P::sum(s3);
    for (; i < n; ++i) {
      y[i] = y[i] + ((a0[i] * x[j] + a1[i] * x[j + 1]) + (a2[i] * x[j + 2] + a3[i] * x[j + 3]));
      t0 = t0 + conj(a0[i]) * x[i];
      t1 = t1 + conj(a1[i]) * x[i];
      t2 = t2 + conj(a2[i]) * x[i];
      t3 = t3 + conj(a3[i]) * x[i];
    }
    y[j] = y[j] + t0;
    y[j + 1] = y[j + 1] + t1;
    y[j + 2] = y[j + 2] + t2;
    y[j + 3] = y[j + 3] + t3;
  }
  for (; j < n; ++j) {
    const T* column = a + j * lda;
    T total = from_real<T>(real(column[j])) * x[j];
    for (int64_t i = j + 1; i < n; ++i) {
      y[i] = y[i] + column[i] * x[j];
      total = total + conj(column[i]) * x[i];
    }
    y[j] = y[j] + total;
  }
}

// --- blocks of at most kernels::small_block columns

using kernels::small_block;

template <class T>
WICK_INLINE void divide(int64_t n, T* x, T by) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) x[i] = x[i] / by;
}

// Column by column, each from the finished ones to its left.
template <class T>
int64_t cholesky(int64_t n, T* a, int64_t lda) {
  T row[small_block];
  for (int64_t j = 0; j < n; ++j) {
    T* column = a + j * lda;
    for (int64_t k = 0; k < j; ++k) row[k] = conj(a[k * lda + j]);
    gemv(n - j, j, from_real<T>(-1), a + j, lda, row, column + j);
    const auto pivot = real(column[j]);
    if (!(pivot > 0)) return j + 1;
    const T diagonal = from_real<T>(root(pivot));
    column[j] = diagonal;
    divide(n - j - 1, column + j + 1, diagonal);
  }
  return 0;
}

// The position of the largest element; of a NaN among zeros.
template <class T>
int64_t pivot_of(int64_t n, const T* x) {
  int64_t at = 0;
  auto largest = absolute(x[0]);
  for (int64_t i = 1; i < n; ++i) {
    const auto size = absolute(x[i]);
    if (size > largest || (largest == 0 && size != size)) {
      largest = size;
      at = i;
    }
  }
  return at;
}

template <class T>
void lu(int64_t m, int64_t n, T* a, int64_t lda, int32_t* pivots) {
  T top[small_block];
  for (int64_t j = 0; j < n; ++j) {
    T* column = a + j * lda;
    const int64_t done = j < m ? j : m;
    for (int64_t k = 0; k < done; ++k) {
      const T x = column[pivots[k]];
      column[pivots[k]] = column[k];
      column[k] = x;
    }
    for (int64_t k = 0; k < done; ++k) {
      top[k] = column[k];
      if (!is_zero(top[k])) axpy(done - k - 1, -top[k], a + k * lda + k + 1, column + k + 1);
    }
    for (int64_t k = 0; k < done; ++k) top[k] = column[k];
    if (j >= m) continue;
    gemv(m - j, j, from_real<T>(-1), a + j, lda, top, column + j);
    const int64_t at = j + pivot_of(m - j, column + j);
    pivots[j] = static_cast<int32_t>(at);
    if (at != j) {
      for (int64_t k = 0; k <= j; ++k) {
        const T x = a[k * lda + at];
        a[k * lda + at] = a[k * lda + j];
        a[k * lda + j] = x;
      }
    }
    if (!is_zero(column[j])) divide(m - j - 1, column + j + 1, column[j]);
  }
}

using kernels::Triangle;

// `count` packs of right-hand sides side by side in `x`, unknown after unknown.
template <class T, int count>
WICK_INLINE void substitute(const Triangle& t, const T* a, T* x) {
  using P = Pack<T>;
  constexpr int w = P::width;
  for (int64_t step = 0; step < t.n; ++step) {
    const int64_t j = t.backward ? t.n - 1 - step : step;
    T* target = x + j * count * w;
    typename P::type v[count];
    WICK_UNROLL
    for (int c = 0; c < count; ++c) v[c] = P::load(target + c * w);
    const int64_t from = t.backward ? j + 1 : 0, to = t.backward ? t.n : j;
    for (int64_t k = from; k < to; ++k) {
      const T element = load_alone(a + j * t.row_step + k * t.column_step);
      const auto factor = P::all(-(t.conjugate ? conj(element) : element));
      const T* known = x + k * count * w;
      WICK_UNROLL
      for (int c = 0; c < count; ++c) v[c] = multiply_add(v[c], P::load(known + c * w), factor);
    }
    if (!t.unit) {
      const T element = a[j * (t.row_step + t.column_step)];
      const auto diagonal = P::all(t.conjugate ? conj(element) : element);
      WICK_UNROLL
      for (int c = 0; c < count; ++c) v[c] = v[c] / diagonal;
    }
    WICK_UNROLL
    for (int c = 0; c < count; ++c) P::store(target + c * w, v[c]);
  }
}

// Right-hand sides from memory to the packs, and back.
template <class T>
WICK_INLINE void gather_packs(const Triangle& t, T* packs, int64_t lanes, const T* b, int64_t columns) {
  if (t.unknown_step == 1) {
    copy_transposed(packs, lanes, b, t.right_step, t.n, columns);
  } else {
    for (int64_t j = 0; j < t.n; ++j) {
      for (int64_t c = 0; c < columns; ++c) packs[j * lanes + c] = b[j * t.unknown_step + c * t.right_step];
    }
  }
}
template <class T>
WICK_INLINE void scatter_packs(const Triangle& t, const T* packs, int64_t lanes, T* b, int64_t columns) {
  if (t.unknown_step == 1) {
    copy_transposed(b, t.right_step, packs, lanes, columns, t.n);
  } else {
    for (int64_t j = 0; j < t.n; ++j) {
      for (int64_t c = 0; c < columns; ++c) b[j * t.unknown_step + c * t.right_step] = packs[j * lanes + c];
    }
  }
}

template <class T, int count>
void solve_side_by_side(const Triangle& t, const T* a, T* b, int64_t columns) {
  constexpr int w = Pack<T>::width, lanes = count * w;
  alignas(64) T x[small_block * lanes];
  for (; columns > 0; columns -= lanes, b += lanes * t.right_step) {
    const int64_t width = columns < lanes ? columns : lanes;
    if (width < lanes) {
      for (int64_t i = 0; i < t.n * lanes; ++i) x[i] = T{};
    }
    gather_packs(t, x, lanes, b, width);
    substitute<T, count>(t, a, x);
    scatter_packs(t, x, lanes, b, width);
  }
}

template <class T>
void solve(const Triangle& t, const T* a, T* b) {
  constexpr int w = Pack<T>::width;
  // As many as hide the latency of an addition.
  constexpr int many = class_of<T> == Class::Complex ? 4 : 8;
  const int64_t wide = t.columns - t.columns % (many * w);
  if (wide > 0) solve_side_by_side<T, many>(t, a, b, wide);
  b += wide * t.right_step;
  const int64_t rest = t.columns - wide;
  if (rest > w) {
    solve_side_by_side<T, 2>(t, a, b, rest);
  } else if (rest > 0) {
    solve_side_by_side<T, 1>(t, a, b, rest);
  }
}

// A rational function and its derivative, for the secular equations of eigenvalue problems.
void poles(int64_t n, const double* pole, const double* weight, double x, double* sum, double* slope) {
  using P = Pack<double>;
  constexpr int w = P::width;
  const auto at = P::all(x);
  P::type s{}, t{}, d{}, e{};
  int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    const auto u = P::load(pole + i) - at, v = P::load(pole + i + w) - at;
    const auto p = P::load(weight + i) / u, q = P::load(weight + i + w) / v;
    s += p;
    t += q;
    d += p / u;
    e += q / v;
  }
  double total = P::sum(s + t), derivative = P::sum(d + e);
  for (; i < n; ++i) {
    const double u = pole[i] - x, p = weight[i] / u;
    total += p;
    derivative += p / u;
  }
  *sum = total;
  *slope = derivative;
}

// --- the table

template <class T>
constexpr kernels::MatrixKernels kernels_of() {
  kernels::MatrixKernels k{};
  k.axpy = [](int64_t n, const void* alpha, const void* x, void* y) {
    axpy(n, *static_cast<const T*>(alpha), static_cast<const T*>(x), static_cast<T*>(y));
  };
  k.dot = [](int64_t n, const void* x, const void* y, void* result) {
    *static_cast<T*>(result) = static_cast<T>(dot(n, static_cast<const T*>(x), static_cast<const T*>(y)));
  };
  k.norm = [](int64_t n, const void* x) { return norm(n, static_cast<const T*>(x)); };
  k.gemv = [](int64_t m, int64_t n, const void* alpha, const void* a, int64_t lda, const void* x, void* y) {
    gemv(m, n, *static_cast<const T*>(alpha), static_cast<const T*>(a), lda, static_cast<const T*>(x),
         static_cast<T*>(y));
  };
  k.gemv_adjoint = [](int64_t m, int64_t n, const void* alpha, const void* a, int64_t lda, const void* x,
                      void* y) {
    gemv_adjoint(m, n, *static_cast<const T*>(alpha), static_cast<const T*>(a), lda, static_cast<const T*>(x),
                 static_cast<T*>(y));
  };
  k.hemv = [](int64_t n, const void* a, int64_t lda, const void* x, void* y) {
    hemv(n, static_cast<const T*>(a), lda, static_cast<const T*>(x), static_cast<T*>(y));
  };
  k.cholesky = [](int64_t n, void* a, int64_t lda) { return cholesky(n, static_cast<T*>(a), lda); };
  k.lu = [](int64_t m, int64_t n, void* a, int64_t lda, int32_t* pivots) {
    lu(m, n, static_cast<T*>(a), lda, pivots);
  };
  k.solve = [](const Triangle& t, const void* a, void* b) {
    solve(t, static_cast<const T*>(a), static_cast<T*>(b));
  };
  k.poles = poles;
  return k;
}

constexpr kernels::MatrixKernels all[] = {kernels_of<float>(), kernels_of<double>(),
                                          kernels_of<Complex<double>>()};

}  // namespace

void add_matrix_kernels(kernels::Table& table) { table.matrix = all; }

}  // namespace WICK_LEVEL
}  // namespace wick
