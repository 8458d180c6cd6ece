#pragma once

#include <Eigen/SparseCore>
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "wick/ops/creation.h"
#include "wick/sparse/sparse_tensor.h"

namespace WICK_API wick {

// --- Sparse tensors as Eigen sees them

// The map refers to the tensor's values and places, without copying, and must not outlive them. Csr becomes a
// row-major matrix, Csc a column-major one. A const T makes a map whose values cannot be written; the places
// never can.

namespace detail {

template <class T, int order>
using EigenSparse = Eigen::SparseMatrix<std::remove_const_t<T>, order, std::int64_t>;

template <class T, int order>
auto eigen_map(const SparseTensor& x, const Tensor& pointers, const Tensor& inner) {
  using Map =
      Eigen::Map<std::conditional_t<std::is_const_v<T>, const EigenSparse<T, order>, EigenSparse<T, order>>>;
  if (!x.values().is_contiguous()) throw ShapeError("sparse map: the values must be contiguous");
  // Eigen takes places that can be written, and does not write them while the matrix is compressed.
  auto* const p = static_cast<std::int64_t*>(static_cast<void*>(pointers.raw_data()));
  auto* const q = static_cast<std::int64_t*>(static_cast<void*>(inner.raw_data()));
  return Map(x.size(0), x.size(1), x.nnz(), p, q, x.values().data<T>());
}

}  // namespace detail

// Of a Csr and of a Csc tensor; an Error for another layout, a DTypeError unless T is the values' type.
template <class T>
auto csr_map(const SparseTensor& x) {
  return detail::eigen_map<T, Eigen::RowMajor>(x, x.crow_indices(), x.col_indices());
}
template <class T>
auto csc_map(const SparseTensor& x) {
  return detail::eigen_map<T, Eigen::ColMajor>(x, x.ccol_indices(), x.row_indices());
}

// --- Eigen's sparse matrices as tensors

// A copy of any sparse expression: row-major ones become Csr, column-major ones Csc.
template <class Derived>
SparseTensor to_sparse_tensor(const Eigen::SparseMatrixBase<Derived>& expression) {
  using T = typename Derived::Scalar;
  constexpr int order = Derived::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor;
  detail::EigenSparse<T, order> m = expression.derived();
  m.makeCompressed();
  const std::int64_t lines = m.outerSize(), n = m.nonZeros();
  const Tensor pointers = empty({lines + 1}, int64), inner = empty({n}, int64),
               values = empty({n}, dtype_of<T>);
  std::copy_n(m.outerIndexPtr(), lines + 1, pointers.template data<std::int64_t>());
  std::copy_n(m.innerIndexPtr(), n, inner.template data<std::int64_t>());
  std::copy_n(m.valuePtr(), n, values.template data<T>());
  const Shape size{m.rows(), m.cols()};
  if constexpr (order == Eigen::RowMajor) {
    return sparse_csr_tensor(pointers, inner, values, size);
  } else {
    return sparse_csc_tensor(pointers, inner, values, size);
  }
}

}  // namespace wick
