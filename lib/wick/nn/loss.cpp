#include "wick/nn/loss.h"

#include <cmath>
#include <numbers>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/kernels/loss.h"
#include "wick/nn/reduce_loss.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/loop.h"
#include "wick/ops/norm.h"
#include "wick/ops/reduction.h"
#include "wick/ops/rule.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Loss;
using kernels::LossParameters;

void check_batch(const char* operation, const Shape& losses, Reduction reduction) {
  if (reduction == Reduction::BatchMean && losses.empty()) {
    fail<ShapeError>(operation, "a 0-d loss has no batch");
  }
}

Tensor reduce_losses(const char* operation, const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::None:
      return losses;
    case Reduction::Mean:
      return mean(losses);
    case Reduction::Sum:
      return sum(losses);
    case Reduction::BatchMean:
      break;
  }
  check_batch(operation, losses.sizes(), reduction);
  return div(sum(losses), losses.size(0));
}

namespace {

// A loss of elements that has a kernel: in operations, with its derivatives, it is `twin`.
struct ElementLoss {
  const char* name;
  Loss op;
  int cost;         // of an element, in additions
  bool difference;  // the derivative with respect to the target is that of the input with the other sign
  Tensor (*twin)(const Tensor& x, const Tensor& t, double a);
};

struct Bound {
  ElementLoss loss;
  LossParameters parameters;
  Reduction reduction;
};

const kernels::LossLoops& loops_of(const ElementLoss& loss, DType dtype) {
  const kernels::LossLoops& loops = kernels::table().loss->loops[loss.op][index_of(dtype)];
  checked_kernel(loops.value, loss.name, dtype);
  return loops;
}

double divisor_of(Reduction reduction, const Shape& shape) {
  return wick::divisor_of(reduction, static_cast<double>(numel(shape)), shape.empty() ? 1 : shape[0]);
}

// The sum over all elements. Dense ones are summed in pieces of one size, whatever the number of threads.
double total(const Tensor& x, const Tensor& t, const Shape& shape, kernels::Loop loop,
             const LossParameters& parameters, int cost) {
  double sum = 0;
  kernels::Block block{};
  if (x.is_contiguous() && t.is_contiguous() && x.sizes() == shape && t.sizes() == shape) {
    constexpr std::int64_t piece = 16384;
    const std::int64_t count = x.numel(), pieces = (count + piece - 1) / piece;
    std::vector<double> sums(static_cast<std::size_t>(pieces));
    block.rows = 1;
    block.step[1] = x.itemsize();
    block.step[2] = t.itemsize();
    parallel_for(pieces, std::max<std::int64_t>(1, parallel::grain / cost / piece),
                 [&](std::int64_t begin, std::int64_t end) {
                   kernels::Block part = block;
                   for (std::int64_t i = begin; i < end; ++i) {
                     part.n = std::min(piece, count - i * piece);
                     part.data[0] = reinterpret_cast<char*>(&sums[static_cast<std::size_t>(i)]);
                     part.data[1] = x.raw_data() + i * piece * x.itemsize();
                     part.data[2] = t.raw_data() + i * piece * t.itemsize();
                     loop(part, &parameters);
                   }
                 });
    for (const double part : sums) sum += part;
    return sum;
  }
  const Tensor whole_x = x.expand(shape), whole_t = t.expand(shape);
  for_each_block(make_loop_nest({&whole_x, &whole_x, &whole_t}), [&](kernels::Block part) {
    part.data[0] = reinterpret_cast<char*>(&sum);
    part.step[0] = part.row_step[0] = 0;
    loop(part, &parameters);
  });
  return sum;
}

// Of a floating point dtype, without history.
struct Operands {
  Tensor x, t;
  Shape shape;

