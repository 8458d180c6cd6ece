#pragma once

#include <stdint.h>

namespace wick::kernels {

// Planes read at positions that are the same for all channels: value(c, p) belongs to the sum over k of
// weights[k, p] times plane c at index[k, p]. All are dense and of one dtype; an index lies within the plane.
struct Sampling {
  int64_t channels, positions, taps;
  int64_t plane;         // elements of one
  const int64_t* index;  // (taps, positions)
  void* planes;          // (channels, plane)
  void* weights;         // (taps, positions)
  void* values;          // (channels, positions)
};

// The three derivatives of the sum over everything of planes, weights and values: each gives one of them
// from the others.
struct SamplingFunctions {
  void (*values)(const Sampling& s);
  void (*planes)(const Sampling& s);  // added to what is there
  void (*weights)(const Sampling& s);
};
struct SamplingKernels {
  SamplingFunctions of_float, of_double;
};

}  // namespace wick::kernels
