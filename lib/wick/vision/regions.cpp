#include <algorithm>
#include <cmath>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/core/questions.h"
#include "wick/kernels/table.h"
#include "wick/kernels/taps.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/of_dtype.h"
#include "wick/ops/reduction.h"
#include "wick/ops/taps.h"
#include "wick/ops/views.h"
#include "wick/vision/boxes.h"

// Regions of maps, brought to one size.

namespace wick {
namespace {

struct Options {
  std::int64_t height, width;  // of the results
  double scale;
  std::int64_t ratio;
  bool aligned;
};

// One row of the boxes, its edges in the dtype of the maps.
template <class T>
struct Region {
  std::int64_t map;
  T x1, y1, x2, y2;
};

// (K, 5) in float64, for float32 does not hold all indices as they were given; these are checked.
Tensor regions_of(const char* operation, const Tensor& x, const Tensor& boxes, const Dims& output_size) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(operation, "the input must be floating point, not {}", x.dtype());
  if (is_complex(boxes.dtype()))
    fail<DTypeError>(operation, "boxes must be real numbers, {} was given", boxes.dtype());
  if (x.dim() != 4)
    fail<ShapeError>(operation, "maps (N, C, H, W) are needed, shape {} was given", x.sizes());
  if (output_size.size() != 2 || output_size[0] < 1 || output_size[1] < 1)
    fail<ShapeError>(operation, "output_size must be two numbers above 0, {} was given", output_size);
  if (boxes.dim() != 2 || (boxes.size(1) != 4 && boxes.size(1) != 5))
    fail<ShapeError>(operation, "boxes must have the shape (K, 4) or (K, 5), {} was given", boxes.sizes());
  const NoGrad no_grad;
  const bool numbered = boxes.size(1) == 5;
  const Tensor out = zeros({boxes.size(0), 5}, float64);
  narrow(out, 1, numbered ? 0 : 1, boxes.size(1)).copy_(boxes.detach());
  for (const double map : to_vector<double>(select(out, 1, 0))) {
    if (!(map > -1 && map < static_cast<double>(x.size(0))))
      fail<IndexError>(operation, "the index {} of a map is out of range for {} maps", map, x.size(0));
  }
  return out;
}

template <class T>
Region<T> region_at(const Tensor& regions, std::int64_t k) {
  const double* row = regions.data<double>() + 5 * k;
  return {static_cast<std::int64_t>(row[0]), static_cast<T>(row[1]), static_cast<T>(row[2]),
          static_cast<T>(row[3]), static_cast<T>(row[4])};
}

// How each of the bins from `start` to `end` is a sum of the n places along one side.
template <class T>
TapTable bins_along(T start, T end, std::int64_t n, std::int64_t bins, const Options& o) {
  TapTable table;
  table.size = n;
  const T scale = static_cast<T>(o.scale), offset = o.aligned ? T(0.5) : T(0);
  start = start * scale - offset;
  T extent = end * scale - offset - start;
  if (!o.aligned) extent = std::max(extent, T(1));
  const T bin = extent / static_cast<T>(bins);
  const T samples = o.ratio > 0 ? static_cast<T>(o.ratio) : std::ceil(bin);
  const bool none = !(samples >= 1) || !std::isfinite(start) || !std::isfinite(extent) || samples > T(1e12);
  std::vector<double> taps;
  for (std::int64_t p = 0; p < bins; ++p) {
    std::int64_t first = 0;
    taps.clear();
    if (!none) {
      const T base = start + static_cast<T>(p) * bin, step = bin / samples;
      // Those that can lie on the map.
      std::int64_t from = 0, to = static_cast<std::int64_t>(samples);
      if (step != 0) {
        const double low = (-1 - static_cast<double>(base)) / static_cast<double>(step);
        const double high = (static_cast<double>(n) - static_cast<double>(base)) / static_cast<double>(step);
        const double most = static_cast<double>(to);
        from = static_cast<std::int64_t>(std::clamp(std::floor(std::min(low, high)) - 2, 0.0, most));
        to = static_cast<std::int64_t>(std::clamp(std::ceil(std::max(low, high)) + 2, 0.0, most));
      }
      for (std::int64_t i = from; i < to; ++i) {
        ask_after(i);
        T at = base + (static_cast<T>(i) + T(0.5)) * bin / samples;
        if (!(at >= -1 && at <= static_cast<T>(n))) continue;
        at = std::max(at, T(0));
        std::int64_t low = static_cast<std::int64_t>(at);
        T upper = at - static_cast<T>(low);
        if (low >= n - 1) {
          low = n - 1;
          upper = 0;
        }
        if (taps.empty()) first = low;
        if (low < first) {  // where a box is turned round
          taps.insert(taps.begin(), static_cast<std::size_t>(first - low), 0.0);
          first = low;
        }
        const auto place = static_cast<std::size_t>(low - first);
        if (taps.size() < place + 2) taps.resize(place + 2);
        taps[place] += static_cast<double>(1 - upper) / static_cast<double>(samples);
        taps[place + 1] += static_cast<double>(upper) / static_cast<double>(samples);
      }
    }
    if (!taps.empty() && first + static_cast<std::int64_t>(taps.size()) > n) taps.pop_back();
    table.first.push_back(first);
    table.weights.insert(table.weights.end(), taps.begin(), taps.end());
    table.start.push_back(static_cast<std::int64_t>(table.weights.size()));
  }
  return table;
}

// Leaves out the places before and behind those that are read; where these begin.
std::int64_t leave_out_unread(TapTable& t) {
  std::int64_t low = t.size, high = 0;
  for (std::size_t i = 0; i < t.first.size(); ++i) {
    const std::int64_t count = t.start[i + 1] - t.start[i];
    if (count == 0) continue;
    low = std::min(low, t.first[i]);
    high = std::max(high, t.first[i] + count);
  }
  low = std::min(low, high);
  t.size = high - low;
  for (auto& first : t.first) first = std::max<std::int64_t>(first - low, 0);
  return low;
}

// A table as the kernels take it.
template <class T>
struct Prepared {
  explicit Prepared(const TapTable& t) : table(t), weights(t.weights.begin(), t.weights.end()) {
    taps = {t.results(), table.first.data(), table.start.data(), weights.data()};
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  TapTable table;
  std::vector<T> weights;
  kernels::Taps taps;
};

// Maps (N, H, W, C), results (K, height, width, C), all dense.
template <class T>
void align(const Tensor& out, const Tensor& maps, const Tensor& regions, const Options& o) {
  const std::int64_t h = maps.size(1), w = maps.size(2), c = maps.size(3), row = o.width * c;
  const auto run = of_dtype(*kernels::table().taps, maps.dtype()).columns;
  const std::int64_t work = std::max<std::int64_t>(o.height * row * 8, 1);
  parallel_for(out.size(0), std::max<std::int64_t>(parallel::grain / work, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 std::vector<T> rows;
                 for (std::int64_t k = begin; k < end; ++k) {
                   const Region<T> r = region_at<T>(regions, k);
                   TapTable down = bins_along(r.y1, r.y2, h, o.height, o);
                   const Prepared<T> across(bins_along(r.x1, r.x2, w, o.width, o));
                   const std::int64_t low = leave_out_unread(down);
                   rows.resize(static_cast<std::size_t>(down.size * row));
                   for (std::int64_t y = 0; y < down.size; ++y) {
                     run({&across.taps, maps.data<T>() + (r.map * h + low + y) * w * c, rows.data() + y * row,
                          c, c, c});
                   }
                   const Prepared<T> vertical(down);
                   run({&vertical.taps, rows.data(), out.data<T>() + k * o.height * row, row, row, row});
                 }
               });
}

// The transposed map: added to the maps, one region after another.
template <class T>
void spread(const Tensor& maps, const Tensor& values, const Tensor& regions, const Options& o) {
  const std::int64_t h = maps.size(1), w = maps.size(2), c = maps.size(3), row = o.width * c;
  const auto run = of_dtype(*kernels::table().taps, maps.dtype()).columns;
  const kernels::Loop add = kernels::table().binary[kernels::Binary::Add][index_of(maps.dtype())];
  std::vector<T> rows, line(static_cast<std::size_t>(w * c));
  for (std::int64_t k = 0; k < values.size(0); ++k) {
    check_interrupt({k, values.size(0)});
    const Region<T> r = region_at<T>(regions, k);
    TapTable down = bins_along(r.y1, r.y2, h, o.height, o);
    const std::int64_t low = leave_out_unread(down);
    rows.resize(static_cast<std::size_t>(down.size * row));
    const Prepared<T> vertical(*transposed(down));
    const Prepared<T> across(*transposed(bins_along(r.x1, r.x2, w, o.width, o)));
    run({&vertical.taps, values.data<T>() + k * o.height * row, rows.data(), row, row, row});
    for (std::int64_t y = 0; y < down.size; ++y) {
      run({&across.taps, rows.data() + y * row, line.data(), c, c, c});
      kernels::Block block{};
      block.n = w * c;
      block.rows = 1;
      block.data[0] = block.data[1] = reinterpret_cast<char*>(maps.data<T>() + (r.map * h + low + y) * w * c);
      block.data[2] = reinterpret_cast<char*>(line.data());
      for (int i = 0; i < 3; ++i) block.step[i] = sizeof(T);
      add(block, nullptr);
    }
  }
}

Tensor channels_last(const Tensor& x) { return permute(x.detach(), {0, 2, 3, 1}).contiguous(); }

Tensor align_gradient(const Tensor& g, const Tensor& regions, const Shape& shape, const Options& o);

Tensor aligned_regions(const Tensor& x, const Tensor& regions, const Options& o) {
  const Tensor out = empty({regions.size(0), o.height, o.width, x.size(1)}, x.dtype());
  if (x.size(2) == 0 || x.size(3) == 0) {
    out.zero_();
  } else if (out.numel() > 0) {
    const Tensor maps = channels_last(x);
    x.dtype() == float32 ? align<float>(out, maps, regions, o) : align<double>(out, maps, regions, o);
  }
  return record("roi_align", permute(out, {0, 3, 1, 2}).contiguous(), {x}, saving(regions, x.sizes(), o),
                [](const Tensor& g, const Tensor& saved, const Shape& shape, const Options& options) {
                  return align_gradient(g, saved, shape, options);
                });
}

Tensor align_gradient(const Tensor& g, const Tensor& regions, const Shape& shape, const Options& o) {
  const Tensor maps = zeros({shape[0], shape[2], shape[3], shape[1]}, g.dtype());
  if (maps.numel() > 0 && g.numel() > 0) {
    const Tensor values = channels_last(g);
    g.dtype() == float32 ? spread<float>(maps, values, regions, o) : spread<double>(maps, values, regions, o);
  }
  return record("roi_align", permute(maps, {0, 3, 1, 2}).contiguous(), {g}, saving(regions, o),
                [](const Tensor& h, const Tensor& saved, const Options& options) {
                  return aligned_regions(h, saved, options);
                });
}

// For each result the place of the largest element among all of x, or -1.
template <class T>
void find_largest(std::int64_t* index, const Tensor& x, const Tensor& regions, const Options& o) {
  const std::int64_t channels = x.size(1), h = x.size(2), w = x.size(3);
  const T* from = x.data<T>();
  const auto corner = [&](T edge) {
    const double place = std::round(static_cast<double>(edge * static_cast<T>(o.scale)));
    // What is far outside is as empty as what is farther.
    return static_cast<std::int64_t>(std::isnan(place) ? 0 : std::clamp(place, -1e9, 1e9));
  };
  // The places of a bin along a side of n places.
  const auto bin = [](std::int64_t start, std::int64_t end, std::int64_t n, std::int64_t bins,
                      std::int64_t p) {
    const T size = static_cast<T>(std::max<std::int64_t>(end - start + 1, 1)) / static_cast<T>(bins);
    const auto low = static_cast<std::int64_t>(std::floor(static_cast<T>(p) * size));
    const auto high = static_cast<std::int64_t>(std::ceil(static_cast<T>(p + 1) * size));
    return std::pair(std::clamp<std::int64_t>(low + start, 0, n),
                     std::clamp<std::int64_t>(high + start, 0, n));
  };
  for (std::int64_t k = 0; k < regions.size(0); ++k) {
    check_interrupt({k, regions.size(0)});
    const Region<T> r = region_at<T>(regions, k);
    const std::int64_t x1 = corner(r.x1), y1 = corner(r.y1), x2 = corner(r.x2), y2 = corner(r.y2);
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t plane = (r.map * channels + c) * h * w;
      for (std::int64_t p = 0; p < o.height; ++p) {
        const auto [top, bottom] = bin(y1, y2, h, o.height, p);
        for (std::int64_t q = 0; q < o.width; ++q) {
          const auto [left, right] = bin(x1, x2, w, o.width, q);
          std::int64_t best = -1;
          for (std::int64_t y = top; y < bottom; ++y) {
            for (std::int64_t i = plane + y * w + left; i < plane + y * w + right; ++i) {
              if (best < 0 || from[i] > from[best] || from[i] != from[i]) best = i;
            }
          }
          *index++ = best;
        }
      }
    }
  }
}

}  // namespace

