#include "wick/optim/optimizers.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/optim.h"

namespace commands {
namespace {

namespace optim = wick::optim;
using binding::Prefix;

using Pair = std::array<double, 2>;

constexpr const char* new_optimizer = "the optimizer";
constexpr binding::Range share = half_open(0, 1);

const Param parameters{"parameters params", required,
                       "what is trained: a tensor, a module, or a list of these"};

Param learning_rate(double value) { return {"lr learningRate", value, "learning rate", above(0)}; }
Param epsilon(double value) { return {"eps epsilon", value, "added to the denominator", above(0)}; }
Param weight_decay(double value, const char* purpose = "times the parameter, added to the gradient") {
  return {"weightDecay weight_decay", value, purpose, at_least(0)};
}

template <class O, class Options>
Optimizer make(const Parameters& trained, const Options& options) {
  return Optimizer(new O(trained, options));
}

// --- One sum over the gradients

std::vector<Command> of_gradients() {
  const optim::SGDOptions sgd;
  const optim::RMSpropOptions rmsprop;
  const optim::AdagradOptions adagrad;
  return {
      Command{
          .name = "optimizer_sgd",
          .summary = "Stochastic gradient descent, with momentum if that is given.",
          .details =
              "g = g + weightDecay p; with momentum b = momentum b + (1 - dampening) g, which is g itself at "
              "the "
              "first step, and b takes the place of g, or g + momentum b by Nesterov's rule; p = p - lr g. "
              "Values change in place, so that handles of parameters show the new ones. A parameter without "
              "a "
              "gradient does not move. A tensor that stands twice counts once.",
          .params = {parameters,
                     learning_rate(sgd.lr),
                     {"momentum", sgd.momentum, "factor of the gradients before", at_least(0)},
                     {"dampening", sgd.dampening, "how much less of a new gradient goes into the momentum",
                      at_least(0)},
                     weight_decay(sgd.weight_decay),
                     {"nesterov", sgd.nesterov, "Nesterov's momentum: needs momentum, and no dampening"}},
          .positional = {"parameters lr ?momentum? ?dampening? ?weight_decay? ?nesterov?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, double momentum, double dampening,
                          double decay, bool nesterov) {
            return make<optim::SGD>(trained, optim::SGDOptions{.lr = lr,
                                                               .momentum = momentum,
                                                               .dampening = dampening,
                                                               .weight_decay = decay,
                                                               .nesterov = nesterov});
          })},
      Command{.name = "optimizer_momentum_sgd",
              .summary = "Stochastic gradient descent with momentum.",
              .details = "optimizer_sgd without dampening and without Nesterov's rule. By position momentum "
                         "is required.",
              .params = {parameters,
                         learning_rate(sgd.lr),
                         {"momentum", 0.9, "factor of the gradients before", at_least(0)},
                         weight_decay(sgd.weight_decay)},
              .positional = {"parameters lr momentum ?weight_decay?"},
              .returns = new_optimizer,
              .call = bind([](const Parameters& trained, double lr, double momentum, double decay) {
                return make<optim::SGD>(
                    trained, optim::SGDOptions{.lr = lr, .momentum = momentum, .weight_decay = decay});
              })},
      Command{.name = "optimizer_rmsprop",
              .summary = "RMSprop: gradients divided by a running root mean square.",
              .details = "v = alpha v + (1 - alpha) g^2; p = p - lr g / (sqrt(v) + eps).",
              .params = {parameters,
                         learning_rate(rmsprop.lr),
                         {"alpha", rmsprop.alpha, "decay of the mean square", above(0)},
                         epsilon(rmsprop.eps)},
              .positional = {"parameters lr ?alpha? ?eps?"},
              .returns = new_optimizer,
              .call = bind([](const Parameters& trained, double lr, double alpha, double eps) {
                return make<optim::RMSprop>(trained,
                                            optim::RMSpropOptions{.lr = lr, .alpha = alpha, .eps = eps});
              })},
      Command{.name = "optimizer_adagrad",
              .summary = "Adagrad: gradients divided by the root of the sum of all their squares.",
              .details = "s = s + g^2; p = p - lr g / (sqrt(s) + eps).",
              .params = {parameters, learning_rate(adagrad.lr), epsilon(adagrad.eps)},
              .positional = {"parameters lr ?eps?"},
              .returns = new_optimizer,
              .call = bind([](const Parameters& trained, double lr, double eps) {
                return make<optim::Adagrad>(trained, optim::AdagradOptions{.lr = lr, .eps = eps});
              })},
      Command{
          .name = "optimizer_rprop",
          .summary =
              "Rprop: each element has a step size of its own, which follows the signs of its gradients.",
          .details =
              "The step size is multiplied by the second eta where the gradient has the sign of the one "
              "before, "
              "by the first where it has the other one, and kept within stepSizes; in the latter case the "
              "gradient counts as 0, now and the next time. p = p - sign(g) size.",
          .params = {parameters,
                     {"lr learningRate", optim::RpropOptions().lr, "step size at first", above(0)},
                     {"etas", "0.5 1.2", "factor below 1 that shrinks, and factor above 1 that lets grow",
                      above(0)},
                     {"stepSizes step_sizes", "1e-6 50", "smallest and largest step size", at_least(0)}},
          .positional = {"parameters ?lr? ?etas? ?step_sizes?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, const Pair& etas, const Pair& sizes) {
            return make<optim::Rprop>(trained,
                                      optim::RpropOptions{.lr = lr, .etas = etas, .step_sizes = sizes});
          })},
  };
}

