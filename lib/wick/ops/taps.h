#pragma once

// Private: linear maps along one dimension of which each result reads a few neighbours: resizing and
// resampling. Their gradients are maps of the same kind.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/tensor.h"

namespace wick {

// Result i is the sum of weights[start[i] + t] * x[first[i] + t].
struct TapTable {
  std::int64_t size = 0;  // of the dimension that is read
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> start{0};
  std::vector<double> weights;

  std::int64_t results() const { return static_cast<std::int64_t>(first.size()); }
  // The next result. Places outside of [0, size) count as the nearest one within, where `at_border`, else as
  // 0.
  void add(std::int64_t from, const std::vector<double>& taps, bool at_border);
};
using SharedTaps = std::shared_ptr<const TapTable>;
template <>
inline constexpr bool autograd::saved_by_value<SharedTaps> = true;

// The transposed map.
SharedTaps transposed(const TapTable& table);

// Maps along several dimensions, each along one of its own.
struct TapsAlong {
  int dim;
  SharedTaps table;
};
template <>
inline constexpr bool autograd::saved_by_value<TapsAlong> = true;

// x, floating point. The maps are applied in the order that is the least work.
Tensor apply_taps(const char* operation, const Tensor& x, std::vector<TapsAlong> maps);

// One map of so many results, given by what makes the table of the results [begin, end), piece by piece and
// without history: the table of a long dimension takes many times the memory of a line of results.
using TapMaker = std::function<SharedTaps(std::int64_t begin, std::int64_t end)>;
Tensor apply_taps(const char* operation, const Tensor& x, int dim, std::int64_t results,
                  const TapMaker& make);
// The length of a piece.
inline constexpr std::int64_t long_taps = std::int64_t{1} << 16;

}  // namespace wick
