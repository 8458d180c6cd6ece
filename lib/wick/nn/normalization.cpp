#include "wick/nn/normalization.h"

#include <algorithm>
#include <limits>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/kernels/normalization.h"
#include "wick/linalg/decompositions.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/loop.h"
#include "wick/ops/norm.h"
#include "wick/ops/padding.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::NormChannels;
using kernels::NormLines;

namespace {

// Elements with one weight that are worth a loop of their own; fewer get a weight each.
constexpr std::int64_t long_run = 24;
constexpr int cost = 4;  // of an element, in additions

// Checked to be floating point.
DType compute_type(const char* operation, DType dtype) {
  if (!is_floating(dtype))
    fail<DTypeError>(operation, "the input must be floating point, {} was given", dtype);
  return is_half(dtype) ? float32 : dtype;
}

// float64 where the squares leave the range of float32, in which the kernels add them up. `rstd` is
// 1 / sqrt(variance + eps).
DType wide_enough(DType dtype, const Tensor& rstd) {
  for (const double scale : rstd.span<double>()) {
    if (!(scale > 1e-15)) return float64;
  }
  return dtype;
}

const kernels::NormKernels::Functions& functions(DType dtype) {
  return kernels::table().normalization->functions[index_of(dtype)];
}

// The elements in row-major order, for kernels.
Tensor dense(const Tensor& x, DType dtype) { return x.detach().to(dtype).contiguous(); }

// A weight or bias is of the input's dtype; beside half precision it may be float32.
void check_weight(const char* operation, const char* what, const Tensor& weight, const Shape& shape,
                  DType dtype) {
  if (!weight.defined()) return;
  if (weight.sizes() != shape) {
    fail<ShapeError>(operation, "{} must have shape {}, not {}", what, shape, weight.sizes());
  }
  if (weight.dtype() != dtype && !(is_half(dtype) && weight.dtype() == float32)) {
    fail<DTypeError>(operation, "the input is {}, {} is {}", dtype, what, weight.dtype());
  }
}

// --- Lines

enum class Over { Trailing, Groups };

struct Lines {
  const char* name;
  Over over;
  std::int64_t lines, n;     // of elements one after another
  std::int64_t period, run;  // of weights, see kernels::NormLines
  std::int64_t trailing;     // dimensions, for the twin
  double eps;
  bool centered;

  std::int64_t weights() const { return period * (n / run); }
  // As few as one element have a weight: then each gets its own.
  bool spread() const { return run > 1 && run < long_run && run < n; }
  std::int64_t used_run() const { return spread() ? 1 : run; }
};

// The weights as the kernel takes them.
Tensor line_weights(const Tensor& weight, const Lines& v, DType dtype) {
  if (!weight.defined()) return {};
  const Tensor own = weight.detach().to(dtype);
  if (!v.spread()) return own.contiguous();
  return own.reshape({-1, 1}).expand({v.weights(), v.run}).reshape({-1}).contiguous();
}

const void* address(const Tensor& t, std::int64_t elements = 0) {
  return t.defined() ? t.raw_data() + elements * t.itemsize() : nullptr;
}
void* target(const Tensor& t, std::int64_t elements = 0) {
  return t.defined() ? t.raw_data() + elements * t.itemsize() : nullptr;
}

NormLines line_arguments(const Lines& v, const Tensor& x, const Tensor& weight, const Tensor& mean,
                         const Tensor& rstd) {
  NormLines k{};
  k.lines = v.lines;
  k.n = v.n;
  k.x = address(x);
  k.weight = address(weight);
  k.period = v.period;
  k.run = v.used_run();
  k.eps = v.eps;
  k.centered = v.centered;
  k.mean = mean.data<double>();
  k.rstd = rstd.data<double>();
  return k;
}

// The lines from `begin` on, a multiple of the period.
NormLines part_of(const NormLines& whole, std::int64_t begin, std::int64_t end, std::int64_t itemsize) {
  NormLines k = whole;
  const std::int64_t bytes = begin * k.n * itemsize;
  k.lines = end - begin;
  k.x = static_cast<const char*>(k.x) + bytes;
  if (k.g) k.g = static_cast<const char*>(k.g) + bytes;
  if (k.y) k.y = static_cast<char*>(k.y) + bytes;
  if (k.dx) k.dx = static_cast<char*>(k.dx) + bytes;
  k.mean += begin;
  k.rstd += begin;
  return k;
}

// Pieces of the lines, whose number does not depend on that of threads.
struct Pieces {
  std::int64_t size, count;
  explicit Pieces(const Lines& v) {
    constexpr std::int64_t most = 16, elements = 16384;
    const std::int64_t periods = (v.lines + v.period - 1) / v.period;
    const std::int64_t enough = elements / std::max<std::int64_t>(v.n * v.period, 1);
    size = std::max({enough, (periods + most - 1) / most, std::int64_t{1}}) * v.period;
    count = (v.lines + size - 1) / size;
  }

