#include <cmath>
#include <limits>

#include "reference.h"

namespace wick::test {
namespace {

using Two = Tensor (*)(const Tensor&, const Tensor&);

// All memory orders of one value pattern that the loops tell apart.
Tensors layouts(DType dtype, std::int64_t from) {
  const auto value = [=](std::int64_t i) { return scattered(from + i, 9); };
  const Tensor dense = filled({4, 6, 5}, dtype, value);
  const Tensor turned = filled({5, 6, 4}, dtype, value).permute({2, 1, 0});
  const Tensor sparse = filled({8, 13, 6}, dtype, value).slice(0, 1, 8, 2).slice(1, 0, 12, 2).slice(2, 1, 6);
  return {dense,
          turned,
          sparse,
          dense[0],
          dense.select(2, 1).unsqueeze(2),
          dense[1][2],
          dense[2][3][4],
          turned.select(1, 0).unsqueeze(1)};
}

}  // namespace

TEST_CASE("elementwise: as PyTorch computes it") { check_reference("elementwise.txt"); }

TEST_CASE("elementwise: operands of all memory orders, broadcast") {
  const std::pair<const char*, Two> functions[] = {
      {"sub", [](const Tensor& a, const Tensor& b) { return sub(a, b); }},
      {"maximum", maximum},
      {"lt", lt},
      {"eq", eq}};
  for (const DType dtype : {uint8, int16, int64, float16, float32, float64}) {
    for (const auto& [name, f] : functions) {
      for (const Tensor& a : layouts(dtype, 1)) {
        for (const Tensor& b : layouts(dtype, 40)) {
          const Tensor out = f(a, b);
          const Shape shape = broadcast_shapes(a.sizes(), b.sizes());
          REQUIRE(out.sizes() == shape);
          const Tensor x = a.expand(shape).contiguous(), y = b.expand(shape).contiguous();
          REQUIRE_MESSAGE(identical(out, f(x, y)), name);
        }
      }
    }
  }
}

TEST_CASE("elementwise: every element against C++") {
  const Tensor a = filled({3000}, int32, [](std::int64_t i) { return scattered(i, 2000000000); });
  const Tensor b = filled({3000}, int32, [](std::int64_t i) { return scattered(i + 5000, 2000000000); });
  const auto x = elements<std::int32_t>(a), y = elements<std::int32_t>(b);
  const auto sums = elements<std::int32_t>(a + b), products = elements<std::int32_t>(a * b);
  const auto quotients = elements<float>(a / b);
  const auto less = elements<bool>(lt(a, b));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto u = static_cast<std::uint32_t>(x[i]), v = static_cast<std::uint32_t>(y[i]);
    REQUIRE(sums[i] == static_cast<std::int32_t>(u + v));
    REQUIRE(products[i] == static_cast<std::int32_t>(u * v));
    REQUIRE(quotients[i] == static_cast<float>(x[i]) / static_cast<float>(y[i]));
    REQUIRE(less[i] == (x[i] < y[i]));
  }
}

TEST_CASE("elementwise: overflow wraps") {
  for (const DType dtype : {uint8, int8, int16, int32, int64}) {
    dispatch(dtype, [&]<class T>(TypeTag<T>) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        const Tensor top = full({20}, static_cast<std::int64_t>(std::numeric_limits<T>::max()), dtype);
        const Tensor bottom = full({20}, static_cast<std::int64_t>(std::numeric_limits<T>::min()), dtype);
        CHECK(identical(top + 1, bottom));
        CHECK(identical(bottom - 1, top));
        CHECK(identical(neg(bottom), bottom));
        CHECK(identical(abs(bottom), bottom));
        CHECK(identical(top * 2, full({20}, -2, dtype)));
        CHECK(identical(add(top, top, 3),
                        full({20},
                             static_cast<std::int64_t>(static_cast<T>(
                                 std::uint64_t{4} * std::uint64_t(std::numeric_limits<T>::max()))),
                             dtype)));
        CHECK(identical(sub(zeros({20}, dtype), ones({20}, dtype), INT64_MIN),
                        zeros({20}, dtype) - full({20}, INT64_MIN, int64).to(dtype)));
      }
    });
  }
}

