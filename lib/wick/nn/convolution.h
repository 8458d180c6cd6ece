#pragma once

#include <string>
#include <string_view>

#include "wick/nn/module.h"

// Convolutions, in the sense of neural networks (cross-correlations), with the names and the meaning of
// torch.nn.functional. Sizes of options are one number for all dimensions of an image, or one for each.
// Tensors have one dtype (DTypeError), any but bool; integers wrap around. All are differentiable, any number
// of times, with respect to input, weight and bias. The result does not depend on the number of threads.

namespace WICK_API wick {

// Zeros on both ends of each dimension, or a mode: "valid" adds none, "same" as many as keep the image's
// size, one more at the end where they cannot be the same; the stride is 1 then.
class ConvolutionPadding {
 public:
  template <std::integral T>
  requires(!std::same_as<T, bool>) ConvolutionPadding(T amount)
      : amounts_(static_cast<std::int64_t>(amount)) {}
  ConvolutionPadding(const Dims& amounts) : amounts_(amounts) {}
  ConvolutionPadding(std::initializer_list<std::int64_t> amounts) : amounts_(amounts) {}
  // Error for another word.
  ConvolutionPadding(std::string_view mode);
  ConvolutionPadding(const char* mode) : ConvolutionPadding(std::string_view(mode)) {}

  bool same() const noexcept { return same_; }
  const Dims& amounts() const noexcept { return amounts_; }

 private:
  Dims amounts_ = 0;
  bool same_ = false;
};

struct ConvolutionOptions {
  Dims stride = 1;
  ConvolutionPadding padding = 0;
  Dims dilation = 1;
  std::int64_t groups = 1;
};

// x of shape (N, C, L), (N, C, H, W) or (N, C, D, H, W), or without N; weight (K, C / groups, kernel); bias
// (K) or undefined. (N, K, sizes), each size (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1
// rounded down. Group i of K / groups output channels reads group i of the input channels. ShapeError for
// what does not fit.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const ConvolutionOptions& options = {});
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const ConvolutionOptions& options = {});
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const ConvolutionOptions& options = {});

struct TransposedConvolutionOptions {
  Dims stride = 1;
  Dims padding = 0;
  Dims output_padding = 0;  // places more at the end, fewer than the stride or the dilation
  std::int64_t groups = 1;
  Dims dilation = 1;
};

// The gradient of a convolution with respect to its input, as a map: x (N, C, sizes) or without N, weight
// (C, K / groups, kernel), bias (K) or undefined. (N, K, sizes), each size (size - 1) stride - 2 padding +
// dilation (kernel - 1) + output_padding + 1.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});

namespace nn {

// What is at the places that padding adds: "zeros", "reflect", "replicate" or "circular", see wick::pad.
struct ConvOptions {
  Dims stride = 1;
  ConvolutionPadding padding = 0;
  Dims dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";
  DType dtype = float32;
};

// A layer of convolutions; Conv1d, Conv2d and Conv3d say of how many dimensions. Weight and bias are drawn
// uniformly from +-1 / sqrt(C / groups * elements of a kernel), in this order, as in PyTorch.
class Convolution : public Module {
 public:
  Tensor forward(const Tensor& x) override;

  ConvOptions options;
  Tensor& weight;  // (out_channels, in_channels / groups, kernel)
  Tensor& bias;    // (out_channels), undefined without bias

 protected:
  Convolution(int dims, std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
              const ConvOptions& options);
};

class Conv1d : public Convolution {
 public:
  Conv1d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
         const ConvOptions& given = {})
      : Convolution(1, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "conv1d"; }
};
class Conv2d : public Convolution {
 public:
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
         const ConvOptions& given = {})
      : Convolution(2, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "conv2d"; }
};
class Conv3d : public Convolution {
 public:
  Conv3d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
         const ConvOptions& given = {})
      : Convolution(3, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "conv3d"; }
};

struct ConvTransposeOptions {
  Dims stride = 1;
  Dims padding = 0;
  Dims output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  Dims dilation = 1;
  DType dtype = float32;
};

// The same of transposed convolutions; the fan that bounds the values is out_channels / groups times the
// elements of a kernel.
class TransposedConvolution : public Module {
 public:
  Tensor forward(const Tensor& x) override;

  ConvTransposeOptions options;
  Tensor& weight;  // (in_channels, out_channels / groups, kernel)
  Tensor& bias;    // (out_channels), undefined without bias

 protected:
  TransposedConvolution(int dims, std::int64_t in_channels, std::int64_t out_channels,
                        const Dims& kernel_size, const ConvTransposeOptions& options);
};

class ConvTranspose1d : public TransposedConvolution {
 public:
  ConvTranspose1d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
                  const ConvTransposeOptions& given = {})
      : TransposedConvolution(1, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "convtranspose1d"; }
};
class ConvTranspose2d : public TransposedConvolution {
 public:
  ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
                  const ConvTransposeOptions& given = {})
      : TransposedConvolution(2, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "convtranspose2d"; }
};
class ConvTranspose3d : public TransposedConvolution {
 public:
  ConvTranspose3d(std::int64_t in_channels, std::int64_t out_channels, const Dims& kernel_size,
                  const ConvTransposeOptions& given = {})
      : TransposedConvolution(3, in_channels, out_channels, kernel_size, given) {}
  const char* kind() const override { return "convtranspose3d"; }
};

}  // namespace nn
}  // namespace wick
