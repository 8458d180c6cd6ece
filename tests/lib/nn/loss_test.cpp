#include <cmath>
#include <map>

#include "operations.h"

namespace wick::test {
namespace {

Reduction reduction(const Arguments& a, std::size_t i) {
  static const std::map<std::string, Reduction> words{
      {"none", Reduction::None}, {"mean", Reduction::Mean}, {"sum", Reduction::Sum}};
  return words.at(a[i].text);
}

// The loss, and the gradient of its sum by the first tensor.
template <class Loss>
Tensors with_gradient(const Arguments& a, Loss loss) {
  const Tensor x = t(a, 0).detach();
  x.requires_grad_();
  const Tensor out = loss(x);
  return {out.detach(), grad({sum(out)}, {x})[0]};
}

template <Tensor (*f)(const Tensor&, const Tensor&, Reduction)>
Tensors plain(const Arguments& a) {
  return with_gradient(a, [&](const Tensor& x) { return f(x, t(a, 1), reduction(a, 2)); });
}
template <Tensor (*f)(const Tensor&, const Tensor&, Reduction, double)>
Tensors with_parameter(const Arguments& a) {
  return with_gradient(a, [&](const Tensor& x) { return f(x, t(a, 1), reduction(a, 2), a[3].real()); });
}

const Operations losses = registered({
    {"l1_loss", plain<l1_loss>},
    {"mse_loss", plain<mse_loss>},
    {"soft_margin_loss", plain<soft_margin_loss>},
    {"multilabel_margin_loss", plain<multilabel_margin_loss>},
    {"smooth_l1_loss", with_parameter<smooth_l1_loss>},
    {"huber_loss", with_parameter<huber_loss>},
    {"kl_div",
     [](const Arguments& a) {
       return with_gradient(
           a, [&](const Tensor& x) { return kl_div(x, t(a, 1), reduction(a, 2), a[3].flag()); });
     }},
    {"bce",
     [](const Arguments& a) {
       return with_gradient(
           a, [&](const Tensor& x) { return binary_cross_entropy(x, t(a, 1), {}, reduction(a, 2)); });
     }},
    {"bce_logits",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return binary_cross_entropy_with_logits(x, t(a, 1), {}, {}, reduction(a, 2));
       });
     }},
    {"hinge_embedding_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return hinge_embedding_loss(x, t(a, 1), a[3].real(), reduction(a, 2));
       });
     }},
    {"poisson_nll_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return poisson_nll_loss(x, t(a, 1), a[3].flag(), a[4].flag(), 1e-8, reduction(a, 2));
       });
     }},
    {"cosine_embedding_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return cosine_embedding_loss(x, t(a, 1), t(a, 2), a[4].real(), reduction(a, 3));
       });
     }},
    {"margin_ranking_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return margin_ranking_loss(x, t(a, 1), t(a, 2), a[4].real(), reduction(a, 3));
       });
     }},
    {"triplet_margin_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return triplet_margin_loss(x, t(a, 1), t(a, 2), a[4].real(), a[5].real(), 1e-6, a[6].flag(),
                                    reduction(a, 3));
       });
     }},
    {"triplet_margin_with_distance_loss",
     [](const Arguments& a) {
       static const std::map<std::string, Distance> words{{"cosine", Distance::Cosine},
                                                          {"pairwise", Distance::Pairwise},
                                                          {"euclidean", Distance::Euclidean}};
       return with_gradient(a, [&](const Tensor& x) {
         return triplet_margin_with_distance_loss(x, t(a, 1), t(a, 2), words.at(a[3].text), a[5].real(),
                                                  reduction(a, 4));
       });
     }},
    {"gaussian_nll_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return gaussian_nll_loss(x, t(a, 1), t(a, 2), a[4].flag(), 1e-6, reduction(a, 3));
       });
     }},
    {"multilabel_soft_margin_loss",
     [](const Arguments& a) {
       return with_gradient(
           a, [&](const Tensor& x) { return multilabel_soft_margin_loss(x, t(a, 1), {}, reduction(a, 2)); });
     }},
    {"multi_margin_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return multi_margin_loss(x, t(a, 1), a[3].whole(), a[4].real(), {}, reduction(a, 2));
       });
     }},
    {"nll_loss",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         return nll_loss(x, t(a, 1), t(a, 2), reduction(a, 3), a.size() > 4 ? a[4].whole() : -100);
       });
     }},
    {"cross_entropy",
     [](const Arguments& a) {
       return with_gradient(a, [&](const Tensor& x) {
         const std::int64_t ignored = a.size() > 5 ? a[5].whole() : -100;
         return cross_entropy(x, t(a, 1), t(a, 2), reduction(a, 3), ignored, a[4].real());
       });
     }},
});

