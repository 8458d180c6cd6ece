#pragma once

// Private: options of windows that move over images, of convolutions and pooling.

#include <string>

#include "wick/core/fail.h"
#include "wick/core/tensor.h"

namespace wick {

// One number for all `dims` dimensions, or as many. ShapeError for another count, and for numbers below
// `least` or too large to compute with.
inline Dims expanded(const char* operation, const char* option, const Dims& given, int dims,
                     std::int64_t least) {
  constexpr std::int64_t most = 0x7fffffff;
  if (given.size() != 1 && given.size() != dims) {
    fail<ShapeError>(operation, "{} must be one number or {}, not {}", option, dims, given);
  }
  for (const std::int64_t value : given) {
    if (value < least || value > most) {
      fail<ShapeError>(operation, "{} must be from {} to {}, {} was given", option, least, most, value);
    }
  }
  return given.size() == dims ? given : Dims::filled(dims, given[0]);
}

// An image with a batch in front, which an image of its own has not; `out` goes back.
struct Batched {
  Tensor x;
  bool added;

  Batched(const char* operation, const Tensor& given, int dims) : added(given.dim() == dims + 1) {
    if (given.dim() != dims + 1 && given.dim() != dims + 2) {
      fail<ShapeError>(operation, "the input must have {} or {} dimensions, not shape {}", dims + 1, dims + 2,
                       given.sizes());
    }
    x = added ? given.unsqueeze(0) : given;
  }
  Tensor out(const Tensor& result) const { return added ? result.squeeze(0) : result; }
};

}  // namespace wick
