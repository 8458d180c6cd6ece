#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "wick/core/api.h"

namespace WICK_API wick {

// The most dimensions a tensor may have.
inline constexpr int max_rank = 64;

// What a size may be given as: an integer of any type, or an enumerator. bool and char are seldom meant.
template <class T>
concept SizeLike = (std::integral<T> || std::is_enum_v<T>)&&std::convertible_to<T, std::int64_t> &&
                   !std::same_as<T, bool> && !std::same_as<T, char>;

// What std::span refers to: vectors, arrays, spans, but for std::vector<bool>.
template <class R>
concept ContiguousRange = requires(const R& range) {
  std::span(range);
};
template <ContiguousRange R>
using ElementOf = typename decltype(std::span(std::declval<const R&>()))::value_type;

// One size in braces, so that zeros({rows, 3}) can be written with rows of any integer type: a list of int64
// would call that a narrowing conversion. What int64 does not hold becomes negative.
class Size {
 public:
  template <SizeLike T>
  constexpr Size(T value) noexcept : value_(static_cast<std::int64_t>(value)) {}
  constexpr operator std::int64_t() const noexcept { return value_; }
  // The numbers of several in a row.
  static const std::int64_t* numbers(const Size* sizes) noexcept {
    static_assert(sizeof(Size) == sizeof(std::int64_t));
    return reinterpret_cast<const std::int64_t*>(sizes);
  }

 private:
  std::int64_t value_;
};

// A short list of int64: sizes or strides, one for each dimension. Up to `inline_capacity` values need no
// heap.
class Dims {
 public:
  static constexpr int inline_capacity = 5;

  Dims() noexcept = default;
  // One value, so that sum(x, 0) and zeros(3) can be written. Nothing else becomes a list by accident.
  template <SizeLike T>
  Dims(T value) : Dims({Size(value)}) {}
  Dims(std::initializer_list<Size> values)
      : Dims(Size::numbers(values.begin()), static_cast<int>(values.size())) {}
  Dims(std::span<const std::int64_t> values) : Dims(values.data(), static_cast<int>(values.size())) {}
  // Vectors, arrays and spans of integers.
  template <ContiguousRange R>
  requires(!std::same_as<R, Dims> && SizeLike<ElementOf<R>>) Dims(const R& values) {
    for (const auto value : std::span(values)) push_back(static_cast<std::int64_t>(value));
  }
  // `count` times the value. No constructor: Shape(2, 3) would not be the shape {2 3}.
  static Dims filled(int count, std::int64_t value) {
    Dims out;
    out.grow(count);
    std::fill_n(out.data_, count, value);
    out.size_ = count;
    return out;
  }
  Dims(const Dims& other) : Dims(other.data_, other.size_) {}
  Dims(Dims&& other) noexcept { take(other); }
  Dims& operator=(const Dims& other) {
    if (this != &other) *this = Dims(other);
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this != &other) {
      free();
      take(other);
    }
    return *this;
  }
  ~Dims() { free(); }

  int size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::int64_t& operator[](int i) noexcept { return data_[i]; }
  std::int64_t operator[](int i) const noexcept { return data_[i]; }
  std::int64_t back() const noexcept { return data_[size_ - 1]; }
  std::int64_t* begin() noexcept { return data_; }
  std::int64_t* end() noexcept { return data_ + size_; }
  const std::int64_t* begin() const noexcept { return data_; }
  const std::int64_t* end() const noexcept { return data_ + size_; }
  operator std::span<const std::int64_t>() const noexcept { return {data_, static_cast<std::size_t>(size_)}; }

  void push_back(std::int64_t value) { insert(size_, value); }
  void insert(int at, std::int64_t value) {
    grow(size_ + 1);
    std::copy_backward(data_ + at, data_ + size_, data_ + size_ + 1);
    data_[at] = value;
    ++size_;
  }
  void erase(int at) noexcept {
    std::copy(data_ + at + 1, data_ + size_, data_ + at);
    --size_;
  }

  // A loop of its own: most lists are too short for a call of memcmp.
  friend bool operator==(const Dims& a, const Dims& b) noexcept {
    if (a.size_ != b.size_) return false;
    for (int i = 0; i < a.size_; ++i) {
      if (a.data_[i] != b.data_[i]) return false;
    }
    return true;
  }

 private:
  Dims(const std::int64_t* values, int count) : Dims() {
    grow(count);
    std::copy_n(values, count, data_);
    size_ = count;
  }
  void grow(int count) {
    if (count <= capacity_) return;
    const int capacity = std::max(count, 2 * capacity_);
    auto* fresh = new std::int64_t[static_cast<std::size_t>(capacity)];
    std::copy_n(data_, size_, fresh);
    free();
    data_ = fresh;
    capacity_ = capacity;
  }
  void free() noexcept {
    if (data_ != inline_) delete[] data_;
  }
  void take(Dims& other) noexcept {
    size_ = other.size_;
    if (other.data_ == other.inline_) {
      data_ = inline_;
      capacity_ = inline_capacity;
      std::copy_n(other.inline_, size_, inline_);
    } else {
      data_ = other.data_;
      capacity_ = other.capacity_;
      other.data_ = other.inline_;
      other.capacity_ = inline_capacity;
    }
    other.size_ = 0;
  }

  std::int64_t* data_ = inline_;
  int size_ = 0;
  int capacity_ = inline_capacity;
  std::int64_t inline_[inline_capacity];
};

using Shape = Dims;
using Strides = Dims;  // counted in elements, not in bytes

// "{2 3}"
std::string to_string(const Dims& dims);
// "[2, 3]"
std::ostream& operator<<(std::ostream& out, const Dims& dims);

// The number of elements. ShapeError for more than max_rank dimensions, a negative size, or a count that
// does not fit int64.
std::int64_t numel(const Shape& shape);

// Row-major strides.
Strides contiguous_strides(const Shape& shape);
bool is_contiguous(const Shape& shape, const Strides& strides) noexcept;

// The shape that both broadcast to (right-aligned, a size of 1 stretches), or a ShapeError.
Shape broadcast_shapes(const Shape& a, const Shape& b);
// The same for any number of shapes; of none it is that of a 0-d tensor. ShapeError for negative sizes too.
Shape broadcast_shapes(std::span<const Shape> shapes);

// A dimension counted from the end becomes one counted from the front. A rank of 0 counts as 1.
// IndexError outside [-rank, rank-1].
int wrap_dim(std::int64_t dim, int rank);
// Those of a list, which names each once; of an empty list all there are. A rank of 0 has none. IndexError as
// above, ShapeError for a dimension named twice.
Dims wrap_dims(const Dims& dims, int rank);
// The shape without dimensions that wrap_dims gave.
Shape without_dims(const Shape& shape, const Dims& dims);

}  // namespace wick
