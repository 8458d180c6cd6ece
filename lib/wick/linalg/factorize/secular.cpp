#include "wick/linalg/factorize/secular.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wick::factorize {

Secular::Secular(std::int64_t n, const double* d, const double* z, double rho, bool squared)
    : n_(n), d_(d), z_(z), rho_(rho), total_(0), squared_(squared), weight_(n), shift_(n), origin_(n) {
  for (std::int64_t i = 0; i < n; ++i) {
    weight_[i] = rho * z[i] * z[i];
    total_ += weight_[i];
  }
}

double Secular::gap(std::int64_t i, std::int64_t from) const {
  const double difference = d_[i] - d_[from];
  return squared_ ? difference * (d_[i] + d_[from]) : difference;
}

// Roots are kept as differences from the nearest pole. Every step solves an equation with two poles, the
// nearest ones, that has the function's value and slopes ("the middle way"), and falls back to halving the
// bracket.
bool Secular::find(std::int64_t j, double* gaps) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  const auto& kernels = matrix_kernels<double>();
  const bool last = j == n_ - 1;
  if (n_ == 1) {
    origin_[0] = 0;
    shift_[0] = total_;
    gaps[0] = -total_;
    return true;
  }
  // The poles that steps are made of, and where the sum is split into falling and rising parts.
  const std::int64_t left = last ? j - 1 : j, right = left + 1;
  const auto refill = [&](std::int64_t origin) {
    for (std::int64_t i = 0; i < n_; ++i) gaps[i] = gap(i, origin);
  };
  double psi, psi_slope, phi, phi_slope;
  const auto evaluate = [&](double x) {
    kernels.poles(right, gaps, weight_.data(), x, &psi, &psi_slope);
    kernels.poles(n_ - right, gaps + right, weight_.data() + right, x, &phi, &phi_slope);
    return 1 + (psi + phi);
  };
  std::int64_t origin = j;
  refill(origin);
  const double width = last ? total_ : gaps[j + 1];
  const double middle = width / 2;
  double f = evaluate(middle);
  double low = 0, high = width, x = middle;
  if (last) {
    (f < 0 ? low : high) = middle;
  } else {
    // What the two nearest poles leave, taken as constant.
    const double rest = f - weight_[j] / (gaps[j] - middle) - weight_[j + 1] / (gaps[j + 1] - middle);
    if (f >= 0) {
      high = middle;
      const double a = rest * width + weight_[j] + weight_[j + 1], b = weight_[j] * width;
      const double root = std::sqrt(std::fabs(a * a - 4 * b * rest));
      x = a > 0 ? 2 * b / (a + root) : (a - root) / (2 * rest);
    } else {
      origin = j + 1;
      refill(origin);
      low = -middle;
      high = 0;
      const double a = -rest * width + weight_[j] + weight_[j + 1], b = weight_[j + 1] * width;
      const double root = std::sqrt(std::fabs(a * a + 4 * b * rest));
      x = a < 0 ? 2 * b / (a - root) : -(a + root) / (2 * rest);
    }
    if (!(x > low && x < high)) x = (low + high) / 2;
  }
  bool found = false;
  for (int round = 0; round < 120; ++round) {
    f = evaluate(x);
    const double slope = psi_slope + phi_slope;
    const double bound = 8 * (std::fabs(psi) + std::fabs(phi)) + 1 + std::fabs(x) * slope;
    if (std::fabs(f) <= epsilon * bound) {
      found = true;
      break;
    }
    (f < 0 ? low : high) = x;
    const double to_left = gaps[left] - x, to_right = gaps[right] - x;
    const double c = f - to_left * psi_slope - to_right * phi_slope;
    const double a = (to_left + to_right) * f - to_left * to_right * slope, b = to_left * to_right * f;
    const double root = std::sqrt(std::fabs(a * a - 4 * b * c));
    double step;
    if (last) {
      step = a >= 0 ? (a + root) / (2 * std::fabs(c)) : 2 * b / (a - root);
    } else {
      step = a <= 0 ? (a - root) / (2 * c) : 2 * b / (a + root);
    }
    if (!(f * step < 0)) step = -f / slope;
    double next = x + step;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (next == x || !(next > low && next < high)) {
      found = true;
      break;
    }
    x = next;
  }
  origin_[j] = origin;
  shift_[j] = x;
  for (std::int64_t i = 0; i < n_; ++i) gaps[i] -= x;
  return found;
}

bool Secular::solve(const View<double>& gaps) {
  for (std::int64_t j = 0; j < n_; ++j) {
    if (!find(j, gaps.column(j))) return false;
  }
  return true;
}

double Secular::root(std::int64_t j) const {
  const double from = d_[origin_[j]], shift = shift_[j];
  if (!squared_) return from + shift;
  return from + shift / (from + std::sqrt(std::max(from * from + shift, 0.0)));
}

void Secular::restore(const View<const double>& gaps, double* z) const {
  // -z_i^2 rho = (p_i - x_i) times, for all other j, (p_i - x_j) / (p_i - p_j).
  for (std::int64_t i = 0; i < n_; ++i) z[i] = gaps(i, i);
  for (std::int64_t j = 0; j < n_; ++j) {
    const double* column = gaps.column(j);
    for (std::int64_t i = 0; i < j; ++i) z[i] *= column[i] / gap(i, j);
    for (std::int64_t i = j + 1; i < n_; ++i) z[i] *= column[i] / gap(i, j);
  }
  for (std::int64_t i = 0; i < n_; ++i) z[i] = std::copysign(std::sqrt(std::max(-z[i], 0.0)), z_[i]);
}

}  // namespace wick::factorize
