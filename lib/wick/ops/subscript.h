#pragma once

#include <initializer_list>
#include <optional>
#include <span>

#include "wick/core/operand.h"

// Parts of a tensor as NumPy and PyTorch write them:
//
//   x[{0, Slice(1, 3)}]                    x[0, 1:3]
//   x[{Ellipsis, None, 0}]                 x[..., None, 0]
//   x.index({mask}), x[{mask}] = 0         x[mask], x[mask] = 0
//
// Numbers, slices, None and Ellipsis give views; tensors (int64 positions or bool masks) give copies, as
// `index` in ops/indexing.h. Assignment writes into x in either case, recorded as changes in place are.

namespace WICK_API wick {

namespace indexing {

// A new dimension of size 1; as a bound of a Slice: none.
struct NoneType {};
// All the dimensions that no other index speaks of.
struct EllipsisType {};
inline constexpr NoneType None{};
inline constexpr EllipsisType Ellipsis{};

// Positions start, start + step, ... before stop; bounds count from the end when negative and are cut to the
// size. The step is 1 or more: IndexError when it is used.
struct Slice {
  struct Bound {
    Bound(NoneType) {}
    template <std::integral T>
    Bound(T at) : value(static_cast<std::int64_t>(at)) {}
    std::optional<std::int64_t> value;
  };

  Slice(Bound first = None, Bound end = None, std::int64_t by = 1)
      : start(first.value), stop(end.value), step(by) {}

  std::optional<std::int64_t> start, stop;
  std::int64_t step;
};

// One index of x[{...}].
class TensorIndex {
 public:
  enum class Kind { Position, Range, NewDimension, Rest, Picks };

  template <std::integral T>
  requires(!std::same_as<T, bool>) TensorIndex(T at)
      : kind(Kind::Position), position(static_cast<std::int64_t>(at)) {}
  TensorIndex(const Slice& cut) : kind(Kind::Range), slice(cut) {}
  TensorIndex(NoneType) : kind(Kind::NewDimension) {}
  TensorIndex(EllipsisType) : kind(Kind::Rest) {}
  // An undefined tensor takes the whole dimension.
  TensorIndex(const Tensor& which) : kind(which.defined() ? Kind::Picks : Kind::Range), picks(which) {}
  // PyTorch's "...": IndexError for any other text.
  TensorIndex(const char* dots);

  Kind kind;
  std::int64_t position = 0;
  Slice slice;
  Tensor picks;
};

}  // namespace indexing

using indexing::Ellipsis;
using indexing::None;
using indexing::Slice;
using indexing::TensorIndex;

// x[indices]. IndexError for a position outside its dimension and for more indices than dimensions.
Tensor index(const Tensor& x, std::initializer_list<TensorIndex> indices);
// x[indices] = values (broadcast and converted), or added to what is there; where several go to one place the
// last one counts, or all are added.
const Tensor& index_put_(const Tensor& x, std::initializer_list<TensorIndex> indices, const Operand& values,
                         bool accumulate = false);

// x[indices], which can be assigned to while it is no variable. Positions and masks are read even so:
// index_put_ spares that.
class Subscript : public Tensor {
 public:
  Subscript(const Tensor& x, std::initializer_list<TensorIndex> indices);
  // Of indices that are only known when the program runs.
  Subscript(const Tensor& x, std::span<const TensorIndex> indices);

  // A variable then refers to another tensor.
  Subscript(const Subscript&) = default;
  Tensor& operator=(const Tensor& other) & { return Tensor::operator=(other); }
  Tensor& operator=(const Subscript& other) & { return Tensor::operator=(other); }

  const Tensor& operator=(const Operand& values) && { return put(values); }
  const Tensor& operator=(const Subscript& values) && { return put(Operand(values)); }
  // DTypeError, as of changes in place, when the result's kind (integer, floating ...) is higher than x's.
  const Tensor& operator+=(const Operand& y) &&;
  const Tensor& operator-=(const Operand& y) &&;
  const Tensor& operator*=(const Operand& y) &&;
  const Tensor& operator/=(const Operand& y) &&;

 private:
  const Tensor& put(const Operand& values) const;
  const Tensor& put_change(const char* operation, const Tensor& result) const;

  // Where the elements are a copy: what they are a copy of, and the tensors that picked them.
  Tensor origin_;
  Tensors picks_;
};

inline Subscript Tensor::operator[](std::initializer_list<TensorIndex> indices) const {
  return Subscript(*this, indices);
}
inline Subscript Tensor::index(std::initializer_list<TensorIndex> indices) const {
  return Subscript(*this, indices);
}
inline const Tensor& Tensor::index_put_(std::initializer_list<TensorIndex> indices, const Operand& values,
                                        bool accumulate) const {
  return wick::index_put_(*this, indices, values, accumulate);
}

}  // namespace wick
