#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "wick/linalg/factorize/factorize.h"

namespace wick::factorize {
namespace {

// The diagonal Pade approximation of degree m: the largest bound of norms for which it is exact to double
// precision, and the reciprocal of the first coefficient that its error leaves out (Al-Mohy and Higham,
// table 3.1 and (2.2)).
struct Pade {
  int degree;
  double theta, reciprocal;
};
constexpr Pade approximations[] = {{3, 1.495585217958292e-2, 100800.},
                                   {5, 2.539398330063230e-1, 10059033600.},
                                   {7, 9.504178996162932e-1, 4487938430976000.},
                                   {9, 2.097847961257068, 5914384781877411840000.},
                                   {13, 4.25, 113250775606021113483283660800000000.}};

// The sum of the magnitudes of n elements, `step` from one to the next; four sums side by side need not wait
// for each other.
template <class T>
double sum_of_magnitudes(std::int64_t n, const T* x, std::int64_t step) {
  double sums[4] = {};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::int64_t l = 0; l < 4; ++l) sums[l] += std::abs(x[(i + l) * step]);
  }
  for (; i < n; ++i) sums[0] += std::abs(x[i * step]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <class T>
double norm1(const View<const T>& a) {
  double largest = 0;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    const double total = sum_of_magnitudes(a.rows, a.column(j), 1);
    if (!(total <= largest)) largest = total;
  }
  return largest;
}

// Multiplies by 2^exponent.
template <class T>
void scale_by(const View<T>& a, int exponent) {
  // The factor itself may be out of range.
  for (int step; exponent != 0; exponent -= step) {
    step = std::clamp(exponent, -1000, 1000);
    const double factor = std::ldexp(1.0, step);
    for (std::int64_t j = 0; j < a.columns; ++j)
      scale(a.rows * (is_complex_type<T> ? 2 : 1), factor, reinterpret_cast<double*>(a.column(j)));
  }
}

// Exponents for which D^-1 A D, D = diag(2^e), has rows and columns of like 1-norms off the diagonal; a
// becomes that. Parlett and Reinsch, Balancing a matrix for calculation of eigenvalues and eigenvectors,
// 1969.
template <class T>
void balance(const View<T>& a, int* exponents) {
  const std::int64_t n = a.rows;
  std::fill_n(exponents, n, 0);
  bool changed = true;
  for (int round = 0; changed && round < 100; ++round) {
    changed = false;
    for (std::int64_t i = 0; i < n; ++i) {
      // Without the diagonal.
      const auto off_diagonal = [&](const T* x, std::int64_t step) {
        return sum_of_magnitudes(i, x, step) + sum_of_magnitudes(n - i - 1, x + (i + 1) * step, step);
      };
      const double column = off_diagonal(a.column(i), 1), row = off_diagonal(a.data + i, a.stride);
      if (column == 0 || row == 0 || !std::isfinite(column) || !std::isfinite(row)) continue;
      const int e = static_cast<int>(std::lround((std::log2(row) - std::log2(column)) / 2));
      const double scaled_column = std::ldexp(column, e), scaled_row = std::ldexp(row, -e);
      if (e == 0 || !(scaled_column + scaled_row < 0.95 * (column + row)) || std::abs(exponents[i] + e) > 500)
        continue;
      changed = true;
      exponents[i] += e;
      for (std::int64_t k = 0; k < n; ++k) {
        if (k == i) continue;
        a(k, i) *= std::ldexp(1.0, e);
        a(i, k) *= std::ldexp(1.0, -e);
      }
    }
  }
}

// Al-Mohy and Higham, A new scaling and squaring algorithm for the matrix exponential, 2009. B = 2^-t A has a
// norm of about 1, so that none of its powers leaves the range; it is 2^t that the bounds are multiplied by.
template <class T>
class Exponential {
 public:
  explicit Exponential(const View<T>& a)
      : n_(a.rows), a_(a), memory_(8 * a.rows * a.rows), vectors_((a.rows + 2) * a.rows) {
    const double size = norm1<T>(a);
    t_ = size > 0 ? std::ilogb(size) : 0;
    scale_by(a, -t_);
    for (int i = 0; i < 8; ++i) square_[i] = view(memory_.data() + i * n_ * n_, n_, n_);
    magnitudes_ = view(vectors_.data() + 2 * n_, n_, n_);
    std::transform(a.data, a.data + n_ * n_, magnitudes_.data, [](T x) { return std::abs(x); });
    norm_ = norm1<double>(magnitudes_);
  }

  void run() {
    const View<T>&b2 = square_[0], &b4 = square_[1], &b6 = square_[2], &b8 = square_[3];
    multiply(a_, a_, b2);
    multiply(b2, b2, b4);
    multiply(b4, b2, b6);
    const double d4 = root_of_norm(b4, 4), d6 = root_of_norm(b6, 6);
    double bound = std::max(d4, d6);
    for (int i = 0; i < 2; ++i) {
      if (fits(approximations[i], bound)) return approximate(approximations[i].degree, 0);
    }
    multiply(b4, b4, b8);
    const double d8 = root_of_norm(b8, 8);
    bound = std::max(d6, d8);
    for (int i = 2; i < 4; ++i) {
      if (fits(approximations[i], bound)) return approximate(approximations[i].degree, 0);
    }
    const Pade& last = approximations[4];
    const auto halvings_of = [&](double size) {
      return size > 0 ? std::max(static_cast<int>(std::ceil(std::log2(size / last.theta))) + t_, 0) : 0;
    };
    int halvings = halvings_of(bound);
    // The tenth power is worth a product only where it might save a squaring.
    if (halvings_of(d8) < halvings) {
      const View<T>& b10 = square_[4];
      multiply(b4, b6, b10);
      halvings = std::min(halvings, halvings_of(std::max(d8, root_of_norm(b10, 10))));
    }
    halvings += more_halvings(last, t_ - halvings);
    approximate(last.degree, halvings);
    for (int i = 0; i < halvings; ++i) {
      multiply(a_, a_, b2);
      copy<T>(b2, a_);
    }
  }

