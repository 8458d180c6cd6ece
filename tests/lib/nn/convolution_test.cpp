#include <cmath>

#include "gradcheck.h"
#include "operations.h"

namespace wick::test {
namespace {

// The result, and the gradients of the first tensors where its own are -2, -1, 0, 1, 2, -2, ...
template <class F>
Tensors with_gradients(const Arguments& a, std::size_t tensors, F f) {
  Tensors given;
  for (std::size_t i = 0; i < tensors; ++i) given.push_back(t(a, i).detach().requires_grad_());
  const Tensor out = f(given);
  const Tensor weights =
      filled(out.sizes(), out.dtype(), [](std::int64_t i) { return static_cast<double>(i % 5 - 2); });
  Tensors all{out.detach()};
  for (const Tensor& g : grad({out}, given, {weights})) all.push_back(g);
  return all;
}

ConvolutionOptions options(const Arguments& a) {
  return {a[3].list(), a[4].list(), a[5].list(), a[6].whole()};
}

using Convolve = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const ConvolutionOptions&);
template <Convolve f>
Tensors convolved(const Arguments& a) {
  return with_gradients(a, 3, [&](const Tensors& x) { return f(x[0], x[1], x[2], options(a)); });
}
template <Convolve f>
Tensors values_of(const Arguments& a) {
  return {f(t(a, 0), t(a, 1), t(a, 2), options(a))};
}

using Transpose = Tensor (*)(const Tensor&, const Tensor&, const Tensor&,
                             const TransposedConvolutionOptions&);
template <Transpose f>
Tensors transposed(const Arguments& a) {
  return with_gradients(a, 3, [&](const Tensors& x) {
    return f(x[0], x[1], x[2], {a[3].list(), a[4].list(), a[5].list(), a[6].whole(), a[7].list()});
  });
}

const Operations convolutions = registered({
    {"conv1d", convolved<conv1d>},
    {"conv2d", convolved<conv2d>},
    {"conv3d", convolved<conv3d>},
    {"conv1d_values", values_of<conv1d>},
    {"conv2d_values", values_of<conv2d>},
    {"conv3d_values", values_of<conv3d>},
    {"conv_transpose1d", transposed<conv_transpose1d>},
    {"conv_transpose2d", transposed<conv_transpose2d>},
    {"conv_transpose3d", transposed<conv_transpose3d>},
});

// The parameters after the seed, and what the generator gives next.
template <class Layer, class Options>
Tensors drawn(const Arguments& a) {
  manual_seed(static_cast<std::uint64_t>(a[0].whole()));
  Options given;
  given.groups = a[4].whole();
  given.dtype = a[5].dtype();
  Layer layer(a[1].whole(), a[2].whole(), a[3].list(), given);
  return {layer.weight.detach(), layer.bias.detach(), rand({2})};
}

const Operations layers = registered({
    {"Conv1d", drawn<nn::Conv1d, nn::ConvOptions>},
    {"Conv2d", drawn<nn::Conv2d, nn::ConvOptions>},
    {"Conv3d", drawn<nn::Conv3d, nn::ConvOptions>},
    {"ConvTranspose1d", drawn<nn::ConvTranspose1d, nn::ConvTransposeOptions>},
    {"ConvTranspose2d", drawn<nn::ConvTranspose2d, nn::ConvTransposeOptions>},
    {"ConvTranspose3d", drawn<nn::ConvTranspose3d, nn::ConvTransposeOptions>},
});

}  // namespace

TEST_CASE("convolution: PyTorch's, with gradients") { check_reference("convolution.txt", convolutions); }
TEST_CASE("convolution: layers drawn as PyTorch draws them") {
  check_reference("convolution_layers.txt", layers);
}

TEST_CASE("convolution: padding by a mode") {
  const Tensor x = values({2, 3, 7}), w = values({4, 3, 4}, 5);
  const Tensor same = conv1d(x, w, {}, {.padding = "same", .dilation = 2});
  CHECK(same.sizes() == Shape{2, 4, 7});
  CHECK(equal(same, conv1d(pad(x, {3, 3}), w, {}, {.dilation = 2})));
  const Tensor even = conv1d(x, w, {}, {.padding = "same"});
  CHECK(equal(even, conv1d(pad(x, {1, 2}), w)));
  CHECK(equal(conv1d(x, w, {}, {.padding = "valid"}), conv1d(x, w)));
  CHECK_THROWS_AS(conv1d(x, w, {}, {.stride = 2, .padding = "same"}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.padding = "full"}), Error);
  nn::Conv2d layer(2, 3, {3, 2}, {.padding = {1, 2}, .padding_mode = "circular", .dtype = float64});
  const Tensor image = values({1, 2, 4, 5});
  CHECK(equal(layer(image), conv2d(pad(image, {2, 2, 1, 1}, "circular"), layer.weight, layer.bias)));
}