  // Calls f(piece, first line, end) on several threads.
  template <class F>
  void each(const Lines& v, F f) const {
    const std::int64_t work = std::max<std::int64_t>(size * v.n * cost, 1);
    parallel_for(count, std::max<std::int64_t>(parallel::grain / work, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i)
                     f(i, i * size, std::min((i + 1) * size, v.lines));
                 });
  }
};

// A weight's gradient from the parts that the pieces have found.
Tensor joined(const Tensor& parts, const Lines& v, const Tensor& weight) {
  Tensor all = sum(parts, {0});
  if (v.spread()) all = sum(all.reshape({-1, v.run}), {1});
  return all.reshape(weight.sizes());
}

Tensors line_gradients(const Tensor& g, const Tensors& tensors, const Lines& v) {
  const Tensor &x = tensors[0], &weight = tensors[1], &bias = tensors[2];
  const DType dtype = wide_enough(compute_type(v.name, x.dtype()), tensors[4]);
  const Tensor dense_x = dense(x, dtype), dense_g = dense(g, dtype);
  const Tensor weights = line_weights(weight, v, dtype);
  const Pieces pieces(v);
  Tensors out(3);
  Tensor dweight, dbias;
  const Shape parts{pieces.count, v.n / v.used_run() * v.period};
  if (autograd::wants_gradient(x)) out[0] = empty(x.sizes(), dtype);
  if (dense_x.numel() == 0) {
    if (autograd::wants_gradient(weight)) out[1] = zeros_like(weight);
    if (autograd::wants_gradient(bias)) out[2] = zeros_like(bias);
    return out;
  }
  if (autograd::wants_gradient(weight)) dweight = zeros(parts, float64);
  if (autograd::wants_gradient(bias)) dbias = zeros(parts, float64);
  NormLines k = line_arguments(v, dense_x, weights, tensors[3], tensors[4]);
  k.g = address(dense_g);
  k.dx = target(out[0]);
  pieces.each(v, [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
    NormLines part = part_of(k, begin, end, dense_x.itemsize());
    part.dweight = static_cast<double*>(target(dweight, piece * parts[1]));
    part.dbias = static_cast<double*>(target(dbias, piece * parts[1]));
    functions(dtype).lines_backward(part);
  });
  if (dweight.defined()) out[1] = joined(dweight, v, weight);
  if (dbias.defined()) out[2] = joined(dbias, v, bias);
  return out;
}

// (x - mean) / sqrt(var + eps) over those dimensions.
Tensor standardized(const Tensor& x, const Dims& dims, double eps, bool centered) {
  const Tensor d = centered ? sub(x, mean(x, dims, true)) : x;
  return mul(d, rsqrt(add(mean(square(d), dims, true), eps)));
}

Tensor with_weights(Tensor y, const Tensor& weight, const Tensor& bias) {
  if (weight.defined()) y = mul(y, weight);
  return bias.defined() ? add(y, bias) : y;
}

// A weight of channels, to be broadcast to (N, C, ...).
Tensor along_channels(const Tensor& weight, int rank) {
  if (!weight.defined()) return weight;
  Shape shape = Dims::filled(rank, 1);
  shape[1] = -1;
  return weight.reshape(shape);
}

Tensor line_twin(const Tensors& tensors, const Lines& v) {
  const DType dtype = wide_enough(compute_type(v.name, tensors[0].dtype()), tensors[4]);
  const Tensor x = tensors[0].to(dtype);
  const Tensor &weight = tensors[1], &bias = tensors[2];
  Tensor y;
  if (v.over == Over::Trailing) {
    Dims dims;
    for (std::int64_t d = 1; d <= v.trailing; ++d) dims.push_back(-d);
    y = with_weights(standardized(x, dims, v.eps, v.centered), weight, bias);
  } else {
    const Tensor groups = standardized(x.reshape({v.lines, v.n}), {1}, v.eps, true).reshape(x.sizes());
    y = with_weights(groups, along_channels(weight, x.dim()), along_channels(bias, x.dim()));
  }
  return y.to(tensors[0].dtype());
}

