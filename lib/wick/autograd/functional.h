#pragma once

#include <functional>
#include <vector>

#include "wick/core/tensor.h"

// Derivatives of functions, with the names and the meaning of torch.autograd.functional: recording is on
// while the function runs, whatever it is around, and gradients of leaves stay as they are. Inputs are
// floating point or complex (DTypeError). With create_graph the results can be differentiated themselves,
// with respect to the inputs given and to what the function captures.

namespace WICK_API wick {
namespace autograd {

using TensorFunction = std::function<Tensor(const Tensor& x)>;
using TensorsFunction = std::function<Tensors(const Tensors& inputs)>;

// The derivative of each element of y = f(x) with respect to each of x: of y's shape followed by x's.
Tensor jacobian(const TensorFunction& f, const Tensor& x, bool create_graph = false);
// Of a function of several tensors with several results: [result][input].
std::vector<Tensors> jacobian(const TensorsFunction& f, const Tensors& inputs, bool create_graph = false);
// The second derivatives of a function with one element: of x's shape twice. ShapeError for more elements.
Tensor hessian(const TensorFunction& f, const Tensor& x, bool create_graph = false);

// f(x), and a product with its Jacobian J.
struct FunctionProduct {
  Tensor value, product;
};
// v J, of x's shape, for v of that of f(x); undefined it is 1 for a single element. ShapeError for another.
FunctionProduct vjp(const TensorFunction& f, const Tensor& x, const Tensor& v = {},
                    bool create_graph = false);
// J v, of f(x)'s shape, for v of x's. It is the derivative of v J with respect to v, which J v is linear in.
FunctionProduct jvp(const TensorFunction& f, const Tensor& x, const Tensor& v, bool create_graph = false);

// f of each position of x along in_dim, in a new dimension out_dim. ShapeError for none at all.
Tensor vmap(const TensorFunction& f, const Tensor& x, std::int64_t in_dim = 0, std::int64_t out_dim = 0);

struct GradcheckOptions {
  double eps = 1e-6;  // of central differences
  double atol = 1e-5, rtol = 1e-3;
  bool raise_exception = true;  // GradientError that says where they differ, else false
};
// Whether the gradients of f agree with numeric differences, in all inputs that require one, and gradients of
// these gradients. Inputs should be float64 or complex128; a complex number counts as its two parts.
bool gradcheck(const TensorsFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});
bool gradgradcheck(const TensorsFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

// f(inputs), of which nothing is kept but the inputs: the backward pass runs f once more, from the same state
// of the generator. Memory for time. Gradients also reach the leaves that f captures, such as the parameters
// of a module; other tensors with a history have to be among the inputs (GradientError), and so have all that
// require a gradient when gradients of gradients are wanted. f must give the same each time.
Tensors checkpoint(const TensorsFunction& f, const Tensors& inputs);
Tensor checkpoint(const TensorFunction& f, const Tensor& x);

}  // namespace autograd
}  // namespace wick
