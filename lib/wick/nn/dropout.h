#pragma once

#include "wick/nn/module.h"

namespace WICK_API wick {
namespace nn {

// In training each element is 0 with probability p, and the others are divided by 1 - p; see wick::dropout.
// In place the input itself changes, and is the result. Error unless 0 <= p <= 1.
class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5, bool inplace = false);
  Tensor forward(const Tensor& x) override;
  const char* kind() const override { return "dropout"; }

  double p;
  bool inplace;
};

}  // namespace nn
}  // namespace wick
