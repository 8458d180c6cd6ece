// Views share the elements of the tensor that they were made of.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::Tensor x = wick::arange(6);
  wick::Tensor rows = x.view({2, 3});
  rows.t()[0].fill_(9);
  std::cout << x << "\n";
  std::cout << rows.t().is_contiguous() << " " << rows.t().contiguous().is_contiguous() << "\n";
  std::cout << rows.unsqueeze(1).expand({2, 2, 3}).sizes() << "\n";
  std::cout << rows.t().strides() << "\n";
  for (const wick::Tensor& part : x.chunk(3)) std::cout << part << "\n";
  std::cout << wick::cat({rows, rows}, 1).sizes() << " " << wick::stack({rows, rows}).sizes() << "\n";
}
