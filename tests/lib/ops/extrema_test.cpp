#include "gradcheck.h"

namespace wick::test {

TEST_CASE("argmax: the first of equal elements") {
  CHECK(argmax(tensor({3.0, 9.0, 9.0})).item().to_int() == 1);
}

TEST_CASE("argmax, argmin: dtypes, strides, NaN") {
  for (const DType dtype : {uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64}) {
    const Tensor x = tensor({2.0, 7.0, 1.0, 7.0, 0.0, 1.0}, dtype).reshape({2, 3});
    CHECK(argmax(x).item().to_int() == 1);
    CHECK(argmin(x.t()).item().to_int() == 3);
    CHECK(equal(argmax(x, 1), tensor({1.0, 0.0}, int64)));
    CHECK(argmin(x, 0, true).sizes() == Shape{1, 3});
  }
  const Tensor nan = tensor({1.0, std::nan(""), 5.0});
  CHECK(argmax(nan).item().to_int() == 1);
  CHECK(argmin(nan).item().to_int() == 1);
  CHECK_THROWS_AS(argmax(zeros({0, 2})), ShapeError);
  CHECK_THROWS_WITH_AS(argmax(zeros({3, 0}), 1), doctest::Contains("argmax: dimension 1"), IndexError);
  CHECK_THROWS_WITH_AS(argmin(ones({2}, complex64)), doctest::Contains("argmin"), DTypeError);
  CHECK_THROWS_WITH_AS(argmax(ones({2}, complex64), 0), doctest::Contains("argmax"), DTypeError);
}

TEST_CASE("clamp: bounds, NaN, dtypes") {
  const Tensor x = tensor({-3.0, -1.0, 0.5, 2.0, std::nan("")});
  CHECK(identical(clamp(x, -1.0, 1.0), tensor({-1.0, -1.0, 0.5, 1.0, std::nan("")})));
  CHECK(identical(clamp(x, 2.0, 1.0), tensor({1.0, 1.0, 1.0, 1.0, std::nan("")})));
  CHECK(identical(clamp(x, std::nullopt, 0.0), tensor({-3.0, -1.0, 0.0, 0.0, std::nan("")})));
  CHECK(clamp(ones({2}, int32), 2).dtype() == int32);
  CHECK(clamp(ones({2}, int32), 0.5).dtype() == float32);
  CHECK(clamp(ones({2}, float16), 0.5, 3).dtype() == float16);
  CHECK(clamp(ones({2, 1}), zeros({3}), Tensor()).sizes() == Shape{2, 3});
  const Tensor bytes = tensor({0.0, 200.0}, uint8);
  CHECK(equal(clamp(bytes, -5, 100), tensor({0.0, 100.0}, uint8)));
  CHECK(equal(clamp(bytes, 1, 1000), tensor({1.0, 200.0}, uint8)));
  CHECK_THROWS_AS(clamp(bytes, 300), Error);
  CHECK_THROWS_AS(clamp(bytes, std::nullopt, -1), Error);
  CHECK_THROWS_AS(clamp(x, std::nullopt, std::nullopt), Error);
  CHECK_THROWS_AS(clamp(ones({2}, complex64), 1.0), DTypeError);
}

TEST_CASE("clamp: gradients") {
  for (const Tensor& x : orders(values({3, 4}))) {
    check_gradients("clamp with numbers", [](const Tensors& in) { return clamp(in[0], -0.9, 1.1); }, {x});
    check_gradients("clamp with tensors", [](const Tensors& in) { return clamp(in[0], in[1], in[2]); },
                    {x, values({4}, 7), values({3, 1}, 20) + 1.7});
  }
  // NaN as a bound or as an element gives NaN, also where a gradient is wanted, and has none.
  const double nan = std::nan("");
  const Tensor in = tensor({nan, 1.0, 5.0}, float64), low = tensor({0.0, nan, 2.0}, float64);
  const Tensor plain = clamp(in, low, scalar_tensor(3.0, float64));
  CHECK(identical(plain, tensor({nan, nan, 3.0}, float64)));
  in.requires_grad_();
  low.requires_grad_();
  const Tensor recorded = clamp(in, low, scalar_tensor(3.0, float64));
  CHECK(identical(recorded.detach(), plain));
  sum(recorded).backward();
  CHECK(equal(in.grad(), zeros({3}, float64)));
  CHECK(equal(low.grad(), zeros({3}, float64)));
  // On the bounds the gradient is the element's.
  const Tensor x = tensor({-1.0, 0.0, 1.0, 2.0}, float64);
  x.requires_grad_();
  sum(clamp(x, -1.0, 1.0)).backward();
  CHECK(equal(x.grad(), tensor({1.0, 1.0, 1.0, 0.0}, float64)));
}

}  // namespace wick::test
