#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// A C++ type of elements: those that have a dtype, and the other arithmetic types but for char.
template <class T>
concept Element = requires {
  DTypeOf<T>::value;
}
|| std::floating_point<T> || (std::integral<T> && !std::same_as<T, char>);

// What tensor() makes a tensor of: a number, numbers in nested lists, or a range of numbers.
//
//   tensor({{1, 2, 3}, {4, 5, 6}});              // int64, shape {2 3}
//   tensor({{1.5, 2}, {3, 4}}, float64);
//   tensor(std::vector<float>{1, 2});            // float32: ranges keep their type
//   tensor({rows[0], rows[1]});                  // vectors in lists
//
// Lists of bool, integers, floating point numbers and complex ones are bool, int64, float32 and complex64,
// of the highest kind among them; float16 and bfloat16 count as floating point. Ranges keep their type;
// those that have no dtype of their own (unsigned long, long double ...) become the widest of their kind,
// with an Error for what int64 does not hold.
class TensorData {
 public:
  TensorData(const Scalar& number);
  template <class T>
  requires(std::convertible_to<T, Scalar> || Element<T>) TensorData(const T& number)
      : TensorData(as_scalar(number)) {}
  // ShapeError for parts of different shapes.
  TensorData(std::initializer_list<TensorData> parts);
  template <ContiguousRange R>
  requires Element<ElementOf<R>> TensorData(const R& values)
      : values_(of(std::span(values))), dtype_(values_.dtype()) {}
  TensorData(const std::vector<bool>& values);

  // As the dtype says, else as described above.
  Tensor to_tensor(std::optional<DType> dtype = std::nullopt) const;

 private:
  template <class T>
  static Scalar as_scalar(const T& number) {
    if constexpr (std::convertible_to<T, Scalar>) {
      return number;
    } else if constexpr (std::same_as<T, std::complex<float>>) {
      return std::complex<double>(number);
    } else {
      return static_cast<double>(static_cast<float>(number));
    }
  }
  template <class T, std::size_t extent>
  static Tensor of(std::span<T, extent> values) {
    using V = std::remove_cv_t<T>;
    if constexpr (requires { DTypeOf<V>::value; }) {
      return copy_of(values.data(), std::ssize(values), dtype_of<V>);
    } else if constexpr (std::integral<V>) {
      std::vector<std::int64_t> whole;
      whole.reserve(values.size());
      for (const V value : values) whole.push_back(Scalar(value).to_int());
      return copy_of(whole.data(), std::ssize(whole), int64);
    } else {
      std::vector<double> wide;
      wide.reserve(values.size());
      for (const V value : values) wide.push_back(static_cast<double>(value));
      return copy_of(wide.data(), std::ssize(wide), float64);
    }
  }
  static Tensor copy_of(const void* values, std::int64_t count, DType dtype);

  Tensor values_;  // with all digits of the numbers given
  DType dtype_;    // unless another one is asked for
};

// A tensor of the values, in their dtype or the one given.
inline Tensor tensor(const TensorData& data, std::optional<DType> dtype = std::nullopt) {
  return data.to_tensor(dtype);
}

}  // namespace wick
