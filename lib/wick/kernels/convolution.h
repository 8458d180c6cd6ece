#pragma once

#include "wick/kernels/table.h"

// Convolutions as matrix products whose right-hand rows are shifts of one buffer.
//
// An image is cut into a buffer with zeros around it, in planes and rows of one pitch. With neighbouring
// positions of the result being neighbours in the buffer, term t of the sum, a channel and an element of the
// kernel, is a fixed distance away, wherever the result is:
//
//   out[k][p] = sum over t of weight[k][t] * buffer[shift[t] + p]
//
// For a stride s the buffer is split into s phases, of the elements s apart, in each dimension; dilation
// changes the shifts alone. Positions between the end of a row and the next one are computed and dropped, so
// that rows need no ends of their own; a border of zeros on one side of a row serves the row before as well.
// The gradient of the input is the same with the weights turned around, once for each phase of the stride.

namespace wick::kernels {

// to[a][b][c] = from[origin + stride * (a, b, c)], 0 where that is outside of `size`. The buffer is dense;
// its elements are what the dtype is computed in. Steps are in elements.
struct CutArguments {
  const void* from;
  int64_t size[3], step[3];
  int64_t origin[3], stride[3];
  int64_t count[3];
  void* to;
};

// weight[k * row + offset[t]] for k below `rows` and t below `depth`, in the order in which the product reads
// them.
struct WeightArguments {
  const void* from;
  int64_t row;
  const int64_t* offset;
  int64_t rows, depth;
  void* to;
};

// The product for positions (a, b, c) below `count`, each at a * plane + b * pitch + c in the buffer. The
// last term of the last position may lie `slack` elements before the end of the memory, but no less.
struct ShiftedProduct {
  int64_t rows, depth;
  const void* weights;  // as arranged
  const void* buffer;
  const int64_t* shift;
  int64_t count[3], plane, pitch;
  void* out;  // of the dtype; steps in elements
  int64_t out_row, out_step[3];
  const void* bias;  // of the dtype, or null
  void* scratch;     // scratch_elements(rows)
};

// sums[k][t] += sum over planes and positions p of gradient[k][p] * buffer[shift[t] + p]. `positions`, of a
// plane, is a multiple of `slack`; the gradient has zeros where positions are dropped.
struct WeightGradient {
  int64_t rows, depth, planes, positions;
  const void* gradient;
  int64_t gradient_row, gradient_plane;
  const void* buffer;
  int64_t buffer_plane;
  const int64_t* shift;
  double* sums;
  int64_t sums_row;
};

// Of each dtype but complex ones. Half precision is computed in float, integers in uint64.
struct ConvolutionFunctions {
  void (*cut)(const CutArguments& arguments);
  void (*arrange)(const WeightArguments& arguments);
  void (*product)(const ShiftedProduct& arguments);
  void (*weight_gradient)(const WeightGradient& arguments);  // of floating point dtypes
};

struct ConvolutionKernels {
  static constexpr int64_t slack = 16;
  // Planes of fewer positions are computed in one go, together with what lies between them.
  static constexpr int64_t long_plane = 32;
  // Positions that are computed together, for all rows.
  [[gnu::always_inline]] static constexpr int64_t together(int64_t rows) {
    return rows > 64 ? 128 : rows > 16 ? 8192 / rows : 512;
  }
  [[gnu::always_inline]] static constexpr int64_t scratch_row(int64_t rows) { return together(rows) + slack; }
  [[gnu::always_inline]] static constexpr int64_t scratch_elements(int64_t rows) {
    return rows * scratch_row(rows);
  }
  ConvolutionFunctions of[dtypes];
};

}  // namespace wick::kernels
