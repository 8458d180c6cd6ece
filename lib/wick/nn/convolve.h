#pragma once

// Private: convolutions of arrays in memory, by the kernels of kernels/convolution.h. They know no tensor.

#include <cstdint>

#include "wick/core/dtype.h"

namespace wick {

// A convolution of three dimensions; those that an image lacks are in front, of size 1. `padding` is what is
// added in front of each dimension; `out` tells how much follows.
struct ConvolutionSizes {
  std::int64_t batch = 1, groups = 1;
  std::int64_t in_channels = 1, out_channels = 1;  // of a group
  std::int64_t in[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  std::int64_t stride[3] = {1, 1, 1}, padding[3] = {}, dilation[3] = {1, 1, 1};
};

// Images, a channel of the first group for a start; or weights, whose "images" are output channels and
// whose "channels" are input channels. Steps are in elements.
struct ImageArray {
  char* data;
  std::int64_t image, channel, step[3];
};

// out[n][k][o] = bias[k] + sum over c, t of x[n][c][o * stride - padding + t * dilation] * w[k][c][t]. The
// bias is dense or null; input channels of a group are counted from 0 in w. Every dtype but bool and complex.
void convolve(DType dtype, const ConvolutionSizes& sizes, const ImageArray& x, const ImageArray& w,
              const char* bias, const ImageArray& out);
// The transposed map, which is the gradient of x from that of the result; the bias is one of x's channels.
void convolve_transposed(DType dtype, const ConvolutionSizes& sizes, const ImageArray& y, const ImageArray& w,
                         const char* bias, const ImageArray& x);
// The gradient of w, dense, from that of the result. Floating point dtypes.
void convolve_weight_gradient(DType dtype, const ConvolutionSizes& sizes, const ImageArray& x,
                              const ImageArray& gradient, char* w);

}  // namespace wick
