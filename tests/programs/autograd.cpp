// Derivatives of a number by the tensors that it was computed of.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::Tensor x = wick::ones({2, 2});
  x.requires_grad_();
  const wick::Tensor y = x + 2;
  const wick::Tensor out = (y * y * 3).mean();
  std::cout << out.item<float>() << " " << out.requires_grad() << "\n";
  out.backward(/*retain_graph=*/true);
  std::cout << x.grad() << "\n";
  {
    wick::NoGradGuard no_grad;
    std::cout << (x * 2).requires_grad() << "\n";
  }
  std::cout << x.detach().requires_grad() << "\n";
  y.sum().backward();
  std::cout << x.grad() << "\n";
}
