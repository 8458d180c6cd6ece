#include <cmath>

#include "linalg/matrices.h"
#include "reference.h"
#include "wick/core/interrupt.h"

namespace wick::test {
namespace {

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
      const Tensor a = small_numbers({sizes[0], sizes[1]}, dtype, 1),
                   b = small_numbers({sizes[1], sizes[2]}, dtype, 50);
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

TEST_CASE("linalg: many rows by a small matrix, and by a short vector") {
  for (const DType dtype : {int32, int64, bfloat16, float32, float64, complex64}) {
    for (std::int64_t k = 1; k <= 6; ++k) {
      for (std::int64_t n = 1; n <= 5; ++n) {
        const Tensor a = small_numbers({101, k}, dtype, 1), b = small_numbers({k, n}, dtype, 50);
        const Tensor expected = by_definition(a, b);
        for (const Tensor& y : stored(b)) CHECK(equal(matmul(a, y), expected));
        CHECK(equal(matmul(a.t().contiguous().t(), b), expected));
        CHECK(equal(matmul(b.t(), a.t()), expected.t()));
      }
    }
    for (const std::int64_t k : {3, 7, 8, 9, 16, 20, 31, 33, 64, 67, 131}) {
      for (const std::int64_t m : {1, 2, 4, 5, 11}) {
        const Tensor a = small_numbers({m, k}, dtype, 1), x = small_numbers({k, 1}, dtype, 50);
        for (const Tensor& rows : stored(a)) CHECK(equal(matmul(rows, x), by_definition(a, x)));
      }
    }
  }
}

TEST_CASE("linalg: batches") {
  for (const DType dtype : {int32, float32, complex64}) {
    for (const std::int64_t count : {1, 2, 3, 40}) {
      const Tensor a = small_numbers({count, 5, 3}, dtype, 1), b = small_numbers({count, 3, 4}, dtype, 50);
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
    const Tensor a = small_numbers({m, 200}, float32, 1), b = small_numbers({200, n}, float32, 7);
    const Tensor c = matmul(a, b);
    CHECK(equal(matmul(b.t(), a.t()).t(), c));
    CHECK(equal(matmul(a.to(int32), b.to(int32)).to(float32), c));
  }
}

TEST_CASE("linalg: expanded operands") {
  for (const DType dtype : {int64, float16, float32, float64, complex64}) {
    const Tensor row = small_numbers({1, 37}, dtype, 1), column = small_numbers({41, 1}, dtype, 5),
                 b = small_numbers({37, 19}, dtype, 9);
    for (const Tensor& a : {row.expand({41, 37}), column.expand({41, 37}), row[0][3].expand({41, 37})}) {
      CHECK(equal(matmul(a, b), by_definition(a, b)));
      CHECK(equal(matmul(b.t(), a.t()), by_definition(b.t(), a.t())));
      CHECK(equal(matmul(a, b.t()[2]).unsqueeze(1), by_definition(a, narrow(b, 1, 2, 1))));
      CHECK(equal(matmul(b.t()[2], a.t()).unsqueeze(0), by_definition(narrow(b, 1, 2, 1).t(), a.t())));
    }
  }
}

TEST_CASE("linalg: long sums of products keep their digits") {
  // 0.1 in float32, whose multiples cannot be added up in float32.
  const double tenth = 0.1f;
  for (const std::int64_t n : {1000003, 20000000}) {
    const Tensor x = full({n}, 0.1), y = ones({n});
    const double expected = tenth * static_cast<double>(n);
    const auto close = [&](const Tensor& value, double right, double tolerance = 1.2e-7) {
      for (const double v : to_vector<double>(value.reshape({-1}))) {
        CHECK_MESSAGE(std::abs(v / right - 1) < tolerance, v << " for " << right);
      }
    };
    CHECK(dot(y, y).item().to_double() == static_cast<double>(n));
    close(dot(x, y), expected);
    close(dot(x, x), tenth * expected);
    close(matmul(x.unsqueeze(0), y.unsqueeze(1)), expected);
    close(einsum("i,i->", {x, y}), expected);
    if (n > 10000000) continue;
    close(tensordot(x, y, Dims{0}, Dims{0}), expected);
    close(dot(x.slice(0, 0, n, 2), y.slice(0, 0, n, 2)), tenth * static_cast<double>((n + 1) / 2));
    close(matmul(stack({x, y, x}, 0), y).slice(0, 0, 1), expected);
    close(matmul(stack({x, x, x}, 1).t(), y), expected);
    close(matmul(stack({x, x, x}, 0), stack({y, y}, 1)), expected, 3e-7);
    close(real(dot(x.to(complex64), y.to(complex64))), expected);
    // The gradient of a matrix is summed over as many rows.
    Tensor w = zeros({2, 3});
    w.requires_grad_();
    sum(matmul(stack({x, x}, 1), w)).backward();
    close(w.grad(), expected, 3e-7);
  }
  CHECK(dot(ones({60000}, float16), ones({60000}, float16)).item().to_double() == 60000);
  CHECK(dot(ones({65536}, bfloat16), ones({65536}, bfloat16)).item().to_double() == 65536);
  CHECK(matmul(ones({2, 60000}, float16), ones({60000, 2}, float16))[1][1].item().to_double() == 60000);
}

TEST_CASE("linalg: one thread or several, the same numbers") {
  const int threads = num_threads();
  const auto noise = [](const Shape& shape, DType dtype) {
    return filled(shape, dtype, [](std::int64_t i) { return std::sin(static_cast<double>(i)); });
  };
  for (const DType dtype : {float16, float32, float64, complex64}) {
    for (const Shape& s : {Shape{301, 200, 97}, Shape{50, 700, 331}, Shape{3001, 130, 1}, Shape{1, 133, 3001},
                           Shape{97, 1700, 100}}) {
      const Tensor a = noise({s[0], s[1]}, dtype), b = noise({s[1], s[2]}, dtype);
      const Tensor at = a.t().contiguous().t(), bt = b.t().contiguous().t();
      for (const auto& [x, y] : {std::pair{a, b}, {at, b}, {a, bt}}) {
        set_num_threads(1);
        const Tensor one = matmul(x, y);
        for (const int count : {2, 3, 5}) {
          set_num_threads(count);
          CHECK_MESSAGE(identical(matmul(x, y), one), name(dtype) << to_string(s) << to_string(x.strides())
                                                                  << to_string(y.strides()) << count);
        }
        set_num_threads(threads);
      }
    }
  }
}

TEST_CASE("linalg: a long product can be interrupted") {
  int asked = 0;
  const auto handler = [](void* context, const Progress&) { return ++*static_cast<int*>(context) < 2; };
  const Tensor a = ones({20000, 256}), b = ones({256, 512});
  const int threads = num_threads();
  set_num_threads(1);
  {
    const InterruptScope scope(handler, &asked);
    CHECK_THROWS_AS(matmul(a, b), Interrupted);
  }
  set_num_threads(threads);
  CHECK(matmul(a, b)[19999][511].item().to_double() == 256);
}

TEST_CASE("linalg: NaN and infinities go through") {
  const Tensor a = tensor({HUGE_VAL, 1, 0, 1}).reshape({2, 2}),
               b = tensor({0, 1, 1, 1}, float32).reshape({2, 2});
  const auto c = to_vector<double>(matmul(a, b));
  CHECK(std::isnan(c[0]));
  CHECK(c[1] == HUGE_VAL);
  CHECK(c[2] == 1);
  // In every place of a sum and of a tile: 0 times infinity is NaN, and touches no other element.
  for (const DType dtype : {float16, float32, float64}) {
    for (const std::int64_t n : {1, 2, 7, 9, 16, 19}) {
      for (std::int64_t k = 0; k < 37; ++k) {
        const Tensor x = zeros({n, 37}, dtype), y = zeros({37, n}, dtype);
        x[n - 1][k].fill_(HUGE_VAL);
        const Tensor expected = zeros({n, n}, dtype);
        expected[n - 1].fill_(NAN);
        CHECK(allclose(matmul(x, y), expected, 0, 0, true));
        CHECK(allclose(matmul(y.t(), x.t()), expected.t(), 0, 0, true));
        y[k].fill_(2);
        expected[n - 1].fill_(HUGE_VAL);
        CHECK(equal(matmul(x, y), expected));
      }
    }
  }
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
