#include "wick/nn/pooling.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/autocast.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/pooling.h"
#include "wick/nn/window.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/masked.h"
#include "wick/ops/random.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

using Index = std::int64_t;

// The windows along one dimension, see kernels::PoolWindows.
struct Windows {
  Index size = 1, dilation = 1, stride = 1;
  std::vector<Index> begin, length, divisor;
  Index full = 0, full_end = 0;

  Index count() const { return static_cast<Index>(begin.size()); }
  void add(Index first, Index elements, Index share) {
    begin.push_back(first);
    length.push_back(elements);
    divisor.push_back(share);
  }
  // Those of one length whose beginnings are a stride apart: one run, around the middle.
  void find_full(Index whole) {
    full = 0;
    while (full < count() && at(length, full) != whole) ++full;
    full_end = full;
    while (full_end < count() && at(length, full_end) == whole) ++full_end;
  }
  kernels::PoolWindows view() const {
    return {size, count(), begin.data(), length.data(), divisor.data(), dilation, full, full_end, stride};
  }
  // Whether each ends before the next one begins.
  bool apart() const {
    for (Index i = 1; i < count(); ++i) {
      if (at(begin, i) <= at(begin, i - 1) + (at(length, i - 1) - 1) * dilation) return false;
    }
    return true;
  }
  static Index at(const std::vector<Index>& list, Index i) { return list[static_cast<std::size_t>(i)]; }
};

struct Pool {
  const char* name;
  int dims;
  Windows windows[3];  // the last `dims` of them
  double divisor = 0;  // in place of those of the windows
  bool apart = false;  // whether the windows of an image are known not to overlap

  Shape shape(const Shape& first, bool of_result) const {
    Shape out{first[0], first[1]};
    for (int d = 3 - dims; d < 3; ++d) out.push_back(of_result ? windows[d].count() : windows[d].size);
    return out;
  }
};

Windows one_window() {
  Windows w;
  w.add(0, 1, 1);
  w.find_full(1);
  return w;
}
Pool empty_pool(const char* name, int dims) {
  return {name, dims, {one_window(), one_window(), one_window()}};
}

}  // namespace

namespace autograd {
template <>
inline constexpr bool saved_by_value<Pool> = true;
}