struct LineResult {
  Tensor y, mean, rstd;  // the last two of each line, float64
};

LineResult normalized_lines(const Tensor& x, const Tensor& weight, const Tensor& bias, const Lines& v) {
  LineResult out;
  const auto compute = [&](DType dtype) {
    const NoGrad no_grad;
    const Tensor dense_x = dense(x, dtype), weights = line_weights(weight, v, dtype),
                 biases = line_weights(bias, v, dtype), y = empty(x.sizes(), dtype);
    out.mean = empty({v.lines}, float64);
    out.rstd = empty({v.lines}, float64);
    if (y.numel() > 0) {
      NormLines k = line_arguments(v, dense_x, weights, out.mean, out.rstd);
      k.bias = address(biases);
      k.y = y.raw_data();
      Pieces(v).each(v, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
        functions(dtype).lines_forward(part_of(k, begin, end, y.itemsize()));
      });
    }
    out.y = y.to(x.dtype());
  };
  const DType dtype = compute_type(v.name, x.dtype());
  compute(dtype);
  if (x.numel() > 0 && wide_enough(dtype, out.rstd) != dtype) compute(float64);
  record_fused(v.name, out.y, {x, weight, bias}, v, line_gradients, line_twin, {out.mean, out.rstd});
  return out;
}

Lines trailing_lines(const char* name, const Tensor& x, const Shape& normalized, double eps, bool centered) {
  const int rank = normalized.size(), first = x.dim() - rank;
  bool fits = rank > 0 && first >= 0;
  for (int d = 0; fits && d < rank; ++d) fits = x.sizes()[first + d] == normalized[d];
  if (!fits) {
    fail<ShapeError>(name, "the shape {} to normalize over does not end the input's shape {}", normalized,
                     x.sizes());
  }
  const std::int64_t n = numel(normalized);
  return {name, Over::Trailing, n > 0 ? x.numel() / n : 0, n, 1, 1, rank, eps, centered};
}

// --- Channels

struct Channels {
  const char* name;
  std::int64_t rows, channels, run;
  double eps;
  bool batch;
};

// Runs the kernel for all channels, shared out among threads.
void run_channels(const Channels& v, const NormChannels& all, std::int64_t itemsize,
                  void (*function)(const NormChannels&)) {
  const std::int64_t each = std::max<std::int64_t>(v.rows * v.run * cost, 1);
  // Short runs lie side by side: whole cache lines.
  const std::int64_t least = v.run < long_run ? 64 / v.run + 1 : 1;
  parallel_for(v.channels, std::max(parallel::grain / each, least),
               [&](std::int64_t begin, std::int64_t end) {
                 NormChannels k = all;
                 const std::int64_t bytes = begin * v.run * itemsize;
                 k.channels = end - begin;
                 k.x = static_cast<const char*>(k.x) + bytes;
                 if (k.g) k.g = static_cast<const char*>(k.g) + bytes;
                 if (k.y) k.y = static_cast<char*>(k.y) + bytes;
                 if (k.dx) k.dx = static_cast<char*>(k.dx) + bytes;
                 if (k.weight) k.weight = static_cast<const char*>(k.weight) + begin * itemsize;
                 if (k.bias) k.bias = static_cast<const char*>(k.bias) + begin * itemsize;
                 k.mean += begin;
                 k.var += begin;
                 if (k.dweight) k.dweight += begin;
                 if (k.dbias) k.dbias += begin;
                 function(k);
               });
}

NormChannels channel_arguments(const Channels& v, const Tensor& x, const Tensor& weight, const Tensor& mean,
                               const Tensor& var) {
  NormChannels k{};
  k.rows = v.rows;
  k.run = v.run;
  k.row_step = v.channels * v.run;
  k.x = address(x);
  k.weight = address(weight);
  k.eps = v.eps;
  k.batch = v.batch;
  k.mean = mean.data<double>();
  k.var = var.data<double>();
  return k;
}