TEST_CASE("elementwise: operators") {
  const Tensor x = tensor({1, 2}), y = tensor({3, 5});
  using List = std::vector<double>;
  CHECK(to_vector<double>(x + y) == List{4, 7});
  CHECK(to_vector<double>(x - y) == List{-2, -3});
  CHECK(to_vector<double>(x * y) == List{3, 10});
  CHECK(to_vector<double>(y / x) == List{3, 2.5});
  CHECK(to_vector<double>(2 * x + 1) == List{3, 5});
  CHECK(to_vector<double>(1 + x / 2) == List{1.5, 2});
  CHECK(to_vector<double>(-(x - 1)) == List{0, -1});
}

TEST_CASE("elementwise: what a dtype does not have") {
  const Tensor b = ones({2}, boolean), z = ones({2}, complex64);
  CHECK_THROWS_WITH_AS(neg(b), "neg is not defined for bool", DTypeError);
  CHECK_THROWS_AS(sub(b, b), DTypeError);
  CHECK_THROWS_AS(maximum(z, z), DTypeError);
  CHECK_THROWS_AS(lt(z, z), DTypeError);
  CHECK_THROWS_AS(sign(z), DTypeError);
  CHECK_THROWS_AS(where(ones({2}), z, z), DTypeError);
  CHECK_THROWS_AS(add(ones({2}, int32), ones({2}, int32), 0.5), DTypeError);
  CHECK_THROWS_AS(ones({2}) + ones({3}), ShapeError);
  CHECK(eq(z, z).dtype() == boolean);
  CHECK((b + b).dtype() == boolean);
  CHECK((b / b).dtype() == float32);
}

TEST_CASE("elementwise: a number is converted to the quotient's dtype, not to the operand's") {
  CHECK(to_vector<double>(tensor({6, 8}, uint8) / -2) == std::vector<double>{-3, -4});
  CHECK((tensor({1}, uint8) / 2.5).dtype() == float32);
  CHECK((tensor({1}, float16) / 1000000).dtype() == float16);
}

TEST_CASE("elementwise: results in place") {
  const Tensor x = tensor({1, 2, 3, 4}).reshape({2, 2});
  add_into(x, tensor({10, 20}, int64));
  CHECK(to_vector<double>(x) == std::vector<double>{11, 22, 13, 24});
  add_into(x, x);
  CHECK(to_vector<double>(x) == std::vector<double>{22, 44, 26, 48});
  add_into(x.t(), tensor({1, 2}));
  CHECK(to_vector<double>(x) == std::vector<double>{23, 45, 28, 50});
  CHECK_THROWS_AS(add_into(x, ones({3})), ShapeError);
  CHECK_THROWS_AS(add_into(x[0], x), ShapeError);
}

TEST_CASE("elementwise: large tensors of every memory order") {
  const Tensor x = filled({300, 400}, float32, [](std::int64_t i) { return scattered(i); });
  const Tensor y = filled({400, 300}, float32, [](std::int64_t i) { return scattered(i + 7); });
  CHECK(identical(x + y.t(), x + y.t().contiguous()));
  CHECK(identical(y.t() + x, x + y.t().contiguous()));
  CHECK(identical(exp(y.t() / 50), exp(y.t().contiguous() / 50)));
  CHECK(identical(y.t().contiguous().t(), y));
  CHECK(identical(y.t().to(int16), y.t().contiguous().to(int16)));
  CHECK(identical(x.slice(1, 0, 400, 3) * 2, x.slice(1, 0, 400, 3).contiguous() * 2));
  CHECK(identical(where(gt(x, y.t()), x, y.t()), maximum(x, y.t())));
}

}  // namespace wick::test
