#include <cmath>

#include "support.h"

// Derivatives of functions against what is known of them.

namespace wick::test {
namespace {

using namespace autograd;

Tensor example() { return tensor({0.5, -1.5, 2.0}, float64); }
Tensor cubes(const Tensor& x) { return mul(mul(x, x), x); }
bool close(const Tensor& a, const Tensor& b) { return allclose(a, b, 1e-9, 1e-9); }

}  // namespace

TEST_CASE("functional: jacobian and hessian") {
  const Tensor x = example(), A = arange(6, float64).reshape({2, 3});
  CHECK(close(jacobian([&](const Tensor& v) { return matmul(A, v); }, x), A));
  CHECK(close(jacobian(cubes, x), mul(eye(3, 3, float64), mul(square(x), 3))));
  CHECK(jacobian([](const Tensor& v) { return outer(v, v); }, x).sizes() == Shape{3, 3, 3});
  CHECK(jacobian([](const Tensor& v) { return sum(v); }, x).sizes() == Shape{3});
  CHECK(close(jacobian([](const Tensor& v) { return ones_like(v); }, x), zeros({3, 3}, float64)));
  CHECK(jacobian([](const Tensor& v) { return v.slice(0, 0, 0); }, x).sizes() == Shape{0, 3});
  const auto several = jacobian(
      [](const Tensors& in) {
        return Tensors{mul(in[0], in[1]), sum(in[1])};
      },
      {x, mul(x, 2)});
  REQUIRE(several.size() == 2);
  CHECK(close(several[0][0], mul(eye(3, 3, float64), mul(x, 2))));
  CHECK(close(several[0][1], mul(eye(3, 3, float64), x)));
  CHECK(close(several[1][0], zeros({3}, float64)));
  CHECK(close(several[1][1], ones({3}, float64)));
  CHECK(close(hessian([](const Tensor& v) { return sum(cubes(v)); }, x), mul(eye(3, 3, float64), mul(x, 6))));
  CHECK(close(hessian([](const Tensor& v) { return sum(v); }, x), zeros({3, 3}, float64)));
  CHECK_THROWS_AS(hessian(cubes, x), ShapeError);
  CHECK_THROWS_AS(jacobian(cubes, tensor({1, 2})), DTypeError);
}

TEST_CASE("functional: recording is on within, and gradients of leaves stay") {
  const NoGrad off;
  const Tensor x = example(), w = tensor({2.0}, float64);
  w.requires_grad_();
  CHECK(close(jacobian([&](const Tensor& v) { return mul(v, w); }, x), mul(eye(3, 3, float64), 2)));
  CHECK_FALSE(w.grad().defined());
  CHECK_FALSE(grad_enabled());
}

TEST_CASE("functional: products with the jacobian") {
  const Tensor x = example(), v = tensor({1.0, 2.0, -1.0}, float64);
  const FunctionProduct left = vjp(cubes, x, v), right = jvp(cubes, x, v);
  CHECK(close(left.value, cubes(x)));
  CHECK(close(left.product, mul(v, mul(square(x), 3))));
  CHECK(close(right.value, cubes(x)));
  CHECK(close(right.product, mul(v, mul(square(x), 3))));
  const Tensor A = arange(6, float64).reshape({2, 3});
  const auto linear_map = [&](const Tensor& y) { return matmul(A, y); };
  CHECK(close(vjp(linear_map, x, tensor({1.0, 3.0}, float64)).product,
              matmul(A.t(), tensor({1.0, 3.0}, float64))));
  CHECK(close(jvp(linear_map, x, v).product, matmul(A, v)));
  CHECK(close(vjp([](const Tensor& y) { return sum(y); }, x).product, ones({3}, float64)));
  CHECK(close(jvp([](const Tensor& y) { return ones_like(y); }, x, v).product, zeros({3}, float64)));
  CHECK_THROWS_AS(vjp(cubes, x), ShapeError);
  CHECK_THROWS_AS(vjp(cubes, x, ones({2}, float64)), ShapeError);
  CHECK_THROWS_AS(jvp(cubes, x, ones({2}, float64)), ShapeError);
}

TEST_CASE("functional: results can be differentiated") {
  const Tensor x = example();
  x.requires_grad_();
  const Tensor J = jacobian(cubes, x, true);
  CHECK(close(grad({sum(J)}, {x})[0], mul(x, 6)));
  const Tensor v = ones({3}, float64);
  CHECK(close(grad({sum(vjp(cubes, x, v, true).product)}, {x})[0], mul(x, 6)));
  CHECK(close(grad({sum(jvp(cubes, x, v, true).product)}, {x})[0], mul(x, 6)));
  const Tensor H = hessian([](const Tensor& y) { return sum(cubes(y)); }, x, true);
  CHECK(close(grad({sum(H)}, {x})[0], full({3}, 6, float64)));
}

TEST_CASE("functional: vmap") {
  const Tensor x = arange(6, float64).reshape({2, 3});
  const auto f = [](const Tensor& row) { return cat({row, sum(row).unsqueeze(0)}); };
  CHECK(vmap(f, x).sizes() == Shape{2, 4});
  CHECK(vmap(f, x, 1).sizes() == Shape{3, 3});
  CHECK(vmap(f, x, 0, 1).sizes() == Shape{4, 2});
  CHECK(close(vmap([](const Tensor& y) { return sum(y); }, x), sum(x, {1})));
  CHECK_THROWS_AS(vmap(f, zeros({0, 3})), ShapeError);
}

TEST_CASE("functional: gradcheck") {
  const Tensor x = example(), y = tensor({1.0, 0.5, 2.0}, float64);
  x.requires_grad_();
  y.requires_grad_();
  const auto good = [](const Tensors& in) { return Tensors{mul(cubes(in[0]), in[1]), exp(in[1])}; };
  CHECK(gradcheck(good, {x, y}));
  CHECK(gradgradcheck(good, {x, y}));
  // A derivative that is forgotten.
  const auto bad = [](const Tensors& in) { return Tensors{mul(in[0], in[0].detach())}; };
  CHECK_THROWS_AS(gradcheck(bad, {x}), GradientError);
  CHECK_FALSE(gradcheck(bad, {x}, {.raise_exception = false}));
  CHECK_THROWS_AS(gradcheck(good, {x.detach(), y.detach()}), Error);
}

TEST_CASE("functional: gradcheck of complex numbers") {
  const Tensor z = complex(tensor({0.5, -1.5, 2.0}), tensor({1.0, 0.25, -0.75})).to(complex128);
  const Tensor x = tensor({1.5, -0.5, 2.0}, float64);
  z.requires_grad_();
  x.requires_grad_();
  // Complex and real results of complex and real inputs, holomorphic or not.
  const auto good = [](const Tensors& in) {
    return Tensors{exp(mul(in[0], in[1])), abs(in[0]), mul(conj(in[0]), real(in[0]))};
  };
  CHECK(gradcheck(good, {z, x}));
  CHECK(gradgradcheck(good, {z, x}));
  const auto bad = [](const Tensors& in) { return Tensors{mul(in[0], conj(in[0].detach()))}; };
  CHECK_THROWS_AS(gradcheck(bad, {z}), GradientError);
  CHECK_FALSE(gradcheck(bad, {z}, {.raise_exception = false}));
}

TEST_CASE("functional: a checkpoint keeps nothing and changes nothing") {
  manual_seed(11);
  nn::Sequential net{nn::make<nn::Linear>(4, 8), tanh, nn::make<nn::Dropout>(0.5),
                     nn::make<nn::Linear>(8, 2)};
  const Tensor x = randn({5, 4});
  x.requires_grad_();
  const auto gradients = [&](bool saving_memory) {
    manual_seed(17);
    net.zero_grad();
    x.set_grad({});
    const TensorFunction f = [&](const Tensor& in) { return net(in); };
    const Tensor out = saving_memory ? checkpoint(f, x) : f(x);
    const Tensor next = rand({1});
    sum(square(out)).backward();
    Tensors all{out.detach(), next, x.grad(), rand({1})};
    for (const Tensor& p : net.parameters()) all.push_back(p.grad());
    return all;
  };
  const Tensors plain = gradients(false), saving = gradients(true);
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(identical(plain[i], saving[i]));
}

TEST_CASE("functional: checkpoints in front of grad, twice, and with nothing to do") {
  const Tensor x = example(), w = tensor({2.0}, float64);
  x.requires_grad_();
  w.requires_grad_();
  const auto f = [](const Tensors& in) { return Tensors{mul(cubes(in[0]), in[1]), in[0].detach()}; };
  const Tensors out = checkpoint(f, {x, w});
  CHECK_FALSE(out[1].requires_grad());
  const Tensors first = grad({sum(out[0])}, {x, w}, {}, true, true);
  CHECK(close(first[0], mul(square(x), 6)));
  CHECK(close(first[1], sum(cubes(x)).reshape({1})));
  CHECK(close(grad({sum(first[0])}, {x})[0], mul(x, 12)));
  // The input depends on a leaf that is captured.
  const Tensor scaled = mul(x, w);
  const Tensor y = checkpoint([&](const Tensor& in) { return mul(in, w); }, scaled);
  CHECK(close(grad({sum(y)}, {w})[0], mul(sum(x), mul(w, 2))));
  CHECK_THROWS_AS(
      grad({sum(checkpoint([&](const Tensor& in) { return mul(in, w); }, scaled))}, {w}, {}, true, true),
      GradientError);
  // What is captured has a history.
  CHECK_THROWS_AS(checkpoint([&](const Tensor& in) { return mul(in, scaled); }, x), GradientError);
  const NoGrad off;
  CHECK_FALSE(checkpoint([](const Tensor& in) { return cubes(in); }, x).requires_grad());
}

TEST_CASE("functional: a checkpoint computes again in the dtypes of the first time") {
  std::vector<DType> seen;
  const Tensor x = randn({4, 4}).requires_grad_();
  const auto f = [&](const Tensors& in) {
    const Tensor y = matmul(in[0], in[0]);
    seen.push_back(y.dtype());
    return Tensors{y};
  };
  Tensor out;
  {
    const autocast::Scope on(true);
    out = checkpoint(f, {x})[0];
  }
  sum(out).backward();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == bfloat16);
  CHECK(seen[1] == bfloat16);
}

TEST_CASE("functional: a checkpoint takes inputs that are not defined") {
  const Tensor x = randn({4}).requires_grad_();
  const auto f = [](const Tensors& in) { return Tensors{in[1].defined() ? mul(in[0], in[1]) : in[0] * 2}; };
  checkpoint(f, {x, Tensor()})[0].sum().backward();
  CHECK(close(x.grad(), full({4}, 2)));
}

}  // namespace wick::test
