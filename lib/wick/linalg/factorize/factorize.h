#pragma once

// Private: factorizations of one matrix in plain memory, with one row and column at least. T is float, double
// or std::complex<double>.

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

enum class Outcome { Done, NotFinite, NotConverged };

// a (n, n), of which the lower triangle is read, becomes its Cholesky factor L with zeros above the diagonal.
// The result is 0, or the order of the first leading minor that is not positive.
template <class T>
std::int64_t cholesky(const View<T>& a);

// a (m, n), m >= n, becomes U on and above the diagonal, and L without its ones below. For i from 0 to n - 1,
// row i was exchanged with row pivots[i].
template <class T>
void lu(const View<T>& a, std::int32_t* pivots);

// Row i of a is exchanged with row pivots[i] for i from `from` to `to` - 1.
template <class T>
void exchange_rows(const View<T>& a, const std::int32_t* pivots, std::int64_t from, std::int64_t to);

// x (n, n) becomes the inverse of the matrix that `lu` made a (n, n) and the pivots of: U^-1 L^-1 P.
template <class T>
void inverse_by_lu(const View<const T>& a, const std::int32_t* pivots, const View<T>& x);

// a (m, n) = q r by Householder reflections with LAPACK's signs: q (m, k), r (k, n), k = min(m, n) or m. a is
// used up. Without q (null) only r, k = min(m, n).
template <class T>
void qr(const View<T>& a, const View<T>& q, const View<T>& r);

// a (m, n), m >= n, = q r as above: r (n, n) and, in place of b (m, k), q^H b. a is used up.
template <class T>
void qr_of_equations(const View<T>& a, const View<T>& b, const View<T>& r);

// Eigenvalues w (n) of the Hermitian a (n, n), rising; only its lower triangle is read, and used up. z (n, n)
// becomes the eigenvectors, unless its data is null.
template <class T>
Outcome eigh(const View<T>& a, Real<T>* w, const View<T>& z);

// a (m, n) = u diag(s) v^H, s falling; u (m, k) and v (n, k) with k = min(m, n), or square. Without u and v
// (null) only s. a is used up.
template <class T>
Outcome svd(const View<T>& a, Real<T>* s, const View<T>& u, const View<T>& v);

// a (n, n) becomes I + a + a^2/2! + ...; NaN when it holds NaN or infinities. T is double or
// std::complex<double>. a is stored without gaps.
template <class T>
void exponential(const View<T>& a);

// Whether all elements are finite, and a power of two that brings the largest near 1 where it is so far from
// 1 that squares leave the range; else 1.
template <class T>
struct Magnitude {
  bool finite;
  Real<T> scale;
};
template <class T>
Magnitude<T> magnitude(const View<const T>& a, bool lower_only);

}  // namespace wick::factorize
