// Operators, broadcasting and the dtype of results.
#include <wick/wick.h>
#include <iostream>

int main() {
  const wick::Tensor column = wick::tensor({{1.0}, {2.0}});
  const wick::Tensor row = wick::tensor({10.0, 20.0, 30.0});
  std::cout << column + row << "\n";
  std::cout << 1 - column * 2 << "\n";
  const wick::Tensor whole = wick::tensor({7, -7});
  std::cout << whole / 2 << " " << wick::floor_divide(whole, 2) << "\n";
  std::cout << (whole + 0.5).dtype() << " " << (whole + whole).dtype() << "\n";
  std::cout << wick::pow(row, 2) << "\n";
  try {
    row + wick::ones({2});
  } catch (const wick::Error& error) {
    std::cout << "shapes do not fit\n";
  }
}
