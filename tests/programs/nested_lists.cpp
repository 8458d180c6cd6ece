// Tensors of numbers that the program has: lists, vectors, sizes of any integer type.
#include <wick/wick.h>
#include <iostream>
#include <vector>

int main() {
  std::cout << wick::tensor({{1, 2}, {3, 4}}) << "\n";
  std::cout << wick::tensor({{1.5, 2.0}, {3.0, 4.0}}) << "\n";
  std::cout << wick::tensor({true, false}) << "\n";
  std::cout << wick::tensor(3.5) << "\n";
  const std::vector<double> samples = {0.5, 1.5, 2.5};
  std::cout << wick::tensor(samples) << "\n";
  std::cout << wick::tensor(samples, wick::kFloat32) << "\n";
  const int rows = 2;
  std::cout << wick::zeros({rows, samples.size()}).sizes() << "\n";
}
