#pragma once

#include <optional>

#include "wick/nn/module.h"

// Pooling: what windows that move over an image hold, with the names and the meaning of torch.nn.functional.
// Images have shape (N, C, sizes) or (C, sizes) with one, two or three sizes, as the name says. Sizes of
// windows are one number for all dimensions of an image, or one for each; without a stride windows stand side
// by side. ShapeError for what does not fit. All are differentiable, any number of times. Maxima are of any
// dtype but bool and complex ones, means of floating point dtypes and int64, which drops fractions
// (DTypeError).

namespace WICK_API wick {

// The result has sizes (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down; up with
// ceil_mode, but for a window that would begin behind the image. The padding, at most half of the kernel,
// never is a maximum.
struct MaxPoolOptions {
  std::optional<Dims> stride = std::nullopt;
  Dims padding = 0;
  Dims dilation = 1;
  bool ceil_mode = false;
};

// Maxima, and where they are: positions in the flattened image, int64.
struct MaximaIndices {
  Tensor values, indices;
};

// NaN where a window holds one, of which the last counts; of equal maxima the first.
Tensor max_pool1d(const Tensor& x, const Dims& kernel_size, const MaxPoolOptions& options = {});
Tensor max_pool2d(const Tensor& x, const Dims& kernel_size, const MaxPoolOptions& options = {});
Tensor max_pool3d(const Tensor& x, const Dims& kernel_size, const MaxPoolOptions& options = {});
MaximaIndices max_pool1d_with_indices(const Tensor& x, const Dims& kernel_size,
                                      const MaxPoolOptions& options = {});
MaximaIndices max_pool2d_with_indices(const Tensor& x, const Dims& kernel_size,
                                      const MaxPoolOptions& options = {});
MaximaIndices max_pool3d_with_indices(const Tensor& x, const Dims& kernel_size,
                                      const MaxPoolOptions& options = {});

// Zeros with the elements of x at these positions of each image, the last one where there are several; as
// large as `output_size` says. IndexError for a position outside of it.
Tensor max_unpool(const Tensor& x, const Tensor& indices, const Dims& output_size);

// Zeros around the image count as elements unless count_include_pad is false. divisor_override takes the
// place of the number of elements.
struct AvgPoolOptions {
  std::optional<Dims> stride = std::nullopt;
  Dims padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<std::int64_t> divisor_override = std::nullopt;
};
Tensor avg_pool1d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options = {});
Tensor avg_pool2d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options = {});
Tensor avg_pool3d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options = {});

// Windows such that the result has these sizes: window i is [floor(i size / out), ceil((i + 1) size / out)).
Tensor adaptive_avg_pool1d(const Tensor& x, const Dims& output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& output_size);
Tensor adaptive_avg_pool3d(const Tensor& x, const Dims& output_size);
MaximaIndices adaptive_max_pool1d(const Tensor& x, const Dims& output_size);
MaximaIndices adaptive_max_pool2d(const Tensor& x, const Dims& output_size);
MaximaIndices adaptive_max_pool3d(const Tensor& x, const Dims& output_size);

// (k mean(x^p))^(1/p) of each window of k elements, the mean of what lies within the image. Error unless
// p is positive.
struct LpPoolOptions {
  std::optional<Dims> stride = std::nullopt;
  bool ceil_mode = false;
};
Tensor lp_pool1d(const Tensor& x, double p, const Dims& kernel_size, const LpPoolOptions& options = {});
Tensor lp_pool2d(const Tensor& x, double p, const Dims& kernel_size, const LpPoolOptions& options = {});
Tensor lp_pool3d(const Tensor& x, double p, const Dims& kernel_size, const LpPoolOptions& options = {});

// Maxima of windows whose places are drawn: of each image and channel a number u in [0, 1) for each
// dimension, window i of o beginning at trunc((i + u) a) - trunc(u a) with a = (size - kernel) / (o - 1), the
// last one at size - kernel. `samples`, of shape (N, C, dims) and from 0 to below 1 (Error), takes the place
// of what is drawn; of two dimensions its first number is that of the width. (B. Graham, "Fractional
// max-pooling", 2014.)
MaximaIndices fractional_max_pool2d(const Tensor& x, const Dims& kernel_size, const Dims& output_size,
                                    const Tensor& samples = {});
