#include <cmath>
#include <vector>

#include "gradcheck.h"
#include "levels.h"
#include "operations.h"

namespace wick::test {
namespace {

using Rest = std::optional<DType>;

template <Tensor (*f)(const Tensor&, double)>
Tensors with_real(const Arguments& a) {
  return {f(t(a, 0), a[1].real())};
}

template <Tensor (*f)(const Tensor&, double, double)>
Tensors with_reals(const Arguments& a) {
  return {f(t(a, 0), a[1].real(), a[2].real())};
}

template <Tensor (*f)(const Tensor&, const Scalar&, const Scalar&)>
Tensors with_numbers(const Arguments& a) {
  return {f(t(a, 0), a[1].number(), a[2].number())};
}

template <Tensor (*f)(const Tensor&, std::int64_t, Rest)>
Tensors along_dim(const Arguments& a) {
  return {f(t(a, 0), a[1].whole(), a.size() > 2 ? Rest(a[2].dtype()) : std::nullopt)};
}

const Operations activation_operations = registered({
    {"gelu", [](const Arguments& a) { return Tensors{gelu(t(a, 0))}; }},
    {"gelu_tanh", [](const Arguments& a) { return Tensors{gelu(t(a, 0), "tanh")}; }},
    {"elu", [](const Arguments& a) { return Tensors{elu(t(a, 0), a[1].real(), a[2].real(), a[3].real())}; }},
    {"selu", unary<selu>},
    {"celu", with_real<celu>},
    {"leaky_relu", with_real<leaky_relu>},
    {"rrelu", with_reals<rrelu>},
    {"relu6", unary<relu6>},
    {"hardtanh", with_numbers<hardtanh>},
    {"threshold", with_numbers<threshold>},
    {"hardshrink", with_real<hardshrink>},
    {"softshrink", with_real<softshrink>},
    {"hardsigmoid", unary<hardsigmoid>},
    {"hardswish", unary<hardswish>},
    {"silu", unary<silu>},
    {"mish", unary<mish>},
    {"softplus", with_reals<softplus>},
    {"log_sigmoid", unary<log_sigmoid>},
    {"softsign", unary<softsign>},
    {"tanhshrink", unary<tanhshrink>},
    {"prelu", binary<prelu>},
    {"glu", with_one<glu>},
    {"softmax", along_dim<softmax>},
    {"log_softmax", along_dim<log_softmax>},
    {"softmin", along_dim<softmin>},
    {"softmax_as", along_dim<softmax>},
    {"log_softmax_as", along_dim<log_softmax>},
    {"softmin_as", along_dim<softmin>},
    {"pad", [](const Arguments& a) { return Tensors{pad(t(a, 0), a[1].list(), a[2].text, a[3].number())}; }},
});

using One = Tensor (*)(const Tensor&);
const std::pair<const char*, One> smooth[] = {
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"gelu, tanh", [](const Tensor& x) { return gelu(x, "tanh"); }},
    {"elu", [](const Tensor& x) { return elu(x, 0.7, 1.5, 0.8); }},
    {"selu", selu},
    {"celu", [](const Tensor& x) { return celu(x, 0.6); }},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
    {"rrelu", [](const Tensor& x) { return rrelu(x); }},
    {"relu6", relu6},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x, -1.01, 1.01); }},
    {"threshold", [](const Tensor& x) { return threshold(x, 0.51, 3); }},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x, 0.51); }},
    {"softshrink", [](const Tensor& x) { return softshrink(x, 0.51); }},
    {"hardsigmoid", [](const Tensor& x) { return hardsigmoid(x * 2.01); }},
    {"hardswish", [](const Tensor& x) { return hardswish(x * 2.01); }},
    {"silu", silu},
    {"mish", mish},
    {"softplus", [](const Tensor& x) { return softplus(x, 1.5, 2.8); }},
    {"log_sigmoid", log_sigmoid},
    {"softsign", softsign},
    {"tanhshrink", tanhshrink},
};

}  // namespace

