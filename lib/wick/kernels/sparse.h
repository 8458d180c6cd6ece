#pragma once

#include "wick/kernels/table.h"

// The kernels of products with a sparse matrix, whose entries lie row by row: those of row r are
// columns[e] and values[e] for e from pointers[r] up to pointers[r + 1]. Dense operands have the elements of
// a row one after another; steps from row to row are in elements. Of float, double, int64 (which wraps),
// and both complex dtypes.

namespace wick::kernels {

// Rows [begin, end) of the sparse matrix times a dense one of `width` columns. `out` has rows of `width`
// elements. The sum of a float row of many entries is taken in double.
struct SparseProduct {
  int64_t begin, end;
  int64_t width;
  const int64_t* pointers;
  const int64_t* columns;
  const void* values;
  const void* dense;
  int64_t dense_row;
  void* out;
};

// For each entry (r, c) of the rows [begin, end) the sum of a[r][k] b[c][k] over k below `width`.
struct SampledProduct {
  int64_t begin, end;
  int64_t width;
  const int64_t* pointers;
  const int64_t* columns;
  const void* a;
  const void* b;
  int64_t a_row, b_row;
  void* out;
};

}  // namespace wick::kernels