Tensor roi_align(const Tensor& x, const Tensor& boxes, const Dims& output_size, double spatial_scale,
                 std::int64_t sampling_ratio, bool aligned) {
  // More could not be told apart in float32, and would never end.
  constexpr std::int64_t most_samples = 1 << 23;
  if (sampling_ratio > most_samples)
    fail("roi_align", "sampling_ratio must be at most {}, {} was given", most_samples, sampling_ratio);
  const Tensor regions = regions_of("roi_align", x, boxes, output_size);
  const Options options{output_size[0], output_size[1], spatial_scale, sampling_ratio, aligned};
  numel({regions.size(0), x.size(1), options.height, options.width});
  if (is_half(x.dtype())) return aligned_regions(x.to(float32), regions, options).to(x.dtype());
  return aligned_regions(x, regions, options);
}

Tensor roi_pool(const Tensor& x, const Tensor& boxes, const Dims& output_size, double spatial_scale) {
  const Tensor regions = regions_of("roi_pool", x, boxes, output_size);
  if (is_half(x.dtype())) return roi_pool(x.to(float32), boxes, output_size, spatial_scale).to(x.dtype());
  const Options options{output_size[0], output_size[1], spatial_scale, 0, false};
  const Shape shape{regions.size(0), x.size(1), options.height, options.width};
  const Tensor index = empty(shape, int64);
  // Sums of nothing, which have a gradient.
  if (x.numel() == 0) return sum(x).expand(shape).clone();
  {
    const Tensor dense = x.detach().contiguous();
    auto* to = index.data<std::int64_t>();
    x.dtype() == float32 ? find_largest<float>(to, dense, regions, options)
                         : find_largest<double>(to, dense, regions, options);
  }
  const Tensor empty_bin = lt(index, Scalar(0));
  return where(empty_bin, zeros({}, x.dtype()), take(x, where(empty_bin, zeros({}, int64), index)));
}

}  // namespace wick