TEST_CASE("convolution: does not depend on threads") {
  const Tensor x = values({3, 40, 30, 31}).to(float32), w = values({50, 20, 3, 3}, 7).to(float32);
  const Tensor y = values({3, 50, 15, 16}, 3).to(float32);
  const auto results = [&] {
    const Tensor a = x.detach().requires_grad_(), b = w.detach().requires_grad_();
    const Tensor out = conv2d(a, b, {}, {.stride = 2, .padding = 1, .groups = 2});
    Tensors all = grad({out}, {a, b}, {y});
    all.push_back(out.detach());
    return all;
  };
  const Tensors one = with_threads(1, results), four = with_threads(4, results);
  for (std::size_t i = 0; i < 3; ++i) CHECK(identical(one[i], four[i]));
}

TEST_CASE("convolution: nothing to sum, and nothing at all") {
  const Tensor bias = values({3});
  CHECK(equal(conv1d(zeros({2, 0, 5}, float64), zeros({3, 0, 2}, float64), bias),
              bias.reshape({1, 3, 1}).expand({2, 3, 4}).contiguous()));
  CHECK(conv2d(zeros({0, 2, 5, 5}), zeros({3, 2, 3, 3})).sizes() == Shape{0, 3, 3, 3});
  const Tensor x = zeros({0, 2, 5}).requires_grad_(), w = ones({3, 2, 3}).requires_grad_();
  const Tensors g = grad({conv1d(x, w)}, {x, w}, {zeros({0, 3, 3})});
  CHECK(g[0].sizes() == Shape{0, 2, 5});
  CHECK(equal(g[1], zeros({3, 2, 3})));
}

TEST_CASE("convolution: an infinity reaches the weights that see it, and no others") {
  Tensor x = zeros({1, 1, 4, 4});
  x[{0, 0, 0, 3}] = Scalar(INFINITY);
  const Tensor w = ones({1, 1, 3, 3}).requires_grad_();
  const Tensor g = grad({conv2d(x, w, {}, {.padding = 1})}, {w}, {ones({1, 1, 4, 4})})[0];
  // The last row of the kernel meets it only from above the image and the first column only from right of it:
  // neither sees it.
  for (const std::int64_t i : {0, 1, 2}) {
    for (const std::int64_t j : {0, 1, 2}) {
      const double wanted = i < 2 && j > 0 ? INFINITY : 0;
      CHECK(g[0][0][i][j].item<double>() == wanted);
    }
  }
}

TEST_CASE("convolution: an infinite weight reaches the results that it takes part in, and no others") {
  // A very large number in its place tells where it does.
  const auto agrees = [](const Tensor& got, const Tensor& large) {
    const Tensor far = abs(large) > 1e60;
    CHECK(identical(got, where(far, mul(sign(large), HUGE_VAL), large)));
    CHECK(any(far).item<bool>());
    CHECK_FALSE(all(far).item<bool>());
  };
  const auto replaced = [](const Tensor& w, double number) {
    const Tensor out = w.clone();
    out.flatten()[0].fill_(number);
    return out;
  };
  const auto numbers = [](const Shape& shape) {
    return filled(shape, float64, [](std::int64_t i) { return static_cast<double>(i % 5 + 1); });
  };
  for (const std::int64_t stride : {1, 2, 3}) {
    const TransposedConvolutionOptions options{
        .stride = stride, .padding = 1, .output_padding = stride - 1, .groups = 2, .dilation = 2};
    const Tensor x = numbers({2, 4, 5}), w = numbers({4, 3, 3}), bias = numbers({6});
    agrees(conv_transpose1d(x, replaced(w, HUGE_VAL), bias, options),
           conv_transpose1d(x, replaced(w, 1e80), bias, options));
    const Tensor image = numbers({2, 4, 3, 5}), square = numbers({4, 1, 2, 3});
    agrees(conv_transpose2d(image, replaced(square, -HUGE_VAL), {}, options),
           conv_transpose2d(image, replaced(square, -1e80), {}, options));
    // The gradient of a convolution's input is such a map too.
    const auto gradient = [&](double number) {
      const Tensor input = numbers({1, 2, 9}).requires_grad_();
      const Tensor y = conv1d(input, replaced(numbers({2, 2, 2}), number), {}, {.stride = stride});
      return grad({y}, {input}, {numbers(y.sizes())})[0];
    };
    agrees(gradient(HUGE_VAL), gradient(1e80));
  }
}

// A kernel of one element reads images where they lie.
TEST_CASE("convolution: one image, images that are one, and images far apart") {
  const Tensor w = randn({3, 4, 1}, float64);
  for (const std::int64_t size : {7, 16, 32, 48, 2112}) {
    CAPTURE(size);
    const auto same = [&](const Tensor& x) {
      const Tensor wanted = matmul(w.squeeze(2), x.contiguous());
      CHECK(max(abs(conv1d(x, w) - wanted)).item<double>() < 1e-13);
    };
    same(randn({4, size, 1}, float64).permute({2, 0, 1}));  // the step from image to image is 1
    same(randn({1, 4, size}, float64).expand({3, 4, size}));
    same(randn({3, 400, size}, float64).slice(1, 7, 11));
    // Windows that overlap.
    const Tensor line = randn({5 * size}, float64);
    same(make_view(line, {3, 4, size}, {size / 2, size, 1}, line.raw_data()));
  }
}

