#include "wick/optim/scheduler.h"

#include <cmath>

#include "tclext/commands/optim.h"

namespace optim = wick::optim;

template <>
inline constexpr binding::Word<optim::Cycle> binding::words<optim::Cycle>[] = {
    {"triangular", optim::Cycle::Triangular},
    {"triangular2", optim::Cycle::Triangular2},
    {"exp_range", optim::Cycle::ExpRange}};
template <>
inline constexpr binding::Word<optim::Anneal> binding::words<optim::Anneal>[] = {
    {"cos", optim::Anneal::Cosine}, {"linear", optim::Anneal::Linear}};
template <>
inline constexpr binding::Word<optim::PlateauMode> binding::words<optim::PlateauMode>[] = {
    {"min", optim::PlateauMode::Min}, {"max", optim::PlateauMode::Max}};
template <>
inline constexpr binding::Word<optim::ThresholdMode> binding::words<optim::ThresholdMode>[] = {
    {"rel", optim::ThresholdMode::Relative}, {"abs", optim::ThresholdMode::Absolute}};

namespace commands {
namespace {

constexpr const char* new_scheduler = "the scheduler";
constexpr binding::Range up_to_1{0, 1, true, false};

const Param advanced{"scheduler handle", required, "the scheduler"};
const Param last_epoch{"lastEpoch last_epoch", std::int64_t{-1},
                       "updates done before, less one, to go on from there", between(-1, 1e12)};
const Param eta_min{"etaMin eta_min", 0.0, "lowest rate", at_least(0)};

template <class S, class... A>
Scheduler make(const char* prefix, const Optimizer& scheduled, const A&... arguments) {
  return {wick::Ref<optim::Scheduler>(new S(scheduled, arguments...)), prefix};
}

// --- Factors

std::vector<Command> by_factors() {
  return {
      Command{.name = "lr_scheduler_lambda",
              .summary = "After t updates the rate is the base times multiplier^t.",
              .details = "The multiplier is a number, not a script.",
              .params = {optimizer, {"multiplier lambda", 1.0, "factor of every update", at_least(0)}},
              .positional = {"optimizer ?multiplier?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, double by) {
                return make<optim::LambdaLR>("lambda_scheduler", scheduled, [by](std::int64_t t) {
                  return std::pow(by, static_cast<double>(t));
                });
              })},
      Command{.name = "lr_scheduler_multiplicative",
              .summary = "Every update multiplies the rate by a factor.",
              .details = "The factor is a number, not a script. By position it is required.",
              .params = {optimizer, {"lrLambda lr_lambda", 1.0, "factor of every update", at_least(0)}},
              .positional = {"optimizer lrLambda"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, double by) {
                return make<optim::MultiplicativeLR>("mult_scheduler", scheduled,
                                                     [by](std::int64_t) { return by; });
              })},
      Command{.name = "lr_scheduler_exponential",
              .summary = "Every update multiplies the rate by gamma.",
              .params = {optimizer, {"gamma decay", 0.95, "factor of every update", above(0)}},
              .positional = {"optimizer ?gamma?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, double gamma) {
                return make<optim::ExponentialLR>("exp_scheduler", scheduled, gamma);
              })},
      Command{.name = "lr_scheduler_exponential_decay",
              .summary = "Every update multiplies the rate by gamma, which is at most 1.",
              .details = "By position gamma is required.",
              .params = {optimizer, {"gamma", 0.95, "factor of every update", up_to_1}},
              .positional = {"optimizer gamma"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, double gamma) {
                return make<optim::ExponentialLR>("scheduler", scheduled, gamma);
              })},
      Command{.name = "lr_scheduler_step",
              .summary = "The rate is multiplied by gamma every stepSize updates.",
              .params = {optimizer,
                         {"stepSize step_size", required, "updates from one fall to the next", above(0)},
                         {"gamma", 0.1, "factor of each fall", above(0)}},
              .positional = {"optimizer step_size ?gamma?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, std::int64_t size, double gamma) {
                return make<optim::StepLR>("step_scheduler", scheduled, size, gamma);
              })},
      Command{
          .name = "lr_scheduler_multi_step",
          .summary = "The rate is multiplied by gamma at each milestone.",
          .details = "Milestones may stand in any order; one that stands twice counts twice.",
          .params = {optimizer,
                     {"milestones", required, "numbers of the updates at which the rate falls", at_least(1)},
                     {"gamma", 0.1, "factor of each fall", at_least(0)}},
          .positional = {"optimizer milestones ?gamma?"},
          .returns = new_scheduler,
          .call =
              bind([](const Optimizer& scheduled, const std::vector<std::int64_t>& milestones, double gamma) {
                if (milestones.empty())
                  wick::fail("lr_scheduler_multi_step", "-milestones must not be empty");
                return make<optim::MultiStepLR>("multi_step_scheduler", scheduled, milestones, gamma);
              })},
  };
}