Tensor dense_weight(const Tensor& weight, DType dtype) {
  return weight.defined() ? dense(weight, dtype) : weight;
}

// See wide_enough().
DType channel_type(const Channels& v, DType input, const Tensor& var) {
  const DType dtype = compute_type(v.name, input);
  return v.batch ? wide_enough(dtype, rsqrt(add(var, v.eps))) : dtype;
}

Tensors channel_gradients(const Tensor& g, const Tensors& tensors, const Channels& v) {
  const Tensor &x = tensors[0], &weight = tensors[1], &bias = tensors[2];
  const DType dtype = channel_type(v, x.dtype(), tensors[4]);
  const Tensor dense_x = dense(x, dtype), dense_g = dense(g, dtype), weights = dense_weight(weight, dtype);
  Tensors out(3);
  if (autograd::wants_gradient(x)) out[0] = empty(x.sizes(), dtype);
  if (autograd::wants_gradient(weight)) out[1] = zeros({v.channels}, float64);
  if (autograd::wants_gradient(bias)) out[2] = zeros({v.channels}, float64);
  if (dense_x.numel() == 0) return out;
  NormChannels k = channel_arguments(v, dense_x, weights, tensors[3], tensors[4]);
  k.g = address(dense_g);
  k.dx = target(out[0]);
  k.dweight = static_cast<double*>(target(out[1]));
  k.dbias = static_cast<double*>(target(out[2]));
  run_channels(v, k, dense_x.itemsize(), functions(dtype).channels_backward);
  return out;
}

Tensor channel_twin(const Tensors& tensors, const Channels& v) {
  const DType dtype = channel_type(v, tensors[0].dtype(), tensors[4]);
  const Tensor x = tensors[0].to(dtype);
  const int rank = x.dim();
  Tensor y;
  if (v.batch) {
    Dims dims{0};
    for (int d = 2; d < rank; ++d) dims.push_back(d);
    y = standardized(x, dims, v.eps, true);
  } else {
    const Tensor rstd = rsqrt(add(tensors[4], v.eps));
    y = mul(sub(x, along_channels(tensors[3], rank).to(dtype)), along_channels(rstd, rank).to(dtype));
  }
  y = with_weights(y, along_channels(tensors[1], rank), along_channels(tensors[2], rank));
  return y.to(tensors[0].dtype());
}

struct Moments {
  Tensor mean, var;  // float64, (C), the variance with n as its divisor
};

Tensor normalized_channels(const Tensor& x, const Tensor& weight, const Tensor& bias, const Moments& moments,
                           const Channels& v) {
  Tensor out;
  const auto compute = [&](DType dtype) {
    const NoGrad no_grad;
    const Tensor dense_x = dense(x, dtype), weights = dense_weight(weight, dtype),
                 biases = dense_weight(bias, dtype), y = empty(x.sizes(), dtype);
    if (y.numel() > 0) {
      NormChannels k = channel_arguments(v, dense_x, weights, moments.mean, moments.var);
      k.bias = address(biases);
      k.y = y.raw_data();
      run_channels(v, k, y.itemsize(), functions(dtype).channels_forward);
    }
    out = y.to(x.dtype());
  };
  const DType dtype = compute_type(v.name, x.dtype());
  compute(dtype);
  if (x.numel() > 0 && channel_type(v, x.dtype(), moments.var) != dtype) compute(float64);
  return record_fused(v.name, out, {x, weight, bias}, v, channel_gradients, channel_twin,
                      {moments.mean, moments.var});
}

// running += momentum (of the batch - running), in place.
void update_running(const Tensor& running, const Tensor& now, double momentum) {
  if (!running.defined()) return;
  const NoGrad no_grad;
  running.copy_(add(mul(running.detach().to(float64), 1 - momentum), mul(now, momentum)));
}

// The variance that n elements estimate, from that which they have.
Tensor unbiased(const Tensor& var, std::int64_t n) {
  return mul(var, static_cast<double>(n) / static_cast<double>(n - 1));
}

