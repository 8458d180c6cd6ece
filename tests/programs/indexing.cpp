// Parts of a tensor, read and written.
#include <wick/wick.h>
#include <iostream>

int main() {
  using namespace wick::indexing;
  wick::Tensor x = wick::arange(12).reshape({3, 4});
  std::cout << x[1] << "\n";
  std::cout << x.index({Slice(None, 2), Slice(1, None, 2)}) << "\n";
  std::cout << x.index({"...", 0}) << "\n";
  std::cout << x.index({None, 2}).sizes() << "\n";
  std::cout << x.index({x > 8}) << "\n";
  std::cout << x.index({wick::tensor({2, 0}), 1}) << "\n";
  x.index_put_({0, Slice()}, -1);
  x.index_put_({x > 9}, wick::zeros({2}));
  std::cout << x << "\n";
}
