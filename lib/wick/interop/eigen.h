#pragma once

#include <Eigen/Core>
#include <memory>
#include <type_traits>
#include <utility>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// --- Tensors as Eigen sees them

// The map refers to the tensor's elements, without copying, and must not outlive it. ShapeError unless the
// tensor has the dimensions; DTypeError unless T is its type. Complex tensors map to std::complex; a const T
// makes a map that cannot be written.

namespace detail {
// Map's way of being read-only.
template <class T, class Matrix>
using AsConst = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;
}  // namespace detail

template <class T>
using MatrixMap =
    Eigen::Map<detail::AsConst<
                   T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>,
               Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

// A 2-d tensor of any strides.
template <class T>
MatrixMap<T> matrix_map(const Tensor& x) {
  if (x.dim() != 2)
    throw ShapeError("a matrix has two dimensions, shape " + to_string(x.sizes()) + " was given");
  return MatrixMap<T>(x.data<T>(), x.size(0), x.size(1),
                      Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(x.stride(0), x.stride(1)));
}

template <class T>
using VectorMap = Eigen::Map<detail::AsConst<T, Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>>,
                             Eigen::Unaligned, Eigen::InnerStride<Eigen::Dynamic>>;

// A 1-d tensor of any stride.
template <class T>
VectorMap<T> vector_map(const Tensor& x) {
  if (x.dim() != 1)
    throw ShapeError("a vector has one dimension, shape " + to_string(x.sizes()) + " was given");
  return VectorMap<T>(x.data<T>(), x.size(0), Eigen::InnerStride<Eigen::Dynamic>(x.stride(0)));
}

// --- Eigen's matrices as tensors

// Matrices and arrays become 2-d tensors, those with one row or column at compile time 1-d ones.

namespace detail {

template <class M>
Shape shape_of(const M& m) {
  if constexpr (M::IsVectorAtCompileTime) {
    return {m.size()};
  } else {
    return {m.rows(), m.cols()};
  }
}

template <class M>
Strides strides_of(const M& m) {
  if constexpr (M::IsVectorAtCompileTime) {
    return {m.innerStride()};
  } else {
    return {m.rowStride(), m.colStride()};
  }
}

}  // namespace detail

// A tensor on the memory of a matrix, map or block, without copying: it must not outlive that memory, nor a
// change of the matrix's size. That of a const matrix is read-only.
template <class M>
Tensor tensor_map(M&& m) {
  using Plain = std::remove_cvref_t<M>;
  static_assert(Plain::Flags & Eigen::DirectAccessBit, "an expression has no memory: use to_tensor");
  static_assert(std::is_lvalue_reference_v<M> || !std::is_base_of_v<Eigen::PlainObjectBase<Plain>, Plain>,
                "the matrix would be gone at once: use to_tensor, which takes over its memory");
  return from_blob(m.data(), detail::shape_of(m), detail::strides_of(m), dtype_of<typename Plain::Scalar>);
}

// A contiguous tensor with the values of any expression.
template <class Derived>
Tensor to_tensor(const Eigen::DenseBase<Derived>& m) {
  using T = typename Derived::Scalar;
  const Tensor out = empty(detail::shape_of(m.derived()), dtype_of<T>);
  if constexpr (Derived::IsVectorAtCompileTime) {
    vector_map<T>(out) = m.derived().matrix();
  } else {
    matrix_map<T>(out) = m.derived().matrix();
  }
  return out;
}

// One that takes over the memory of a matrix, with its strides: to_tensor(std::move(m)).
template <class Derived>
Tensor to_tensor(Eigen::PlainObjectBase<Derived>&& m) {
  const auto owner = std::make_shared<Derived>(std::move(m.derived()));
  return from_blob(
      owner->data(), detail::shape_of(*owner), detail::strides_of(*owner), [owner](void*) {},
      dtype_of<typename Derived::Scalar>);
}

}  // namespace wick
