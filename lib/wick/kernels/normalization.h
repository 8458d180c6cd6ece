#pragma once

#include "wick/kernels/table.h"

namespace wick::kernels {

// Normalization of dense numbers: y = (x - mean) / sqrt(variance + eps) * weight + bias. Sums are float64;
// means and variances come with all their digits, whatever the offset of the data.

// Lines of n elements one after another, each by itself. Element j of line i has the weight number
// (i % period) * n / run + j / run.
struct NormLines {
  int64_t lines, n;
  const void* x;
  const void* weight;  // or null, for 1
  const void* bias;    // or null, for 0
  int64_t period = 1, run = 1;
  double eps;
  bool centered = true;  // else the mean is taken as 0
  // Of each line: results of the forward pass.
  double* mean;
  double* rstd;  // 1 / sqrt(variance + eps)
  void* y;
  // Of the backward pass: the gradient of y; that of x, or null; what is added to those of weight and bias,
  // or null.
  const void* g;
  void* dx;
  double* dweight;
  double* dbias;
};

// `rows` times `channels` stretches of `run` elements, `row_step` elements from a row to the next: each
// channel by the statistics of all its elements or, unless `batch`, by those that are given.
struct NormChannels {
  int64_t rows, channels, run, row_step;
  const void* x;
  const void* weight;  // or null
  const void* bias;    // or null
  double eps;
  bool batch = true;
  double* mean;
  double* var;  // with the number of elements as its divisor
  void* y;
  const void* g;
  void* dx;  // or null
  double* dweight;
  double* dbias;
};

struct NormKernels {
  struct Functions {
    void (*lines_forward)(const NormLines& arguments);
    void (*lines_backward)(const NormLines& arguments);
    void (*channels_forward)(const NormChannels& arguments);
    void (*channels_backward)(const NormChannels& arguments);
  };
  Functions functions[dtypes];  // of float and double
};

}  // namespace wick::kernels