  Operands(const Tensor& input, const Tensor& target, DType dtype)
      : x(input.detach().to(dtype)),
        t(target.detach().to(dtype)),
        shape(broadcast_shapes(input.sizes(), target.sizes())) {}
};

Tensors element_gradients(const Tensor& g, const Tensors& inputs, const Bound& bound) {
  const bool input_wanted = inputs[0].requires_grad(), target_wanted = inputs[1].requires_grad();
  Tensors out(2);
  if (!input_wanted && !bound.loss.difference) return out;
  const DType dtype = result_type(inputs[0], inputs[1]);
  const Operands o(inputs[0], inputs[1], dtype);
  LossParameters parameters = bound.parameters;
  parameters.scale = 1 / divisor_of(bound.reduction, o.shape);
  const Tensor gradient = empty(o.shape, dtype);
  if (gradient.numel() > 0) {
    const Tensor along = g.to(dtype);
    run_loop(make_loop_nest({&gradient, &along, &o.x, &o.t}), loops_of(bound.loss, dtype).gradient,
             &parameters, bound.loss.cost);
  }
  if (input_wanted) out[0] = gradient;
  if (target_wanted && bound.loss.difference) out[1] = neg(gradient);
  return out;
}

Tensor element_twin(const Tensors& inputs, const Bound& bound) {
  const DType dtype = result_type(inputs[0], inputs[1]);
  const Tensor losses = bound.loss.twin(inputs[0].to(dtype), inputs[1].to(dtype), bound.parameters.a);
  return reduce_losses(bound.loss.name, losses, bound.reduction);
}

Tensor apply(const ElementLoss& loss, const Tensor& prediction, const Tensor& wanted, Reduction reduction,
             double a = 0) {
  const Tensor input = autocast::raised(prediction), target = autocast::raised(wanted);
  const DType dtype = result_type(input, target);
  const kernels::LossLoops& loops = loops_of(loss, dtype);
  const Operands o(input, target, dtype);
  check_batch(loss.name, o.shape, reduction);
  const Bound bound{loss, {a, 1}, reduction};
  const Tensor out = reduction == Reduction::None
                         ? run_elementwise({&o.x, &o.t}, dtype, loops.value, &bound.parameters, loss.cost)
                         : scalar_tensor(total(o.x, o.t, o.shape, loops.sum, bound.parameters, loss.cost) /
                                             divisor_of(reduction, o.shape),
                                         dtype);
  return record_fused(loss.name, out, {input, target}, bound, element_gradients, element_twin);
}

// max(0, x)
Tensor positive_part(const Tensor& x) { return clamp(x, 0); }

// log(1 + exp(x)), with all digits of its derivatives.
Tensor log1p_exp(const Tensor& x) { return softplus(x, 1, INFINITY); }

// 0 where the target is 0, also with a logarithm of minus infinity.
Tensor unless(const Tensor& condition, const Tensor& value) { return where(condition, 0, value); }

constexpr ElementLoss l1_rule{"l1_loss", Loss::L1, 2, true,
                              [](const Tensor& x, const Tensor& t, double) { return abs(sub(x, t)); }};
constexpr ElementLoss mse_rule{"mse_loss", Loss::Squared, 2, true,
                               [](const Tensor& x, const Tensor& t, double) { return square(sub(x, t)); }};
constexpr ElementLoss smooth_l1_rule{
    "smooth_l1_loss", Loss::SmoothL1, 4, true, [](const Tensor& x, const Tensor& t, double beta) {
      const Tensor d = sub(x, t), size = abs(d);
      return where(lt(size, beta), mul(square(d), 0.5 / beta), sub(size, 0.5 * beta));
    }};
constexpr ElementLoss huber_rule{
    "huber_loss", Loss::Huber, 4, true, [](const Tensor& x, const Tensor& t, double delta) {
      const Tensor d = sub(x, t), size = abs(d);
      return where(le(size, delta), mul(square(d), 0.5), mul(sub(size, 0.5 * delta), delta));
    }};
constexpr ElementLoss kl_div_rule{"kl_div", Loss::KlDiv, 10, false,
                                  [](const Tensor& x, const Tensor& t, double) {
                                    // The logarithm's derivative is not taken where the target is 0.
                                    const Tensor nothing = eq(t, 0), safe = where(nothing, 1, t);
                                    return unless(nothing, mul(t, sub(log(safe), x)));
                                  }};
constexpr ElementLoss kl_div_log_rule{"kl_div", Loss::KlDivLog, 10, false,
                                      [](const Tensor& x, const Tensor& t, double) {
                                        const Tensor nothing = eq(t, -INFINITY), safe = where(nothing, 0, t);
                                        return unless(nothing, mul(exp(t), sub(safe, x)));
                                      }};
// log(1 - x) and log(x), from -100 on.
struct BoundedLogs {
  Tensor no, yes;
  explicit BoundedLogs(const Tensor& x) : no(clamp(log1p(neg(x)), -100)), yes(clamp(log(x), -100)) {}
};

// Its derivative is bounded too, which that of the bounded logarithms is not.
Tensor bce_twin(const Tensor& x, const Tensor& t, double) {
  const BoundedLogs logs(x.detach());
  const Tensor value = sub(mul(sub(t.detach(), 1), logs.no), mul(t.detach(), logs.yes));
  return record("binary_cross_entropy", value,
                wrt(x, saving(x, t),
                    [](const Tensor& g, const Tensor& p, const Tensor& wanted) {
                      return mul(g, div(sub(p, wanted), clamp(mul(sub(1, p), p), 1e-12)));
                    }),
                wrt(t, saving(x), [](const Tensor& g, const Tensor& p) {
                  const BoundedLogs of(p);
                  return mul(g, sub(of.no, of.yes));
                }));
}
constexpr ElementLoss bce_rule{"binary_cross_entropy", Loss::Bce, 20, false, bce_twin};
constexpr ElementLoss bce_logits_rule{
    "binary_cross_entropy_with_logits", Loss::BceLogits, 16, false,
    [](const Tensor& x, const Tensor& t, double) { return sub(log1p_exp(x), mul(x, t)); }};
constexpr ElementLoss soft_margin_rule{
    "soft_margin_loss", Loss::SoftMargin, 16, false,
    [](const Tensor& x, const Tensor& t, double) { return log1p_exp(neg(mul(t, x))); }};
constexpr ElementLoss hinge_rule{
    "hinge_embedding_loss", Loss::Hinge, 4, false, [](const Tensor& x, const Tensor& t, double margin) {
      return add(unless(eq(t, 1), positive_part(sub(margin, x))), unless(eq(t, -1), x));
    }};

// log(t!) by Stirling where t > 1.
Tensor stirling(const Tensor& t) {
  const Tensor large = gt(t, 1), safe = where(large, t, 1);
  const Tensor value = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * std::numbers::pi)), 0.5));
  return where(large, value, 0);
}
Tensor poisson_log(const Tensor& x, const Tensor& t, double) { return sub(exp(x), mul(t, x)); }
Tensor poisson(const Tensor& x, const Tensor& t, double eps) { return sub(x, mul(t, log(add(x, eps)))); }

