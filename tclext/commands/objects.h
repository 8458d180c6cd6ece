#pragma once

#include "tclext/binding/script.h"
#include "tclext/commands/common.h"
#include "wick/nn/module.h"
#include "wick/optim/grad_scaler.h"
#include "wick/optim/optimizer.h"
#include "wick/optim/scheduler.h"

// Handles of modules, optimizers, schedulers and scalers, and parameters of commands that are made of them.

namespace commands {

using Module = wick::Ref<wick::nn::Module>;
using Optimizer = wick::Ref<wick::optim::Optimizer>;
using Scaler = wick::Ref<wick::optim::GradScaler>;

// Names of schedulers' handles begin as scripts expect of the command that made them.
struct Scheduler {
  wick::Ref<wick::optim::Scheduler> object;
  const char* prefix = "scheduler";
};

// What is trained: tensors and the parameters of modules, each once.
struct Parameters : Tensors {
  using Tensors::Tensors;
};

// A layer of a container: a module, or a command prefix that is called with a tensor and answers one.
using Layer = std::variant<Module, binding::Prefix>;
Module layer_of(binding::State& state, const Layer& layer);
// A prefix as a function of tensors; it may outlive the interpreter.
std::function<Tensor(const Tensor&)> function_of(binding::State& state, const binding::Prefix& prefix);

// What a prefix answers when it is called with tensors; an Error unless it is a tensor.
Tensor call_for_tensor(binding::State& state, const binding::Prefix& prefix, const Tensors& arguments);
// The same at the global level.
Tensor call_for_tensor(binding::State& state, const binding::Callback& callback, const Tensors& arguments);
// The tensor that a prefix has answered; an Error for anything else.
Tensor answered_tensor(binding::State& state, const binding::Prefix& prefix, Tcl_Obj* answer);

// Gradients are recorded in the interpreter for a block, whatever its commands switch meanwhile.
class Recording {
 public:
  explicit Recording(binding::State& state) : state_(state), before_(state.grad_enabled), mode_(true) {
    state.grad_enabled = true;
  }
  ~Recording() { state_->grad_enabled = before_; }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  binding::StateRef state_;
  bool before_;
  wick::GradMode mode_;
};

}  // namespace commands

template <>
inline constexpr const char* binding::kind_name<commands::Module> = "module";
template <>
inline constexpr const char* binding::kind_name<commands::Optimizer> = "optimizer";
template <>
inline constexpr const char* binding::kind_name<commands::Scheduler> = "scheduler";
template <>
inline constexpr const char* binding::kind_name<commands::Scaler> = "scaler";

template <>
inline constexpr auto binding::prefix_of<commands::Module> =
    [](const commands::Module& module) { return module->kind(); };
template <>
inline constexpr auto binding::prefix_of<commands::Scheduler> =
    [](const commands::Scheduler& scheduler) { return scheduler.prefix; };

// One handle, or a list of handles, of tensors and modules.
template <>
struct binding::Convert<commands::Parameters> {
  static std::optional<commands::Parameters> attempt(const Source& s);
  static CallError fault(const Source& s);
  static commands::Parameters from(const Source& s) {
    if (auto parameters = attempt(s)) return std::move(*parameters);
    throw fault(s);
  }
  static bool could_be(const State&, Tcl_Obj*) { return true; }
  static constexpr Type type{"tensors/module", could_be};
};
