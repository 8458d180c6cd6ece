#include "wick/ops/counting.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/reduction.h"

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
  if (!std::isfinite(range.first) || !std::isfinite(range.second))
    fail(operation, "the range {} to {} is not finite", range.first, range.second);
  if (range.first > range.second)
    fail(operation, "the range {} to {} is upside down", range.first, range.second);
}

double edge(const Range& range, std::int64_t bins, std::int64_t i) {
  if (i == bins) return range.second;
  const double t = static_cast<double>(i) / static_cast<double>(bins);
  return range.first * (1 - t) + range.second * t;  // does not overflow where the length of the range does
}

// The sums of weights, or the counts where there are none, in each bin.
std::vector<double> fill_bins(const Tensor& x, std::int64_t bins, const Range& range, const Tensor& weights) {
  const Tensor values = x.detach().to(float64).contiguous();
  const Tensor weight_values = weights.defined() ? weights.detach().to(float64).contiguous() : Tensor();
  const double* weight = weights.defined() ? weight_values.data<double>() : nullptr;
  std::vector<double> edges(static_cast<std::size_t>(bins) + 1);
  for (std::int64_t i = 0; i <= bins; ++i) edges[static_cast<std::size_t>(i)] = edge(range, bins, i);
  // Halves, as the length itself can overflow.
  const double per_bin = static_cast<double>(bins) / (range.second / 2 - range.first / 2);
  std::vector<double> sums(static_cast<std::size_t>(bins), 0.0);
  const double* value = values.data<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const double v = value[i];
    if (!(v >= range.first && v <= range.second)) continue;
    auto bin = std::min(static_cast<std::size_t>((v / 2 - range.first / 2) * per_bin), sums.size() - 1);
    // The product is rounded: the edges decide.
    if (v < edges[bin]) {
      --bin;
    } else if (bin + 1 < sums.size() && v >= edges[bin + 1]) {
      ++bin;
    }
    sums[bin] += weight ? weight[i] : 1;
  }
  return sums;
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
  for (std::int64_t i = 0; i < numbers.numel(); ++i) ++count[number[i]];
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
  std::vector<double> sums = fill_bins(x, bins, found, weights);
  std::vector<double> edges;
  for (std::int64_t i = 0; i <= bins; ++i) edges.push_back(edge(found, bins, i));
  if (density) {
    double total = 0;
    for (const double sum : sums) total += sum;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= total * (edges[i + 1] - edges[i]);
  }
  return {tensor(sums, {bins}, x.dtype()), tensor(edges, {bins + 1}, x.dtype())};
}

Tensor histc(const Tensor& x, std::int64_t bins, double low, double high) {
  const Range range = widened(low == high ? range_of(x) : Range{low, high}, 1);
  check("histc", x, bins, range);
  return tensor(fill_bins(x, bins, range, {}), {bins}, x.dtype());
}

}  // namespace wick
