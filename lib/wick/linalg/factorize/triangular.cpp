#include <algorithm>
#include <utility>

#include "wick/linalg/factorize/factorize.h"

namespace wick::factorize {
namespace {

// Recursive, so that nearly all of the work is products of large blocks (Gustavson, Recursion leads to
// automatic variable blocking for dense linear algebra, 1997).
template <class T>
std::int64_t lower_factor(const View<T>& a) {
  const std::int64_t n = a.rows;
  if (n <= kernels::small_block) return matrix_kernels<T>().cholesky(n, a.data, a.stride);
  const std::int64_t half = (n / 2 + 15) / 16 * 16, rest = n - half;
  const View<T> below = a.block(half, 0, rest, half), last = a.block(half, half, rest, rest);
  if (const std::int64_t failed = lower_factor(a.block(0, 0, half, half))) return failed;
  solve_right_adjoint<T>(a.block(0, 0, half, half), below);
  gemm_lower<T>(-1, below, Op::None, below, Op::Adjoint, last);
  const std::int64_t failed = lower_factor(last);
  return failed == 0 ? 0 : half + failed;
}

// x, the identity at first, becomes the inverse of the lower triangular a with ones on its diagonal. Zeros
// above are not computed with.
template <class T>
void invert_unit_lower(const View<const T>& a, const View<T>& x) {
  const std::int64_t n = a.rows;
  if (n <= kernels::small_block / 2) return solve_left<T>(a, false, Op::None, true, x);
  const std::int64_t half = (n / 2 + 15) / 16 * 16, rest = n - half;
  const View<const T> last = a.block(half, half, rest, rest);
  const View<T> first = x.block(0, 0, half, half), below = x.block(half, 0, rest, half);
  invert_unit_lower(a.block(0, 0, half, half), first);
  gemm<T>(-1, a.block(half, 0, rest, half), Op::None, first, Op::None, 0, below);
  solve_left<T>(last, false, Op::None, true, below);
  invert_unit_lower(last, x.block(half, half, rest, rest));
}

// Toledo, Locality of reference in LU decomposition with partial pivoting, 1997. Pivots are counted from 0.
template <class T>
void factor_columns(const View<T>& a, std::int32_t* pivots) {
  const std::int64_t m = a.rows, n = a.columns;
  if (n <= 16 || m <= kernels::small_block) {
    matrix_kernels<T>().lu(m, n, a.data, a.stride, pivots);
    return;
  }
  const std::int64_t half = (n / 2 + 7) / 8 * 8, rest = n - half;
  const View<T> left = a.block(0, 0, m, half), right = a.block(0, half, m, rest);
  const View<T> top = right.block(0, 0, half, rest), bottom = right.block(half, 0, m - half, rest);
  factor_columns(left, pivots);
  exchange_rows(right, pivots, 0, half);
  solve_left<T>(left.block(0, 0, half, half), false, Op::None, true, top);
  gemm<T>(-1, left.block(half, 0, m - half, half), Op::None, top, Op::None, 1, bottom);
  factor_columns(bottom, pivots + half);
  for (std::int64_t i = half; i < n; ++i) pivots[i] += static_cast<std::int32_t>(half);
  exchange_rows(left, pivots, half, n);
}

}  // namespace

template <class T>
void exchange_rows(const View<T>& a, const std::int32_t* pivots, std::int64_t from, std::int64_t to) {
  // Several columns at a time, whose exchanges need not wait for each other.
  constexpr std::int64_t group = 4;
  std::int64_t j = 0;
  for (; j + group <= a.columns; j += group) {
    T* first = a.column(j);
    for (std::int64_t i = from; i < to; ++i) {
      const std::int64_t other = pivots[i];
      for (std::int64_t c = 0; c < group; ++c)
        std::swap(first[i + c * a.stride], first[other + c * a.stride]);
    }
  }
  for (; j < a.columns; ++j) {
    T* column = a.column(j);
    for (std::int64_t i = from; i < to; ++i) std::swap(column[i], column[pivots[i]]);
  }
}

template <class T>
std::int64_t cholesky(const View<T>& a) {
  const std::int64_t failed = lower_factor(a);
  if (failed != 0) return failed;
  for (std::int64_t j = 1; j < a.columns; ++j) std::fill_n(a.column(j), j, T(0));
  return 0;
}

template <class T>
void lu(const View<T>& a, std::int32_t* pivots) {
  factor_columns(a, pivots);
}

template <class T>
void inverse_by_lu(const View<const T>& a, const std::int32_t* pivots, const View<T>& x) {
  set_zero(x);
  for (std::int64_t i = 0; i < x.columns; ++i) x(i, i) = 1;
  invert_unit_lower(a, x);
  solve_left(a, true, Op::None, false, x);
  // P exchanges columns, the last exchange first.
  for (std::int64_t i = x.columns; i-- > 0;) {
    if (pivots[i] != i) std::swap_ranges(x.column(i), x.column(i) + x.rows, x.column(pivots[i]));
  }
}

#define WICK_INSTANTIATE(T)                                                                        \
  template std::int64_t cholesky<T>(const View<T>&);                                               \
  template void lu<T>(const View<T>&, std::int32_t*);                                              \
  template void exchange_rows<T>(const View<T>&, const std::int32_t*, std::int64_t, std::int64_t); \
  template void inverse_by_lu<T>(const View<const T>&, const std::int32_t*, const View<T>&);
WICK_INSTANTIATE(float)
WICK_INSTANTIATE(double)
WICK_INSTANTIATE(std::complex<double>)

}  // namespace wick::factorize
