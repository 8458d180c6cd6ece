// The entry of the Tcl module: package torch.

#include "tclext/binding/registry.h"
#include "tclext/commands/areas.h"

namespace {

constexpr const char* state_key = "wick::torchtcl";

void close_state(ClientData data, Tcl_Interp*) {
  auto* state = static_cast<binding::State*>(data);
  state->close();
  state->release();
}

}  // namespace

const binding::Registry& binding::registry() {
  // Never destroyed: commands may be called until the process ends.
  static const Registry* all = new Registry(commands::areas());
  return *all;
}

extern "C" DLLEXPORT int Torchtcl_Init(Tcl_Interp* interp) {
  if (!Tcl_InitStubs(interp, "8.6-", 0)) return TCL_ERROR;
  if (Tcl_GetAssocData(interp, state_key, nullptr)) return TCL_OK;  // loaded before
  const binding::Registry* registry;
  try {
    registry = &binding::registry();
  } catch (const std::exception& error) {
    Tcl_SetObjResult(interp, binding::new_text(error.what()));
    return TCL_ERROR;
  }
  auto* state = new binding::State(interp);
  state->retain();
  Tcl_SetAssocData(interp, state_key, close_state, state);
  registry->install(interp, *state);
  return Tcl_PkgProvide(interp, "torch", WICK_VERSION);
}

// A safe interpreter gets the same commands, but for those that reach files or other processes.
extern "C" DLLEXPORT int Torchtcl_SafeInit(Tcl_Interp* interp) { return Torchtcl_Init(interp); }
