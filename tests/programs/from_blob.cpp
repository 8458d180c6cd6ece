// Memory of the program as a tensor, without a copy.
#include <wick/wick.h>
#include <iostream>

int main() {
  float data[] = {1, 2, 3, 4, 5, 6};
  const wick::Tensor x = wick::from_blob(data, {2, 3});
  std::cout << x << "\n";
  data[0] = 10;
  std::cout << x[0][0].item<float>() << "\n";
  x.mul_(2);
  std::cout << data[5] << "\n";
  std::cout << wick::from_blob(data, {3, 2}, {1, 3}) << "\n";
}
