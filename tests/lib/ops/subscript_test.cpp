#include "support.h"
#include "wick/ops/index_list.h"

// Parts of a tensor by numbers, slices, new dimensions, masks and positions.

namespace wick::test {
namespace {

using List = std::vector<double>;
List list(const Tensor& x) { return to_vector<double>(x.to(float64)); }
Tensor counted(const Shape& shape) {
  return arange(0, static_cast<double>(numel(shape)), 1, float64).reshape(shape);
}

}  // namespace

TEST_CASE("subscript: numbers, slices and new dimensions give views") {
  const Tensor x = counted({2, 3, 4});
  CHECK(list(x[{1, 2}]) == List{20, 21, 22, 23});
  CHECK(list(x[{-1, -1, -1}]) == List{23});
  CHECK(list(x[{0, Slice(1, 3), 0}]) == List{4, 8});
  CHECK(list(x[{Ellipsis, Slice(None, None, 3)}]) == List{0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23});
  CHECK(list(x[{Slice(), Slice(-1)}]) == list(x.slice(1, 2, 3)));
  CHECK(x[{None, Ellipsis, None, 0}].sizes() == Shape{1, 2, 3, 1});
  CHECK(x[{0, None, Slice(), None}].sizes() == Shape{1, 3, 1, 4});
  CHECK(x[{"...", 0}].sizes() == Shape{2, 3});
  CHECK(x.index({Ellipsis}).sizes() == x.sizes());
  CHECK(x[{Slice(5, 9)}].sizes() == Shape{0, 3, 4});
  const Tensor part = x[{1, Slice(0, 2)}];
  part.fill_(-1);
  CHECK(list(x[{1, 1}]) == List{-1, -1, -1, -1});
  CHECK(counted({})[{Ellipsis}].item().to_double() == 0);
}

TEST_CASE("subscript: positions and masks give copies") {
  const Tensor x = counted({2, 3, 4});
  const Tensor places = tensor({2, 0}, int64);
  CHECK(list(x[{0, places}]) == List{8, 9, 10, 11, 0, 1, 2, 3});
  CHECK(list(x[{Ellipsis, places}]) == list(index_select(x, 2, places)));
  CHECK(list(x[{Slice(), places, 1}]) == List{9, 1, 21, 13});
  CHECK(list(x[{x > 20}]) == List{21, 22, 23});
  CHECK(x[{x > 100}].sizes() == Shape{0});
  CHECK(list(x[{tensor({0, 1}, int64), tensor({1, 2}, int64), tensor({3, 0}, int64)}]) == List{7, 20});
  CHECK(x[{None, places.slice(0, 1, 2)}].sizes() == Shape{1, 1, 3, 4});
  const Tensor copy = x[{x > 20}];
  copy.fill_(0);
  CHECK(x[{1, 2, 3}].item().to_double() == 23);
}

TEST_CASE("subscript: assignment writes into the tensor") {
  const Tensor x = counted({3, 4});
  x[{0}] = 5;
  x[{1, Slice(0, 2)}] = tensor({-1, -2}, float64);
  x[{Ellipsis, tensor({3}, int64)}] = ones({3, 1}, float64) * 9;
  x[{x > 8.5}] = 0;
  CHECK(list(x) == List{5, 5, 5, 0, -1, -2, 6, 0, 8, 0, 0, 0});
  x[{2}] += 1;
  x[{x == 1}] *= 7;
  x[{0, Slice(0, 2)}] -= tensor({1, 2}, float64);
  x[{tensor({0, 0}, int64), 2}] /= 5;
  CHECK(list(x) == List{4, 3, 1, 0, -1, -2, 6, 0, 9, 7, 7, 7});
  x[{0}] = x[{2}];
  CHECK(list(x[0]) == List{9, 7, 7, 7});
  x.index_put_({tensor({1, 1, 1}, int64), 0}, 2, true);
  CHECK(x[{1, 0}].item().to_double() == 5);
  x.index_put_({Slice(), 1}, 3);
  CHECK(list(x[{Slice(), 1}]) == List{3, 3, 3});

  auto row = x[{0}];
  row = x[{1}];  // a variable: refers to another part, and writes nothing
  CHECK(list(x[{0, 0}]) == List{9});
  CHECK(list(row)[0] == 5);
}

TEST_CASE("subscript: a change of picked elements keeps the dtype, as one of a view does") {
  const Tensor x = arange(0, 4, 1, int8), mask = tensor({1, 0, 1, 0}, boolean);
  CHECK_THROWS_AS((x[{mask}] += 0.5), DTypeError);
  CHECK_THROWS_AS((x[{tensor({1}, int64)}] -= ones({1}, float64)), DTypeError);
  CHECK_THROWS_AS((x[{mask}] *= 1.5), DTypeError);
  CHECK_THROWS_AS((x[{mask}] /= 2), DTypeError);
  CHECK_THROWS_AS((x[{Slice(0, 2)}] += 0.5), DTypeError);
  CHECK_THROWS_AS((x[{tensor({1}, int64)}] += ones({3, 1}, int8)), ShapeError);
  CHECK(list(x) == List{0, 1, 2, 3});
  x[{mask}] += tensor({5, 6}, int64);
  CHECK(list(x) == List{5, 1, 8, 3});
}

TEST_CASE("subscript: indices that are only known at run time") {
  const Tensor x = arange(0, 24, 1, float64).reshape({2, 3, 4});
  const std::vector<TensorIndex> indices{1, Slice(0, 2), tensor({3, 0}, int64)};
  CHECK(equal(index(x, indices), x[{1, Slice(0, 2), tensor({3, 0}, int64)}]));
  CHECK(equal(Subscript(x, indices), index(x, indices)));
  const Tensor y = x.clone(), z = x.clone();
  index_put_(y, indices, -1);
  z[{1, Slice(0, 2), tensor({3, 0}, int64)}] = -1;
  CHECK(equal(y, z));
  Subscript(y, indices) += 3;
  z[{1, Slice(0, 2), tensor({3, 0}, int64)}] += 3;
  CHECK(equal(y, z));
  CHECK(equal(index(x, std::vector<TensorIndex>{}), x));
}

TEST_CASE("subscript: errors leave the tensor as it was") {
  const Tensor x = counted({2, 3});
  CHECK_THROWS_AS((x[{2}]), IndexError);
  CHECK_THROWS_AS((x[{0, -4}]), IndexError);
  CHECK_THROWS_AS((x[{0, 0, 0}]), IndexError);
  CHECK_THROWS_AS((x[{Ellipsis, 0, Ellipsis}]), IndexError);
  CHECK_THROWS_AS((x[{Slice(0, 2, 0)}]), IndexError);
  CHECK_THROWS_AS((x[{Slice(0, 2, -1)}]), IndexError);
  CHECK_THROWS_AS((x[{".."}]), IndexError);
  CHECK_THROWS_AS((x[{tensor({0, 5}, int64)}] = 1), IndexError);
  CHECK_THROWS_AS((x.index_put_({tensor({0, 5}, int64)}, 1)), IndexError);
  CHECK_THROWS_AS((x[{ones({3}, boolean)}]), IndexError);
  CHECK_THROWS_AS((x[{0}] = ones({4}, float64)), ShapeError);
  CHECK_THROWS_AS((zeros({2}, uint8)[{0}] = 300), Error);
  CHECK_THROWS_AS((zeros({2}, uint8)[{ones({2}, boolean)}] = 300), Error);
  CHECK(list(x) == List{0, 1, 2, 3, 4, 5});
}

TEST_CASE("masked: elements that a mask chooses") {
  const Tensor x = counted({2, 3}), mask = tensor({1, 0, 1}, boolean);
  CHECK(list(masked_fill(x, mask, 7)) == List{7, 1, 7, 7, 4, 7});
  CHECK(list(masked_fill(x, mask, scalar_tensor(7, int32))) == List{7, 1, 7, 7, 4, 7});
  CHECK(masked_fill(x.to(int16), mask, 7).dtype() == int16);
  CHECK(list(masked_select(x, mask)) == List{0, 2, 3, 5});
  CHECK(list(masked_select(x[0], x > 3)) == List{1, 2});
  CHECK(list(masked_scatter(x, mask, tensor({9, 8, 7, 6, 5}, float64))) == List{9, 1, 8, 7, 4, 6});
  CHECK(masked_select(x, zeros({3}, boolean)).sizes() == Shape{0});
  x.masked_fill_(mask, -1);
  CHECK(list(x) == List{-1, 1, -1, -1, 4, -1});
  CHECK_THROWS_AS(masked_fill(x, ones({3}), 1), DTypeError);
  CHECK_THROWS_AS(masked_fill(x, mask, ones({3}, float64)), ShapeError);
  CHECK_THROWS_AS(masked_fill(x.to(int32), mask, 0.5), DTypeError);
  CHECK_THROWS_AS(masked_fill(x.to(uint8), mask, 256), Error);
  CHECK_THROWS_AS(masked_scatter(x, mask, tensor({9}, float64)), ShapeError);
  CHECK_THROWS_AS(masked_select(x, ones({4}, boolean)), ShapeError);
}

}  // namespace wick::test
