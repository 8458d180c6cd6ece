#include "wick/nn/convolution.h"

#include <cmath>

#include "wick/autograd/node.h"
#include "wick/core/autocast.h"
#include "wick/nn/convolve.h"
#include "wick/nn/initial.h"
#include "wick/nn/window.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/padding.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {

ConvolutionPadding::ConvolutionPadding(std::string_view mode) : same_(mode == "same") {
  if (mode != "same" && mode != "valid") {
    fail("convolution", "the padding must be numbers, \"same\" or \"valid\", not \"{}\"", mode);
  }
}

namespace {

constexpr const char* names[] = {"conv1d", "conv2d", "conv3d"};
constexpr const char* transposed_names[] = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"};

struct Geometry {
  const char* name;
  int dims;
  ConvolutionSizes sizes;

  Shape shape(std::int64_t first, std::int64_t second, const std::int64_t (&last)[3]) const {
    Shape out{first, second};
    for (int d = 3 - dims; d < 3; ++d) out.push_back(last[d]);
    return out;
  }
  Shape input_shape() const { return shape(sizes.batch, sizes.groups * sizes.in_channels, sizes.in); }
  Shape output_shape() const { return shape(sizes.batch, sizes.groups * sizes.out_channels, sizes.out); }
  Shape weight_shape() const {
    return shape(sizes.groups * sizes.out_channels, sizes.in_channels, sizes.kernel);
  }
};

ImageArray array_of(const Tensor& x) {
  ImageArray out{x.raw_data(), x.stride(0), x.stride(1), {0, 0, 0}};
  for (int d = 2, to = 5 - x.dim(); d < x.dim(); ++d, ++to) out.step[to] = x.strides()[d];
  return out;
}

void check_dtype(const char* operation, DType dtype) {
  if (dtype == boolean) fail<DTypeError>(operation, "is not defined for {}", dtype);
}

// The three maps that are each linear in two operands, and each other's derivatives.
Tensor forward(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& geometry);
Tensor transposed(const Tensor& y, const Tensor& w, const Tensor& bias, const Geometry& geometry);
Tensor weight_gradient(const Tensor& x, const Tensor& y, const Geometry& geometry);

const char* data_of(const Tensor& bias) { return bias.defined() ? bias.raw_data() : nullptr; }
Tensor dense(const Tensor& bias) { return bias.defined() ? bias.detach().contiguous() : bias; }

// The gradient of what was added to each channel.
Tensor sum_of_channels(const Tensor& g, const Tensor& bias) {
  Dims others{0};
  for (int d = 2; d < g.dim(); ++d) others.push_back(d);
  return sum(g, others).to(bias.dtype());
}

template <class X, class W>
Tensor record_biased(const char* name, const Tensor& out, const Tensor& bias, const X& x, const W& w) {
  if (!bias.defined()) return record(name, out, x, w);
  return record(name, out, x, w, wrt(bias, saving(bias), [](const Tensor& g, const Tensor& b) {
                  return sum_of_channels(g, b);
                }));
}

Tensor forward(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& geometry) {
  const Tensor out = empty(geometry.output_shape(), x.dtype());
  if (out.numel() > 0) {
    const Tensor added = dense(bias);
    convolve(x.dtype(), geometry.sizes, array_of(x), array_of(w), data_of(added), array_of(out));
  }
  return record_biased(
      geometry.name, out, bias,
      wrt(x, saving(w, geometry),
          [](const Tensor& g, const Tensor& weight, const Geometry& s) {
            return transposed(g, weight, {}, s);
          }),
      wrt(w, saving(x, geometry), [](const Tensor& g, const Tensor& input, const Geometry& s) {
        return weight_gradient(input, g, s);
      }));
}

Tensor transposed(const Tensor& y, const Tensor& w, const Tensor& bias, const Geometry& geometry) {
  const Tensor out = empty(geometry.input_shape(), y.dtype());
  if (out.numel() > 0) {
    const Tensor added = dense(bias);
    convolve_transposed(y.dtype(), geometry.sizes, array_of(y), array_of(w), data_of(added), array_of(out));
  }
  return record_biased(
      geometry.name, out, bias,
      wrt(y, saving(w, geometry),
          [](const Tensor& g, const Tensor& weight, const Geometry& s) { return forward(g, weight, {}, s); }),
      wrt(w, saving(y, geometry), [](const Tensor& g, const Tensor& input, const Geometry& s) {
        return weight_gradient(g, input, s);
      }));
}

Tensor weight_gradient(const Tensor& x, const Tensor& y, const Geometry& geometry) {
  const Tensor out = empty(geometry.weight_shape(), x.dtype());
  if (out.numel() > 0) {
    convolve_weight_gradient(x.dtype(), geometry.sizes, array_of(x), array_of(y), out.raw_data());
  }
  return record(geometry.name, out,
                wrt(x, saving(y, geometry),
                    [](const Tensor& g, const Tensor& gradient, const Geometry& s) {
                      return transposed(gradient, g, {}, s);
                    }),
                wrt(y, saving(x, geometry), [](const Tensor& g, const Tensor& input, const Geometry& s) {
                  return forward(input, g, {}, s);
                }));
}

using Map = Tensor (*)(const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& geometry);

// A map of complex operands from that of their parts.
Tensor in_parts(Map map, const Tensor& x, const Tensor& w, const Tensor& bias, const Geometry& geometry) {
  if (!is_complex(x.dtype())) return map(x, w, bias, geometry);
  const Tensor x_re = real(x), x_im = imag(x), w_re = real(w), w_im = imag(w);
  const Tensor b_re = bias.defined() ? real(bias) : bias, b_im = bias.defined() ? imag(bias) : bias;
  return complex(sub(map(x_re, w_re, b_re, geometry), map(x_im, w_im, {}, geometry)),
                 add(map(x_re, w_im, b_im, geometry), map(x_im, w_re, {}, geometry)));
}

void check_operands(const char* operation, const Tensor& x, const Tensor& w, const Tensor& bias, int dims,
                    std::int64_t groups, bool transposed) {
  if (x.dtype() != w.dtype()) {
    fail<DTypeError>(operation, "the input is {}, the weight {}", x.dtype(), w.dtype());
  }
  check_dtype(operation, x.dtype());
  if (groups < 1) fail<ShapeError>(operation, "groups must be positive, {} was given", groups);
  if (w.size(0) % groups != 0 || groups > std::max<std::int64_t>(w.size(0), 1)) {
    fail<ShapeError>(operation, "{} groups do not divide the first size of a weight of shape {}", groups,
                     w.sizes());
  }
  for (int d = 2; d < dims + 2; ++d) {
    if (w.size(d) < 1) fail<ShapeError>(operation, "a weight of shape {} has an empty kernel", w.sizes());
  }
  if (!bias.defined()) return;
  if (bias.dtype() != w.dtype()) {
    fail<DTypeError>(operation, "the bias is {}, the weight {}", bias.dtype(), w.dtype());
  }
  const std::int64_t bias_size = transposed ? w.size(1) * groups : w.size(0);
  if (bias.dim() != 1 || bias.size(0) != bias_size) {
    fail<ShapeError>(operation, "the bias must have shape {}, not {}", Shape{bias_size}, bias.sizes());
  }
}

void check_weight(const char* operation, const Tensor& w, int dims) {
  if (w.dim() != dims + 2) {
    fail<ShapeError>(operation, "the weight must have {} dimensions, not shape {}", dims + 2, w.sizes());
  }
}

void check_channels(const char* operation, std::int64_t channels, std::int64_t wanted, const Tensor& w,
                    std::int64_t groups) {
  if (channels != wanted) {
    fail<ShapeError>(operation, "a weight of shape {} in {} groups takes {} channels, the input has {}",
                     w.sizes(), groups, wanted, channels);
  }
}

// What both directions have in common: all but padding and the sizes of the images.
Geometry geometry_of(const char* operation, const Tensor& x, const Tensor& w, std::int64_t groups,
                     const Dims& stride, const Dims& dilation) {
  const int dims = stride.size();
  Geometry geometry{operation, dims, {}};
  ConvolutionSizes& s = geometry.sizes;
  s.batch = x.size(0);
  s.groups = groups;
  s.in_channels = w.size(1);
  s.out_channels = w.size(0) / groups;
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    s.kernel[d] = w.size(i + 2);
    s.stride[d] = stride[i];
    s.dilation[d] = dilation[i];
  }
  return geometry;
}

