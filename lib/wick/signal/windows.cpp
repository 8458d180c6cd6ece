#include "wick/signal/windows.h"

#include <cmath>
#include <numbers>

#include "wick/core/fail.h"
#include "wick/ops/creation.h"

namespace wick {
namespace {

// The window of the values f(i / M).
template <class F>
Tensor window(const char* operation, std::int64_t n, bool periodic, DType dtype, F f) {
  if (n < 0) fail(operation, "the window's length must not be negative, {} was given", n);
  if (!is_floating(dtype)) fail<DTypeError>(operation, "the dtype must be floating point, not {}", dtype);
  const Tensor out = empty({n}, float64);
  double* to = out.data<double>();
  if (n == 1) {
    to[0] = 1;
  } else {
    const auto m = static_cast<double>(periodic ? n : n - 1);
    for (std::int64_t i = 0; i < n; ++i) to[i] = f(static_cast<double>(i), m);
  }
  return out.to(dtype);
}

double cosine(double turns) { return std::cos(2 * std::numbers::pi * turns); }

// I0(x) exp(-x): the power series up to 20, else the asymptotic one, whose terms then fall below 1e-16
// before they grow.
double scaled_bessel(double x) {
  double term = 1, sum = 1;
  if (x <= 20) {
    for (int k = 1; term > 1e-18 * sum; ++k) {
      term *= x * x / (4.0 * k * k);
      sum += term;
    }
    return sum * std::exp(-x);
  }
  for (int k = 1; k < 200; ++k) {
    const double next = term * (2.0 * k - 1) * (2.0 * k - 1) / (8.0 * k * x);
    if (next >= term || next < 1e-18 * sum) break;
    term = next;
    sum += term;
  }
  return sum / std::sqrt(2 * std::numbers::pi * x);
}

}  // namespace

Tensor bartlett_window(std::int64_t n, bool periodic, DType dtype) {
  return window("bartlett_window", n, periodic, dtype,
                [](double i, double m) { return 1 - std::fabs(2 * i / m - 1); });
}

Tensor blackman_window(std::int64_t n, bool periodic, DType dtype) {
  return window("blackman_window", n, periodic, dtype,
                [](double i, double m) { return 0.42 - 0.5 * cosine(i / m) + 0.08 * cosine(2 * i / m); });
}

Tensor hamming_window(std::int64_t n, bool periodic, double alpha, double beta, DType dtype) {
  return window("hamming_window", n, periodic, dtype,
                [=](double i, double m) { return alpha - beta * cosine(i / m); });
}

Tensor hann_window(std::int64_t n, bool periodic, DType dtype) {
  // The sine of half the angle has no cancellation near 0.
  return window("hann_window", n, periodic, dtype, [](double i, double m) {
    const double s = std::sin(std::numbers::pi * i / m);
    return s * s;
  });
}

Tensor kaiser_window(std::int64_t n, bool periodic, double beta, DType dtype) {
  if (!std::isfinite(beta)) fail("kaiser_window", "beta must be finite, {} was given", beta);
  const double size = std::fabs(beta), whole = scaled_bessel(size);
  return window("kaiser_window", n, periodic, dtype, [=](double i, double m) {
    const double x = 2 * i / m - 1, part = size * std::sqrt(std::fmax(1 - x * x, 0));
    return scaled_bessel(part) / whole * std::exp(part - size);
  });
}

}  // namespace wick
