#pragma once

#include <stdint.h>

namespace wick::kernels {

// Boxes by columns: the left, upper, right and lower edges of n boxes, and their areas, in arrays n apart.
// All are of one dtype. The overlap of two is the area of their intersection over that of their union.
struct BoxFunctions {
  void (*areas)(int64_t n, void* columns);  // of the edges, behind them
  // Of one box, given by its edges and its area, with each.
  void (*overlaps)(int64_t n, const void* columns, const void* box, void* out);
  // Whether one of the first `count` of columns that are n apart overlaps the box by more than the threshold;
  // NaN does not.
  bool (*overlaps_more)(int64_t n, int64_t count, const void* columns, const void* box, double threshold);
};
struct BoxKernels {
  BoxFunctions of_float, of_double;
};

}  // namespace wick::kernels
