// Elements in loops.
#include <wick/wick.h>
#include <iostream>

int main() {
  const wick::Tensor x = wick::arange(6).reshape({2, 3});
  const auto a = x.accessor<float, 2>();
  float trace = 0;
  for (int i = 0; i < 2; ++i) trace += a[i][i];
  std::cout << trace << "\n";
  a[1][2] = 50;
  const float* data = x.data_ptr<float>();
  std::cout << data[5] << "\n";
  for (const wick::Tensor& row : x) std::cout << row.sum().item<float>() << " ";
  std::cout << "\n" << x[0][1].item<int>() << "\n";
}
