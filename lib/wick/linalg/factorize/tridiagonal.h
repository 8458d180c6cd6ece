#pragma once

// Private: the last stage of the symmetric eigenvalue problem.

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

// Eigenvalues of the symmetric tridiagonal matrix (n, n) with diagonal d and n - 1 elements e beside it: they
// replace d, rising; e is used up. z (n, n) becomes the eigenvectors; without it (null) only the values.
// False when an iteration does not converge. The elements are of the order of 1 at most.
bool tridiagonal_eigenvalues(std::int64_t n, double* d, double* e, const View<double>& z);

}  // namespace wick::factorize