Tensor convolution(int dims, const Tensor& given, const Tensor& w, const Tensor& bias,
                   const ConvolutionOptions& options) {
  const char* operation = names[dims - 1];
  check_weight(operation, w, dims);
  const std::int64_t groups = options.groups;
  check_operands(operation, given, w, bias, dims, groups, false);
  const Batched image(operation, given, dims);
  const Tensor& x = image.x;
  check_channels(operation, x.size(1), w.size(1) * groups, w, groups);
  const Dims stride = expanded(operation, "the stride", options.stride, dims, 1);
  const Dims dilation = expanded(operation, "the dilation", options.dilation, dims, 1);
  const Dims padding = expanded(operation, "the padding", options.padding.amounts(), dims, 0);
  Geometry geometry = geometry_of(operation, x, w, groups, stride, dilation);
  ConvolutionSizes& s = geometry.sizes;
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    s.in[d] = x.size(i + 2);
    const std::int64_t reach = dilation[i] * (s.kernel[d] - 1);
    std::int64_t padded = s.in[d] + 2 * padding[i];
    s.padding[d] = padding[i];
    if (options.padding.same()) {
      if (stride[i] != 1) fail<ShapeError>(operation, "padding \"same\" needs a stride of 1, not {}", stride);
      s.padding[d] = reach / 2;
      padded = s.in[d] + reach;
    }
    if (padded <= reach) {
      fail<ShapeError>(operation, "a kernel that reaches over {} does not fit a padded input of size {}",
                       reach + 1, padded);
    }
    s.out[d] = (padded - reach - 1) / stride[i] + 1;
  }
  return image.out(in_parts(forward, x, w, bias, geometry));
}

