// Principal components of points by the singular value decomposition.
#include <wick/wick.h>
#include <iostream>

int main() {
  wick::manual_seed(0);
  // Long along one direction, flat along the others.
  const wick::Tensor x =
      wick::matmul(wick::randn({500, 1}, wick::kFloat64), wick::tensor({{3.0, 2.0, 1.0}}, wick::kFloat64)) +
      0.1 * wick::randn({500, 3}, wick::kFloat64);
  const wick::Tensor centered = x - x.mean(0);
  const auto [u, s, vh] = wick::linalg::svd(centered, false);
  const wick::Tensor variance = s.pow(2) / (x.size(0) - 1);
  std::cout << "share of the variance " << variance / variance.sum() << "\n";
  std::cout << "first direction " << vh[0] << "\n";
  std::cout << "projected " << wick::matmul(centered, vh.slice(0, 0, 2).t()).sizes() << "\n";
  return (variance / variance.sum())[0].item<double>() > 0.95 ? 0 : 1;
}