// --- Two moments of the gradients

Param first_decay(double value) { return {"beta1", value, "decay of the first moment", share}; }
Param second_decay(double value, const char* purpose = "decay of the second moment") {
  return {"beta2", value, purpose, share};
}

// The decays are given one by one or both at once.
template <class Options>
std::vector<Param> with_moments(const char* second = "decay of the second moment",
                                const char* what_decays = "times the parameter, added to the gradient") {
  const Options d;
  return {parameters,
          learning_rate(d.lr),
          first_decay(d.betas[0]),
          second_decay(d.betas[1], second),
          {"betas", omittable, "both decays, in place of beta1 and beta2", share},
          epsilon(d.eps),
          weight_decay(d.weight_decay, what_decays)};
}

std::vector<Param> operator+(std::vector<Param> some, Param one) {
  some.push_back(one);
  return some;
}

template <class Options>
Options of_moments(double lr, double beta1, double beta2, const optional<Pair>& betas, double eps,
                   double decay) {
  Options options;
  options.lr = lr;
  options.betas = betas.value_or(Pair{beta1, beta2});
  options.eps = eps;
  options.weight_decay = decay;
  return options;
}

// An optimizer whose options are these and no others.
template <class O, class Options>
binding::Function moments_alone() {
  return bind([](const Parameters& trained, double lr, double beta1, double beta2,
                 const optional<Pair>& betas, double eps, double decay) {
    return make<O>(trained, of_moments<Options>(lr, beta1, beta2, betas, eps, decay));
  });
}

constexpr const char* order_of_moments = "parameters ?lr? ?betas? ?eps? ?weight_decay?";

