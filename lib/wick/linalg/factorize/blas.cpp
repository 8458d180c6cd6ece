#include "wick/linalg/factorize/blas.h"

#include "wick/core/dtype.h"
#include "wick/linalg/gemm.h"

namespace wick::factorize {
namespace {

// Unknowns that are solved for one after another; more are split, so that most of the work is a product.
constexpr std::int64_t solve_block = 32;
static_assert(solve_block <= kernels::small_block);

// A column of c after another: for products that are small or narrow.
template <class T>
void gemm_by_columns(Real<T> alpha, const View<const T>& a, Op a_op, const View<const T>& b, Op b_op,
                     const View<T>& c) {
  const std::int64_t k = a_op == Op::None ? a.columns : a.rows;
  if (b_op == Op::None) {
    for (std::int64_t j = 0; j < c.columns; ++j) gemv<T>(alpha, a, a_op, b.column(j), c.column(j));
    return;
  }
  const Scratch<T> row(k);
  for (std::int64_t j = 0; j < c.columns; ++j) {
    for (std::int64_t i = 0; i < k; ++i) row[i] = conjugate(b(j, i));
    gemv<T>(alpha, a, a_op, row.data(), c.column(j));
  }
}

}  // namespace

template <class T>
void gemm(Real<T> alpha, const View<const T>& a, Op a_op, const View<const T>& b, Op b_op, int beta,
          const View<T>& c) {
  if (c.rows == 0 || c.columns == 0) return;
  const std::int64_t k = a_op == Op::None ? a.columns : a.rows;
  if (k == 0 || c.columns <= 2 || c.rows * c.columns * k <= 1024) {
    if (beta == 0) set_zero(c);
    if (k > 0) gemm_by_columns(alpha, a, a_op, b, b_op, c);
    return;
  }
  // The transposed product, whose result is stored by rows: c^T = op(b)^T op(a)^T.
  const bool a_adjoint = a_op == Op::Adjoint, b_adjoint = b_op == Op::Adjoint;
  const kernels::Gemm g{.m = c.columns,
                        .n = c.rows,
                        .k = k,
                        .a = b.data,
                        .b = a.data,
                        .c = c.data,
                        .a_row = b_adjoint ? 1 : b.stride,
                        .a_column = b_adjoint ? b.stride : 1,
                        .b_row = a_adjoint ? 1 : a.stride,
                        .b_column = a_adjoint ? a.stride : 1,
                        .c_row = c.stride,
                        .c_column = 1,
                        .alpha = static_cast<double>(alpha),
                        .beta = static_cast<double>(beta),
                        .conjugate_a = b_adjoint && is_complex_type<T>,
                        .conjugate_b = a_adjoint && is_complex_type<T>};
  constexpr DType dtype = std::is_same_v<T, float>    ? float32
                          : std::is_same_v<T, double> ? float64
                                                      : complex128;
  wick::gemm("linalg", dtype, g);
}

template <class T>
void gemm_lower(Real<T> alpha, const View<const T>& a, Op a_op, const View<const T>& b, Op b_op,
                const View<T>& c) {
  const std::int64_t n = c.rows;
  if (n <= 64) return gemm(alpha, a, a_op, b, b_op, 1, c);
  const std::int64_t half = n / 2 / 16 * 16, rest = n - half;
  const auto rows_of = [](const View<const T>& x, Op op, std::int64_t from, std::int64_t count) {
    return op == Op::None ? x.block(from, 0, count, x.columns) : x.block(0, from, x.rows, count);
  };
  const auto columns_of = [](const View<const T>& x, Op op, std::int64_t from, std::int64_t count) {
    return op == Op::None ? x.block(0, from, x.rows, count) : x.block(from, 0, count, x.columns);
  };
  const View<const T> a2 = rows_of(a, a_op, half, rest), b1 = columns_of(b, b_op, 0, half);
  gemm_lower(alpha, rows_of(a, a_op, 0, half), a_op, b1, b_op, c.block(0, 0, half, half));
  gemm(alpha, a2, a_op, b1, b_op, 1, c.block(half, 0, rest, half));
  gemm_lower(alpha, a2, a_op, columns_of(b, b_op, half, rest), b_op, c.block(half, half, rest, rest));
}

template <class T>
void solve_left(const View<const T>& a, bool upper, Op op, bool unit, const View<T>& b) {
  const std::int64_t n = a.rows;
  const bool backward = upper == (op == Op::None);
  if (n <= solve_block) {
    const kernels::Triangle t{.n = n,
                              .columns = b.columns,
                              .row_step = op == Op::None ? 1 : a.stride,
                              .column_step = op == Op::None ? a.stride : 1,
                              .unknown_step = 1,
                              .right_step = b.stride,
                              .conjugate = op == Op::Adjoint,
                              .backward = backward,
                              .unit = unit};
    matrix_kernels<T>().solve(t, a.data, b.data);
    return;
  }
  const std::int64_t half = (n / 2 + 15) / 16 * 16, rest = n - half;
  const View<const T> a11 = a.block(0, 0, half, half), a22 = a.block(half, half, rest, rest);
  const View<const T> other = upper ? a.block(0, half, half, rest) : a.block(half, 0, rest, half);
  const View<T> b1 = b.block(0, 0, half, b.columns), b2 = b.block(half, 0, rest, b.columns);
  if (backward) {
    solve_left(a22, upper, op, unit, b2);
    gemm<T>(-1, other, op, b2, Op::None, 1, b1);
    solve_left(a11, upper, op, unit, b1);
  } else {
    solve_left(a11, upper, op, unit, b1);
    gemm<T>(-1, other, op, b1, Op::None, 1, b2);
    solve_left(a22, upper, op, unit, b2);
  }
}

template <class T>
void solve_right_adjoint(const View<const T>& a, const View<T>& b) {
  const std::int64_t n = a.rows;
  if (n <= solve_block) {
    const kernels::Triangle t{.n = n,
                              .columns = b.rows,
                              .row_step = 1,
                              .column_step = a.stride,
                              .unknown_step = b.stride,
                              .right_step = 1,
                              .conjugate = true,
                              .backward = false,
                              .unit = false};
    matrix_kernels<T>().solve(t, a.data, b.data);
    return;
  }
  const std::int64_t half = (n / 2 + 15) / 16 * 16, rest = n - half;
  const View<T> b1 = b.block(0, 0, b.rows, half), b2 = b.block(0, half, b.rows, rest);
  solve_right_adjoint(a.block(0, 0, half, half), b1);
  gemm<T>(-1, b1, Op::None, a.block(half, 0, rest, half), Op::Adjoint, 1, b2);
  solve_right_adjoint(a.block(half, half, rest, rest), b2);
}

#define WICK_INSTANTIATE(T)                                                                                 \
  template void gemm<T>(Real<T>, const View<const T>&, Op, const View<const T>&, Op, int, const View<T>&);  \
  template void gemm_lower<T>(Real<T>, const View<const T>&, Op, const View<const T>&, Op, const View<T>&); \
  template void solve_left<T>(const View<const T>&, bool, Op, bool, const View<T>&);                        \
  template void solve_right_adjoint<T>(const View<const T>&, const View<T>&);
WICK_INSTANTIATE(float)
WICK_INSTANTIATE(double)
WICK_INSTANTIATE(std::complex<double>)

}  // namespace wick::factorize