// --- From a warm-up on, or down to 0

std::vector<Command> with_an_end() {
  const Param warmup{"numWarmupSteps num_warmup_steps", required, "updates of rising rate", at_least(0)};
  return {
      Command{
          .name = "lr_scheduler_polynomial",
          .summary = "The rate falls to 0 as a power of the updates that are left.",
          .details = "base (1 - min(t, totalIters) / totalIters)^power after t updates.",
          .params = {optimizer,
                     {"totalIters total_iters", required, "updates until the rate is 0", above(0)},
                     {"power", 1.0, "exponent", at_least(0)},
                     last_epoch},
          .positional = {"optimizer total_iters ?power? ?last_epoch?"},
          .returns = new_scheduler,
          .call = bind([](const Optimizer& scheduled, std::int64_t total, double power, std::int64_t last) {
            return make<optim::PolynomialLR>("poly_scheduler", scheduled, total, power, last);
          })},
      Command{.name = "lr_scheduler_linear_with_warmup",
              .summary = "The rate rises from 0 in a line, and falls to 0 in another.",
              .details = "With W warm-up steps of N: base t / W before W, then base (N - t) / (N - W), 0 "
                         "from N on. It is 0 "
                         "at creation when W is above 0.",
              .params = {optimizer,
                         warmup,
                         {"numTrainingSteps num_training_steps", required,
                          "updates until the rate is 0 again, the warm-up among them", above(0)},
                         last_epoch},
              .positional = {"optimizer num_warmup_steps num_training_steps ?last_epoch?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, std::int64_t warm, std::int64_t total,
                              std::int64_t last) {
                if (total < warm) {
                  wick::fail("lr_scheduler_linear_with_warmup",
                             "-numTrainingSteps must be at least -numWarmupSteps, {} and {} were given",
                             total, warm);
                }
                return make<optim::LinearWithWarmup>("linear_warmup_scheduler", scheduled, warm, total, last);
              })},
      Command{.name = "lr_scheduler_constant_with_warmup",
              .summary = "The rate rises from 0 in a line, and stays.",
              .details = "With W warm-up steps: base t / W before W, then the base. It is 0 at creation when "
                         "W is above 0.",
              .params = {optimizer, warmup, last_epoch},
              .positional = {"optimizer num_warmup_steps ?last_epoch?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, std::int64_t warm, std::int64_t last) {
                return make<optim::ConstantWithWarmup>("constant_warmup_scheduler", scheduled, warm, last);
              })},
      Command{.name = "lr_scheduler_inverse_sqrt",
              .summary = "The rate rises from 0 in a line, and falls with the root of the number of updates.",
              .details = "With W warm-up steps: base decayFactor t / W before W, then base decayFactor "
                         "sqrt(W / t). It is 0 "
                         "at creation.",
              .params = {optimizer,
                         {"warmupSteps warmup_steps", required, "updates of rising rate", above(0)},
                         {"decayFactor decay_factor", 1.0, "factor of all rates", above(0)}},
              .positional = {"optimizer warmup_steps ?decay_factor?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, std::int64_t warm, double factor) {
                return make<optim::InverseSqrtLR>("inverse_sqrt_scheduler", scheduled, warm, factor);
              })},
      Command{
          .name = "lr_scheduler_noam",
          .summary = "The schedule of the first transformer, whatever the optimizer's own rate.",
          .details = "modelSize^-0.5 min(n^-0.5, n warmupSteps^-1.5) with n = max(1, t).",
          .params = {optimizer,
                     {"modelSize model_size", required, "width of the model", above(0)},
                     {"warmupSteps warmup_steps", std::int64_t{4000}, "updates of rising rate", above(0)}},
          .positional = {"optimizer model_size ?warmup_steps?"},
          .returns = new_scheduler,
          .call = bind([](const Optimizer& scheduled, std::int64_t width, std::int64_t warm) {
            return make<optim::NoamLR>("noam_scheduler", scheduled, width, warm);
          })},
  };
}