std::vector<Command> adam_and_variants() {
  const optim::AdamOptions adam;
  const optim::AdamWOptions adamw;
  return {
      Command{
          .name = "optimizer_adam",
          .summary =
              "Adam: running means of gradients, divided by the roots of running means of their squares.",
          .details =
              "g = g + weightDecay p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; at step t "
              "of "
              "the parameter p = p - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + 1e-8). By position lr "
              "is required.",
          .params = {parameters, learning_rate(adam.lr), first_decay(adam.betas[0]),
                     second_decay(adam.betas[1]), weight_decay(adam.weight_decay)},
          .positional = {"parameters lr ?beta1? ?beta2? ?weight_decay?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, double beta1, double beta2, double decay) {
            return make<optim::Adam>(
                trained, optim::AdamOptions{.lr = lr, .betas = {beta1, beta2}, .weight_decay = decay});
          })},
      Command{.name = "optimizer_adamw",
              .aliases = {"optimizerAdamW"},
              .summary = "Adam with weight decay apart from the gradient.",
              .details = "p = p (1 - lr weightDecay), then a step of optimizer_adam. By position lr is "
                         "required, and the "
                         "third word is the weight decay.",
              .params = {parameters,
                         learning_rate(adamw.lr),
                         first_decay(adamw.betas[0]),
                         second_decay(adamw.betas[1]),
                         epsilon(adamw.eps),
                         weight_decay(adamw.weight_decay, "how fast parameters shrink, in units of lr"),
                         {"amsgrad", adamw.amsgrad, "whether the largest second moment so far is taken"}},
              .positional = {"parameters lr ?weight_decay?"},
              .returns = new_optimizer,
              .call = bind([](const Parameters& trained, double lr, double beta1, double beta2, double eps,
                              double decay, bool amsgrad) {
                return make<optim::AdamW>(trained, optim::AdamWOptions{.lr = lr,
                                                                       .betas = {beta1, beta2},
                                                                       .eps = eps,
                                                                       .weight_decay = decay,
                                                                       .amsgrad = amsgrad});
              })},
      Command{
          .name = "optimizer_sparse_adam",
          .summary = "Adam, with a choice of eps.",
          .details =
              "optimizer_adam with eps in place of 1e-8. Gradients are dense, so that every element changes.",
          .params = {{"parameters", required, parameters.purpose},
                     {"lr", adam.lr, "learning rate", above(0)},
                     first_decay(adam.betas[0]),
                     second_decay(adam.betas[1]),
                     {"eps", adam.eps, "added to the denominator", above(0)},
                     {"weightDecay", adam.weight_decay, "times the parameter, added to the gradient",
                      at_least(0)}},
          .positional = {"parameters ?lr? ?beta1? ?beta2? ?eps? ?weightDecay?"},
          .returns = new_optimizer,
          .call = bind(
              [](const Parameters& trained, double lr, double beta1, double beta2, double eps, double decay) {
                return make<optim::SparseAdam>(
                    trained,
                    optim::AdamOptions{.lr = lr, .betas = {beta1, beta2}, .eps = eps, .weight_decay = decay});
              })},
  };
}

std::vector<Command> adam_relatives() {
  return {
      Command{.name = "optimizer_adamax",
              .summary = "Adam with a running maximum in place of the root mean square.",
              .details = "g = g + weightDecay p; m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + eps); p "
                         "= p - lr / (1 "
                         "- beta1^t) m / u.",
              .params = with_moments<optim::AdamaxOptions>("decay of the maximum"),
              .positional = {order_of_moments},
              .returns = new_optimizer,
              .call = moments_alone<optim::Adamax, optim::AdamaxOptions>()},
      Command{
          .name = "optimizer_nadam",
          .summary = "Adam with Nesterov's momentum.",
          .details =
              "With mu(t) = beta1 (1 - 0.5 * 0.96^(t momentumDecay)), M(t) the product of mu(1) to mu(t), m "
              "and "
              "v as in optimizer_adam and D = sqrt(v / (1 - beta2^t)) + eps: p = p - lr ((1 - mu(t)) / (1 - "
              "M(t)) g + mu(t+1) / (1 - M(t) mu(t+1)) m) / D. PyTorch before 2.0 has mu(t) twice in the last "
              "product, by mistake.",
          .params = with_moments<optim::NAdamOptions>() +
                    Param{"momentumDecay momentum_decay", optim::NAdamOptions().momentum_decay,
                          "decay of mu's distance from beta1", at_least(0)},
          .positional = {"parameters ?lr? ?betas? ?eps? ?weight_decay? ?momentum_decay?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, double beta1, double beta2,
                          const optional<Pair>& betas, double eps, double decay, double momentum_decay) {
            auto options = of_moments<optim::NAdamOptions>(lr, beta1, beta2, betas, eps, decay);
            options.momentum_decay = momentum_decay;
            return make<optim::NAdam>(trained, options);
          })},
      Command{
          .name = "optimizer_radam",
          .aliases = {"optimizerRAdam"},
          .summary = "Adam whose first steps, while the second moment is unsure, do without it.",
          .details =
              "With m and v as in optimizer_adam, R = 2 / (1 - beta2) - 1 and r = R - 2 t beta2^t / (1 - "
              "beta2^t): p = p - lr m / (1 - beta1^t), where r > 5 times sqrt((r-4)(r-2)R / ((R-4)(R-2)r)) "
              "sqrt(1 - beta2^t) / (sqrt(v) + eps).",
          .params = with_moments<optim::RAdamOptions>(),
          .positional = {order_of_moments},
          .returns = new_optimizer,
          .call = moments_alone<optim::RAdam, optim::RAdamOptions>()},
      Command{
          .name = "optimizer_lamb",
          .summary = "LAMB: a step of Adam as long as the parameter's norm allows, for large batches.",
          .details =
              "With m and v as in optimizer_adam: u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + "
              "weightDecay p; p = p - lr |p| / |u| u with Euclidean norms of whole tensors, without the "
              "quotient where one of them is 0.",
          .params = with_moments<optim::LAMBOptions>("decay of the second moment",
                                                     "times the parameter, added to the update"),
          .positional = {order_of_moments},
          .returns = new_optimizer,
          .call = moments_alone<optim::LAMB, optim::LAMBOptions>()},
      Command{
          .name = "optimizer_novograd",
          .summary = "NovoGrad: gradients divided by a running norm of the whole tensor.",
          .details = "v = beta2 v + (1 - beta2) |g|^2, at first |g|^2 itself; h = g / (sqrt(v) + eps) + "
                     "weightDecay p, "
                     "with gradAveraging times 1 - beta1; m = beta1 m + h; p = p - lr m.",
          .params = with_moments<optim::NovoGradOptions>(
                        "decay of the squared norm", "times the parameter, added to the divided gradient") +
                    Param{"gradAveraging grad_averaging", std::int64_t{0},
                          "other than 0: a new gradient counts 1 - beta1"},
          .positional = {"parameters ?lr? ?betas? ?eps? ?weight_decay? ?grad_averaging?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, double beta1, double beta2,
                          const optional<Pair>& betas, double eps, double decay, std::int64_t averaging) {
            auto options = of_moments<optim::NovoGradOptions>(lr, beta1, beta2, betas, eps, decay);
            options.grad_averaging = averaging != 0;
            return make<optim::NovoGrad>(trained, options);
          })},
  };
}

