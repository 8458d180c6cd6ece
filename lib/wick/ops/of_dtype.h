#pragma once

// Private: kernels that come in two, for float and for double.

#include "wick/core/dtype.h"

namespace wick {

// Those of a table with `of_float` and `of_double` for float32 or float64 numbers.
template <class Table>
const auto& of_dtype(const Table& kernels, DType dtype) {
  return dtype == float32 ? kernels.of_float : kernels.of_double;
}

}  // namespace wick