Tensor transposed_convolution(int dims, const Tensor& given, const Tensor& w, const Tensor& bias,
                              const TransposedConvolutionOptions& options) {
  const char* operation = transposed_names[dims - 1];
  check_weight(operation, w, dims);
  const std::int64_t groups = options.groups;
  check_operands(operation, given, w, bias, dims, groups, true);
  const Batched image(operation, given, dims);
  const Tensor& x = image.x;
  check_channels(operation, x.size(1), w.size(0), w, groups);
  const Dims stride = expanded(operation, "the stride", options.stride, dims, 1);
  const Dims dilation = expanded(operation, "the dilation", options.dilation, dims, 1);
  const Dims padding = expanded(operation, "the padding", options.padding, dims, 0);
  const Dims further = expanded(operation, "the output padding", options.output_padding, dims, 0);
  Geometry geometry = geometry_of(operation, x, w, groups, stride, dilation);
  ConvolutionSizes& s = geometry.sizes;
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    s.out[d] = x.size(i + 2);
    s.padding[d] = padding[i];
    if (further[i] >= stride[i] && further[i] >= dilation[i]) {
      fail<ShapeError>(operation,
                       "the output padding {} must be smaller than the stride {} or the dilation {}", further,
                       stride, dilation);
    }
    if (s.out[d] > std::int64_t{1} << 31)
      fail<ShapeError>(operation, "an input of shape {} is too large", x.sizes());
    s.in[d] = (s.out[d] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (s.kernel[d] - 1) + further[i] + 1;
    if (s.in[d] < 1) {
      fail<ShapeError>(operation, "an input of shape {} would give a size of {}", x.sizes(), s.in[d]);
    }
  }
  return image.out(in_parts(transposed, x, w, bias, geometry));
}

Tensor lowered(int dims, const Tensor& x, const Tensor& w, const Tensor& bias,
               const ConvolutionOptions& options) {
  return convolution(dims, autocast::lowered(x), autocast::lowered(w),
                     bias.defined() ? autocast::lowered(bias) : bias, options);
}
Tensor raised(int dims, const Tensor& x, const Tensor& w, const Tensor& bias,
              const TransposedConvolutionOptions& options) {
  return transposed_convolution(dims, autocast::raised(x), autocast::raised(w),
                                bias.defined() ? autocast::raised(bias) : bias, options);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return lowered(1, x, weight, bias, options);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return lowered(2, x, weight, bias, options);
}
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return lowered(3, x, weight, bias, options);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return raised(1, x, weight, bias, options);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return raised(2, x, weight, bias, options);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return raised(3, x, weight, bias, options);
}

