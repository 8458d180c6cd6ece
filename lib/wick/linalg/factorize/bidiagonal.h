#pragma once

// Private: the last stage of the singular value decomposition.

#include "wick/linalg/factorize/blas.h"

namespace wick::factorize {

// Singular values of the upper bidiagonal matrix (n, n) with diagonal d and n - 1 elements e above it: they
// replace d, falling; e is used up. u and v (n, n) become the singular vectors; without them (null) only the
// values. False when an iteration does not converge. The elements are of the order of 1 at most.
bool bidiagonal_singular_values(std::int64_t n, double* d, double* e, const View<double>& u,
                                const View<double>& v);

}  // namespace wick::factorize
