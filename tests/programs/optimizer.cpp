// A line through points, found by gradient descent.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::manual_seed(0);
  const wick::Tensor x = wick::linspace(-1, 1, 50).reshape({50, 1});
  const wick::Tensor y = 3 * x + 0.5;
  wick::nn::Linear model(1, 1);
  wick::optim::SGD optimizer(model.parameters(), {.lr = 0.1, .momentum = 0.9});
  for (int epoch = 0; epoch < 300; ++epoch) {
    optimizer.zero_grad();
    const wick::Tensor loss = wick::mse_loss(model(x), y);
    loss.backward();
    optimizer.step();
  }
  std::cout << model.weight.item<float>() << " " << model.bias.item<float>() << "\n";
}
