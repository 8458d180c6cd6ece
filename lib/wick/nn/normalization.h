#pragma once

#include <optional>

#include "wick/nn/module.h"

// Normalization, with the names and the meaning of torch.nn.functional and torch.nn. Inputs are floating
// point (DTypeError for others); half precision is computed in float32. Weights and biases may be undefined,
// which stands for 1 and 0. Means and variances are found in two passes and summed in float64, so that an
// offset of the data costs no digits. All are differentiable, twice.

namespace WICK_API wick {

// Of x (N, C, ...) each channel: (x - mean) / sqrt(var + eps) weight + bias with weight and bias (C). In
// training mean and variance are those of the channel's elements, and running_mean and running_var (C), if
// they are defined, get the share `momentum` of them, of the variance that is estimated with n - 1. Else they
// are the running ones. ShapeError in training when a channel has a single element, for fewer than two
// dimensions and for tensors that do not fit; Error without running statistics outside of training.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight = {}, const Tensor& bias = {}, bool training = false,
                  double momentum = 0.1, double eps = 1e-5);

// The same of each sample and channel of x (N, C, L, ...) by itself. With use_input_stats running statistics,
// if there are any, get the mean over the samples. ShapeError for fewer than three dimensions, and when a
// channel has a single element.
Tensor instance_norm(const Tensor& x, const Tensor& running_mean = {}, const Tensor& running_var = {},
                     const Tensor& weight = {}, const Tensor& bias = {}, bool use_input_stats = true,
                     double momentum = 0.1, double eps = 1e-5);

// Over the trailing dimensions, whose sizes normalized_shape repeats; so have weight and bias.
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
// x / sqrt(mean(x^2) + eps) weight over the trailing dimensions; without an eps that of the dtype.
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = std::nullopt);
// Of x (N, C, ...) each sample's groups of C / num_groups channels one after another; weight and bias (C).
// ShapeError unless num_groups divides C.
Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);

// x / (k + alpha / size s)^beta for x (N, C, ...), with s the sum of the squares of the `size` channels from
// c - size / 2 on; channels outside count as 0. ShapeError for fewer than three dimensions.
Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha = 1e-4, double beta = 0.75,
                           double k = 1);

// x over its p-norm along dim, or over eps if that is larger.
Tensor normalize(const Tensor& x, double p = 2, std::int64_t dim = 1, double eps = 1e-12);
// v scaled to the norms g: v g / |v|, with the 2-norm over all dimensions but dim. g has size 1 in those.
Tensor weight_norm(const Tensor& v, const Tensor& g, std::int64_t dim = 0);
// x over its largest singular value, as a matrix (size(0), the rest). It comes from a decomposition, so that
// there is no random start. ShapeError for fewer than two dimensions.
Tensor spectral_norm(const Tensor& x);

namespace nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // without one the running statistics are the mean of all batches
  bool affine = true;
  bool track_running_stats = true;
  DType dtype = float32;
};
struct InstanceNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  DType dtype = float32;
};

// What batch and instance normalization keep: weight of ones and bias of zeros if affine; running_mean,
// running_var and num_batches_tracked (int64) if they are tracked.
class ChannelNorm : public Module {
 public:
  std::int64_t num_features;
  double eps;
  std::optional<double> momentum;
  Tensor& weight;
  Tensor& bias;
  Tensor& running_mean;
  Tensor& running_var;
  Tensor& num_batches_tracked;

 protected:
  ChannelNorm(const char* kind, std::int64_t num_features, const BatchNormOptions& options);
  Tensor batch_forward(const Tensor& x, int least_rank, int most_rank);
  // `rank` without the batch, which may be missing.
  Tensor instance_forward(const Tensor& x, int rank);
};

// Statistics over N, or N and L, of (N, C) and (N, C, L).
class BatchNorm1d : public ChannelNorm {
 public:
  explicit BatchNorm1d(std::int64_t features, const BatchNormOptions& options = {})
      : ChannelNorm("batchnorm1d", features, options) {}
  Tensor forward(const Tensor& x) override { return batch_forward(x, 2, 3); }
  const char* kind() const override { return "batchnorm1d"; }
};
// Of (N, C, H, W).
class BatchNorm2d : public ChannelNorm {
 public:
  explicit BatchNorm2d(std::int64_t features, const BatchNormOptions& options = {})
      : ChannelNorm("batchnorm2d", features, options) {}
  Tensor forward(const Tensor& x) override { return batch_forward(x, 4, 4); }
  const char* kind() const override { return "batchnorm2d"; }
};
// Of (N, C, D, H, W).
class BatchNorm3d : public ChannelNorm {
 public:
  explicit BatchNorm3d(std::int64_t features, const BatchNormOptions& options = {})
      : ChannelNorm("batchnorm3d", features, options) {}
  Tensor forward(const Tensor& x) override { return batch_forward(x, 5, 5); }
  const char* kind() const override { return "batchnorm3d"; }
};

// Of (N, C, L) or (C, L); (N, C, H, W) or (C, H, W); (N, C, D, H, W) or (C, D, H, W).
class InstanceNorm1d : public ChannelNorm {
 public:
  explicit InstanceNorm1d(std::int64_t num_features, const InstanceNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return instance_forward(x, 2); }
  const char* kind() const override { return "instancenorm1d"; }
};
class InstanceNorm2d : public ChannelNorm {
 public:
  explicit InstanceNorm2d(std::int64_t num_features, const InstanceNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return instance_forward(x, 3); }
  const char* kind() const override { return "instancenorm2d"; }
};
class InstanceNorm3d : public ChannelNorm {
 public:
  explicit InstanceNorm3d(std::int64_t num_features, const InstanceNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return instance_forward(x, 4); }
  const char* kind() const override { return "instancenorm3d"; }
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
  DType dtype = float32;
};
// weight of ones and bias of zeros, of normalized_shape.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return layer_norm(x, normalized_shape, weight, bias, eps); }
  const char* kind() const override { return "layernorm"; }

  Shape normalized_shape;
  double eps;
  Tensor& weight;
  Tensor& bias;
};

struct RMSNormOptions {
  std::optional<double> eps = std::nullopt;
  bool elementwise_affine = true;
  DType dtype = float32;
};
class RMSNorm : public Module {
 public:
  explicit RMSNorm(const Shape& normalized_shape, const RMSNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return rms_norm(x, normalized_shape, weight, eps); }
  const char* kind() const override { return "rmsnorm"; }

  Shape normalized_shape;
  std::optional<double> eps;
  Tensor& weight;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  DType dtype = float32;
};
class GroupNorm : public Module {
 public:
  GroupNorm(std::int64_t num_groups, std::int64_t num_channels, const GroupNormOptions& options = {});
  Tensor forward(const Tensor& x) override { return group_norm(x, num_groups, weight, bias, eps); }
  const char* kind() const override { return "groupnorm"; }

  std::int64_t num_groups, num_channels;
  double eps;
  Tensor& weight;
  Tensor& bias;
};

class LocalResponseNorm : public Module {
 public:
  explicit LocalResponseNorm(std::int64_t channels, double scale = 1e-4, double exponent = 0.75,
                             double offset = 1)
      : size(channels), alpha(scale), beta(exponent), k(offset) {}
  Tensor forward(const Tensor& x) override { return local_response_norm(x, size, alpha, beta, k); }
  const char* kind() const override { return "localresponsenorm"; }

  std::int64_t size;
  double alpha, beta, k;
};

}  // namespace nn
}  // namespace wick
