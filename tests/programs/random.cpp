// A seed makes random numbers repeatable.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::manual_seed(0);
  const wick::Tensor first = wick::rand({2, 3});
  wick::manual_seed(0);
  const wick::Tensor again = wick::rand({2, 3});
  std::cout << first << "\n";
  std::cout << std::boolalpha << first.equal(again) << "\n";
  const wick::Tensor dice = wick::randint(1, 7, {1000});
  std::cout << dice.min().item<int>() << " " << dice.max().item<int>() << "\n";
  std::cout << wick::randn_like(first).sizes() << "\n";
}