// --- Waves

template <const char* const& prefix>
binding::Function cosine() {
  return bind([](const Optimizer& scheduled, std::int64_t period, double least) {
    // The library, as PyTorch, counts to the minimum.
    return make<optim::CosineAnnealingLR>(prefix, scheduled, static_cast<double>(period) / 2, least);
  });
}
constexpr const char* cosine_prefix = "cosine_scheduler";
constexpr const char* cosine_annealing_prefix = "cosine_annealing_scheduler";

Command cosine(const char* name, binding::Function call) {
  return {
      .name = name,
      .summary = "The rate follows a cosine, again and again.",
      .details =
          "etaMin + (base - etaMin) (1 + cos(2 pi t / T_max)) / 2. T_max is the whole period: the minimum "
          "lies at "
          "T_max / 2, where PyTorch reaches it at T_max, and after T_max updates the rate is back at the "
          "base.",
      .params = {optimizer, {"tMax t_max T_max", required, "updates of a whole period", above(0)}, eta_min},
      .positional = {"optimizer T_max ?eta_min?"},
      .returns = new_scheduler,
      .call = std::move(call)};
}

// One cycle; the advanced command has a choice of the end as well.
const Param highest_rate{"maxLr max_lr", required, "highest rate", above(0)};
const Param total_steps{"totalSteps total_steps", required, "updates of all, the one at creation among them",
                        above(0)};
const Param rising_share{"pctStart pct_start", 0.3, "share of the updates in which the rate rises",
                         between(0, 1)};
const Param anneal{"annealStrategy anneal_strategy", "cos", "shape of rise and fall"};
const Param first_divisor{"divFactor div_factor", 25.0, "the highest rate divided by the first one",
                          above(0)};
constexpr const char* one_cycle =
    "From maxLr / divFactor, which is set at creation, the rate goes to maxLr at t = pctStart totalSteps - "
    "1, and to maxLr / "
    "divFactor / finalDivFactor at t = totalSteps - 1, where it stays. The optimizer's own rate plays no "
    "part, and momentum "
    "is not changed.";

