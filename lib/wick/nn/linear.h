#pragma once

#include "wick/nn/module.h"

namespace WICK_API wick {

// x W^T + b: x (..., in), weight (out, in) or (in), bias (out), 0-d or undefined; (..., out). DTypeError
// unless all have one dtype. Differentiable.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

namespace nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = float32;
};

// A linear layer. Weight and bias are drawn uniformly from +-1 / sqrt(in), in this order, as in PyTorch.
// ShapeError for negative sizes.
class Linear : public Module {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options = {});
  Tensor forward(const Tensor& x) override { return linear(x, weight, bias); }
  const char* kind() const override { return "linear"; }

  std::int64_t in_features, out_features;
  Tensor& weight;  // (out_features, in_features)
  Tensor& bias;    // (out_features), undefined without bias
};

}  // namespace nn
}  // namespace wick
