#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

using binding::Lenient;
using binding::TensorOrNone;
using wick::Reduction;

// What a word that names no reduction counts as differs from loss to loss, as existing scripts expect; where
// this is plain Reduction it is an error.
using ElseMean = Lenient<Reduction, Reduction::Mean>;
using ElseSum = Lenient<Reduction, Reduction::Sum>;
using ElseMeanOrSum = Lenient<Reduction, Reduction::Mean, Reduction::Sum>;

// kl_div has one more reduction than the others.
struct Divergence {
  Reduction reduction;
  bool operator==(const Divergence&) const = default;
};

// In losses with weights the third word is the weights, or the reduction if it is mean or sum: none stands
// for no weights there, and numbers are no reductions.
struct AfterWeight {
  ElseMean reduction;
};
// So that what is neither is no tensor, the order with the weights comes last.
const std::vector<const char*> with_weight{"input target reduction", "input target ?weight? ?reduction?"};

}  // namespace
}  // namespace commands

template <>
inline constexpr binding::Word<commands::Divergence> binding::words<commands::Divergence>[] = {
    {"none", {wick::Reduction::None}}, {"mean", {wick::Reduction::Mean}},
    {"sum", {wick::Reduction::Sum}},   {"batchmean", {wick::Reduction::BatchMean}},
    {"0", {wick::Reduction::None}},    {"1", {wick::Reduction::Mean}},
    {"2", {wick::Reduction::Sum}}};

template <>
inline constexpr binding::Word<wick::Distance> binding::words<wick::Distance>[] = {
    {"cosine", wick::Distance::Cosine},       {"pairwise", wick::Distance::Pairwise},
    {"euclidean", wick::Distance::Euclidean}, {"0", wick::Distance::Cosine},
    {"1", wick::Distance::Pairwise},          {"2", wick::Distance::Euclidean}};

template <>
struct binding::Convert<commands::AfterWeight> {
  using Base = Convert<commands::ElseMean>;
  static std::optional<commands::AfterWeight> attempt(const Source& s) {
    if (const auto reduction = Base::attempt(s)) return commands::AfterWeight{*reduction};
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return Base::fault(s); }
  static bool could_be(const State& state, Tcl_Obj* word) {
    return Base::could_be(state, word) && !integer_of(word) && !Convert<TensorOrNone>::could_be(state, word);
  }
  static constexpr Type type{Base::type.name, could_be};
  static commands::AfterWeight by_default(const Default& d) { return {Base::by_default(d)}; }
};

