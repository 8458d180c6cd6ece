#include <array>

#include "support.h"

namespace wick::test {
namespace {

// Dtype, shape and elements.
void check(const Tensor& found, DType dtype, const Shape& shape, const std::vector<double>& values) {
  CHECK(found.dtype() == dtype);
  CHECK(found.sizes() == shape);
  CHECK(to_vector<double>(found) == values);
}

}  // namespace

TEST_CASE("tensor: numbers in nested lists") {
  check(tensor({{1, 2, 3}, {4, 5, 6}}), int64, {2, 3}, {1, 2, 3, 4, 5, 6});
  check(tensor({{1.5, 2}, {3, 4}}), float32, {2, 2}, {1.5, 2, 3, 4});
  check(tensor({{{1}}, {{2}}}), int64, {2, 1, 1}, {1, 2});
  check(tensor({{true, false}}), boolean, {1, 2}, {1, 0});
  check(tensor({{true}, {2}}), int64, {2, 1}, {1, 2});
  check(tensor({1, 2.5f}), float32, {2}, {1, 2.5});
  check(tensor({Half(1.5f), Half(2.0f)}), float32, {2}, {1.5, 2});
  check(tensor({{}, {}}), float32, {2, 0}, {});
  check(tensor({}), float32, {0}, {});
  check(tensor(7), int64, {}, {7});
  check(tensor(0.1, float64), float64, {}, {0.1});
  check(tensor({0.1, 0.2}, float64), float64, {2}, {0.1, 0.2});
  check(tensor({1.9, -1.9}, int32), int32, {2}, {1, -1});
  const Tensor z = tensor({std::complex<float>(1, 2), std::complex<float>(3, 4)});
  CHECK(z.dtype() == complex64);
  CHECK(z[1].item().to_complex() == std::complex<double>(3, 4));
  CHECK(tensor({1.0, std::complex<double>(0, 1)}).dtype() == complex64);

  // Digits that a double does not have.
  CHECK(tensor({{9007199254740993}}).item<std::int64_t>() == 9007199254740993);

  CHECK_THROWS_AS(tensor({{1, 2}, {3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{1}, 2}), ShapeError);
}

TEST_CASE("tensor: ranges keep their type") {
  check(tensor(std::vector<float>{1, 2}), float32, {2}, {1, 2});
  check(tensor(std::vector<double>{0.1}), float64, {1}, {0.1});
  check(tensor(std::array<std::uint8_t, 3>{1, 2, 255}), uint8, {3}, {1, 2, 255});
  const short numbers[] = {-1, 5};
  check(tensor(numbers), int16, {2}, {-1, 5});
  check(tensor(std::span(numbers).first(1)), int16, {1}, {-1});
  check(tensor(std::vector<bool>{true, false}), boolean, {2}, {1, 0});
  check(tensor(std::vector<int>{}), int32, {0}, {});
  check(tensor(std::vector<Half>{Half(0.5f)}), float16, {1}, {0.5});
  CHECK(tensor(std::vector<std::complex<double>>{{1, 2}}).dtype() == complex128);
  check(tensor(std::vector<float>{1.5f}, int64), int64, {1}, {1});

  // Types without a dtype.
  check(tensor(std::vector<unsigned long>{1, 2}), int64, {2}, {1, 2});
  check(tensor(std::vector<unsigned>{4294967295u}), int64, {1}, {4294967295.0});
  check(tensor(std::vector<long double>{0.5L}), float64, {1}, {0.5});
  CHECK_THROWS_AS(tensor(std::vector<unsigned long>{UINT64_MAX}), Error);

  const std::vector<float> rows[] = {{1, 2}, {3, 4}};
  check(tensor({rows[0], rows[1]}), float32, {2, 2}, {1, 2, 3, 4});
  CHECK(tensor({std::vector<float>{1}, std::vector<float>{2}}).dtype() == float32);
  static_assert(!std::is_convertible_v<const char(&)[3], TensorData>);
  static_assert(!std::is_convertible_v<std::vector<const char*>, TensorData>);

  // A copy, not a view.
  std::vector<double> source{1, 2};
  const Tensor copy = tensor(source);
  source[0] = 7;
  check(copy, float64, {2}, {1, 2});
}

TEST_CASE("tensor: the likes of another one, in any dtype") {
  const Tensor x = arange(6).reshape({2, 3}).t();
  for (const DType dtype : all_dtypes) {
    for (const Tensor& like : {zeros_like(x, dtype), ones_like(x, dtype), full_like(x, 1, dtype)}) {
      CHECK(like.dtype() == dtype);
      CHECK(like.sizes() == x.sizes());
      CHECK(like.strides() == x.strides());
    }
    CHECK(full_like(x.to(dtype), 1).dtype() == dtype);
    if (is_floating(dtype)) {
      CHECK(rand_like(x, dtype).dtype() == dtype);
      CHECK(rand_like(x.to(dtype)).dtype() == dtype);
      CHECK(randn_like(x.to(dtype)).sizes() == x.sizes());
    }
    if (dtype != boolean && !is_complex(dtype)) CHECK(randint_like(x.to(dtype), 0, 9).dtype() == dtype);
  }
  CHECK_THROWS_AS(full_like(x, 300, uint8), Error);
  Generator one(5), other(5);
  CHECK(equal(rand_like(x, one), rand_like(x, other)));
}

TEST_CASE("a Ref of a derived class is one of its base") {
  const Ref<nn::Linear> layer = nn::make<nn::Linear>(2, 3);
  Ref<nn::Module> module = layer;
  CHECK(module.get() == layer.get());
  CHECK(layer->use_count() == 2);
  Ref<nn::Linear> given = layer;
  module = std::move(given);
  CHECK_FALSE(given);
  CHECK(layer->use_count() == 2);
  const nn::ModuleDict models({{"first", layer}, {"second", nn::make<nn::Linear>(3, 1)}});
  CHECK(models["first"].kind() == std::string("linear"));
  static_assert(!std::is_convertible_v<Ref<nn::Module>, Ref<nn::Linear>>);
  // It has no virtual destructor.
  static_assert(!std::is_convertible_v<Ref<nn::Linear>, Ref<RefCounted>>);
}

}  // namespace wick::test
