#pragma once

// Private: functions of one operand, as rules in a table.

#include <type_traits>

#include "wick/core/tensor.h"
#include "wick/kernels/table.h"

namespace wick {

// What the derivative of a function is written in terms of.
enum class Saves { Nothing, Input, Result };

using kernels::UnaryParameters;

// The gradient of the input from that of the result and what is saved, where need be with the parameters of
// the function; written with the library's operations, so that it can be differentiated again.
struct Derivative {
  using Plain = Tensor (*)(const Tensor& g, const Tensor& saved);
  using WithParameters = Tensor (*)(const Tensor& g, const Tensor& saved, const UnaryParameters& p);
  Plain plain = nullptr;
  WithParameters with_parameters = nullptr;

  template <class F>
  constexpr Derivative(F f) {
    if constexpr (std::is_convertible_v<F, Plain>) {
      plain = f;
    } else {
      with_parameters = f;
    }
  }
  Tensor operator()(const Tensor& g, const Tensor& saved, const UnaryParameters& p) const {
    return plain ? plain(g, saved) : with_parameters(g, saved, p);
  }
};

// Where the table of kernels has the derivative as well, that is taken unless it has to be recorded.
struct UnaryRule {
  const char* name;
  kernels::Unary op;
  bool floating;  // integers and bool are computed in float32
  int cost;       // of an element, in additions
  Saves saves;
  Derivative derivative;
};

Tensor apply(const UnaryRule& rule, const Tensor& x, const UnaryParameters& parameters = {});
// The same in place: x.exp_() and its like.
const Tensor& apply_in_place(const UnaryRule& rule, const Tensor& x, const UnaryParameters& parameters = {});

// As result_type of two.
DType result_type(const Tensor& a, const Tensor& b, const Tensor& c);

// A number beside tensors as those of that dtype take it: beside integers one that is whole, as an integer;
// beside real numbers a real one. DTypeError for others, which names the parameter.
Scalar factor_for(const char* operation, const char* parameter, const Scalar& factor, DType dtype);
Scalar conjugate(const Scalar& number);

// The loop over one or two inputs, broadcast to each other, and a new tensor, which it returns. Few elements
// of contiguous inputs of one shape take a short way.
Tensor run_elementwise(std::initializer_list<const Tensor*> inputs, DType dtype, kernels::Loop loop,
                       const void* parameters = nullptr, int cost = 1);

}  // namespace wick
