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

  // Eigenvalues w of the Hermitian a (n, n), rising; only its lower triangle is read. With `vectors` a
  // becomes the eigenvectors, as columns.
  static Outcome eigh(T* a, std::int64_t n, Real* w, bool vectors);

  // a (m, n) = u diag(s) v^H, s falling; u (m, k) and v (n, k) with k = min(m, n), or square with `full`.
  // Without u and v (null) only s.
  static Outcome svd(const T* a, std::int64_t m, std::int64_t n, Real* s, T* u, T* v, bool full);
};

}  // namespace wick
