// A Kalman filter: position and speed of a body, of which noisy positions are measured.
#include <wick/wick.h>
#include <cmath>
#include <iostream>

int main() {
  using wick::matmul;
  wick::manual_seed(0);
  const double dt = 0.1;
  const wick::Tensor f = wick::tensor({{1.0, dt}, {0.0, 1.0}}, wick::kFloat64);  // how the state goes on
  const wick::Tensor h = wick::tensor({{1.0, 0.0}}, wick::kFloat64);             // what is measured of it
  const wick::Tensor q = 1e-4 * wick::eye(2, 2, wick::kFloat64);
  const wick::Tensor r = wick::full({1, 1}, 0.25, wick::kFloat64);

  wick::Tensor x = wick::zeros({2, 1}, wick::kFloat64), p = wick::eye(2, 2, wick::kFloat64);
  for (int step = 1; step <= 100; ++step) {
    const wick::Tensor z = 2 * dt * step + 0.5 * wick::randn({1, 1}, wick::kFloat64);
    x = matmul(f, x);
    p = matmul(matmul(f, p), f.t()) + q;
    const wick::Tensor s = matmul(matmul(h, p), h.t()) + r;
    const wick::Tensor gain = matmul(matmul(p, h.t()), wick::linalg::inv(s));
    x = x + matmul(gain, z - matmul(h, x));
    p = p - matmul(matmul(gain, h), p);
  }
  const double position = x[0].item<double>(), speed = x[1].item<double>();
  std::cout << "position " << position << " of 20, speed " << speed << " of 2\n";
  return std::abs(position - 20) < 0.5 && std::abs(speed - 2) < 0.3 ? 0 : 1;
}
