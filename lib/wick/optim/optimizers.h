#pragma once

#include <array>

#include "wick/optim/optimizer.h"

// The optimizers, with the defaults of torch.optim. In their formulas g is the gradient, negated when
// `maximize`; where the formula does not say what weight_decay does, weight_decay times the parameter p is
// added to it. t counts the steps of a parameter from 1 on. Error for an option out of range.

namespace WICK_API wick {
namespace optim {

// p -= lr g; with momentum b = momentum b + (1 - dampening) g, g itself at the first step, takes the place of
// g, or g + momentum b under Nesterov's rule.
struct SGDOptions {
  double lr = 0.01;
  double momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;  // Error unless momentum > 0 and dampening is 0
  bool maximize = false;
};

// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps). With amsgrad the largest v so far stands for
// v.
struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false, maximize = false;
};

// Adam with p = p (1 - lr weight_decay) beforehand in place of a decay in the gradient.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;
  bool amsgrad = false, maximize = false;
};

// With mu(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), M(t) the product of mu(1) to mu(t), m and v as in
// Adam and D = sqrt(v / (1 - beta2^t)) + eps: p -= lr ((1 - mu(t)) / (1 - M(t)) g + mu(t+1) / (1 - M(t)
// mu(t+1)) m) / D. PyTorch before 2.0 has mu(t) twice in the last product, by mistake.
struct NAdamOptions {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
};

// With R = 2 / (1 - beta2) - 1, r = R - 2 t beta2^t / (1 - beta2^t) and m and v as in Adam: p -= lr m / (1 -
// beta1^t), where r > 5 times sqrt((r-4)(r-2)R / ((R-4)(R-2)r)) sqrt(1 - beta2^t) / (sqrt(v) + eps).
struct RAdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
};

// m as in Adam; u = max(beta2 u, |g| + eps); p -= lr / (1 - beta1^t) m / u.
struct AdamaxOptions {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};

// s = s + g^2; p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps).
struct AdagradOptions {
  double lr = 0.01;
  double lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
  bool maximize = false;
};

// v = alpha v + (1 - alpha) g^2; b = momentum b + g / (sqrt(v) + eps); p -= lr b. Centered: the square of the
// mean of g, of the same decay, is taken from v.
struct RMSpropOptions {
  double lr = 0.01;
  double alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
};

// v = rho v + (1 - rho) g^2; d = sqrt((a + eps) / (v + eps)) g; a = rho a + (1 - rho) d^2; p -= lr d.
struct AdadeltaOptions {
  double lr = 1;
  double rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
};

// The step size of each element, lr at first, is multiplied by etas[1] where g has the sign of the gradient
// before, by etas[0] where it has the other one, and kept within the step sizes; in the latter case g counts
// as 0, now and the next time. p -= sign(g) size.
struct RpropOptions {
  double lr = 0.01;
  std::array<double, 2> etas = {0.5, 1.2};
  std::array<double, 2> step_sizes = {1e-6, 50};
};

// With n = t - 1 and e = lr / (1 + lambd lr n)^alpha: p = (1 - lambd e) p - e g. The state `ax` is the
// average of p from step t0 on.
struct ASGDOptions {
  double lr = 0.01;
  double lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0;
};

// m and v as in Adam; u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p; p -= lr |p| /
// |u| u with Euclidean norms, without the quotient where one is 0. You and others, 2019.
struct LAMBOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-6;
  double weight_decay = 0.01;
};

// v = beta2 v + (1 - beta2) |g|^2, |g|^2 itself at the first step; m = beta1 m + (g / (sqrt(v) + eps) +
// weight_decay p), what is added times 1 - beta1 with grad_averaging; p -= lr m. Ginsburg and others, 2019.
struct NovoGradOptions {
  double lr = 0.01;
  std::array<double, 2> betas = {0.95, 0.98};
  double eps = 1e-8;
  double weight_decay = 0;
  bool grad_averaging = false;
};

// Shazeer and Stern, 2018, without relative steps. With b = 1 - t^-decay_rate and q = g^2 + eps: of two or
// more dimensions R = b R + (1 - b) mean(q) along the last one and C = b C + (1 - b) mean(q) along the one
// before it, u = g / sqrt(R / mean(R)) / sqrt(C); else V = b V + (1 - b) q, u = g / sqrt(V). Then u = lr u /
// max(1, rms(u) / clip_threshold), the first moment of it, without correction, with beta1, and p = p (1 - lr
// weight_decay) - u.
struct AdafactorOptions {
  double lr = 0.8;
  double eps = 1e-30;         // added to the squared gradient
  double clip_threshold = 1;  // the largest root mean square of an update
  double decay_rate = 0.8;    // of the second moment, 1 - t^-decay_rate
  double beta1 = -1;          // of the first moment; negative: none
  double weight_decay = 0;
};

