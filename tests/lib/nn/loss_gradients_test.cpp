#include "gradcheck.h"
#include "wick/autograd/twin.h"

// Derivatives of losses against numeric differences, first ones by kernels and second ones by the twins.

namespace wick::test {
namespace {

using ElementFunction = std::function<Tensor(const Tensor&, const Tensor&, Reduction)>;

constexpr Reduction reductions[] = {Reduction::None, Reduction::Mean, Reduction::Sum};

// From 0.1 to 0.9.
Tensor shares(const Shape& shape, std::int64_t from = 0) {
  return filled(shape, float64, [=](std::int64_t i) { return 0.5 + 0.4 * apart(from + i) / 2.4; });
}

Tensor signs(const Shape& shape) {
  return filled(shape, float64, [](std::int64_t i) { return i % 3 ? 1.0 : -1.0; });
}

void check_both(const std::string& name, const ElementFunction& loss, const Tensor& x, const Tensor& t) {
  for (const Reduction r : reductions) {
    check_gradients(name, [&](const Tensors& in) { return loss(in[0], in[1], r); }, {x, t});
    check_gradients(name + ", the target fixed", [&](const Tensors& in) { return loss(in[0], t, r); }, {x});
  }
}

}  // namespace

TEST_CASE("loss gradients: of elements, by input and target") {
  const std::pair<const char*, ElementFunction> smooth[] = {
      {"l1", [](const Tensor& x, const Tensor& t, Reduction r) { return l1_loss(x, t, r); }},
      {"mse", [](const Tensor& x, const Tensor& t, Reduction r) { return mse_loss(x, t, r); }},
      {"smooth l1",
       [](const Tensor& x, const Tensor& t, Reduction r) { return smooth_l1_loss(x, t, r, 1.37); }},
      {"huber", [](const Tensor& x, const Tensor& t, Reduction r) { return huber_loss(x, t, r, 0.77); }},
      {"kl", [](const Tensor& x, const Tensor& t, Reduction r) { return kl_div(x, t, r, true); }},
      {"soft margin",
       [](const Tensor& x, const Tensor& t, Reduction r) { return soft_margin_loss(x, t, r); }},
      {"poisson of logarithms", [](const Tensor& x, const Tensor& t, Reduction r) {
         return poisson_nll_loss(x, t, true, true, 1e-8, r);
       }}};
  for (const auto& [name, loss] : smooth) {
    for (const Tensor& x : orders(values({3, 2}))) check_both(name, loss, x, values({3, 2}, 31));
    check_both(std::string(name) + ", broadcast", loss, values({3, 1}), values({2}, 17));
    check_both(std::string(name) + ", 0-d", loss, values({}), values({}, 5));
  }
  check_both(
      "kl of probabilities", [](const Tensor& x, const Tensor& t, Reduction r) { return kl_div(x, t, r); },
      values({2, 3}), shares({2, 3}, 9));
  check_both(
      "bce", [](const Tensor& x, const Tensor& t, Reduction r) { return binary_cross_entropy(x, t, {}, r); },
      shares({2, 3}), shares({2, 3}, 9));
  check_both(
      "bce with logits",
      [](const Tensor& x, const Tensor& t, Reduction r) {
        return binary_cross_entropy_with_logits(x, t, {}, {}, r);
      },
      values({2, 3}), shares({2, 3}, 9));
  check_both(
      "poisson",
      [](const Tensor& x, const Tensor& t, Reduction r) {
        return poisson_nll_loss(x, t, false, true, 1e-8, r);
      },
      positive({2, 3}), positive({2, 3}, 9));
  for (const Reduction r : reductions) {
    check_gradients("hinge", [&](const Tensors& in) { return hinge_embedding_loss(in[0], signs({7}), 1, r); },
                    {values({7})});
    check_gradients("weighted bce",
                    [&](const Tensors& in) { return binary_cross_entropy(in[0], in[1], in[2], r); },
                    {shares({4}), shares({4}, 9), positive({4})});
    check_gradients("weighted bce with logits",
                    [&](const Tensors& in) {
                      return binary_cross_entropy_with_logits(in[0], shares({2, 2}, 9), in[1], in[2], r);
                    },
                    {values({2, 2}), positive({2, 2}), positive({2}, 8)});
    check_gradients("gaussian",
                    [&](const Tensors& in) { return gaussian_nll_loss(in[0], in[1], in[2], true, 1e-6, r); },
                    {values({2, 3}), values({3}, 9), positive({2, 1})});
    check_gradients("margin ranking",
                    [&](const Tensors& in) { return margin_ranking_loss(in[0], in[1], signs({5}), 0.33, r); },
                    {values({5}), values({5}, 40)});
  }
}

TEST_CASE("loss gradients: an exact answer at logits of 0, also when it is recorded") {
  const Tensor x = zeros({3}, float64), t = tensor({0.0, 1.0, 0.5}, float64);
  x.requires_grad_();
  const Tensor loss = binary_cross_entropy_with_logits(x, t, {}, {}, Reduction::Sum);
  const Tensor wanted = tensor({0.5, -0.5, 0.0}, float64);
  CHECK(identical(grad({loss}, {x}, {}, true)[0], wanted));
  CHECK(identical(grad({loss}, {x}, {}, true, true)[0].detach(), wanted));
}

TEST_CASE("loss gradients: of vectors") {
  for (const Reduction r : reductions) {
    for (const Shape& shape : {Shape{4, 3}, Shape{3}}) {
      const Tensor target = shape.size() == 2 ? signs({4}) : scalar_tensor(1.0, float64);
      check_gradients("cosine embedding",
                      [&](const Tensors& in) { return cosine_embedding_loss(in[0], in[1], target, 0.05, r); },
                      {values(shape), values(shape, 41)});
      check_gradients(
          "triplet",
          [&](const Tensors& in) { return triplet_margin_loss(in[0], in[1], in[2], 2.5, 2, 1e-6, true, r); },
          {values(shape), values(shape, 41), values(shape, 77)});
      for (const Distance d : {Distance::Cosine, Distance::Pairwise, Distance::Euclidean}) {
        check_gradients("triplet with distance",
                        [&](const Tensors& in) {
                          return triplet_margin_with_distance_loss(in[0], in[1], in[2], d, 2.5, r);
                        },
                        {values(shape), values(shape, 41), values(shape, 77)});
      }
    }
  }
}

TEST_CASE("loss gradients: of classes") {
  const Tensor weight = positive({4});
  for (const Reduction r : reductions) {
    for (const Tensor& w : {Tensor(), weight}) {
      for (const Tensor& x : orders(values({3, 4}))) {
        const Tensor y = tensor({2, -100, 0});
        check_gradients("nll", [&](const Tensors& in) { return nll_loss(in[0], y, w, r); }, {x});
        for (const double smoothing : {0.0, 0.2}) {
          check_gradients("cross entropy",
                          [&](const Tensors& in) { return cross_entropy(in[0], y, w, r, -100, smoothing); },
                          {x});
        }
        check_gradients("cross entropy of probabilities",
                        [&](const Tensors& in) { return cross_entropy(in[0], in[1], w, r, -100, 0.1); },
                        {x, shares({3, 4})});
        check_gradients("multi margin",
                        [&](const Tensors& in) {
                          return multi_margin_loss(in[0], tensor({1, 3, 0}), 2, 1.13, w, r);
                        },
                        {x});
      }
      check_gradients("cross entropy of positions",
                      [&](const Tensors& in) {
                        return cross_entropy(in[0], tensor({0, 3, 2, 1, 1, 0}).reshape({2, 3}), w, r);
                      },
                      {values({2, 4, 3})});
      check_gradients("cross entropy of one",
                      [&](const Tensors& in) { return cross_entropy(in[0], scalar_tensor(2, int64), w, r); },
                      {values({4})});
    }
    check_gradients(
        "multilabel margin",
        [&](const Tensors& in) {
          return multilabel_margin_loss(in[0], tensor({3, 1, -1, 0, 2, -1, 3, 3}).reshape({2, 4}), r);
        },
        {values({2, 4})});
    check_gradients("multilabel soft margin",
                    [&](const Tensors& in) {
                      return multilabel_soft_margin_loss(in[0], shares({2, 4}), weight, r);
                    },
                    {values({2, 4})});
    check_gradients("focal",
                    [&](const Tensors& in) {
                      return focal_loss(in[0], tensor({1, 2}), 0.7, 2, r);
                    },
                    {values({2, 3})});
    check_gradients("dice", [&](const Tensors& in) { return dice_loss(in[0], shares({6}), 0.5, r); },
                    {values({2, 3})});
    check_gradients("tversky",
                    [&](const Tensors& in) { return tversky_loss(in[0], shares({6}), 0.4, 0.6, 0.5, r); },
                    {values({2, 3})});
  }
}

// x w^2, with a derivative that is computed in one go.
Tensor fused_product(const Tensor& x, const Tensor& w) {
  struct Nothing {};
  const NoGrad off;
  const Tensor out = mul(x, square(w));
  const EnableGrad on;
  return record_fused(
      "product", out, {x, w}, Nothing{},
      [](const Tensor& g, const Tensors& in, const Nothing&) {
        return Tensors{mul(g, square(in[1])), mul(g, mul(mul(in[0], in[1]), 2))};
      },
      [](const Tensors& in, const Nothing&) { return mul(in[0], square(in[1])); });
}

TEST_CASE("fused operations: inputs that depend on each other, to third order") {
  // x^5 by way of w = x^2.
  const Tensor x = tensor({0.7, -1.3}, float64);
  x.requires_grad_();
  const Tensor y = fused_product(x, square(x));
  Tensor derivative = y;
  double factor = 1;
  for (int order = 1; order <= 3; ++order) {
    derivative = grad({derivative}, {x}, {ones({2}, float64)}, true, true)[0];
    factor *= 6 - order;
    CHECK(allclose(derivative.detach(), mul(pow(x.detach(), 5 - order), factor), 1e-12));
  }
  const Tensor plain = grad({fused_product(x, square(x))}, {x}, {ones({2}, float64)})[0];
  CHECK(allclose(plain, mul(pow(x.detach(), 4), 5), 1e-12));
}

TEST_CASE("fused operations: a change in place of what they saved is found out") {
  const Tensor x = ones({3});
  x.requires_grad_();
  const Tensor t = zeros({3});
  const Tensor loss = mse_loss(x, t);
  t.add_(1);
  CHECK_THROWS_AS(loss.backward(), GradientError);
  const Tensor again = mse_loss(x, t);
  again.backward();
  CHECK_THROWS_AS(again.backward(), GradientError);
}

}  // namespace wick::test