MaximaIndices fractional_max_pool3d(const Tensor& x, const Dims& kernel_size, const Dims& output_size,
                                    const Tensor& samples = {});

namespace nn {

// Layers, of which a class template tells the dimensions: nn::MaxPool2d is MaxPool<2>.
template <int dims>
class MaxPool : public Module {
 public:
  explicit MaxPool(const Dims& kernel_size, const MaxPoolOptions& given = {})
      : kernel(kernel_size), options(given) {}
  Tensor forward(const Tensor& x) override {
    if constexpr (dims == 1) return max_pool1d(x, kernel, options);
    if constexpr (dims == 2) return max_pool2d(x, kernel, options);
    if constexpr (dims == 3) return max_pool3d(x, kernel, options);
  }
  const char* kind() const override {
    return dims == 1 ? "maxpool1d" : dims == 2 ? "maxpool2d" : "maxpool3d";
  }

  Dims kernel;
  MaxPoolOptions options;
};
using MaxPool1d = MaxPool<1>;
using MaxPool2d = MaxPool<2>;
using MaxPool3d = MaxPool<3>;

template <int dims>
class AvgPool : public Module {
 public:
  explicit AvgPool(const Dims& kernel_size, const AvgPoolOptions& given = {})
      : kernel(kernel_size), options(given) {}
  Tensor forward(const Tensor& x) override {
    if constexpr (dims == 1) return avg_pool1d(x, kernel, options);
    if constexpr (dims == 2) return avg_pool2d(x, kernel, options);
    if constexpr (dims == 3) return avg_pool3d(x, kernel, options);
  }
  const char* kind() const override {
    return dims == 1 ? "avgpool1d" : dims == 2 ? "avgpool2d" : "avgpool3d";
  }

  Dims kernel;
  AvgPoolOptions options;
};
using AvgPool1d = AvgPool<1>;
using AvgPool2d = AvgPool<2>;
using AvgPool3d = AvgPool<3>;

template <int dims>
class AdaptiveAvgPool : public Module {
 public:
  explicit AdaptiveAvgPool(const Dims& output_size) : output(output_size) {}
  Tensor forward(const Tensor& x) override {
    if constexpr (dims == 1) return adaptive_avg_pool1d(x, output);
    if constexpr (dims == 2) return adaptive_avg_pool2d(x, output);
    if constexpr (dims == 3) return adaptive_avg_pool3d(x, output);
  }
  const char* kind() const override {
    return dims == 1 ? "adaptiveavgpool1d" : dims == 2 ? "adaptiveavgpool2d" : "adaptiveavgpool3d";
  }

  Dims output;
};
using AdaptiveAvgPool1d = AdaptiveAvgPool<1>;
using AdaptiveAvgPool2d = AdaptiveAvgPool<2>;
using AdaptiveAvgPool3d = AdaptiveAvgPool<3>;

template <int dims>
class AdaptiveMaxPool : public Module {
 public:
  explicit AdaptiveMaxPool(const Dims& output_size) : output(output_size) {}
  Tensor forward(const Tensor& x) override {
    if constexpr (dims == 1) return adaptive_max_pool1d(x, output).values;
    if constexpr (dims == 2) return adaptive_max_pool2d(x, output).values;
    if constexpr (dims == 3) return adaptive_max_pool3d(x, output).values;
  }
  const char* kind() const override {
    return dims == 1 ? "adaptivemaxpool1d" : dims == 2 ? "adaptivemaxpool2d" : "adaptivemaxpool3d";
  }

  Dims output;
};
using AdaptiveMaxPool1d = AdaptiveMaxPool<1>;
using AdaptiveMaxPool2d = AdaptiveMaxPool<2>;
using AdaptiveMaxPool3d = AdaptiveMaxPool<3>;

}  // namespace nn
}  // namespace wick
