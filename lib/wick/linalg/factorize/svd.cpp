#include <algorithm>
#include <cmath>
#include <utility>

#include "wick/core/interrupt.h"
#include "wick/linalg/factorize/bidiagonal.h"
#include "wick/linalg/factorize/divide.h"
#include "wick/linalg/factorize/factorize.h"
#include "wick/linalg/factorize/reflectors.h"

namespace wick::factorize {
namespace {

// a (m, n) = Q B P^H, m >= n, with upper bidiagonal real B: diagonal d, n - 1 elements e above it. Panel by
// panel: with the reflections of a panel from the left, V, from the right, P, and matrices that belong to
// them, a becomes a - V Y^H - X P^H (Dongarra, Hammarling and Sorensen, LAPACK working note 2, 1987).
template <class T>
class Bidiagonalization {
 public:
  Bidiagonalization(const View<T>& a, double* d, double* e, Reflectors<T>& q, Reflectors<T>& p)
      : a_(a),
        d_(d),
        e_(e),
        q_(q),
        p_(p),
        memory_((a.rows + 2 * a.columns + 2) * width),
        coefficients_(width) {
    x_ = view(memory_.data(), a.rows, width);
    y_ = view(x_.data + a.rows * width, a.columns, width);
    row_ = y_.data + a.columns * width;
  }

  void run() {
    const std::int64_t m = a_.rows, n = a_.columns;
    for (std::int64_t first = 0; first < n; first += width) {
      const std::int64_t columns = std::min(width, n - first), from_right = std::min(columns, n - 1 - first);
      v_ = q_.vectors().block(0, first, m, columns);
      w_ = p_.vectors().block(0, first, n, from_right);
      for (std::int64_t j = 0; j < columns; ++j) {
        check_interrupt({first + j, n});
        reduce_column_and_row(first + j, j);
      }
      q_.complete(first / width, left_tau_);
      if (from_right > 0) p_.complete(first / width, right_tau_);
      const std::int64_t next = first + columns;
      if (next >= n) break;
      const View<T> rest = a_.block(next, next, m - next, n - next);
      gemm<T>(-1, v_.block(next, 0, m - next, columns), Op::None, y_.block(next, 0, n - next, columns),
              Op::Adjoint, 1, rest);
      gemm<T>(-1, x_.block(next, 0, m - next, columns), Op::None, w_.block(next, 0, n - next, columns),
              Op::Adjoint, 1, rest);
    }
  }

 private:
  static constexpr std::int64_t width = Reflectors<T>::width;

  void reduce_column_and_row(std::int64_t at, std::int64_t j) {
    const std::int64_t m = a_.rows, n = a_.columns, next = at + 1;
    T* column = a_.column(at) + at;
    subtract_product(v_, at, y_, at, j, coefficients_.data(), column);
    if (j > 0) subtract_product(x_, at, w_, at, std::min(j, w_.columns), coefficients_.data(), column);
    left_tau_[j] = reflection(m - at, column);
    d_[at] = static_cast<double>(std::real(column[0]));
    T* v = v_.column(j) + at;
    std::copy_n(column, m - at, v);
    v[0] = 1;
    if (next == n) return;

    T* y = y_.column(j) + next;
    std::fill_n(y, n - next, T(0));
    gemv<T>(1, a_.block(at, next, m - at, n - next), Op::Adjoint, v, y);
    subtract_projection(y_, next, v_, at, j, v, coefficients_.data(), y);
    subtract_projection(w_, next, x_, at, j, v, coefficients_.data(), y);
    scale(n - next, left_tau_[j], y);

    for (std::int64_t i = next; i < n; ++i) row_[i] = conjugate(a_(at, i));
    subtract_product(y_, next, v_, at, j + 1, coefficients_.data(), row_ + next);
    subtract_product(w_, next, x_, at, j, coefficients_.data(), row_ + next);
    right_tau_[j] = reflection(n - next, row_ + next);
    e_[at] = static_cast<double>(std::real(row_[next]));
    T* p = w_.column(j) + next;
    std::copy_n(row_ + next, n - next, p);
    p[0] = 1;

    T* x = x_.column(j) + next;
    std::fill_n(x, m - next, T(0));
    gemv<T>(1, a_.block(next, next, m - next, n - next), Op::None, p, x);
    subtract_projection(v_, next, y_, next, j + 1, p, coefficients_.data(), x);
    subtract_projection(x_, next, w_, next, j, p, coefficients_.data(), x);
    scale(m - next, right_tau_[j], x);
  }

