#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

const Param size{"size", required, "size of each dimension"};
constexpr const char* of_shape = "of the given shape";

// Distributions promise float32 and float64 only, as existing scripts expect.
void check_single_or_double(DType type) {
  if (type != DType::Float32 && type != DType::Float64) {
    wick::fail<wick::DTypeError>("Invalid dtype", "must be float32 or float64, {} was given", type);
  }
}

void check_above_zero(const char* parameter, double value) {
  if (!(value > 0)) {
    wick::fail("Invalid " + std::string(parameter), "must be greater than 0, {} was given", value);
  }
}

std::vector<Command> generator() {
  return {
      Command{.name = "manual_seed",
              .summary = "Restarts the generator of the process from a seed: equal seeds and equal calls "
                         "give equal values.",
              .details = "The generator is behind every random command. Its values are those of PyTorch's "
                         "CPU generator.",
              .params = {{"seed s", required, "0 or greater"}},
              .positional = {"seed"},
              .returns = "ok",
              .call = bind([](std::int64_t seed) {
                if (seed < 0)
                  throw wick::Error("Seed must be non-negative, " + std::to_string(seed) + " was given");
                wick::manual_seed(static_cast<std::uint64_t>(seed));
                return "ok";
              })},
      Command{.name = "initial_seed",
              .summary = "The seed that the generator was last started from.",
              .details = "2147483647 as long as neither manual_seed nor seed has been called.",
              .positional = {""},
              .returns = "the seed",
              .call = bind([] { return static_cast<std::int64_t>(wick::initial_seed()); })},
      Command{.name = "seed",
              .summary = "Restarts the generator from a new seed that the system's entropy supplies.",
              .positional = {""},
              .returns = "the seed, 0 or greater, up to 63 bits",
              .call = bind([] { return static_cast<std::int64_t>(wick::seed()); })},
      Command{
          .name = "get_rng_state",
          .summary = "A snapshot of the generator, which set_rng_state returns to.",
          .details = "It holds the seed and how far the generator has come since. Taking it draws nothing.",
          .positional = {""},
          .returns = "Int64, 64 elements",
          .call = bind([] { return wick::get_rng_state(); })},
      Command{.name = "set_rng_state",
              .summary = "Returns the generator to a snapshot.",
              .details =
                  "Returning to the last snapshot taken is immediate; to an older one the generator draws "
                  "again what lies between (some two seconds for a thousand million numbers). Of a tensor "
                  "that is no snapshot the first element is a seed as manual_seed takes it; an empty one "
                  "changes nothing.",
              .params = {{"stateTensor state_tensor", required, "what get_rng_state gave, or a seed"}},
              .positional = {"stateTensor"},
              .returns = "ok",
              .call = bind([](const Tensor& state) {
                wick::set_rng_state(state);
                return "ok";
              })},
  };
}

std::vector<Command> of_tensors() {
  return {
      Command{.name = "bernoulli",
              .summary = "1 with a probability, else 0.",
              .details =
                  "The probability is the input's element, or p for all when it is given: the input is "
                  "then only a shape and a dtype.",
              .params = {{"input", required, "probabilities from 0 to 1, or the shape and dtype"},
                         {"p probability", -1.0, "one probability for all, from 0 to 1; -1: the input's"},
                         {"generator", "", "accepted and ignored"}},
              .positional = {"input ?p? ?generator?"},
              .returns = "0 and 1 in the input's shape and dtype",
              .call = bind([](const Tensor& x, double p, std::string_view) {
                return p == -1 ? wick::bernoulli(x) : wick::bernoulli(x, p);
              })},
      Command{
          .name = "multinomial",
          .summary =
              "Positions of the last dimension, each drawn with a probability proportional to its weight.",
          .details =
              "Drawn with replacement unless told otherwise; in PyTorch the default is without. Without "
              "replacement a position is drawn once at most; there must be as many positions "
              "as draws, and those of weight 0 come last.",
          .params = {{"input", required, "weights, 1-d or 2-d, floating point, none negative, not all 0"},
                     {"numSamples num_samples", required, "draws from each row, greater than 0"},
                     {"replacement", true,
                      "whether a position may be drawn again (PyTorch: false by default)"}},
          .positional = {"input numSamples ?replacement?"},
          .returns = "Int64, numSamples positions, or as many for each row",
          .call = bind([](const Tensor& weights, std::int64_t count, bool replacement) {
            return wick::multinomial(weights, count, replacement);
          })},
  };
}

