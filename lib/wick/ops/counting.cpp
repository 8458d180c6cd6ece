#include "wick/ops/counting.h"

#include <algorithm>
#include <cmath>

#include "wick/core/fail.h"
#include "wick/core/questions.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/reduction.h"
#include "wick/ops/scan.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

using Range = std::pair<double, double>;

// The least and the largest element.
Range range_of(const Tensor& x) {
  if (x.numel() == 0) return {0, 0};
  return {min(x).item().to_double(), max(x).item().to_double()};
}

Range widened(const Range& range, double margin) {
  return range.first == range.second ? Range{range.first - margin, range.second + margin} : range;
}

void check(const char* operation, const Tensor& x, std::int64_t bins, const Range& range) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(operation, "x must be floating point, {} was given", x.dtype());
  if (bins < 1) fail(operation, "bins must be at least 1, {} was given", bins);
  if (bins == INT64_MAX) fail<MemoryError>(operation, "{} bins are too many", bins);
  if (!std::isfinite(range.first) || !std::isfinite(range.second))
    fail(operation, "the range {} to {} is not finite", range.first, range.second);
  if (range.first > range.second)
    fail(operation, "the range {} to {} is upside down", range.first, range.second);
}

// The ends of the bins, in float64.
Tensor edges_of(const Range& range, std::int64_t bins) {
  const Tensor edges = empty({bins + 1}, float64);
  double* edge = edges.data<double>();
  for (std::int64_t i = 0; i < bins; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(bins);
    edge[i] = range.first * (1 - t) + range.second * t;  // does not overflow where the length does
  }
  edge[bins] = range.second;
  return edges;
}

// Calls use(i, bin) for every element that lies in a bin, in row-major order.
template <class Use>
void each_in_bin(const Tensor& x, const Tensor& edges, Use use) {
  const Tensor values = x.detach().to(float64).contiguous();
  const double* edge = edges.data<double>();
  const std::int64_t bins = edges.numel() - 1;
  const double low = edge[0], high = edge[bins];
  // Halves, as the length itself can overflow.
  const double per_bin = static_cast<double>(bins) / (high / 2 - low / 2);
  const double* value = values.data<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    ask_after(i);
    const double v = value[i];
    if (!(v >= low && v <= high)) continue;
    auto bin = std::min(static_cast<std::int64_t>((v / 2 - low / 2) * per_bin), bins - 1);
    // The product is rounded: the edges decide.
    if (v < edge[bin]) {
      --bin;
    } else if (bin + 1 < bins && v >= edge[bin + 1]) {
      ++bin;
    }
    use(i, bin);
  }
}

// How many elements lie in each bin, in float64.
Tensor counts_of(const Tensor& x, const Tensor& edges) {
  const Tensor counts = zeros({edges.numel() - 1}, float64);
  double* count = counts.data<double>();
  each_in_bin(x, edges, [=](std::int64_t, std::int64_t bin) { ++count[bin]; });
  return counts;
}

// The sums of the weights in each bin, in float64.
Tensor sums_of(const Tensor& x, const Tensor& edges, const Tensor& weights) {
  // Elements outside have a bin of their own, behind the others.
  const std::int64_t bins = edges.numel() - 1;
  const Tensor places = full({x.numel()}, bins, int64);
  auto* place = places.data<std::int64_t>();
  each_in_bin(x, edges, [=](std::int64_t i, std::int64_t bin) { place[i] = bin; });
  const Tensor sums = index_add(zeros({bins + 1}, float64), 0, places, weights.to(float64).flatten());
  return narrow(sums, 0, 0, bins);
}

}  // namespace

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t minlength) {
  if (x.dim() != 1) fail<ShapeError>("bincount", "x must have one dimension, shape {} was given", x.sizes());
  if (!is_integral(x.dtype())) fail<DTypeError>("bincount", "x must hold integers, {} was given", x.dtype());
  if (minlength < 0) fail("bincount", "minlength must not be negative, {} was given", minlength);
  if (weights.defined() && weights.sizes() != x.sizes())
    fail<ShapeError>("bincount", "the weights must have the shape of x, {} and {} were given",
                     weights.sizes(), x.sizes());
  const Tensor numbers = x.to(int64).contiguous();
  const std::int64_t* number = numbers.data<std::int64_t>();
  std::int64_t least = 0, most = -1;
  for (std::int64_t i = 0; i < numbers.numel(); ++i) {
    ask_after(i);
    least = std::min(least, number[i]);
    most = std::max(most, number[i]);
  }
  if (least < 0) fail("bincount", "the elements must not be negative, {} is among them", least);
  if (most == INT64_MAX) fail<MemoryError>("bincount", "the largest element {} is too large", most);
  const Shape shape{std::max(most + 1, minlength)};
  if (weights.defined()) {
    const Tensor summands = is_floating(weights.dtype()) ? weights : weights.to(float64);
    return index_add(zeros(shape, summands.dtype()), 0, numbers, summands);
  }
  const Tensor counts = zeros(shape, int64);
  std::int64_t* count = counts.data<std::int64_t>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) {
    ask_after(i);
    ++count[number[i]];
  }
  return counts;
}

Histogram histogram(const Tensor& x, std::int64_t bins, std::optional<Range> range, const Tensor& weights,
                    bool density) {
  const Range found = widened(range ? *range : range_of(x), 0.5);
  check("histogram", x, bins, found);
  if (weights.defined() && weights.sizes() != x.sizes()) {
    fail<ShapeError>("histogram", "the weights must have the shape of x, {} and {} were given",
                     weights.sizes(), x.sizes());
  }
  const Tensor edges = edges_of(found, bins);
  Tensor sums = weights.defined() ? sums_of(x, edges, weights) : counts_of(x, edges);
  if (density) sums = div(sums, mul(sum(sums), diff(edges)));
  return {sums.to(x.dtype()), edges.to(x.dtype())};
}

Tensor histc(const Tensor& x, std::int64_t bins, double low, double high) {
  const Range range = widened(low == high ? range_of(x) : Range{low, high}, 1);
  check("histc", x, bins, range);
  return counts_of(x, edges_of(range, bins)).to(x.dtype());
}

}  // namespace wick
