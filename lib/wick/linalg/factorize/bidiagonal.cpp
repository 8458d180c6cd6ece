#include "wick/linalg/factorize/bidiagonal.h"

#include <algorithm>
#include <cmath>

#include "wick/linalg/factorize/divide.h"
#include "wick/linalg/factorize/secular.h"

namespace wick::factorize {
namespace {

// A rotation (c, s) with c x + s y = r and c y - s x = 0.
struct Rotation {
  double c, s, r;
};
Rotation rotation(double x, double y) {
  if (y == 0) return {1, 0, x};
  const double r = std::sqrt(x * x + y * y);
  if (r > 1e-140) return {x / r, y / r, r};
  const double size = std::hypot(x, y);
  return {x / size, y / size, size};
}

// The Golub-Kahan iteration on an upper bidiagonal matrix, with the vectors, if any, rotated along (Golub and
// Van Loan, Matrix Computations, 8.6).
class BidiagonalIteration {
 public:
  BidiagonalIteration(std::int64_t n, double* d, double* e, const View<double>& u, const View<double>& v)
      : n_(n), d_(d), e_(e), u_(u), v_(v), negligible_(epsilon / 64 * largest_element(n, d, e)) {}

  bool run() {
    std::int64_t last = n_ - 1;
    for (std::int64_t round = 0; last > 0; ++round) {
      if (round > 60 * n_) return false;
      if (is_small(last - 1)) {
        e_[--last] = 0;
        continue;
      }
      std::int64_t first = last - 1;
      while (first > 0 && !is_small(first - 1)) --first;
      if (first > 0) e_[first - 1] = 0;
      if (std::fabs(d_[last]) <= negligible_) {
        clear_last_column(first, last);
      } else if (!cleared_row(first, last)) {
        step(first, last);
      }
    }
    return true;
  }

 private:
  bool is_small(std::int64_t i) const {
    return std::fabs(e_[i]) <= std::max(epsilon / 2 * (std::fabs(d_[i]) + std::fabs(d_[i + 1])), negligible_);
  }

  void rotate_right(std::int64_t i, std::int64_t j, const Rotation& g) {
    if (v_.data) rotate(v_.rows, v_.column(i), v_.column(j), g.c, g.s);
  }
  void rotate_left(std::int64_t i, std::int64_t j, const Rotation& g) {
    if (u_.data) rotate(u_.rows, u_.column(i), u_.column(j), g.c, g.s);
  }

  // A zero at the end of the diagonal: rotations from the right take the column above it away.
  void clear_last_column(std::int64_t first, std::int64_t last) {
    d_[last] = 0;
    double bulge = e_[last - 1];
    e_[last - 1] = 0;
    for (std::int64_t i = last - 1; i >= first; --i) {
      const Rotation g = rotation(d_[i], bulge);
      d_[i] = g.r;
      rotate_right(i, last, g);
      if (i == first) break;
      bulge = -g.s * e_[i - 1];
      e_[i - 1] *= g.c;
    }
  }

  // A zero elsewhere on the diagonal: rotations from the left take the row beside it away.
  bool cleared_row(std::int64_t first, std::int64_t last) {
    std::int64_t zero = first;
    while (zero < last && std::fabs(d_[zero]) > negligible_) ++zero;
    if (zero == last) return false;
    d_[zero] = 0;
    double bulge = e_[zero];
    e_[zero] = 0;
    for (std::int64_t i = zero + 1; i <= last; ++i) {
      const Rotation g = rotation(d_[i], bulge);
      d_[i] = g.r;
      rotate_left(i, zero, g);
      if (i == last) break;
      bulge = -g.s * e_[i];
      e_[i] *= g.c;
    }
    return true;
  }

