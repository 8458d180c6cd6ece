// Normalization, of tensors and as layers.

#include "tclext/commands/layers.h"
#include "wick/nn/normalization.h"

namespace commands {
namespace {

using Size = optional<std::int64_t>;

const Param features{"numFeatures num_features", required, "channels of the input", at_least(1)};
const Param features_or_none{"numFeatures num_features", omittable, "for a layer: channels of its input",
                             at_least(1)};
const Param values{"input", omittable, "the tensor, floating point"};
const Param eps{"eps", 1e-5, "added to the variance", at_least(0)};
const Param momentum{"momentum", 0.1, "share of the newest batch in the running statistics"};
const Param affine{"affine", true, "whether there are a weight, of ones, and a bias, of zeros"};
const Param track{"trackRunningStats track_running_stats", true,
                  "whether running mean and variance are kept, for evaluation"};
constexpr const char* either = "a tensor of the input's shape and dtype, or a layer";

template <class Layer>
Command batch_norm(const char* name, std::vector<const char*> aliases, const char* summary) {
  return {.name = name,
          .aliases = std::move(aliases),
          .summary = summary,
          .details =
              "(x - mean) / sqrt(var + eps) * weight + bias of each channel. In training mean and variance, "
              "divided by n, are those of the batch, and the running ones take the share momentum of them, "
              "of the variance divided by n - 1. In evaluation the running ones count, if they are kept. "
              "They are buffers, no parameters.",
          .params = {features, eps, momentum, affine, track},
          .positional = {"numFeatures ?eps? ?momentum? ?affine? ?trackRunningStats?"},
          .returns = "a layer",
          .call = bind([](std::int64_t count, double small, double share, bool has_parameters, bool keeps) {
            return make_layer<Layer>(
                count,
                wick::nn::BatchNormOptions{
                    .eps = small, .momentum = share, .affine = has_parameters, .track_running_stats = keeps});
          })};
}

void check_not_empty(const Tensor& x) {
  if (x.numel() == 0) throw wick::ShapeError("Input tensor is empty");
}

Command batch_norm3d() {
  return {.name = "batch_norm3d",
          .summary =
              "The channels of a tensor, each normalized over all other dimensions; or the layer of "
              "batchnorm2d for (N, C, D, H, W).",
          .details =
              "Given its tensor, of any rank from 2 with the channels in dimension 1, the command "
              "computes (x - mean) / sqrt(var + eps); momentum, affine and trackRunningStats make no "
              "difference then. Given a number of channels it makes the layer.",
          .params = {values, eps, momentum, affine, track, features_or_none},
          .positional = {"numFeatures ?eps? ?momentum? ?affine? ?trackRunningStats?",
                         "input ?eps? ?momentum? ?affine? ?trackRunningStats?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, double small, double share, bool has_parameters,
                          bool keeps, Size count) -> TensorOrModule {
            if (!count) return wick::batch_norm(needed(x, "input"), {}, {}, {}, {}, true, share, small);
            refuse_beside(x.has_value(), "input", "a layer");
            return make_layer<wick::nn::BatchNorm3d>(
                *count,
                wick::nn::BatchNormOptions{
                    .eps = small, .momentum = share, .affine = has_parameters, .track_running_stats = keeps});
          })};
}

template <class Layer>
Command instance_norm(const char* name, const char* summary) {
  return {.name = name,
          .summary = summary,
          .details =
              "Given its tensor, of any rank from 3 with the channels in dimension 1, the command "
              "computes (x - mean) / sqrt(var + eps) over the dimensions behind the channels; "
              "momentum, affine and trackRunningStats make no difference then. Given a number of "
              "channels it makes the layer, without parameters and running statistics unless told "
              "otherwise.",
          .params = {values, Param{"eps epsilon", 1e-5, "added to the variance", above(0)},
                     Param{"momentum", 0.1, "of a layer: share of the newest batch in running statistics",
                           at_least(0)},
                     Param{"affine", omittable, "of a layer: whether there are a weight and a bias"},
                     Param{"trackRunningStats track_running_stats", omittable,
                           "of a layer: whether running mean and variance are kept"},
                     features_or_none},
          .positional = {"numFeatures ?eps? ?momentum? ?affine? ?trackRunningStats?",
                         "input ?eps? ?momentum? ?affine? ?trackRunningStats?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, double small, double share,
                          optional<bool> has_parameters, optional<bool> keeps, Size count) -> TensorOrModule {
            if (!count) {
              const Tensor& values_of = needed(x, "input");
              check_not_empty(values_of);
              return wick::instance_norm(values_of, {}, {}, {}, {}, true, share, small);
            }
            refuse_beside(x.has_value(), "input", "a layer");
            return make_layer<Layer>(
                *count, wick::nn::InstanceNormOptions{.eps = small,
                                                      .momentum = share,
                                                      .affine = has_parameters.value_or(false),
                                                      .track_running_stats = keeps.value_or(false)});
          })};
}

