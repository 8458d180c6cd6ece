#pragma once

#include <optional>
#include <string_view>

#include "wick/core/operand.h"

// Places in sorted sequences.

namespace WICK_API wick {

// For each value (a tensor, or a number with a 1-d sequence) the place where it belongs in the sequence,
// which rises along the last dimension: how many elements are less than the value or, with `right`, not
// greater. A NaN belongs behind everything. The sequence is 1-d, or has the values' sizes in all dimensions
// but the last, whose rows are then searched in its rows. In place of `right` a side can be named, "left" or
// "right", and a sequence that is not sorted is one with a sorter, what argsort gives of it. int64, or int32.
// Not for complex dtypes; integers beside floating point are compared in float64.
Tensor searchsorted(const Tensor& sorted_sequence, const Operand& values, bool out_int32 = false,
                    bool right = false, std::optional<std::string_view> side = std::nullopt,
                    const Tensor& sorter = {});

// The same of 1-d boundaries: bucket i lies between boundaries i - 1 and i, and has the upper one in it or,
// with `right`, the lower one.
Tensor bucketize(const Operand& values, const Tensor& boundaries, bool out_int32 = false, bool right = false);

}  // namespace wick
