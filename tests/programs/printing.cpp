// What << writes, and how to have it otherwise.
#include <wick/wick.h>
#include <cmath>
#include <iostream>

int main() {
  std::cout << wick::tensor({0.001, 1000.0}) << "\n";
  std::cout << wick::tensor({1e-8, 1e8}) << "\n";
  std::cout << wick::arange(2000) << "\n";
  std::cout << wick::zeros({0}) << "\n";
  std::cout << wick::tensor({1.0, NAN, -INFINITY}) << "\n";
  wick::set_print_options({.precision = 2});
  std::cout << wick::tensor({3.14159, 2.71828}) << "\n";
  const wick::Tensor x = wick::ones({2, 3});
  std::cout << x.sizes() << " " << x.dtype() << " " << x.dim() << " " << x.numel() << "\n";
}
