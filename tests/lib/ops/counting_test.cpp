#include "gradcheck.h"

namespace wick::test {

TEST_CASE("bincount: how often each number occurs") {
  CHECK(equal(bincount(tensor({1.0, 3.0, 1.0}, int64)), tensor({0.0, 2.0, 0.0, 1.0}, int64)));
}

TEST_CASE("bincount: dtypes, strides, weights") {
  for (const DType dtype : {boolean, uint8, int8, int16, int32, int64}) {
    const Tensor x = tensor({1.0, 0.0, 1.0, 1.0}, dtype);
    CHECK(equal(bincount(x), tensor({1.0, 3.0}, int64)));
    CHECK(equal(bincount(x.slice(0, 0, 4, 2), {}, 4), tensor({0.0, 2.0, 0.0, 0.0}, int64)));
  }
  const Tensor x = tensor({2.0, 0.0, 2.0}, int64);
  CHECK(equal(bincount(x, tensor({0.5, 2.0, 0.25})), tensor({2.0, 0.0, 0.75})));
  CHECK(equal(bincount(x, tensor({1.0, 2.0, 3.0}, int32)), tensor({2.0, 0.0, 4.0}, float64)));
  CHECK(bincount(zeros({0}, int64)).numel() == 0);
  check_gradients("bincount", [x](const Tensors& in) { return bincount(x, in[0], 5); }, {values({3})});
}

TEST_CASE("histc: counts by hand, whatever the dtype") {
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    const Tensor x = tensor({0.0, 0.25, 0.5, 1.0, 1.0, -3.0, 9.0, std::nan("")}, dtype);
    CHECK(identical(histc(x, 4, 0, 1), tensor({1.0, 1.0, 1.0, 2.0}, dtype)));
  }
  CHECK(equal(histc(zeros({0}), 2), zeros({2})));
  // The edges decide, not a rounded product: every i / 100 belongs to bin i.
  std::vector<double> edges;
  for (int i = 0; i < 100; ++i) edges.push_back(i / 100.0);
  CHECK(equal(histc(tensor(edges, {100}, float64), 100, 0, 1), ones({100}, float64)));
  // A range whose length overflows.
  CHECK(
      equal(histc(tensor({-1e308, 0.5, 1e308}, float64), 2, -1.5e308, 1.5e308), tensor({1.0, 2.0}, float64)));
  CHECK_THROWS_AS(histc(tensor({1.0, HUGE_VAL})), Error);
  CHECK_THROWS_AS(histc(ones({2}), 0), Error);
  CHECK_THROWS_AS(histc(ones({2}, int64)), DTypeError);
}

TEST_CASE("histogram: edges, weights, density") {
  const Tensor x = tensor({1.0, 2.0, 1.0, 3.5}, float64);
  const auto [hist, edges] =
      histogram(x, 4, std::pair{0.0, 4.0}, tensor({1.0, 2.0, 4.0, 1.0}, float64), true);
  CHECK(equal(hist, tensor({0.0, 0.625, 0.25, 0.125}, float64)));
  CHECK(equal(edges, tensor({0.0, 1.0, 2.0, 3.0, 4.0}, float64)));
  CHECK_THROWS_AS(histogram(x, 4, std::nullopt, ones({3})), ShapeError);
  for (const bool density : {false, true}) {
    for (const Tensor& weights : orders(positive({2, 4}))) {
      check_gradients("histogram",
                      [&](const Tensors& in) {
                        // The last element lies outside.
                        const Tensor places = tensor({0.5, 1.5, 0.6, 2.5, 0.1, 1.1, 1.2, 9.0}, float64);
                        return histogram(places.reshape({2, 4}), 3, std::pair{0.0, 3.0}, in[0], density).hist;
                      },
                      {weights});
    }
  }
}

TEST_CASE("cov, corrcoef: PyTorch's, and by hand where data lie far from 0") {
  const Tensor x = tensor({0.0, 2.0, 4.0, 3.0, 1.0, 8.0}, float64).reshape({2, 3});
  CHECK(allclose(cov(x), tensor({4.0, 5.0, 5.0, 13.0}, float64).reshape({2, 2}), 1e-14));
  CHECK(allclose(cov(x, 1, tensor({2.0, 1.0, 1.0}, int64)),
                 tensor({11.0 / 3, 23.0 / 6, 23.0 / 6, 107.0 / 12}, float64).reshape({2, 2}), 1e-14));
  CHECK(allclose(corrcoef(x)[0][1], scalar_tensor(5 / std::sqrt(52.0), float64), 1e-14));
  CHECK(cov(tensor({10000000.0, 10000001.0, 10000002.0})).item().to_double() == 1);
  CHECK(cov(tensor({300.0, -300.0}, float16)).item().to_double() == HUGE_VAL);  // 180000 does not fit
  CHECK(cov(ones({2, 0})).sizes() == Shape{2, 2});
  CHECK(std::isnan(cov(ones({1})).item().to_double()));
  const Tensor z = complex(x, x.slice(1, 0, 1));
  CHECK(allclose(real(cov(z)), cov(x), 1e-14));
  for (const Tensor& in : orders(values({3, 5}))) {
    check_gradients("cov", [](const Tensors& t) { return cov(t[0]); }, {in});
    check_gradients("corrcoef", [](const Tensors& t) { return corrcoef(t[0]); }, {in});
  }
}

}  // namespace wick::test
