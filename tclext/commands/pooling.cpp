// Pooling, of tensors and as layers. Some of its commands belong to the area layers.

#include <cmath>

#include "tclext/commands/areas.h"
#include "tclext/commands/layers.h"
#include "wick/nn/pooling.h"

namespace commands {
namespace {

const Param images{"input", omittable, "the images, (N, C, sizes) or (C, sizes)"};
const Param needed_images{"input", required, "the images, (N, C, sizes) or (C, sizes)"};
const Param window{"kernelSize kernel_size", required, "the size of a window", at_least(1)};
const Param step{"stride", omittable, "from a window to the next, the size of a window when left out"};
const Param border{"padding", std::int64_t{0}, "places on both ends, at most half of a window", at_least(0)};
const Param apart{"dilation", std::int64_t{1}, "distance between the elements of a window", at_least(1)};
const Param round_up{"ceilMode ceil_mode", false, "whether sizes of the result are rounded up"};
const Param count_padding{"countIncludePad count_include_pad", true, "whether zeros of the padding count"};
constexpr const char* either = "a tensor, or a layer";

// In one dimension existing scripts write -1 for the size of the window.
optional<wick::Dims> stride_of(const optional<std::int64_t>& stride) {
  if (!stride || *stride == -1) return std::nullopt;
  return dims_of(*stride);
}
template <std::size_t N>
optional<wick::Dims> stride_of(const optional<binding::Sizes<N>>& stride) {
  if (!stride) return std::nullopt;
  return dims_of(*stride);
}

template <std::size_t N, auto function>
TensorOrModule max_pooling(const optional<Tensor>& x, const wick::Dims& kernel,
                           const wick::MaxPoolOptions& options) {
  if (x) return function(*x, kernel, options);
  return make_layer<wick::nn::MaxPool<static_cast<int>(N)>>(kernel, options);
}

constexpr const char* of_maxima =
    "The padding is never a maximum, nan always is. Sizes of the result are (size + 2 padding - dilation "
    "(kernel - 1) - 1) / stride + 1, rounded down unless ceilMode says up. Given its tensor the command "
    "computes; given the size of a window alone it makes the layer.";

// Scripts know these as layers.
template <std::size_t N, auto function>
Command max_pool_layer(const char* name, std::vector<const char*> aliases, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .aliases = std::move(aliases),
          .summary = summary,
          .details = of_maxima,
          .params = {window, step, border, round_up, images, apart},
          .positional = {"input kernelSize ?stride? ?padding? ?dilation? ?ceilMode?",
                         "kernelSize ?stride? ?padding? ?ceilMode?"},
          .returns = "a layer, or a tensor",
          .call = bind([](S kernel, const optional<S>& stride, S padding, bool up, const optional<Tensor>& x,
                          S dilation) {
            return max_pooling<N, function>(x, dims_of(kernel),
                                            {.stride = stride_of(stride),
                                             .padding = dims_of(padding),
                                             .dilation = dims_of(dilation),
                                             .ceil_mode = up});
          })};
}

Command max_pool2d() {
  using S = binding::Sizes<2>;
  return {.name = "maxpool2d",
          .aliases = {"maxPool2d"},
          .summary = "The maximum of each window over the last two dimensions, or its layer.",
          .details = of_maxima,
          .params = {images, window, step, border, apart, round_up,
                     Param{"return_indices returnIndices", false, "is accepted, and makes no difference"}},
          .positional = {"kernelSize ?stride? ?padding?",
                         "input kernelSize ?stride? ?padding? ?dilation? ?ceilMode?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, S kernel, const optional<S>& stride, S padding,
                          S dilation, bool up, bool) {
            return max_pooling<2, wick::max_pool2d>(x, dims_of(kernel),
                                                    {.stride = stride_of(stride),
                                                     .padding = dims_of(padding),
                                                     .dilation = dims_of(dilation),
                                                     .ceil_mode = up});
          })};
}

template <std::size_t N, auto function>
Command avg_pool_of(const char* name, const char* alias, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .aliases = {alias},
          .summary = summary,
          .params = {needed_images, window, step, border, count_padding},
          .positional = {"input kernelSize ?stride? ?padding? ?countIncludePad?"},
          .returns = "a tensor",
          .call = bind([](const Tensor& x, S kernel, const optional<S>& stride, S padding, bool count) {
            return function(
                x, dims_of(kernel),
                {.stride = stride_of(stride), .padding = dims_of(padding), .count_include_pad = count});
          })};
}

Command avg_pool2d() {
  using S = binding::Sizes<2>;
  return {.name = "avgpool2d",
          .aliases = {"avgPool2d"},
          .summary = "The mean of each window over the last two dimensions, or its layer.",
          .details =
              "Given its tensor the command computes; given the size of a window alone it makes the "
              "layer.",
          .params = {images, window, step, border, count_padding},
          .positional = {"kernelSize ?stride? ?padding?",
                         "input kernelSize ?stride? ?padding? ?countIncludePad?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, S kernel, const optional<S>& stride, S padding,
                          bool count) -> TensorOrModule {
            const wick::AvgPoolOptions options{
                .stride = stride_of(stride), .padding = dims_of(padding), .count_include_pad = count};
            if (x) return wick::avg_pool2d(*x, dims_of(kernel), options);
            return make_layer<wick::nn::AvgPool2d>(dims_of(kernel), options);
          })};
}

