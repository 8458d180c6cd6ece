#pragma once

#include "wick/kernels/table.h"

namespace wick::kernels {

// Windows along one dimension: window i takes `length[i]` elements, `dilation` apart, from begin[i] on. Those
// in [full, full_end) have one length and begin `stride` apart.
struct PoolWindows {
  int64_t size, count;  // elements; windows
  const int64_t* begin;
  const int64_t* length;
  const int64_t* divisor;  // of means: the product over the dimensions
  int64_t dilation;
  int64_t full, full_end, stride;
};

// Dense images of one channel, one after another.
struct PoolArguments {
  int64_t images;
  PoolWindows windows[3];
  const void* x;
  void* out;
  int64_t* positions;  // of maxima in their images, or null
  double divisor;      // of means, in place of those of windows; 0 for theirs
  void* scratch;       // pool_scratch() bytes, for `spread` and `put_back` spread_scratch()
  bool apart;          // no two windows have an element in common, which `put_back` makes use of
};

// The largest of each window: NaN if there is one, the last one; of equal ones the first. The mean of each
// window. `spread` is the mean's transposed map: x are gradients of means, `out` images. `put_back` is that
// of taking elements at the positions.
struct PoolFunctions {
  void (*largest)(const PoolArguments& arguments);  // all but bool and complex
  void (*mean)(const PoolArguments& arguments);     // floating point, int64
  void (*spread)(const PoolArguments& arguments);
  void (*put_back)(const PoolArguments& arguments);
};

[[gnu::always_inline]] constexpr int64_t pool_scratch(const PoolWindows (&w)[3]) {
  return 16 * (w[2].size + w[2].count) + 64;
}
[[gnu::always_inline]] constexpr int64_t spread_scratch(const PoolWindows (&w)[3]) {
  return 8 * (1 + w[0].size * w[1].size) * w[2].size + 64;
}

struct PoolKernels {
  PoolFunctions of[dtypes];
};

}  // namespace wick::kernels
