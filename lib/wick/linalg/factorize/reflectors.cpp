#include "wick/linalg/factorize/reflectors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "wick/linalg/factorize/factorize.h"

namespace wick::factorize {
namespace {

// Columns that are reduced one after another; wider panels are split.
constexpr std::int64_t narrow_panel = 8;

// t(0:i, i) = -tau_i t(0:i, 0:i) (v(:, 0:i)^H v_i), t(i, i) = tau_i.
template <class T>
void fill_triangle(const View<const T>& v, const T* tau, const View<T>& t) {
  const std::int64_t n = v.columns;
  gemm<T>(1, v, Op::Adjoint, v, Op::None, 0, t);
  for (std::int64_t i = 0; i < n; ++i) {
    T* column = t.column(i);
    for (std::int64_t j = 0; j < i; ++j) {
      T total = 0;
      for (std::int64_t l = j; l < i; ++l) total += t(j, l) * column[l];
      column[j] = -tau[i] * total;
    }
    column[i] = tau[i];
    std::fill(column + i + 1, column + n, T(0));
  }
}

// c = (I - v op(t) v^H) c
template <class T>
void apply_block(const View<const T>& v, const View<const T>& t, Op op, const View<T>& c) {
  if (c.columns == 0) return;
  const std::int64_t k = v.columns;
  const Scratch<T> memory(2 * k * c.columns);
  const View<T> w = view(memory.data(), k, c.columns), tw = view(memory.data() + k * c.columns, k, c.columns);
  gemm<T>(1, v, Op::Adjoint, c, Op::None, 0, w);
  gemm<T>(1, t, op, w, Op::None, 0, tw);
  gemm<T>(-1, v, Op::None, tw, Op::None, 1, c);
}

template <class T>
void reduce_narrow(const View<T>& a, const View<T>& v, const View<T>& t) {
  const std::int64_t m = a.rows, n = a.columns;
  T tau[narrow_panel], along[narrow_panel];
  for (std::int64_t j = 0; j < n; ++j) {
    T* column = a.column(j) + j;
    tau[j] = reflection(m - j, column);
    T* vector = v.column(j) + j;
    std::copy_n(column, m - j, vector);
    *vector = 1;
    if (tau[j] == T(0)) continue;
    std::fill_n(along, n, T(0));
    const View<T> rest = a.block(j, j + 1, m - j, n - j - 1);
    gemv<T>(1, rest, Op::Adjoint, vector, along);
    for (std::int64_t k = 0; k < rest.columns; ++k) {
      axpy(m - j, -conjugate(tau[j] * along[k]), vector, rest.column(k));
    }
  }
  fill_triangle<T>(v, tau, t);
}

// Elmroth and Gustavson, Applying recursion to serial and parallel QR factorization leads to better
// performance, 2000.
template <class T>
void reduce_panel(const View<T>& a, const View<T>& v, const View<T>& t) {
  const std::int64_t m = a.rows, n = a.columns;
  if (n <= narrow_panel) return reduce_narrow(a, v, t);
  const std::int64_t half = (n / 2 + 7) / 8 * 8, rest = n - half;
  const View<T> v1 = v.block(0, 0, m, half), v2 = v.block(half, half, m - half, rest);
  const View<T> t1 = t.block(0, 0, half, half), t2 = t.block(half, half, rest, rest);
  reduce_panel(a.block(0, 0, m, half), v1, t1);
  apply_block<T>(v1, t1, Op::Adjoint, a.block(0, half, m, rest));
  reduce_panel(a.block(half, half, m - half, rest), v2, t2);
  // The triangle of the product: t12 = -t1 (v1^H v2) t2.
  const Scratch<T> memory(2 * half * rest);
  const View<T> product = view(memory.data(), half, rest),
                left = view(memory.data() + half * rest, half, rest);
  gemm<T>(1, v1.block(half, 0, m - half, half), Op::Adjoint, v2, Op::None, 0, product);
  gemm<T>(1, t1, Op::None, product, Op::None, 0, left);
  gemm<T>(-1, left, Op::None, t2, Op::None, 0, t.block(0, half, half, rest));
  set_zero(t.block(half, 0, rest, half));
}

// Columns whose squares might leave the range are brought near 1 by powers of two: they change nothing but
// their own column of R. The exponents.
template <class T>
std::int64_t scale_columns(const View<T>& a, int* exponents) {
  using R = Real<T>;
  constexpr int safe = std::numeric_limits<R>::max_exponent / 4;
  std::int64_t scaled = 0;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    const R* x = reinterpret_cast<const R*>(a.column(j));
    const std::int64_t count = a.rows * (is_complex_type<T> ? 2 : 1);
    R largest = 0;
    for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
    exponents[j] = 0;
    if (!(largest > 0) || !std::isfinite(largest) || std::abs(std::ilogb(largest)) < safe) continue;
    exponents[j] = std::ilogb(largest);
    ++scaled;
    R* out = reinterpret_cast<R*>(a.column(j));
    for (std::int64_t i = 0; i < count; ++i) out[i] = std::ldexp(out[i], -exponents[j]);
  }
  return scaled;
}

}  // namespace

