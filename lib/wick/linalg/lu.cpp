#include "wick/linalg/lu.h"

#include <numeric>
#include <utility>
#include <vector>

#include "wick/linalg/decompositions.h"
#include "wick/linalg/diagonals.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"

namespace wick::linalg {
namespace {

// The permutation matrices of exchanges counted from 1: row i of P' A with row pivots[i], one after the
// other.
Tensor permutation_matrices(const Tensor& pivots, std::int64_t n, const Shape& shape, DType dtype) {
  const Tensor P = zeros(shape, float64);
  const std::int32_t* pivot = pivots.data<std::int32_t>();
  double* matrix = P.data<double>();
  std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
  for (std::int64_t batch = 0; n > 0 && batch < pivots.numel() / n; ++batch, matrix += n * n) {
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    for (std::size_t i = 0; i < rows.size(); ++i)
      std::swap(rows[i], rows[static_cast<std::size_t>(*pivot++) - 1]);
    for (std::size_t i = 0; i < rows.size(); ++i) matrix[rows[i] * n + static_cast<std::int64_t>(i)] = 1;
  }
  return P.to(dtype);
}

}  // namespace

LU lu(const Tensor& A) {
  const auto [factors, pivots] = lu_factor(A);
  const std::int64_t n = A.size(-1);
  return {permutation_matrices(pivots.contiguous(), n, A.sizes(), A.dtype()),
          add(tril(factors, -1), eye(n, n, A.dtype())), triu(factors)};
}

}  // namespace wick::linalg
