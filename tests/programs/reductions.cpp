// Sums, means and extremes of all elements or along dimensions.
#include <wick/wick.h>
#include <iostream>

int main() {
  const wick::Tensor x = wick::tensor({{1.0, 5.0, 3.0}, {4.0, 2.0, 6.0}});
  std::cout << x.sum() << " " << x.mean() << "\n";
  std::cout << x.sum(0) << " " << x.sum({0, 1}) << "\n";
  std::cout << x.mean(1, true) << "\n";
  std::cout << x.argmax(1) << "\n";
  const auto [values, indices] = x.max(0);
  std::cout << values << " " << indices << "\n";
  std::cout << x.var(1) << "\n";
  std::cout << wick::all(x > 0) << " " << wick::any(x > 6) << "\n";
}
