#pragma once

#include <stdint.h>

// Sums of a few neighbours along one dimension, each with its weight: resizing and resampling.

namespace wick::kernels {

// Result i is the sum of weights[start[i] + t] * x[first[i] + t] for t below start[i + 1] - start[i].
struct Taps {
  int64_t results;
  const int64_t* first;
  const int64_t* start;  // of results + 1 elements
  const void* weights;   // of the dtype of x
};

// Steps are in elements.
struct TapsArguments {
  const Taps* taps;
  const void* in;
  void* out;
  int64_t lines;              // dense rows, or dense columns side by side
  int64_t in_step, out_step;  // from a row to the next one
};

struct TapsFunctions {
  void (*rows)(const TapsArguments& arguments);     // along rows
  void (*columns)(const TapsArguments& arguments);  // across rows: each result is a row
};
struct TapsKernels {
  TapsFunctions of_float, of_double;
};

}  // namespace wick::kernels