// --- Others

std::vector<Command> of_their_own() {
  const optim::AdafactorOptions adafactor;
  const optim::LBFGSOptions lbfgs;
  return {
      Command{
          .name = "optimizer_adafactor",
          .summary = "Adafactor: of a matrix it remembers a number for each row and each column.",
          .details =
              "At step t, with b = 1 - t^-decayRate and q = g^2 + eps2: of two or more dimensions R = b R + "
              "(1 - "
              "b) mean(q) along the last one and C = b C + (1 - b) mean(q) along the one before it, u = g / "
              "sqrt(R / mean(R)) / sqrt(C); else V = b V + (1 - b) q, u = g / sqrt(V). Then u = lr u / "
              "max(1, "
              "rms(u) / clipThreshold), its running mean with beta1, and p = p (1 - lr weightDecay) - u. "
              "Steps "
              "are not relative to the parameter.",
          .params = {{"parameters", required, parameters.purpose},
                     {"lr", adafactor.lr, "learning rate", above(0)},
                     {"eps2 eps", adafactor.eps, "added to the squared gradient", at_least(0)},
                     {"clipThreshold clipingThreshold", adafactor.clip_threshold,
                      "largest root mean square of an update", above(0)},
                     {"decayRate", -1.0, "exponent of the second moment's decay; negative: 0.8"},
                     {"beta1", adafactor.beta1,
                      "decay of the first moment, below 1; negative: no first moment"},
                     {"weightDecay", adafactor.weight_decay, "how fast parameters shrink, in units of lr",
                      at_least(0)}},
          .positional = {"parameters ?lr? ?eps2? ?clipThreshold? ?decayRate? ?beta1? ?weightDecay?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, double eps, double threshold,
                          double decay_rate, double beta1, double decay) {
            optim::AdafactorOptions options{
                .lr = lr, .eps = eps, .clip_threshold = threshold, .beta1 = beta1, .weight_decay = decay};
            if (!(decay_rate < 0)) options.decay_rate = decay_rate;
            return make<optim::Adafactor>(trained, options);
          })},
      Command{
          .name = "optimizer_lbfgs",
          .summary =
              "L-BFGS: all parameters are one vector, and gradients of the steps before tell the curvature.",
          .details =
              "Without line search, with a history of 100 steps. With a closure optimizer_step takes up to "
              "maxIter iterations, and ends earlier after maxEval evaluations, where the largest element of "
              "the gradient is not above toleranceGrad, or where step or loss change by less than "
              "toleranceChange. Without one it takes one iteration from the gradients that there are.",
          .params = {parameters,
                     {"lr learningRate", lbfgs.lr, "length of a step", above(0)},
                     {"maxIter max_iter", lbfgs.max_iter, "most iterations of a step", above(0)},
                     {"maxEval max_eval", lbfgs.max_eval, "most evaluations of the loss in a step", above(0)},
                     {"toleranceGrad tolerance_grad", lbfgs.tolerance_grad,
                      "largest element of a gradient that counts as 0", above(0)},
                     {"toleranceChange tolerance_change", lbfgs.tolerance_change,
                      "smallest change worth another iteration", above(0)}},
          .positional = {"parameters ?lr? ?max_iter? ?max_eval? ?tolerance_grad? ?tolerance_change?"},
          .returns = new_optimizer,
          .call = bind([](const Parameters& trained, double lr, std::int64_t iterations,
                          std::int64_t evaluations, double of_gradient, double of_change) {
            return make<optim::LBFGS>(trained, optim::LBFGSOptions{.lr = lr,
                                                                   .max_iter = iterations,
                                                                   .max_eval = evaluations,
                                                                   .tolerance_grad = of_gradient,
                                                                   .tolerance_change = of_change});
          })},
  };
}

