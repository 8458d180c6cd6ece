#include "wick/interop/eigen.h"

#include "support.h"

namespace wick::test {

TEST_CASE("eigen: matrices and vectors on a tensor's own memory") {
  const Tensor x = arange(12, float64).reshape({3, 4});
  auto m = matrix_map<double>(x);
  CHECK(m.rows() == 3);
  CHECK(m.cols() == 4);
  CHECK(m(1, 2) == 6);
  m(1, 2) = 50;
  CHECK(x[1][2].item().to_double() == 50);

  const auto turned = matrix_map<double>(x.t());
  CHECK(turned(2, 1) == 50);
  const auto part = matrix_map<double>(x.slice(0, 0, 3, 2).slice(1, 1, 4, 2));
  CHECK(part(1, 1) == 11);
  const auto column = vector_map<double>(x.select(1, 3));
  CHECK(column.size() == 3);
  CHECK(column.sum() == 3 + 7 + 11);
  const auto repeated = vector_map<double>(x[0].slice(0, 1, 2).expand({5}));
  CHECK(repeated.sum() == 5);

  const Eigen::MatrixXd product = matrix_map<double>(x) * matrix_map<double>(x.t());
  const Tensor same = matmul(x, x.t());
  CHECK(product == matrix_map<double>(same));
}

TEST_CASE("eigen: complex elements, and what does not map") {
  const Tensor z = full({2, 2}, std::complex<double>(1, -2), complex64);
  CHECK(matrix_map<std::complex<float>>(z)(1, 1) == std::complex<float>(1, -2));
  CHECK_THROWS_AS(matrix_map<float>(z), DTypeError);
  CHECK_THROWS_AS(matrix_map<float>(ones({3})), ShapeError);
  CHECK_THROWS_AS(vector_map<float>(ones({3, 1})), ShapeError);
  CHECK(matrix_map<float>(ones({0, 3})).size() == 0);
}

}  // namespace wick::test