  void step(std::int64_t first, std::int64_t last) {
    // Wilkinson's shift from the last rows of B^T B.
    const double dm = d_[last - 1], dn = d_[last], fm = e_[last - 1],
                 fl = last - 1 > first ? e_[last - 2] : 0;
    const double a = dm * dm + fl * fl, b = dm * fm, c = dn * dn + fm * fm;
    const double half = (a - c) / 2;
    const double divisor = half + std::copysign(std::hypot(half, b), half);
    const double shift = divisor == 0 ? c : c - b * b / divisor;
    double y = d_[first] * d_[first] - shift, z = d_[first] * e_[first];
    for (std::int64_t i = first; i < last; ++i) {
      Rotation g = rotation(y, z);
      if (i > first) e_[i - 1] = g.r;
      y = g.c * d_[i] + g.s * e_[i];
      e_[i] = g.c * e_[i] - g.s * d_[i];
      z = g.s * d_[i + 1];
      d_[i + 1] *= g.c;
      rotate_right(i, i + 1, g);
      g = rotation(y, z);
      d_[i] = g.r;
      y = g.c * e_[i] + g.s * d_[i + 1];
      d_[i + 1] = g.c * d_[i + 1] - g.s * e_[i];
      if (i + 1 < last) {
        z = g.s * e_[i + 1];
        e_[i + 1] *= g.c;
      }
      rotate_left(i, i + 1, g);
    }
    e_[last - 1] = y;
  }

  std::int64_t n_;
  double *d_, *e_;
  View<double> u_, v_;
  double negligible_;
};

// Values become positive and rising, or falling.
void sort_triplets(std::int64_t n, double* d, const View<double>& u, const View<double>& v, bool falling) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!std::signbit(d[i])) continue;
    d[i] = -d[i];
    if (v.data) {
      for (std::int64_t k = 0; k < v.rows; ++k) v(k, i) = -v(k, i);
    }
  }
  if (!u.data) {
    std::sort(d, d + n);
    if (falling) std::reverse(d, d + n);
    return;
  }
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    const std::int64_t next = (falling ? std::max_element(d + i, d + n) : std::min_element(d + i, d + n)) - d;
    if (next == i) continue;
    std::swap(d[i], d[next]);
    std::swap_ranges(u.column(i), u.column(i) + u.rows, u.column(next));
    std::swap_ranges(v.column(i), v.column(i) + v.rows, v.column(next));
  }
}

// Joins two halves: in the bases of the columns of u and v the matrix is diag(d) but for one row, z. d_0 = 0
// belongs to the row that was cut out: its u is the unit vector of row `middle`. Columns of u and v up to
// `middle` have nothing below, later ones nothing above, but column 0 of v, which is full. The equation for
// the squares is the one of the symmetric problem (Gu and Eisenstat, A divide-and-conquer algorithm for the
// bidiagonal SVD, 1995; the steps are those of LAPACK's dlasd1).
class Merge {
 public:
  // Columns by position: 0, then those of the first and the second half. d is rising within each half.
  Merge(std::int64_t n, std::int64_t middle, const View<double>& u, const View<double>& v, double* d,
        double* z)
      : n_(n), middle_(middle), u_(u), v_(v), d_(d), z_(z), order_(n), kept_(n), set_aside_(n), span_of_(n) {}

  // Results go to rising d and the first n columns of u and v.
  bool run() {
    deflate();
    const std::int64_t rows = v_.rows;
    const Scratch<double> memory(n_ + n_ * n_ + rows * n_);
    double* values = memory.data();
    const View<double> u = view(values + n_, n_, n_), v = view(u.data + n_ * n_, rows, n_);
    if (!update(values, u, v)) return false;
    for (std::int64_t i = 0; i < aside_count_; ++i) {
      const std::int64_t from = set_aside_[i];
      values[count_ + i] = d_[from];
      std::copy_n(u_.column(from), n_, u.column(count_ + i));
      std::copy_n(v_.column(from), rows, v.column(count_ + i));
    }
    put_in_order(n_, values, d_, {{u, u_}, {v, v_}});
    return true;
  }

