#include <thread>

#include "support.h"

// How gradients are recorded and run; their values are gradients_test.cpp's.

namespace wick::test {
namespace {

Tensor leaf(std::initializer_list<double> values) { return tensor(values, float64).requires_grad_(); }

std::vector<double> list(const Tensor& x) { return to_vector<double>(x); }
using List = std::vector<double>;

}  // namespace

TEST_CASE("autograd: who requires a gradient") {
  const Tensor x = leaf({1, 2}), plain = tensor({3, 4}, float64);
  CHECK(x.requires_grad());
  CHECK(x.is_leaf());
  CHECK_FALSE(plain.requires_grad());
  CHECK(plain.is_leaf());
  const Tensor y = x * plain;
  CHECK(y.requires_grad());
  CHECK_FALSE(y.is_leaf());
  CHECK_FALSE((plain * plain).requires_grad());
  CHECK_FALSE(y.detach().requires_grad());
  CHECK(y.detach().storage() == y.storage());
  CHECK_FALSE(gt(x, plain).requires_grad());
  CHECK_FALSE(x.to(int64).requires_grad());
  CHECK_FALSE(max(x, 0).indices.requires_grad());

  CHECK_FALSE(x.requires_grad_(false).requires_grad());
  CHECK_THROWS_AS(y.requires_grad_(false), GradientError);
  CHECK_THROWS_AS(y.requires_grad_(true), GradientError);
}

TEST_CASE("autograd: only floating point and complex tensors can require one") {
  for (const DType dtype : all_dtypes) {
    if (is_differentiable(dtype)) {
      CHECK(ones({1}, dtype).requires_grad_().requires_grad());
    } else {
      CHECK_THROWS_AS(ones({1}, dtype).requires_grad_(), DTypeError);
      CHECK_FALSE(ones({1}, dtype).requires_grad_(false).requires_grad());
    }
  }
}

TEST_CASE("autograd: gradients add up over backward passes") {
  const Tensor x = leaf({1, 2, 3});
  CHECK_FALSE(x.grad().defined());
  sum(x * 2).backward();
  CHECK(list(x.grad()) == List{2, 2, 2});
  sum(square(x)).backward();
  CHECK(list(x.grad()) == List{4, 6, 8});
  x.set_grad(Tensor());
  CHECK_FALSE(x.grad().defined());
  sum(x).backward();
  CHECK(list(x.grad()) == List{1, 1, 1});
  CHECK_THROWS_AS(x.set_grad(zeros({2}, float64)), ShapeError);
}

TEST_CASE("autograd: adding up leaves tensors of others alone") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  const Tensor weight = tensor({5, 6}, float64);
  // Both leaves get the very gradient that was given.
  backward({x + y}, {weight});
  sum(x).backward();
  CHECK(list(x.grad()) == List{6, 7});
  CHECK(list(y.grad()) == List{5, 6});
  CHECK(list(weight) == List{5, 6});
}

TEST_CASE("autograd: a graph is used up once") {
  const Tensor x = leaf({2});
  const Tensor y = exp(x);
  y.backward();
  CHECK_THROWS_AS(y.backward(), GradientError);
  CHECK_THROWS_AS(grad({y}, {x}), GradientError);

  const Tensor z = exp(x);
  x.set_grad(Tensor());
  z.backward(true);
  const double once = x.grad().item().to_double();
  z.backward(true);
  z.backward();
  CHECK(x.grad().item().to_double() == doctest::Approx(3 * once));
  CHECK_THROWS_AS(z.backward(), GradientError);
}

TEST_CASE("autograd: what saves no tensors is not used up") {
  const Tensor x = leaf({1, 2});
  const Tensor y = sum(x.reshape({2, 1}) + 1);
  for (int pass = 0; pass < 3; ++pass) y.backward();
  CHECK(list(x.grad()) == List{3, 3});
  // Saved by one formula of two: the other operand wants no gradient.
  const Tensor z = sum(x * tensor({5, 6}, float64));
  z.backward();
  CHECK_THROWS_AS(z.backward(), GradientError);
  CHECK(list(x.grad()) == List{8, 9});
}

TEST_CASE("autograd: gradients that can be differentiated") {
  const Tensor x = leaf({3});
  const Tensor y = x * x * x;
  const Tensor first = grad({y}, {x}, {}, true, true)[0];
  CHECK(first.item().to_double() == 27);
  CHECK(first.requires_grad());
  const Tensor second = grad({first}, {x}, {}, true, true)[0];
  CHECK(second.item().to_double() == 18);
  const Tensor third = grad({second}, {x}, {}, true, true)[0];
  CHECK(third.item().to_double() == 6);
  // Through backward() the gradient in the leaf carries its history.
  y.backward(true, true);
  CHECK(x.grad().requires_grad());
  CHECK(grad({x.grad()}, {x})[0].item().to_double() == 18);
  // The leaf holds the gradient, whose history holds the leaf.
  x.set_grad(Tensor());
}

