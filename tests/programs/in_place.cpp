// Functions that end in _ change the tensor that they are called on.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::Tensor x = wick::ones({2, 2});
  x.add_(1).mul_(3);
  std::cout << x << "\n";
  x += 1;
  x[0] -= 5;
  std::cout << x << "\n";
  x.clamp_(3, 6);
  std::cout << x << "\n";
  wick::Tensor same = x;
  same.zero_();
  std::cout << x.sum().item<float>() << "\n";
}