TEST_CASE("activation: as PyTorch computes them") {
  check_reference("activation.txt", activation_operations);
}
TEST_CASE("activation: softmax as PyTorch computes it") {
  check_reference("softmax.txt", activation_operations);
}
TEST_CASE("padding: as PyTorch does it") { check_reference("padding.txt", activation_operations); }

TEST_CASE("activation: gradients, and gradients of those") {
  for (const auto& [name, f] : smooth) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{2, 9}}) {
      for (const Tensor& x : orders(values(shape))) {
        check_gradients(name, [f = f](const Tensors& in) { return f(in[0]); }, {x});
      }
    }
    // The square makes the gradient depend on the input, whatever the second derivative is.
    check_gradients(std::string(name) + ", squared", [f = f](const Tensors& in) { return square(f(in[0])); },
                    {values({5})});
  }
}

TEST_CASE("activation: gradients of prelu and glu") {
  const Function rectified = [](const Tensors& in) { return prelu(in[0], in[1]); };
  for (const Tensor& x : orders(values({2, 3, 2}))) check_gradients("prelu", rectified, {x, values({3}, 40)});
  check_gradients("prelu of one weight", rectified, {values({2, 3}), values({1}, 40)});
  check_gradients("prelu of one weight", rectified, {values({4}), values({}, 40)});
  for (const std::int64_t d : {0, 1, -1}) {
    for (const Tensor& x : orders(values({2, 4, 6}))) {
      check_gradients("glu", [d](const Tensors& in) { return glu(in[0], d); }, {x});
    }
  }
}

TEST_CASE("activation: gradients of softmax") {
  const std::pair<const char*, Tensor (*)(const Tensor&, std::int64_t, Rest)> functions[] = {
      {"softmax", softmax}, {"log_softmax", log_softmax}, {"softmin", softmin}};
  for (const auto& [name, f] : functions) {
    for (const std::int64_t d : {0, 1, 2}) {
      for (const Tensor& x : orders(values({2, 3, 2}))) {
        check_gradients(name, [f = f, d](const Tensors& in) { return square(f(in[0], d, std::nullopt)); },
                        {x});
      }
    }
    check_gradients(name, [f = f](const Tensors& in) { return f(in[0], 0, std::nullopt); }, {values({})});
  }
}

TEST_CASE(
    "activation: softmax of large tensors, along rows and columns, on every level and number of threads") {
  const int before = num_threads();
  manual_seed(7);
  for (const DType dtype : {bfloat16, float32, float64}) {
    const Tensor x = (randn({300, 700}, float64) * 3).to(dtype);
    const Tensor wide = x.to(float64);
    const Tensor e = exp(wide), expected = e / sum(e, {1}, true), logarithm = log(expected);
    const double tolerance = dtype == bfloat16 ? 0.01 : dtype == float32 ? 1e-6 : 1e-14;
    const EachLevel levels;
    levels([&](const std::string& level) {
      for (const int threads : {1, 3}) {
        set_num_threads(threads);
        for (const Tensor& in : {x, x.t().contiguous().t(), x.unsqueeze(0)}) {
          const auto near = [&](const Tensor& got, const Tensor& wanted, double most) {
            const Tensor off = max(abs(got.to(float64) - wanted));
            CHECK_MESSAGE(off.item().to_double() <= most, level << " " << name(dtype) << " " << threads);
          };
          near(softmax(in, -1).reshape({300, 700}), expected, tolerance);
          near(softmax(in.transpose(-1, -2), -2).transpose(-1, -2).reshape({300, 700}), expected, tolerance);
          near(log_softmax(in, -1).reshape({300, 700}), logarithm, 20 * tolerance);
        }
      }
    });
  }
  set_num_threads(before);
}

TEST_CASE("activation: large tensors as small ones, on every level") {
  manual_seed(8);
  for (const DType dtype : {float16, float32, float64}) {
    const Tensor x = (randn({70000}, float64) * 4).to(dtype);
    const EachLevel levels;
    levels([&](const std::string& level) {
      for (const auto& [name, f] : smooth) {
        const Tensor all = f(x);
        for (const std::int64_t at : {0, 511, 512, 33333, 69999}) {
          CHECK_MESSAGE(ulp_distance(all[at], f(x[at])) <= 4, level << " " << std::string(name));
        }
        CHECK(identical(f(x.slice(0, 0, 70000, 7)).contiguous(), f(x.slice(0, 0, 70000, 7).contiguous())));
      }
    });
  }
}

