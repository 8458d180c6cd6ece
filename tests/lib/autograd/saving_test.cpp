#include <functional>

#include "support.h"

// What operations keep for the backward pass.

namespace wick::test {
namespace {

Tensor leaf(const Shape& shape) {
  Tensor x = arange(1, static_cast<double>(numel(shape)) + 1, 1, float64).reshape(shape).contiguous();
  return x.detach().requires_grad_();
}

// Makes a result of x and the index; the index is what the caller gave, or what the operation has answered.
struct Indexing {
  const char* name;
  std::function<Tensor(const Tensor& x, Tensor& index)> apply;
};

}  // namespace

TEST_CASE("saving: an index changed in place is an error in the backward pass") {
  const auto kept = [](auto result, Tensor& index) {
    index = result.indices;
    return result.values;
  };
  const Tensor at = tensor({0, 1}, int64);
  const std::vector<Indexing> operations = {
      {"gather", [&](const Tensor& x, Tensor& i) { return gather(x, 0, i); }},
      {"scatter", [&](const Tensor& x, Tensor& i) { return scatter(x, 0, i, zeros({2}, float64)); }},
      {"scatter_add",
       [&](const Tensor& x, Tensor& i) { return scatter_add(zeros({4}, float64), 0, i, x.slice(0, 0, 2)); }},
      {"index_select", [&](const Tensor& x, Tensor& i) { return index_select(x, 0, i); }},
      {"index_add",
       [&](const Tensor& x, Tensor& i) { return index_add(zeros({4}, float64), 0, i, x.slice(0, 0, 2)); }},
      {"gather_nd",
       [&](const Tensor& x, Tensor& i) {
         i = tensor({0, 1}, int64).reshape({2, 1});
         return gather_nd(x, i);
       }},
      {"take_along_dim", [&](const Tensor& x, Tensor& i) { return take_along_dim(x, i, 0); }},
      {"topk", [&](const Tensor& x, Tensor& i) { return kept(topk(x, 2, 0), i); }},
      {"sort", [&](const Tensor& x, Tensor& i) { return kept(sort(x, 0), i); }},
      {"max", [&](const Tensor& x, Tensor& i) { return kept(max(x, 0, true), i); }},
      {"min", [&](const Tensor& x, Tensor& i) { return kept(min(x, 0, false), i); }},
      {"median", [&](const Tensor& x, Tensor& i) { return kept(median(x, 0), i); }},
      {"mode", [&](const Tensor& x, Tensor& i) { return kept(mode(x, 0), i); }},
      {"kthvalue", [&](const Tensor& x, Tensor& i) { return kept(kthvalue(x, 2, 0), i); }},
      {"cummax", [&](const Tensor& x, Tensor& i) { return kept(cummax(x, 0), i); }},
      {"cummin", [&](const Tensor& x, Tensor& i) { return kept(cummin(x, 0), i); }},
  };
  for (const Indexing& operation : operations) {
    CAPTURE(operation.name);
    const Tensor x = leaf({4});
    Tensor index = at.clone();
    const Tensor y = operation.apply(x, index);
    index.fill_(1 << 20);
    bool correct = false;
    try {
      sum(y).backward();
      // An operation with a copy of its own gives the gradient of what was picked.
      Tensor same = at.clone();
      const Tensor fresh = leaf({4});
      sum(operation.apply(fresh, same)).backward();
      correct = to_vector<double>(x.grad()) == to_vector<double>(fresh.grad());
    } catch (const GradientError&) {
      correct = true;
    }
    CHECK(correct);
  }
}

TEST_CASE("saving: masks, pivots and conditions count as well") {
  const Tensor x = leaf({4});
  const Tensor mask = tensor({1, 0, 1, 0}, boolean);
  const Tensor y = where(mask, x, zeros({4}, float64));
  mask.fill_(true);
  CHECK_THROWS_AS(sum(y).backward(), GradientError);

  const Tensor A = add(leaf({3, 3}).detach(), eye(3, 3, float64)).requires_grad_();
  const auto [LU, pivots] = linalg::lu_factor(A);
  pivots.fill_(1 << 20);
  CHECK_THROWS_AS(sum(LU).backward(), GradientError);

  // index() works on positions of its own.
  const Tensor places = tensor({3, 3}, int64);
  const Tensor picked = index(x, {places});
  places.fill_(1 << 20);
  sum(picked).backward();
  CHECK(to_vector<double>(x.grad()) == std::vector<double>{0, 0, 0, 2});
}

TEST_CASE("saving: an error names the operation whose tensor was changed") {
  const Tensor x = leaf({2}), w = ones({2}, float64);
  const Tensor y = mul(x, w);
  w.zero_();
  CHECK_THROWS_WITH_AS(sum(y).backward(),
                       "mul: a tensor that the gradient needs was changed in place after it had been used",
                       GradientError);
}

TEST_CASE("saving: nothing is kept for an input that wants no gradient") {
  constexpr std::int64_t n = 1 << 18;
  const std::size_t bytes = n * sizeof(float);
  const Tensor c = full({n}, 0.5), m = eye(512, 512);
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> chains = {
      {"a number", [](const Tensor& y) { return mul(y, 0.9); }},
      {"mul", [&](const Tensor& y) { return mul(y, c); }},
      {"div", [&](const Tensor& y) { return div(y, c); }},
      {"add", [&](const Tensor& y) { return add(y, c, 2); }},
      {"where", [&](const Tensor& y) { return where(gt(c, c), c, y); }},
      {"matmul",
       [&](const Tensor& y) {
         return matmul(y.reshape({512, 512}), m).reshape({n});
       }},
      {"solve",
       [&](const Tensor& y) {
         return linalg::solve(m, y.reshape({512, 512})).reshape({n});
       }},
  };
  for (const auto& [name, step] : chains) {
    CAPTURE(name);
    const Tensor x = full({n}, 0.5).requires_grad_();
    const std::size_t before = allocator::statistics().used;
    Tensor y = x;
    for (int i = 0; i < 20; ++i) y = step(y);
    // The last result, and what a link keeps of the operand that has no gradient where it is not shared.
    const std::size_t held = allocator::statistics().used - before;
    CHECK(held < (std::string_view(name) == "where" ? 8 : 3) * bytes);
    sum(y).backward();
    CHECK(x.grad().defined());
  }
}

TEST_CASE("saving: results that are saved make no cycles") {
  const std::size_t before = allocator::statistics().used;
  {
    const Tensor x = leaf({8});
    Tensor y = x;
    for (const auto f : {exp, tanh, sigmoid, sqrt}) y = f(y);
    y = cumprod(softmax(y, 0), 0);
    y = add(y, std(x));
    const Tensor A = add(matmul(y.reshape({2, 4}), y.reshape({2, 4}).t()), eye(2, 2, float64));
    const auto [U, S, Vh] = linalg::svd(A);
    const Tensor total = add(sum(linalg::cholesky(A)), sum(S));
    // Twice through the graph, and not at all through some of it.
    grad({total}, {x}, {}, true, true);
  }
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("saving: joined tensors without elements have gradients of their shape") {
  const Tensor w = leaf({2, 3}), none = zeros({0}, float64).requires_grad_();
  const Tensor empty_part = w.slice(0, 0, 0);
  sum(cat({empty_part, ones({1, 3}, float64), none}, 0)).backward();
  REQUIRE(w.grad().defined());
  CHECK(to_vector<double>(w.grad()) == std::vector<double>(6, 0.0));
  REQUIRE(none.grad().defined());
  CHECK(none.grad().sizes() == Shape{0});
}

}  // namespace wick::test
