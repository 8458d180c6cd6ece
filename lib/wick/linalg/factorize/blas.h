#pragma once

// Private: views of matrices in plain memory and what the factorizations do with them, under the names of the
// BLAS. Matrices are stored by columns; T is float, double or std::complex<double>.

#include <complex>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "wick/core/allocator.h"
#include "wick/kernels/matrix.h"
#include "wick/kernels/table.h"

namespace wick::factorize {

template <class T>
struct RealType {
  using type = T;
};
template <class T>
struct RealType<std::complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealType<T>::type;
template <class T>
inline constexpr bool is_complex_type = !std::is_same_v<T, Real<T>>;

template <class T>
T conjugate(T x) {
  if constexpr (is_complex_type<T>) {
    return std::conj(x);
  } else {
    return x;
  }
}

// Memory for the length of a computation, not initialized.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::int64_t count)
      : data_(static_cast<T*>(allocator::allocate(static_cast<std::size_t>(count) * sizeof(T), &bytes_))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { allocator::deallocate(data_, bytes_); }

  T* data() const { return data_; }
  T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

template <class T>
struct View {
  T* data;
  std::int64_t rows, columns, stride;  // stride: from a column to the next

  T* column(std::int64_t j) const { return data + j * stride; }
  T& operator()(std::int64_t i, std::int64_t j) const { return data[i + j * stride]; }
  View block(std::int64_t i, std::int64_t j, std::int64_t row_count, std::int64_t column_count) const {
    return {data + i + j * stride, row_count, column_count, stride};
  }
  operator View<const T>() const requires(!std::is_const_v<T>) { return {data, rows, columns, stride}; }
};
template <class T>
View<T> view(T* data, std::int64_t rows, std::int64_t columns) {
  return {data, rows, columns, rows};
}

template <class T>
void set_zero(const View<T>& a) {
  for (std::int64_t j = 0; j < a.columns; ++j) {
    std::memset(static_cast<void*>(a.column(j)), 0, static_cast<std::size_t>(a.rows) * sizeof(T));
  }
}
template <class T>
void copy(const View<const std::type_identity_t<T>>& from, const View<T>& to) {
  for (std::int64_t j = 0; j < from.columns; ++j) {
    std::memcpy(static_cast<void*>(to.column(j)), from.column(j),
                static_cast<std::size_t>(from.rows) * sizeof(T));
  }
}

template <class T>
const kernels::MatrixKernels& matrix_kernels() {
  constexpr int index = std::is_same_v<T, float> ? 0 : std::is_same_v<T, double> ? 1 : 2;
  return kernels::table().matrix[index];
}

// y += alpha x
template <class T>
void axpy(std::int64_t n, std::type_identity_t<T> alpha, const T* x, T* y) {
  matrix_kernels<T>().axpy(n, &alpha, x, y);
}
// x^H y
template <class T>
T dot(std::int64_t n, const T* x, const T* y) {
  T result;
  matrix_kernels<T>().dot(n, x, y, &result);
  return result;
}
template <class T>
Real<T> norm(std::int64_t n, const T* x) {
  return static_cast<Real<T>>(matrix_kernels<T>().norm(n, x));
}
template <class T>
void scale(std::int64_t n, std::type_identity_t<T> alpha, T* x) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= alpha;
}

enum class Op { None, Adjoint };

// y += alpha op(a) x
template <class T>
void gemv(std::type_identity_t<T> alpha, const View<const std::type_identity_t<T>>& a, Op op, const T* x,
          T* y) {
  const auto& k = matrix_kernels<T>();
  (op == Op::None ? k.gemv : k.gemv_adjoint)(a.rows, a.columns, &alpha, a.data, a.stride, x, y);
}
// y += a x for Hermitian a, of which the lower triangle is read.
template <class T>
void hemv(const View<const std::type_identity_t<T>>& a, const T* x, T* y) {
  matrix_kernels<T>().hemv(a.rows, a.data, a.stride, x, y);
}

// c = alpha op(a) op(b) + beta c, where beta is 0 or 1. Large ones run on several threads and ask the
// interrupt handler, so what calls it, and what is built on that, may end in an exception.
template <class T>
void gemm(Real<T> alpha, const View<const T>& a, Op a_op, const View<const T>& b, Op b_op, int beta,
          const View<T>& c);

// The lower triangle of the Hermitian c (n, n) += alpha a op(b), and perhaps what is above it near the
// diagonal.
template <class T>
void gemm_lower(Real<T> alpha, const View<const T>& a, Op a_op, const View<const T>& b, Op b_op,
                const View<T>& c);

// b = op(a)^-1 b for triangular a, of which the other triangle is not read, nor the diagonal with `unit`.
template <class T>
void solve_left(const View<const T>& a, bool upper, Op op, bool unit, const View<T>& b);
// b = b a^-H for lower triangular a.
template <class T>
void solve_right_adjoint(const View<const T>& a, const View<T>& b);

}  // namespace wick::factorize
