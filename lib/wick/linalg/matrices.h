#pragma once

// Private: what operations on batches of matrices, the last two dimensions, share.

#include <algorithm>
#include <complex>
#include <initializer_list>
#include <optional>
#include <string>

#include "wick/core/parallel.h"
#include "wick/core/tensor.h"

namespace wick {

// Refusals that name the operation. check_rank: of less than two dimensions. Matrices of float32, float64,
// complex64 or complex128.
void check_rank(const char* operation, const Tensor& x);
void check_matrices(const char* operation, const Tensor& x);
void check_square(const char* operation, const Tensor& x);
void check_precision(const char* operation, DType dtype);
// What iterations would not converge on.
void check_finite(const char* operation, const Tensor& x);
bool all_finite(const Tensor& x);

// The exponents of the powers of two next above the magnitudes along the dimensions, which stay with size 1:
// int64, 0 where some are not finite or all are 0. Of a complex number the larger part counts.
Tensor exponents_of(const Tensor& x, const Dims& dims);
// Those of the matrices, undefined unless one is so near to the ends of the dtype's range that sums and
// reciprocals may leave it.
Tensor far_exponents(const Tensor& A);
// 2^exponents x, each element by itself; exponents broadcasts to x.
Tensor times_powers(const Tensor& x, const Tensor& exponents);

// x with its last two dimensions exchanged, and conjugated.
Tensor adjoint(const Tensor& x);

// A new row-major tensor of the transposed matrices: they are stored by columns. Not recorded.
Tensor column_major_copy(const Tensor& x);

// Singular values below so much of the largest count as 0, by default: the rounding of A's dtype times the
// larger of its sizes.
double default_rtol(const Tensor& A);

// The dimensions before the last `last`.
Shape leading(const Tensor& x, int last = 2);
// The same with sizes appended.
Shape appended(Shape shape, std::initializer_list<std::int64_t> sizes);

// Calls f(i) for every matrix of a batch, on several threads when `work` additions each are worth it.
template <class F>
void each_matrix(std::int64_t count, std::int64_t work, F&& f) {
  parallel_for(count, std::max<std::int64_t>(parallel::grain / std::max<std::int64_t>(work, 1), 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) f(i);
               });
}

// The rows of x (n, k) as LAPACK's pivots exchange them one after another, or brought back with `inverse`.
// Batches are broadcast; differentiable.
Tensor exchange_rows(const Tensor& x, const Tensor& pivots, bool inverse);

// ", matrix 3 of the batch" for errors; nothing when there is one matrix only.
std::string batch_suffix(std::int64_t index, std::int64_t count);

// Decompositions have no complex64 of their own.
inline bool computed_in_complex128(const Tensor& x) { return x.dtype() == complex64; }

// Calls f(TypeTag<T>{}) for float32, float64 and complex128.
template <class F>
void dispatch_matrices(DType dtype, F&& f) {
  if (dtype == float32) {
    f(TypeTag<float>{});
  } else if (dtype == float64) {
    f(TypeTag<double>{});
  } else {
    f(TypeTag<std::complex<double>>{});
  }
}

}  // namespace wick