TEST_CASE("autograd: without create_graph gradients have no history") {
  const Tensor x = leaf({3});
  const Tensor g = grad({square(x)}, {x})[0];
  CHECK_FALSE(g.requires_grad());
  CHECK(grad_enabled());
}

TEST_CASE("autograd: grad() leaves the leaves alone") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  const Tensors grads = grad({sum(x * y)}, {x});
  CHECK(grads.size() == 1);
  CHECK(list(grads[0]) == List{3, 4});
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(y.grad().defined());
}

TEST_CASE("autograd: inputs that are results, repeated, unrelated or the output itself") {
  const Tensor x = leaf({1, 2}), other = leaf({5});
  const Tensor middle = x * 3;
  const Tensor out = sum(square(middle));
  const Tensors grads = grad({out}, {middle, x, other, x, out}, {}, true);
  CHECK(list(grads[0]) == List{6, 12});
  CHECK(list(grads[1]) == List{18, 36});
  CHECK_FALSE(grads[2].defined());
  CHECK(list(grads[3]) == List{18, 36});
  CHECK(list(grads[4]) == List{1});
  // Only what lies above the input runs: the graph below stays usable.
  const Tensors again = grad({out}, {middle});
  CHECK(list(again[0]) == List{6, 12});
  CHECK(list(grad({middle}, {x}, {ones({2}, float64)})[0]) == List{3, 3});
  CHECK(list(grad({x}, {x}, {ones({2}, float64)})[0]) == List{1, 1});
}

TEST_CASE("autograd: an output that lies below another output") {
  const Tensor x = leaf({1, 2, 3});
  const Tensor low = square(x);
  const Tensor high = low.slice(0, 1, 3) * 10;
  const Tensor ones3 = ones({3}, float64), ones2 = ones({2}, float64);
  CHECK(list(grad({low, high}, {x}, {ones3, ones2}, true)[0]) == List{2, 44, 66});
  CHECK(list(grad({high, low}, {x}, {ones2, ones3}, true)[0]) == List{2, 44, 66});
  backward({low, high}, {ones3, ones2});
  CHECK(list(x.grad()) == List{2, 44, 66});
}

TEST_CASE("autograd: a result used on several ways") {
  const Tensor x = leaf({2});
  const Tensor a = x * 3;
  const Tensor b = a * a, c = exp(a - 6), d = b * c + a;
  d.backward();
  // d = 9 x^2 exp(3x - 6) + 3x
  CHECK(x.grad().item().to_double() == doctest::Approx(18 * 2 + 9 * 4 * 3 + 3));
}

TEST_CASE("autograd: outputs and their gradients are checked") {
  const Tensor x = leaf({1, 2});
  CHECK_THROWS_AS((x * 2).backward(), GradientError);
  CHECK_THROWS_AS(tensor({1}, float64).backward(), GradientError);
  CHECK_THROWS_AS(grad({tensor({1}, float64)}, {x}), GradientError);
  CHECK_THROWS_AS(grad({x * 2}, {x}, {ones({3}, float64)}), ShapeError);
  CHECK(list(grad({x * 2}, {x}, {ones({2}, float32)})[0]) == List{2, 2});
  const Tensor one = leaf({4}).reshape({1, 1});
  CHECK_NOTHROW((one * 2).backward());
}

TEST_CASE("autograd: recording can be switched off") {
  const Tensor x = leaf({1, 2});
  {
    const NoGrad no_grad;
    CHECK_FALSE(grad_enabled());
    CHECK_FALSE((x * 2).requires_grad());
    {
      const GradMode loud(true);
      CHECK((x * 2).requires_grad());
    }
    CHECK_FALSE(grad_enabled());
  }
  CHECK(grad_enabled());
  CHECK((x * 2).requires_grad());
  // It is each thread's own.
  const NoGrad no_grad;
  bool elsewhere = false;
  std::thread([&] { elsewhere = grad_enabled(); }).join();
  CHECK(elsewhere);
}

TEST_CASE("autograd: an exception in a pass restores recording") {
  const Tensor x = leaf({1});
  const Tensor y = exp(x);
  y.backward();
  CHECK_THROWS_AS(y.backward(), GradientError);
  CHECK(grad_enabled());
}

