#include <cmath>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/kernels/sampling.h"
#include "wick/kernels/table.h"
#include "wick/linalg/products.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/join.h"
#include "wick/ops/of_dtype.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"
#include "wick/vision/interpolate.h"

namespace wick {
namespace {

// Planes (N, C, places), weights and indices (N, taps, positions), values (N, C, positions): a sum of
// products of one of each, whose three derivatives are each other's.
enum class Part { Values, Planes, Weights };

struct Problem {
  std::int64_t batches, channels, places, taps, positions;
};

// The part that is not given; all are dense.
Tensor compute(Part wanted, const Problem& p, const Tensor& index, Tensor planes, Tensor weights,
               Tensor values, DType dtype) {
  const NoGrad no_grad;
  const auto dense = [&](Tensor& x) {
    if (x.defined()) x = x.detach().to(dtype).contiguous();
  };
  dense(planes);
  dense(weights);
  dense(values);
  const Tensor at = index.contiguous();
  Tensor out;
  if (wanted == Part::Values) out = values = empty({p.batches, p.channels, p.positions}, dtype);
  if (wanted == Part::Planes) out = planes = zeros({p.batches, p.channels, p.places}, dtype);
  if (wanted == Part::Weights) out = weights = empty({p.batches, p.taps, p.positions}, dtype);
  if (out.numel() == 0) return out;
  const std::int64_t size = out.itemsize();
  const kernels::SamplingFunctions& run = of_dtype(*kernels::table().sampling, dtype);
  const auto piece = [&](std::int64_t batch, std::int64_t begin, std::int64_t end, auto function) {
    kernels::Sampling s{};
    s.channels = end - begin;
    s.positions = p.positions;
    s.taps = p.taps;
    s.plane = p.places;
    s.index = at.data<std::int64_t>() + batch * p.taps * p.positions;
    s.planes = planes.raw_data() + (batch * p.channels + begin) * p.places * size;
    s.weights = weights.raw_data() + batch * p.taps * p.positions * size;
    s.values = values.raw_data() + (batch * p.channels + begin) * p.positions * size;
    function(s);
  };
  const std::int64_t work = std::max<std::int64_t>(p.taps * p.positions, 1);
  if (wanted == Part::Weights) {
    const std::int64_t least =
        std::max<std::int64_t>(parallel::grain / (work * std::max<std::int64_t>(p.channels, 1)), 1);
    parallel_for(p.batches, least, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) piece(b, 0, p.channels, run.weights);
    });
    return out;
  }
  parallel_for(p.batches * p.channels, std::max<std::int64_t>(parallel::grain / work, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 while (begin < end) {
                   const std::int64_t batch = begin / p.channels, c = begin % p.channels;
                   const std::int64_t count = std::min(end - begin, p.channels - c);
                   piece(batch, c, c + count, wanted == Part::Values ? run.values : run.planes);
                   begin += count;
                 }
               });
  return out;
}

Tensor sampled(const Problem& p, const Tensor& index, const Tensor& planes, const Tensor& weights);
Tensor spread(const Problem& p, const Tensor& index, const Tensor& values, const Tensor& weights);
Tensor correlated(const Problem& p, const Tensor& index, const Tensor& planes, const Tensor& values);

Tensor sampled(const Problem& p, const Tensor& index, const Tensor& planes, const Tensor& weights) {
  const Tensor out = compute(Part::Values, p, index, planes, weights, {}, planes.dtype());
  return record("grid_sample", out,
                wrt(planes, saving(p, index, weights),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& w) {
                      return spread(q, at, g, w);
                    }),
                wrt(weights, saving(p, index, planes),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& x) {
                      return correlated(q, at, x, g);
                    }));
}

Tensor spread(const Problem& p, const Tensor& index, const Tensor& values, const Tensor& weights) {
  const Tensor out = compute(Part::Planes, p, index, {}, weights, values, values.dtype());
  return record("grid_sample", out,
                wrt(values, saving(p, index, weights),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& w) {
                      return sampled(q, at, g, w);
                    }),
                wrt(weights, saving(p, index, values),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& v) {
                      return correlated(q, at, g, v);
                    }));
}

Tensor correlated(const Problem& p, const Tensor& index, const Tensor& planes, const Tensor& values) {
  const Tensor out = compute(Part::Weights, p, index, planes, {}, values, planes.dtype());
  return record("grid_sample", out,
                wrt(planes, saving(p, index, values),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& v) {
                      return spread(q, at, v, g);
                    }),
                wrt(values, saving(p, index, planes),
                    [](const Tensor& g, const Problem& q, const Tensor& at, const Tensor& x) {
                      return sampled(q, at, x, g);
                    }));
}

