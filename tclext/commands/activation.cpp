#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

const Param values{"input", required, "values to activate"};
constexpr const char* floating_only = "Floating point only.";
constexpr const char* same = "same shape and dtype as the input";

// Throws unless the condition holds: "elu: -alpha must be above 0, -1 was given".
void check(bool holds, const char* command, const char* demand, double given) {
  if (!holds) {
    wick::fail(command, "{}, {} was given", demand, given);
  }
}

template <Tensor (*function)(const Tensor&)>
binding::Function unary() {
  return bind([](const Tensor& x) { return function(x); });
}

Command plain(const char* name, std::vector<const char*> aliases, const char* summary, const char* details,
              binding::Function call, const char* returns = same) {
  return {.name = name,
          .aliases = std::move(aliases),
          .summary = summary,
          .details = details,
          .params = {values},
          .positional = {"input"},
          .returns = returns,
          .call = std::move(call)};
}

std::vector<Command> without_parameters() {
  constexpr const char* whole = "Integers are cut likewise and keep their dtype; Bool is refused.";
  constexpr const char* widened = "Integers give Float32; Bool is refused.";
  return {
      plain("gelu", {}, "x times the normal distribution function of x, 0.5 x (1 + erf(x / sqrt(2))).",
            floating_only, bind([](const Tensor& x) { return wick::gelu(x); })),
      plain("selu", {}, "scale * x above 0, else scale * alpha * (exp(x) - 1).",
            "alpha is 1.6732632423543772 and scale 1.0507009873554805. Floating point only.",
            unary<wick::selu>()),
      plain("relu6", {}, "x cut to the interval from 0 to 6.", whole, unary<wick::relu6>()),
      plain("hardswish", {"hardSwish"}, "x times (x + 3) / 6, which is cut to the interval from 0 to 1.",
            floating_only, unary<wick::hardswish>()),
      plain("hardsigmoid", {"hardSigmoid"}, "The line (x + 3) / 6, cut to the interval from 0 to 1.",
            floating_only, unary<wick::hardsigmoid>()),
      plain("silu", {"siLU"}, "x times the sigmoid of x, x / (1 + exp(-x)).", floating_only,
            unary<wick::silu>()),
      plain("mish", {}, "x times the hyperbolic tangent of log(1 + exp(x)).", floating_only,
            unary<wick::mish>()),
      plain("softplus", {"softPlus"}, "log(1 + exp(x)), and x itself above 20.", floating_only,
            bind([](const Tensor& x) { return wick::softplus(x); })),
      plain("softsign", {"softSign"}, "x / (1 + |x|).", widened, unary<wick::softsign>(),
            "same shape as the input"),
      plain("tanhshrink", {"tanhShrink"}, "x minus its hyperbolic tangent.", widened,
            unary<wick::tanhshrink>(), "same shape as the input"),
      plain("glu", {}, "a times the sigmoid of b, where a and b are the two halves of the last dimension.",
            "The last dimension must be even; a 0-d tensor is refused. Floating point only.",
            bind([](const Tensor& x) { return wick::glu(x); }),
            "the input's shape with the last dimension halved"),
  };
}