TEST_CASE("convolution: gradients of gradients") {
  const auto check = [](const char* what, const Function& f, const Tensors& inputs) {
    check_gradients(what, f, inputs);
  };
  check("conv1d", [](const Tensors& x) { return conv1d(x[0], x[1], x[2], {.stride = 2, .padding = 1}); },
        {values({2, 2, 5}), values({3, 2, 3}, 3), values({3}, 9)});
  check("conv2d in groups",
        [](const Tensors& x) {
          return conv2d(x[0], x[1], {}, {.padding = {1, 0}, .dilation = {1, 2}, .groups = 2});
        },
        {values({1, 4, 3, 4}), values({2, 2, 2, 2}, 3)});
  check("conv3d", [](const Tensors& x) { return conv3d(x[0], x[1]); },
        {values({1, 1, 2, 3, 3}), values({2, 1, 2, 2, 1}, 3)});
  check("conv_transpose1d",
        [](const Tensors& x) {
          return conv_transpose1d(x[0], x[1], x[2], {.stride = 3, .padding = 1, .output_padding = 1});
        },
        {values({2, 2, 3}), values({2, 3, 2}, 3), values({3}, 9)});
  check("complex conv1d", [](const Tensors& x) { return conv1d(x[0], x[1], x[2]); },
        {complex_values({1, 2, 4}), complex_values({2, 2, 2}, 3), complex_values({2}, 9)});
}

TEST_CASE("convolution: what is refused") {
  const Tensor x = ones({2, 4, 9}), w = ones({6, 4, 3});
  CHECK_THROWS_AS(conv1d(x, ones({6, 3, 3})), ShapeError);
  CHECK_THROWS_AS(conv1d(x, ones({6, 4})), ShapeError);
  CHECK_THROWS_AS(conv1d(ones({4}), w), ShapeError);
  CHECK_THROWS_AS(conv1d(ones({4, 2}), w), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.groups = 4}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.groups = 0}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.stride = 0}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.stride = {1, 2}}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, {}, {.padding = -1}), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, ones({5})), ShapeError);
  CHECK_THROWS_AS(conv1d(x, w, ones({6}, float64)), DTypeError);
  CHECK_THROWS_AS(conv1d(x, w.to(float64)), DTypeError);
  CHECK_THROWS_AS(conv1d(x.to(boolean), w.to(boolean)), DTypeError);
  CHECK_THROWS_AS(conv1d(x, ones({6, 4, 0})), ShapeError);
  CHECK_THROWS_AS(conv_transpose1d(x, ones({4, 3, 3}), {}, {.output_padding = 1}), ShapeError);
  CHECK_THROWS_AS(conv_transpose1d(x, ones({4, 3, 3}), {}, {.padding = 6}), ShapeError);
  CHECK_THROWS_AS(nn::Conv1d(3, 4, 2, {.groups = 2}), ShapeError);
  CHECK_THROWS_AS(nn::Conv1d(3, 4, 0), ShapeError);
  CHECK_THROWS_AS(nn::Conv1d(3, 4, 2, {.padding_mode = "mirror"}), Error);
}

TEST_CASE("convolution: strides longer than the image") {
  const Tensor x = values({1, 2, 3, 3}).requires_grad_(), w = values({2, 2, 2, 2}, 5).requires_grad_();
  for (const std::int64_t stride : {3, 1000, 1000000000}) {
    const Tensor y = conv2d(x, w, {}, {.stride = stride});
    const Tensor same = conv2d(x.slice(2, 0, 2).slice(3, 0, 2), w);
    CHECK(equal(y.detach(), same.detach()));
    const Tensors found = grad({sum(y)}, {x, w}), wanted = grad({sum(same)}, {x, w});
    CHECK(allclose(found[0], wanted[0]));
    CHECK(allclose(found[1], wanted[1]));
  }
}

TEST_CASE("convolution: more groups than channels") {
  const std::int64_t many = std::int64_t{1} << 62;
  CHECK_THROWS_AS(conv1d(ones({1, 4, 3}), ones({4, 4, 2}), {}, {.groups = many}), ShapeError);
  CHECK_THROWS_AS(conv_transpose1d(ones({1, 4, 3}), ones({4, 4, 2}), ones({4}), {.groups = many}),
                  ShapeError);
  CHECK_THROWS_AS(conv_transpose1d(ones({1, 0, 3}), ones({0, 4, 2}), ones({4}), {.groups = many}),
                  ShapeError);
}

}  // namespace wick::test