std::vector<Command> waves() {
  return {
      cosine("lr_scheduler_cosine", cosine<cosine_prefix>()),
      cosine("lr_scheduler_cosine_annealing", cosine<cosine_annealing_prefix>()),
      Command{
          .name = "lr_scheduler_cosine_annealing_warm_restarts",
          .summary = "The rate falls as a cosine does, and begins again at the base.",
          .details = "etaMin + (base - etaMin) (1 + cos(pi c / T)) / 2 after c updates of a period of T. The "
                     "first period "
                     "has T_0 updates, each other T_mult times as many as the one before.",
          .params = {optimizer,
                     {"t0 T_0 T0", required, "updates of the first period", above(0)},
                     {"tMult T_mult TMult", std::int64_t{1}, "a period's length divided by the one before",
                      at_least(1)},
                     eta_min},
          .positional = {"optimizer T_0 ?T_mult? ?eta_min?"},
          .returns = new_scheduler,
          .call = bind([](const Optimizer& scheduled, std::int64_t first, std::int64_t factor, double least) {
            return make<optim::CosineAnnealingWarmRestarts>("cosine_warm_scheduler", scheduled, first, factor,
                                                            least);
          })},
      Command{
          .name = "lr_scheduler_cyclic",
          .summary = "The rate goes up and down between two rates in lines.",
          .details =
              "It begins at baseLr; the optimizer's own rate plays no part, and momentum is not changed. "
              "With "
              "triangular2 each cycle is half as high as the one before, with exp_range the height at t is "
              "gamma^t of the first one.",
          .params = {optimizer,
                     {"baseLr base_lr", required, "lowest rate", above(0)},
                     {"maxLr max_lr", required, "highest rate, above baseLr", above(0)},
                     {"stepSize step_size", std::int64_t{2000}, "updates of half a cycle", above(0)},
                     {"mode", "triangular", "how high later cycles are"},
                     {"gamma", 1.0, "what exp_range multiplies the height by at every update", above(0)}},
          .positional = {"optimizer base_lr max_lr ?step_size? ?mode?"},
          .returns = new_scheduler,
          .call = bind([](const Optimizer& scheduled, double low, double high, std::int64_t half,
                          optim::Cycle mode, double gamma) {
            return make<optim::CyclicLR>("cyclic_scheduler", scheduled, low, high, half, std::int64_t{0},
                                         mode, gamma);
          })},
      Command{.name = "lr_scheduler_one_cycle",
              .summary = "The rate rises to maxLr and falls to almost nothing, once.",
              .details = one_cycle,
              .params = {optimizer, highest_rate, total_steps, rising_share, anneal, first_divisor},
              .positional = {"optimizer max_lr total_steps ?pct_start? ?anneal_strategy? ?div_factor?"},
              .returns = new_scheduler,
              .call = bind([](const Optimizer& scheduled, double highest, std::int64_t total, double rising,
                              optim::Anneal shape, double divisor) {
                return make<optim::OneCycleLR>(
                    "scheduler", scheduled, highest, total,
                    optim::OneCycleOptions{.pct_start = rising, .anneal = shape, .div_factor = divisor});
              })},
      Command{
          .name = "lr_scheduler_onecycle_advanced",
          .summary = "lr_scheduler_one_cycle with a choice of the last rate.",
          .details = one_cycle,
          .params = {optimizer,
                     highest_rate,
                     total_steps,
                     rising_share,
                     anneal,
                     first_divisor,
                     {"finalDivFactor final_div_factor", 1e4, "the first rate divided by the last one",
                      above(0)}},
          .positional =
              {"optimizer max_lr total_steps ?pct_start? ?anneal_strategy? ?div_factor? ?final_div_factor?"},
          .returns = new_scheduler,
          .call = bind([](const Optimizer& scheduled, double highest, std::int64_t total, double rising,
                          optim::Anneal shape, double divisor, double last_divisor) {
            return make<optim::OneCycleLR>("onecycle_adv_scheduler", scheduled, highest, total,
                                           optim::OneCycleOptions{.pct_start = rising,
                                                                  .anneal = shape,
                                                                  .div_factor = divisor,
                                                                  .final_div_factor = last_divisor});
          })},
  };
}

// --- By a metric

const Param mode{"mode", "min", "whether the metric should fall or rise"};
const Param factor{"factor", 0.1, "what the rate is multiplied by", up_to_1};
const Param patience{"patience", std::int64_t{10}, "updates without improvement that are put up with",
                     above(0)};

