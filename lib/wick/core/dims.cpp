#include "wick/core/dims.h"

#include "wick/core/error.h"

namespace wick {

std::string to_string(const Dims& dims) {
  std::string text = "{";
  for (const auto d : dims) text += (text.size() > 1 ? " " : "") + std::to_string(d);
  return text + "}";
}

std::int64_t numel(const Shape& shape) {
  if (shape.size() > max_rank) {
    throw ShapeError("a tensor has at most " + std::to_string(max_rank) + " dimensions, " +
                     std::to_string(shape.size()) + " were given");
  }
  std::int64_t count = 1;
  std::int64_t extent = 1;  // the same with empty dimensions counted as 1: strides are made of it
  for (const auto size : shape) {
    if (size < 0) throw ShapeError("a size must not be negative, shape " + to_string(shape) + " was given");
    count = size == 0 ? 0 : count;
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(size, 1), &extent)) {
      throw ShapeError("shape " + to_string(shape) + " is too large: its elements cannot be counted");
    }
  }
  return count == 0 ? 0 : extent;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides = Strides::filled(shape.size(), 1);
  for (int i = shape.size() - 2; i >= 0; --i) {
    strides[i] = strides[i + 1] * std::max<std::int64_t>(shape[i + 1], 1);
  }
  return strides;
}

bool is_contiguous(const Shape& shape, const Strides& strides) noexcept {
  std::int64_t expected = 1;
  bool dense = true;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] == 1) continue;
    dense = dense && strides[i] == expected;
    expected *= shape[i];
  }
  return dense;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const int offset = longer.size() - shorter.size();
  for (int i = 0; i < shorter.size(); ++i) {
    auto& size = out[i + offset];
    if (size == shorter[i] || shorter[i] == 1) continue;
    if (size != 1) {
      const int d = i + offset;
      throw ShapeError("The size of tensor a (" + std::to_string(a[d - (out.size() - a.size())]) +
                       ") must match the size of tensor b (" +
                       std::to_string(b[d - (out.size() - b.size())]) + ") at non-singleton dimension " +
                       std::to_string(d) + ": shapes " + to_string(a) + " and " + to_string(b) +
                       " do not broadcast");
    }
    size = shorter[i];
  }
  return out;
}

Shape broadcast_shapes(std::span<const Shape> shapes) {
  Shape out;
  for (const Shape& shape : shapes) {
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; })) {
      throw ShapeError("broadcast_shapes: sizes must not be negative, shape " + to_string(shape) +
                       " was given");
    }
    out = broadcast_shapes(out, shape);
  }
  return out;
}

int wrap_dim(std::int64_t dim, int rank) {
  const int n = std::max(rank, 1);
  if (dim < -n || dim >= n) {
    throw IndexError("Dimension out of range: expected between " + std::to_string(-n) + " and " +
                     std::to_string(n - 1) + ", got " + std::to_string(dim));
  }
  return static_cast<int>(dim < 0 ? dim + n : dim);
}

Dims wrap_dims(const Dims& dims, int rank) {
  Dims wrapped;
  if (dims.empty()) {
    for (int d = 0; d < rank; ++d) wrapped.push_back(d);
    return wrapped;
  }
  for (const auto dim : dims) {
    const int d = wrap_dim(dim, rank);
    if (std::find(wrapped.begin(), wrapped.end(), d) != wrapped.end()) {
      throw ShapeError("dimension " + std::to_string(d) + " appears multiple times in dims " +
                       to_string(dims));
    }
    wrapped.push_back(d);
  }
  return rank == 0 ? Dims{} : wrapped;
}

Shape without_dims(const Shape& shape, const Dims& dims) {
  Shape rest;
  for (int d = 0; d < shape.size(); ++d) {
    if (std::find(dims.begin(), dims.end(), d) == dims.end()) rest.push_back(shape[d]);
  }
  return rest;
}

}  // namespace wick
