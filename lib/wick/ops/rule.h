#pragma once

// Private: functions of one operand, as rules in a table.

#include "wick/core/tensor.h"
#include "wick/kernels/table.h"

namespace wick {

// What the derivative of a function needs to be written.
enum class Saves { Nothing, Input, Result };

// A function of one operand. `derivative` gives the gradient of the input from that of the result and what is
// saved: the input or the result.
struct UnaryRule {
  const char* name;
  kernels::Unary op;
  bool floating;  // integers and bool are computed in float32
  int cost;       // of an element, in additions
  Saves saves;
  Tensor (*derivative)(const Tensor& g, const Tensor& saved);
};

Tensor apply(const UnaryRule& rule, const Tensor& x);

}  // namespace wick
