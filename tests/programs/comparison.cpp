// Masks: where, masked_fill, logic.
#include <wick/wick.h>
#include <iostream>

int main() {
  const wick::Tensor x = wick::tensor({-2.0, -1.0, 0.0, 1.0, 2.0});
  std::cout << (x > 0) << "\n";
  std::cout << wick::where(x > 0, x, 0.1 * x) << "\n";
  std::cout << x.masked_fill(x < 0, 0) << "\n";
  std::cout << x.masked_select((x > -2) & (x < 2)) << "\n";
  std::cout << ~(x == 0) << "\n";
  std::cout << wick::maximum(x, 0.5) << "\n";
  std::cout << x.allclose(x + 1e-9) << "\n";
}
