#include "wick/nn/dropout.h"

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/ops/random.h"

namespace wick::nn {

Dropout::Dropout(double probability, bool in_place) : p(probability), inplace(in_place) {
  if (!(p >= 0 && p <= 1)) fail("dropout", "p must be from 0 to 1, {} was given", p);
}

Tensor Dropout::forward(const Tensor& x) {
  if (!inplace || !is_training()) return dropout(x, p, is_training());
  return change_in_place("dropout_", x, {}, [&](const Tensor& values) { return dropout(values, p, true); });
}

}  // namespace wick::nn
