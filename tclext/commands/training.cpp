// What is done with whole modules and their parameters.

#include "tclext/commands/training.h"

#include <cmath>

#include "tclext/commands/areas.h"
#include "wick/nn/clip.h"

namespace commands {

enum class DeviceWord { CPU, CUDA };

}  // namespace commands

template <>
inline constexpr binding::Word<commands::DeviceWord> binding::words<commands::DeviceWord>[] = {
    {"cpu", commands::DeviceWord::CPU}, {"cuda", commands::DeviceWord::CUDA}};

namespace commands {
namespace {

const Param model{"model", required, "a layer or a container"};
const Param layer{"layer input", required, "a layer or a container"};
const Param parameters{"parameters params", required, "tensors, or modules whose parameters are meant"};
constexpr const char* the_handle = "the handle given";

struct Counts {
  std::int64_t all = 0, trainable = 0;
};

Counts counts_of(const Module& module) {
  Counts counts;
  for (const Tensor& parameter : module->parameters()) {
    counts.all += parameter.numel();
    if (parameter.requires_grad()) counts.trainable += parameter.numel();
  }
  return counts;
}

std::string summary_of(const Module& module) {
  const Counts counts = counts_of(module);
  return "Model Summary:\nTotal parameters: " + std::to_string(counts.all) +
         "\nTrainable parameters: " + std::to_string(counts.trainable) +
         "\nNon-trainable parameters: " + std::to_string(counts.all - counts.trainable);
}

std::vector<Command> mode_commands() {
  const auto of_model = [](const char* name, const char* summary, const char* returns,
                           binding::Function call) {
    return Command{.name = name,
                   .summary = summary,
                   .params = {model},
                   .positional = {"model"},
                   .returns = returns,
                   .call = std::move(call)};
  };
  return {
      of_model("model_train", "Switches a module and all within it to training, in which dropout drops.",
               the_handle, bind([](Call& call, const Module& module) {
                 module->train();
                 return given(call);
               })),
      of_model("model_eval", "Switches a module and all within it to evaluation.", the_handle,
               bind([](Call& call, const Module& module) {
                 module->eval();
                 return given(call);
               })),
      of_model("freeze_model", "Ends the training of a module's parameters: they require no gradient.",
               "a text", bind([](const Module& module) {
                 module->requires_grad_(false);
                 return "Model parameters frozen";
               })),
      of_model("unfreeze_model", "Makes all parameters of a module require gradients.", "a text",
               bind([](const Module& module) {
                 module->requires_grad_(true);
                 return "Model parameters unfrozen";
               })),
  };
}

// There is only the CPU, so these leave a module where it is.
std::vector<Command> device_commands() {
  return {
      Command{.name = "layer_to",
              .summary = "Moves a module's parameters and buffers to a device, or makes them another dtype.",
              .details =
                  "There is only the CPU, which other words for devices mean too. A new dtype makes new "
                  "tensors: an optimizer made before refuses its next step.",
              .params = {{"layer", required, "a layer or a container"},
                         {"device", required, "a device"},
                         {"dtype", omittable, "a floating point dtype"}},
              .positional = {"layer device ?dtype?"},
              .returns = the_handle,
              .call = bind([](Call& call, const Module& module, AnyDevice, optional<DType> type) {
                if (type) module->to(*type);
                return given(call);
              })},
      Command{.name = "layer_device",
              .summary = "The device that a module is on.",
              .params = {layer},
              .positional = {"layer"},
              .returns = "cpu",
              .call = bind([](const Module&) { return "cpu"; })},
      Command{.name = "layer_cuda",
              .summary = "Moves a module to a GPU: an error, for there is none.",
              .params = {layer},
              .positional = {"layer"},
              .returns = the_handle,
              .call = bind([](const Module&) { wick::fail("layer_cuda", "CUDA is not available"); })},
      Command{.name = "layer_cpu",
              .summary = "Moves a module to the CPU, where it is.",
              .params = {layer},
              .positional = {"layer"},
              .returns = the_handle,
              .call = bind([](Call& call, const Module&) { return given(call); })},
      Command{.name = "parameters_to",
              .summary = "Moves tensors to a device: nothing for the CPU, where they are.",
              .params = {parameters, {"device", "cpu", "where to"}},
              .positional = {"parameters ?device?"},
              .returns = "ok",
              .call = bind([](const Parameters& tensors, DeviceWord to) {
                if (tensors.empty()) wick::fail("parameters_to", "no parameters were given");
                if (to == DeviceWord::CUDA) wick::fail("parameters_to", "CUDA is not available");
                return "ok";
              })},
  };
}

std::vector<Command> reading_commands() {
  return {
      Command{
          .name = "layer_parameters",
          .summary = "The parameters of a module and of all within it, in the order of their declaration.",
          .details = "The tensors themselves: an optimizer of them trains the module. Each stands once.",
          .params = {{"layer", required, "a layer or a container"}},
          .positional = {"layer"},
          .returns = "a list of tensors",
          .call = bind([](const Module& module) { return module->parameters(); })},
      Command{.name = "state_dict",
              .summary = "The parameters and buffers of a module by name, as PyTorch calls them.",
              .details = "The tensors themselves, as layer_parameters gives them.",
              .params = {model},
              .positional = {"model"},
              .returns = "a dict of names and tensors",
              .call = bind([](const Module& module) { return module->state_dict(); })},
      Command{.name = "model_summary",
              .summary = "How many parameters a module has, and how many of them are trained, as a text.",
              .params = {model},
              .positional = {"model"},
              .returns = "four lines",
              .call = bind(
                  [](const Module& module) { return binding::Text{binding::new_text(summary_of(module))}; })},
      Command{.name = "count_parameters",
              .summary = "The number of elements in all parameters of a module.",
              .params = {model},
              .positional = {"model"},
              .returns = "a number",
              .call = bind([](const Module& module) { return counts_of(module).all; })},
  };
}

std::vector<Command> gradient_commands() {
  return {
      Command{.name = "clip_grad_norm",
              .aliases = {"clip_grad_norm_"},
              .summary = "Scales gradients, all by one factor, where their norm is above a limit.",
              .details =
                  "The norm is that of all gradients as one vector. The factor is max_norm / (norm + 1e-6) "
                  "where that is below 1.",
              .params = {parameters,
                         {"maxNorm max_norm", required, "the limit", at_least(0)},
                         {"normType norm_type", 2.0, "which norm; inf for the largest absolute value"},
                         {"errorIfNonfinite error_if_nonfinite", false,
                          "whether an infinite norm or NaN is an error"}},
              .positional = {"parameters maxNorm ?normType?"},
              .returns = "the norm before, a 0-d tensor",
              .call = bind([](const Parameters& tensors, double limit, double type, bool strict) {
                return wick::nn::clip_grad_norm_(tensors, limit, type, strict);
              })},
      Command{.name = "clip_grad_value",
              .aliases = {"clip_grad_value_"},
              .summary = "Brings each element of gradients into [-limit, limit].",
              .params = {parameters, {"limit clipValue clip_value", required, "the limit", at_least(0)}},
              .positional = {"parameters limit"},
              .returns = "OK",
              .call = bind([](const Parameters& tensors, double limit) {
                wick::nn::clip_grad_value_(tensors, limit);
                return "OK";
              })},
  };
}

// What a tensor of that dtype is filled with: integers take whole numbers, and bool whether the number is 0.
Scalar filling(DType type, const Scalar& value) {
  if (type == wick::boolean) return value.to_bool();
  const bool cut =
      is_integral(type) && value.kind() == wick::Kind::Floating && std::fabs(value.to_double()) < 0x1p63;
  return cut ? Scalar(value.to_int()) : value;
}

const Param tensor_param{"tensor", required, "the values"};

std::vector<Command> value_commands() {
  return {
      Command{.name = "tensor_masked_fill",
              .summary = "The values with one number where the mask is true.",
              .details = "As masked_fill, but of an integer tensor the number is cut to a "
                         "whole one. The gradient passes where nothing was filled in.",
              .params = {tensor_param,
                         {"mask", required, "Bool tensor"},
                         {"value", required, "what is filled in, also Inf or NaN"}},
              .positional = {"tensor mask value"},
              .returns = "a tensor of the values' dtype",
              .call = bind([](const Tensor& x, const Tensor& mask, const Scalar& value) {
                return wick::masked_fill(x, mask, filling(x.dtype(), value));
              })},
      Command{
          .name = "tensor_clamp",
          .summary = "Each element brought within bounds, min(max(x, min), max).",
          .details =
              "With min above max every element is max; NaN stays NaN; without bounds a copy. Integers give "
              "Float32 where a bound is given. The gradient is 1 within the bounds, which belong to it, else "
              "0.",
          .params = {tensor_param,
                     {"min", omittable, "the lower bound"},
                     {"max", omittable, "the upper bound"}},
          .positional = {"tensor ?min? ?max?"},
          .returns = "a tensor of the same shape",
          .call = bind([](const Tensor& x, optional<double> low, optional<double> high) {
            return low || high ? wick::clamp(x, low, high) : x.clone();
          })},
  };
}

}  // namespace

std::vector<Command> module_commands() {
  return joined(
      {reading_commands(), mode_commands(), device_commands(), gradient_commands(), value_commands()});
}

const Area& training() {
  static const Area area{
      "training", "Training",
      joined({module_commands(), file_commands(), precision_commands(), batch_commands()})};
  return area;
}

}  // namespace commands
