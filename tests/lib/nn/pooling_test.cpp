#include <cmath>

#include "gradcheck.h"
#include "operations.h"

namespace wick::test {
namespace {

// The result, and the gradient of the tensor where its own is -2, -1, 0, 1, 2, -2, ...
template <class F>
Tensors with_gradient(const Arguments& a, F f) {
  const Tensor x = t(a, 0).detach().requires_grad_();
  const Tensor out = f(x);
  const Tensor weights =
      filled(out.sizes(), out.dtype(), [](std::int64_t i) { return static_cast<double>(i % 5 - 2); });
  return {out.detach(), grad({out}, {x}, {weights})[0]};
}

MaxPoolOptions max_options(const Arguments& a) {
  return {a[2].list(), a[3].list(), a[4].list(), a[5].flag()};
}

using Largest = MaximaIndices (*)(const Tensor&, const Dims&, const MaxPoolOptions&);
template <Largest f>
Tensors maxima(const Arguments& a) {
  Tensor indices;
  Tensors out = with_gradient(a, [&](const Tensor& x) {
    const MaximaIndices found = f(x, a[1].list(), max_options(a));
    indices = found.indices;
    return found.values;
  });
  out.push_back(indices);
  return out;
}

using LargestValues = Tensor (*)(const Tensor&, const Dims&, const MaxPoolOptions&);
template <LargestValues f>
Tensors largest_values(const Arguments& a) {
  return {f(t(a, 0), a[1].list(), max_options(a))};
}

using Mean = Tensor (*)(const Tensor&, const Dims&, const AvgPoolOptions&);
template <Mean f>
Tensors means(const Arguments& a) {
  AvgPoolOptions options{a[2].list(), a[3].list(), a[4].flag(), a[5].flag()};
  if (a.size() > 6) options.divisor_override = a[6].whole();
  return with_gradient(a, [&](const Tensor& x) { return f(x, a[1].list(), options); });
}

using Lp = Tensor (*)(const Tensor&, double, const Dims&, const LpPoolOptions&);
template <Lp f>
Tensors lp(const Arguments& a) {
  return with_gradient(a, [&](const Tensor& x) {
    return f(x, a[1].real(), a[2].list(), {a[3].list(), a[4].flag()});
  });
}

template <Tensor (*f)(const Tensor&, const Dims&)>
Tensors adaptive_means(const Arguments& a) {
  return with_gradient(a, [&](const Tensor& x) { return f(x, a[1].list()); });
}

template <MaximaIndices (*f)(const Tensor&, const Dims&)>
Tensors adaptive_maxima(const Arguments& a) {
  Tensor indices;
  Tensors out = with_gradient(a, [&](const Tensor& x) {
    const MaximaIndices found = f(x, a[1].list());
    indices = found.indices;
    return found.values;
  });
  out.push_back(indices);
  return out;
}

using Fractional = MaximaIndices (*)(const Tensor&, const Dims&, const Dims&, const Tensor&);
template <Fractional f>
Tensors fractional(const Arguments& a) {
  manual_seed(static_cast<std::uint64_t>(a[3].whole()));
  const MaximaIndices found = f(t(a, 0), a[1].list(), a[2].list(), {});
  return {found.values, found.indices};
}

const Operations pools = registered({
    {"max_pool1d", maxima<max_pool1d_with_indices>},
    {"max_pool2d", maxima<max_pool2d_with_indices>},
    {"max_pool3d", maxima<max_pool3d_with_indices>},
    {"max_pool1d_values", largest_values<max_pool1d>},
    {"max_pool2d_values", largest_values<max_pool2d>},
    {"max_pool3d_values", largest_values<max_pool3d>},
    {"avg_pool1d", means<avg_pool1d>},
    {"avg_pool2d", means<avg_pool2d>},
    {"avg_pool3d", means<avg_pool3d>},
    {"lp_pool1d", lp<lp_pool1d>},
    {"lp_pool2d", lp<lp_pool2d>},
    {"adaptive_avg_pool1d", adaptive_means<adaptive_avg_pool1d>},
    {"adaptive_avg_pool2d", adaptive_means<adaptive_avg_pool2d>},
    {"adaptive_avg_pool3d", adaptive_means<adaptive_avg_pool3d>},
    {"adaptive_max_pool1d", adaptive_maxima<adaptive_max_pool1d>},
    {"adaptive_max_pool2d", adaptive_maxima<adaptive_max_pool2d>},
    {"adaptive_max_pool3d", adaptive_maxima<adaptive_max_pool3d>},
    {"fractional_max_pool2d", fractional<fractional_max_pool2d>},
    {"fractional_max_pool3d", fractional<fractional_max_pool3d>},
});

}  // namespace

TEST_CASE("pooling: PyTorch's, with gradients") { check_reference("pooling.txt", pools); }

TEST_CASE("pooling: gradients of gradients") {
  const Tensor x = values({2, 1, 4, 5});
  check_gradients("max_pool2d",
                  [](const Tensors& a) { return max_pool2d(a[0], 3, {.stride = 2, .padding = 1}); }, {x});
  check_gradients(
      "avg_pool2d",
      [](const Tensors& a) {
        return avg_pool2d(a[0], {2, 3}, {.padding = 1, .ceil_mode = true, .count_include_pad = false});
      },
      {x});
  check_gradients("adaptive_avg_pool2d",
                  [](const Tensors& a) {
                    return adaptive_avg_pool2d(a[0], {3, 2});
                  },
                  {x});
  check_gradients("adaptive_max_pool2d", [](const Tensors& a) { return adaptive_max_pool2d(a[0], 3).values; },
                  {x});
  check_gradients("lp_pool2d", [](const Tensors& a) { return lp_pool2d(a[0], 2, 2); },
                  {positive({1, 2, 4, 4})});
  const Tensor samples =
      filled({2, 1, 2}, float64, [](std::int64_t i) { return 0.2 * static_cast<double>(i); });
  check_gradients("fractional_max_pool2d",
                  [&](const Tensors& a) {
                    return fractional_max_pool2d(a[0], 2, {3, 2}, samples).values;
                  },
                  {x});
}

TEST_CASE("pooling: dtypes") {
  const Tensor whole = filled({1, 1, 2, 4}, int64, [](std::int64_t i) { return static_cast<double>(i) - 5; });
  for (const DType dtype : {int8, int16, int32, int64, float16, bfloat16, float32, float64}) {
    CHECK(equal(max_pool2d(whole.to(dtype), 2), tensor({0, 2}).reshape({1, 1, 1, 2}).to(dtype)));
  }
  CHECK(equal(avg_pool2d(whole, 2), tensor({-2, 0}).reshape({1, 1, 1, 2})));
  CHECK(equal(avg_pool2d(whole.to(bfloat16), 2), tensor({-2.5, -0.5}, bfloat16).reshape({1, 1, 1, 2})));
  CHECK_THROWS_AS(avg_pool2d(whole.to(int32), 2), DTypeError);
  CHECK_THROWS_AS(max_pool2d(whole.to(boolean), 2), DTypeError);
  CHECK_THROWS_AS(max_pool2d(whole.to(complex64), 2), DTypeError);
}

TEST_CASE("pooling: the same maxima with positions and without, gradients where they are") {
  for (const DType dtype : {float32, float64, bfloat16, float16}) {
    for (const std::int64_t width : {5, 16, 17, 18, 35, 67}) {
      const Tensor x = randn({2, 3, 7, width}, float64).to(dtype);
      x[0][1][3][width / 2].fill_(NAN);
      x[1][2][4][width - 1].fill_(-INFINITY);
      for (const std::int64_t kernel : {1, 2, 3, 4}) {
        for (const std::int64_t stride : {1, 2, 3}) {
          for (const std::int64_t dilation : {1, 2}) {
            if (dilation * (kernel - 1) + 1 > 5) continue;
            const MaxPoolOptions o{.stride = {stride}, .padding = {kernel / 2}, .dilation = {dilation}};
            const auto [values, at] = max_pool2d_with_indices(x, kernel, o);
            CHECK(allclose(max_pool2d(x, kernel, o), values, 0, 0, true));
            const Tensor flat = x.reshape({2, 3, -1}), places = at.reshape({2, 3, -1});
            CHECK(allclose(gather(flat, 2, places), values.reshape({2, 3, -1}), 0, 0, true));
            const Tensor leaf = x.clone().requires_grad_();
            const Tensor g = randn(values.sizes(), float64).to(dtype);
            const Tensor back = grad({max_pool2d(leaf, kernel, o)}, {leaf}, {g})[0];
            const Tensor expected =
                scatter_add(zeros(flat.sizes(), float64), 2, places, g.to(float64).reshape({2, 3, -1}));
            CHECK(equal(back, expected.to(dtype).reshape(x.sizes())));
          }
        }
      }
    }
  }
}

TEST_CASE("pooling: one thread or several") {
  const int before = num_threads();
  for (const std::int64_t stride : {1, 2}) {
    Tensor values[2], gradients[2], means[2];
    for (const int threads : {1, 3}) {
      set_num_threads(threads);
      manual_seed(3);
      const Tensor x = randn({40, 8, 33, 29}).requires_grad_();
      const Tensor y = max_pool2d(x, 3, {.stride = {stride}, .padding = {1}});
      const int i = threads > 1;
      values[i] = y.detach();
      gradients[i] = grad({y}, {x}, {randn(y.sizes())})[0];
      const Tensor z = avg_pool2d(x, 3, {.stride = {stride}, .padding = {1}});
      means[i] = grad({z}, {x}, {randn(z.sizes())})[0];
    }
    CHECK(equal(values[0], values[1]));
    CHECK(equal(gradients[0], gradients[1]));
    CHECK(equal(means[0], means[1]));
  }
  set_num_threads(before);
}

TEST_CASE("pooling: maxima back at their places") {
  const Tensor x = values({2, 3, 4, 6});
  const auto [maxima, indices] = max_pool2d_with_indices(x, 2);
  const Tensor back = max_unpool(maxima, indices, {4, 6});
  CHECK(back.sizes() == x.sizes());
  CHECK(equal(max_pool2d_with_indices(back.abs(), 2).values, maxima.abs()));
  CHECK(equal(back.sum(), maxima.sum()));
  CHECK_THROWS_AS(max_unpool(maxima, indices, {2, 3}), IndexError);
}

TEST_CASE("pooling: empty batches, and what is refused") {
  CHECK(max_pool2d(zeros({0, 3, 4, 4}), 2).sizes() == Shape{0, 3, 2, 2});
  CHECK(avg_pool1d(zeros({0, 3, 4}), 2).sizes() == Shape{0, 3, 2});
  const Tensor x = zeros({0, 3, 4}).requires_grad_();
  CHECK(grad({max_pool1d(x, 2)}, {x}, {zeros({0, 3, 2})})[0].sizes() == Shape{0, 3, 4});
  CHECK(adaptive_avg_pool1d(ones({2, 3, 4}), 0).sizes() == Shape{2, 3, 0});
  CHECK_THROWS_AS(max_pool1d(ones({2, 3, 4}), 5), ShapeError);
  CHECK_THROWS_AS(max_pool1d(ones({2, 3, 4}), 2, {.padding = 2}), ShapeError);
  CHECK_THROWS_AS(max_pool1d(ones({2, 3, 4}), 0), ShapeError);
  CHECK_THROWS_AS(max_pool2d(ones({3, 4}), 2), ShapeError);
  CHECK_THROWS_AS(avg_pool2d(ones({1, 2, 3, 4}), 2, {.divisor_override = 0}), Error);
  CHECK_THROWS_AS(lp_pool1d(ones({1, 2, 3}), 0, 2), Error);
  CHECK_THROWS_AS(adaptive_avg_pool1d(zeros({2, 1, 0}), 2), ShapeError);
  CHECK_THROWS_AS(fractional_max_pool2d(ones({1, 1, 4, 4}), 3, 3), ShapeError);
}

TEST_CASE("pooling: layers") {
  const Tensor x = values({1, 2, 6, 6});
  CHECK(equal(nn::MaxPool2d(2, {.stride = 1})(x), max_pool2d(x, 2, {.stride = 1})));
  CHECK(equal(nn::AvgPool2d(3)(x), avg_pool2d(x, 3)));
  CHECK(equal(nn::AdaptiveAvgPool2d(1)(x), adaptive_avg_pool2d(x, 1)));
  CHECK(equal(nn::AdaptiveMaxPool2d({2, 3})(x), adaptive_max_pool2d(x, {2, 3}).values));
  CHECK(nn::MaxPool1d(2).parameters().empty());
}

TEST_CASE("pooling: drawn places are those of samples below 1") {
  const Tensor x = ones({1, 1, 6, 6});
  for (const double bad : {1e10, -3e9, 1.0, -0.5, static_cast<double>(NAN)})
    CHECK_THROWS_AS(fractional_max_pool2d(x, 2, 3, full({1, 1, 2}, bad)), Error);
  CHECK(fractional_max_pool2d(x, 2, 3, full({1, 1, 2}, 0.999)).values.sizes() == Shape{1, 1, 3, 3});
}

TEST_CASE("pooling: norms of large numbers and of zeros, means of large integers") {
  const Tensor x = tensor({1e30f, 1e30f, 0.0f, 0.0f}).reshape({1, 1, 4});
  x.requires_grad_();
  const Tensor y = lp_pool1d(x, 2, 2);
  CHECK(y.dtype() == float32);
  CHECK(y[0][0][0].item<double>() == doctest::Approx(std::sqrt(2.0) * 1e30));
  const Tensor g = grad({sum(y)}, {x})[0];
  CHECK(g[0][0][0].item<double>() == doctest::Approx(std::sqrt(0.5)));
  CHECK(g[0][0][2].item<double>() == 0);
  CHECK_THROWS_AS(lp_pool1d(ones({1, 1, 4}, complex64), 2, 2), DTypeError);
  const Tensor large = full({1, 1, 4}, INT64_MAX, int64);
  CHECK(equal(avg_pool1d(large, 2), full({1, 1, 2}, INT64_MAX, int64)));
  const std::int64_t odd = (std::int64_t{1} << 53) + 1;
  CHECK(equal(avg_pool2d(full({1, 1, 3, 3}, odd, int64), 3), full({1, 1, 1, 1}, odd, int64)));
}

}  // namespace wick::test