// Limited memory BFGS without line search; all parameters are one vector. step(closure) takes up to max_iter
// iterations with up to max_eval evaluations; it ends where the largest element of the gradient is not above
// tolerance_grad, or step or loss change by less than tolerance_change. step() takes one iteration from the
// gradients that there are.
struct LBFGSOptions {
  double lr = 1;
  std::int64_t max_iter = 20;
  std::int64_t max_eval = 25;
  double tolerance_grad = 1e-7, tolerance_change = 1e-9;
  std::int64_t history_size = 100;
};

// One kernel over the elements of all parameters.
template <class Options>
class Elementwise : public OptimizerOf<Options> {
 public:
  explicit Elementwise(const std::vector<Group<Options>>& groups);
  explicit Elementwise(const Tensors& parameters, const Options& options = {})
      : Elementwise(std::vector<Group<Options>>{{parameters, options}}) {}

 protected:
  void update(const std::vector<Optimizer::Item>& items) override;
  std::vector<std::string> state_names(std::size_t group) const override;
  bool counts_steps() const override;
  bool has_product() const override;
  std::vector<std::string> computed_names() const override;
};

// A reduction over each parameter first, in operations.
template <class Options>
class Tensorwise : public OptimizerOf<Options> {
 public:
  explicit Tensorwise(const std::vector<Group<Options>>& groups);
  explicit Tensorwise(const Tensors& parameters, const Options& options = {})
      : Tensorwise(std::vector<Group<Options>>{{parameters, options}}) {}

 protected:
  void update(const std::vector<Optimizer::Item>& items) override;
  std::vector<std::string> state_names(std::size_t group) const override;
  Shape state_shape(std::size_t group, const Tensor& parameter, std::size_t which) const override;
  DType state_dtype(const Tensor& parameter) const override;
};

class LBFGS : public OptimizerOf<LBFGSOptions> {
 public:
  explicit LBFGS(const Tensors& parameters, const LBFGSOptions& options = {});
  void step() override;
  Tensor step(const Closure& closure) override;

 protected:
  void update(const std::vector<Item>& items) override;
  std::vector<std::string> state_names(std::size_t) const override { return {}; }
  bool counts_steps() const override { return false; }
  NamedTensors own_state() const override;
  void load_own_state(StateReader& state) override;

 private:
  // Everything flat, in one dtype.
  struct Memory {
    std::int64_t evaluations = 0, iterations = 0;
    Tensor direction, last_gradient;
    double length = 0, diagonal = 1, last_loss = 0;
    Tensors differences, moves;  // of gradients, of the parameters
    std::vector<double> rho;
  };

  Tensor flat_gradient() const;
  void find_direction(const Tensor& gradient);
  void move() const;
  Tensor iterate(const Closure& closure);

  Memory memory_;
};

using SGD = Elementwise<SGDOptions>;
using Adam = Elementwise<AdamOptions>;
using AdamW = Elementwise<AdamWOptions>;
using NAdam = Elementwise<NAdamOptions>;
using RAdam = Elementwise<RAdamOptions>;
using Adamax = Elementwise<AdamaxOptions>;
using Adagrad = Elementwise<AdagradOptions>;
using RMSprop = Elementwise<RMSpropOptions>;
using Adadelta = Elementwise<AdadeltaOptions>;
using Rprop = Elementwise<RpropOptions>;
using ASGD = Elementwise<ASGDOptions>;
// Of dense gradients, which are all that there are so far.
using SparseAdam = Adam;
using LAMB = Tensorwise<LAMBOptions>;
using NovoGrad = Tensorwise<NovoGradOptions>;
using Adafactor = Tensorwise<AdafactorOptions>;

extern template class Elementwise<SGDOptions>;
extern template class Elementwise<AdamOptions>;
extern template class Elementwise<AdamWOptions>;
extern template class Elementwise<NAdamOptions>;
extern template class Elementwise<RAdamOptions>;
extern template class Elementwise<AdamaxOptions>;
extern template class Elementwise<AdagradOptions>;
extern template class Elementwise<RMSpropOptions>;
extern template class Elementwise<AdadeltaOptions>;
extern template class Elementwise<RpropOptions>;
extern template class Elementwise<ASGDOptions>;
extern template class Tensorwise<LAMBOptions>;
extern template class Tensorwise<NovoGradOptions>;
extern template class Tensorwise<AdafactorOptions>;

}  // namespace optim
}  // namespace wick
