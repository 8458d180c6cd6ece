#include "wick/linalg/factorize/tridiagonal.h"

#include <algorithm>
#include <cmath>

#include "wick/linalg/factorize/divide.h"
#include "wick/linalg/factorize/secular.h"

namespace wick::factorize {
namespace {

// The implicit QL iteration with Wilkinson's shifts (Golub and Van Loan, Matrix Computations, 8.3).
// Eigenvalues in no order; the columns of z are rotated along.
bool ql_iteration(std::int64_t n, double* d, double* e, const View<double>& z) {
  const double negligible = epsilon / 64 * largest_element(n, d, e);
  for (std::int64_t l = 0; l < n; ++l) {
    for (int round = 0;; ++round) {
      std::int64_t m = l;
      while (m < n - 1 &&
             std::fabs(e[m]) > std::max(epsilon / 2 * (std::fabs(d[m]) + std::fabs(d[m + 1])), negligible)) {
        ++m;
      }
      if (m == l) break;
      if (round == 100) return false;
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      double r = std::hypot(g, 1.0);
      g = d[m] - d[l] + e[l] / (g + std::copysign(r, g));
      double s = 1, c = 1, p = 0;
      std::int64_t i = m - 1;
      for (; i >= l; --i) {
        const double f = s * e[i], b = c * e[i];
        r = std::sqrt(f * f + g * g);
        if (i + 1 < m) e[i + 1] = r;
        if (r == 0) {
          d[i + 1] -= p;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const double t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        if (z.data) rotate(z.rows, z.column(i + 1), z.column(i), c, s);
      }
      if (i >= l) {
        e[m] = 0;
        continue;
      }
      d[l] -= p;
      e[l] = g;
      if (m < n - 1) e[m] = 0;
    }
  }
  return true;
}

void sort_columns(std::int64_t n, double* d, const View<double>& z) {
  if (!z.data) {
    std::sort(d, d + n);
    return;
  }
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    const std::int64_t smallest = std::min_element(d + i, d + n) - d;
    if (smallest == i) continue;
    std::swap(d[i], d[smallest]);
    std::swap_ranges(z.column(i), z.column(i) + z.rows, z.column(smallest));
  }
}

// The rank-one update that joins two halves: diag(d) + rho z z^T in the basis of the columns of q, of which
// the first `half` have nothing below row `half` and the others nothing above. In three steps: what hardly
// changes is set aside, the others' eigenvectors are found in their own basis, and multiplied by it (Cuppen,
// A divide and conquer method for the symmetric tridiagonal eigenproblem, 1981; the steps are those of
// LAPACK's dlaed1).
class Merge {
 public:
  Merge(std::int64_t half, const View<double>& q, double* d, double rho, double* z)
      : n_(q.rows),
        half_(half),
        q_(q),
        d_(d),
        z_(z),
        rho_(rho),
        order_(n_),
        kept_(n_),
        set_aside_(n_),
        span_of_(n_) {}

  bool run() {
    deflate();
    const Scratch<double> values(n_), memory(n_ * n_);
    const View<double> vectors = view(memory.data(), n_, n_);
    if (!update(values.data(), vectors)) return false;
    for (std::int64_t i = 0; i < aside_count_; ++i) {
      values[count_ + i] = d_[set_aside_[i]];
      std::copy_n(q_.column(set_aside_[i]), n_, vectors.column(count_ + i));
    }
    put_in_order(n_, values.data(), d_, {{vectors, q_}});
    return true;
  }

 private:
  void deflate() {
    for (std::int64_t i = 0; i < n_; ++i) {
      order_[i] = i;
      span_of_[i] = i < half_ ? RowSpan::Upper : RowSpan::Lower;
    }
    std::inplace_merge(order_.data(), order_.data() + half_, order_.data() + n_,
                       [&](std::int64_t a, std::int64_t b) { return d_[a] < d_[b]; });
    double largest = 0;
    for (std::int64_t i = 0; i < n_; ++i) largest = std::max({largest, std::fabs(d_[i]), std::fabs(z_[i])});
    const double tolerance = 8 * epsilon * largest;
    std::int64_t pending = -1;
    for (std::int64_t i = 0; i < n_; ++i) {
      const std::int64_t j = order_[i];
      if (rho_ * std::fabs(z_[j]) <= tolerance) {
        set_aside_[aside_count_++] = j;
      } else if (pending >= 0 && joined(pending, j, tolerance)) {
        set_aside_[aside_count_++] = pending;
        pending = j;
      } else {
        if (pending >= 0) kept_[count_++] = pending;
        pending = j;
      }
    }
    if (pending >= 0) kept_[count_++] = pending;
  }