 private:
  void deflate() {
    double largest = 0;
    for (std::int64_t i = 0; i < n_; ++i) {
      order_[i] = i;
      span_of_[i] = i == 0 ? RowSpan::Both : i <= middle_ ? RowSpan::Upper : RowSpan::Lower;
      largest = std::max({largest, std::fabs(d_[i]), std::fabs(z_[i])});
    }
    std::inplace_merge(order_.data() + 1, order_.data() + middle_ + 1, order_.data() + n_,
                       [&](std::int64_t a, std::int64_t b) { return d_[a] < d_[b]; });
    // Nothing beside the rest of the matrix, and squares would vanish.
    if (largest < 1e-100) {
      std::copy_n(order_.data(), n_, set_aside_.data());
      aside_count_ = n_;
      return;
    }
    const double tolerance = 8 * epsilon * largest;
    if (std::fabs(z_[0]) <= tolerance) z_[0] = tolerance;
    std::int64_t pending = -1;
    kept_[count_++] = 0;
    for (std::int64_t i = 1; i < n_; ++i) {
      const std::int64_t j = order_[i];
      if (std::fabs(z_[j]) <= tolerance) {
        set_aside_[aside_count_++] = j;
      } else if (d_[j] <= tolerance) {
        // As good as the zero of the cut row, and so a rotation from the right takes its element of z out.
        const double size = std::hypot(z_[0], z_[j]);
        rotate(v_.rows, v_.column(0), v_.column(j), z_[0] / size, z_[j] / size);
        span_of_[j] = RowSpan::Both;
        z_[0] = size;
        set_aside_[aside_count_++] = j;
      } else if (pending >= 0 && d_[j] - d_[pending] <= tolerance) {
        const double size = std::hypot(z_[pending], z_[j]), c = z_[j] / size, s = -z_[pending] / size;
        if (span_of_[pending] != span_of_[j]) span_of_[pending] = span_of_[j] = RowSpan::Both;
        rotate(n_, u_.column(pending), u_.column(j), c, s);
        rotate(v_.rows, v_.column(pending), v_.column(j), c, s);
        z_[j] = size;
        set_aside_[aside_count_++] = pending;
        pending = j;
      } else {
        if (pending >= 0) kept_[count_++] = pending;
        pending = j;
      }
    }
    if (pending >= 0) kept_[count_++] = pending;
  }

  bool update(double* values, const View<double>& u, const View<double>& v) {
    const std::int64_t k = count_;
    if (k == 0) return true;
    const Scratch<double> memory(4 * k + 3 * k * k);
    double *d = memory.data(), *z = d + k, *weights = z + k, *column = weights + k;
    for (std::int64_t i = 0; i < k; ++i) {
      d[i] = i == 0 ? 0 : d_[kept_[i]];
      z[i] = z_[kept_[i]];
    }
    const View<double> gaps = view(column + k, k, k), left = view(gaps.data + k * k, k, k),
                       right = view(left.data + k * k, k, k);
    Secular equation(k, d, z, 1, true);
    if (!equation.solve(gaps)) return false;
    equation.restore(gaps, weights);
    const KeptColumns columns(k, kept_.data(), span_of_.data());
    const auto put = [&](double* target) {
      const double size = norm(k, column);
      for (std::int64_t i = 0; i < k; ++i) target[i] = column[columns[i]] / size;
    };
    for (std::int64_t j = 0; j < k; ++j) {
      values[j] = equation.root(j);
      const double* gap = gaps.column(j);
      for (std::int64_t i = 0; i < k; ++i) column[i] = weights[i] / gap[i];
      put(right.column(j));
      for (std::int64_t i = 1; i < k; ++i) column[i] *= d[i];
      column[0] = -1;
      put(left.column(j));
    }
    // The cut row counts as one of the upper ones: its column, 0, is in both parts.
    columns.multiply(u_, middle_ + 1, left, u);
    columns.multiply(v_, middle_ + 1, right, v);
    return true;
  }

