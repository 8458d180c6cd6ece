#include <cmath>

#include "reference.h"

namespace wick::test {
namespace {

// Whole numbers so small that products are exact in every dtype.
Tensor numbers(const Shape& shape, DType dtype, std::int64_t from) {
  const Tensor x = filled(shape, dtype, [=](std::int64_t i) { return scattered(from + i, 3); });
  if (is_complex(dtype)) {
    imag(x).copy_(filled(shape, float64, [=](std::int64_t i) { return scattered(from + i + 1000, 3); }));
  }
  return x;
}

// The definition: the sum of products, in a dtype that holds all of it.
Tensor by_definition(const Tensor& a, const Tensor& b) {
  const DType wide = is_complex(a.dtype()) ? complex128 : is_integral(a.dtype()) ? int64 : float64;
  return sum(a.to(wide).unsqueeze(-1) * b.to(wide).unsqueeze(-3), {-2}).to(a.dtype());
}

// The same elements, stored by rows, by columns, and with gaps.
Tensors stored(const Tensor& x) {
  const Tensor columns = x.transpose(-1, -2).contiguous().transpose(-1, -2);
  Shape larger = x.sizes();
  larger[x.dim() - 1] = 2 * x.size(-1) + 1;
  larger[x.dim() - 2] = x.size(-2) + 2;
  const Tensor gaps = narrow(zeros(larger, x.dtype()), -2, 1, x.size(-2)).slice(-1, 0, 2 * x.size(-1), 2);
  gaps.copy_(x);
  const Tensor rows = narrow(zeros(larger, x.dtype()), -2, 1, x.size(-2)).slice(-1, 1, 1 + x.size(-1));
  rows.copy_(x);
  return {x, columns, gaps, rows};
}

}  // namespace

TEST_CASE("linalg: products as PyTorch has them") { check_reference("linalg.txt"); }

TEST_CASE("linalg: products of every dtype, size and layout") {
  for (const DType dtype : all_dtypes) {
    if (dtype == boolean) continue;
    for (const Shape& sizes : {Shape{1, 1, 1}, Shape{2, 3, 4}, Shape{1, 17, 5}, Shape{33, 2, 1},
                               Shape{8, 64, 8}, Shape{19, 5, 70}, Shape{70, 33, 3}}) {
      const Tensor a = numbers({sizes[0], sizes[1]}, dtype, 1), b = numbers({sizes[1], sizes[2]}, dtype, 50);
      const Tensor expected = by_definition(a, b);
      for (const Tensor& x : stored(a)) {
        for (const Tensor& y : stored(b)) {
          CHECK_MESSAGE(equal(matmul(x, y), expected),
                        name(dtype) << to_string(sizes) << to_string(x.strides()) << to_string(y.strides()));
        }
      }
    }
  }
}

TEST_CASE("linalg: batches") {
  for (const DType dtype : {int32, float32, complex64}) {
    for (const std::int64_t count : {1, 2, 3, 40}) {
      const Tensor a = numbers({count, 5, 3}, dtype, 1), b = numbers({count, 3, 4}, dtype, 50);
      const Tensor expected = by_definition(a, b);
      for (const Tensor& x : stored(a)) {
        for (const Tensor& y : stored(b)) {
          CHECK(equal(matmul(x, y), expected));
          CHECK(equal(bmm(x, y), expected));
        }
      }
      CHECK(equal(matmul(a, b[0]), by_definition(a, b[0])));
      CHECK(equal(matmul(a[0], b), by_definition(a[0], b)));
      CHECK(equal(matmul(a.unsqueeze(1), b), by_definition(a.unsqueeze(1), b)));
      CHECK(equal(matmul(a[0].expand({count, 5, 3}), b), by_definition(a[0], b)));
      CHECK(equal(matmul(a.permute({1, 0, 2}), b[0]), by_definition(a.permute({1, 0, 2}), b[0])));
    }
  }
}

TEST_CASE("linalg: large products") {
  // Large enough for several threads and for every block of the kernels.
  for (const auto& [m, n] : {std::pair<std::int64_t, std::int64_t>{300, 20}, {20, 300}, {257, 129}}) {
    const Tensor a = numbers({m, 200}, float32, 1), b = numbers({200, n}, float32, 7);
    const Tensor c = matmul(a, b);
    CHECK(equal(matmul(b.t(), a.t()).t(), c));
    CHECK(equal(matmul(a.to(int32), b.to(int32)).to(float32), c));
  }
}

TEST_CASE("linalg: NaN and infinities go through") {
  const Tensor a = tensor({HUGE_VAL, 1, 0, 1}).reshape({2, 2}), b = tensor({0, 1, 1, 1}).reshape({2, 2});
  const auto c = to_vector<double>(matmul(a, b));
  CHECK(std::isnan(c[0]));
  CHECK(c[1] == HUGE_VAL);
  CHECK(c[2] == 1);
}

TEST_CASE("linalg: what has no product") {
  CHECK_THROWS_AS(matmul(ones({2, 3}), ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(matmul(ones({}), ones({2})), ShapeError);
  CHECK_THROWS_AS(matmul(ones({2, 2, 3}), ones({3, 3, 2})), ShapeError);
  CHECK_THROWS_AS(matmul(ones({2}), ones({2}, float64)), DTypeError);
  CHECK_THROWS_AS(matmul(ones({2}, boolean), ones({2}, boolean)), DTypeError);
  CHECK_THROWS_AS(bmm(ones({2, 3}), ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(bmm(ones({1, 2, 3}), ones({2, 3, 2})), ShapeError);
}

}  // namespace wick::test