namespace {

void check_kernel(bool there, const char* operation, DType dtype) {
  if (!there) fail<DTypeError>(operation, "is not defined for {}", dtype);
}

const kernels::PoolFunctions& functions_of(DType dtype) {
  return kernels::table().pooling->of[index_of(dtype)];
}

// Runs one of the functions over the images of x, on several threads. Positions, of any of the two shapes,
// are given or found if there is a tensor for them.
void run(void (*function)(const kernels::PoolArguments&), const Pool& pool, const Tensor& x,
         const Tensor& out, const Tensor& positions,
         Index (&scratch_of)(const kernels::PoolWindows (&)[3]) = kernels::pool_scratch) {
  const Index images = x.size(0) * x.size(1);
  if (images == 0 || x.numel() == 0 || out.numel() == 0) return;
  const Index from = x.numel() / images * x.itemsize(), to = out.numel() / images * out.itemsize();
  Index window = 1;
  for (const Windows& w : pool.windows) window *= *std::max_element(w.length.begin(), w.length.end());
  const Index results = std::min(out.numel(), x.numel()) / images;
  const Index work = std::max<Index>(std::max(out.numel(), x.numel()) / images + results * window, 1);
  parallel_for(images, std::max<Index>(parallel::grain / work, 1), [&](Index begin, Index end) {
    kernels::PoolArguments a{
        end - begin,
        {pool.windows[0].view(), pool.windows[1].view(), pool.windows[2].view()},
        x.raw_data() + begin * from,
        out.raw_data() + begin * to,
        positions.defined() ? positions.data<Index>() + begin * (positions.numel() / images) : nullptr,
        pool.divisor,
        nullptr,
        pool.apart};
    const Tensor scratch = empty({scratch_of(a.windows)}, uint8);
    a.scratch = scratch.raw_data();
    function(a);
  });
}

// Each image as one line.
Tensor lines(const Tensor& images) {
  const Index count = images.size(0) * images.size(1);
  return images.reshape({images.size(0), images.size(1), images.numel() / std::max<Index>(count, 1)});
}

// The gradient goes to where the maxima came from.
Tensor put_back(const Tensor& g, const Tensor& positions, const Pool& pool) {
  const Tensor out = empty(pool.shape(g.sizes(), false), g.dtype());
  if (g.numel() == 0) {
    out.zero_();
  } else {
    run(functions_of(g.dtype()).put_back, pool, g.detach().contiguous(), out, positions,
        kernels::spread_scratch);
  }
  return record(
      pool.name, out,
      wrt(g, saving(positions, g.sizes()), [](const Tensor& h, const Tensor& at, const Dims& shape) {
        return gather(lines(h), 2, lines(at)).reshape(shape);
      }));
}

// x and out without history, x (N, C, sizes). Positions are int64, of the result's shape, and recorded with
// it.
Tensor record_maxima(const Pool& pool, const Tensor& x, const Tensor& out, const Tensor& positions) {
  return record(pool.name, out,
                wrt(x, saving(positions, pool), [](const Tensor& g, const Tensor& at, const Pool& same) {
                  return put_back(g, at, same);
                }));
}

void check_positions(const Pool& pool, const Tensor& x) {
  Index volume = 1;
  for (const Windows& w : pool.windows) volume *= w.size;
  if (volume > std::numeric_limits<std::int32_t>::max()) {
    fail<ShapeError>(pool.name, "positions of an image of shape {} are too large", x.sizes());
  }
}

MaximaIndices maxima(Pool pool, const Batched& image, bool with_positions) {
  pool.apart = std::all_of(std::begin(pool.windows), std::end(pool.windows),
                           [](const Windows& w) { return w.apart(); });
  const Tensor& x = image.x;
  const auto function = functions_of(x.dtype()).largest;
  check_kernel(function, pool.name, x.dtype());
  for (const Windows& w : pool.windows) {
    if (w.count() > 0 && *std::min_element(w.length.begin(), w.length.end()) < 1) {
      fail<ShapeError>(pool.name, "a window on an image of shape {} would be empty", x.sizes());
    }
  }
  const bool needed = with_positions || autograd::wanted({x});
  if (needed) check_positions(pool, x);
  const Shape shape = pool.shape(x.sizes(), true);
  const Tensor out = empty(shape, x.dtype()), positions = needed ? empty(shape, int64) : Tensor();
  run(function, pool, x.detach().contiguous(), out, positions);
  if (!needed) return {image.out(out), {}};
  const Tensor values = image.out(record_maxima(pool, x, out, positions));
  return {values, with_positions ? image.out(positions) : Tensor()};
}

// Two linear maps, each the other's derivative.
Tensor spread(const Tensor& g, const Pool& pool);

Tensor mean_of_windows(const Tensor& x, const Pool& pool) {
  const auto function = functions_of(x.dtype()).mean;
  check_kernel(function, pool.name, x.dtype());
  const Tensor out = empty(pool.shape(x.sizes(), true), x.dtype());
  if (x.numel() == 0 && out.numel() > 0) {
    fail<ShapeError>(pool.name, "there is no mean of an empty image, of shape {}", x.sizes());
  }
  run(function, pool, x.detach().contiguous(), out, {});
  return record(pool.name, out,
                wrt(x, saving(pool), [](const Tensor& g, const Pool& same) { return spread(g, same); }));
}

Tensor spread(const Tensor& g, const Pool& pool) {
  const Tensor out = empty(pool.shape(g.sizes(), false), g.dtype());
  if (g.numel() == 0) {
    out.zero_();
  } else {
    run(functions_of(g.dtype()).spread, pool, g.detach().contiguous(), out, {}, kernels::spread_scratch);
  }
  return record(pool.name, out, wrt(g, saving(pool), [](const Tensor& h, const Pool& same) {
                  return mean_of_windows(h, same);
                }));
}

struct Options {
  Dims kernel, stride, padding, dilation;
  bool ceil_mode;