// --- On any optimizer

Tcl_Obj* step(Call& call, const Optimizer& stepped, const optional<Prefix>& closure) {
  if (!closure) {
    stepped->step();
    return binding::new_text("OK");
  }
  const Tensor loss = stepped->step([&] {
    const Recording recording(call.state);
    return call_for_tensor(call.state, *closure, {});
  });
  return binding::new_handle(call.state, loss);
}

std::vector<Command> on_optimizers() {
  return {
      Command{
          .name = "optimizer_step",
          .summary = "Changes every parameter that has a gradient, in place.",
          .details =
              "Gradients stay as they are. Parameters without one do not move, and their steps are not "
              "counted. "
              "With a closure the gradients are those that it leaves; it computes the loss anew, with "
              "recording on: it clears the gradients, calls tensor_backward and answers the loss. Of most "
              "optimizers it is called once, of optimizer_lbfgs as often as it takes.",
          .params = {optimizer,
                     {"closure", omittable, "a command prefix that is called without further words"}},
          .positional = {"optimizer"},
          .returns = "OK; with a closure the loss that it answered first",
          .call = bind([](Call& call, const Optimizer& stepped, const optional<Prefix>& closure) {
            return step(call, stepped, closure);
          })},
      Command{.name = "optimizer_zero_grad",
              .summary = "Clears the gradients of all parameters of an optimizer.",
              .details = "They are taken away, or filled with zeros: then optimizer_step still applies "
                         "momentum and weight "
                         "decay. Parameters that have no gradient get none.",
              .params = {optimizer,
                         {"setToNone set_to_none", true,
                          "whether gradients are taken away rather than filled with zeros"}},
              .positional = {"optimizer ?set_to_none?"},
              .returns = "OK",
              .call = bind([](const Optimizer& cleared, bool set_to_none) {
                cleared->zero_grad(set_to_none);
                return "OK";
              })},
      Command{.name = "get_lr",
              .summary = "The learning rate of an optimizer as it stands.",
              .params = {optimizer},
              .positional = {"optimizer"},
              .returns = "the rate, of the first group of parameters",
              .call = bind([](const Optimizer& asked) { return asked->lr(); })},
      Command{
          .name = "set_lr",
          .summary = "Sets the learning rate of an optimizer.",
          .details =
              "Schedulers go on from the rate that the optimizer had when the first of them was made; those "
              "that multiply the rate that there is multiply this one.",
          .params = {optimizer,
                     {"lr learningRate rate", required, "the learning rate", at_least(0)},
                     {"group", omittable, "which group of parameters, from 0; all when left out",
                      at_least(0)}},
          .positional = {"optimizer lr ?group?"},
          .returns = "OK",
          .call = bind([](const Optimizer& changed, double lr, optional<std::int64_t> group) {
            if (group) {
              changed->set_lr(*group, lr);
            } else {
              changed->set_lr(lr);
            }
            return "OK";
          })},
  };
}

}  // namespace

std::vector<Command> optimizers() {
  return joined({of_gradients(), adam_and_variants(), adam_relatives(), of_their_own(), on_optimizers()});
}

const Area& optim() {
  static const Area area{"optim", "Optimizers and learning rates", joined({optimizers(), schedulers()})};
  return area;
}

}  // namespace commands