constexpr const char* poisson_name = "poisson_nll_loss";
constexpr ElementLoss poisson_rules[2][2] = {
    {{poisson_name, Loss::Poisson, 12, false, poisson},
     {poisson_name, Loss::PoissonFull, 30, false,
      [](const Tensor& x, const Tensor& t, double eps) { return add(poisson(x, t, eps), stirling(t)); }}},
    {{poisson_name, Loss::PoissonLog, 12, false, poisson_log},
     {poisson_name, Loss::PoissonLogFull, 30, false,
      [](const Tensor& x, const Tensor& t, double) { return add(poisson_log(x, t, 0), stirling(t)); }}}};

void check_broadcastable(const char* operation, const char* what, const Tensor& given, const Tensor& input) {
  if (broadcast_shapes(input.sizes(), given.sizes()) != input.sizes()) {
    fail<ShapeError>(operation, "a {} of shape {} cannot be broadcast to the input's shape {}", what,
                     given.sizes(), input.sizes());
  }
}

// Of elements with weights of their own.
Tensor weighted(const ElementLoss& loss, const Tensor& input, const Tensor& target, const Tensor& weight,
                Reduction reduction) {
  if (!weight.defined()) return apply(loss, input, target, reduction);
  check_broadcastable(loss.name, "weight", weight, input);
  return reduce_losses(loss.name, mul(apply(loss, input, target, Reduction::None), weight), reduction);
}

void check_same_shape(const char* operation, const Tensor& input, const Tensor& target) {
  if (input.sizes() != target.sizes()) {
    fail<ShapeError>(operation, "the target has shape {}, the input {}", target.sizes(), input.sizes());
  }
}

void check_floating(const char* operation, const char* what, const Tensor& x) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(operation, "the {} must be floating point, not {}", what, x.dtype());
}