template <class T>
T reflection(std::int64_t n, T* x) {
  using R = Real<T>;
  constexpr R tiny = std::numeric_limits<R>::min() / std::numeric_limits<R>::epsilon();
  R rest = norm(n - 1, x + 1);
  if (rest == 0 && std::imag(x[0]) == 0) return 0;
  const auto reflected = [&] {
    return -std::copysign(std::hypot(std::hypot(std::real(x[0]), R(std::imag(x[0]))), rest), std::real(x[0]));
  };
  R beta = reflected();
  int shrunk = 0;
  // Reciprocals of numbers so small would be infinite or lose digits.
  while (std::abs(beta) < tiny && shrunk < 20) {
    for (std::int64_t i = 0; i < n; ++i) x[i] *= 1 / tiny;
    rest = norm(n - 1, x + 1);
    beta = reflected();
    ++shrunk;
  }
  const T tau = (T(beta) - x[0]) / beta;
  const T factor = T(1) / (x[0] - T(beta));
  for (std::int64_t i = 1; i < n; ++i) x[i] *= factor;
  for (; shrunk > 0; --shrunk) beta *= tiny;
  x[0] = beta;
  return tau;
}

template <class T>
Reflectors<T>::Reflectors(std::int64_t m, std::int64_t k, std::int64_t shift)
    : m_(m), k_(k), shift_(shift), v_(m * k), t_(panels() * width * width) {
  set_zero(vectors());
}

template <class T>
View<T> Reflectors<T>::panel(std::int64_t p) const {
  const std::int64_t from = p * width;
  return vectors().block(from + shift_, from, m_ - from - shift_, std::min(width, k_ - from));
}

template <class T>
View<T> Reflectors<T>::triangle(std::int64_t p) const {
  const std::int64_t size = std::min(width, k_ - p * width);
  return {t_.data() + p * width * width, size, size, width};
}

template <class T>
void Reflectors<T>::complete(std::int64_t p, const T* tau) {
  fill_triangle<T>(panel(p), tau, triangle(p));
}

template <class T>
void Reflectors<T>::apply_panel(std::int64_t p, Op op, const View<T>& c) const {
  const std::int64_t from = p * width + shift_;
  apply_block<T>(panel(p), triangle(p), op, c.block(from, 0, m_ - from, c.columns));
}

template <class T>
void Reflectors<T>::apply(Op op, const View<T>& c) const {
  for (std::int64_t i = 0; i < panels(); ++i) apply_panel(op == Op::None ? panels() - 1 - i : i, op, c);
}

template <class T>
void Reflectors<T>::form(const View<T>& c) const {
  set_zero(c);
  for (std::int64_t i = 0; i < c.columns; ++i) c(i, i) = 1;
  // Columns left of a panel are still those of the identity there.
  for (std::int64_t p = panels(); p-- > 0;) {
    const std::int64_t first = p * width + shift_;
    if (first < c.columns) apply_panel(p, Op::None, c.block(0, first, c.rows, c.columns - first));
  }
}

template <class T>
void reduce_to_triangle(const View<T>& a, Reflectors<T>& reflectors) {
  for (std::int64_t p = 0; p < reflectors.panels(); ++p) {
    const View<T> v = reflectors.panel(p);
    const std::int64_t from = a.rows - v.rows, next = from + v.columns;
    reduce_panel(a.block(from, from, v.rows, v.columns), v, reflectors.triangle(p));
    reflectors.apply_panel(p, Op::Adjoint, a.block(0, next, a.rows, a.columns - next));
  }
}

