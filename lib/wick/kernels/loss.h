#pragma once

#include "wick/kernels/table.h"

namespace wick::kernels {

// Losses of one element, from the prediction x and the target t, with a parameter a.
enum class Loss {
  L1,              // |x - t|
  SmoothL1,        // (x - t)^2 / 2a where |x - t| < a, else |x - t| - a / 2
  Huber,           // (x - t)^2 / 2 where |x - t| <= a, else a (|x - t| - a / 2)
  Squared,         // (x - t)^2
  Bce,             // -t log(x) - (1 - t) log(1 - x), logarithms from -100 on; NaN unless 0 <= x <= 1
  BceLogits,       // the same of sigmoid(x), without bounds
  KlDiv,           // t (log(t) - x), 0 where t is 0
  KlDivLog,        // exp(t) (t - x), 0 where t is -inf
  SoftMargin,      // log(1 + exp(-t x))
  Hinge,           // x unless t is -1, plus max(0, a - x) unless t is 1
  PoissonLog,      // exp(x) - t x
  Poisson,         // x - t log(x + a)
  PoissonLogFull,  // with Stirling's log(t!) where t > 1
  PoissonFull,
  count_
};

struct LossParameters {
  double a = 0;
  double scale = 1;  // of gradients
};

// The parameters are LossParameters.
struct LossLoops {
  Loop value;  // operand 0 from operand 1, x, and operand 2, t
  // Adds the losses to operand 0, which is one double.
  Loop sum;
  // Operand 0 gets `scale` times operand 1 times the derivative with respect to x, operand 2; operand 3 is t.
  Loop gradient;
};

struct LossKernels {
  Family<Loss, LossLoops> loops;  // of floating point dtypes
};

}  // namespace wick::kernels
