#include <algorithm>
#include <cmath>
#include <limits>

#include "wick/core/interrupt.h"
#include "wick/linalg/factorize/divide.h"
#include "wick/linalg/factorize/factorize.h"
#include "wick/linalg/factorize/reflectors.h"
#include "wick/linalg/factorize/tridiagonal.h"

namespace wick::factorize {
namespace {

// a = Q T Q^H with tridiagonal real T: diagonal d, n - 1 elements e below it. Panel by panel; with the
// reflections of a panel, V, and matrices W that belong to them, a becomes a - V W^H - W V^H, and only the
// product of the panel's own columns with a has to wait for memory (Dongarra, Hammarling and Sorensen, LAPACK
// working note 2, 1987).
template <class T>
void reduce_to_tridiagonal(const View<T>& a, double* d, double* e, Reflectors<T>& q) {
  constexpr std::int64_t width = Reflectors<T>::width;
  const std::int64_t n = a.rows;
  const Scratch<T> memory(n * width + width);
  const View<T> w = view(memory.data(), n, width);
  T* coefficients = memory.data() + n * width;
  T tau[width];
  for (std::int64_t first = 0; first < n; first += width) {
    const std::int64_t columns = std::min(width, n - first), reflections = std::min(columns, n - 1 - first);
    const View<T> v = q.vectors().block(0, first, n, std::max<std::int64_t>(reflections, 0));
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t at = first + j, next = at + 1, rest = n - next;
      check_interrupt({at, n});
      T* column = a.column(at) + at;
      subtract_product(v, at, w, at, j, coefficients, column);
      subtract_product(w, at, v, at, j, coefficients, column);
      d[at] = static_cast<double>(std::real(column[0]));
      if (rest == 0) break;
      tau[j] = reflection(rest, column + 1);
      e[at] = static_cast<double>(std::real(column[1]));
      T* vector = v.column(j) + next;
      std::copy_n(column + 1, rest, vector);
      vector[0] = 1;
      // p = tau (a - V W^H - W V^H) v
      T* p = w.column(j) + next;
      std::fill_n(p, rest, T(0));
      hemv<T>(a.block(next, next, rest, rest), vector, p);
      subtract_projection(v, next, w, next, j, vector, coefficients, p);
      subtract_projection(w, next, v, next, j, vector, coefficients, p);
      scale(rest, tau[j], p);
      // w = p - gamma / 2 v with the real gamma = conj(tau) v^H p
      const T half = T(Real<T>(0.5)) * conjugate(tau[j]) * dot(rest, vector, p);
      axpy(rest, -T(std::real(half)), vector, p);
    }
    if (reflections > 0) q.complete(first / width, tau);
    const std::int64_t next = first + columns, rest = n - next;
    if (rest <= 0) break;
    const View<const T> below_v = v.block(next, 0, rest, columns), below_w = w.block(next, 0, rest, columns);
    gemm_lower<T>(-1, below_v, Op::None, below_w, Op::Adjoint, a.block(next, next, rest, rest));
    gemm_lower<T>(-1, below_w, Op::None, below_v, Op::Adjoint, a.block(next, next, rest, rest));
  }
}

}  // namespace

template <class T>
Magnitude<T> magnitude(const View<const T>& a, bool lower_only) {
  using R = Real<T>;
  constexpr int parts = is_complex_type<T> ? 2 : 1, safe = std::numeric_limits<R>::max_exponent / 4;
  R largest = 0;
  bool finite = true;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    const std::int64_t from = lower_only ? j : 0;
    const R* x = reinterpret_cast<const R*>(a.column(j) + from);
    for (std::int64_t i = 0; i < (a.rows - from) * parts; ++i) {
      const R size = std::fabs(x[i]);
      finite = finite && size <= std::numeric_limits<R>::max();
      largest = std::max(largest, size);
    }
  }
  if (!finite || largest == 0 || std::abs(std::ilogb(largest)) < safe) return {finite, 1};
  return {finite, std::ldexp(R(1), -std::max(std::ilogb(largest), std::numeric_limits<R>::min_exponent))};
}

template <class T>
Outcome eigh(const View<T>& a, Real<T>* w, const View<T>& z) {
  const std::int64_t n = a.rows;
  const auto [finite, factor] = magnitude<T>(a, true);
  if (!finite) return Outcome::NotFinite;
  if (factor != 1) {
    for (std::int64_t j = 0; j < n; ++j) scale(n - j, factor, a.column(j) + j);
  }
  const Scratch<double> memory(2 * n);
  double *d = memory.data(), *e = d + n;
  Reflectors<T> q(n, n - 1, 1);
  reduce_to_tridiagonal(a, d, e, q);
  const int exponent = bring_near_one(n, d, e);
  const bool converted = z.data && !std::is_same_v<T, double>;
  const Scratch<double> wide(converted ? n * n : 0);
  View<double> vectors{nullptr, 0, 0, 0};
  if (converted) {
    vectors = view(wide.data(), n, n);
  } else if constexpr (std::is_same_v<T, double>) {
    vectors = z;
  }
  if (!tridiagonal_eigenvalues(n, d, e, vectors)) return Outcome::NotConverged;
  for (std::int64_t i = 0; i < n; ++i) w[i] = static_cast<Real<T>>(std::ldexp(d[i], exponent)) / factor;
  if (!z.data) return Outcome::Done;
  if (converted) {
    for (std::int64_t j = 0; j < n; ++j)
      std::transform(vectors.column(j), vectors.column(j) + n, z.column(j),
                     [](double x) { return static_cast<Real<T>>(x); });
  }
  q.apply(Op::None, z);
  return Outcome::Done;
}

#define WICK_INSTANTIATE(T)                                       \
  template Magnitude<T> magnitude<T>(const View<const T>&, bool); \
  template Outcome eigh<T>(const View<T>&, Real<T>*, const View<T>&);
WICK_INSTANTIATE(float)
WICK_INSTANTIATE(double)
WICK_INSTANTIATE(std::complex<double>)

}  // namespace wick::factorize
