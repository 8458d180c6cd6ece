#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

// Eigen's templates are compiled once for each level under a name of their own: -DEigen=Eigen_<level>.
#include <Eigen/Core>

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Gemm;

template <class T>
using Strided = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
                           Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
template <class T, int order>
using Operand = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, order>, Eigen::Unaligned,
                           Eigen::OuterStride<>>;

template <class T, int order_a, int order_b>
void multiply(const Gemm& g) {
  const Operand<T, order_a> a(static_cast<const T*>(g.a), g.m, g.k,
                              Eigen::OuterStride<>(g.a_row * g.a_column));
  const Operand<T, order_b> b(static_cast<const T*>(g.b), g.k, g.n,
                              Eigen::OuterStride<>(g.b_row * g.b_column));
  if (g.c_column == 1) {
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, Eigen::Unaligned,
               Eigen::OuterStride<>>
        c(static_cast<T*>(g.c), g.m, g.n, Eigen::OuterStride<>(g.c_row));
    if (g.beta == 0) {
      c.setZero();
    } else if (g.beta != 1) {
      c *= static_cast<T>(g.beta);
    }
    c.noalias() += (static_cast<T>(g.alpha) * a) * b;
  } else {
    Strided<T> c(static_cast<T*>(g.c), g.m, g.n, {g.c_row, g.c_column});
    const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> product =
        (static_cast<T>(g.alpha) * a) * b;
    if (g.beta == 0) {
      c = product;
    } else {
      c = static_cast<T>(g.beta) * c + product;
    }
  }
}

// The definition, for what has no faster way.
template <class T>
bool plain_product(const Gemm& g) {
  using C = Compute<T>;
  const T* a = static_cast<const T*>(g.a);
  const T* b = static_cast<const T*>(g.b);
  const auto conjugated = [](C x, bool conjugate) {
    if constexpr (class_of<T> == Class::Complex) return conjugate ? C{x.re, -x.im} : x;
    return x;
  };
  const auto scaled = [](C x, double factor) {
    if constexpr (class_of<T> == Class::Complex) {
      using Part = decltype(C{}.re);
      return C{static_cast<Part>(factor * x.re), static_cast<Part>(factor * x.im)};
    } else {
      return static_cast<C>(factor * x);
    }
  };
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      C total{};
      for (int64_t k = 0; k < g.k; ++k) {
        total = total + conjugated(a[i * g.a_row + k * g.a_column], g.conjugate_a) *
                            conjugated(b[k * g.b_row + j * g.b_column], g.conjugate_b);
      }
      T& c = static_cast<T*>(g.c)[i * g.c_row + j * g.c_column];
      if (g.alpha != 1) total = scaled(total, g.alpha);
      c = g.beta == 0 ? total : total + scaled(c, g.beta);
    }
  }
  return true;
}

template <class T>
bool real_product(const Gemm& g) {
  constexpr int row = Eigen::RowMajor, column = Eigen::ColMajor;
  const bool a_row = g.a_column == 1 && g.a_row >= g.k, a_column = g.a_row == 1 && g.a_column >= g.m;
  const bool b_row = g.b_column == 1 && g.b_row >= g.n, b_column = g.b_row == 1 && g.b_column >= g.k;
  if (!(a_row || a_column) || !(b_row || b_column)) return plain_product<T>(g);
  try {
    if (a_row && b_row) {
      multiply<T, row, row>(g);
    } else if (a_row) {
      multiply<T, row, column>(g);
    } else if (b_row) {
      multiply<T, column, row>(g);
    } else {
      multiply<T, column, column>(g);
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
    T* c = static_cast<T*>(g.c) + i * g.c_row;
    for (int64_t j = 0; j < g.n; ++j) c[j * g.c_column] = 0;
    for (int64_t k = 0; k < g.k; ++k) {
      const C x = static_cast<C>(a[i * g.a_row + k * g.a_column]);
      if (g.b_column != 1 || g.c_column != 1) {
        for (int64_t j = 0; j < g.n; ++j)
          c[j * g.c_column] = cast<T>(static_cast<C>(c[j * g.c_column]) +
                                      x * static_cast<C>(b[k * g.b_row + j * g.b_column]));
      } else {
        const T* row = b + k * g.b_row;
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
    if constexpr (class_of<T> == Class::Complex) table.gemm[i] = plain_product<T>;
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