namespace nn {
namespace {

Shape weight_shape(const char* operation, int dims, std::int64_t first, std::int64_t second,
                   std::int64_t groups, const Dims& kernel) {
  if (groups < 1) fail<ShapeError>(operation, "groups must be positive, {} was given", groups);
  if (first < 1 || second < 1 || first % groups != 0 || second % groups != 0) {
    fail<ShapeError>(operation, "channels must be positive multiples of {} groups, not {} and {}", groups,
                     first, second);
  }
  Shape out{first, second / groups};
  for (const std::int64_t size : expanded(operation, "kernel_size", kernel, dims, 1)) out.push_back(size);
  return out;
}

ConvOptions checked(const char* operation, int dims, const ConvOptions& given) {
  ConvOptions o = given;
  o.stride = expanded(operation, "the stride", given.stride, dims, 1);
  o.dilation = expanded(operation, "the dilation", given.dilation, dims, 1);
  expanded(operation, "the padding", given.padding.amounts(), dims, 0);
  const auto& mode = given.padding_mode;
  if (mode != "zeros" && mode != "reflect" && mode != "replicate" && mode != "circular") {
    fail(operation, "padding_mode must be zeros, reflect, replicate or circular, not \"{}\"", mode);
  }
  return o;
}

ConvTransposeOptions checked(const char* operation, int dims, const ConvTransposeOptions& given) {
  ConvTransposeOptions o = given;
  o.stride = expanded(operation, "the stride", given.stride, dims, 1);
  o.dilation = expanded(operation, "the dilation", given.dilation, dims, 1);
  o.padding = expanded(operation, "the padding", given.padding, dims, 0);
  o.output_padding = expanded(operation, "the output padding", given.output_padding, dims, 0);
  return o;
}

}  // namespace

Convolution::Convolution(int dims, std::int64_t in, std::int64_t out, const Dims& kernel,
                         const ConvOptions& given)
    : options(checked(names[dims - 1], dims, given)),
      weight(parameter(
          "weight",
          initial_weight(weight_shape(names[dims - 1], dims, out, in, given.groups, kernel), given.dtype))),
      bias(parameter("bias", given.bias ? initial_bias(weight, out) : Tensor())) {}

Tensor Convolution::forward(const Tensor& x) {
  const int dims = weight.dim() - 2;
  ConvolutionOptions o{options.stride, options.padding, options.dilation, options.groups};
  if (options.padding_mode == "zeros") return lowered(dims, x, weight, bias, o);
  Dims pads;
  const Dims amounts = expanded(names[dims - 1], "the padding", options.padding.amounts(), dims, 0);
  for (int d = dims - 1; d >= 0; --d) {
    const std::int64_t reach = options.dilation[d] * (weight.size(d + 2) - 1);
    pads.push_back(options.padding.same() ? reach / 2 : amounts[d]);
    pads.push_back(options.padding.same() ? reach - reach / 2 : amounts[d]);
  }
  o.padding = 0;
  return lowered(dims, pad(x, pads, options.padding_mode), weight, bias, o);
}

TransposedConvolution::TransposedConvolution(int dims, std::int64_t in, std::int64_t out, const Dims& kernel,
                                             const ConvTransposeOptions& given)
    : options(checked(transposed_names[dims - 1], dims, given)),
      weight(parameter("weight", initial_weight(weight_shape(transposed_names[dims - 1], dims, in, out,
                                                             given.groups, kernel),
                                                given.dtype))),
      bias(parameter("bias", given.bias ? initial_bias(weight, out) : Tensor())) {}

Tensor TransposedConvolution::forward(const Tensor& x) {
  return raised(weight.dim() - 2, x, weight, bias,
                {options.stride, options.padding, options.output_padding, options.groups, options.dilation});
}

}  // namespace nn
}  // namespace wick
