#pragma once

// Private: Householder reflections, many at a time.

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

// The reflection H = I - tau v v^H with H^H x = beta e_1 and real beta, as LAPACK chooses it: x[0] becomes
// beta, the rest of x that of v, whose first element is 1. The result is tau; 0 (H = I) when the rest is 0
// already.
template <class T>
T reflection(std::int64_t n, T* x);

// The unitary Q = H_1 H_2 ... H_k, in panels Q_p = I - V_p T_p V_p^H with lower trapezoidal V_p and upper
// triangular T_p (Schreiber and Van Loan, A storage-efficient WY representation for products of Householder
// transformations, 1989).
template <class T>
class Reflectors {
 public:
  static constexpr std::int64_t width = 32;  // of a panel

  // k vectors of m elements; those of reflection j are 0 before element j + shift, and 1 there.
  Reflectors(std::int64_t m, std::int64_t k, std::int64_t shift = 0);

  // All vectors (m, k), zero at first.
  View<T> vectors() const { return view(v_.data(), m_, k_); }
  // The part of panel p that is not 0, and its T.
  View<T> panel(std::int64_t p) const;
  View<T> triangle(std::int64_t p) const;
  std::int64_t panels() const { return (k_ + width - 1) / width; }

  // Fills in the triangle of a panel whose vectors are known.
  void complete(std::int64_t p, const T* tau);

  // c (m, n) = op(Q_p) c, from panel p's first row on.
  void apply_panel(std::int64_t p, Op op, const View<T>& c) const;
  // c (m, n) = op(Q) c
  void apply(Op op, const View<T>& c) const;
  // c (m, n), n <= m, becomes the first columns of Q.
  void form(const View<T>& c) const;

 private:
  std::int64_t m_, k_, shift_;
  Scratch<T> v_, t_;
};

// Updates of a column c when a panel is reduced, of which j columns are known; rows of x and y count from
// x_from and y_from, and `coefficients` is room for j numbers.
//
// c -= x (the conjugated row `at` of y)
template <class T>
void subtract_product(const View<T>& x, std::int64_t x_from, const View<T>& y, std::int64_t at,
                      std::int64_t j, T* coefficients, T* c) {
  for (std::int64_t k = 0; k < j; ++k) coefficients[k] = conjugate(y(at, k));
  gemv<T>(-1, x.block(x_from, 0, x.rows - x_from, j), Op::None, coefficients, c);
}
// c -= x (y^H z)
template <class T>
void subtract_projection(const View<T>& x, std::int64_t x_from, const View<T>& y, std::int64_t y_from,
                         std::int64_t j, const T* z, T* coefficients, T* c) {
  for (std::int64_t k = 0; k < j; ++k) coefficients[k] = 0;
  gemv<T>(1, y.block(y_from, 0, y.rows - y_from, j), Op::Adjoint, z, coefficients);
  gemv<T>(-1, x.block(x_from, 0, x.rows - x_from, j), Op::None, coefficients, c);
}

// a (m, n) becomes R on and above the diagonal; what is below is unspecified. The reflections are min(m, n).
template <class T>
void reduce_to_triangle(const View<T>& a, Reflectors<T>& reflectors);

}  // namespace wick::factorize
