#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/nn/normalization.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/views.h"

namespace wick::nn {
namespace {

std::int64_t positive(const char* kind, const char* what, std::int64_t value) {
  if (value < 1) fail(kind, "{} must be positive, {} was given", what, value);
  return value;
}

Tensor ones_if(bool wanted, const Shape& shape, DType dtype) {
  return wanted ? ones(shape, dtype) : Tensor();
}
Tensor zeros_if(bool wanted, const Shape& shape, DType dtype) {
  return wanted ? zeros(shape, dtype) : Tensor();
}

BatchNormOptions as_batch(const InstanceNormOptions& o) {
  return {o.eps, o.momentum, o.affine, o.track_running_stats, o.dtype};
}

}  // namespace

ChannelNorm::ChannelNorm(const char* kind, std::int64_t features, const BatchNormOptions& o)
    : num_features(positive(kind, "num_features", features)),
      eps(o.eps),
      momentum(o.momentum),
      weight(parameter("weight", ones_if(o.affine, {features}, o.dtype))),
      bias(parameter("bias", zeros_if(o.affine, {features}, o.dtype))),
      running_mean(buffer("running_mean", zeros_if(o.track_running_stats, {features}, o.dtype))),
      running_var(buffer("running_var", ones_if(o.track_running_stats, {features}, o.dtype))),
      num_batches_tracked(buffer("num_batches_tracked", zeros_if(o.track_running_stats, {}, int64))) {}

Tensor ChannelNorm::batch_forward(const Tensor& x, int least_rank, int most_rank) {
  if (x.dim() < least_rank || x.dim() > most_rank) {
    fail<ShapeError>(kind(), "expected {} dimensions, the input has shape {}",
                     least_rank == most_rank
                         ? std::to_string(least_rank)
                         : std::to_string(least_rank) + " or " + std::to_string(most_rank),
                     x.sizes());
  }
  if (x.size(1) != num_features) {
    fail<ShapeError>(kind(), "expected {} channels, the input has shape {}", num_features, x.sizes());
  }
  const bool tracked = running_mean.defined(), by_batch = is_training() || !tracked;
  double share = momentum.value_or(0);
  if (is_training() && tracked) {
    const std::int64_t batches = num_batches_tracked.item<std::int64_t>() + 1;
    if (!momentum) share = 1 / static_cast<double>(batches);
    const Tensor out = batch_norm(x, running_mean, running_var, weight, bias, true, share, eps);
    const NoGrad no_grad;
    num_batches_tracked.fill_(batches);
    return out;
  }
  return by_batch ? batch_norm(x, {}, {}, weight, bias, true, share, eps)
                  : batch_norm(x, running_mean, running_var, weight, bias, false, share, eps);
}

Tensor ChannelNorm::instance_forward(const Tensor& x, int rank) {
  if (x.dim() != rank && x.dim() != rank + 1) {
    fail<ShapeError>(kind(), "expected {} or {} dimensions, the input has shape {}", rank, rank + 1,
                     x.sizes());
  }
  if (x.dim() == rank) return instance_forward(x.unsqueeze(0), rank).squeeze(0);
  if (x.size(1) != num_features && (weight.defined() || running_mean.defined())) {
    fail<ShapeError>(kind(), "expected {} channels, the input has shape {}", num_features, x.sizes());
  }
  return instance_norm(x, running_mean, running_var, weight, bias, is_training() || !running_mean.defined(),
                       momentum.value_or(0), eps);
}

InstanceNorm1d::InstanceNorm1d(std::int64_t features, const InstanceNormOptions& options)
    : ChannelNorm("instancenorm1d", features, as_batch(options)) {}
InstanceNorm2d::InstanceNorm2d(std::int64_t features, const InstanceNormOptions& options)
    : ChannelNorm("instancenorm2d", features, as_batch(options)) {}
InstanceNorm3d::InstanceNorm3d(std::int64_t features, const InstanceNormOptions& options)
    : ChannelNorm("instancenorm3d", features, as_batch(options)) {}

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& o)
    : normalized_shape(shape),
      eps(o.eps),
      weight(parameter("weight", ones_if(o.elementwise_affine, shape, o.dtype))),
      bias(parameter("bias", zeros_if(o.elementwise_affine && o.bias, shape, o.dtype))) {}

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& o)
    : normalized_shape(shape),
      eps(o.eps),
      weight(parameter("weight", ones_if(o.elementwise_affine, shape, o.dtype))) {}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& o)
    : num_groups(positive("groupnorm", "num_groups", groups)),
      num_channels(positive("groupnorm", "num_channels", channels)),
      eps(o.eps),
      weight(parameter("weight", ones_if(o.affine, {channels}, o.dtype))),
      bias(parameter("bias", zeros_if(o.affine, {channels}, o.dtype))) {}

}  // namespace wick::nn
