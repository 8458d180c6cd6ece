#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "wick/core/tensor.h"

// Operations of one's own with derivatives of one's own, as PyTorch's torch::autograd::Function:
//
//   struct Cube : wick::autograd::Function<Cube> {
//     static Tensor forward(AutogradContext* ctx, const Tensor& x) {
//       ctx->save_for_backward({x});
//       return x * x * x;
//     }
//     static Tensors backward(AutogradContext* ctx, const Tensors& grads) {
//       const Tensor x = ctx->get_saved_variables()[0];
//       return {grads[0] * 3 * x * x};
//     }
//   };
//   const Tensor y = Cube::apply(x);
//
// forward() takes the context and any arguments, and gives a Tensor or Tensors; nothing is recorded within.
// backward() gives a tensor for each argument of forward(), an undefined one for arguments that are no
// tensors or have no gradient. It is recorded when its own derivative is wanted, and so has to be written
// with the library's operations. An Error that either throws goes on to the caller.

namespace wick::autograd {
class FunctionNode;
}

namespace WICK_API wick {
namespace autograd {

// What forward() keeps for backward().
class AutogradContext {
 public:
  // Arguments and results of forward(), or other tensors. GradientError in the backward pass when one was
  // changed in place in the meantime.
  void save_for_backward(Tensors tensors) { to_save_ = std::move(tensors); }
  Tensors get_saved_variables() const;
  // Numbers by name.
  std::map<std::string, Scalar> saved_data;
  // Results of forward() that have no gradient.
  void mark_non_differentiable(Tensors results) { without_gradient_ = std::move(results); }
  // Whether gradients of results that nothing depends on are zeros (as they are unless this is called) or
  // undefined.
  void set_materialize_grads(bool wanted) noexcept { materialize_ = wanted; }
  // Whether the gradient of argument i of forward() is wanted.
  bool needs_input_grad(std::size_t i) const { return i < needed_.size() && needed_[i]; }

 private:
  friend class FunctionNode;

  Tensors to_save_, without_gradient_;
  bool materialize_ = true;
  std::vector<bool> needed_;
  FunctionNode* node_ = nullptr;
};

using Forward = std::function<Tensors(AutogradContext* context)>;
using Backward = Tensors (*)(AutogradContext* context, const Tensors& grads);

// The results of `forward`, recorded with `backward`. `arguments` has an undefined tensor for each argument
// that is none.
Tensors run_function(const Tensors& arguments, const Forward& forward, Backward backward);

template <class F>
class Function {
 public:
  template <class... A>
  static auto apply(A&&... arguments) {
    using Result = decltype(F::forward(static_cast<AutogradContext*>(nullptr), arguments...));
    const Tensors results = run_function(
        {as_tensor(arguments)...},
        [&](AutogradContext* context) { return Tensors{F::forward(context, arguments...)}; },
        [](AutogradContext* context, const Tensors& grads) { return Tensors{F::backward(context, grads)}; });
    if constexpr (std::is_convertible_v<Result, Tensor>) {
      return results[0];
    } else {
      return results;
    }
  }

 private:
  template <class T>
  static Tensor as_tensor(const T& argument) {
    static_assert(!std::is_same_v<T, Tensors> && !std::is_same_v<T, std::optional<Tensor>>,
                  "pass tensors one by one: those in a list would have no gradient");
    if constexpr (std::is_convertible_v<const T&, const Tensor&>) {
      return argument;
    } else {
      return {};
    }
  }
};

using tensor_list = Tensors;
using variable_list = Tensors;

}  // namespace autograd
}  // namespace wick
