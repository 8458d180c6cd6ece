#include "reference.h"

namespace wick::test {

TEST_CASE("views: as PyTorch has them") { check_reference("views.txt"); }

TEST_CASE("views: they share the elements") {
  const Tensor x = zeros({2, 3, 4});
  const Tensor views[] = {x.reshape({6, 4}),
                          x.flatten(),
                          x.permute({2, 1, 0}),
                          x.transpose(0, 2),
                          movedim(x, 0, 2),
                          x.unsqueeze(1),
                          x.select(1, 2),
                          x.slice(2, 1, 4, 2),
                          narrow(x, 0, 1, 1),
                          x[1],
                          x.expand({5, 2, 3, 4}),
                          x.detach(),
                          x.slice(0, 0, 1).squeeze(0),
                          real(x)};
  for (const Tensor& v : views) {
    CHECK(v.storage() == x.storage());
    x.fill_(1);
    CHECK(sum(v).item().to_double() == static_cast<double>(v.numel()));
    x.zero_();
    CHECK(sum(v).item().to_double() == 0);
    if (v.numel() > x.numel()) {
      CHECK_THROWS_AS(v.fill_(3), ShapeError);
      continue;
    }
    v.fill_(3);
    CHECK(sum(x).item().to_double() == 3 * static_cast<double>(v.numel()));
  }
}

TEST_CASE("flatten: some dimensions become one") {
  const Tensor x = arange(24, int64).reshape({2, 3, 4});
  CHECK(identical(flatten(x), x.reshape({24})));
  CHECK(identical(flatten(x, 1), x.reshape({2, 12})));
  CHECK(identical(flatten(x, 0, -2), x.reshape({6, 4})));
  CHECK(flatten(x, 1).storage() == x.storage());
  CHECK(flatten(x, 1, 1).sizes() == x.sizes());
  CHECK(flatten(zeros({2, 0, 3}), 1).sizes() == Shape{2, 0});
  CHECK(flatten(zeros({})).sizes() == Shape{1});
  CHECK(identical(flatten(x.transpose(0, 2), 1), x.transpose(0, 2).contiguous().reshape({4, 6})));
  CHECK_THROWS_AS(flatten(x, 2, 1), Error);
  CHECK_THROWS_AS(flatten(x, 3), IndexError);
}

TEST_CASE("views: nothing to do gives back the tensor") {
  const Tensor x = zeros({2, 3});
  CHECK(x.transpose(1, 1).is_same(x));
  CHECK(x.squeeze(0).is_same(x));
  CHECK(x.slice(0, 0, 2).is_same(x));
  CHECK(x.expand({2, 3}).is_same(x));
  CHECK(real(x).is_same(x));
}

TEST_CASE("views: t() of matrices, vectors and numbers") {
  const Tensor x = arange(6).reshape({2, 3});
  CHECK(x.t().sizes() == Shape{3, 2});
  CHECK(x.t()[2][1].item().to_double() == 5);
  CHECK(x[0].t().sizes() == Shape{3});
  CHECK(zeros({}).t().dim() == 0);
  CHECK_THROWS_AS(zeros({2, 2, 2}).t(), ShapeError);
}

TEST_CASE("views: bounds at the ends of int64") {
  const Tensor x = arange(5);
  CHECK(x.slice(0, 0, 5, INT64_MAX).numel() == 1);
  CHECK(x.slice(0, INT64_MIN, INT64_MAX, 2).numel() == 3);
  CHECK(x.slice(0, INT64_MAX, INT64_MIN).numel() == 0);
  CHECK_THROWS_AS(x.slice(0, 0, 5, 0), IndexError);
  CHECK_THROWS_AS(x.slice(0, 0, 5, -1), IndexError);
  CHECK_THROWS_AS(x.slice(0, 0, 5, INT64_MIN), IndexError);
  CHECK_THROWS_AS(x.select(0, INT64_MIN), IndexError);
  CHECK_THROWS_AS(x.select(0, INT64_MAX), IndexError);
  CHECK_THROWS_AS(narrow(x, 0, 1, INT64_MAX), IndexError);
  CHECK_THROWS_AS(narrow(x, 0, INT64_MAX, 1), IndexError);
  CHECK_THROWS_AS(narrow(x, 0, 1, -1), IndexError);
  CHECK_THROWS_AS(x.unsqueeze(INT64_MAX), IndexError);
  CHECK_THROWS_AS(x.transpose(0, INT64_MIN), IndexError);
  CHECK_THROWS_AS(x.reshape({INT64_MIN}), ShapeError);
}

TEST_CASE("views: of tensors without elements, whatever their sizes") {
  const std::int64_t huge = std::int64_t{1} << 62;
  const Tensor x = zeros({0, huge}, float64);
  CHECK(narrow(x, 1, huge - 1, 1).sizes() == Shape{0, 1});
  CHECK(select(x, 1, huge - 1).sizes() == Shape{0});
  CHECK(x.t().diagonal(-huge / 2).sizes() == Shape{0});
  CHECK(roll(x, {-3}, {1}).sizes() == x.sizes());
  CHECK(fft::fftshift(x).sizes() == x.sizes());
}

TEST_CASE("views: 0-d tensors have no dimension to cut") {
  const Tensor x = zeros({});
  CHECK_THROWS_AS(x.select(0, 0), IndexError);
  CHECK_THROWS_AS(x.slice(0, 0, 1), IndexError);
  CHECK_THROWS_AS(narrow(x, 0, 0, 1), IndexError);
  CHECK_THROWS_AS(x[0], IndexError);
  CHECK(x.squeeze(0).dim() == 0);
  CHECK(x.unsqueeze(-1).sizes() == Shape{1});
  CHECK(x.reshape({1, 1}).dim() == 2);
}

TEST_CASE("views: complex parts") {
  const Tensor z = full({2, 2}, std::complex<double>(1, 2), complex64);
  CHECK(real(z).dtype() == float32);
  CHECK(imag(z).storage() == z.storage());
  imag(z).fill_(5);
  CHECK(z[1][1].item().to_complex() == std::complex<double>(1, 5));
  CHECK_THROWS_AS(imag(zeros({2})), DTypeError);
}

TEST_CASE("views: more dimensions than fit inline") {
  Tensor x = arange(256, int32).reshape(Shape::filled(8, 2));
  Dims turned;
  for (int d = 7; d >= 0; --d) turned.push_back(d);
  const Tensor y = x.permute(turned);
  // Reversed dimensions reverse the bits of the position.
  const auto values = to_vector<std::int64_t>(y);
  for (std::size_t i = 0; i < 256; ++i) {
    std::int64_t reversed = 0;
    for (std::size_t bit = 0; bit < 8; ++bit)
      reversed |= static_cast<std::int64_t>(i >> bit & 1) << (7 - bit);
    CHECK(values[i] == reversed);
  }
  CHECK_THROWS_AS(zeros(Shape::filled(64, 1)).unsqueeze(0), ShapeError);
  CHECK_THROWS_AS(zeros({}).expand(Shape::filled(65, 1)), ShapeError);
  CHECK_THROWS_AS(zeros({}).reshape(Shape::filled(65, 1)), ShapeError);
}

}  // namespace wick::test
