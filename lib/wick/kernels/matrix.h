#pragma once

#include <stdint.h>

namespace wick::kernels {

// The decompositions' loops over vectors, and over blocks of at most small_block columns. Matrices are stored
// by columns, lda elements from one to the next; the elements are of one type throughout.
inline constexpr int64_t small_block = 48;

// A triangular system: unknown j of right-hand side c lies at j * unknown_step + c * right_step, and the
// coefficient of unknown k in equation j at j * row_step + k * column_step.
struct Triangle {
  int64_t n, columns;  // unknowns, right-hand sides
  int64_t row_step, column_step, unknown_step, right_step;
  bool conjugate, backward, unit;  // `backward`: from the last unknown to the first
};

struct MatrixKernels {
  void (*axpy)(int64_t n, const void* alpha, const void* x, void* y);  // y += alpha x
  void (*dot)(int64_t n, const void* x, const void* y, void* result);  // x^H y
  double (*norm)(int64_t n, const void* x);                            // Euclidean, whatever the range
  // y += alpha A x, y += alpha A^H x, A (m, n)
  void (*gemv)(int64_t m, int64_t n, const void* alpha, const void* a, int64_t lda, const void* x, void* y);
  void (*gemv_adjoint)(int64_t m, int64_t n, const void* alpha, const void* a, int64_t lda, const void* x,
                       void* y);
  // y += A x, Hermitian A (n, n), of which the lower triangle is read
  void (*hemv)(int64_t n, const void* a, int64_t lda, const void* x, void* y);
  // The lower factor in place; 0, or the order of the first leading minor that is not positive.
  int64_t (*cholesky)(int64_t n, void* a, int64_t lda);
  // L and U in place, A (m, n); row j was exchanged with row pivots[j], counted from 0.
  void (*lu)(int64_t m, int64_t n, void* a, int64_t lda, int32_t* pivots);
  void (*solve)(const Triangle& t, const void* a, void* b);
  // The sums of weight / (pole - x) and weight / (pole - x)^2 over n poles.
  void (*poles)(int64_t n, const double* pole, const double* weight, double x, double* sum, double* slope);
};

}  // namespace wick::kernels
