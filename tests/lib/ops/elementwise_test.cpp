#include <cmath>
#include <limits>

#include "levels.h"
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
        CHECK(identical(top * 2, full({20}, static_cast<std::int64_t>(static_cast<T>(-2)), dtype)));
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
  const Tensor x = tensor({1, 2}, float32), y = tensor({3, 5}, float32);
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
  const Tensor x = tensor({1, 2, 3, 4}, float32).reshape({2, 2});
  add_into(x, tensor({10, 20}, int64));
  CHECK(to_vector<double>(x) == std::vector<double>{11, 22, 13, 24});
  add_into(x, x);
  CHECK(to_vector<double>(x) == std::vector<double>{22, 44, 26, 48});
  add_into(x.t(), tensor({1, 2}, float32));
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

TEST_CASE("elementwise: gradients by one kernel are those of the operations that they stand for") {
  using Function = Tensor (*)(const Tensor&);
  const Function functions[] = {abs,
                                square,
                                relu,
                                sqrt,
                                sigmoid,
                                tanh,
                                reciprocal,
                                tan,
                                asin,
                                acos,
                                atan,
                                sinh,
                                cosh,
                                asinh,
                                acosh,
                                atanh,
                                exp2,
                                exp10,
                                expm1,
                                log2,
                                log10,
                                log1p,
                                rsqrt,
                                erf,
                                silu,
                                mish,
                                softsign,
                                tanhshrink,
                                hardsigmoid,
                                hardswish,
                                log_sigmoid,
                                relu6,
                                [](const Tensor& x) { return gelu(x); },
                                [](const Tensor& x) { return gelu(x, "tanh"); },
                                [](const Tensor& x) { return elu(x, 0.7); },
                                [](const Tensor& x) { return leaky_relu(x); },
                                [](const Tensor& x) { return hardtanh(x); },
                                [](const Tensor& x) { return softplus(x, 2, 3); },
                                [](const Tensor& x) { return hardshrink(x); },
                                [](const Tensor& x) { return softshrink(x); },
                                [](const Tensor& x) { return threshold(x, 0.1, 4); },
                                [](const Tensor& x) { return pow(x, 2); },
                                [](const Tensor& x) { return pow(x, 3); },
                                [](const Tensor& x) { return pow(x, 0.5); },
                                [](const Tensor& x) { return pow(x, -0.5); },
                                [](const Tensor& x) { return pow(x, -1); },
                                [](const Tensor& x) { return pow(x, -2); },
                                [](const Tensor& x) { return pow(x, 0); },
                                [](const Tensor& x) { return pow(x, 1.7); }};
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {float16, bfloat16, float32, float64}) {
      for (const double shift : {0.5, 1.5, -4.0}) {
        const Tensor values =
            filled({7, 5}, dtype, [&](std::int64_t i) { return shift + scattered(i, 90) / 100; });
        const Tensor weights =
            filled({5, 7}, dtype, [&](std::int64_t i) { return 1 + scattered(i, 3) / 4; }).t();
        for (std::size_t k = 0; k < std::size(functions); ++k) {
          const auto gradient = [&](bool recorded) {
            const Tensor x = values.clone();
            x.requires_grad_();
            return grad({functions[k](x)}, {x}, {weights}, false, recorded)[0].detach();
          };
          const Tensor fused = gradient(false).to(float64), composed = gradient(true).to(float64);
          const double eps = dtype == float16    ? 1e-3
                             : dtype == bfloat16 ? 8e-3
                             : dtype == float32  ? 1e-6
                                                 : 1e-14;
          CHECK_MESSAGE(allclose(fused, composed, 8 * eps, 8 * eps, true),
                        level << " " << k << name(dtype) << shift);
        }
      }
    }
  });
}

TEST_CASE("elementwise: integers are compared as the numbers they are") {
  const Tensor a = tensor({200, 0, 255}, uint8), minus = scalar_tensor(-1, int64),
               large = scalar_tensor(300, int64);
  CHECK(equal(lt(a, minus), tensor({0, 0, 0}, boolean)));
  CHECK(equal(gt(a, minus), tensor({1, 1, 1}, boolean)));
  CHECK(equal(eq(minus, a), tensor({0, 0, 0}, boolean)));
  CHECK(equal(lt(a, large), tensor({1, 1, 1}, boolean)));
  CHECK(equal(eq(tensor({44}, uint8), large), tensor({0}, boolean)));
  CHECK(equal(ge(tensor({1, -128}, int8), scalar_tensor(1000, int64)), tensor({0, 0}, boolean)));
}

