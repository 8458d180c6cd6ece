// A classifier, mini-batches and a falling learning rate.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::manual_seed(0);
  const wick::Tensor x = wick::randn({200, 2});
  const wick::Tensor y = (x.select(1, 0) * x.select(1, 1) > 0).to(wick::kLong);
  namespace nn = wick::nn;
  nn::Sequential net{nn::make<nn::Linear>(2, 32), wick::tanh, nn::make<nn::Linear>(32, 2)};
  wick::optim::Adam optimizer(net.parameters(), {.lr = 0.02});
  wick::optim::StepLR schedule(optimizer, 50, 0.5);
  for (int epoch = 0; epoch < 100; ++epoch) {
    for (const wick::Tensors& batch : wick::Batches({x, y}, {.batch_size = 32, .shuffle = true})) {
      optimizer.zero_grad();
      wick::cross_entropy(net(batch[0]), batch[1]).backward();
      optimizer.step();
    }
    schedule.step();
  }
  const wick::Tensor right = net(x).argmax(1) == y;
  std::cout << (right.to(wick::kFloat).mean().item<float>() > 0.9) << "\n";
  std::cout << optimizer.lr() << "\n";
}
