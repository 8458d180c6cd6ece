// Factory functions: a shape, a dtype, numbers.
#include <wick/wick.h>
#include <iostream>

int main() {
  std::cout << wick::zeros({2, 3}) << "\n";
  std::cout << wick::ones({2}, wick::kInt32) << "\n";
  std::cout << wick::full({2, 2}, 7.5, wick::kFloat64) << "\n";
  std::cout << wick::eye(2) << "\n";
  std::cout << wick::arange(1, 9, 2) << "\n";
  std::cout << wick::linspace(0, 1, 5) << "\n";
  const wick::Tensor x = wick::ones({2, 2}, wick::kFloat64);
  std::cout << wick::zeros_like(x).dtype() << " " << wick::full_like(x, 3, wick::kInt64) << "\n";
}