TEST_CASE("elementwise: rounded quotients of integers are exact") {
  const std::int64_t big = 9007199254740993;
  const Tensor a = tensor(std::vector<std::int64_t>{big, -big, 7, -7, 7, -7, 2147483647}, {7});
  const Tensor b = tensor(std::vector<std::int64_t>{1, 1, 2, 2, -2, -2, 1}, {7});
  CHECK(
      equal(div(a, b, "trunc"), tensor(std::vector<std::int64_t>{big, -big, 3, -3, -3, 3, 2147483647}, {7})));
  CHECK(
      equal(div(a, b, "floor"), tensor(std::vector<std::int64_t>{big, -big, 3, -4, -4, 3, 2147483647}, {7})));
  const Tensor narrow = div(tensor({2147483647, 16777217}, int32), scalar_tensor(1, int32), "trunc");
  CHECK(equal(narrow, tensor({2147483647, 16777217}, int32)));
  CHECK(
      equal(div(tensor({-3.5, 3.5}, float32), scalar_tensor(2, float32), "floor"), tensor({-2, 1}, float32)));
  CHECK_THROWS_AS(div(a, b, "round"), Error);
}

TEST_CASE("elementwise: integers are not divided by 0, nor raised to negative numbers") {
  for (const DType dtype : {uint8, int8, int16, int32, int64}) {
    const Tensor x = tensor({7, 100}, dtype), some = tensor({1, 0}, dtype);
    for (const char* mode : {"trunc", "floor"}) {
      CHECK_THROWS_WITH_AS(div(x, some, mode), doctest::Contains("divided by 0"), Error);
      CHECK_THROWS_AS(div(x, scalar_tensor(0, dtype), mode), Error);
      CHECK(div(x.slice(0, 0, 0), some.slice(0, 0, 0), mode).numel() == 0);
    }
    CHECK_THROWS_WITH_AS(pow(x, -1), doctest::Contains("-1"), Error);
    CHECK(identical(pow(x, 0), ones({2}, dtype)));
  }
  CHECK_THROWS_AS(pow(tensor({true}), -2), Error);
  CHECK(identical(pow(tensor({2, 4}), -1.0), tensor({0.5, 0.25})));
  CHECK(identical(pow(tensor({2.0, 4.0}), -1), tensor({0.5, 0.25})));
  CHECK(identical(div(tensor({1.0, -1.0}), zeros({2}), "floor"), tensor({HUGE_VAL, -HUGE_VAL})));
}

TEST_CASE("elementwise: neighbouring large integers are told apart") {
  const std::int64_t big = 9007199254740992;
  const Tensor a = tensor(std::vector<std::int64_t>{big + 1, INT64_MAX}, {2}),
               b = tensor(std::vector<std::int64_t>{big, INT64_MIN}, {2});
  CHECK(!allclose(a, b, 0, 0));
  CHECK(equal(isclose(a, b, 0, 1), tensor({1, 0}, boolean)));
  CHECK(equal(isclose(a, a, 0, 0), tensor({1, 1}, boolean)));
  CHECK(equal(isclose(a, b, 3, 0), tensor({1, 1}, boolean)));
}

TEST_CASE("elementwise: complex powers") {
  using Z = std::complex<double>;
  const auto power = [](Z x, Z e) {
    return to_vector<Z>(pow(full({1}, x, complex128), full({1}, e, complex128)))[0];
  };
  CHECK(power(0, 0) == Z(1));
  CHECK(power(Z(3, 4), 0) == Z(1));
  CHECK(power(0, 2) == Z(0));
  CHECK(power(0, Z(0.5, 1)) == Z(0));
  CHECK(power(Z(0, 1), 2) == Z(-1));
  CHECK(power(Z(3, 4), 2) == Z(-7, 24));
  CHECK(power(Z(0, 2), -2) == Z(-0.25));
  CHECK(std::abs(power(Z(1, 1), Z(0.5, 0.25)) - std::pow(Z(1, 1), Z(0.5, 0.25))) < 1e-14);
}

TEST_CASE("elementwise: float64 becomes half precision by one rounding") {
  const Tensor x = tensor(
      {65519.999, -65519.999, 65520, 1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11, 0x1p-25 + 0x1p-60, 1e300, 1e-300},
      float64);
  CHECK(equal(x.to(float16).to(float64),
              tensor({65504, -65504, HUGE_VAL, 1 + 0x1p-10, 1, 0x1p-24, HUGE_VAL, 0}, float64)));
  const Tensor y = tensor({1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-8, -(1 + 0x1p-8 + 0x1p-40)}, float64);
  CHECK(equal(y.to(bfloat16).to(float64), tensor({1 + 0x1p-7, 1, -(1 + 0x1p-7)}, float64)));
  CHECK(equal(tensor({16842753}, int32).to(bfloat16).to(float64), tensor({16908288}, float64)));
}

}  // namespace wick::test