  View<T> a_;
  double *d_, *e_;
  Reflectors<T>&q_, &p_;
  Scratch<T> memory_, coefficients_;
  View<T> x_{}, y_{}, v_{}, w_{};
  T* row_;
  T left_tau_[width], right_tau_[width];
};

// The left or right vectors of a: those of the bidiagonal matrix, and unit vectors beside them, multiplied by
// q.
template <class T>
void finish(const View<const double>& vectors, const Reflectors<T>& q, const View<T>& out) {
  set_zero(out);
  for (std::int64_t j = 0; j < vectors.columns; ++j) {
    std::transform(vectors.column(j), vectors.column(j) + vectors.rows, out.column(j),
                   [](double x) { return static_cast<Real<T>>(x); });
  }
  for (std::int64_t j = vectors.columns; j < out.columns; ++j) out(j, j) = 1;
  q.apply(Op::None, out);
}

template <class T>
Outcome decompose(const View<T>& a, Real<T>* s, const View<T>& u, const View<T>& v) {
  const std::int64_t n = a.columns;
  const Scratch<double> memory(2 * n);
  double *d = memory.data(), *e = d + n;
  Reflectors<T> q(a.rows, n), p(n, n - 1, 1);
  Bidiagonalization<T>(a, d, e, q, p).run();
  const int exponent = bring_near_one(n, d, e);
  const Scratch<double> vectors(u.data ? 2 * n * n : 0);
  View<double> left{nullptr, 0, 0, 0}, right = left;
  if (u.data) {
    left = view(vectors.data(), n, n);
    right = view(vectors.data() + n * n, n, n);
  }
  if (!bidiagonal_singular_values(n, d, e, left, right)) return Outcome::NotConverged;
  for (std::int64_t i = 0; i < n; ++i) s[i] = static_cast<Real<T>>(std::ldexp(d[i], exponent));
  if (u.data) {
    finish<T>(left, q, u);
    finish<T>(right, p, v);
  }
  return Outcome::Done;
}

// Tall matrices: of R in a = Q R instead (Chan, An improved algorithm for computing the singular value
// decomposition, 1982).
template <class T>
Outcome decompose_triangle(const View<T>& a, Real<T>* s, const View<T>& u, const View<T>& v) {
  const std::int64_t m = a.rows, n = a.columns;
  Reflectors<T> q(m, n);
  reduce_to_triangle(a, q);
  const Scratch<T> memory(2 * n * n);
  const View<T> r = view(memory.data(), n, n);
  View<T> own{nullptr, 0, 0, 0};
  if (u.data) own = view(memory.data() + n * n, n, n);
  set_zero(r);
  for (std::int64_t j = 0; j < n; ++j) std::copy_n(a.column(j), j + 1, r.column(j));
  const Outcome outcome = decompose(r, s, own, v);
  if (outcome != Outcome::Done || !u.data) return outcome;
  set_zero(u);
  copy<T>(own, u.block(0, 0, n, n));
  for (std::int64_t j = n; j < u.columns; ++j) u(j, j) = 1;
  q.apply(Op::None, u);
  return Outcome::Done;
}

}  // namespace

template <class T>
Outcome svd(const View<T>& a, Real<T>* s, const View<T>& u, const View<T>& v) {
  const std::int64_t m = a.rows, n = a.columns;
  if (m < n) {
    const Scratch<T> memory(m * n);
    const View<T> turned = view(memory.data(), n, m);
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t i = 0; i < m; ++i) turned(j, i) = conjugate(a(i, j));
    }
    return svd(turned, s, v, u);
  }
  const auto [finite, factor] = magnitude<T>(a, false);
  if (!finite) return Outcome::NotFinite;
  if (factor != 1) {
    for (std::int64_t j = 0; j < n; ++j) scale(m, factor, a.column(j));
  }
  const Outcome outcome = 2 * m >= 3 * n && m > 16 ? decompose_triangle(a, s, u, v) : decompose(a, s, u, v);
  if (factor != 1) {
    for (std::int64_t i = 0; i < n; ++i) s[i] /= factor;
  }
  return outcome;
}

template Outcome svd<float>(const View<float>&, float*, const View<float>&, const View<float>&);
template Outcome svd<double>(const View<double>&, double*, const View<double>&, const View<double>&);
template Outcome svd<std::complex<double>>(const View<std::complex<double>>&, double*,
                                           const View<std::complex<double>>&,
                                           const View<std::complex<double>>&);

}  // namespace wick::factorize
