#include <utility>
#include <variant>

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/functional.h"

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

// The gradients of the sum of outputs; zeros where it does not depend on an input.
Tensors gradients(const Tensor& outputs, const Tensors& inputs) {
  Tensors reached;
  for (const Tensor& x : inputs) {
    if (!is_differentiable(x.dtype()))
      wick::fail<wick::DTypeError>("grad", "inputs must be floating point, {} was given", x.dtype());
    if (x.requires_grad() && !x.is_same(outputs)) reached.push_back(x);
  }
  Tensors found;
  if (outputs.requires_grad() && !reached.empty())
    found = wick::grad({outputs}, reached, {wick::ones_like(outputs)}, true, true);
  Tensors results;
  std::size_t next = 0;
  for (const Tensor& x : inputs) {
    Tensor result;
    if (x.is_same(outputs)) {
      result = wick::ones_like(x);
    } else if (x.requires_grad() && !found.empty()) {
      result = found[next++];
    }
    if (!result.defined()) result = wick::zeros_like(x);
    results.push_back(result.requires_grad() ? result : leaf(result.detach(), true));
  }
  return results;
}

constexpr const char* until_its_end =
    "With -script, by name alone, the switch is set for as long as that script takes, and is what it was "
    "before when the script ends, however it ends: with an error, or by return, break or continue.";

const Param during{"script", omittable, "what to evaluate in the caller's context with recording switched"};

std::vector<Command> recording_commands() {
  return {
      Command{
          .name = "grad",
          .summary = "The gradient of the sum of outputs with respect to inputs.",
          .details =
              "inputs may be leaves or intermediate tensors. Nothing is added to any stored gradient, "
              "and the graph stays usable: grad may be called again, also on its own result for second "
              "derivatives. Where outputs does not depend on an input the gradient is zeros.",
          .params = {{"outputs output", required, "what is differentiated"},
                     {"inputs input", required,
                      "with respect to what: a floating point tensor, or a list of them"}},
          .positional = {"outputs inputs"},
          .returns = "shape and dtype of inputs, requires_grad set; for a list the list of gradients",
          .call = bind([](Call& call, const Tensor& outputs, std::variant<Tensor, Tensors> inputs) {
            const std::vector<Tcl_Obj*> words = binding::elements_of(call.words[1]);
            const bool single =
                words.size() == 1 && (words[0] == call.words[1] || !binding::is_handle(words[0]));
            const auto* one = std::get_if<Tensor>(&inputs);
            const Tensors results = gradients(outputs, one ? Tensors{*one} : std::get<Tensors>(inputs));
            return single ? binding::to_object(call.state, results[0])
                          : binding::to_object(call.state, results);
          }),
      },
      Command{
          .name = "enable_grad",
          .summary = "Switches the recording of operations for differentiation on: until further notice, or "
                     "while a script runs.",
          .details = until_its_end,
          .params = {during},
          .positional = {""},
          .returns = "ok, or the script's result",
          .call =
              bind([](Call& call, optional<Script> script) { return switch_recording(call, true, script); }),
      },
      Command{
          .name = "no_grad",
          .summary =
              "Switches recording off, until further notice or while a script runs: results then do not "
              "require gradients even when their inputs do.",
          .details =
              "Tensors created with the request for gradients still get it. With -script, by name alone, "
              "recording is what it was before when the script ends, however it ends: with an error, or by "
              "return, break or continue.",
          .params = {during},
          .positional = {""},
          .returns = "ok, or the script's result",
          .call =
              bind([](Call& call, optional<Script> script) { return switch_recording(call, false, script); }),
      },
      Command{
          .name = "set_grad_enabled",
          .summary = "Switches recording on or off: until further notice, or while a script runs.",
          .details = until_its_end,
          .params = {{"enabled", required, "whether operations are recorded"}, during},
          .positional = {"enabled"},
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
  };
}

}  // namespace

const Area& autograd() {
  static const Area area{"autograd", "Automatic differentiation",
                         joined({recording_commands(), functional_commands()})};
  return area;
}

}  // namespace commands