void check_probabilities(const Tensor& input) {
  if (input.numel() == 0) return;
  const Tensor x = input.detach();
  const double low = min(x).item<double>(), high = max(x).item<double>();
  if (!(low >= 0 && high <= 1)) {
    fail("binary_cross_entropy", "the elements of the input must be between 0 and 1, they go from {} to {}",
         low, high);
  }
}

}  // namespace

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  const DType dtype = result_type(input, target);
  if (is_floating(dtype)) return apply(l1_rule, input, target, reduction);
  return reduce_losses("l1_loss", abs(sub(input, target)), reduction);
}

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return apply(mse_rule, input, target, reduction);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta) {
  if (!(beta >= 0)) fail("smooth_l1_loss", "negative values for beta are not accepted, {} was given", beta);
  return beta == 0 ? l1_loss(input, target, reduction)
                   : apply(smooth_l1_rule, input, target, reduction, beta);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta) {
  if (!(delta > 0)) fail("huber_loss", "delta must be above 0, {} was given", delta);
  return apply(huber_rule, input, target, reduction, delta);
}

Tensor kl_div(const Tensor& input, const Tensor& target, Reduction reduction, bool log_target) {
  return apply(log_target ? kl_div_log_rule : kl_div_rule, input, target, reduction);
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight,
                            Reduction reduction) {
  check_same_shape(bce_rule.name, input, target);
  check_floating(bce_rule.name, "input", input);
  check_floating(bce_rule.name, "target", target);
  const bool single = reduction != Reduction::None && !weight.defined();
  if (!single) check_probabilities(input);
  const Tensor out = weighted(bce_rule, input, target, weight, reduction);
  // An element outside makes the sum NaN; so may a target.
  if (single && std::isnan(out.item<double>())) check_probabilities(input);
  return out;
}

Tensor binary_cross_entropy_with_logits(const Tensor& input_given, const Tensor& target_given,
                                        const Tensor& weight, const Tensor& pos_weight, Reduction reduction) {
  check_same_shape(bce_logits_rule.name, input_given, target_given);
  if (!pos_weight.defined()) return weighted(bce_logits_rule, input_given, target_given, weight, reduction);
  check_broadcastable(bce_logits_rule.name, "pos_weight", pos_weight, input_given);
  if (weight.defined()) check_broadcastable(bce_logits_rule.name, "weight", weight, input_given);
  const Tensor input = autocast::raised(input_given), target = autocast::raised(target_given);
  const DType dtype = result_type(input, target);
  checked_kernel(loops_of(bce_logits_rule, dtype).value, bce_logits_rule.name, dtype);
  const Tensor factor = add(mul(sub(pos_weight, 1), target), 1);
  Tensor losses = add(mul(sub(1, target), input), mul(factor, log1p_exp(neg(input))));
  if (weight.defined()) losses = mul(losses, weight);
  return reduce_losses(bce_logits_rule.name, losses, reduction);
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return apply(soft_margin_rule, input, target, reduction);
}

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin, Reduction reduction) {
  return apply(hinge_rule, input, target, reduction, margin);
}

Tensor margin_ranking_loss(const Tensor& input1_given, const Tensor& input2_given, const Tensor& target,
                           double margin, Reduction reduction) {
  const Tensor input1 = autocast::raised(input1_given);
  const Tensor input2 = autocast::raised(input2_given);
  const Tensor losses = positive_part(sub(margin, mul(target, sub(input1, input2))));
  return reduce_losses("margin_ranking_loss", losses, reduction);
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full, double eps,
                        Reduction reduction) {
  return apply(poisson_rules[log_input][full], input, target, reduction, eps);
}

