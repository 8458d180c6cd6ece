#include <cmath>

#include "gradcheck.h"

namespace wick::test {

TEST_CASE("floor_divide, remainder, fmod: exact, and consistent with each other") {
  // The quotient is that of the numbers as they are, not of one that was rounded: 0.1 is a little more than a
  // tenth.
  CHECK(equal(floor_divide(tensor({1.0}, float64), 0.1), tensor({9.0}, float64)));
  CHECK(equal(div(tensor({1.0}, float64), tensor({0.1}, float64), "floor"), tensor({9.0}, float64)));
  CHECK(equal(remainder(tensor({-7, 7, -7}), tensor({3, -3, -3})), tensor({2, -2, -1})));
  CHECK(equal(fmod(tensor({-7, 7, -7}), tensor({3, -3, -3})), tensor({-1, 1, -1})));
  CHECK(equal(floor_divide(tensor({-7, 7, -7}), tensor({3, -3, -3})), tensor({-3, -3, 2})));
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    const Tensor x = filled({400}, dtype, [](std::int64_t i) { return scattered(i, 999) / 7; });
    const Tensor y = filled({400}, dtype, [](std::int64_t i) { return scattered(i + 33, 60) + 60.5; });
    const std::vector<double> a = to_vector<double>(x), b = to_vector<double>(y);
    const std::vector<double> r = to_vector<double>(fmod(x, y));
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(r[i] == std::fmod(a[i], b[i]));
  }
}

TEST_CASE("remainder, fmod: quotients of all sizes, by all kernels") {
  // Up to what needs the slow way, and with ordinary ones beside them.
  for (int e = -1020; e <= 1020; e += 17) {
    const double x = std::ldexp(1.37, e), y = 0.73;
    const Tensor both = tensor({x, 5.5, -x, HUGE_VAL}, float64), by = tensor({y, -0.1, y, 2.0}, float64);
    const std::vector<double> got = to_vector<double>(fmod(both, by));
    CHECK(got[0] == std::fmod(x, y));
    CHECK(got[1] == std::fmod(5.5, -0.1));
    CHECK(got[2] == std::fmod(-x, y));
    CHECK(std::isnan(got[3]));
  }
  for (int e = -140; e <= 120; e += 7) {
    const float x = std::ldexp(1.37f, e), y = 0.73f;
    const Tensor both = tensor({x, -x}, float32);
    const std::vector<double> got = to_vector<double>(fmod(both, scalar_tensor(y, float32)));
    CHECK(got[0] == std::fmod(x, y));
    CHECK(got[1] == std::fmod(-x, y));
  }
}

TEST_CASE("floor_divide, remainder, fmod: integers at the ends, numbers, operators, errors") {
  for (const DType dtype : {int8, int16, int32, int64}) {
    const std::int64_t least = -(std::int64_t{1} << (8 * size_of(dtype) - 2)) * 2;
    const Tensor x = full({3}, least, dtype);
    CHECK(equal(remainder(x, -1), zeros({3}, dtype)));
    CHECK(equal(fmod(x, -1), zeros({3}, dtype)));
    CHECK(equal(floor_divide(x, -1), x));  // wraps around
    CHECK(equal(floor_divide(x, 2), full({3}, least / 2, dtype)));
  }
  const Tensor x = tensor({5, -5});
  CHECK(equal(x % 3, tensor({2, 1})));
  CHECK(equal(7 % x, tensor({2, -3})));
  CHECK(equal(fmod(7, x), tensor({2, 2})));
  CHECK(equal(x % 2.5, tensor({0.0, 0.0})));
  CHECK(floor_divide(x, 2.5).dtype() == float32);
  CHECK_THROWS_AS(x % 0, Error);
  CHECK_THROWS_AS(fmod(x, 0), Error);
  CHECK_THROWS_AS(floor_divide(x, 0), Error);
  CHECK_THROWS_AS(ones({2}, boolean) % ones({2}, boolean), DTypeError);
  CHECK_THROWS_AS(ones({2}, complex64) % 2, DTypeError);
  CHECK((zeros({0}) % zeros({0})).numel() == 0);
}

TEST_CASE("gradients: remainder, fmod, hypot, logaddexp") {
  for (const Tensor& x : orders(values({2, 3}))) {
    const Tensor y = values({3}, 40) * 0.37 + 3.1;
    check_gradients("remainder", [](const Tensors& in) { return square(remainder(in[0], in[1])); }, {x, y});
    check_gradients("fmod", [](const Tensors& in) { return square(fmod(in[0] * 4, in[1])); }, {x, y});
    check_gradients("hypot", [](const Tensors& in) { return hypot(in[0], in[1]); }, {x, values({3}, 40)});
    check_gradients("logaddexp", [](const Tensors& in) { return logaddexp(in[0], in[1]); },
                    {x, values({3}, 40)});
  }
}

TEST_CASE("hypot, logaddexp: corners") {
  const Tensor x = zeros({2}, float64).requires_grad_();
  sum(hypot(x, x)).backward();
  CHECK(equal(x.grad(), zeros({2}, float64)));
  CHECK(hypot(tensor({3}), tensor({4})).item<double>() == 5);
  CHECK(std::isfinite(hypot(tensor({3e38}), tensor({1e38})).item<double>()));
  const Tensor ends = tensor({HUGE_VAL, -HUGE_VAL, 1000.0}, float64).requires_grad_();
  const Tensor same = logaddexp(ends, ends.detach());
  CHECK(equal(same, tensor({HUGE_VAL, -HUGE_VAL, 1000 + std::log(2.0)}, float64)));
  sum(same).backward();
  CHECK(equal(ends.grad(), full({3}, 0.5, float64)));
}

