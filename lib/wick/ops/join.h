#pragma once

#include <optional>
#include <span>

#include "wick/core/tensor.h"

// Several tensors made into one.

namespace WICK_API wick {

// The gathering kernel: destination[i] = sources[i], converted, for all i. The destination's first size is
// the number of sources, the others are each source's shape; any strides. Straight copies, on several threads
// above a size. Not recorded for gradients: GradientError when the destination requires one while recording
// is on.
void gather_into(const Tensor& destination, std::span<const Tensor> sources);

// Tensors of equal shape along a new dimension, in the promoted dtype. ShapeError when there are none or the
// shapes differ. Differentiable.
Tensor stack(const Tensors& tensors, std::int64_t dim = 0);

// Tensors one after another along an existing dimension, in the promoted dtype; all other sizes agree. An
// empty 1-d tensor is skipped. ShapeError for 0-d tensors and sizes that differ. Differentiable.
Tensor cat(const Tensors& tensors, std::int64_t dim = 0);

// Copies side by side: `repeats` times along each dimension, of which it may have more than x, in front.
Tensor repeat(const Tensor& x, const Dims& repeats);
// The same; x may have more dimensions, which are then repeated once.
Tensor tile(const Tensor& x, const Dims& repeats);

// Copies of each position along dim one after another, `repeats` of each or, of position i, repeats[i] (int64
// or int32, 1-d; a single one counts for all). Without a dim: of x flattened. Error for negative numbers.
Tensor repeat_interleave(const Tensor& x, std::int64_t repeats,
                         std::optional<std::int64_t> dim = std::nullopt);
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats,
                         std::optional<std::int64_t> dim = std::nullopt);
// Number i repeats[i] times.
Tensor repeat_interleave(const Tensor& repeats);

}  // namespace wick