std::vector<Command> with_parameters() {
  return {
      Command{.name = "elu",
              .aliases = {"Elu"},
              .summary = "x above 0, else alpha * (exp(x) - 1).",
              .details = floating_only,
              .params = {values, {"alpha", 1.0, "size of the negative branch, above 0"}},
              .positional = {"input ?alpha?"},
              .returns = same,
              .call = bind([](const Tensor& x, double alpha) {
                check(alpha > 0, "elu", "-alpha must be above 0", alpha);
                return wick::elu(x, alpha);
              })},
      Command{.name = "celu",
              .summary = "x above 0, else alpha * (exp(x / alpha) - 1).",
              .details = floating_only,
              .params = {values, {"alpha", 1.0, "scale of the negative branch, above 0"}},
              .positional = {"input ?alpha?"},
              .returns = same,
              .call = bind([](const Tensor& x, double alpha) {
                check(alpha > 0, "celu", "-alpha must be above 0", alpha);
                return wick::celu(x, alpha);
              })},
      Command{
          .name = "leaky_relu",
          .summary = "x above 0, else the slope times x.",
          .details = floating_only,
          .params = {values,
                     {"negativeSlope negative_slope slope", 0.01, "factor for negative values, at least 0"}},
          .positional = {"input ?negativeSlope?"},
          .returns = same,
          .call = bind([](const Tensor& x, double slope) {
            check(slope >= 0, "leaky_relu", "-negativeSlope must be 0 or greater", slope);
            return wick::leaky_relu(x, slope);
          })},
      Command{
          .name = "rrelu",
          .aliases = {"rRelu"},
          .summary = "x above 0, else x times the middle of lower and upper.",
          .details =
              "What the randomized leaky rectifier is in evaluation: nothing is random. Floating point only.",
          .params = {values,
                     {"lower", 1.0 / 8, "smallest slope, at least 0"},
                     {"upper", 1.0 / 3, "largest slope, at least lower"}},
          .positional = {"input ?lower? ?upper?"},
          .returns = same,
          .call = bind([](const Tensor& x, double lower, double upper) {
            check(lower >= 0, "rrelu", "-lower must be 0 or greater", lower);
            check(upper >= lower, "rrelu", "-upper must be at least -lower", upper);
            return wick::rrelu(x, lower, upper);
          })},
      Command{.name = "prelu",
              .summary = "x above 0, else the weight times x.",
              .details =
                  "A weight of several elements has one for each position of dimension 1, the channels; "
                  "an input of fewer than two dimensions has one channel. Both have the same floating "
                  "point dtype. Gradients flow to the weight too.",
              .params = {{"input", required, "values to activate, channels in dimension 1"},
                         {"weight", required, "one slope, or one a channel"}},
              .positional = {"input weight"},
              .returns = same,
              .call = bind([](const Tensor& x, const Tensor& weight) { return wick::prelu(x, weight); })},
      Command{
          .name = "hardtanh",
          .aliases = {"hardTanh"},
          .summary = "x cut to the interval from min to max.",
          .details = "Integers are cut likewise and keep their dtype, bounds are truncated; Bool is refused.",
          .params = {values,
                     {"min minVal", -1.0, "lower bound"},
                     {"max maxVal", 1.0, "upper bound, at least min"}},
          .positional = {"input ?min? ?max?"},
          .returns = same,
          .call = bind([](const Tensor& x, Scalar low, Scalar high) {
            check(low.to_double() <= high.to_double(), "hardtanh", "-max must be at least -min",
                  high.to_double());
            return wick::hardtanh(x, low, high);
          })},
      Command{
          .name = "threshold",
          .aliases = {"Threshold"},
          .summary = "x where it is above the threshold, else the value; nan stays.",
          .details =
              "Integers keep their dtype, threshold and value are truncated towards zero; Bool is refused.",
          .params = {values,
                     {"threshold", required, "values above it pass"},
                     {"value", required, "replaces all others"}},
          .positional = {"input threshold value"},
          .returns = same,
          .call = bind([](const Tensor& x, Scalar threshold, Scalar value) {
            return wick::threshold(x, threshold, value);
          })},
  };
}

std::vector<Command> normalizations() {
  const auto along = [](const char* name, const char* alias, const char* summary, const char* details,
                        std::int64_t default_value, binding::Function call) {
    return Command{
        .name = name,
        .aliases = {alias},
        .summary = summary,
        .details = details,
        .params = {{"input", required, "values to normalise"},
                   {"dim dimension", default_value,
                    "dimension along which the exponentials sum to 1, negative counts from the end"}},
        .positional = {"input ?dim?"},
        .returns = same,
        .call = std::move(call)};
  };
  constexpr const char* details =
      "The largest value is subtracted first, so that nothing overflows. Floating point only.";
  return {
      along("softmax", "softMax", "exp(x) over its sum along a dimension.", details, -1,
            bind([](const Tensor& x, std::int64_t d) { return wick::softmax(x, d); })),
      along("softmin", "softMin", "exp(-x) over its sum along a dimension.", details, -1,
            bind([](const Tensor& x, std::int64_t d) { return wick::softmin(x, d); })),
      along("softmax2d", "softmax2D",
            "exp(x) over its sum along a dimension, that of the channels by default.",
            "Tensors of any rank are taken; of one dimension or none they need -dim. Floating point only.", 1,
            bind([](const Tensor& x, std::int64_t d) { return wick::softmax(x, d); })),
      along("logsoftmax", "logSoftmax", "The logarithm of exp(x) over its sum along a dimension.", details,
            -1, bind([](const Tensor& x, std::int64_t d) { return wick::log_softmax(x, d); })),
  };
}

}  // namespace

const Area& activation() {
  static const Area area{"activation", "Activation functions",
                         joined({without_parameters(), with_parameters(), normalizations()})};
  return area;
}

}  // namespace commands
