#pragma once

#include "wick/nn/module.h"

// Images and their windows as columns: torch.nn.functional.unfold and fold. Sizes, distances and borders are
// a number or a pair, for height and width. Any dtype but bool; differentiable, twice.

namespace WICK_API wick {

struct FoldOptions {
  Dims dilation = 1;  // from an element of a window to the next
  Dims padding = 0;   // zeros around the image
  Dims stride = 1;    // from a window to the next
};

// (N, C, H, W) to (N, C kh kw, L): column l holds window l of each channel, the windows in row-major order;
// or (C, H, W) to (C kh kw, L). ShapeError when no window fits.
Tensor im2col(const Tensor& x, const Dims& kernel_size, const FoldOptions& options = {});
// The other way: every column is added where its window lies. ShapeError unless the columns are those of an
// image of output_size.
Tensor fold(const Tensor& x, const Dims& output_size, const Dims& kernel_size,
            const FoldOptions& options = {});

namespace nn {

class Unfold : public Module {
 public:
  explicit Unfold(const Dims& kernel, const FoldOptions& o = {}) : kernel_size(kernel), options(o) {}
  Tensor forward(const Tensor& x) override { return im2col(x, kernel_size, options); }
  const char* kind() const override { return "unfold"; }

  Dims kernel_size;
  FoldOptions options;
};

class Fold : public Module {
 public:
  Fold(const Dims& output, const Dims& kernel, const FoldOptions& o = {})
      : output_size(output), kernel_size(kernel), options(o) {}
  Tensor forward(const Tensor& x) override { return fold(x, output_size, kernel_size, options); }
  const char* kind() const override { return "fold"; }

  Dims output_size, kernel_size;
  FoldOptions options;
};

}  // namespace nn
}  // namespace wick