 private:
  void multiply(const View<T>& x, const View<T>& y, const View<T>& to) {
    gemm<T>(1, x, Op::None, y, Op::None, 0, to);
  }
  static double root_of_norm(const View<T>& power, int k) { return std::pow(norm1<T>(power), 1.0 / k); }

  bool fits(const Pade& pade, double bound) {
    return bound * std::ldexp(1.0, std::min(t_, 1000)) <= pade.theta && more_halvings(pade, t_) == 0;
  }

  // How often 2^t B must be halved so that the error beyond the bounds of powers, that of magnitudes, does
  // not matter.
  int more_halvings(const Pade& pade, int t) {
    double *x = vectors_.data(), *y = x + n_;
    std::fill_n(x, n_, 1.0);
    const int power = 2 * pade.degree + 1;
    for (int k = 0; k < power; ++k) {
      std::fill_n(y, n_, 0.0);
      gemv<double>(1, magnitudes_, Op::Adjoint, x, y);
      std::swap(x, y);
    }
    const double size = *std::max_element(x, x + n_);
    if (!(size > 0)) return 0;
    const double excess = std::log2(size / norm_) - std::log2(pade.reciprocal) + 2.0 * pade.degree * t + 53;
    return std::max(static_cast<int>(std::ceil(excess / (2 * pade.degree))), 0);
  }

  // a = q(x)^-1 p(x) for x = 2^(t - halvings) B, where p and q are even(x) + odd(x) and even(x) - odd(x).
  void approximate(int degree, int halvings) {
    double c[14] = {};
    c[degree] = 1;
    // c_i = (2m - i)! / ((m - i)! i!), up to a common factor: a power of 2 that makes the largest, c_0, less
    // than 1, for x itself may be near the end of the range.
    for (int i = degree - 1; i >= 0; --i) c[i] = c[i + 1] * (2 * degree - i) * (i + 1) / (degree - i);
    const int magnitude = std::ilogb(c[0]) + 1;
    for (double& coefficient : c) coefficient = std::ldexp(coefficient, -magnitude);
    const int t = t_ - halvings;
    scale_by(a_, t);
    for (int i = 0; i < 4; ++i) scale_by(square_[i], (2 * i + 2) * t);
    const View<T>&even = square_[4], &odd = square_[5], &sum = square_[6];
    if (degree == 13) {
      // x^6 (c12 x^6 + c10 x^4 + c8 x^2) + c6 x^6 + ... and so the odd part.
      combine(sum, c, 8, 3, 0);
      multiply(square_[2], sum, even);
      combine(even, c, 0, 4, 1, true);
      combine(sum, c, 9, 3, 0);
      multiply(square_[2], sum, square_[7]);
      combine(square_[7], c, 1, 4, 1, true);
    } else {
      combine(even, c, 0, (degree + 1) / 2, 1);
      combine(square_[7], c, 1, (degree + 1) / 2, 1);
    }
    multiply(a_, square_[7], odd);
    for (std::int64_t i = 0; i < n_ * n_; ++i) {
      sum.data[i] = even.data[i] - odd.data[i];
      a_.data[i] = even.data[i] + odd.data[i];
    }
    const Scratch<std::int32_t> pivots(n_);
    lu(sum, pivots.data());
    exchange_rows(a_, pivots.data(), 0, n_);
    solve_left<T>(sum, false, Op::None, true, a_);
    solve_left<T>(sum, true, Op::None, false, a_);
  }

  // to (+)= c[first] I + c[first + 2] x^2 + ..., `terms` of them; without the identity the powers begin with
  // x^2.
  void combine(const View<T>& to, const double* c, int first, int terms, int identity, bool add = false) {
    if (!add) set_zero(to);
    for (int k = 0; k < terms; ++k) {
      const double factor = c[first + 2 * k];
      if (identity && k == 0) {
        for (std::int64_t i = 0; i < n_; ++i) to(i, i) += factor;
      } else {
        axpy(n_ * n_, T(factor), square_[k - identity].data, to.data);
      }
    }
  }

  std::int64_t n_;
  View<T> a_;
  Scratch<T> memory_;
  Scratch<double> vectors_;
  View<double> magnitudes_;  // |B|
  double norm_;
  View<T> square_[8];  // B^2, B^4, B^6, B^8 and room
  int t_;
};

}  // namespace

template <class T>
void exponential(const View<T>& a) {
  const std::int64_t n = a.rows;
  if (!magnitude<T>(a, false).finite || !std::isfinite(norm1<T>(a))) {
    std::fill_n(a.data, n * n, T(std::numeric_limits<double>::quiet_NaN()));
    return;
  }
  const Scratch<T> original(n * n);
  const Scratch<int> exponents(n);
  copy<T>(a, view(original.data(), n, n));
  const double before = norm1<T>(a);
  balance(a, exponents.data());
  if (!(norm1<T>(a) < before)) {
    copy<T>(view(original.data(), n, n), a);
    std::fill_n(exponents.data(), n, 0);
  }
  Exponential<T>(a).run();
  if (std::all_of(exponents.data(), exponents.data() + n, [](int e) { return e == 0; })) return;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      const int e = exponents[i] - exponents[j];
      if (e != 0) a(i, j) *= std::ldexp(1.0, e);
    }
  }
}

template void exponential<double>(const View<double>&);
template void exponential<std::complex<double>>(const View<std::complex<double>>&);

}  // namespace wick::factorize
