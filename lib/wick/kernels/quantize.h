#pragma once

#include "wick/kernels/table.h"

// The loops of quantization. A level q stands for the number (q - zero_point) scale. Scales and zero points
// are operands too, with a step of 0 where all elements share them. Rounding takes halves to the even level.

namespace wick::kernels {

struct QuantizeLimits {
  double low = 0, high = 0;  // the smallest and the largest level
};

// Requantizing: operand 1 and 2 are levels, stored as operand 0 is.
struct RequantizeParameters {
  float a_scale, b_scale, factor;  // factor of the second summand
  int32_t a_zero_point, b_zero_point;
  float scale;  // of the result
  int32_t zero_point;
};

}  // namespace wick::kernels
