#pragma once

#include "support.h"

namespace wick::test {

// A function of tensors to be differentiated.
using Function = std::function<Tensor(const Tensors&)>;

// Compares gradients of f, and gradients of its gradients, with central differences. The inputs are float64
// or complex128, of any strides but none of 0, and lie where f is smooth. A failed check names `what`.
void check_gradients(const std::string& what, const Function& f, const Tensors& inputs);

}  // namespace wick::test
