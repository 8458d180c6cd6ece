#pragma once

#include <optional>

#include "wick/core/tensor.h"

// Systems of linear equations and functions of square matrices, as torch.linalg has them; see
// decompositions.h for what they take. Batch dimensions of two operands are broadcast. All are
// differentiable.

namespace WICK_API wick {

// X of A X = B from A's Cholesky factor L (n, n), A = L L^H, or U^H U with `upper`; B (n, k). Only the
// factor's own triangle is read.
Tensor cholesky_solve(const Tensor& B, const Tensor& L, bool upper = false);

// The Moore-Penrose inverse; singular values up to rcond times the largest count as 0.
Tensor pinverse(const Tensor& A, double rcond = 1e-15);

namespace linalg {

// X of A X = B, or of X A = B unless `left`, for square A. B holds matrices, or vectors if it is 1-d or has
// A's shape without the last dimension. Error when A is singular.
Tensor solve(const Tensor& A, const Tensor& B, bool left = true);

// Error when A is singular. inv_ex tells instead: info (int32) is 0, or the position from 1 of the first
// pivot that is 0; such an inverse is filled with 0.
Tensor inv(const Tensor& A);
struct InvEx {
  Tensor inverse, info;
};
InvEx inv_ex(const Tensor& A);

// 1 for n = 0. slogdet: the determinant is sign * exp(logabsdet); 0 and -inf where it is 0.
Tensor det(const Tensor& A);
struct SLogDet {
  Tensor sign, logabsdet;
};
SLogDet slogdet(const Tensor& A);

// The same by substitution for triangular A, of which the other triangle is not read, nor the diagonal with
// `unitriangular`. A 0 on the diagonal gives infinities and NaN.
Tensor solve_triangular(const Tensor& A, const Tensor& B, bool upper, bool left = true,
                        bool unitriangular = false);

// The same from lu_factor's result, or for A^H with `adjoint`.
Tensor lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left = true,
                bool adjoint = false);

// The X (n, k) for which every column of A X - B is shortest, A (m, n), B (m, k), and of those the shortest.
// Singular values up to rcond times the largest count as 0; by default the dtype's epsilon times max(m, n). B
// may hold vectors as in solve(). Residuals are the squared lengths of the columns of A X - B where m > n and
// all matrices have full rank, else empty; rank is int64. Only the solution is differentiable.
struct LeastSquares {
  Tensor solution, residuals, rank, singular_values;
};
LeastSquares lstsq(const Tensor& A, const Tensor& B, std::optional<double> rcond = std::nullopt);

// The Moore-Penrose inverse (n, m) of A (m, n). Singular values up to max(atol, rtol times the largest) count
// as 0; rtol is by default the dtype's epsilon times max(m, n), or 0 when an atol above 0 is given.
Tensor pinv(const Tensor& A, std::optional<double> atol = std::nullopt,
            std::optional<double> rtol = std::nullopt);

// I + A + A^2/2! + ... for square A; bfloat16 too.
Tensor matrix_exp(const Tensor& A);

// A multiplied by itself: n = 0 gives the identity, negative n powers of the inverse. Integers too for n >=
// 0.
Tensor matrix_power(const Tensor& A, std::int64_t n);

}  // namespace linalg
}  // namespace wick
