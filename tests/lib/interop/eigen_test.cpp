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

TEST_CASE("eigen: maps that cannot be written") {
  const double numbers[] = {1, 2, 3, 4, 5, 6};
  const Tensor x = from_blob(numbers, {2, 3}, float64);
  const auto m = matrix_map<const double>(x);
  static_assert(std::is_same_v<decltype(m.data()), const double*>);
  CHECK(m(1, 0) == 4);
  CHECK(vector_map<const double>(x[1]).sum() == 15);
}

TEST_CASE("eigen: tensors on a matrix's memory") {
  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  const Tensor wanted = tensor({1, 2, 3, 4, 5, 6}, float64).reshape({2, 3});
  const Tensor x = tensor_map(m);
  CHECK(identical(x, wanted));
  CHECK(x.raw_data() == reinterpret_cast<char*>(m.data()));
  CHECK(x.strides() == Strides{1, 2});
  x[1].fill_(9);
  CHECK(m(1, 2) == 9);
  m(0, 0) = 7;
  CHECK(x[0][0].item<double>() == 7);

  // Parts, maps, arrays, vectors and other element types.
  CHECK(identical(tensor_map(m.block(0, 1, 2, 2)), x.slice(1, 1, 3)));
  CHECK(identical(tensor_map(m.row(1)), x[1]));
  CHECK(tensor_map(m.row(1)).strides() == Strides{2});
  tensor_map(m.col(2)).fill_(-1);
  CHECK(m(0, 2) == -1);
  CHECK(identical(tensor_map(matrix_map<double>(wanted)), wanted));
  Eigen::Matrix<float, 2, 3, Eigen::RowMajor> fixed;
  fixed << 1, 2, 3, 4, 5, 6;
  CHECK(identical(tensor_map(fixed), wanted.to(float32)));
  CHECK(tensor_map(fixed).is_contiguous());
  Eigen::ArrayXi array(3);
  array << 3, 1, 2;
  CHECK(identical(tensor_map(array), tensor({3, 1, 2}, int32)));
  Eigen::MatrixXcf z(1, 1);
  z(0, 0) = {1, -2};
  CHECK(tensor_map(z).dtype() == complex64);
  Eigen::MatrixXd none(0, 3);
  CHECK(tensor_map(none).sizes() == Shape{0, 3});

  const Eigen::MatrixXd& fixed_view = m;
  CHECK(identical(tensor_map(fixed_view), x));
  CHECK_THROWS_WITH_AS(tensor_map(fixed_view).fill_(0), doctest::Contains("read-only"), Error);
}

TEST_CASE("eigen: tensors of an expression's values, and of matrices given away") {
  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  const Tensor wanted = tensor({1, 2, 3, 4, 5, 6}, float64).reshape({2, 3});
  const Tensor copy = to_tensor(m);
  CHECK(copy.is_contiguous());
  CHECK(identical(to_tensor(m * 2), wanted * 2));
  CHECK(identical(to_tensor(m * m.transpose()), matmul(wanted, wanted.t())));
  CHECK(identical(to_tensor(m.array().square()), wanted * wanted));
  CHECK(identical(to_tensor(m.row(1)), wanted[1]));
  CHECK(identical(to_tensor(m.colwise().sum()), sum(wanted, 0)));
  CHECK(identical(to_tensor((m.array() > 2).col(1)), tensor({false, true})));
  m.setZero();
  CHECK(identical(copy, wanted));

  m << 1, 2, 3, 4, 5, 6;
  const void* memory = m.data();
  const Tensor taken = to_tensor(std::move(m));
  CHECK(taken.raw_data() == memory);
  CHECK(identical(taken, wanted));
  CHECK(identical(to_tensor(Eigen::Vector3f(1, 2, 3)), tensor({1.0, 2.0, 3.0})));
  CHECK(identical(to_tensor(Eigen::MatrixXd::Identity(3, 3).eval()), eye(3, 3, float64)));
}

}  // namespace wick::test
