#include "reference.h"

namespace wick::test {
namespace {

// Whether slot `i` of `dim` holds the source, converted.
bool holds(const Tensor& whole, std::int64_t dim, std::int64_t i, const Tensor& source) {
  return identical(whole.select(dim, i), source.to(whole.dtype()));
}

}  // namespace

TEST_CASE("gather: stack, cat and repeat as PyTorch does them") { check_reference("gather.txt"); }

TEST_CASE("gather: sources of every dtype and memory order into every dtype") {
  for (const DType to : all_dtypes) {
    for (const DType from : all_dtypes) {
      const Tensor turned = permuted(from, [](std::int64_t i) { return static_cast<double>(i % 5); });
      const Tensor sources[] = {turned, turned.contiguous(), full({1}, 3, from).expand({4, 2, 3})};
      const Tensor dense = zeros({3, 4, 2, 3}, to), other = zeros({2, 3, 4, 3}, to).permute({3, 2, 0, 1});
      gather_into(dense, sources);
      gather_into(other, sources);
      for (std::int64_t i = 0; i < 3; ++i) {
        CHECK(holds(dense, 0, i, sources[i]));
        CHECK(holds(other, 0, i, sources[i]));
      }
    }
  }
}

TEST_CASE("gather: small, large and few sources") {
  for (const std::int64_t each : {0, 1, 3, 1000, 40000, 300000}) {
    for (const std::int64_t count : {1, 2, 70}) {
      if (each * count > 3000000) continue;
      Tensors sources;
      for (std::int64_t i = 0; i < count; ++i) sources.push_back(full({each}, i, int32));
      const Tensor out = stack(sources);
      CHECK(out.sizes() == Shape{count, each});
      for (std::int64_t i = 0; i < count; ++i) CHECK(holds(out, 0, i, sources[static_cast<std::size_t>(i)]));
      const Tensor columns = stack(sources, 1);
      for (std::int64_t i = 0; i < count; ++i)
        CHECK(holds(columns, 1, i, sources[static_cast<std::size_t>(i)]));
      CHECK(identical(cat(sources), out.reshape({count * each})));
    }
  }
}

TEST_CASE("gather: many tiny sources") {
  Tensors sources;
  for (int i = 0; i < 50000; ++i) sources.push_back(scalar_tensor(i, int64));
  CHECK(identical(stack(sources), arange(50000, int64)));
}

TEST_CASE("gather: shapes are checked") {
  const Tensors two{zeros({2, 3}), zeros({2, 3})};
  CHECK_THROWS_AS(gather_into(zeros({3, 2, 3}), two), ShapeError);
  CHECK_THROWS_AS(gather_into(zeros({}), two), ShapeError);
  CHECK_THROWS_AS(gather_into(zeros({2, 3, 2}), two), ShapeError);
  CHECK_THROWS_AS(gather_into(zeros({2, 6}), two), ShapeError);
  CHECK_NOTHROW(gather_into(zeros({0, 3}), Tensors{}));
  CHECK_THROWS_WITH_AS(stack({zeros({2}), zeros({3})}), doctest::Contains("entry 1"), ShapeError);
  CHECK_THROWS_AS(stack({}), ShapeError);
  CHECK_THROWS_AS(cat({}), ShapeError);
  CHECK_THROWS_AS(repeat(zeros({2}), {-1}), ShapeError);
  CHECK_THROWS_AS(stack({zeros(Shape::filled(64, 1))}), ShapeError);
}

TEST_CASE("gather: results are tensors of their own") {
  const Tensor x = ones({2});
  const Tensor results[] = {stack({x}), cat({x}), repeat(x, {1}), repeat(x, {2})};
  x.fill_(0);
  for (const Tensor& r : results) CHECK(sum(r).item().to_double() == static_cast<double>(r.numel()));
}

}  // namespace wick::test
