#pragma once

// Private: the equation that both divide-and-conquer algorithms come down to.

#include <cstdint>

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

// The eigenvalue problem of a diagonal matrix with a multiple of a dyad added, diag(p) + rho z z^T for rho >
// 0, distinct rising p and no zero in z. The eigenvalues x_j are the roots of 1 + rho sum z_i^2 / (p_i - x):
// one above each pole p_i. Li, Solving secular equations stably and efficiently, LAPACK working note 89,
// 1993.
class Secular {
 public:
  // With `squared` the poles are squares, p_i = d_i^2 for d_i >= 0; else p = d.
  Secular(std::int64_t n, const double* d, const double* z, double rho, bool squared);

  // Column j of `gaps` (n, n) becomes p_i - x_j, each to full relative precision.
  bool solve(const View<double>& gaps);
  // Root j: x_j, or its square root with `squared`.
  double root(std::int64_t j) const;

  // The z, with their signs, for which the computed roots are exact: vectors made of them are orthogonal (Gu
  // and Eisenstat, A stable and efficient algorithm for the rank-one modification of the symmetric
  // eigenproblem, 1994).
  void restore(const View<const double>& gaps, double* z) const;

 private:
  double gap(std::int64_t i, std::int64_t from) const;
  bool find(std::int64_t j, double* gaps);

  std::int64_t n_;
  const double *d_, *z_;
  double rho_, total_;
  bool squared_;
  Scratch<double> weight_, shift_;
  Scratch<std::int64_t> origin_;
};

}  // namespace wick::factorize