  // Whether two neighbours are so close that a rotation can take one of them out.
  bool joined(std::int64_t a, std::int64_t b, double tolerance) {
    const double size = std::hypot(z_[a], z_[b]), c = z_[b] / size, s = -z_[a] / size;
    if (std::fabs((d_[b] - d_[a]) * c * s) > tolerance) return false;
    z_[b] = size;
    z_[a] = 0;
    if (span_of_[a] != span_of_[b]) span_of_[a] = span_of_[b] = RowSpan::Both;
    rotate(n_, q_.column(a), q_.column(b), c, s);
    const double first = d_[a], second = d_[b];
    d_[a] = first * c * c + second * s * s;
    d_[b] = first * s * s + second * c * c;
    return true;
  }

  bool update(double* values, const View<double>& vectors) {
    const std::int64_t k = count_;
    if (k == 0) return true;
    const Scratch<double> memory(3 * k + 2 * k * k);
    double *d = memory.data(), *z = d + k, *weights = z + k;
    for (std::int64_t i = 0; i < k; ++i) {
      d[i] = d_[kept_[i]];
      z[i] = z_[kept_[i]];
    }
    const View<double> gaps = view(weights + k, k, k), own = view(gaps.data + k * k, k, k);
    Secular equation(k, d, z, rho_, false);
    if (!equation.solve(gaps)) return false;
    equation.restore(gaps, weights);
    const KeptColumns columns(k, kept_.data(), span_of_.data());
    for (std::int64_t j = 0; j < k; ++j) {
      values[j] = equation.root(j);
      double* column = gaps.column(j);
      for (std::int64_t i = 0; i < k; ++i) column[i] = weights[i] / column[i];
      const double size = norm(k, column);
      double* target = own.column(j);
      for (std::int64_t i = 0; i < k; ++i) target[i] = column[columns[i]] / size;
    }
    columns.multiply(q_, half_, own, vectors);
    return true;
  }

  std::int64_t n_, half_;
  View<double> q_;
  double *d_, *z_;
  double rho_;
  Scratch<std::int64_t> order_, kept_, set_aside_;
  Scratch<RowSpan> span_of_;
  std::int64_t count_ = 0, aside_count_ = 0;
};

bool divide(std::int64_t n, double* d, double* e, const View<double>& q) {
  if (n <= largest_leaf) {
    for (std::int64_t i = 0; i < n; ++i) q(i, i) = 1;
    if (!ql_iteration(n, d, e, q)) return false;
    sort_columns(n, d, q);
    return true;
  }
  // T = diag(T1, T2) + |rho| v v^T, where v has 1 and the sign of rho next to the cut.
  const std::int64_t half = n / 2, rest = n - half;
  const double rho = e[half - 1], sign = rho < 0 ? -1 : 1;
  d[half - 1] -= std::fabs(rho);
  d[half] -= std::fabs(rho);
  const View<double> q1 = q.block(0, 0, half, half), q2 = q.block(half, half, rest, rest);
  if (!divide(half, d, e, q1) || !divide(rest, d + half, e + half, q2)) return false;
  const Scratch<double> z(n);
  for (std::int64_t i = 0; i < half; ++i) z[i] = q1(half - 1, i) * std::sqrt(0.5);
  for (std::int64_t i = 0; i < rest; ++i) z[half + i] = sign * q2(0, i) * std::sqrt(0.5);
  return Merge(half, q, d, 2 * std::fabs(rho), z.data()).run();
}

}  // namespace

bool tridiagonal_eigenvalues(std::int64_t n, double* d, double* e, const View<double>& z) {
  if (!z.data) {
    if (!ql_iteration(n, d, e, z)) return false;
    sort_columns(n, d, z);
    return true;
  }
  set_zero(z);
  return divide(n, d, e, z);
}

}  // namespace wick::factorize
