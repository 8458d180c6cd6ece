#include "support.h"

namespace wick::test {

constexpr std::int64_t most = INT64_MAX;

TEST_CASE("dims: a list of any length") {
  for (int n : {0, 1, 4, 5, 6, 11, 64, 100}) {
    Dims d;
    for (int i = 0; i < n; ++i) d.push_back(i * i);
    CHECK(d.size() == n);
    for (int i = 0; i < n; ++i) CHECK(d[i] == i * i);

    Dims copy = d;
    CHECK(copy == d);
    Dims moved = std::move(copy);
    CHECK(moved == d);
    CHECK(copy.empty());
    copy = d;
    CHECK(copy == d);
    copy = std::move(moved);
    CHECK(copy == d);
    Dims& same = copy;
    copy = same;
    CHECK(copy == d);

    // From short to long and back.
    Dims other{1, 2};
    other = d;
    CHECK(other == d);
    other = Dims{7};
    CHECK(other == Dims{7});
  }
}

TEST_CASE("dims: sizes of any integer type") {
  const int n = 3;
  const unsigned u = 2;
  const std::size_t z = 4;
  const short s = 1;
  enum { columns = 5 };
  CHECK(zeros({n, 3}).sizes() == Dims{3, 3});
  CHECK(zeros({n, u, z, s, columns}).sizes() == Dims{3, 2, 4, 1, 5});
  CHECK(zeros({z}).sizes() == Dims{4});
  CHECK(zeros(columns).sizes() == Dims{5});
  CHECK(zeros({}).sizes() == Dims());
  CHECK(sum(ones({u, n}), {}).item<int>() == 6);
  CHECK_THROWS_AS(zeros({SIZE_MAX}), ShapeError);
  const Dims copy{Dims{2, 3}};
  CHECK(copy == Dims{2, 3});

  // Ranges of integers.
  const std::vector<int> sizes{2, 3};
  const unsigned array[] = {4, 5};
  CHECK(zeros(sizes).sizes() == Dims{2, 3});
  CHECK(zeros(array).sizes() == Dims{4, 5});
  CHECK(zeros(std::vector<std::int64_t>{}).sizes() == Dims());
  static_assert(!std::is_convertible_v<const char*, Dims> && !std::is_convertible_v<const char(&)[3], Dims>);
  static_assert(!std::is_convertible_v<double, Dims> && !std::is_convertible_v<bool, Dims>);
  static_assert(!std::is_convertible_v<DType, Dims> && !std::is_convertible_v<std::vector<double>, Dims>);
}

TEST_CASE("dims: insertion and removal") {
  Dims d{1, 2, 3, 4, 5};
  d.insert(0, 0);
  d.insert(6, 6);
  d.insert(3, -1);
  CHECK(d == Dims{0, 1, 2, -1, 3, 4, 5, 6});
  d.erase(3);
  d.erase(0);
  d.erase(5);
  CHECK(d == Dims{1, 2, 3, 4, 5});
  CHECK(d.back() == 5);
  CHECK(Dims::filled(3, 7) == Dims{7, 7, 7});
  CHECK_FALSE(Dims{1, 2} == Dims{1, 2, 3});
  const std::vector<std::int64_t> values{4, 5};
  CHECK(Dims(std::span<const std::int64_t>(values)) == Dims{4, 5});
}

TEST_CASE("dims: text") {
  CHECK(to_string(Dims{}) == "{}");
  CHECK(to_string(Dims{2, -3, most}) == "{2 -3 9223372036854775807}");
}

TEST_CASE("dims: the number of elements") {
  CHECK(numel({}) == 1);
  CHECK(numel({3, 4, 5}) == 60);
  CHECK(numel({3, 0, 5}) == 0);
  CHECK(numel({most}) == most);
  CHECK(numel(Shape::filled(64, 1)) == 1);
  CHECK(numel(Shape::filled(64, 0)) == 0);
  CHECK_THROWS_AS(numel(Shape::filled(65, 1)), ShapeError);
  CHECK_THROWS_AS(numel({-1}), ShapeError);
  CHECK_THROWS_AS(numel({0, -1}), ShapeError);
  CHECK_THROWS_AS(numel({INT64_MIN}), ShapeError);
  CHECK_THROWS_AS(numel({most, 2}), ShapeError);
  CHECK_THROWS_AS(numel({std::int64_t{1} << 32, std::int64_t{1} << 32}), ShapeError);
  // Its strides would overflow.
  CHECK_THROWS_AS(numel({0, most, 2}), ShapeError);
}

TEST_CASE("dims: strides and contiguity") {
  CHECK(contiguous_strides({}) == Strides{});
  CHECK(contiguous_strides({2, 3, 4}) == Strides{12, 4, 1});
  CHECK(contiguous_strides({2, 0, 4}) == Strides{4, 4, 1});
  CHECK(is_contiguous({2, 3}, {3, 1}));
  CHECK_FALSE(is_contiguous({2, 3}, {1, 2}));
  CHECK_FALSE(is_contiguous({2, 3}, {4, 1}));
  CHECK_FALSE(is_contiguous({2, 3}, {0, 1}));
  // The strides of dimensions of size 1, and of nothing, do not count.
  CHECK(is_contiguous({1, 3, 1}, {77, 1, 0}));
  CHECK(is_contiguous({2, 0}, {9, 9}));
  CHECK(is_contiguous({}, {}));
}

TEST_CASE("dims: broadcasting") {
  CHECK(broadcast_shapes({}, {}) == Shape{});
  CHECK(broadcast_shapes({3}, {}) == Shape{3});
  CHECK(broadcast_shapes({3, 1}, {4}) == Shape{3, 4});
  CHECK(broadcast_shapes({4}, {3, 1}) == Shape{3, 4});
  CHECK(broadcast_shapes({2, 1, 5}, {7, 1}) == Shape{2, 7, 5});
  CHECK(broadcast_shapes({0}, {1}) == Shape{0});
  CHECK(broadcast_shapes({1}, {2, 0}) == Shape{2, 0});
  CHECK_THROWS_AS(broadcast_shapes({2}, {3}), ShapeError);
  CHECK_THROWS_AS(broadcast_shapes({0}, {2}), ShapeError);
  CHECK_THROWS_WITH_AS(
      broadcast_shapes({5, 2}, {5, 3}),
      doctest::Contains("tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1"),
      ShapeError);
  CHECK_THROWS_WITH_AS(broadcast_shapes({3}, {5, 2}),
                       doctest::Contains("a (3) must match the size of tensor b (2)"), ShapeError);
}

TEST_CASE("dims: counting from the end") {
  CHECK(wrap_dim(0, 3) == 0);
  CHECK(wrap_dim(-1, 3) == 2);
  CHECK(wrap_dim(-3, 3) == 0);
  CHECK(wrap_dim(0, 0) == 0);
  CHECK(wrap_dim(-1, 0) == 0);
  for (const std::int64_t d : {std::int64_t{3}, std::int64_t{-4}, most, INT64_MIN})
    CHECK_THROWS_AS(wrap_dim(d, 3), IndexError);
  CHECK_THROWS_AS(wrap_dim(1, 0), IndexError);
}

}  // namespace wick::test
