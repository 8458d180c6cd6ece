#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "wick/core/tensor.h"

// Elements in loops: x.accessor<float, 2>()[i][j] for tensors of any strides, and `for (const Tensor& row :
// x)`.

namespace WICK_API wick {

// The elements of a tensor of T with `rank` dimensions. Indices are not checked. Good as long as the elements
// live: the tensor, or another that shares them.
template <class T, int rank>
class Accessor {
 public:
  Accessor(T* data, const std::int64_t* sizes, const std::int64_t* strides) noexcept : data_(data) {
    std::copy_n(sizes, rank, sizes_.begin());
    std::copy_n(strides, rank, strides_.begin());
  }

  std::int64_t size(int d) const noexcept { return sizes_[static_cast<std::size_t>(d)]; }
  std::int64_t stride(int d) const noexcept { return strides_[static_cast<std::size_t>(d)]; }
  T* data() const noexcept { return data_; }

  decltype(auto) operator[](std::int64_t i) const noexcept {
    T* at = data_ + i * strides_[0];
    if constexpr (rank == 1) {
      return static_cast<T&>(*at);
    } else {
      return Accessor<T, rank - 1>(at, sizes_.data() + 1, strides_.data() + 1);
    }
  }

 private:
  T* data_;
  std::array<std::int64_t, rank> sizes_, strides_;
};

// Goes over the first dimension of a tensor; gives views.
class TensorIterator {
 public:
  using value_type = Tensor;
  using reference = Tensor;
  using difference_type = std::ptrdiff_t;
  using iterator_category = std::input_iterator_tag;

  TensorIterator() noexcept = default;
  TensorIterator(const Tensor& tensor, std::int64_t at) noexcept : tensor_(tensor), at_(at) {}

  Tensor operator*() const { return tensor_.select(0, at_); }
  TensorIterator& operator++() noexcept {
    ++at_;
    return *this;
  }
  TensorIterator operator++(int) noexcept {
    TensorIterator before = *this;
    ++at_;
    return before;
  }
  friend bool operator==(const TensorIterator& a, const TensorIterator& b) noexcept { return a.at_ == b.at_; }

 private:
  Tensor tensor_;
  std::int64_t at_ = 0;
};

inline TensorIterator Tensor::begin() const {
  size(0);  // an IndexError for a 0-d tensor
  return {*this, 0};
}
inline TensorIterator Tensor::end() const { return {*this, size(0)}; }

template <class T, int rank>
Accessor<T, rank> Tensor::accessor() const {
  static_assert(rank > 0, "the only element of a 0-d tensor is item<T>()");
  if (dim() != rank) wrong_rank(rank);
  return {data<T>(), sizes().begin(), strides().begin()};
}

}  // namespace wick