// Of a function that also tells where the maxima are only these are given.
template <std::size_t N, auto function>
Command adaptive(const char* name, const char* summary, double least) {
  using S = ImageSizes<N>;
  return {.name = name,
          .summary = summary,
          .details =
              "Window i reaches from floor(i size / out) up to, not including, ceil((i + 1) size / "
              "out).",
          .params = {needed_images,
                     Param{"output_size outputSize", required, "sizes of the result", at_least(least)}},
          .positional = {"input output_size"},
          .returns = "a tensor",
          .call = bind([](const Tensor& x, S out) {
            const auto result = function(x, dims_of(out));
            if constexpr (requires { result.values; }) {
              return result.values;
            } else {
              return result;
            }
          })};
}

template <std::size_t N, auto function>
Command fractional(const char* name, const char* summary, const char* half) {
  using Kernel = std::array<std::int64_t, N>;
  using Ratio = std::array<double, N>;
  return {.name = name,
          .summary = summary,
          .details =
              "The result has floor(size * ratio) places a dimension. Of each image and channel a number u "
              "in [0, 1) is drawn for each dimension; with a = (size - kernel) / (out - 1) window i begins "
              "at trunc((i + u) a) - trunc(u a), the last one at size - kernel.",
          .params = {needed_images,
                     Param{"kernel_size kernelSize", required, "the sizes of a window", at_least(1)},
                     Param{"output_ratio outputRatio", half,
                           "sizes of the result as parts of those of the images", above(0)}},
          .positional = {"input kernel_size ?output_ratio?"},
          .returns = "the maxima",
          .call = bind([](const Tensor& x, const Kernel& kernel, const Ratio& ratio) {
            constexpr int dims = static_cast<int>(N);
            if (x.dim() != dims + 2)
              throw wick::ShapeError("fractional max pooling: an input of " + std::to_string(dims + 2) +
                                     " dimensions is expected, not of shape " + wick::to_string(x.sizes()));
            wick::Dims out;
            for (int i = 0; i < dims; ++i) {
              const std::int64_t size = x.sizes()[i + 2];
              const double part = std::floor(static_cast<double>(size) * ratio[static_cast<std::size_t>(i)]);
              // More than there is does not fit anyway, and might be no int64, as little as a NaN.
              out.push_back(part <= static_cast<double>(size) ? static_cast<std::int64_t>(part) : size + 1);
            }
            return function(x, dims_of(kernel), out, {}).values;
          })};
}

template <std::size_t N, auto function>
Command lp_pool_of(const char* name, const char* alias, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .aliases = {alias},
          .summary = summary,
          .details =
              "k is the number of a window's elements, the mean is that of those within the image. "
              "x^p keeps its sign for odd p; a negative sum gives nan unless p is 1.",
          .params = {needed_images, Param{"normType norm_type", 2.0, "the exponent p", above(0)}, window,
                     step, round_up},
          .positional = {"input normType kernelSize ?stride? ?ceilMode?"},
          .returns = "a tensor",
          .call = bind([](const Tensor& x, double p, S kernel, const optional<S>& stride, bool up) {
            return function(x, p, dims_of(kernel), {.stride = stride_of(stride), .ceil_mode = up});
          })};
}

}  // namespace

std::vector<Command> pooling_layer_commands() {
  return {
      max_pool2d(),
      max_pool_layer<1, wick::max_pool1d>(
          "maxpool1d", {"maxPool1d"},
          "A layer of the maxima of windows over the last dimension, or the maxima."),
      max_pool_layer<3, wick::max_pool3d>(
          "maxpool3d", {"maxPool3d"},
          "A layer of the maxima of windows over the last three dimensions, or the maxima."),
      avg_pool2d(),
  };
}

const Area& pooling() {
  static const Area area{
      "pooling",
      "Pooling",
      {avg_pool_of<1, wick::avg_pool1d>("avgpool1d", "avgPool1d",
                                        "The mean of each window over the last dimension."),
       avg_pool_of<3, wick::avg_pool3d>("avgpool3d", "avgPool3d",
                                        "The mean of each window over the last three dimensions."),
       adaptive<1, wick::adaptive_avg_pool1d>("adaptive_avgpool1d",
                                              "Means of as many windows as the result has places.", 1),
       adaptive<2, wick::adaptive_avg_pool2d>("adaptive_avgpool2d", "The same over two dimensions.", 0),
       adaptive<3, wick::adaptive_avg_pool3d>("adaptive_avgpool3d", "The same over three dimensions.", 0),
       adaptive<1, wick::adaptive_max_pool1d>("adaptive_maxpool1d",
                                              "Maxima of as many windows as the result has places.", 1),
       adaptive<2, wick::adaptive_max_pool2d>("adaptive_maxpool2d", "The same over two dimensions.", 0),
       adaptive<3, wick::adaptive_max_pool3d>("adaptive_maxpool3d", "The same over three dimensions.", 0),
       fractional<2, wick::fractional_max_pool2d>(
           "fractional_maxpool2d", "Maxima of windows over the last two dimensions whose places are drawn.",
           "0.5 0.5"),
       fractional<3, wick::fractional_max_pool3d>(
           "fractional_maxpool3d", "Maxima of windows over the last three dimensions whose places are drawn.",
           "0.5 0.5 0.5"),
       lp_pool_of<1, wick::lp_pool1d>("lppool1d", "lpPool1d",
                                      "The norm (k mean(x^p))^(1/p) of each window over the last dimension."),
       lp_pool_of<2, wick::lp_pool2d>(
           "lppool2d", "lpPool2d",
           "The norm (k mean(x^p))^(1/p) of each window over the last two dimensions."),
       lp_pool_of<3, wick::lp_pool3d>(
           "lppool3d", "lpPool3d",
           "The norm (k mean(x^p))^(1/p) of each window over the last three dimensions.")}};
  return area;
}

}  // namespace commands
