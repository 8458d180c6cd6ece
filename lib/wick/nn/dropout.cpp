#include "wick/nn/dropout.h"

#include "wick/core/fail.h"
#include "wick/ops/random.h"

namespace wick::nn {

Dropout::Dropout(double probability) : p(probability) {
  if (!(p >= 0 && p <= 1)) fail("dropout", "p must be from 0 to 1, {} was given", p);
}

Tensor Dropout::forward(const Tensor& x) { return dropout(x, p, is_training()); }

}  // namespace wick::nn