TEST_CASE("activation: what they do not take") {
  CHECK_THROWS_AS(gelu(ones({2}), "erf"), Error);
  CHECK_THROWS_AS(gelu(ones({2}, int32)), DTypeError);
  CHECK_THROWS_AS(relu6(ones({2}, boolean)), DTypeError);
  CHECK_THROWS_AS(softsign(ones({2}, boolean)), DTypeError);
  CHECK_THROWS_AS(hardtanh(ones({2}, uint8), -1, 1), Error);
  CHECK_THROWS_AS(threshold(ones({2}, int8), 0, 1e300), Error);
  CHECK_THROWS_AS(threshold(ones({2}, int64), NAN, 0), Error);
  CHECK_THROWS_AS(softmax(ones({2}, boolean), 0), DTypeError);
}

TEST_CASE("padding: gradients") {
  for (const char* mode : {"constant", "reflect", "replicate", "circular"}) {
    for (const Dims& pads :
         {Dims{1, 2}, Dims{2, 0, 1, 1}, Dims{0, 1, 0, 0, 1, 0}, Dims{-1, 1}, Dims{1, -1, 0, 1}}) {
      for (const Tensor& x : orders(values({2, 3, 4}))) {
        check_gradients(mode, [=](const Tensors& in) { return square(pad(in[0], pads, mode, 0.5)); }, {x});
      }
    }
    check_gradients(std::string("complex ") + mode,
                    [=](const Tensors& in) {
                      return pad(in[0], {1, 1}, mode);
                    },
                    {complex_values({3})});
  }
}

TEST_CASE("padding: amounts that cannot be") {
  const Tensor x = ones({2, 3});
  for (const char* mode : {"constant", "reflect", "replicate", "circular"}) {
    CHECK_THROWS_AS(pad(x, {INT64_MAX, 1}, mode), ShapeError);
    CHECK_THROWS_AS(pad(x, {INT64_MIN, 1}, mode), ShapeError);
    CHECK_THROWS_AS(pad(x, {1, 1, 1, 1, 1, 1}, mode), ShapeError);
    CHECK_THROWS_AS(pad(x, {-3, -1}, mode), ShapeError);
  }
  CHECK_THROWS_AS(pad(x, {INT64_MAX / 8, 0, INT64_MAX / 8, 0}), ShapeError);
  CHECK_THROWS_AS(pad(x, {1, 0}, "mirror"), Error);
}

TEST_CASE("activation: gelu keeps its small values far below 0") {
  const Tensor x = filled({600}, float64, [](std::int64_t i) { return static_cast<double>(i - 400) / 32; });
  std::vector<double> exact, slope;
  for (const double v : to_vector<double>(x)) {
    const double tail = std::erfc(-v / std::sqrt(2.0)) / 2;
    exact.push_back(v * tail);
    slope.push_back(tail + v * std::exp(-v * v / 2) / std::sqrt(2 * std::acos(-1.0)));
  }
  const EachLevel levels;
  levels([&](const std::string&) {
    const Tensor leaf = x.to(float32);
    leaf.requires_grad_();
    const Tensor y = gelu(leaf), g = grad({sum(y)}, {leaf})[0];
    CHECK(allclose(y.detach().to(float64), tensor(exact, {600}, float64), 1e-5, 0));
    CHECK(allclose(g.to(float64), tensor(slope, {600}, float64), 1e-5, 1e-7));
  });
}

TEST_CASE("activation: NaN stays NaN") {
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    const Tensor x = full({40}, std::nan(""), dtype);
    for (const Tensor& y : {softshrink(x), hardshrink(x), relu(x), hardtanh(x), hardsigmoid(x), hardswish(x),
                            leaky_relu(x), threshold(x, 1, 2), softplus(x), elu(x), gelu(x), silu(x)})
      CHECK(identical(y, x));
  }
}

}  // namespace wick::test