Command response_norm(const char* name, const char* summary) {
  return {.name = name,
          .summary = summary,
          .details =
              "With s the sum of the squares of `size` channels, from c - size / 2 on: "
              "x / (k + alpha / size * s)^beta. Channels outside count as 0.",
          .params = {{"input", required, "the tensor, (N, C, ...) with three dimensions or more"},
                     {"size", std::int64_t{5}, "channels that are summed", at_least(1)},
                     {"alpha", 1e-4, "factor of the sum"},
                     {"beta", 0.75, "exponent"},
                     {"k", 1.0, "offset"}},
          .positional = {"input size alpha beta k"},
          .returns = "a tensor of the input's shape",
          .call = bind([](const Tensor& x, std::int64_t size, double alpha, double beta, double k) {
            check_not_empty(x);
            return wick::local_response_norm(x, size, alpha, beta, k);
          })};
}

const Param trailing{"normalizedShape normalized_shape", required,
                     "sizes of the trailing dimensions to normalize over", at_least(1)};

std::vector<Command> of_trailing_dimensions() {
  return {
      Command{
          .name = "rms_norm",
          .summary = "x / sqrt(mean(x^2) + eps) with the mean over the trailing dimensions; or its layer.",
          .details = "Given its tensor the command computes, without a weight; given a shape alone it makes "
                     "the layer, with a weight of ones.",
          .params = {values, trailing, Param{"eps", 1e-5, "added to the mean", above(0)}},
          .positional = {"normalizedShape ?eps?", "input normalizedShape ?eps?"},
          .returns = either,
          .call = bind([](const optional<Tensor>& x, const Shape& sizes, double small) -> TensorOrModule {
            if (!x) return make_layer<wick::nn::RMSNorm>(sizes, wick::nn::RMSNormOptions{.eps = small});
            check_not_empty(*x);
            return wick::rms_norm(*x, sizes, {}, small);
          })},
      Command{.name = "layer_norm",
              .summary = "A layer that normalizes over the trailing dimensions, or what it computes: "
                         "(x - mean) / sqrt(var + eps) * weight + bias.",
              .details = "The variance is divided by n. Given its tensor the command computes; given a shape "
                         "alone it makes the layer, whose weight of ones and bias of zeros have that shape.",
              .params = {trailing, Param{"eps", 1e-5, "added to the variance", at_least(0)}, values,
                         Param{"weight", "none", "for a tensor: factors, of normalizedShape, or none"},
                         Param{"bias", "none", "for a tensor: offsets, of normalizedShape, or none"}},
              .positional = {"input normalizedShape ?weight? ?bias? ?eps?", "normalizedShape ?eps?"},
              .returns = "a layer, or a tensor",
              .call = bind([](const Shape& sizes, double small, const optional<Tensor>& x,
                              const binding::TensorOrNone& weight,
                              const binding::TensorOrNone& bias) -> TensorOrModule {
                if (x) return wick::layer_norm(*x, sizes, weight, bias, small);
                refuse_beside(weight.tensor.defined(), "weight", "a layer");
                refuse_beside(bias.tensor.defined(), "bias", "a layer");
                if (sizes.empty())
                  throw binding::CallError{
                      "Invalid -normalizedShape parameter. Must be a list of one size at least.",
                      "TORCH PARAMETER VALUE -normalizedShape", "an empty list was given"};
                return make_layer<wick::nn::LayerNorm>(sizes, wick::nn::LayerNormOptions{.eps = small});
              })},
      Command{
          .name = "group_norm",
          .summary = "A layer that normalizes each sample's groups of channels, or what it computes.",
          .details =
              "The channels, dimension 1, are split into consecutive groups; a group is normalized over "
              "its channels and all positions, then multiplied with the weight and added to the bias. "
              "Given its tensor the command computes; given a number of channels it makes the layer, with "
              "a weight of ones and a bias of zeros.",
          .params = {{"numGroups num_groups", required, "groups; they divide the channels", at_least(1)},
                     {"numChannels num_channels", omittable, "for a layer: channels of its input",
                      at_least(1)},
                     {"eps", 1e-5, "added to the variance", at_least(0)},
                     values,
                     {"weight", "none", "for a tensor: one factor a channel, or none"},
                     {"bias", "none", "for a tensor: one offset a channel, or none"}},
          .positional = {"input numGroups ?weight? ?bias? ?eps?", "numGroups numChannels ?eps?"},
          .returns = "a layer, or a tensor",
          .call = bind([](std::int64_t groups, Size channels, double small, const optional<Tensor>& x,
                          const binding::TensorOrNone& weight,
                          const binding::TensorOrNone& bias) -> TensorOrModule {
            if (x) {
              refuse_beside(channels.has_value(), "numChannels", "a tensor");
              return wick::group_norm(*x, groups, weight, bias, small);
            }
            refuse_beside(weight.tensor.defined(), "weight", "a layer");
            refuse_beside(bias.tensor.defined(), "bias", "a layer");
            return make_layer<wick::nn::GroupNorm>(groups, needed(channels, "numChannels"),
                                                   wick::nn::GroupNormOptions{.eps = small});
          })},
  };
}

