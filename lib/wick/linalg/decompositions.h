#pragma once

#include <string_view>

#include "wick/core/tensor.h"

// Factorizations of matrices, as torch.linalg has them. The matrices are the last two dimensions, those in
// front a batch. float32, float64, complex64 and complex128; DTypeError for others, ShapeError for fewer than
// two dimensions or for matrices that are not square where they have to be. Differentiable; where the
// factors are not unique (signs and phases of vectors), functions of them have to be. A^H is the conjugate
// transpose.

namespace WICK_API wick {
namespace linalg {

// A (m, n) = U diag(S) Vh; S is real, falling and not negative. U (m, k) and Vh (k, n) with k = min(m, n), or
// square with full_matrices: then only S is differentiable. Error when A has NaN or infinite elements.
struct SVD {
  Tensor U, S, Vh;
};
SVD svd(const Tensor& A, bool full_matrices = true);
// S alone.
Tensor svdvals(const Tensor& A);

// Of Hermitian A (n, n): the real eigenvalues, rising, and orthonormal eigenvectors as columns. Only the
// lower triangle is read, or the upper one with UPLO "U". Error when it has NaN or infinite elements.
struct Eigh {
  Tensor eigenvalues, eigenvectors;
};
Eigh eigh(const Tensor& A, std::string_view UPLO = "L");
Tensor eigvalsh(const Tensor& A, std::string_view UPLO = "L");

// A (m, n) = Q R with orthonormal columns in Q and upper triangular R, by Householder reflections as LAPACK
// does them, which fixes the signs. "reduced": Q (m, k), R (k, n) with k = min(m, n). "complete": Q (m, m),
// R (m, n). "r": as reduced, but Q is empty and there is no gradient.
struct QR {
  Tensor Q, R;
};
QR qr(const Tensor& A, std::string_view mode = "reduced");

// The lower triangular L with A = L L^H, for Hermitian positive definite A, of which only the lower triangle
// is read; with `upper` L^H, from the upper triangle. Error when A is not positive definite.
Tensor cholesky(const Tensor& A, bool upper = false);

// P A = L U with partial pivoting, for square A. LU holds U on and above the diagonal and L without its ones
// below; pivots (int32, n of them, counted from 1): for i from 1 to n, row i is exchanged with row pivots[i].
struct LUFactors {
  Tensor LU, pivots;
};
LUFactors lu_factor(const Tensor& A);

}  // namespace linalg
}  // namespace wick
