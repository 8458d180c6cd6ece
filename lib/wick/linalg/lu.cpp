#include "wick/linalg/lu.h"

#include "wick/autograd/gradient.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/diagonals.h"
#include "wick/linalg/matrices.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"

namespace wick::linalg {

LU lu(const Tensor& A) {
  check_square("linalg.lu", A);
  check_precision("linalg.lu", A.dtype());
  const auto [factors, pivots] = lu_factor(A);
  const Tensor identity = eye(A.size(-1), A.size(-1), A.dtype());
  return {exchange_rows(identity, pivots, true), add(tril(factors, -1), identity), triu(factors)};
}

}  // namespace wick::linalg