TEST_CASE("autograd: changes in place of what was saved are noticed") {
  const Tensor x = leaf({1, 2}), w = tensor({3, 4}, float64);
  const Tensor product = sum(x * w);
  w.fill_(0);
  CHECK_THROWS_AS(product.backward(), GradientError);

  // A result that its own gradient needs.
  const Tensor y = exp(x);
  {
    const NoGrad no_grad;
    y.fill_(1);
  }
  CHECK_THROWS_AS(sum(y).backward(), GradientError);

  // Through another view of the same memory, and by each function that writes.
  const Tensor base = tensor({1, 2, 3, 4}, float64);
  const std::function<void()> writers[] = {[&] { base[0].zero_(); }, [&] { base.slice(0, 0, 2).copy_(w); },
                                           [&] { add_into(base, base); },
                                           [&] {
                                             gather_into(base.reshape({2, 2}), Tensors{w, w});
                                           }};
  for (const auto& write : writers) {
    const Tensor out = sum(x * base.slice(0, 2, 4));
    write();
    CHECK_THROWS_AS(out.backward(), GradientError);
  }

  // What the gradient does not need may change.
  const Tensor c = tensor({5, 6}, float64);
  const Tensor total = sum(x + c);
  c.fill_(0);
  CHECK_NOTHROW(total.backward());
  const Tensor scaled = sum(x * c);
  {
    const NoGrad no_grad;
    x.fill_(7);
  }
  CHECK_NOTHROW(scaled.backward());
}

TEST_CASE("autograd: no change in place of what requires a gradient") {
  const Tensor x = leaf({1, 2});
  CHECK_THROWS_AS(x.fill_(1), GradientError);
  CHECK_THROWS_AS(x.copy_(zeros({2}, float64)), GradientError);
  CHECK_THROWS_AS(add_into(x, x), GradientError);
  CHECK_THROWS_AS(gather_into(x, Tensors{zeros({}, float64), zeros({}, float64)}), GradientError);
  CHECK_THROWS_AS(x[0].zero_(), GradientError);
  CHECK_THROWS_AS(add_into(x * 2, x.detach()), GradientError);
  CHECK(list(x.detach()) == List{1, 2});
  const NoGrad no_grad;
  CHECK_NOTHROW(x.fill_(1));
}

TEST_CASE("autograd: a million operations one after another") {
  const std::size_t before = allocator::statistics().used;
  {
    const Tensor x = leaf({1});
    Tensor y = x;
    const Tensor zero = zeros({1}, float64);
    for (int i = 0; i < 1'000'000; ++i) y = y + zero;
    y.backward();
    CHECK(x.grad().item().to_double() == 1);
    // And one that is thrown away without a backward pass, holding a saved tensor in every node.
    y = x;
    for (int i = 0; i < 200'000; ++i) y = tanh(y);
    // Chosen inputs are looked for below everything.
    Tensor z = x;
    for (int i = 0; i < 200'000; ++i) z = z + zero;
    CHECK(grad({z}, {x})[0].item().to_double() == 1);
  }
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("autograd: graphs free their tensors") {
  const std::size_t before = allocator::statistics().used;
  {
    const Tensor x = leaf({1, 2, 3});
    const Tensor y = sum(exp(sigmoid(x) * sqrt(square(x))));
    const Tensor first = grad({y}, {x}, {}, true, true)[0];
    grad({sum(first)}, {x});
    sum(tanh(x)).backward();
  }
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("autograd: several threads at once") {
  const Tensor shared = leaf({1, 2, 3});
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const double factor = static_cast<double>(t + 1);
        const Tensor g = grad({sum(square(shared) * factor)}, {shared})[0];
        good[t] += list(g) == List{2 * factor, 4 * factor, 6 * factor};
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const int count : good) CHECK(count == 200);
}

TEST_CASE("autograd: gradients of half precision that meet are rounded once") {
  // In half precision a sum of ones stops at 2048, in bfloat16 at 256.
  for (const DType dtype : {float16, bfloat16}) {
    const Tensor leaf = ones({2}, dtype);
    leaf.requires_grad_();
    const Tensor between = mul(leaf, 1);
    for (const bool of_leaf : {true, false}) {
      Tensor total = zeros({2});
      for (int i = 0; i < 4096; ++i) total = add(total, mul(of_leaf ? leaf : between, 1).to(float32));
      const Tensors asked = grad({sum(total)}, {leaf, between}, {}, true);
      CHECK(identical(asked[0], full({2}, 4096, dtype)));
      if (!of_leaf) CHECK(identical(asked[1], full({2}, 4096, dtype)));
      leaf.set_grad({});
      sum(total).backward();
      CHECK(identical(leaf.grad(), full({2}, 4096, dtype)));
    }
  }
}

}  // namespace wick::test