  Options(const char* operation, int dims, const Dims& kernel_size, const std::optional<Dims>& step,
          const Dims& pad, const Dims& dilated, bool ceil)
      : kernel(expanded(operation, "kernel_size", kernel_size, dims, 1)),
        stride(step ? expanded(operation, "the stride", *step, dims, 1) : kernel),
        padding(expanded(operation, "the padding", pad, dims, 0)),
        dilation(expanded(operation, "the dilation", dilated, dims, 1)),
        ceil_mode(ceil) {
    for (int d = 0; d < dims; ++d) {
      if (padding[d] > kernel[d] / 2) {
        fail<ShapeError>(operation,
                         "pad should be at most half of kernel size, but {} is more than half of {}", padding,
                         kernel);
      }
    }
  }
};

Pool moving_pool(const char* name, int dims, const Tensor& x, const Options& o, bool count_padding) {
  Pool pool = empty_pool(name, dims);
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    const Index size = x.size(i + 2), stride = o.stride[i], padding = o.padding[i], dilation = o.dilation[i];
    const Index rest = size + 2 * padding - dilation * (o.kernel[i] - 1) - 1;
    Index count = rest < 0 ? 0 : (rest + (o.ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (o.ceil_mode && rest < 0 && rest + stride - 1 >= 0) count = (rest + stride - 1) / stride + 1;
    if (o.ceil_mode && (count - 1) * stride >= size + padding) --count;
    if (count < 1) {
      fail<ShapeError>(name, "windows of {} do not fit an image of shape {}", o.kernel, x.sizes());
    }
    Windows w;
    w.size = size;
    w.dilation = dilation;
    w.stride = stride;
    for (Index k = 0; k < count; ++k) {
      const Index start = k * stride - padding;
      const Index end = std::min(start + dilation * (o.kernel[i] - 1) + 1, size + padding);
      const Index outside = start < 0 ? (-start + dilation - 1) / dilation : 0,
                  first = start + outside * dilation;
      const Index last = std::min(end, size);
      const Index length = first < last ? (last - first - 1) / dilation + 1 : 0;
      w.add(first, length, std::max<Index>(count_padding ? end - start : length, 1));
    }
    w.find_full(o.kernel[i]);
    pool.windows[d] = std::move(w);
  }
  return pool;
}

// One divisor for all windows, if they have one.
void find_divisor(Pool& pool) {
  double product = 1;
  for (const Windows& w : pool.windows) {
    if (w.divisor.empty()) return;
    for (const Index divisor : w.divisor) {
      if (divisor != w.divisor[0]) return;
    }
    product *= static_cast<double>(w.divisor[0]);
  }
  pool.divisor = product;
}

Pool adaptive_pool(const char* name, int dims, const Tensor& x, const Dims& output) {
  const Dims sizes = expanded(name, "output_size", output, dims, 0);
  Pool pool = empty_pool(name, dims);
  // What there is no memory for is an error at once, not after the windows have been listed.
  Shape result{x.size(0), x.size(1)};
  for (const Index size : sizes) result.push_back(size);
  empty(result, x.dtype());
  for (const Index size : sizes) empty({3, size}, int64);
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    Windows w;
    w.size = x.size(i + 2);
    const Index out = sizes[i], size = w.size;
    if (size < 1 && out > 0) fail<ShapeError>(name, "an image of shape {} is empty", x.sizes());
    if (size > std::numeric_limits<std::int32_t>::max()) {
      fail<ShapeError>(name, "an image of shape {} is too large", x.sizes());
    }
    for (Index k = 0; k < out; ++k) {
      if (k % (1 << 20) == 0) check_interrupt({k, out});
      const Index first = k * size / out, last = ((k + 1) * size + out - 1) / out;
      w.add(first, last - first, last - first);
    }
    if (out > 0 && size % out == 0) {
      w.stride = size / out;
      w.find_full(w.stride);
    }
    pool.windows[d] = std::move(w);
  }
  return pool;
}

MaximaIndices max_pool(const char* name, int dims, const Tensor& given, const Dims& kernel,
                       const MaxPoolOptions& options, bool with_indices) {
  const Options o(name, dims, kernel, options.stride, options.padding, options.dilation, options.ceil_mode);
  const Batched image(name, given, dims);
  return maxima(moving_pool(name, dims, image.x, o, true), image, with_indices);
}

Tensor avg_pool(const char* name, int dims, const Tensor& given, const Dims& kernel,
                const AvgPoolOptions& options) {
  const Options o(name, dims, kernel, options.stride, options.padding, 1, options.ceil_mode);
  if (options.divisor_override == 0) fail(name, "the divisor must not be 0");
  const Batched image(name, given, dims);
  Pool pool = moving_pool(name, dims, image.x, o, options.count_include_pad);
  find_divisor(pool);
  if (options.divisor_override) pool.divisor = static_cast<double>(*options.divisor_override);
  return image.out(mean_of_windows(image.x, pool));
}

Tensor adaptive_avg_pool(const char* name, int dims, const Tensor& given, const Dims& output) {
  const Batched image(name, given, dims);
  Pool pool = adaptive_pool(name, dims, image.x, output);
  find_divisor(pool);
  return image.out(mean_of_windows(image.x, pool));
}

MaximaIndices adaptive_max_pool(const char* name, int dims, const Tensor& given, const Dims& output) {
  const Batched image(name, given, dims);
  return maxima(adaptive_pool(name, dims, image.x, output), image, true);
}

// x^p; at 0, where it has no derivative for p < 1, that counts as 0.
Tensor power(const Tensor& x, double p) {
  if (p >= 1) return pow(x, p);
  const Tensor zero = eq(x, scalar_tensor(0, x.dtype()));
  return masked_fill(pow(masked_fill(x, zero, 1), p), zero, 0);
}

Tensor lp_pool(const char* name, int dims, const Tensor& x, double p, const Dims& kernel,
               const LpPoolOptions& options) {
  if (!(p > 0)) fail(name, "p must be positive, {} was given", p);
  if (is_complex(x.dtype())) fail<DTypeError>(name, "the input must be real, {} was given", x.dtype());
  const Dims sizes = expanded(name, "kernel_size", kernel, dims, 1);
  double elements = 1;
  for (const Index size : sizes) elements *= static_cast<double>(size);
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : float32;
  const Tensor means =
      avg_pool(name, dims, power(x.to(float64), p), sizes, {options.stride, 0, options.ceil_mode});
  return power(mul(means, elements), 1 / p).to(dtype);
}

// Where windows of one image begin along a dimension. T is what PyTorch computes in.
template <class T>
void add_fractional(Windows& w, double sample, Index kernel, Index count) {
  const T u = static_cast<T>(sample);
  const T step = count > 1 ? static_cast<T>(w.size - kernel) / static_cast<T>(count - 1) : T(0);
  for (Index i = 0; i < count; ++i) {
    const Index begin =
        i == count - 1 ? w.size - kernel
                       : static_cast<Index>((static_cast<T>(i) + u) * step) - static_cast<Index>(u * step);
    w.add(begin, kernel, kernel);
  }
}

MaximaIndices fractional_max_pool(const char* name, int dims, const Tensor& given, const Dims& kernel_size,
                                  const Dims& output_size, const Tensor& given_samples) {
  const Dims kernel = expanded(name, "kernel_size", kernel_size, dims, 1);
  const Dims output = expanded(name, "output_size", output_size, dims, 1);
  const Batched image(name, given, dims);
  const Tensor& x = image.x;
  const auto function = functions_of(x.dtype()).largest;
  check_kernel(function && is_floating(x.dtype()), name, x.dtype());
  for (int d = 0; d < dims; ++d) {
    // PyTorch wants room to spare in three dimensions.
    const Index room = x.size(d + 2) - (output[d] + kernel[d] - 1);
    if (room < (dims == 3 ? 1 : 0)) {
      fail<ShapeError>(name, "windows of {} and an output of {} are too large relative to input of shape {}",
                       kernel, output, x.sizes());
    }
  }
  const Index images = x.size(0) * x.size(1);
  const Shape wanted{x.size(0), x.size(1), dims};
  if (given_samples.defined() && given_samples.sizes() != wanted) {
    fail<ShapeError>(name, "samples must have shape {}, not {}", wanted, given_samples.sizes());
  }
  if (given_samples.defined() &&
      !all(bitwise_and(ge(given_samples, 0), lt(given_samples, 1))).item().to_bool())
    fail(name, "samples must be from 0 to below 1");
  const Tensor samples =
      (given_samples.defined() ? given_samples.detach() : rand(wanted, x.dtype())).to(float64).contiguous();
  Pool pool = empty_pool(name, dims);
  for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
    pool.windows[d].size = x.size(i + 2);
    pool.windows[d].begin.resize(static_cast<std::size_t>(output[i]));
  }
  check_positions(pool, x);
  const Shape shape = pool.shape(x.sizes(), true);
  const Tensor out = empty(shape, x.dtype()), positions = empty(shape, int64),
               dense = x.detach().contiguous();
  for (Index n = 0; n < images; ++n) {
    for (int i = 0, d = 3 - dims; i < dims; ++i, ++d) {
      Windows w;
      w.size = x.size(i + 2);
      const double u = samples.data<double>()[n * dims + (dims == 2 ? 1 - i : i)];
      (x.dtype() == float64 ? add_fractional<double> : add_fractional<float>)(w, u, kernel[i], output[i]);
      pool.windows[d] = std::move(w);
    }
    const auto one = [&](const Tensor& t) { return t.reshape({images, 1, -1}).slice(0, n, n + 1); };
    run(function, pool, one(dense), one(out), one(positions));
  }
  return {image.out(record_maxima(pool, x, out, positions)), image.out(positions)};
}

}  // namespace

