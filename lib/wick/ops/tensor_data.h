#pragma once

#include <array>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// A number that elements can be made of, but for bool, of which ranges are seldom contiguous.
template <class T>
concept Element = std::integral<T> || std::floating_point<T> || requires {
  DTypeOf<T>::value;
};

// What tensor() makes a tensor of: a number, numbers in nested lists, or a range of numbers.
//
//   tensor({{1, 2, 3}, {4, 5, 6}});              // int64, shape {2 3}
//   tensor({{1.5, 2}, {3, 4}}, float64);
//   tensor(std::vector<float>{1, 2});            // float32: ranges keep their type
//   tensor({rows[0], rows[1]});                  // vectors in lists
//
// Lists of bool, integers, floating point numbers and complex ones are bool, int64, float32 and complex64,
// of the highest kind among them. Ranges keep their type; those that have no dtype of their own (unsigned
// long, long double ...) become the widest of their kind, with an Error for what int64 does not hold.
class TensorData {
 public:
  TensorData(const Scalar& number);
  template <std::convertible_to<Scalar> T>
  TensorData(T number) : TensorData(Scalar(number)) {}
  // ShapeError for parts of different shapes.
  TensorData(std::initializer_list<TensorData> parts);
  template <std::ranges::contiguous_range R>
  requires Element<std::remove_cv_t<std::ranges::range_value_t<R>>> TensorData(const R& values)
      : values_(of(std::span(std::ranges::data(values), std::ranges::size(values)))),
        dtype_(values_.dtype()) {}
  TensorData(const std::vector<bool>& values);

  // As the dtype says, else as described above.
  Tensor to_tensor(std::optional<DType> dtype = std::nullopt) const;

 private:
  template <class T>
  static Tensor of(std::span<T> values) {
    using V = std::remove_cv_t<T>;
    if constexpr (requires { DTypeOf<V>::value; }) {
      return copy_of(values.data(), std::ssize(values), dtype_of<V>);
    } else if constexpr (std::integral<V>) {
      std::vector<std::int64_t> whole;
      whole.reserve(values.size());
      for (const V value : values) whole.push_back(Scalar(value).to_int());
      return copy_of(whole.data(), std::ssize(whole), int64);
    } else {
      const std::vector<double> wide(values.begin(), values.end());
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
