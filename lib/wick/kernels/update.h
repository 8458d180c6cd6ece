#pragma once

#include "wick/kernels/table.h"

namespace wick::kernels {

// What an optimizer does to each element of a parameter p with the gradient g, from up to three tensors of
// state that it changes as well. g is negated before all else when `maximize`, then weight_decay * p is
// added. Which constants mean what is said for each; lr, weight_decay and eps are what they are called.
enum class Update {
  Sgd,          // p -= lr g
  Momentum,     // buffer = beta1 buffer + a g; p -= lr (b g + c buffer)
  Adam,         // m, v; shrink p by the factor c first; p -= a m / (b sqrt(v) + eps)
  AmsGrad,      // m, v, the largest v, which stands for v
  NAdam,        // m, v; d = b sqrt(v) + eps; p -= (a g + c m) / d
  RAdam,        // m, v; p -= a m (b / (sqrt(v) + eps) + c)
  Adamax,       // m, u = max(beta2 u, |g| + eps); p -= a m / u
  Adagrad,      // sum += g^2; p -= a g / (sqrt(sum) + eps)
  RmsProp,      // v = beta2 v + (1 - beta2) g^2; p -= lr g / (sqrt(v) + eps)
  RmsMomentum,  // v, buffer = beta1 buffer + g / (sqrt(v) + eps); p -= lr buffer
  RmsCentered,  // v, buffer, mean of g; its square is taken from v
  Adadelta,     // v, d of beta2; delta = sqrt(d + eps) / sqrt(v + eps) g; p -= lr delta
  Rprop,        // the gradient before, step sizes between a and b, which shrink by beta1 and grow by beta2
  Asgd,         // average; p = a p - lr g; average += (p - average) b
  count_
};

struct UpdateConstants {
  double lr = 0, weight_decay = 0, beta1 = 0, beta2 = 0, eps = 0;
  double a = 0, b = 0, c = 1;
  bool maximize = false;
};

// n dense elements, all of the parameter's dtype.
struct UpdateArguments {
  int64_t n;
  char* parameter;
  const char* gradient;
  char* state[3];
  const UpdateConstants* constants;
};
using UpdateFunction = void (*)(const UpdateArguments& arguments);

struct UpdateKernels {
  Family<Update, UpdateFunction> functions;  // of floating point dtypes
};

}  // namespace wick::kernels
