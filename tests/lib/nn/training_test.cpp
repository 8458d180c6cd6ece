#include <cmath>

#include "operations.h"

// Networks from a seed against PyTorch's.

namespace wick::test {
namespace {

template <const Tensor& (*fill)(const Tensor&, double)>
Tensors xavier(const Arguments& a) {
  manual_seed(5);
  return {fill(empty(a[0].list()), 1)};
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
    {"init_kaiming_uniform",
     [](const Arguments& a) {
       manual_seed(5);
       return Tensors{nn::init::kaiming_uniform_(empty(a[0].list()))};
     }},
    {"init_kaiming_normal",
     [](const Arguments& a) {
       manual_seed(5);
       return Tensors{nn::init::kaiming_normal_(empty(a[0].list()))};
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
  CHECK(w.is_leaf());
  CHECK_THROWS_AS(nn::init::xavier_uniform_(empty({3})), ShapeError);
  CHECK_THROWS_AS(nn::init::calculate_gain("what"), Error);
  CHECK(nn::Linear(0, 3).bias.numel() == 3);
  CHECK_THROWS_AS(nn::Linear(-1, 3), ShapeError);
}

}  // namespace wick::test
