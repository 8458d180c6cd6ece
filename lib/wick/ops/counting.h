#pragma once

#include <optional>
#include <utility>

#include "wick/core/tensor.h"

// How often values occur.

namespace WICK_API wick {

// For each number n from 0 to the largest element how often it occurs in x (1-d, integers or bool): int64,
// with zeros up to `minlength` elements. With weights (of x's shape) the sum of the weights of the places
// where it occurs, in their floating point dtype, float64 for integers; differentiable with respect to them.
// Error for negative elements.
Tensor bincount(const Tensor& x, const Tensor& weights = {}, std::int64_t minlength = 0);

struct Histogram {
  Tensor hist, bin_edges;
};
// How many elements of x lie in each of `bins` equal intervals of the range; the last one has its upper edge
// in it. Elements outside and NaN do not count. Without a range it goes from the least to the largest
// element; a range of no length is widened by 0.5 on either side. With weights (of x's shape) their sums in
// place of the counts, differentiable with respect to them; with `density` the histogram is divided by its
// sum and the bins' width. In the dtype of x, which must be floating point.
Histogram histogram(const Tensor& x, std::int64_t bins,
                    std::optional<std::pair<double, double>> range = std::nullopt, const Tensor& weights = {},
                    bool density = false);

// The counts alone, and as in PyTorch the range is that of the elements when low equals high, widened by 1 on
// either side if it still has no length.
Tensor histc(const Tensor& x, std::int64_t bins = 100, double low = 0, double high = 0);

}  // namespace wick
