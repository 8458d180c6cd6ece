#pragma once

// Private: what losses share.

#include "wick/nn/loss.h"

namespace wick {

// ShapeError if losses of that shape have no batch to take the mean over, and `reduction` asks for it.
void check_batch(const char* operation, const Shape& losses, Reduction reduction);

// What the sum of the losses is divided by: `mean` is what the mean is over.
inline double divisor_of(Reduction reduction, double mean, std::int64_t batch) {
  if (reduction == Reduction::Mean) return mean;
  return reduction == Reduction::BatchMean ? static_cast<double>(batch) : 1;
}

// The losses of elements or examples, combined.
Tensor reduce_losses(const char* operation, const Tensor& losses, Reduction reduction);

}  // namespace wick
