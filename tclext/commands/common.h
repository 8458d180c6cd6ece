#pragma once

#include "tclext/binding/command.h"
#include "wick/wick.h"

// Parameters that many commands share.
namespace commands {

using binding::AnyDevice;
using binding::Area;
using binding::bind;
using binding::Call;
using binding::Command;
using binding::Device;
using binding::Ints;
using binding::omittable;
using binding::Param;
using binding::required;
using binding::TensorOrNumber;
using std::optional;
using wick::DType;
using wick::Scalar;
using wick::Shape;
using wick::Tensor;
using wick::Tensors;

inline const Param input{"input", required, "the tensor"};
inline const Param shape{"shape", required, "size of each dimension; empty for a 0-d tensor"};
inline const Param dtype{"dtype", DType::Float32, "element type"};
inline const Param device{"device", "cpu", "where the tensor lives: cpu or cuda"};
inline const Param requires_grad{"requiresGrad", false, "whether gradients are tracked"};
inline const Param dim_or_all{"dim", omittable,
                              "dimension to reduce, negative counts from the end; all of them when left out"};

// A new leaf.
inline Tensor leaf(const Tensor& tensor, bool wants_gradient) {
  if (wants_gradient) tensor.requires_grad_();
  return tensor;
}

}  // namespace commands
