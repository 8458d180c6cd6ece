#include "wick/interop/eigen_sparse.h"

#include "support.h"

namespace wick::test {
namespace {

TEST_CASE("Eigen: a sparse tensor as a map, and back") {
  const Tensor dense = tensor({0.0, 2.0, 0.0, -1.0, 0.0, 3.0}, float64).reshape({2, 3});
  const SparseTensor rows = to_sparse(dense, Layout::Csr), columns = to_sparse(dense, Layout::Csc);
  const auto a = csr_map<const double>(rows);
  const auto b = csc_map<double>(columns);
  CHECK(a.rows() == 2);
  CHECK(a.cols() == 3);
  CHECK(a.nonZeros() == 3);
  CHECK(a.coeff(1, 0) == -1);
  CHECK(b.coeff(0, 1) == 2);
  CHECK((a * Eigen::Vector3d(1, 2, 3)).isApprox(Eigen::Vector2d(4, 8)));
  csc_map<double>(columns) *= 2.0;
  CHECK(equal(columns.to_dense(), mul(dense, 2)));
  const Eigen::SparseMatrix<double, Eigen::RowMajor, std::int64_t> product = a * a.transpose();
  const SparseTensor back = to_sparse_tensor(product);
  CHECK(back.layout() == Layout::Csr);
  CHECK(equal(back.to_dense(), tensor({4.0, 0.0, 0.0, 10.0}, float64).reshape({2, 2})));
  CHECK(to_sparse_tensor(Eigen::SparseMatrix<float>(3, 2)).layout() == Layout::Csc);
  CHECK_THROWS_AS(csr_map<double>(columns), Error);
  CHECK_THROWS_AS(csr_map<float>(rows), DTypeError);
  CHECK_THROWS_AS(csr_map<double>(rows.with_values(ones({6}, float64).slice(0, 0, 6, 2))), ShapeError);
}

}  // namespace
}  // namespace wick::test
