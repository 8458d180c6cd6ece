#pragma once

#include <stdexcept>
#include <string>

#include "wick/core/api.h"

namespace WICK_API wick {

// What the library throws. Messages name the operation's argument, the value given and what is accepted.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Shapes that do not fit each other, negative sizes, sizes whose element or byte count overflows.
class ShapeError : public Error {
 public:
  using Error::Error;
};

// A dtype that the operation does not take.
class DTypeError : public Error {
 public:
  using Error::Error;
};

// A dimension or an element position out of range.
class IndexError : public Error {
 public:
  using Error::Error;
};

// Memory that cannot be had.
class MemoryError : public Error {
 public:
  using Error::Error;
};

// A file that cannot be read or written, or is damaged.
class FileError : public Error {
 public:
  using Error::Error;
};

// A gradient that cannot be computed: nothing recorded, the graph used up, a saved value changed in place.
class GradientError : public Error {
 public:
  using Error::Error;
};

}  // namespace wick