namespace commands {
namespace {

const Param predictions{"input", required, "predictions"};
const Param truth{"target", required, "true values"};
const Param scores{"input", required, "scores of the classes, (N, C) or (C)"};

const Param else_mean{"reduction", "mean",
                      "none, mean or sum of the losses, or 0, 1, 2; any other word counts as mean"};
const Param else_sum{"reduction", "mean",
                     "none, mean or sum of the losses, or 0, 1, 2; any other word counts as sum"};
const Param else_mean_or_sum{"reduction", "mean",
                             "none, mean or sum of the losses, or 0, 1, 2; another number given by position "
                             "counts as sum, any other word as mean"};
const Param strict{"reduction", "mean", "none, mean or sum of the losses, or 0, 1, 2"};
const Param shape_only{"reduction", "mean",
                       "decides about the shape alone: mean and sum, or 1 and 2, are the same"};

constexpr const char* broadcast =
    "Input and target are broadcast to each other and promoted to one dtype, which must be floating point. "
    "The mean of no elements is nan. Shapes such as {4 1} and {4} give 16 differences, which is seldom "
    "meant.";
constexpr const char* of_elements = "0-d for mean and sum, the broadcast shape for none";
constexpr const char* of_vectors = "0-d for mean and sum; for none (N), or 0-d for single vectors";
constexpr const char* of_examples = "0-d for mean and sum; for none (N), or 0-d for one example";
constexpr const char* of_region = "0-d for mean and sum, shape 1 for none";

// A loss of an input and a target, without further parameters.
template <class R, Tensor (*function)(const Tensor&, const Tensor&, Reduction)>
binding::Function pair() {
  return bind([](const Tensor& x, const Tensor& t, R reduction) { return function(x, t, reduction); });
}

std::vector<Command> of_differences() {
  return {
      Command{.name = "l1_loss",
              .summary = "The absolute difference of each element, |input - target|.",
              .details =
                  "Input and target are broadcast to each other and promoted to one dtype. Integers are "
                  "taken, but have no mean. The mean of no elements is nan.",
              .params = {predictions, truth, else_mean},
              .positional = {"input target ?reduction?"},
              .returns = of_elements,
              .call = pair<ElseMean, wick::l1_loss>()},
      Command{.name = "mse_loss",
              .summary = "The squared difference of each element, (input - target)^2.",
              .details = broadcast,
              .params = {predictions, truth, else_mean},
              .positional = {"input target ?reduction?"},
              .returns = of_elements,
              .call = pair<ElseMean, wick::mse_loss>()},
      Command{.name = "smooth_l1_loss",
              .summary = "With d = |input - target|: d^2 / (2 * beta) where d is below beta, else "
                         "d - beta / 2.",
              .details = broadcast,
              .params = {predictions, truth, else_mean_or_sum,
                         Param{"beta", 1.0, "where the quadratic part ends; 0 gives l1_loss", at_least(0)}},
              .positional = {"input target ?reduction? ?beta?"},
              .returns = of_elements,
              .call = bind([](const Tensor& x, const Tensor& t, ElseMeanOrSum reduction, double beta) {
                return wick::smooth_l1_loss(x, t, reduction, beta);
              })},
      Command{.name = "huber_loss",
              .summary = "With d = |input - target|: d^2 / 2 where d is at most delta, else "
                         "delta * (d - delta / 2).",
              .details = broadcast,
              .params = {predictions, truth, else_mean,
                         Param{"delta", 1.0, "where the quadratic part ends", above(0)}},
              .positional = {"input target ?reduction? ?delta?"},
              .returns = of_elements,
              .call = bind([](const Tensor& x, const Tensor& t, ElseMean reduction, double delta) {
                return wick::huber_loss(x, t, reduction, delta);
              })},
  };
}

std::vector<Command> of_distributions() {
  return {
      Command{
          .name = "kl_div_loss",
          .summary = "target * (log(target) - input) of each element, 0 where the target is 0: the "
                     "divergence of the distribution with the logarithms input from the target.",
          .details = broadcast,
          .params = {Param{"input", required, "logarithms of probabilities"},
                     Param{"target", required, "probabilities, or their logarithms with -logTarget"},
                     Param{"reduction", "mean",
                           "none, mean or sum of the losses, or 0, 1, 2, or batchmean, the sum over the size "
                           "of dimension 0; any other word counts as mean"},
                     Param{"logTarget", false, "whether the target holds logarithms"}},
          .positional = {"input target ?reduction? ?logTarget?"},
          .returns = "0-d, the broadcast shape for none",
          .call = bind(
              [](const Tensor& x, const Tensor& t, Lenient<Divergence, Divergence{Reduction::Mean}> reduction,
                 bool log_target) { return wick::kl_div(x, t, reduction.value.reduction, log_target); })},
      Command{
          .name = "poisson_nll_loss",
          .summary = "exp(x) - t * x of each element, for a count t and the logarithm x of its expectation; "
                     "without -logInput x - t * log(x + 1e-8), for the expectation itself.",
          .details = broadcast,
          .params = {Param{"input", required, "expected counts, or their logarithms"},
                     Param{"target", required, "observed counts"},
                     Param{"logInput", true, "whether the input holds logarithms"},
                     Param{"full", false,
                           "whether t * log(t) - t + log(2 * pi * t) / 2 is added where t is above 1"},
                     else_mean_or_sum},
          .positional = {"input target ?logInput? ?full? ?reduction?"},
          .returns = of_elements,
          .call =
              bind([](const Tensor& x, const Tensor& t, bool log_input, bool full, ElseMeanOrSum reduction) {
                return wick::poisson_nll_loss(x, t, log_input, full, 1e-8, reduction);
              })},
      Command{.name = "gaussian_nll_loss",
              .summary = "Of each element (log(v) + (input - target)^2 / v) / 2, with v the variance, or eps "
                         "where it is below.",
              .details =
                  "The three tensors are broadcast; a variance for each row needs a last dimension of 1. "
                  "Gradients of raised variances are 0.",
              .params = {Param{"input", required, "expected values"},
                         Param{"target", required, "observed values"},
                         Param{"var", required, "variances, floating point"},
                         Param{"full", false, "whether log(2 * pi) / 2 is added"},
                         Param{"eps", 1e-6, "the smallest variance used"}, strict},
              .positional = {"input target var ?full? ?eps? ?reduction?"},
              .returns = of_elements,
              .call = bind([](const Tensor& x, const Tensor& t, const Tensor& var, bool full, double eps,
                              Reduction reduction) {
                return wick::gaussian_nll_loss(x, t, var, full, eps, reduction);
              })},
      Command{.name = "bce_loss",
              .summary =
                  "Binary cross entropy, -w * (t * log(x) + (1 - t) * log(1 - x)) of each element, for a "
                  "probability x and a wanted one t; no logarithm is below -100.",
              .details = "The mean is over the number of elements, whatever the weights are.",
              .params = {Param{"input", required, "probabilities, from 0 to 1"},
                         Param{"target", required, "wanted probabilities, floating point, shaped alike"},
                         Param{"weight", "none", "weight of each element, broadcast, or none"}, else_mean},
              .positional = with_weight,
              .returns = "0-d for mean and sum, the input's shape for none",
              .call = bind(
                  [](const Tensor& x, const Tensor& t, const TensorOrNone& weight, const AfterWeight& after) {
                    return wick::binary_cross_entropy(x, t, weight, after.reduction);
                  })},
  };
}

std::vector<Command> of_signs() {
  const Param first{"input1", required, "first scores"}, second{"input2", required, "second scores"};
  return {
      Command{.name = "soft_margin_loss",
              .summary = "log(1 + exp(-target * input)) of each element.",
              .details = broadcast,
              .params = {Param{"input", required, "scores"}, Param{"target", required, "1 or -1"}, else_sum},
              .positional = {"input target ?reduction?"},
              .returns = of_elements,
              .call = pair<ElseSum, wick::soft_margin_loss>()},
      Command{
          .name = "hinge_embedding_loss",
          .summary = "The input where the target is 1, max(0, margin - input) where it is -1; elsewhere "
                     "both together.",
          .details = broadcast,
          .params = {Param{"input", required, "distances"},
                     Param{"target", required, "1 for similar, -1 for dissimilar"},
                     Param{"margin", 1.0, "distance from which a dissimilar pair costs nothing"}, else_mean},
          .positional = {"input target ?margin? ?reduction?"},
          .returns = of_elements,
          .call = bind([](const Tensor& x, const Tensor& t, double margin, ElseMean reduction) {
            return wick::hinge_embedding_loss(x, t, margin, reduction);
          })},
      Command{.name = "margin_ranking_loss",
              .summary = "max(0, margin - target * (input1 - input2)) of each element.",
              .details = "The three tensors are broadcast to each other and promoted to one dtype.",
              .params = {first, second,
                         Param{"target", required, "1 where the first should rank higher, -1 the second"},
                         Param{"margin", 0.0, "lead that the better score must have"}, else_mean},
              .positional = {"input1 input2 target ?margin? ?reduction?"},
              .returns = of_elements,
              .call = bind(
                  [](const Tensor& a, const Tensor& b, const Tensor& t, double margin, ElseMean reduction) {
                    return wick::margin_ranking_loss(a, b, t, margin, reduction);
                  })},
  };
}

std::vector<Command> of_distances() {
  const Param anchor{"anchor", required, "reference vectors, (N, D) or (D)"};
  const Param near{"positive", required, "vectors that should be near"};
  const Param far{"negative", required, "vectors that should be far"};
  const Param lead{"margin", 1.0, "lead that the far vector must have"};
  return {
      Command{
          .name = "cosine_embedding_loss",
          .summary = "With c the cosine of the angle between two vectors: 1 - c where the target is 1, "
                     "max(0, c - margin) where it is -1, else 0.",
          .details = "1e-12 is added to the squared lengths.",
          .params = {Param{"input1", required, "first vectors, (N, D) or (D)"},
                     Param{"input2", required, "second vectors, shaped like the first"},
                     Param{"target", required,
                           "1 for similar, -1 for dissimilar pairs: (N), or 0-d for single vectors"},
                     Param{"margin", 0.0, "cosine up to which a dissimilar pair costs nothing"}, else_mean},
          .positional = {"input1 input2 target ?margin? ?reduction?"},
          .returns = of_vectors,
          .call =
              bind([](const Tensor& a, const Tensor& b, const Tensor& t, double margin, ElseMean reduction) {
                return wick::cosine_embedding_loss(a, b, t, margin, reduction);
              })},
      Command{.name = "triplet_margin_loss",
              .summary = "max(0, d(anchor, positive) - d(anchor, negative) + margin), where d(a, b) is the "
                         "p-norm of a - b + 1e-6 along the last dimension.",
              .params = {anchor, near, far, lead, Param{"p", 2.0, "degree of the norm"}, else_mean_or_sum},
              .positional = {"anchor positive negative ?margin? ?p? ?reduction?"},
              .returns = of_vectors,
              .call = bind([](const Tensor& a, const Tensor& p, const Tensor& n, double margin, double degree,
                              ElseMeanOrSum reduction) {
                return wick::triplet_margin_loss(a, p, n, margin, degree, 1e-6, false, reduction);
              })},
      Command{
          .name = "triplet_margin_with_distance_loss",
          .summary = "max(0, d(anchor, positive) - d(anchor, negative) + margin) with a distance d of choice "
                     "along the last dimension.",
          .details = "cosine is 1 - the cosine of the angle, euclidean the 2-norm of the difference, and "
                     "pairwise that of the difference with 1e-6 added to each element.",
          .params = {anchor, near, far,
                     Param{"distanceFunction", "euclidean",
                           "cosine, pairwise or euclidean, or 0, 1, 2; any other word counts as euclidean"},
                     lead, else_sum},
          .positional = {"anchor positive negative ?distanceFunction? ?margin? ?reduction?"},
          .returns = of_vectors,
          .call = bind([](const Tensor& a, const Tensor& p, const Tensor& n,
                          Lenient<wick::Distance, wick::Distance::Euclidean> distance, double margin,
                          ElseSum reduction) {
            return wick::triplet_margin_with_distance_loss(a, p, n, distance, margin, reduction);
          })},
  };
}

std::vector<Command> of_classes() {
  constexpr const char* of_targets = "0-d for mean and sum, the input's shape without C for none";
  const Param weight{"weight", "none", "one weight a class, or none"};
  return {
      Command{
          .name = "cross_entropy_loss",
          .summary = "Of scores -w[y] * log_softmax(x)[y] for the class y of each example; of probabilities "
                     "the sum of "
                     "-w[c] * t[c] * log_softmax(x)[c] over all classes.",
          .details = "Classes are in dimension 1, in dimension 0 of a 1-d input. The mean is over the sum of "
                     "the weights of the targets, that of probabilities over the number of examples. "
                     "Targets of -100 are skipped: 0 for none, and not counted.",
          .params = {Param{"input", required, "scores of the classes, (N, C), (C) or (N, C, d1, ...)"},
                     Param{"target", required,
                           "class numbers, Int64, of the input's shape without C; or probabilities, floating "
                           "point, of the input's shape"},
                     weight, else_mean},
          .positional = with_weight,
          .returns = of_targets,
          .call = bind([](const Tensor& x, const Tensor& t, const TensorOrNone& w, const AfterWeight& after) {
            return wick::cross_entropy(x, t, w, after.reduction);
          })},
      Command{
          .name = "nll_loss",
          .summary = "The loss -w[y] * x[y] for the class y of each example.",
          .details = "Classes are in dimension 1, in dimension 0 of a 1-d input. The mean is over the sum of "
                     "the weights of the targets. Targets of -100 are skipped: 0 for none, and not counted.",
          .params = {Param{"input", required, "log-probabilities, (N, C), (C) or (N, C, d1, ...)"},
                     Param{"target", required, "class numbers, Int64, of the input's shape without C"},
                     weight, else_mean},
          .positional = with_weight,
          .returns = of_targets,
          .call = bind([](const Tensor& x, const Tensor& t, const TensorOrNone& w, const AfterWeight& after) {
            return wick::nll_loss(x, t, w, after.reduction);
          })},
      Command{
          .name = "focal_loss",
          .summary = "The loss -alpha * (1 - p)^gamma * log(max(p, 1e-8)) with p the softmax probability of "
                     "the class "
                     "of each example.",
          .details = "With alpha 1 and gamma 0 it is the cross entropy. Class numbers of any dtype are cut "
                     "to integers.",
          .params = {Param{"input", required, "scores of the classes, which are in the last dimension"},
                     Param{"target", required,
                           "class numbers, of the input's shape without its last dimension"},
                     Param{"alpha", 1.0, "factor of every loss"},
                     Param{"gamma", 2.0, "exponent that plays easy examples down"}, strict},
          .positional = {"input target ?alpha? ?gamma? ?reduction?"},
          .returns = "0-d for mean and sum, the target's shape for none",
          .call = bind([](const Tensor& x, const Tensor& t, double alpha, double gamma, Reduction reduction) {
            return wick::focal_loss(x, t, alpha, gamma, reduction);
          })},
      Command{.name = "multi_margin_loss",
              .summary = "For the class y of each example the sum of max(0, margin - x[y] + x[i])^p over all "
                         "other classes i, divided by the number of classes.",
              .params = {scores, Param{"target", required, "class numbers, Int64, (N) or one element"},
                         Param{"p", std::int64_t{1}, "exponent, 1 or 2"},
                         Param{"margin", 1.0, "lead that the true class must have"}, strict},
              .positional = {"input target ?p? ?margin? ?reduction?"},
              .returns = "0-d for mean and sum, the target's shape for none",
              .call = bind(
                  [](const Tensor& x, const Tensor& t, std::int64_t p, double margin, Reduction reduction) {
                    return wick::multi_margin_loss(x, t, p, margin, {}, reduction);
                  })},
      Command{
          .name = "multilabel_margin_loss",
          .summary = "For each example the sum of max(0, 1 - x[j] + x[i]) over its classes j and all "
                     "other classes i, divided by the number of classes.",
          .params = {scores,
                     Param{"target", required,
                           "Int64, shaped like the input: a row lists the numbers of an example's classes "
                           "up to the first -1"},
                     else_sum},
          .positional = {"input target ?reduction?"},
          .returns = of_examples,
          .call = pair<ElseSum, wick::multilabel_margin_loss>()},
      Command{.name = "multilabel_soft_margin_loss",
              .summary = "For each example the mean of -(t * log(s) + (1 - t) * log(1 - s)) over the last "
                         "dimension, with s the sigmoid of the score.",
              .params = {Param{"input", required, "scores of the classes, which are in the last dimension"},
                         Param{"target", required, "0 or 1 for each class, shaped like the input"}, else_sum},
              .positional = {"input target ?reduction?"},
              .returns = "0-d for mean and sum, the input's shape without its last dimension for none",
              .call = bind([](const Tensor& x, const Tensor& t, ElseSum reduction) {
                return wick::multilabel_soft_margin_loss(x, t, {}, reduction);
              })},
  };
}

std::vector<Command> of_regions() {
  constexpr const char* details =
      "One number over all elements, those of a batch included. Shapes may differ, numbers of elements may "
      "not.";
  const Param region{"input", required, "scores, of which the sigmoid is taken"};
  const Param inside{"target", required, "0 or 1 for each score, of any dtype"};
  const Param smooth{"smooth", 1.0, "added above and below the fraction line"};
  return {
      Command{.name = "dice_loss",
              .summary = "1 - (2 * sum(s * t) + smooth) / (sum(s) + sum(t) + smooth) with s the sigmoid of "
                         "the input.",
              .details = details,
              .params = {region, inside, smooth, shape_only},
              .positional = {"input target ?smooth? ?reduction?"},
              .returns = of_region,
              .call = bind([](const Tensor& x, const Tensor& t, double smoothing, Reduction reduction) {
                return wick::dice_loss(x, t, smoothing, reduction);
              })},
      Command{.name = "tversky_loss",
              .summary = "1 - (TP + smooth) / (TP + alpha * FP + beta * FN + smooth) with s the sigmoid of "
                         "the input, TP = sum(s * t), FP = sum(s * (1 - t)) and FN = sum((1 - s) * t).",
              .details = details,
              .params = {region, inside, Param{"alpha", 0.7, "weight of false positives"},
                         Param{"beta", 0.3, "weight of false negatives"}, smooth, shape_only},
              .positional = {"input target ?alpha? ?beta? ?smooth? ?reduction?"},
              .returns = of_region,
              .call = bind([](const Tensor& x, const Tensor& t, double alpha, double beta, double smoothing,
                              ElseMean reduction) {
                return wick::tversky_loss(x, t, alpha, beta, smoothing, reduction);
              })},
  };
}

}  // namespace

const Area& loss() {
  static const Area area{
      "loss", "Losses",
      joined({of_differences(), of_distributions(), of_signs(), of_distances(), of_classes(), of_regions()})};
  return area;
}

}  // namespace commands
