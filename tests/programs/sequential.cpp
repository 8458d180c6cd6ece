// Layers one after another.
#include <wick/wick.h>
#include <iostream>

int main() {
  namespace nn = wick::nn;
  wick::manual_seed(1);
  nn::Sequential net{nn::make<nn::Linear>(8, 16), wick::relu, nn::make<nn::Dropout>(0.5),
                     nn::make<nn::Linear>(16, 3)};
  net.eval();
  const wick::Tensor x = wick::randn({5, 8});
  const wick::Tensor probabilities = net(x).softmax(1);
  std::cout << probabilities.sizes() << "\n";
  std::cout << probabilities.sum(1).allclose(wick::ones({5})) << "\n";
  std::cout << net.size() << " " << net.parameters().size() << "\n";
  wick::Ref<nn::Module> last = nn::make<nn::Linear>(3, 1);
  std::cout << (*last)(probabilities).sizes() << "\n";
}