void check_running(const char* name, const Tensor& mean, const Tensor& var, std::int64_t channels) {
  for (const Tensor* t : {&mean, &var}) {
    if (!t->defined()) continue;
    if (t->sizes() != Shape{channels}) {
      fail<ShapeError>(name, "running statistics of {} channels cannot have shape {}", channels, t->sizes());
    }
    if (!is_floating(t->dtype())) {
      fail<DTypeError>(name, "running statistics cannot be {}", t->dtype());
    }
  }
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, bool training, double momentum, double eps) {
  constexpr const char* name = "batch_norm";
  compute_type(name, x.dtype());
  if (x.dim() < 2) fail<ShapeError>(name, "expected (N, C, ...), not shape {}", x.sizes());
  const std::int64_t channels = x.size(1), rows = x.size(0);
  std::int64_t run = 1;
  for (int d = 2; d < x.dim(); ++d) run *= x.size(d);
  check_weight(name, "the weight", weight, {channels}, x.dtype());
  check_weight(name, "the bias", bias, {channels}, x.dtype());
  check_running(name, running_mean, running_var, channels);
  if (training && rows * run == 1) {
    fail<ShapeError>(name, "expected more than 1 value per channel when training, the input has shape {}",
                     x.sizes());
  }
  if (!training && !(running_mean.defined() && running_var.defined())) {
    fail(name, "outside of training running_mean and running_var are needed");
  }
  const Moments moments{empty({channels}, float64), empty({channels}, float64)};
  if (!training) {
    const NoGrad no_grad;
    moments.mean.copy_(running_mean.detach());
    moments.var.copy_(running_var.detach());
  }
  const Tensor out =
      normalized_channels(x, weight, bias, moments, {name, rows, channels, run, eps, training});
  if (training && x.numel() > 0) {
    update_running(running_mean, moments.mean, momentum);
    update_running(running_var, unbiased(moments.var, rows * run), momentum);
  }
  return out;
}

Tensor instance_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                     const Tensor& weight, const Tensor& bias, bool use_input_stats, double momentum,
                     double eps) {
  constexpr const char* name = "instance_norm";
  compute_type(name, x.dtype());
  if (x.dim() < 3) fail<ShapeError>(name, "expected (N, C, L, ...), not shape {}", x.sizes());
  if (!use_input_stats) {
    return batch_norm(x, running_mean, running_var, weight, bias, false, momentum, eps);
  }
  const std::int64_t samples = x.size(0), channels = x.size(1);
  std::int64_t n = 1;
  for (int d = 2; d < x.dim(); ++d) n *= x.size(d);
  if (n == 1) {
    fail<ShapeError>(name, "expected more than 1 spatial element when training, the input has shape {}",
                     x.sizes());
  }
  check_weight(name, "the weight", weight, {channels}, x.dtype());
  check_weight(name, "the bias", bias, {channels}, x.dtype());
  check_running(name, running_mean, running_var, channels);
  const LineResult out =
      normalized_lines(x, weight, bias,
                       {name, Over::Groups, samples * channels, n, std::max<std::int64_t>(channels, 1),
                        std::max<std::int64_t>(n, 1), 0, eps, true});
  if (x.numel() > 0 && (running_mean.defined() || running_var.defined())) {
    const NoGrad no_grad;
    const Tensor var = sub(reciprocal(square(out.rstd)), eps);
    const auto over_samples = [&](const Tensor& t) { return mean(t.reshape({samples, channels}), {0}); };
    update_running(running_mean, over_samples(out.mean), momentum);
    update_running(running_var, over_samples(unbiased(var, n)), momentum);
  }
  return out.y;
}

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps) {
  constexpr const char* name = "layer_norm";
  compute_type(name, x.dtype());
  const Lines lines = trailing_lines(name, x, normalized_shape, eps, true);
  check_weight(name, "the weight", weight, normalized_shape, x.dtype());
  check_weight(name, "the bias", bias, normalized_shape, x.dtype());
  return normalized_lines(x, weight, bias, lines).y;
}

Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  constexpr const char* name = "rms_norm";
  const DType dtype = compute_type(name, x.dtype());
  const double smallest = dtype == float64        ? std::numeric_limits<double>::epsilon()
                          : x.dtype() == float16  ? 0x1p-10
                          : x.dtype() == bfloat16 ? 0x1p-7
                                                  : std::numeric_limits<float>::epsilon();
  const Lines lines = trailing_lines(name, x, normalized_shape, eps.value_or(smallest), false);
  check_weight(name, "the weight", weight, normalized_shape, x.dtype());
  return normalized_lines(x, weight, {}, lines).y;
}

Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
  constexpr const char* name = "group_norm";
  compute_type(name, x.dtype());
  if (x.dim() < 2) fail<ShapeError>(name, "expected (N, C, ...), not shape {}", x.sizes());
  const std::int64_t channels = x.size(1);
  if (num_groups < 1 || channels % num_groups != 0) {
    fail<ShapeError>(name, "{} groups do not divide {} channels", num_groups, channels);
  }
  std::int64_t run = 1;
  for (int d = 2; d < x.dim(); ++d) run *= x.size(d);
  const std::int64_t n = channels / num_groups * run, lines = x.size(0) * num_groups;
  check_weight(name, "the weight", weight, {channels}, x.dtype());
  check_weight(name, "the bias", bias, {channels}, x.dtype());
  if (n == 1 && x.size(0) == 1) {
    fail<ShapeError>(name, "expected more than 1 value per channel when training, the input has shape {}",
                     x.sizes());
  }
  return normalized_lines(
             x, weight, bias,
             {name, Over::Groups, lines, n, num_groups, std::max<std::int64_t>(run, 1), 0, eps, true})
      .y;
}