std::vector<Command> distributions() {
  return {
      Command{.name = "normal",
              .aliases = {"Normal"},
              .summary = "Normal numbers: mean plus std times a standard normal number.",
              .params = {{"mean", required, "centre"},
                         {"std", required, "standard deviation, greater than 0"},
                         {"size", std::int64_t{1}, "size of each dimension; {1} when empty"},
                         dtype,
                         device},
              .positional = {"mean std ?size? ?dtype? ?device?"},
              .returns = of_shape,
              .call = bind([](double mean, double std, Shape shape, DType type, Device) {
                check_above_zero("std", std);
                check_single_or_double(type);
                return wick::normal(mean, std, shape.empty() ? Shape{1} : shape, type);
              })},
      Command{.name = "uniform",
              .summary = "Uniform numbers from low up to, but not including, high.",
              .details = "By position low and high are required.",
              .params = {size,
                         {"low", 0.0, "lower end, included"},
                         {"high", 1.0, "upper end, excluded"},
                         dtype,
                         device},
              .positional = {"size low high ?dtype? ?device?"},
              .returns = of_shape,
              .call = bind([](Shape shape, double low, double high, DType type, Device) {
                if (!(low < high))
                  wick::fail("uniform", "low must be less than high, {} and {} were given", low, high);
                return wick::uniform(low, high, shape, type);
              })},
      Command{.name = "exponential",
              .summary = "Exponential numbers, with density rate exp(-rate x).",
              .details = "By position rate is required.",
              .params = {size, {"rate", 1.0, "greater than 0"}, dtype, device},
              .positional = {"size rate ?dtype? ?device?"},
              .returns = of_shape,
              .call = bind([](Shape shape, double rate, DType type, Device) {
                check_above_zero("rate", rate);
                return wick::exponential(rate, shape, type);
              })},
      Command{.name = "gamma",
              .summary = "Gamma numbers, with density proportional to x^(alpha-1) exp(-beta x).",
              .details = "beta is a rate: the mean is alpha / beta. By position alpha and beta are required.",
              .params = {size,
                         {"alpha", 1.0, "shape parameter, greater than 0"},
                         {"beta", 1.0, "rate, greater than 0"},
                         dtype,
                         device},
              .positional = {"size alpha beta ?dtype? ?device?"},
              .returns = of_shape,
              .call = bind([](Shape shape, double alpha, double beta, DType type, Device) {
                check_above_zero("alpha", alpha);
                check_above_zero("beta", beta);
                return wick::div(wick::standard_gamma(wick::full(shape, alpha, type)), beta);
              })},
      Command{.name = "poisson",
              .aliases = {"Poisson"},
              .summary = "Poisson counts, as whole numbers in a floating point tensor.",
              .params = {{"size", required, "size of each dimension, 1 or more; empty for a 0-d tensor"},
                         {"lambda", required, "mean, 0 or greater"},
                         dtype,
                         device},
              .positional = {"size lambda ?dtype? ?device?"},
              .returns = of_shape,
              .call = bind([](Shape shape, double lambda, DType type, Device) {
                for (const std::int64_t n : shape) {
                  if (n < 1)
                    wick::fail<wick::ShapeError>("Invalid size", "dimensions must be positive, {} was given",
                                                 shape);
                }
                check_single_or_double(type);
                return wick::poisson(wick::full(shape, lambda, type));
              })},
  };
}

}  // namespace

const Area& random() {
  static const Area area{"random", "Random numbers", joined({generator(), of_tensors(), distributions()})};
  return area;
}

}  // namespace commands
