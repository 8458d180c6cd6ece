// Systems of equations and decompositions.
#include <wick/wick.h>
#include <iostream>

int main() {
  const wick::Tensor a = wick::tensor({{4.0, 1.0}, {1.0, 3.0}}, wick::kFloat64);
  const wick::Tensor b = wick::tensor({{1.0}, {2.0}}, wick::kFloat64);
  const wick::Tensor x = wick::linalg::solve(a, b);
  std::cout << wick::matmul(a, x).allclose(b) << "\n";
  std::cout << wick::linalg::det(a).item<double>() << "\n";
  const wick::Tensor l = wick::linalg::cholesky(a);
  std::cout << l.mm(l.t()).allclose(a) << "\n";
  std::cout << wick::einsum("ij,ij->", {a, a}).item<double>() << "\n";
}