namespace {

// a = Q R with columns of any size; R is copied to r.
template <class T>
void factor(const View<T>& a, Reflectors<T>& reflectors, const View<T>& r) {
  const Scratch<int> exponents(a.columns);
  const bool scaled = scale_columns(a, exponents.data()) > 0;
  reduce_to_triangle(a, reflectors);
  for (std::int64_t j = 0; j < r.columns; ++j) {
    const std::int64_t filled = std::min(j + 1, std::min(r.rows, a.rows));
    std::copy_n(a.column(j), filled, r.column(j));
    std::fill(r.column(j) + filled, r.column(j) + r.rows, T(0));
    if (!scaled || exponents[j] == 0) continue;
    Real<T>* x = reinterpret_cast<Real<T>*>(r.column(j));
    for (std::int64_t i = 0; i < filled * (is_complex_type<T> ? 2 : 1); ++i) {
      x[i] = std::ldexp(x[i], exponents[j]);
    }
  }
}

}  // namespace

namespace {

// Of a few elements, where everything else would cost more than the reflections.
constexpr std::int64_t largest_small = 8;

// c = (I - tau v v^H) c, where v has 1 in place of its first element.
template <class T>
void apply_reflection(std::int64_t m, T tau, const T* v, const View<T>& c) {
  for (std::int64_t j = 0; j < c.columns; ++j) {
    T* x = c.column(j);
    T along = x[0];
    for (std::int64_t i = 1; i < m; ++i) along += conjugate(v[i]) * x[i];
    along *= tau;
    x[0] -= along;
    for (std::int64_t i = 1; i < m; ++i) x[i] -= v[i] * along;
  }
}

template <class T>
void small_qr(const View<T>& a, const View<T>& q, const View<T>& r) {
  const std::int64_t m = a.rows, n = a.columns, k = std::min(m, n);
  int exponents[largest_small];
  T tau[largest_small];
  scale_columns(a, exponents);
  for (std::int64_t j = 0; j < k; ++j) {
    tau[j] = reflection(m - j, a.column(j) + j);
    apply_reflection(m - j, conjugate(tau[j]), a.column(j) + j, a.block(j, j + 1, m - j, n - j - 1));
  }
  set_zero(r);
  for (std::int64_t j = 0; j < n; ++j) {
    const Real<T> factor = std::ldexp(Real<T>(1), exponents[j]);
    for (std::int64_t i = 0; i < std::min(j + 1, m); ++i) r(i, j) = a(i, j) * factor;
  }
  if (!q.data) return;
  set_zero(q);
  for (std::int64_t j = 0; j < q.columns; ++j) q(j, j) = 1;
  for (std::int64_t j = k; j-- > 0;) {
    apply_reflection(m - j, tau[j], a.column(j) + j, q.block(j, j, m - j, q.columns - j));
  }
}

}  // namespace

template <class T>
void qr(const View<T>& a, const View<T>& q, const View<T>& r) {
  if (std::max(a.rows, a.columns) <= largest_small) return small_qr(a, q, r);
  Reflectors<T> reflectors(a.rows, std::min(a.rows, a.columns));
  factor(a, reflectors, r);
  if (q.data) reflectors.form(q);
}

template <class T>
void qr_of_equations(const View<T>& a, const View<T>& b, const View<T>& r) {
  Reflectors<T> reflectors(a.rows, a.columns);
  factor(a, reflectors, r);
  reflectors.apply(Op::Adjoint, b);
}

#define WICK_INSTANTIATE(T)                                            \
  template T reflection<T>(std::int64_t, T*);                          \
  template class Reflectors<T>;                                        \
  template void reduce_to_triangle<T>(const View<T>&, Reflectors<T>&); \
  template void qr<T>(const View<T>&, const View<T>&, const View<T>&); \
  template void qr_of_equations<T>(const View<T>&, const View<T>&, const View<T>&);
WICK_INSTANTIATE(float)
WICK_INSTANTIATE(double)
WICK_INSTANTIATE(std::complex<double>)

}  // namespace wick::factorize