Tensor max_pool1d(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool1d", 1, x, kernel, options, false).values;
}
Tensor max_pool2d(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool2d", 2, x, kernel, options, false).values;
}
Tensor max_pool3d(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool3d", 3, x, kernel, options, false).values;
}
MaximaIndices max_pool1d_with_indices(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool1d", 1, x, kernel, options, true);
}
MaximaIndices max_pool2d_with_indices(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool2d", 2, x, kernel, options, true);
}
MaximaIndices max_pool3d_with_indices(const Tensor& x, const Dims& kernel, const MaxPoolOptions& options) {
  return max_pool("max_pool3d", 3, x, kernel, options, true);
}

Tensor max_unpool(const Tensor& given, const Tensor& indices, const Dims& output_size) {
  constexpr const char* operation = "max_unpool";
  const int dims = output_size.size();
  if (dims < 1 || dims > 3)
    fail<ShapeError>(operation, "output_size must be 1 to 3 sizes, not {}", output_size);
  const Dims sizes = expanded(operation, "output_size", output_size, dims, 0);
  const Batched image(operation, given, dims);
  const Tensor& x = image.x;
  if (indices.sizes() != given.sizes()) {
    fail<ShapeError>(operation, "indices of shape {} do not belong to an input of shape {}", indices.sizes(),
                     given.sizes());
  }
  Shape shape{x.size(0), x.size(1)};
  for (const Index size : sizes) shape.push_back(size);
  const Index images = shape[0] * shape[1];
  if (images == 0) return image.out(zeros(shape, x.dtype()));
  const Shape lines{images, x.numel() / images};
  const Tensor flat = zeros({images, numel(shape) / images}, x.dtype());
  return image.out(scatter(flat, 1, indices.reshape(lines), x.reshape(lines)).reshape(shape));
}

