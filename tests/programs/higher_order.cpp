// Derivatives of derivatives: a gradient penalty.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::Tensor x = wick::tensor({1.0, 2.0});
  x.requires_grad_();
  const wick::Tensor y = (x * x * x).sum();
  const wick::Tensor gradient = wick::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  std::cout << gradient.detach() << "\n";
  const wick::Tensor penalty = (gradient.norm() - 1) * (gradient.norm() - 1);
  const wick::Tensor second = wick::grad({gradient.sum()}, {x}, {}, true)[0];
  std::cout << second << "\n";
  penalty.backward();
  std::cout << x.grad().sizes() << "\n";
  x.set_grad({});
  const auto hook = x.register_hook([](const wick::Tensor& g) { return g * 10; });
  (x * 2).sum().backward();
  std::cout << x.grad() << "\n";
  x.remove_hook(hook);
}
