#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {
namespace linalg {

// A = P L U with partial pivoting for square A (n, n), or a batch: a permutation matrix P, L lower triangular
// with ones on its diagonal, U upper triangular. Dtypes and errors as lu_factor. L and U are differentiable.
struct LU {
  Tensor P, L, U;
};
LU lu(const Tensor& A);

}  // namespace linalg
}  // namespace wick