std::vector<Command> of_weights() {
  return {
      Command{.name = "spectral_norm",
              .summary = "A matrix divided by its largest singular value.",
              .details = "A tensor of higher rank counts as the matrix (size of dimension 0, the rest). The "
                         "value comes from a decomposition, so there is no random start.",
              .params = {{"input", required, "two dimensions or more, floating point"},
                         {"nPowerIterations n_power_iterations", std::int64_t{1},
                          "is accepted, and makes no difference", at_least(1)}},
              .positional = {"input ?nPowerIterations?"},
              .returns = "a tensor of the input's shape",
              .call = bind([](const Tensor& x, std::int64_t) { return wick::spectral_norm(x); })},
      Command{.name = "weight_norm",
              .summary = "A tensor divided by its 2-norms along a dimension, which then are 1.",
              .details = "dim is the dimension that is summed; in torch.nn.utils.weight_norm it is the one "
                         "that is not. Zeros alone give nan.",
              .params = {{"input", required, "the tensor, floating point"},
                         {"dim", std::int64_t{0}, "the dimension, negative counts from the end"}},
              .positional = {"input ?dim?"},
              .returns = "a tensor of the input's shape",
              .call = bind([](const Tensor& x, std::int64_t dim) {
                check_not_empty(x);
                return wick::div(x, wick::norm(x, 2, dim, true));
              })},
  };
}

std::vector<Command> of_batches_and_channels() {
  using namespace wick::nn;
  return {
      batch_norm<BatchNorm2d>("batchnorm2d", {"batchNorm2d"},
                              "A layer that normalizes the channels of (N, C, H, W) over the batch."),
      batch_norm<BatchNorm1d>("batch_norm1d", {"batch_norm_1d"},
                              "A layer that normalizes the channels of (N, C) or (N, C, L) over the batch."),
      batch_norm3d(),
      instance_norm<InstanceNorm1d>(
          "instance_norm1d", "Each sample's channels, (N, C, L), normalized by themselves; or the layer."),
      instance_norm<InstanceNorm2d>(
          "instance_norm2d", "Each sample's channels, (N, C, H, W), normalized by themselves; or the layer."),
      instance_norm<InstanceNorm3d>(
          "instance_norm3d",
          "Each sample's channels, (N, C, D, H, W), normalized by themselves; or the layer."),
      response_norm("local_response_norm", "A tensor normalized across neighbouring channels."),
      response_norm("cross_map_lrn2d", "The same as local_response_norm."),
  };
}

}  // namespace

std::vector<Command> normalization_commands() {
  return joined({of_batches_and_channels(), of_trailing_dimensions(), of_weights()});
}

}  // namespace commands
