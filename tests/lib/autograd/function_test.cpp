// Operations of one's own, hooks, and gradients of results.

#include "gradcheck.h"

namespace wick::test {
namespace {

using autograd::AutogradContext;
using List = std::vector<double>;
List list(const Tensor& x) { return to_vector<double>(x); }

struct Cube : autograd::Function<Cube> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
    ctx->save_for_backward({x});
    ctx->saved_data["factor"] = factor;
    CHECK(!grad_enabled());
    return x * x * x * factor;
  }
  static Tensors backward(AutogradContext* ctx, const Tensors& grads) {
    const Tensor x = ctx->get_saved_variables()[0];
    return {grads[0] * 3 * x * x * ctx->saved_data["factor"], Tensor()};
  }
};

// exp and its argument doubled; saves a result.
struct Two : autograd::Function<Two> {
  static Tensors forward(AutogradContext* ctx, const Tensor& x, const Tensor& y) {
    const Tensor e = exp(x) * y;
    ctx->save_for_backward({e, y});
    return {e, x * 2};
  }
  static Tensors backward(AutogradContext* ctx, const Tensors& grads) {
    const Tensors saved = ctx->get_saved_variables();
    return {grads[0] * saved[0] + grads[1] * 2, grads[0] * saved[0] / saved[1]};
  }
};

struct Wrong : autograd::Function<Wrong> {
  static Tensor forward(AutogradContext*, const Tensor& x, const Tensor& y) { return x + y; }
  static Tensors backward(AutogradContext*, const Tensors& grads) { return {grads[0]}; }
};

struct Same : autograd::Function<Same> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
  static Tensors backward(AutogradContext*, const Tensors& grads) { return {grads[0] * 10}; }
};

}  // namespace

TEST_CASE("function: derivatives are those that it gives, to second order") {
  check_gradients("cube", [](const Tensors& in) { return Cube::apply(in[0], 2.0); }, {values({3, 2})});
  check_gradients("two results",
                  [](const Tensors& in) {
                    const Tensors out = Two::apply(in[0], in[1]);
                    return out[0] * out[1];
                  },
                  {values({3}), positive({3}, 20)});
  check_gradients("one of two results", [](const Tensors& in) { return Two::apply(in[0], in[1])[0]; },
                  {values({3}), positive({3}, 20)});
}

TEST_CASE("function: when nothing is recorded, and what is refused") {
  const Tensor plain = ones({2}, float64), x = ones({2}, float64).requires_grad_();
  CHECK(!Cube::apply(plain, 1.0).requires_grad());
  {
    const NoGrad no_grad;
    CHECK(!Cube::apply(x, 1.0).requires_grad());
  }
  CHECK_THROWS_AS(sum(Wrong::apply(x, x)).backward(), Error);
  const Tensor changed = x * 1, y = Cube::apply(changed, 1.0);
  changed.add_(1);
  CHECK_THROWS_AS(sum(y).backward(), GradientError);
  const Tensor again = sum(Cube::apply(x, 1.0));
  again.backward(true);
  again.backward();
  CHECK_THROWS_AS(again.backward(), GradientError);
  CHECK(list(grad({sum(Same::apply(x))}, {x})[0]) == List{10, 10});
  CHECK(x.is_leaf());
}

TEST_CASE("function: a result has its history alone") {
  struct Flat : autograd::Function<Flat> {
    static Tensor forward(AutogradContext*, const Tensor& x) { return x.reshape({-1}); }
    static Tensors backward(AutogradContext*, const Tensors& grads) {
      return {(grads[0] * 100).reshape({2, 2})};
    }
  };
  const Tensor w = values({2, 2}).clone().requires_grad_(), x = w * 1, y = Flat::apply(x);
  x.mul_(1);
  CHECK(list(grad({sum(y)}, {w})[0]) == List{100, 100, 100, 100});
  Flat::apply(w).mul_(2);

  static const Tensor elsewhere = ones({2}, float64).requires_grad_();
  struct Elsewhere : autograd::Function<Elsewhere> {
    static Tensor forward(AutogradContext*, const Tensor&) { return elsewhere; }
    static Tensors backward(AutogradContext*, const Tensors& grads) { return {grads[0]}; }
  };
  CHECK(Elsewhere::apply(ones({2}, float64).requires_grad_()).requires_grad());
  CHECK(elsewhere.is_leaf());
}

