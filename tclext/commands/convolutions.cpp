// Convolutions, of tensors and as layers.

#include "tclext/commands/layers.h"
#include "wick/autograd/gradient.h"
#include "wick/nn/convolution.h"

namespace commands {
namespace {

using Size = optional<std::int64_t>;

// Whether the layer is meant: its sizes are given, and no tensor.
bool builds_layer(const optional<Tensor>& x, const optional<Tensor>& weight, bool sizes) {
  refuse_beside((x || weight) && sizes, x ? "input" : "weight", "a layer");
  return sizes;
}

const Param images{"input", omittable, "the images, (N, C, sizes) or (C, sizes)"};
const Param kernels{"weight", omittable, "the kernels, (K, C / groups, sizes)"};
const Param transposed_kernels{"weight", omittable, "the kernels, (C, K / groups, sizes)"};
const Param offsets{"bias", "none",
                    "an offset for each channel of the result, or none; of a layer whether it has one, which "
                    "it has when this is left out"};
const Param switched_offsets{"bias", true,
                             "whether the layer has an offset for each channel of the result; for a tensor "
                             "the offsets themselves, or none"};
const Param step{"stride", std::int64_t{1}, "the step"};
const Param border{"padding", std::int64_t{0}, "zeros on both ends of each dimension"};
const Param cut{"padding", std::int64_t{0}, "places cut from both ends of each dimension of the result"};
const Param apart{"dilation", std::int64_t{1}, "distance between the elements of a kernel"};
const Param groups{"groups", std::int64_t{1}, "independent groups of channels"};
const Param in_channels{"inChannels", omittable, "for a layer: channels of its input", at_least(1)};
const Param out_channels{"outChannels", omittable, "for a layer: channels of its result", at_least(1)};
const Param kernel_size{"kernelSize", omittable, "for a layer: size of its kernels", at_least(1)};

constexpr const char* forms =
    "Given its tensors the command computes; given numbers of channels and the size of a kernel it makes the "
    "layer, whose weight and bias are drawn uniformly from within 1 / sqrt(n) of 0, n the numbers that an "
    "element of the result is made of. ";
constexpr const char* either = "a tensor, or a layer";

template <std::size_t N, auto function, class Layer>
TensorOrModule convolve(const optional<Tensor>& x, const optional<Tensor>& weight, const Bias& bias,
                        const wick::Dims& stride, const wick::Dims& padding, const wick::Dims& dilation,
                        std::int64_t group_count, const Size& in, const Size& out,
                        const optional<wick::Dims>& kernel) {
  if (builds_layer(x, weight, in || out || kernel)) {
    const wick::Dims sizes = needed(kernel, "kernelSize");
    return make_layer<Layer>(needed(in, "inChannels"), needed(out, "outChannels"),
                             sizes.size() == 1 ? wick::Dims::filled(static_cast<int>(N), sizes[0]) : sizes,
                             wick::nn::ConvOptions{.stride = stride,
                                                   .padding = padding,
                                                   .dilation = dilation,
                                                   .groups = group_count,
                                                   .bias = layer_bias(bias)});
  }
  return function(needed(x, "input"), needed(weight, "weight"), function_bias(bias),
                  wick::ConvolutionOptions{
                      .stride = stride, .padding = padding, .dilation = dilation, .groups = group_count});
}

template <class T>
optional<wick::Dims> dims_if(const optional<T>& sizes) {
  if (!sizes) return std::nullopt;
  return dims_of(*sizes);
}

template <std::size_t N, auto function, class Layer>
Command convolution(const char* name, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .summary = summary,
          .details = forms,
          .params = {images, kernels, offsets, step, border, apart, groups, in_channels, out_channels,
                     kernel_size},
          .positional = {"inChannels outChannels kernelSize ?stride? ?padding? ?bias?",
                         "input weight ?bias? ?stride? ?padding? ?dilation? ?groups?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, const optional<Tensor>& weight, const Bias& bias,
                          S stride, S padding, S dilation, std::int64_t group_count, Size in, Size out,
                          const optional<S>& kernel) {
            return convolve<N, function, Layer>(x, weight, bias, dims_of(stride), dims_of(padding),
                                                dims_of(dilation), group_count, in, out, dims_if(kernel));
          })};
}

