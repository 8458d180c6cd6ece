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

TEST_CASE("linalg: errors name the operation that was called") {
  using doctest::Contains;
  const Tensor nan = full({3, 3}, std::nan(""), float64), tall = ones({3, 2}), none = zeros({2, 0});
  CHECK_THROWS_WITH_AS(linalg::lu(tall), Contains("linalg.lu:"), ShapeError);
  CHECK_THROWS_WITH_AS(linalg::lu(ones({2, 2}, int64)), Contains("linalg.lu:"), DTypeError);
  CHECK_THROWS_WITH_AS(linalg::lstsq(nan, nan), Contains("linalg.lstsq:"), Error);
  CHECK_THROWS_WITH_AS(linalg::pinv(nan), Contains("linalg.pinv:"), Error);
  CHECK_THROWS_WITH_AS(linalg::cond(nan, 2), Contains("linalg.cond:"), Error);
  CHECK_THROWS_WITH_AS(linalg::matrix_rank(nan), Contains("linalg.matrix_rank:"), Error);
  CHECK_THROWS_WITH_AS(linalg::matrix_norm(nan, "nuc"), Contains("linalg.matrix_norm:"), Error);
  CHECK_THROWS_WITH_AS(linalg::matrix_norm(none, 1), Contains("linalg.matrix_norm: the inf norm"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(linalg::matrix_norm(none, -2), Contains("linalg.matrix_norm: the -inf norm"),
                       ShapeError);
  CHECK_THROWS_WITH_AS(linalg::vector_norm(none, -1), Contains("linalg.vector_norm:"), ShapeError);
}

TEST_CASE("linalg: determinants, inverses and condition numbers at the ends of the range") {
  const auto number = [](const Tensor& x) { return x.item().to_double(); };
  const auto diagonal = [](std::initializer_list<double> values, DType dtype) {
    return diag(tensor(values, float64)).to(dtype);
  };
  using doctest::Approx;
  CHECK(number(linalg::det(diagonal({1e200, 1e200, 1e-300}, float64))) == Approx(1e100).epsilon(1e-13));
  CHECK(number(linalg::det(diagonal({1e-200, 1e-200, 1e300}, float64))) == Approx(1e-100).epsilon(1e-13));
  CHECK(number(real(linalg::det(diagonal({1e200, 1e200, 1e-300}, complex128)))) ==
        Approx(1e100).epsilon(1e-13));
  CHECK(number(linalg::det(diagonal({1e30, 1e30, 1e-30}, float32))) == Approx(1e30).epsilon(1e-6));
  CHECK(number(linalg::det(diagonal({1e200, 1e200}, float64))) == HUGE_VAL);
  CHECK(number(linalg::det(diagonal({1e-200, 1e-200}, float64))) == 0);
  CHECK(std::isnan(number(linalg::det(diagonal({1, std::nan("")}, float64)))));
  CHECK(number(linalg::pinv(full({2, 2}, 1e308, float64))[0][1]) == Approx(2.5e-309).epsilon(1e-10));
  CHECK(number(linalg::pinv(full({2, 2}, 3e38, float32))[1][0]) == Approx(0.25 / 3e38).epsilon(1e-4));
  for (const double scale : {1e-310, 1e-300, 1.0, 1e300, 1e308}) {
    const Tensor A = diagonal({scale, scale / 4}, float64);
    for (const linalg::MatrixNorm& p :
         {linalg::MatrixNorm(1), linalg::MatrixNorm(HUGE_VAL), linalg::MatrixNorm(2)})
      CHECK(number(linalg::cond(A, p)) == Approx(4).epsilon(1e-9));
  }
}

}  // namespace wick::test
