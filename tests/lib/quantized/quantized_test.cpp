#include "wick/quantized/quantized.h"

#include <cmath>
#include <limits>

#include "levels.h"
#include "operations.h"

namespace wick::test {
namespace {

QuantizedDType word(const Arguments& a, std::size_t i) { return *quantized_dtype_by_name(a[i].text); }

Tensors parts(const QuantizedTensor& q) { return {q.int_repr(), q.dequantize()}; }

Tensors combined(const Arguments& a, bool sum) {
  const QuantizedTensor x(t(a, 0), a[1].real(), a[2].whole()), y(t(a, 3), a[4].real(), a[5].whole());
  const double scale = a[6].real();
  const std::int64_t zero = a[7].whole();
  return {(sum ? quantized::add(x, y, scale, zero) : quantized::mul(x, y, scale, zero)).int_repr()};
}

const Operations quantized_operations = registered({
    {"quantize_per_tensor",
     [](const Arguments& a) {
       return parts(quantize_per_tensor(t(a, 0), a[1].real(), a[2].whole(), word(a, 3)));
     }},
    {"quantize_per_channel",
     [](const Arguments& a) {
       return parts(quantize_per_channel(t(a, 0), t(a, 1), t(a, 2), a[3].whole(), word(a, 4)));
     }},
    {"quantized_add", [](const Arguments& a) { return combined(a, true); }},
    {"quantized_mul", [](const Arguments& a) { return combined(a, false); }},
    {"fake_quantize_per_tensor",
     [](const Arguments& a) {
       return Tensors{
           fake_quantize_per_tensor(t(a, 0), a[1].real(), a[2].whole(), a[3].whole(), a[4].whole())};
     }},
    {"fake_quantize_per_channel",
     [](const Arguments& a) {
       return Tensors{
           fake_quantize_per_channel(t(a, 0), t(a, 1), t(a, 2), a[3].whole(), a[4].whole(), a[5].whole())};
     }},
});

constexpr double inf = std::numeric_limits<double>::infinity();

TEST_CASE("quantized tensors: PyTorch's levels and numbers") {
  EachLevel()([](const std::string& level) {
    CAPTURE(level);
    check_reference("quantized.txt", all_operations());
  });
}

TEST_CASE("quantized tensors: what is known of one") {
  const Tensor x = tensor({0.26, -0.74, 1.25, 100.0}).reshape({2, 2});
  const QuantizedTensor q = quantize_per_tensor(x, 0.5, 3, qint8);
  CHECK(q.dtype() == qint8);
  CHECK(name(q.dtype()) == "qint8");
  CHECK(capital_name(q.dtype()) == "QInt8");
  CHECK(q.sizes() == Shape{2, 2});
  CHECK(q.numel() == 4);
  CHECK(equal(q.int_repr(), tensor({4, 2, 5, 127}, int8).reshape({2, 2})));
  CHECK(equal(q.dequantize(), tensor({0.5, -0.5, 1.0, 62.0}).reshape({2, 2})));
  CHECK(q.q_scale() == 0.5);
  CHECK(q.q_zero_point() == 3);
  CHECK(!q.is_per_channel());
  CHECK_THROWS_AS(q.q_per_channel_scales(), Error);
  CHECK_THROWS_AS(q.q_per_channel_zero_points(), Error);
  CHECK_THROWS_AS(q.q_per_channel_axis(), Error);
  CHECK(to_string(quantize_per_tensor(ones({1}), 0.5, 3, quint8)) ==
        "tensor([1.], dtype=quint8, scale=0.5, zero_point=3)");

  const Tensor scales = tensor({0.1, 0.25}), zeros_of = tensor({3, -7}, int32);
  const QuantizedTensor c = quantize_per_channel(x, scales, zeros_of, 1, qint32);
  CHECK(c.is_per_channel());
  CHECK(c.q_per_channel_axis() == 1);
  CHECK(identical(c.q_per_channel_scales(), scales.to(float64)));
  CHECK(identical(c.q_per_channel_zero_points(), zeros_of.to(int64)));
  CHECK_THROWS_AS(c.q_scale(), Error);
  CHECK_THROWS_AS(c.q_zero_point(), Error);
  // What it was made of may change.
  scales.fill_(9);
  CHECK(c.q_per_channel_scales()[1].item<double>() == 0.25);
}

TEST_CASE("quantized tensors: numbers beyond the levels go to the last one, NaN to the zero point") {
  const Tensor x = tensor({NAN, inf, -inf, 1e30, -1e30, 3e38});
  EachLevel()([&](const std::string&) {
    CHECK(equal(quantize_per_tensor(x, 1, 7, quint8).int_repr(), tensor({7, 255, 0, 255, 0, 255}, uint8)));
    CHECK(equal(quantize_per_tensor(x, 1e-30, -7, qint8).int_repr(),
                tensor({-7, 127, -128, 127, -128, 127}, int8)));
    CHECK(equal(quantize_per_tensor(x, 1, INT32_MIN, qint32).int_repr(),
                tensor({INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX}, int32)));
    CHECK(equal(fake_quantize_per_tensor(x, 0.5, 1, -2, 3), tensor({0.0, 1.0, -1.5, 1.0, -1.5, 1.0})));
    CHECK(equal(fake_quantize_per_tensor(x.to(float64), 0.5, 1, -2, 3),
                tensor({0.0, 1.0, -1.5, 1.0, -1.5, 1.0}, float64)));
  });
}

TEST_CASE("quantized tensors: halves go to the even level, in every memory order") {
  const auto value = [](std::int64_t i) { return static_cast<double>(i % 41 - 20) / 2; };
  for (const Tensor& x :
       {filled({3, 7}, float32, value), permuted(float32, value),
        filled({9, 8}, float32, value).slice(0, 1, 9, 3), filled({5}, float32, value).expand({3, 5}),
        filled({1300}, float32, value), empty({0, 3})}) {
    const QuantizedTensor q = quantize_per_tensor(x, 1, 0, qint8);
    CHECK(equal(q.dequantize(), round(x)));
    CHECK(q.sizes() == x.sizes());
    if (x.dim() < 2) continue;
    // A channel's scale at each position of an axis is that of the others where they are all one.
    for (std::int64_t axis = 0; axis < x.dim(); ++axis) {
      const std::int64_t n = x.size(axis);
      const QuantizedTensor c = quantize_per_channel(x, ones({n}), zeros({n}, int64), axis, qint8);
      CHECK(equal(c.int_repr(), q.int_repr()));
      CHECK(equal(c.dequantize(), q.dequantize()));
    }
  }
}

TEST_CASE("quantized tensors: what is refused") {
  const Tensor x = ones({2, 3}), s = ones({3}), z = zeros({3}, int64);
  for (const double scale : {0.0, -1.0, inf, static_cast<double>(NAN), 1e-50, 1e39}) {
    CHECK_THROWS_AS(quantize_per_tensor(x, scale, 0, qint8), Error);
    CHECK_THROWS_AS(fake_quantize_per_tensor(x, scale, 0, 0, 255), Error);
    CHECK_THROWS_AS(quantize_per_channel(x, full({3}, scale, float64), z, 1, qint8), Error);
  }
  CHECK_THROWS_WITH_AS(quantize_per_tensor(x, 1, 300, quint8),
                       "quantize_per_tensor: zero_point must be from 0 to 255, 300 was given", Error);
  CHECK_THROWS_AS(quantize_per_tensor(x, 1, -129, qint8), Error);
  CHECK_THROWS_AS(quantize_per_tensor(x, 1, INT64_C(1) << 31, qint32), Error);
  CHECK_THROWS_AS(quantize_per_tensor(x.to(float64), 1, 0, qint8), DTypeError);
  CHECK_THROWS_AS(quantize_per_tensor(x.to(int32), 1, 0, qint8), DTypeError);
  CHECK_THROWS_AS(quantize_per_channel(x, s, z, 0, qint8), ShapeError);
  CHECK_THROWS_AS(quantize_per_channel(x, s, z, 2, qint8), IndexError);
  CHECK_THROWS_AS(quantize_per_channel(x, s, z, -1, qint8), IndexError);
  CHECK_THROWS_AS(quantize_per_channel(x, s, zeros({3}), 1, qint8), DTypeError);
  CHECK_THROWS_AS(quantize_per_channel(x, z, z, 1, qint8), DTypeError);
  CHECK_THROWS_AS(quantize_per_channel(x, s, full({3}, 128, int64), 1, qint8), Error);
  CHECK_THROWS_AS(QuantizedTensor(x, 1, 0), DTypeError);
  CHECK_THROWS_AS(fake_quantize_per_tensor(x, 1, 300, 0, 255), Error);
  CHECK_THROWS_AS(fake_quantize_per_tensor(x, 1, 0, 3, -3), Error);
  CHECK_THROWS_AS(fake_quantize_per_tensor(x.to(int64), 1, 0, 0, 255), DTypeError);
  const QuantizedTensor a = quantize_per_tensor(x, 1, 0, qint8), b = quantize_per_tensor(x, 1, 0, quint8),
                        c = quantize_per_channel(x, s, z, 1, qint8);
  CHECK_THROWS_AS(quantized::add(a, b, 1, 0), DTypeError);
  CHECK_THROWS_AS(quantized::mul(a, c, 1, 0), Error);
  CHECK_THROWS_AS(quantized::add(a, quantize_per_tensor(ones({4}), 1, 0, qint8), 1, 0), ShapeError);
}

TEST_CASE("quantized tensors: arithmetic") {
  const QuantizedTensor a = quantize_per_tensor(tensor({1.04, -0.52, 2.31, 0.7}), 0.1, 10, quint8);
  const QuantizedTensor b = quantize_per_tensor(tensor({0.38, 0.91, -1.72, 3.1}), 0.05, 60, quint8);
  EachLevel()([&](const std::string&) {
    CHECK(equal(quantized::add(a, b, 0.3, 20, -2).int_repr(), tensor({21, 12, 39, 2}, uint8)));
    CHECK(equal(quantized::relu(a).int_repr(), tensor({20, 10, 33, 17}, uint8)));
  });
  const QuantizedTensor c = quantize_per_channel(tensor({-1.0, 1.0, -1.0, 1.0}).reshape({2, 2}),
                                                 tensor({0.5, 0.25}), tensor({5, -3}), 1, qint8);
  CHECK(equal(quantized::relu(c).dequantize(), tensor({0.0, 1.0, 0.0, 1.0}).reshape({2, 2})));
  // qint32 levels are added exactly.
  const QuantizedTensor large(tensor({INT32_MAX, INT32_MIN, 0}, int32), 1, 0);
  CHECK(equal(quantized::add(large, large, 2, 0).int_repr(), tensor({INT32_MAX, INT32_MIN, 0}, int32)));
}

TEST_CASE("quantized tensors: gradients go through what was not clamped") {
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    const Tensor x = tensor({0.3, -2.0, 5.0, 1.1, static_cast<double>(NAN)}, dtype);
    x.requires_grad_();
    const Tensor y = fake_quantize_per_tensor(x, 0.5, 1, -2, 3);
    CHECK(y.dtype() == dtype);
    sum(mul(y.to(float32), tensor({2.0, 3.0, 4.0, 5.0, 6.0}))).backward();
    CHECK(equal(x.grad(), tensor({2.0, 0.0, 0.0, 5.0, 0.0}, dtype)));
  }
  const Tensor x = tensor({0.3, -9.0, 5.0, 1.1}).reshape({2, 2});
  x.requires_grad_();
  sum(fake_quantize_per_channel(x, tensor({0.5, 1.0}), tensor({0.5, -0.5}), 1, -8, 7)).backward();
  CHECK(equal(x.grad(), tensor({1.0, 0.0, 0.0, 1.0}).reshape({2, 2})));
  CHECK(!fake_quantize_per_tensor(x.detach(), 1, 0, 0, 1).requires_grad());
}

}  // namespace
}  // namespace wick::test