double value(const Tensor& x) { return x.item<double>(); }

}  // namespace

TEST_CASE("losses: PyTorch's, with gradients") { check_reference("loss.txt", losses); }

TEST_CASE("losses: integers, empty tensors and dtypes") {
  const Tensor a = tensor({1, 5, -2}), b = tensor({4, 4, 4});
  CHECK(identical(l1_loss(a, b, Reduction::Sum), scalar_tensor(10, int64)));
  CHECK(identical(l1_loss(a, b, Reduction::None), tensor({3, 1, 6})));
  CHECK_THROWS_AS(l1_loss(a, b), DTypeError);
  CHECK_THROWS_AS(mse_loss(a, b), DTypeError);
  CHECK(value(l1_loss(tensor({1.0, 2.0}), tensor({2, 4}))) == 1.5);
  CHECK(mse_loss(ones({2}, float16), ones({2}, float64)).dtype() == float64);
  const Tensor nothing = empty({0, 3});
  CHECK(std::isnan(value(mse_loss(nothing, nothing))));
  CHECK(value(mse_loss(nothing, nothing, Reduction::Sum)) == 0);
  CHECK(mse_loss(nothing, nothing, Reduction::None).sizes() == Shape{0, 3});
  CHECK(std::isnan(value(cross_entropy(nothing, empty({0}, int64)))));
  // Half precision: rounded once; in float32 first this would be a tie, which goes to 1.
  const Tensor above = full({1}, 1 + 0x1p-11 + 0x1p-40, float64);
  CHECK(value(nll_loss(full({1, 1}, -1, float16), tensor({0}), above, Reduction::None)) == 1 + 0x1p-10);
  // Half precision: a sum that it cannot hold on the way.
  CHECK(value(mse_loss(full({4000}, 10, float16), zeros({4000}, float16))) == 100);
}

TEST_CASE("losses: errors name what is wrong") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_AS(smooth_l1_loss(x, x, Reduction::Mean, -1), Error);
  CHECK_THROWS_AS(huber_loss(x, x, Reduction::Mean, 0), Error);
  CHECK_THROWS_AS(mse_loss(x, ones({2, 2})), ShapeError);
  CHECK_THROWS_AS(binary_cross_entropy(x, ones({3})), ShapeError);
  CHECK_THROWS_AS(binary_cross_entropy(x, ones({2, 3}, int64)), DTypeError);
  CHECK_THROWS_AS(cosine_embedding_loss(ones({3}), ones({3}), ones({1})), ShapeError);
  CHECK_THROWS_AS(multi_margin_loss(x, tensor({0, 1}), 3), Error);
  CHECK_THROWS_AS(multi_margin_loss(x, tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(multilabel_margin_loss(x, tensor({0, 3, -1, 0, 0, 0}).reshape({2, 3})), IndexError);
  CHECK_THROWS_AS(focal_loss(x, tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(focal_loss(x, tensor({0, -1})), IndexError);
  CHECK_THROWS_AS(dice_loss(x, ones({5})), ShapeError);
  CHECK_THROWS_AS(kl_div(scalar_tensor(1.0, float32), scalar_tensor(1.0, float32), Reduction::BatchMean),
                  ShapeError);
  CHECK_THROWS_AS(multi_margin_loss(x, tensor({0, -4})), IndexError);
  // A weight that would make the losses more than the input's elements are.
  const Tensor row = ones({3}), rows = ones({2, 3});
  CHECK_THROWS_AS(binary_cross_entropy(row, row, rows), ShapeError);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(row, row, rows), ShapeError);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(row, row, rows, row), ShapeError);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(row, row, {}, rows), ShapeError);
  // One example without a batch, also when nothing is recorded.
  const Tensor first = scalar_tensor(0, int64);
  CHECK_THROWS_AS(nll_loss(row, first, {}, Reduction::BatchMean), ShapeError);
  CHECK_THROWS_AS(cross_entropy(row, first, {}, Reduction::BatchMean), ShapeError);
  CHECK_THROWS_AS(multilabel_margin_loss(row, tensor({0, -1, -1}), Reduction::BatchMean), ShapeError);
  CHECK_THROWS_WITH_AS(nll_loss(x, tensor({0, 3})), "nll_loss: the class 3 is out of bounds for 3 classes",
                       IndexError);
}

