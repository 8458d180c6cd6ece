#include <cmath>

#include "gradcheck.h"

namespace wick::test {

TEST_CASE("any, all: every dtype, wherever the one element is") {
  for (const DType dtype : all_dtypes) {
    for (const std::int64_t n : {1, 7, 1000, 600000}) {
      for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
        const Tensor x = zeros({n}, dtype), y = ones({n}, dtype);
        CHECK_FALSE(any(x).item<bool>());
        CHECK(all(y).item<bool>());
        x[at].fill_(1);
        y[at].fill_(0);
        CHECK(any(x).item<bool>());
        CHECK_FALSE(all(y).item<bool>());
        CHECK(count_nonzero(x).item<std::int64_t>() == 1);
        CHECK(any(x).dtype() == (dtype == uint8 ? uint8 : boolean));
      }
    }
  }
  CHECK(any(full({1}, std::complex<double>(0, 1), complex64)).item<bool>());
  CHECK(all(tensor({1.0, std::nan("")})).item<bool>());
}

TEST_CASE("any, all, count_nonzero: dims, nothing, views") {
  const Tensor x = tensor({1.0, 0.0, 0.0, 2.0, 0.0, 3.0}).reshape({2, 3});
  CHECK(equal(any(x, 0), tensor({true, false, true})));
  CHECK(equal(all(x, -1, true), tensor({false, false}).reshape({2, 1})));
  CHECK(equal(any(x, {0, 1}), scalar_tensor(true, boolean)));
  CHECK(equal(count_nonzero(x, 1), tensor({1, 2})));
  CHECK(equal(any(x.t()[1].expand({4, 2})), scalar_tensor(false, boolean)));
  CHECK(equal(any(zeros({0, 2}), 0), tensor({false, false})));
  CHECK(equal(all(zeros({0, 2}), 0), tensor({true, true})));
  CHECK(all(zeros({0})).item<bool>());
  CHECK_THROWS_AS(any(x, 2), IndexError);
}

TEST_CASE("equal: sizes, dtypes, NaN, long tensors") {
  CHECK(wick::equal(tensor({1, 2}), tensor({1.0, 2.0})));
  CHECK_FALSE(wick::equal(zeros({0}), zeros({0, 2})));
  CHECK_FALSE(wick::equal(tensor({std::nan("")}), tensor({std::nan("")})));
  const Tensor x = arange(700000, int64), y = x.clone();
  CHECK(wick::equal(x, y));
  y[699999].fill_(0);
  CHECK_FALSE(wick::equal(x, y));
  CHECK(wick::equal(x.reshape({700, 1000}).t(), x.reshape({700, 1000}).t().contiguous()));
}

TEST_CASE("prod: wider than the data, dtypes, gradients beside zeros") {
  CHECK(prod(tensor({1e30, 1e30, 1e-30, 1e-30})).item<double>() == doctest::Approx(1));
  CHECK(prod(cat({full({20}, 2, float16), full({20}, 0.5, float16)}, 0)).item<double>() == 1);
  CHECK(equal(prod(tensor({300.0, 300.0}, float16), float32), scalar_tensor(90000, float32)));
  CHECK(equal(prod(full({3}, 200, uint8)), scalar_tensor(8000000, int64)));
  CHECK(equal(prod(tensor({true, true})), scalar_tensor(1, int64)));
  CHECK(equal(prod(zeros({0, 2}), 0), ones({2})));
  CHECK(equal(prod(arange(1, 7, 1, int64).reshape({2, 3}), {0, 1}), scalar_tensor(720, int64)));
  Tensor long_one = ones({1 << 20});  // in pieces
  long_one[0].fill_(3);
  long_one[-1].fill_(5);
  CHECK(prod(long_one).item<double>() == 15);
  for (const Tensor& x : orders(values({2, 3, 2}))) {
    for (const Dims& dims : {Dims{}, Dims{0}, Dims{1}, Dims{0, 2}, Dims{-1, 1}})
      check_gradients("prod", [=](const Tensors& in) { return prod(in[0], dims); }, {x});
  }
  Tensor holes = values({3, 4});
  holes[0][1].fill_(0);
  holes[1][1].fill_(0);
  holes[1][3].fill_(0);
  check_gradients("prod with zeros", [](const Tensors& in) { return prod(in[0], 1); }, {holes});
  check_gradients("prod of nothing", [](const Tensors& in) { return prod(in[0], 1); },
                  {zeros({2, 0}, float64)});
  check_gradients("prod, 0-d", [](const Tensors& in) { return prod(in[0]); }, {values({})});
  check_gradients("complex prod", [](const Tensors& in) { return prod(in[0], 0); }, {complex_values({3, 2})});
}

TEST_CASE("prod: the gradient has its digits where the product has lost its own") {
  const auto gradient = [](const Tensor& x) {
    const Tensor leaf = x.clone().requires_grad_();
    prod(leaf).backward();
    return leaf.grad();
  };
  // In float64, whose product of the others is exact enough.
  const auto wanted_of = [](const Tensor& x) {
    const std::vector<double> numbers = to_vector<double>(x);
    std::vector<double> out(numbers.size(), 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::size_t j = 0; j < out.size(); ++j) out[i] *= i == j ? 1 : numbers[j];
    }
    return tensor(out, x.sizes(), x.dtype());
  };
  const Tensor samples[] = {full({7}, 0.1, float16), tensor({1e-20, 1e-20, 1e-4}, float32),
                            tensor({1e-20, 1e-20, 1e-4}, bfloat16), tensor({1e-160, 1e-160, 1e10}, float64)};
  for (const Tensor& x : samples)
    CHECK_MESSAGE(ulp_distance(gradient(x), wanted_of(x)) <= 1, name(x.dtype()));
  CHECK(allclose(real(gradient(samples[1].to(complex64))), wanted_of(samples[1]), 1e-6, 1e-44));
  // Of several lines one has lost digits, and one is too large.
  const Tensor leaf =
      tensor({1e-20, 1e-20, 1e-4, 1.0, 2.0, 3.0, 1e30, 1e30, 1e-30}).reshape({3, 3}).requires_grad_();
  sum(prod(leaf, 1)).backward();
  const Tensor wanted = tensor({1e-24, 1e-24, 1e-40, 6.0, 3.0, 2.0, 1.0, 1.0, HUGE_VAL}).reshape({3, 3});
  CHECK(allclose(leaf.grad(), wanted, 1e-6, 1e-44));
}

