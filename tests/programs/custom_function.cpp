// An operation with a derivative of its own.
#include <wick/wick.h>
#include <iostream>

using wick::autograd::AutogradContext;
using wick::autograd::tensor_list;

class LinearFunction : public wick::autograd::Function<LinearFunction> {
 public:
  static wick::Tensor forward(AutogradContext* ctx, const wick::Tensor& x, const wick::Tensor& weight,
                              double scale) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["scale"] = scale;
    return x.mm(weight.t()) * scale;
  }
  static tensor_list backward(AutogradContext* ctx, const tensor_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const wick::Tensor grad = grads[0] * ctx->saved_data["scale"];
    return {grad.mm(saved[1]), grad.t().mm(saved[0]), wick::Tensor()};
  }
};

int main() {
  wick::Tensor x = wick::tensor({{1.0, 2.0}});
  wick::Tensor weight = wick::tensor({{3.0, 4.0}});
  x.requires_grad_();
  weight.requires_grad_();
  const wick::Tensor y = LinearFunction::apply(x, weight, 2.0);
  std::cout << y.detach() << "\n";
  y.sum().backward();
  std::cout << x.grad() << "\n";
  std::cout << weight.grad() << "\n";
}