std::vector<Command> by_metric() {
  return {
      Command{
          .name = "lr_scheduler_reduce_on_plateau",
          .summary = "The rate falls when a metric stops getting better.",
          .details =
              "lr_scheduler_step_advanced tells the metric. It is better than the best so far, b, below b (1 "
              "- "
              "threshold), or b - threshold with abs; of max above b (1 + threshold), or b + threshold. "
              "After "
              "more than patience updates that were not better the rate is multiplied by the factor, unless "
              "that changes it by 1e-8 or less, and counting begins again. An update without a metric "
              "changes "
              "nothing.",
          .params = {optimizer,
                     mode,
                     factor,
                     patience,
                     {"threshold", 1e-4, "how much better counts", at_least(0)},
                     {"thresholdMode threshold_mode", "rel", "whether the threshold is relative to the best"},
                     {"minLr min_lr", 0.0, "lowest rate", at_least(0)}},
          .positional = {"optimizer ?mode? ?factor? ?patience? ?threshold? ?threshold_mode? ?min_lr?"},
          .returns = new_scheduler,
          .call =
              bind([](const Optimizer& scheduled, optim::PlateauMode better, double by, std::int64_t patient,
                      double threshold, optim::ThresholdMode relative, double least) {
                return make<optim::ReduceLROnPlateau>("scheduler", scheduled,
                                                      optim::PlateauOptions{.mode = better,
                                                                            .factor = by,
                                                                            .patience = patient,
                                                                            .threshold = threshold,
                                                                            .threshold_mode = relative,
                                                                            .min_lr = least});
              })},
      Command{
          .name = "lr_scheduler_plateau",
          .summary = "lr_scheduler_reduce_on_plateau with a relative threshold of 1e-4 and no lowest rate.",
          .params = {optimizer, mode, factor, patience},
          .positional = {"optimizer ?mode? ?factor? ?patience?"},
          .returns = new_scheduler,
          .call = bind(
              [](const Optimizer& scheduled, optim::PlateauMode better, double by, std::int64_t patient) {
                return make<optim::ReduceLROnPlateau>(
                    "plateau_scheduler", scheduled,
                    optim::PlateauOptions{.mode = better, .factor = by, .patience = patient});
              })},
  };
}

// --- On any scheduler

std::vector<Command> on_schedulers() {
  return {
      Command{.name = "lr_scheduler_step_update",
              .summary = "Advances a scheduler by one update, and sets its optimizer's learning rate.",
              .details = "The next optimizer_step uses it. All groups of parameters get theirs. A scheduler "
                         "that waits for a "
                         "metric stays as it is.",
              .params = {advanced},
              .positional = {"scheduler"},
              .returns = "OK",
              .call = bind([](const Scheduler& scheduler) {
                scheduler.object->step();
                return "OK";
              })},
      Command{.name = "lr_scheduler_step_advanced",
              .summary = "Advances a scheduler by one update, with a metric for those that go by one.",
              .details = "lr_scheduler_plateau and lr_scheduler_reduce_on_plateau go by the metric, and stay "
                         "as they are "
                         "without one. Others do what lr_scheduler_step_update does.",
              .params = {advanced, {"metric", omittable, "the measure of success"}},
              .positional = {"scheduler ?metric?"},
              .returns = "OK",
              .call = bind([](const Scheduler& scheduler, optional<double> metric) {
                if (metric) {
                  scheduler.object->step(*metric);
                } else {
                  scheduler.object->step();
                }
                return "OK";
              })},
      Command{.name = "get_lr_advanced",
              .summary = "The learning rate that a scheduler last set.",
              .details = "The optimizer's own as long as it has set none.",
              .params = {advanced},
              .positional = {"scheduler"},
              .returns = "the rate, of the first group of parameters",
              .call = bind([](const Scheduler& scheduler) { return scheduler.object->last_lr(); })},
  };
}

}  // namespace

std::vector<Command> schedulers() {
  return joined({by_factors(), with_an_end(), waves(), by_metric(), on_schedulers()});
}

}  // namespace commands
