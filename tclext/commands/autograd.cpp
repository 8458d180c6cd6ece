#include <utility>

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

using binding::Evaluation;
using binding::Script;

// The switch is the interpreter's; the thread's follows it at each call.
Evaluation switch_recording(Call& call, bool enabled, const optional<Script>& script) {
  const bool before = std::exchange(call.state.grad_enabled, enabled);
  if (!script) return {.otherwise = "ok"};
  return {script->object, [before](binding::State& state) { state.grad_enabled = before; }};
}

constexpr const char* until_its_end =
    "With a script the switch is set for as long as the script takes, and is what it was before when the "
    "script ends, "
    "however it ends: with an error, or by return, break or continue.";

const Param during{"script", omittable, "what to evaluate in the caller's context with recording switched"};

}  // namespace

const Area& autograd() {
  static const Area area{
      "autograd",
      "Automatic differentiation",
      {
          Command{
              .name = "grad",
              .summary = "The gradient of the sum of outputs with respect to inputs.",
              .details = "inputs may be a leaf or an intermediate tensor. Nothing is added to any stored "
                         "gradient, and the graph stays "
                         "usable: grad may be called again, also on its own result for second derivatives. "
                         "Where outputs does not "
                         "depend on inputs the result is zeros.",
              .params = {{"outputs output", required, "what is differentiated"},
                         {"inputs input", required, "with respect to what, a floating point tensor"}},
              .positional = {"outputs inputs"},
              .returns = "shape and dtype of inputs, requires_grad set",
              .call = bind([](const Tensor& outputs, const Tensor& inputs) {
                if (!is_differentiable(inputs.dtype())) {
                  throw wick::DTypeError("grad: inputs must be floating point, " +
                                         std::string(name(inputs.dtype())) + " was given");
                }
                Tensor result;
                if (outputs.is_same(inputs)) {
                  result = wick::ones_like(inputs);
                } else if (outputs.requires_grad() && inputs.requires_grad()) {
                  result = wick::grad({outputs}, {inputs}, {wick::ones_like(outputs)}, true, true)[0];
                }
                if (!result.defined()) result = wick::zeros_like(inputs);
                return result.requires_grad() ? result : leaf(result.detach(), true);
              }),
          },
          Command{
              .name = "enable_grad",
              .summary =
                  "Switches the recording of operations for differentiation on: until further notice, or "
                  "while a script runs.",
              .details = until_its_end,
              .params = {during},
              .positional = {"?script?"},
              .returns = "ok, or the script's result",
              .call = bind(
                  [](Call& call, optional<Script> script) { return switch_recording(call, true, script); }),
          },
          Command{
              .name = "no_grad",
              .summary =
                  "Switches recording off, until further notice or while a script runs: results then do not "
                  "require gradients even when their inputs do.",
              .details =
                  "Tensors created with the request for gradients still get it. With a script recording is "
                  "what it was before when the script ends, however it ends: with an error, or by return, "
                  "break or continue.",
              .params = {during},
              .positional = {"?script?"},
              .returns = "ok, or the script's result",
              .call = bind(
                  [](Call& call, optional<Script> script) { return switch_recording(call, false, script); }),
          },
          Command{
              .name = "set_grad_enabled",
              .summary = "Switches recording on or off: until further notice, or while a script runs.",
              .details = until_its_end,
              .params = {{"enabled", required, "whether operations are recorded"}, during},
              .positional = {"enabled ?script?"},
              .returns = "ok, or the script's result",
              .call = bind([](Call& call, bool enabled, optional<Script> script) {
                return switch_recording(call, enabled, script);
              }),
          },
          Command{
              .name = "is_grad_enabled",
              .summary = "Whether operations are being recorded. 1 at the start.",
              .positional = {""},
              .returns = "1 or 0",
              .call = bind([](Call& call) { return call.state.grad_enabled; }),
          },
      }};
  return area;
}

}  // namespace commands