Tensor local_response_norm(const Tensor& given, std::int64_t size, double alpha, double beta, double k) {
  constexpr const char* name = "local_response_norm";
  const Tensor x = autocast::raised(given);
  compute_type(name, x.dtype());
  if (x.dim() < 3) {
    fail<ShapeError>(name, "expected 3D or higher dimensionality, not shape {}", x.sizes());
  }
  if (size < 1) fail(name, "the size must be positive, {} was given", size);
  const std::int64_t channels = x.size(1), before = size / 2;
  const Tensor squares = square(x);
  // Each neighbour's squares, moved to the channel whose neighbour it is.
  Tensor total;
  const std::int64_t first = std::max(-before, 1 - channels),
                     last = std::min(size - 1 - before, channels - 1);
  for (std::int64_t offset = first; offset <= last; ++offset) {
    const Tensor part =
        squares.slice(1, std::max<std::int64_t>(offset, 0), channels + std::min<std::int64_t>(offset, 0));
    Dims pads = Dims::filled(2 * (x.dim() - 1), 0);
    pads[2 * (x.dim() - 2)] = std::max<std::int64_t>(-offset, 0);
    pads[2 * (x.dim() - 2) + 1] = std::max<std::int64_t>(offset, 0);
    const Tensor moved = offset == 0 ? part : pad(part, pads);
    total = total.defined() ? add(total, moved) : moved;
  }
  if (!total.defined()) total = zeros_like(squares);
  return div(x, pow(add(mul(total, alpha / static_cast<double>(size)), k), beta));
}

Tensor normalize(const Tensor& x, double p, std::int64_t dim, double eps) {
  // In float32: float16 has no number as small as eps.
  if (is_half(x.dtype())) return normalize(x.to(float32), p, dim, eps).to(x.dtype());
  return div(x, clamp(norm(x, p, {dim}, true), eps));
}

Tensor weight_norm(const Tensor& v, const Tensor& g, std::int64_t dim) {
  constexpr const char* name = "weight_norm";
  compute_type(name, v.dtype());
  const int kept = wrap_dim(dim, v.dim());
  Dims dims;
  Shape shape = v.sizes();
  for (int d = 0; d < v.dim(); ++d) {
    if (d == kept) continue;
    dims.push_back(d);
    shape[d] = 1;
  }
  if (g.sizes() != shape) {
    fail<ShapeError>(name, "the norms must have shape {}, not {}", shape, g.sizes());
  }
  const Tensor length = dims.empty() ? abs(v) : norm(v, 2, dims, true);
  return mul(v, div(g, length));
}

Tensor spectral_norm(const Tensor& x) {
  constexpr const char* name = "spectral_norm";
  const DType dtype = compute_type(name, x.dtype());
  if (x.dim() < 2) {
    fail<ShapeError>(name, "a matrix or more dimensions are needed, not shape {}", x.sizes());
  }
  if (x.numel() == 0) return x;
  const Tensor wide = x.to(dtype), matrix = wide.reshape({x.size(0), -1});
  return div(wide, linalg::svdvals(matrix).select(0, 0)).to(x.dtype());
}

}  // namespace wick