TEST_CASE("lerp, addcmul, addcdiv: dtypes, errors, gradients") {
  const Tensor a = values({2, 3}), b = values({3}, 11), c = values({2, 1}, 23);
  check_gradients("lerp", [](const Tensors& in) { return lerp(in[0], in[1], in[2]); }, {a, b, c});
  check_gradients("lerp by a number", [](const Tensors& in) { return lerp(in[0], in[1], 0.7); }, {a, b});
  check_gradients("addcmul", [](const Tensors& in) { return addcmul(in[0], in[1], in[2], 2.5); }, {a, b, c});
  check_gradients("addcdiv", [](const Tensors& in) { return addcdiv(in[0], in[1], in[2], -1.5); }, {a, b, c});
  const Tensor z = complex_values({3}), w = complex_values({3}, 7);
  check_gradients(
      "complex addcmul",
      [](const Tensors& in) { return addcmul(in[0], in[1], in[0], std::complex<double>(0.5, 2)); }, {z, w});
  check_gradients(
      "complex addcdiv",
      [](const Tensors& in) { return addcdiv(in[0], in[1], in[0], std::complex<double>(0.5, 2)); }, {z, w});
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    CHECK(equal(lerp(zeros({2}, dtype), full({2}, 8, dtype), 0.25), full({2}, 2, dtype)));
    CHECK(
        equal(addcmul(ones({2}, dtype), full({2}, 3, dtype), full({2}, 4, dtype), 0.5), full({2}, 7, dtype)));
    CHECK(equal(addcdiv(ones({2}, dtype), full({2}, 3, dtype), full({2}, 4, dtype), 4), full({2}, 4, dtype)));
  }
  CHECK_THROWS_AS(lerp(ones({2}), ones({2}, float64), 0.5), DTypeError);
  CHECK_THROWS_AS(lerp(ones({2}, int64), ones({2}, int64), 0.5), DTypeError);
  CHECK_THROWS_AS(lerp(ones({2}), ones({3}), 0.5), ShapeError);
  for (const Scalar& bad : {Scalar(1.5), Scalar(0x1p63), Scalar(-HUGE_VAL), Scalar(std::nan("")),
                            Scalar(std::complex<double>(2, 0))})
    CHECK_THROWS_AS(addcmul(ones({2}, int64), ones({2}, int64), ones({2}, int64), bad), DTypeError);
  CHECK_THROWS_AS(addcmul(ones({2}), ones({2}), ones({2}), std::complex<double>(2, 0)), DTypeError);
  CHECK_THROWS_AS(addcdiv(ones({2}, int64), ones({2}, int64), ones({2}, int64)), DTypeError);
}

TEST_CASE("whole factors beside integers count as integers, exactly") {
  const Tensor x = tensor({7, -7}), m = tensor({1, 2, 3, 4}).reshape({2, 2});
  CHECK(equal(addcmul(x, x, x, 2.0), tensor({105, 91})));
  CHECK(equal(addcmul(tensor({0}), tensor({1}), tensor({1}), -0x1p63), tensor({INT64_MIN})));
  CHECK(equal(addcmul(x, x, x, true), tensor({56, 42})));
  CHECK(equal(addmm(tensor({1, 2}), m, m, 1.0, 2.0), addmm(tensor({1, 2}), m, m, 1, 2)));
  CHECK(addmm(tensor({1, 2}), m, m, -2.0, 1.0).dtype() == int64);
  CHECK(equal(add(x, x, 3.0), mul(x, 4)));
  CHECK(equal(sub(x, x, 3.0), mul(x, -2)));
  CHECK(equal(x.clone().add_(x, 3.0), mul(x, 4)));
  CHECK(equal(add(tensor({1}, uint8), tensor({200}, uint8), -1.0), tensor({57}, uint8)));
  CHECK_THROWS_WITH_AS(add(x, x, 0.5), doctest::Contains("alpha"), DTypeError);
  CHECK_THROWS_WITH_AS(addmm(x, m, m, 0.5), doctest::Contains("beta"), DTypeError);
  CHECK_THROWS_WITH_AS(addmm(x, m, m, 1, 0.5), doctest::Contains("alpha"), DTypeError);
}

TEST_CASE("nan_to_num: each dtype's own ends") {
  const double nan = std::nan("");
  CHECK(equal(nan_to_num(tensor({nan, HUGE_VAL, -HUGE_VAL, 2.0}, float16)),
              tensor({0.0, 65504.0, -65504.0, 2.0}, float16)));
  CHECK(equal(nan_to_num(tensor({nan, HUGE_VAL, -1.0}, float64), 7, 8), tensor({7.0, 8.0, -1.0}, float64)));
  // What comes in place of a NaN stays.
  CHECK(equal(nan_to_num(tensor({nan, HUGE_VAL, -HUGE_VAL}), HUGE_VAL, 8, 9), tensor({HUGE_VAL, 8.0, 9.0})));
  CHECK(
      equal(nan_to_num(tensor({nan, HUGE_VAL, -HUGE_VAL}), -HUGE_VAL, 8, 9), tensor({-HUGE_VAL, 8.0, 9.0})));
  CHECK(equal(nan_to_num(tensor({1, 2})), tensor({1, 2})));
  check_gradients("nan_to_num", [](const Tensors& in) { return square(nan_to_num(in[0])); }, {values({5})});
  CHECK_THROWS_AS(nan_to_num(ones({2}, complex64)), DTypeError);
}

}  // namespace wick::test
