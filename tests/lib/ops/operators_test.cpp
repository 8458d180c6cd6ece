#include "support.h"

// Operators, and numbers on either side of an operation.

namespace wick::test {
namespace {

using List = std::vector<double>;
List list(const Tensor& x) { return to_vector<double>(x.to(float64)); }

}  // namespace

TEST_CASE("operators: numbers on either side") {
  const Tensor x = tensor({1, 2, 4}, float64), n = tensor({1, 2, 4}, int32);
  CHECK(list(1 - x) == List{0, -1, -3});
  CHECK(list(x - 1) == List{0, 1, 3});
  CHECK(list(8 / x) == List{8, 4, 2});
  CHECK(list(2 + x * 2) == List{4, 6, 10});
  CHECK((1 - n).dtype() == int32);
  CHECK((1 / n).dtype() == float32);
  CHECK((0.5 + n).dtype() == float32);
  CHECK((true + n).dtype() == int32);
  CHECK((std::complex<double>(0, 1) * x).dtype() == complex128);
  CHECK((2.5f * tensor({1, 2}, float16)).dtype() == float16);
  CHECK(list(pow(2, x)) == List{2, 4, 16});
  CHECK(list(pow(x, 2)) == List{1, 4, 16});
  CHECK(list(maximum(x, 2)) == List{2, 2, 4});
  CHECK(list(minimum(3, x)) == List{1, 2, 3});
  CHECK(list(atan2(0, x)) == List{0, 0, 0});
  CHECK(list(where(x > 1, 0, x)) == List{1, 0, 0});
  CHECK(list(where(x > 1, x, -1)) == List{-1, 2, 4});
  CHECK(where(x > 1, 1, 0.5).dtype() == float32);
  CHECK(where(x > 1, 1, 0).dtype() == int64);
  CHECK(list(logical_and(x, 0)) == List{0, 0, 0});
}

TEST_CASE("operators: comparisons and bits") {
  const Tensor x = tensor({1, 2, 3}, int32), y = tensor({3, 2, 1}, int32);
  CHECK(list(x < y) == List{1, 0, 0});
  CHECK(list(x <= y) == List{1, 1, 0});
  CHECK(list(x > y) == List{0, 0, 1});
  CHECK(list(x >= y) == List{0, 1, 1});
  CHECK(list(x == y) == List{0, 1, 0});
  CHECK(list(x != y) == List{1, 0, 1});
  CHECK(list(x > 1) == List{0, 1, 1});
  CHECK(list(2 > x) == List{1, 0, 0});
  CHECK(list(2 == x) == List{0, 1, 0});
  CHECK(list(x != 2) == List{1, 0, 1});
  CHECK(list(gt(x, 1.5)) == List{0, 1, 1});
  // A number that the dtype cannot hold is still compared as it is.
  CHECK(list(lt(tensor({200}, uint8), 300)) == List{1});
  CHECK(list(-1 < tensor({200}, uint8)) == List{1});
  CHECK(list(x & 1) == List{1, 0, 1});
  CHECK(list(x | y) == List{3, 2, 3});
  CHECK(list(x ^ 3) == List{2, 1, 0});
  CHECK(list(~x) == List{-2, -3, -4});
  CHECK(list(!(x > 1)) == List{1, 0, 0});
  CHECK(list(~(x > 1) | (y > 2)) == List{1, 0, 0});
  CHECK(list(-x) == List{-1, -2, -3});
  CHECK_THROWS_AS(bitwise_and(1, 2), Error);
  CHECK_THROWS_AS(tensor({1.0}) & 1, DTypeError);
}

TEST_CASE("operators: in place they keep the tensor, its shape and its dtype") {
  const Tensor x = tensor({1, 2, 3}, float32), same = x, view = x.slice(0, 1, 3);
  x += 1;
  x *= tensor({2}, float64);
  view -= x[0];
  CHECK(list(same) == List{4, 2, 4});
  x /= view[0];
  CHECK(list(same) == List{2, 1, 2});
  CHECK(x.dtype() == float32);
  const Tensor n = tensor({7, 8}, int16);
  n += 3;
  n *= tensor({2}, int64);
  CHECK(list(n) == List{20, 22});
  n.sub_(tensor({1, 2}, int16), 3);
  CHECK(list(n) == List{17, 16});
  CHECK_THROWS_AS(n += 0.5, DTypeError);
  CHECK_THROWS_AS(n.pow_(-1), Error);
  CHECK_THROWS_AS(n += ones({2, 2}, int16), ShapeError);
  CHECK(list(n) == List{17, 16});
  x.pow_(2).add_(1).neg_().abs_();
  CHECK(list(x) == List{5, 2, 5});
  x.clamp_(3);
  CHECK(list(x) == List{5, 3, 5});
  const Tensor square = arange(9).reshape({3, 3});
  square += square.t();
  CHECK(list(square) == List{0, 4, 8, 4, 8, 12, 8, 12, 16});
  const Tensor turned = arange(6).reshape({2, 3}).t();
  turned.sqrt_();
  CHECK(list(turned)[1] == std::sqrt(3.0f));
}

TEST_CASE("operators: every dtype in place as out of place") {
  for (const DType dtype : all_dtypes) {
    CAPTURE(name(dtype));
    const Tensor x = tensor({3, 1, 2, 0, 5}, dtype), y = tensor({1, 2, 1, 3, 2}, dtype);
    const auto same = [&](const Tensor& changed, const Tensor& expected) {
      CHECK(identical(changed, expected.to(dtype)));
    };
    same(x.clone().add_(y), x + y);
    same(x.clone().mul_(y), x * y);
    if (dtype != boolean) same(x.clone().sub_(y), x - y);
    if (is_differentiable(dtype)) {
      same(x.clone().div_(y), x / y);
      same(x.clone().exp_(), exp(x));
      same(x.clone().sigmoid_(), sigmoid(x));
    }
    if (dtype != boolean) same(x.clone().square_(), square(x));
  }
}

}  // namespace wick::test