TEST_CASE("function: what it saves of itself is freed") {
  const auto before = allocator::statistics().used;
  {
    const Tensor x = ones({1000}, float64).requires_grad_();
    const Tensors out = Two::apply(x, x);
    CHECK(out[0].requires_grad());
  }
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("hooks: see gradients and may replace them") {
  const Tensor x = tensor({1., 2.}, float64).requires_grad_();
  const Tensor y = x * 3;
  int calls = 0;
  const auto doubling = y.register_hook([&](const Tensor& g) {
    ++calls;
    return g * 2;
  });
  int seen = 0;
  const auto watching = x.register_hook([&](const Tensor& g) {
    ++seen;
    CHECK(list(g) == List{12, 24});
    return Tensor();
  });
  sum(y * y / 3 * tensor({1., 1.}, float64)).backward(true);
  CHECK(calls == 1);
  CHECK(seen == 1);
  CHECK(list(x.grad()) == List{12, 24});
  y.remove_hook(doubling);
  x.remove_hook(watching);
  x.set_grad({});
  sum(y * 1).backward();
  CHECK(list(x.grad()) == List{3, 3});
  CHECK(calls == 1);
  CHECK(seen == 1);

  // Also where the tensor got another history since.
  const Tensor z = x * 3;
  const auto tenfold = z.register_hook([](const Tensor& g) { return g * 10; });
  z.mul_(2);
  z.remove_hook(tenfold);
  CHECK(list(grad({sum(z)}, {x})[0]) == List{6, 6});
  const Tensor leaf = ones({1}, float64).requires_grad_();
  const auto once = leaf.register_hook([](const Tensor& g) { return g * 10; });
  leaf.requires_grad_(false);
  leaf.remove_hook(once);
  leaf.requires_grad_();
  CHECK(list(grad({sum(leaf * 2)}, {leaf})[0]) == List{2});
}

TEST_CASE("hooks: errors") {
  const Tensor plain = ones({2}, float64), x = ones({2}, float64).requires_grad_();
  CHECK_THROWS_AS(plain.register_hook([](const Tensor& g) { return g; }), GradientError);
  CHECK_THROWS_AS(plain.retain_grad(), GradientError);
  const Tensor y = x * 2;
  y.register_hook([](const Tensor&) { return ones({3}, float64); });
  CHECK_THROWS_AS(sum(y).backward(), ShapeError);
  const Tensor z = x * 2;
  z.register_hook([](const Tensor&) { return ones({2}); });
  CHECK_THROWS_AS(sum(z).backward(), DTypeError);
  CHECK(!x.grad().defined());
}

TEST_CASE("hooks: results retain their gradients") {
  const Tensor x = tensor({1., 2.}, float64).requires_grad_();
  const Tensor y = x * x;
  y.retain_grad();
  y.retain_grad();
  Tensor other;
  {
    const Tensor gone = x * 1;
    gone.retain_grad();
    other = sum(gone * gone);
  }
  grad({other}, {x});
  const Tensor loss = sum(y * y);
  loss.backward(true);
  CHECK(list(y.grad()) == List{2, 8});
  loss.backward();
  CHECK(list(y.grad()) == List{4, 16});
  CHECK(list(x.grad()) == List{8, 64});
  grad({sum(x * x)}, {x});
  CHECK(list(y.grad()) == List{4, 16});
  // Nobody else holds them.
  const Tensor a = x * 1, b = x * 2, c = a + b, seed = tensor({1., 1.}, float64);
  for (const Tensor& t : {a, b, c}) t.retain_grad();
  backward({c}, {seed});
  a.grad().mul_(7);
  c.grad().mul_(9);
  CHECK(list(b.grad()) == List{1, 1});
  CHECK(list(seed) == List{1, 1});
  // Of a view they outlast a change beside it.
  const Tensor root = x * 1, part = root.slice(0, 0, 1);
  part.retain_grad();
  const Tensor used = part * 5;
  root[1] = 0;
  CHECK(part.requires_grad());
  sum(used).backward();
  CHECK(list(part.grad()) == List{5});
  // A change in place: the gradient is that of the new elements.
  const Tensor z = x * 2;
  z.retain_grad();
  z.mul_(3);
  sum(z * 5).backward();
  CHECK(list(z.grad()) == List{5, 5});
}

TEST_CASE("gradient modes nest") {
  const NoGrad no_grad;
  CHECK(!grad_enabled());
  {
    const EnableGrad enable;
    CHECK(grad_enabled());
    const AutoGradMode off(false);
    CHECK(!grad_enabled());
  }
  CHECK(!grad_enabled());
}

}  // namespace wick::test