enum class Mode { Linear, Nearest, Cubic };
enum class Padding { Zeros, Border, Reflection };

// What is read along one dimension: a weight and an index (int64, within the map) for each position.
struct Tap {
  Tensor weight, index;
};

// Mirrored at both ends of the map, as often as it takes.
Tensor reflected(const Tensor& place, std::int64_t n, bool align_corners) {
  const double low = align_corners ? 0 : -0.5;
  const double span = static_cast<double>(align_corners ? n - 1 : n);
  if (span <= 0) return mul(place, Scalar(0));
  const Tensor from_low = abs(sub(place, Scalar(low)));
  const Tensor extra = fmod(from_low, Scalar(span)), flips = floor(div(from_low.detach(), Scalar(span)));
  const Tensor even = eq(remainder(flips, Scalar(2)), Scalar(0));
  return where(even, add(extra, Scalar(low)), sub(Scalar(span + low), extra));
}

Tensor padded(const Tensor& place, std::int64_t n, Padding padding, bool align_corners) {
  if (padding == Padding::Zeros) return place;
  const Tensor inside = padding == Padding::Reflection ? reflected(place, n, align_corners) : place;
  return clamp(inside, 0.0, static_cast<double>(n - 1));
}

// A tap at whole places: weighted with 0 where they lie outside. NaN and what is too large do, too.
Tap tap_at(const Tensor& place, const Tensor& weight, std::int64_t n) {
  const Tensor whole = place.detach();
  const Tensor inside = logical_and(ge(whole, Scalar(0)), le(whole, Scalar(static_cast<double>(n - 1))));
  const Tensor zero = zeros({}, place.dtype());
  const Tensor index = where(inside, whole, zero).to(int64);
  return {where(inside, weight, zero), clamp(index, 0, n - 1)};
}