TEST_CASE("losses: weights and what PyTorch has not") {
  const Tensor x = tensor({0.2, 0.7, 0.9}, float64), y = tensor({0.0, 1.0, 1.0}, float64),
               w = tensor({3.0, 0.5, 2.0}, float64);
  const double by_hand = -(3 * std::log(0.8) + 0.5 * std::log(0.7) + 2 * std::log(0.9)) / 3;
  CHECK(value(binary_cross_entropy(x, y, w)) == doctest::Approx(by_hand).epsilon(1e-14));
  const Tensor logits = log(div(x, sub(1, x)));
  CHECK(value(binary_cross_entropy_with_logits(logits, y, w)) == doctest::Approx(by_hand).epsilon(1e-13));
  const double positive = -(std::log(0.8) + 4 * std::log(0.7) + 4 * std::log(0.9)) / 3;
  CHECK(value(binary_cross_entropy_with_logits(logits, y, {}, scalar_tensor(4.0, float64))) ==
        doctest::Approx(positive).epsilon(1e-13));
  // The focal loss with gamma 0 is the cross entropy.
  const Tensor scores = tensor({1.0, -2.0, 0.5, 3.0, 0.25, 1.0}, float64).reshape({2, 3}),
               classes = tensor({2, 0});
  CHECK(value(focal_loss(scores, classes, 1, 0)) ==
        doctest::Approx(value(cross_entropy(scores, classes))).epsilon(1e-14));
  const double p = std::exp(-value(cross_entropy(scores.slice(0, 0, 1), tensor({2}))));
  CHECK(value(focal_loss(scores.slice(0, 0, 1), tensor({2.7}), 0.3, 1.5)) ==
        doctest::Approx(-0.3 * std::pow(1 - p, 1.5) * std::log(p)).epsilon(1e-13));
  // A hopeless example: the logarithm ends at that of 1e-8.
  CHECK(value(focal_loss(tensor({100.0, 0.0}).reshape({1, 2}), tensor({1}))) ==
        doctest::Approx(18.420681).epsilon(1e-6));
  const Tensor s = sigmoid(scores).flatten(), inside = tensor({1, 0, 1, 1, 0, 0});
  const double both = value(sum(mul(s, inside))), all = value(sum(s));
  CHECK(value(dice_loss(scores, inside, 2)) ==
        doctest::Approx(1 - (2 * both + 2) / (all + 3 + 2)).epsilon(1e-13));
  CHECK(value(tversky_loss(scores, inside.reshape({3, 2}), 0.7, 0.2, 1)) ==
        doctest::Approx(1 - (both + 1) / (both + 0.7 * (all - both) + 0.2 * (3 - both) + 1)).epsilon(1e-13));
  CHECK(dice_loss(scores, inside, 1, Reduction::None).sizes() == Shape{1});
  const Tensor q = tensor({0.5, 0.5, 1.0, 0.0}, float64).reshape({2, 2}),
               logs = log(tensor({0.25, 0.75, 0.5, 0.5}, float64)).reshape({2, 2});
  CHECK(value(kl_div(logs, q, Reduction::BatchMean)) ==
        doctest::Approx(value(kl_div(logs, q, Reduction::Sum)) / 2));
  // 0 log 0 is 0, whatever the prediction.
  CHECK(value(kl_div(tensor({-INFINITY, -1.0}), tensor({0.0, 1.0}), Reduction::Sum)) == 1);
  CHECK(value(kl_div(tensor({-3.0, -1.0}), tensor({-INFINITY, 0.0}), Reduction::Sum, true)) == 1);
}

TEST_CASE("losses: sums do not depend on the number of threads") {
  manual_seed(1);
  const Tensor x = randn({300007}), y = randn({300007});
  const auto loss = [&] { return mse_loss(x, y); };
  CHECK(identical(with_threads(3, loss), with_threads(1, loss)));
  // Accurate, far from 0.
  const Tensor far = full({1 << 20}, 4097.5f);
  CHECK(value(l1_loss(far, zeros({1 << 20}))) == 4097.5);
}

}  // namespace wick::test