  std::int64_t n_, middle_;
  View<double> u_, v_;
  double *d_, *z_;
  Scratch<std::int64_t> order_, kept_, set_aside_;
  Scratch<RowSpan> span_of_;
  std::int64_t count_ = 0, aside_count_ = 0;
};

void shift_columns(const View<double>& a, std::int64_t count) {
  for (std::int64_t j = count; j-- > 0;) std::copy_n(a.column(j), a.rows, a.column(j + 1));
}

// An upper bidiagonal matrix (n, n + extra), where with `extra` a last column holds e[n - 1] alone. u (n, n)
// and v (n + extra, n + extra) are zero at first; then d is rising, and the last column of v without a value.
bool divide(std::int64_t n, bool extra, double* d, double* e, const View<double>& u, const View<double>& v) {
  if (n <= largest_leaf) {
    for (std::int64_t i = 0; i < n; ++i) u(i, i) = 1;
    for (std::int64_t i = 0; i < v.columns; ++i) v(i, i) = 1;
    if (extra) {
      // Rotations from the right take the last column away.
      double bulge = e[n - 1];
      for (std::int64_t i = n - 1; i >= 0; --i) {
        const Rotation g = rotation(d[i], bulge);
        d[i] = g.r;
        rotate(v.rows, v.column(i), v.column(n), g.c, g.s);
        if (i == 0) break;
        bulge = -g.s * e[i - 1];
        e[i - 1] *= g.c;
      }
    }
    const View<double> square = v.block(0, 0, v.rows, n);
    if (!BidiagonalIteration(n, d, e, u, square).run()) return false;
    sort_triplets(n, d, u, square, false);
    return true;
  }
  // Row `cut` holds alpha in column `cut` and beta in the next. Above and below stand bidiagonal matrices.
  const std::int64_t cut = n / 2, rest = n - cut - 1, rows = v.rows;
  const double alpha = d[cut], beta = e[cut];
  const View<double> v1 = v.block(0, 0, cut + 1, cut + 1),
                     v2 = v.block(cut + 1, cut + 1, rows - cut - 1, rows - cut - 1);
  if (!divide(cut, true, d, e, u.block(0, 0, cut, cut), v1)) return false;
  if (!divide(rest, extra, d + cut + 1, e + cut + 1, u.block(cut + 1, cut + 1, rest, rest), v2)) return false;
  // The row that was cut out, in the basis of the columns of v.
  const Scratch<double> z(n);
  for (std::int64_t i = 0; i < cut; ++i) z[i + 1] = alpha * v(cut, i);
  for (std::int64_t i = 0; i < rest; ++i) z[cut + 1 + i] = beta * v(cut + 1, cut + 1 + i);
  z[0] = alpha * v(cut, cut);
  if (extra) {
    const Rotation g = rotation(z[0], beta * v(cut + 1, n));
    z[0] = g.r;
    rotate(rows, v.column(cut), v.column(n), g.c, g.s);
  }
  // Column `cut` of both becomes column 0.
  const Scratch<double> column(rows);
  std::copy_n(v.column(cut), rows, column.data());
  shift_columns(v, cut);
  std::copy_n(column.data(), rows, v.column(0));
  shift_columns(u, cut);
  std::fill_n(u.column(0), n, 0.0);
  u(cut, 0) = 1;
  std::copy_backward(d, d + cut, d + cut + 1);
  d[0] = 0;
  return Merge(n, cut, u, v.block(0, 0, rows, n), d, z.data()).run();
}

}  // namespace

bool bidiagonal_singular_values(std::int64_t n, double* d, double* e, const View<double>& u,
                                const View<double>& v) {
  if (!u.data) {
    if (!BidiagonalIteration(n, d, e, u, v).run()) return false;
    sort_triplets(n, d, u, v, true);
    return true;
  }
  set_zero(u);
  set_zero(v);
  if (!divide(n, false, d, e, u, v)) return false;
  sort_triplets(n, d, u, v, true);
  return true;
}

}  // namespace wick::factorize
