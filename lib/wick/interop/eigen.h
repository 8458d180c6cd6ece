#pragma once

#include <Eigen/Core>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// Tensors as Eigen sees them, without copying. The map refers to the tensor's elements and must not outlive
// it. ShapeError unless the tensor has the dimensions; DTypeError unless T is its type. Complex tensors map
// to std::complex.

template <class T>
using MatrixMap = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
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
using VectorMap =
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>, Eigen::Unaligned, Eigen::InnerStride<Eigen::Dynamic>>;

// A 1-d tensor of any stride.
template <class T>
VectorMap<T> vector_map(const Tensor& x) {
  if (x.dim() != 1)
    throw ShapeError("a vector has one dimension, shape " + to_string(x.sizes()) + " was given");
  return VectorMap<T>(x.data<T>(), x.size(0), Eigen::InnerStride<Eigen::Dynamic>(x.stride(0)));
}

}  // namespace wick
