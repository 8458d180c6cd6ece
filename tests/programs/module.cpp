// A module of one's own with parameters and modules within it.
#include <wick/wick.h>
#include <iostream>

struct Net : wick::nn::Module {
  Net(std::int64_t inputs, std::int64_t outputs)
      : linear(child<wick::nn::Linear>("linear", inputs, outputs)),
        another_bias(parameter("another_bias", wick::randn({outputs}))) {}

  wick::Tensor forward(const wick::Tensor& x) override { return linear(x) + another_bias; }

  wick::nn::Linear& linear;
  wick::Tensor& another_bias;
};

int main() {
  Net net(4, 2);
  for (const auto& [name, parameter] : net.named_parameters())
    std::cout << name << " " << parameter.sizes() << "\n";
  std::cout << net.forward(wick::ones({3, 4})).sizes() << "\n";
  std::cout << net.is_training() << "\n";
  net.eval();
  std::cout << net.is_training() << "\n";
}
