#include <cmath>

#include "operations.h"

// Networks from a seed against PyTorch's.

namespace wick::test {
namespace {

template <const Tensor& (*fill)(const Tensor&, double)>
Tensors xavier(const Arguments& a) {
  manual_seed(5);
  return {fill(empty(a[0].list()), a.size() > 1 ? a[1].real() : 1)};
}

template <const Tensor& (*fill)(const Tensor&, double, nn::init::Fan, std::string_view)>
Tensors kaiming(const Arguments& a) {
  manual_seed(5);
  const Tensor x = empty(a[0].list());
  if (a.size() == 1) return {fill(x, 0, nn::init::Fan::In, "leaky_relu")};
  const auto fan = a[2].text == "fan_out" ? nn::init::Fan::Out : nn::init::Fan::In;
  return {fill(x, a[1].real(), fan, a[3].text)};
}

template <const Tensor& (*fill)(const Tensor&, double, double)>
Tensors filled_by_two(const Arguments& a) {
  manual_seed(5);
  return {fill(empty(a[0].list()), a[1].real(), a[2].real())};
}

Tensors train_mlp(const Arguments& a) {
  manual_seed(static_cast<std::uint64_t>(a[0].whole()));
  const DType dtype = a[1].dtype();
  nn::Sequential net{nn::make<nn::Linear>(6, 16, nn::LinearOptions{.dtype = dtype}), relu,
                     nn::make<nn::Dropout>(0.25),
                     nn::make<nn::Linear>(16, 3, nn::LinearOptions{.dtype = dtype})};
  const Tensor x = randn({20, 6}, dtype);
  const Tensor y = randint(0, 3, {20});
  optim::Adam adam(net.parameters(), {.lr = 0.01});
  Tensors losses;
  for (int i = 0; i < 20; ++i) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    nn::clip_grad_norm_(net.parameters(), 0.7);
    adam.step();
    losses.push_back(loss.detach());
  }
  Tensors out{stack(losses)};
  for (const Tensor& p : net.parameters()) out.push_back(p.detach());
  return out;
}

const Operations trainings = registered({
    {"linear_weights",
     [](const Arguments& a) {
       manual_seed(static_cast<std::uint64_t>(a[0].whole()));
       const nn::Linear layer(a[1].whole(), a[2].whole(), {.dtype = a[3].dtype()});
       return Tensors{layer.weight.detach(), layer.bias.detach(), rand({3})};
     }},
    {"train_mlp", train_mlp},
    {"init_xavier_uniform", xavier<nn::init::xavier_uniform_>},
    {"init_xavier_normal", xavier<nn::init::xavier_normal_>},
    {"init_kaiming_uniform", kaiming<nn::init::kaiming_uniform_>},
    {"init_kaiming_normal", kaiming<nn::init::kaiming_normal_>},
    {"init_uniform", filled_by_two<nn::init::uniform_>},
    {"init_normal", filled_by_two<nn::init::normal_>},
    {"calculate_gain",
     [](const Arguments& a) {
       return Tensors{scalar_tensor(nn::init::calculate_gain(a[0].text, a[1].real()), float64)};
     }},
});

}  // namespace

TEST_CASE("training: PyTorch's weights, masks and steps from the same seed") {
  check_reference("training.txt", trainings);
}

TEST_CASE("training: initial values go into leaves that require gradients") {
  const Tensor w = empty({2, 3});
  w.requires_grad_();
  nn::init::ones_(w);
  nn::init::eye_(w);
  CHECK(identical(w.detach(), eye(2, 3)));
  nn::init::uniform_(w, 2, 3);
  CHECK(min(w).item<double>() >= 2);
  CHECK(max(w).item<double>() < 3);
  CHECK(w.is_leaf());
  CHECK_THROWS_AS(nn::init::xavier_uniform_(empty({3})), ShapeError);
  CHECK_THROWS_AS(nn::init::calculate_gain("what"), Error);
  CHECK(nn::Linear(0, 3).bias.numel() == 3);
  CHECK_THROWS_AS(nn::Linear(-1, 3), ShapeError);
}

}  // namespace wick::test
