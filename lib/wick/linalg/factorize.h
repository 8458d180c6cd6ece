#pragma once

#include <complex>
#include <cstdint>

namespace wick {

template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};

// Private: factorizations of one matrix in plain memory. Matrices are stored by columns without gaps and have
// one row and column at least. T is float, double or std::complex<double>.
template <class T>
struct Factorize {
  using Real = typename RealOf<T>::type;
  enum class Outcome { Done, NotFinite, NotConverged };

  // a (n, n), of which the lower triangle is read, becomes its Cholesky factor L with zeros above the
  // diagonal. The result is 0, or the order of the first leading minor that is not positive.
  static std::int64_t cholesky(T* a, std::int64_t n);

  // a (n, n) becomes U on and above the diagonal, and L without its ones below. For i from 1 to n, row i was
  // exchanged with row pivots[i - 1].
  static void lu(T* a, std::int64_t n, std::int32_t* pivots);

  // a (m, n) = q r by Householder reflections with LAPACK's signs: q (m, k), r (k, n), k = min(m, n) or m. a
  // is used up.
  static void qr(T* a, std::int64_t m, std::int64_t n, T* q, T* r, std::int64_t k);

  // Eigenvalues w of the Hermitian a (n, n), rising; only its lower triangle is read. With `vectors` a
  // becomes the eigenvectors, as columns.
  static Outcome eigh(T* a, std::int64_t n, Real* w, bool vectors);

  // a (m, n) = u diag(s) v^H, s falling; u (m, k) and v (n, k) with k = min(m, n), or square with `full`.
  // Without u and v (null) only s.
  static Outcome svd(const T* a, std::int64_t m, std::int64_t n, Real* s, T* u, T* v, bool full);

  // b (n, k) becomes x of a x = b, for the triangular a (n, n), whose other triangle is not read; nor is the
  // diagonal of a unitriangular a.
  static void solve_triangular(const T* a, std::int64_t n, T* b, std::int64_t k, bool upper,
                               bool unitriangular);
};

}  // namespace wick