Tensor gaussian_nll_loss(const Tensor& input_given, const Tensor& target_given, const Tensor& var_given,
                         bool full, double eps, Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  const Tensor target = autocast::raised(target_given);
  const Tensor var = autocast::raised(var_given);
  constexpr const char* operation = "gaussian_nll_loss";
  check_floating(operation, "variance", var);
  const Tensor v = clamp(var, eps);
  Tensor losses = mul(add(log(v), div(square(sub(input, target)), v)), 0.5);
  if (full) losses = add(losses, 0.5 * std::log(2 * std::numbers::pi));
  return reduce_losses(operation, losses, reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1_given, const Tensor& input2_given, const Tensor& target,
                             double margin, Reduction reduction) {
  const Tensor input1 = autocast::raised(input1_given);
  const Tensor input2 = autocast::raised(input2_given);
  constexpr const char* operation = "cosine_embedding_loss";
  if (input1.dim() < 1 || input1.dim() > 2 || input1.dim() != input2.dim()) {
    fail<ShapeError>(operation, "vectors must be (D) or (N, D), shapes {} and {} were given", input1.sizes(),
                     input2.sizes());
  }
  if (target.dim() != input1.dim() - 1) {
    fail<ShapeError>(operation, "a target of shape {} does not fit vectors of shape {}", target.sizes(),
                     input1.sizes());
  }
  constexpr double eps = 1e-12;
  const Tensor length1 = add(sum(square(input1), {-1}), eps), length2 = add(sum(square(input2), {-1}), eps);
  const Tensor cosine = div(sum(mul(input1, input2), {-1}), sqrt(mul(length1, length2)));
  const Tensor losses = add(where(eq(target, 1), sub(1, cosine), 0),
                            where(eq(target, -1), positive_part(sub(cosine, margin)), 0));
  return reduce_losses(operation, losses, reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor_given, const Tensor& positive_given,
                           const Tensor& negative_given, double margin, double p, double eps, bool swap,
                           Reduction reduction) {
  const Tensor anchor = autocast::raised(anchor_given);
  const Tensor positive = autocast::raised(positive_given);
  const Tensor negative = autocast::raised(negative_given);
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return norm(add(sub(a, b), eps), p, Dims{-1});
  };
  Tensor far = distance(anchor, negative);
  if (swap) far = minimum(far, distance(positive, negative));
  const Tensor losses = positive_part(add(sub(distance(anchor, positive), far), margin));
  return reduce_losses("triplet_margin_loss", losses, reduction);
}

Tensor triplet_margin_with_distance_loss(const Tensor& anchor_given, const Tensor& positive_given,
                                         const Tensor& negative_given, Distance kind, double margin,
                                         Reduction reduction) {
  const Tensor anchor = autocast::raised(anchor_given);
  const Tensor positive = autocast::raised(positive_given);
  const Tensor negative = autocast::raised(negative_given);
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    if (kind != Distance::Cosine) {
      const Tensor d = sub(a, b);
      return norm(kind == Distance::Pairwise ? add(d, 1e-6) : d, 2, Dims{-1});
    }
    // As cosine_similarity: lengths not below 1e-8.
    const Tensor lengths = mul(clamp(norm(a, 2, Dims{-1}), 1e-8), clamp(norm(b, 2, Dims{-1}), 1e-8));
    return sub(1, div(sum(mul(a, b), {-1}), lengths));
  };
  const Tensor losses =
      positive_part(add(sub(distance(anchor, positive), distance(anchor, negative)), margin));
  return reduce_losses("triplet_margin_with_distance_loss", losses, reduction);
}

Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target, const Tensor& weight,
                                   Reduction reduction) {
  constexpr const char* operation = "multilabel_soft_margin_loss";
  check_same_shape(operation, input, target);
  if (input.dim() == 0) fail<ShapeError>(operation, "a 0-d input has no classes");
  const Tensor losses = mean(weighted(bce_logits_rule, input, target, weight, Reduction::None), {-1});
  return reduce_losses(operation, losses, reduction);
}

namespace {

// The sigmoid and the target flat, in float32 or wider, for sums over all elements.
struct Region {
  Tensor s, t;

  Region(const char* operation, const Tensor& input, const Tensor& target) {
    check_floating(operation, "input", input);
    if (input.numel() != target.numel()) {
      fail<ShapeError>(operation, "the input has {} elements, the target {}", input.numel(), target.numel());
    }
    const DType dtype = is_half(input.dtype()) ? float32 : input.dtype();
    s = sigmoid(input.to(dtype)).flatten();
    t = target.to(dtype).flatten();
  }
};

Tensor region_loss(const Tensor& overlap, const Tensor& whole, double smooth, Reduction reduction,
                   DType dtype) {
  const Tensor loss = sub(1, div(add(overlap, smooth), add(whole, smooth))).to(dtype);
  return reduction == Reduction::None ? loss.reshape({1}) : loss;
}

}  // namespace

Tensor dice_loss(const Tensor& input_given, const Tensor& target, double smooth, Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  const Region r("dice_loss", input, target);
  return region_loss(mul(sum(mul(r.s, r.t)), 2), add(sum(r.s), sum(r.t)), smooth, reduction, input.dtype());
}

Tensor tversky_loss(const Tensor& input_given, const Tensor& target, double alpha, double beta, double smooth,
                    Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  const Region r("tversky_loss", input, target);
  const Tensor both = sum(mul(r.s, r.t));
  const Tensor wrong = add(mul(sum(mul(r.s, sub(1, r.t))), alpha), mul(sum(mul(sub(1, r.s), r.t)), beta));
  return region_loss(both, add(both, wrong), smooth, reduction, input.dtype());
}

}  // namespace wick
