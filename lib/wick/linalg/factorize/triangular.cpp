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
  exchange_rows(right, pivots, 0, half, false);
  solve_left<T>(left.block(0, 0, half, half), false, Op::None, true, top);
  gemm<T>(-1, left.block(half, 0, m - half, half), Op::None, top, Op::None, 1, bottom);
  factor_columns(bottom, pivots + half);
  for (std::int64_t i = half; i < n; ++i) pivots[i] += static_cast<std::int32_t>(half);
  exchange_rows(left, pivots, half, n, false);
}

}  // namespace

template <class T>
void exchange_rows(const View<T>& a, const std::int32_t* pivots, std::int64_t from, std::int64_t to,
                   bool inverse) {
  for (std::int64_t j = 0; j < a.columns; ++j) {
    T* column = a.column(j);
    if (inverse) {
      for (std::int64_t i = to; i-- > from;) std::swap(column[i], column[pivots[i]]);
    } else {
      for (std::int64_t i = from; i < to; ++i) std::swap(column[i], column[pivots[i]]);
    }
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

template std::int64_t cholesky<float>(const View<float>&);
template std::int64_t cholesky<double>(const View<double>&);
template std::int64_t cholesky<std::complex<double>>(const View<std::complex<double>>&);
template void lu<float>(const View<float>&, std::int32_t*);
template void lu<double>(const View<double>&, std::int32_t*);
template void lu<std::complex<double>>(const View<std::complex<double>>&, std::int32_t*);
template void exchange_rows<float>(const View<float>&, const std::int32_t*, std::int64_t, std::int64_t, bool);
template void exchange_rows<double>(const View<double>&, const std::int32_t*, std::int64_t, std::int64_t,
                                    bool);
template void exchange_rows<std::complex<double>>(const View<std::complex<double>>&, const std::int32_t*,
                                                  std::int64_t, std::int64_t, bool);

}  // namespace wick::factorize