Tensor avg_pool1d(const Tensor& x, const Dims& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool1d", 1, x, kernel, options);
}
Tensor avg_pool2d(const Tensor& x, const Dims& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool2d", 2, x, kernel, options);
}
Tensor avg_pool3d(const Tensor& x, const Dims& kernel, const AvgPoolOptions& options) {
  return avg_pool("avg_pool3d", 3, autocast::raised(x), kernel, options);
}

Tensor adaptive_avg_pool1d(const Tensor& x, const Dims& output) {
  return adaptive_avg_pool("adaptive_avg_pool1d", 1, x, output);
}
Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& output) {
  return adaptive_avg_pool("adaptive_avg_pool2d", 2, x, output);
}
Tensor adaptive_avg_pool3d(const Tensor& x, const Dims& output) {
  return adaptive_avg_pool("adaptive_avg_pool3d", 3, x, output);
}
MaximaIndices adaptive_max_pool1d(const Tensor& x, const Dims& output) {
  return adaptive_max_pool("adaptive_max_pool1d", 1, x, output);
}
MaximaIndices adaptive_max_pool2d(const Tensor& x, const Dims& output) {
  return adaptive_max_pool("adaptive_max_pool2d", 2, x, output);
}
MaximaIndices adaptive_max_pool3d(const Tensor& x, const Dims& output) {
  return adaptive_max_pool("adaptive_max_pool3d", 3, x, output);
}

Tensor lp_pool1d(const Tensor& x, double p, const Dims& kernel, const LpPoolOptions& options) {
  return lp_pool("lp_pool1d", 1, x, p, kernel, options);
}
Tensor lp_pool2d(const Tensor& x, double p, const Dims& kernel, const LpPoolOptions& options) {
  return lp_pool("lp_pool2d", 2, x, p, kernel, options);
}
Tensor lp_pool3d(const Tensor& x, double p, const Dims& kernel, const LpPoolOptions& options) {
  return lp_pool("lp_pool3d", 3, x, p, kernel, options);
}

MaximaIndices fractional_max_pool2d(const Tensor& x, const Dims& kernel, const Dims& output,
                                    const Tensor& samples) {
  return fractional_max_pool("fractional_max_pool2d", 2, x, kernel, output, samples);
}
MaximaIndices fractional_max_pool3d(const Tensor& x, const Dims& kernel, const Dims& output,
                                    const Tensor& samples) {
  return fractional_max_pool("fractional_max_pool3d", 3, x, kernel, output, samples);
}

}  // namespace wick
