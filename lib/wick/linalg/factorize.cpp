// Eigen under a name of its own, hidden: a program that compiles Eigen's templates with other options must
// not share them with this library. Calls come from threads that work on one matrix each.
#define Eigen Eigen_wick
#define EIGEN_NO_DEBUG
#define EIGEN_DONT_PARALLELIZE
#pragma GCC visibility push(hidden)
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>
#pragma GCC visibility pop

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "wick/linalg/factorize.h"

namespace wick {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using View = Eigen::Map<Matrix<T>>;
template <class T>
using ConstView = Eigen::Map<const Matrix<T>>;

bool finite(double x) { return std::isfinite(x); }
bool finite(std::complex<double> x) { return std::isfinite(x.real()) && std::isfinite(x.imag()); }

template <class T>
bool all_finite(const T* from, std::int64_t count) {
  return std::all_of(from, from + count, [](T x) { return finite(x); });
}

// Up to rounding; false with NaN.
template <class T>
bool orthonormal(const Matrix<T>& x) {
  using Real = typename RealOf<T>::type;
  Matrix<T> gram = x.adjoint() * x;
  gram.diagonal().array() -= T(1);
  return gram.squaredNorm() <= std::numeric_limits<Real>::epsilon() * static_cast<Real>(x.cols());
}

}  // namespace

template <class T>
typename Factorize<T>::Outcome Factorize<T>::eigh(T* a, std::int64_t n, Real* w, bool vectors) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!all_finite(a + i * n + i, n - i)) return Outcome::NotFinite;
  }
  View<T> x(a, n, n);
  const Eigen::SelfAdjointEigenSolver<Matrix<T>> solver(
      x, vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success) return Outcome::NotConverged;
  std::copy_n(solver.eigenvalues().data(), n, w);
  if (vectors) x = solver.eigenvectors();
  return Outcome::Done;
}

template <class T>
typename Factorize<T>::Outcome Factorize<T>::svd(const T* a, std::int64_t m, std::int64_t n, Real* s, T* u,
                                                 T* v, bool full) {
  if (!all_finite(a, m * n)) return Outcome::NotFinite;
  const ConstView<T> x(a, m, n);
  const unsigned options = !u     ? 0
                           : full ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                  : Eigen::ComputeThinU | Eigen::ComputeThinV;
  const auto done = [&](const auto& solver, bool checked) {
    if (solver.info() != Eigen::Success) return false;
    if (u && checked && !(orthonormal<T>(solver.matrixU()) && orthonormal<T>(solver.matrixV()))) return false;
    std::copy_n(solver.singularValues().data(), std::min(m, n), s);
    if (u) {
      std::copy_n(solver.matrixU().data(), solver.matrixU().size(), u);
      std::copy_n(solver.matrixV().data(), solver.matrixV().size(), v);
    }
    return true;
  };
  // By halves is fast for large matrices, but loses vectors of badly scaled ones now and then. For complex
  // ones it would be as much code again.
  if constexpr (std::is_same_v<T, Real>) {
    if (done(Eigen::BDCSVD<Matrix<T>>(x, options), true)) return Outcome::Done;
  }
  return done(Eigen::JacobiSVD<Matrix<T>>(x, options), false) ? Outcome::Done : Outcome::NotConverged;
}

template struct Factorize<float>;
template struct Factorize<double>;
template struct Factorize<std::complex<double>>;

}  // namespace wick
