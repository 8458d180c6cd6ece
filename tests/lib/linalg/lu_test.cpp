#include "gradcheck.h"
#include "linalg/matrices.h"

namespace wick::test {

TEST_CASE("lu: the product is the matrix") {
  const Tensor A = tensor({1.0, 2.0, 3.0, 4.0}, float64).reshape({2, 2});
  const auto [P, L, U] = linalg::lu(A);
  CHECK(equal(P, tensor({0.0, 1.0, 1.0, 0.0}, float64).reshape({2, 2})));
  CHECK(allclose(matmul(P, matmul(L, U)), A, 1e-15));
}

TEST_CASE("lu: batches, dtypes, empty matrices, gradients") {
  manual_seed(5);
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape :
         {Shape{1, 1}, Shape{5, 5}, Shape{60, 60}, Shape{2, 3, 4, 4}, Shape{0, 3, 3}, Shape{0, 0}}) {
      const Tensor A = random_matrices(shape, dtype);
      const auto [P, L, U] = linalg::lu(A);
      CHECK(P.sizes() == shape);
      CHECK(P.dtype() == dtype);
      CHECK(largest(matmul(P, matmul(L, U)) - A) <= 100 * epsilon(dtype) * std::max(largest(A), 1e-300));
      CHECK(equal(L, tril(L)));
      CHECK(equal(U, triu(U)));
      // A permutation, and ones on the diagonal of L.
      CHECK(equal(matmul(P, adjoint(P)), expand(eye(shape.back(), shape.back(), dtype), shape)));
      CHECK(equal(triu(L), expand(eye(shape.back(), shape.back(), dtype), shape)));
    }
  }
  const Tensor A = values({3, 3}) + eye(3, 3, float64) * 4;
  check_gradients("L", [](const Tensors& in) { return linalg::lu(in[0]).L; }, {A});
  check_gradients("U", [](const Tensors& in) { return linalg::lu(in[0]).U; }, {A});
}

}  // namespace wick::test