TEST_CASE("nansum, nanmean: without NaN as sum and mean, and the gradient is 0 at NaN") {
  const double nan = std::nan("");
  CHECK(equal(nansum(tensor({1.0, nan, 2.0})), scalar_tensor(3, float32)));
  CHECK(equal(nansum(tensor({nan, nan})), scalar_tensor(0, float32)));
  CHECK(std::isnan(nanmean(tensor({nan})).item<double>()));
  CHECK(equal(nanmean(tensor({60000.0, nan, 60000.0}, float16)), scalar_tensor(60000, float16)));
  CHECK(equal(nanmean(tensor({3e38, 3e38})), tensor({3e38})[0]));
  CHECK(equal(nansum(tensor({3, 4})), scalar_tensor(7, int64)));
  CHECK(nansum(ones({1 << 20})).item<double>() == 1 << 20);
  for (const Tensor& x : orders(values({2, 3}))) {
    for (const Dims& dims : {Dims{}, Dims{0}, Dims{0, 1}}) {
      CHECK(equal(nansum(x, dims), sum(x, dims)));
      check_gradients("nansum", [=](const Tensors& in) { return square(nansum(in[0], dims)); }, {x});
      check_gradients("nanmean", [=](const Tensors& in) { return square(nanmean(in[0], dims)); }, {x});
    }
  }
  const Tensor x = tensor({1.0, nan, 5.0}).requires_grad_();
  nanmean(x).backward();
  CHECK(equal(x.grad(), tensor({0.5, 0.0, 0.5})));
  CHECK_THROWS_AS(nansum(ones({2}, complex64)), DTypeError);
  CHECK_THROWS_AS(nanmean(ones({2}, int64)), DTypeError);
}

TEST_CASE("logsumexp: range, half precision, nothing, gradients") {
  CHECK(logsumexp(tensor({1e4, 1e4}, float64), 0).item<double>() == doctest::Approx(1e4 + std::log(2.0)));
  CHECK(logsumexp(full({1000}, 60000, float16), 0).item<double>() == 60000);
  CHECK(equal(logsumexp(zeros({0, 2}), 0), full({2}, -HUGE_VAL)));
  CHECK(equal(logsumexp(zeros({2, 0}), 0), zeros({0})));
  CHECK(logsumexp(tensor({1, 2}), 0).dtype() == float32);
  for (const Tensor& x : orders(values({2, 3}))) {
    for (const Dims& dims : {Dims{}, Dims{0}, Dims{0, 1}})
      check_gradients("logsumexp", [=](const Tensors& in) { return logsumexp(in[0], dims); }, {x});
  }
  // Nobody has a share in a line of exp(-inf); infinite elements share an infinite result.
  const double huge = HUGE_VAL;
  for (const DType dtype : {float16, float32, float64}) {
    const Tensor lines =
        tensor({-huge, -huge, -huge, 1.0, 1.0, -huge, huge, 2.0, huge, -huge, huge, -huge}, dtype)
            .reshape({4, 3})
            .requires_grad_();
    sum(logsumexp(lines, 1)).backward();
    const Tensor shares =
        tensor({0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.5, 0.0, 0.5, 0.0, 1.0, 0.0}, dtype).reshape({4, 3});
    CHECK(allclose(lines.grad(), shares, 0, 1e-3));
    CHECK(equal(lines.grad()[0], shares[0]));
  }
  const Tensor masked = full({3}, -huge, float64).requires_grad_();
  const Tensor first = grad({logsumexp(masked, 0)}, {masked}, {ones({}, float64)}, true, true)[0];
  CHECK(equal(grad({sum(first)}, {masked})[0], zeros({3}, float64)));
  CHECK_THROWS_AS(logsumexp(ones({2}, complex64), 0), DTypeError);
}

TEST_CASE("amax, amin: ties and NaN share the gradient") {
  const double nan = std::nan("");
  const Tensor x = tensor({1.0, 3.0, 3.0, nan, 2.0, nan}).reshape({2, 3}).requires_grad_();
  const Tensor top = amax(x, 1);
  CHECK(top[0].item<double>() == 3);
  CHECK(std::isnan(top[1].item<double>()));
  sum(top).backward();
  CHECK(equal(x.grad(), tensor({0.0, 0.5, 0.5, 0.5, 0.0, 0.5}).reshape({2, 3})));
  CHECK(equal(amin(tensor({true, false})), scalar_tensor(false, boolean)));
  CHECK_THROWS_AS(amax(zeros({0})), ShapeError);
  CHECK_THROWS_AS(amax(ones({2}, complex64)), DTypeError);
  CHECK(amax(zeros({0, 2}), 1).numel() == 0);
  for (const Tensor& y : orders(values({2, 3}))) {
    check_gradients("amax", [](const Tensors& in) { return square(amax(in[0], {0, 1})); }, {y});
    check_gradients("amin", [](const Tensors& in) { return square(amin(in[0], 1, true)); }, {y});
  }
}

}  // namespace wick::test