std::vector<Tap> taps_along(const Tensor& coordinate, std::int64_t n, Mode mode, Padding padding,
                            bool align_corners) {
  const auto size = static_cast<double>(n);
  Tensor place = align_corners ? mul(add(coordinate, Scalar(1)), Scalar((size - 1) / 2))
                               : sub(mul(add(coordinate, Scalar(1)), Scalar(size / 2)), Scalar(0.5));
  if (mode != Mode::Cubic) place = padded(place, n, padding, align_corners);
  const Tensor one = ones({}, place.dtype());
  if (mode == Mode::Nearest) {
    const Tensor nearest = round(place.detach());
    return {tap_at(nearest, one.expand(nearest.sizes()), n)};
  }
  const Tensor low = floor(place.detach()), t = sub(place, low);
  if (mode == Mode::Linear) return {tap_at(low, sub(one, t), n), tap_at(add(low, one), t, n)};
  // Cubic convolution with a = -0.75.
  const double a = -0.75;
  const auto inner = [&](const Tensor& x) {
    return add(mul(square(x), sub(mul(x, Scalar(a + 2)), Scalar(a + 3))), Scalar(1));
  };
  const auto outer = [&](const Tensor& x) {
    const Tensor inside = add(mul(sub(x, Scalar(5)), x), Scalar(8));
    return mul(sub(mul(inside, x), Scalar(4)), Scalar(a));
  };
  const Tensor rest = sub(one, t);
  const Tensor weights[] = {outer(add(t, one)), inner(t), inner(rest), outer(add(rest, one))};
  std::vector<Tap> taps;
  for (int i = 0; i < 4; ++i) {
    taps.push_back(tap_at(padded(add(low, Scalar(i - 1)), n, padding, align_corners), weights[i], n));
  }
  return taps;
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, std::string_view mode_word,
                   std::string_view padding_word, bool align_corners) {
  constexpr auto name = "grid_sample";
  if (mode_word != "bilinear" && mode_word != "nearest" && mode_word != "bicubic")
    fail(name, "the mode must be bilinear, nearest or bicubic, {} was given", mode_word);
  if (padding_word != "zeros" && padding_word != "border" && padding_word != "reflection")
    fail(name, "padding_mode must be zeros, border or reflection, {} was given", padding_word);
  const Mode mode = mode_word == "bilinear"  ? Mode::Linear
                    : mode_word == "nearest" ? Mode::Nearest
                                             : Mode::Cubic;
  const Padding padding = padding_word == "zeros"    ? Padding::Zeros
                          : padding_word == "border" ? Padding::Border
                                                     : Padding::Reflection;
  check_same_dtype(name, x.dtype(), grid.dtype());
  if (!is_floating(x.dtype())) fail<DTypeError>(name, "the input must be floating point, not {}", x.dtype());
  const int count = x.dim() - 2;
  if (count < 2 || count > 3 || grid.dim() != x.dim() || grid.size(-1) != count ||
      grid.size(0) != x.size(0)) {
    fail<ShapeError>(
        name,
        "an input (N, C, H, W) needs a grid (N, H', W', 2), one (N, C, D, H, W) a grid (N, D', H', "
        "W', 3); shapes {} and {} were given",
        x.sizes(), grid.sizes());
  }
  if (mode == Mode::Cubic && count == 3) fail<ShapeError>(name, "bicubic needs a 4-D input");
  Problem p{x.size(0), x.size(1), 1, 1, 1};
  for (int d = 0; d < count; ++d) {
    if (x.sizes()[d + 2] < 1)
      fail<ShapeError>(name, "an empty map has no values, shape {} was given", x.sizes());
    p.places *= x.sizes()[d + 2];
    p.positions *= grid.sizes()[d + 1];
  }
  if (is_half(x.dtype())) {
    return grid_sample(x.to(float32), grid.to(float32), mode_word, padding_word, align_corners).to(x.dtype());
  }

  const Tensor flat = grid.reshape({p.batches, p.positions, count});
  // From the outermost dimension in, the taps so far times those of the next one.
  std::vector<Tap> taps;
  for (int d = 0; d < count; ++d) {
    const std::int64_t n = x.sizes()[d + 2];
    const std::vector<Tap> along =
        taps_along(select(flat, 2, count - 1 - d), n, mode, padding, align_corners);
    if (d == 0) {
      taps = along;
      continue;
    }
    std::vector<Tap> all;
    for (const Tap& outer : taps) {
      for (const Tap& inner : along) {
        all.push_back({mul(outer.weight, inner.weight), add(mul(outer.index, Scalar(n)), inner.index)});
      }
    }
    taps = all;
  }
  Tensors weights, indices;
  for (const Tap& t : taps) {
    weights.push_back(t.weight);
    indices.push_back(t.index);
  }
  p.taps = static_cast<std::int64_t>(taps.size());
  Shape shape = x.sizes();
  for (int d = 0; d < count; ++d) shape[d + 2] = grid.sizes()[d + 1];
  return sampled(p, stack(indices, 1), x.reshape({p.batches, p.channels, p.places}), stack(weights, 1))
      .reshape(shape);
}

Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners) {
  constexpr auto name = "affine_grid";
  if (!is_floating(theta.dtype()))
    fail<DTypeError>(name, "theta must be floating point, not {}", theta.dtype());
  const int count = size.size() - 2;
  if (count < 2 || count > 3 || theta.dim() != 3 || theta.size(0) != size[0] || theta.size(1) != count ||
      theta.size(2) != count + 1) {
    fail<ShapeError>(
        name,
        "a size {N C H W} needs theta of shape (N, 2, 3), {N C D H W} one of shape (N, 3, 4); size {} "
        "and shape {} were given",
        size, theta.sizes());
  }
  for (const auto s : size) {
    if (s < 1) fail<ShapeError>(name, "sizes must be above 0, {} was given", size);
  }
  Shape shape;
  for (int d = 0; d < count; ++d) shape.push_back(size[d + 2]);
  // The places, x first, and 1.
  Tensors columns;
  for (int d = count - 1; d >= 0; --d) {
    const std::int64_t n = shape[d];
    const Tensor along = empty({n}, float64);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto place = static_cast<double>(i);
      const auto length = static_cast<double>(n);
      along.data<double>()[i] = !align_corners ? (2 * place + 1) / length - 1
                                : n > 1        ? 2 * place / (length - 1) - 1
                                               : 0;
    }
    Shape own = Shape::filled(count, 1);
    own[d] = n;
    columns.push_back(along.to(theta.dtype()).reshape(own).expand(shape));
  }
  columns.push_back(ones({}, theta.dtype()).expand(shape));
  const Tensor places = stack(columns, -1).reshape({-1, count + 1});
  Shape result{size[0]};
  for (const auto s : shape) result.push_back(s);
  result.push_back(count);
  return matmul(places, transpose(theta, 1, 2)).reshape(result);
}

}  // namespace wick
