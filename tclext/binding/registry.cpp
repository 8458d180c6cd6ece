#include "tclext/binding/registry.h"

#include "wick/autograd/gradient.h"

namespace binding {
namespace {

// What a Tcl command holds: its binding, and a reference to its interpreter's state.
struct Installed {
  const Binding* binding;
  State* state;
};

// Keeps a state for a block.
class StateRef {
 public:
  explicit StateRef(State& state) : state_(state) { state_.retain(); }
  ~StateRef() { state_.release(); }
  StateRef(const StateRef&) = delete;
  StateRef& operator=(const StateRef&) = delete;
  State& operator*() const { return state_; }
  State* operator->() const { return &state_; }

 private:
  State& state_;
};

int run_command(ClientData data, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  const auto* installed = static_cast<const Installed*>(data);
  // A script that the command runs may delete the command, and the interpreter.
  const Binding& binding = *installed->binding;
  const StateRef state(*installed->state);
  wick::set_grad_enabled(state->grad_enabled);
  try {
    Tcl_SetObjResult(interp, binding.run(*state, objc - 1, objv + 1));
    return TCL_OK;
  } catch (...) {
    return report(interp, std::current_exception(), binding.usage());
  }
}

void delete_command(ClientData data) {
  auto* installed = static_cast<Installed*>(data);
  installed->state->release();
  delete installed;
}

}  // namespace

Registry::Registry(const std::vector<const Area*>& areas) : areas_(areas) {
  std::size_t count = 0;
  for (const Area* area : areas_) count += area->commands.size();
  bindings_.reserve(count);
  for (const Area* area : areas_) {
    for (const Command& command : area->commands) bindings_.emplace_back(command, area->name);
  }
}

const Binding* Registry::find(std::string_view name) const {
  if (name.starts_with("::")) name.remove_prefix(2);
  if (name.starts_with("torch::")) name.remove_prefix(7);
  for (const Binding& binding : bindings_) {
    for (const std::string& known : binding.names()) {
      if (known == name) return &binding;
    }
  }
  return nullptr;
}

void Registry::install(Tcl_Interp* interp, State& state) const {
  for (const Binding& binding : bindings_) {
    for (const std::string& name : binding.names()) {
      state.retain();
      Tcl_CreateObjCommand(interp, ("::torch::" + name).c_str(), run_command, new Installed{&binding, &state},
                           delete_command);
    }
  }
}

}  // namespace binding
