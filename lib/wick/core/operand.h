#pragma once

#include <type_traits>
#include <utility>

#include "wick/core/tensor.h"

namespace WICK_API wick {

template <class T>
inline constexpr bool is_number =
    std::is_arithmetic_v<T> || std::is_same_v<T, Scalar> || std::is_same_v<T, std::complex<double>>;

// One side of an operation: a tensor or a number, for the length of the call. A number beside a tensor only
// matters for the dtype of the result when its kind (bool, integer, floating, complex) is higher.
class Operand {
 public:
  Operand(const Tensor& tensor) noexcept : tensor_(&tensor) {}
  template <class T>
  requires is_number<T> Operand(const T& number) : number_(number) {}

  bool is_tensor() const noexcept { return tensor_ != nullptr; }
  const Tensor& tensor() const noexcept { return *tensor_; }
  const Scalar& number() const noexcept { return number_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar number_ = 0;
};

// The number as a 0-d tensor that promotes as the number does. An integer that the tensor's dtype cannot hold
// is int64, so that comparisons see its value.
Tensor number_beside(const Tensor& tensor, const Scalar& number);

// Both as tensors; an Error that names the operation for two numbers.
std::pair<Tensor, Tensor> as_tensors(const char* operation, const Operand& a, const Operand& b);

}  // namespace wick
