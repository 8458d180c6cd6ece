#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

// Eigen's templates are compiled once for each level under a name of their own: -DEigen=Eigen_<level>.
#include <Eigen/Core>

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Gemm;

template <class T, int order>
using Operand = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, order>, Eigen::Unaligned,
                           Eigen::OuterStride<>>;

template <class T, int order_a, int order_b>
void multiply(const Gemm& g) {
  const Operand<T, order_a> a(static_cast<const T*>(g.a), g.m, g.k, Eigen::OuterStride<>(g.lda));
  const Operand<T, order_b> b(static_cast<const T*>(g.b), g.k, g.n, Eigen::OuterStride<>(g.ldb));
  Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, Eigen::Unaligned,
             Eigen::OuterStride<>>
      c(static_cast<T*>(g.c), g.m, g.n, Eigen::OuterStride<>(g.ldc));
  c.noalias() = a * b;
}

template <class T>
bool real_product(const Gemm& g) {
  constexpr int row = Eigen::RowMajor, column = Eigen::ColMajor;
  try {
    if (g.a_columns && g.b_columns) {
      multiply<T, column, column>(g);
    } else if (g.a_columns) {
      multiply<T, column, row>(g);
    } else if (g.b_columns) {
      multiply<T, row, column>(g);
    } else {
      multiply<T, row, row>(g);
    }
    return true;
  } catch (...) {
    return false;
  }
}

// Rows of the product gather multiples of rows of b, so that the inner loop runs over dense memory; a b
// stored by columns gives scalar products instead.
template <class T>
bool integer_product(const Gemm& g) {
  using C = Compute<T>;
  const T* a = static_cast<const T*>(g.a);
  const T* b = static_cast<const T*>(g.b);
  for (int64_t i = 0; i < g.m; ++i) {
    T* c = static_cast<T*>(g.c) + i * g.ldc;
    for (int64_t j = 0; j < g.n; ++j) c[j] = 0;
    for (int64_t k = 0; k < g.k; ++k) {
      const C x = static_cast<C>(a[g.a_columns ? k * g.lda + i : i * g.lda + k]);
      if (g.b_columns) {
        for (int64_t j = 0; j < g.n; ++j)
          c[j] = cast<T>(static_cast<C>(c[j]) + x * static_cast<C>(b[j * g.ldb + k]));
      } else {
        const T* row = b + k * g.ldb;
        WICK_IVDEP
        for (int64_t j = 0; j < g.n; ++j) c[j] = cast<T>(static_cast<C>(c[j]) + x * static_cast<C>(row[j]));
      }
    }
  }
  return true;
}

}  // namespace

void add_products(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Integer) table.gemm[i] = integer_product<T>;
    if constexpr (class_of<T> == Class::Real) table.gemm[i] = real_product<T>;
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