template <std::size_t N, auto function, class Layer>
Command transposed(const char* name, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .summary = summary,
          .details = forms,
          .params = {images, transposed_kernels, offsets, step, cut,
                     Param{"output_padding outputPadding", std::int64_t{0},
                           "places more at the end of each dimension, fewer than stride or dilation"},
                     groups, apart, in_channels, out_channels, kernel_size},
          .positional = {"inChannels outChannels kernelSize ?stride? ?padding? ?bias?",
                         "input weight ?bias? ?stride? ?padding? ?output_padding? ?groups? ?dilation?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, const optional<Tensor>& weight, const Bias& bias,
                          S stride, S padding, S more, std::int64_t group_count, S dilation, Size in,
                          Size out, const optional<S>& kernel) -> TensorOrModule {
            if (builds_layer(x, weight, in || out || kernel)) {
              return make_layer<Layer>(needed(in, "inChannels"), needed(out, "outChannels"),
                                       dims_of(needed(kernel, "kernelSize")),
                                       wick::nn::ConvTransposeOptions{.stride = dims_of(stride),
                                                                      .padding = dims_of(padding),
                                                                      .output_padding = dims_of(more),
                                                                      .groups = group_count,
                                                                      .bias = layer_bias(bias),
                                                                      .dilation = dims_of(dilation)});
            }
            return function(needed(x, "input"), needed(weight, "weight"), function_bias(bias),
                            wick::TransposedConvolutionOptions{.stride = dims_of(stride),
                                                               .padding = dims_of(padding),
                                                               .output_padding = dims_of(more),
                                                               .groups = group_count,
                                                               .dilation = dims_of(dilation)});
          })};
}

// The layer is the form that scripts know; its kernel is a single number.
Command conv2d() {
  using S = binding::Sizes<2>;
  return {
      .name = "conv2d",
      .aliases = {"conv2dLayer"},
      .summary = "A layer of two-dimensional convolutions (cross-correlations), or the convolution itself.",
      .details = forms,
      .params = {in_channels, out_channels,
                 Param{"kernelSize", omittable, "for a layer: side of its square kernels", at_least(1)},
                 images, kernels, step, border, switched_offsets, apart, groups},
      .positional = {"input weight ?bias? ?stride? ?padding? ?dilation? ?groups?",
                     "inChannels outChannels kernelSize ?stride? ?padding? ?bias?"},
      .returns = "a layer, or a tensor",
      .call =
          bind([](Size in, Size out, Size kernel, const optional<Tensor>& x, const optional<Tensor>& weight,
                  S stride, S padding, const Bias& bias, S dilation, std::int64_t group_count) {
            if (!x && !weight) needed(in, "inChannels");
            return convolve<2, wick::conv2d, wick::nn::Conv2d>(x, weight, bias, dims_of(stride),
                                                               dims_of(padding), dims_of(dilation),
                                                               group_count, in, out, dims_if(kernel));
          })};
}

// In place, so that the handles of the parameters see it.
void set_weights(const Module& layer, const Tensor& weight, const Tensor& bias) {
  const auto* convolution = dynamic_cast<const wick::nn::Conv2d*>(layer.get());
  if (!convolution)
    throw binding::CallError{"Layer is not a Conv2d layer", "TORCH PARAMETER VALUE -layer",
                             std::string("it is a ") + layer->kind() + " layer"};
  const wick::NoGrad off;
  // What does not fit is found before anything is changed.
  const Tensor new_weight = weight.expand(convolution->weight.shape());
  if (bias.defined() && convolution->bias.defined())
    convolution->bias.copy_(bias.expand(convolution->bias.shape()));
  convolution->weight.copy_(new_weight);
}

}  // namespace

std::vector<Command> convolution_commands() {
  using namespace wick::nn;
  return {
      conv2d(),
      Command{.name = "conv2d_set_weights",
              .summary = "Copies values into the weight of a two-dimensional convolution, and into its bias.",
              .details = "In place: handles of the layer's parameters see them. Values are converted to the "
                         "parameter's dtype and broadcast to its shape, so that {3 3} fills every filter. A "
                         "bias for a layer that has none is not used.",
              .params = {{"layer", required, "a layer of conv2d"},
                         {"weight", required, "the weight, broadcast to (K, C / groups, kernel)"},
                         {"bias", "none", "the bias, broadcast to (K), or none"}},
              .positional = {"layer weight ?bias?"},
              .returns = "OK",
              .call = bind([](const Module& layer, const Tensor& weight, const binding::TensorOrNone& bias) {
                set_weights(layer, weight, bias);
                return "OK";
              })},
      convolution<1, wick::conv1d, Conv1d>(
          "conv1d", "A one-dimensional convolution (cross-correlation), or its layer."),
      convolution<3, wick::conv3d, Conv3d>(
          "conv3d", "A three-dimensional convolution (cross-correlation), or its layer."),
      transposed<1, wick::conv_transpose1d, ConvTranspose1d>(
          "conv_transpose1d",
          "The gradient of conv1d with respect to its input, as a function or as a layer."),
      transposed<2, wick::conv_transpose2d, ConvTranspose2d>(
          "conv_transpose_2d",
          "The gradient of conv2d with respect to its input, as a function or as a layer."),
      transposed<3, wick::conv_transpose3d, ConvTranspose3d>(
          "conv_transpose3d",
          "The gradient of conv3d with respect to its input, as a function or as a layer."),
  };
}

}  // namespace commands
