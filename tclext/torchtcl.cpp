// The entry of the Tcl module: package torch.

#include "tclext/binding/registry.h"
#include "tclext/binding/suggest.h"
#include "tclext/commands/areas.h"

namespace {

constexpr const char* state_key = "wick::torchtcl";

void close_state(ClientData data, Tcl_Interp*) {
  auto* state = static_cast<binding::State*>(data);
  state->close();
  state->release();
}

int install(Tcl_Interp* interp, binding::State& state);

int install_again(ClientData data, Tcl_Interp* interp, int, Tcl_Obj* const[]) {
  return install(interp, *static_cast<binding::State*>(data));
}

// After `namespace delete ::torch` Tcl's load finds that the module is loaded and leaves it at that, so
// `package require` is led to a command that makes the commands anew.
void forget_package(ClientData data) {
  auto* state = static_cast<binding::State*>(data);
  Tcl_Interp* interp = state->interp();
  state->release();  // the namespace's reference
  if (!interp || Tcl_InterpDeleted(interp)) return;
  Tcl_CreateObjCommand(interp, "::tcl::torchtcl_install", install_again, state, nullptr);
  Tcl_InterpState before = Tcl_SaveInterpState(interp, TCL_OK);
  Tcl_EvalEx(interp, "package forget torch; package ifneeded torch " WICK_VERSION " ::tcl::torchtcl_install",
             -1, TCL_EVAL_GLOBAL);
  Tcl_RestoreInterpState(interp, before);
}

int install(Tcl_Interp* interp, binding::State& state) {
  if (!Tcl_FindNamespace(interp, "::torch", nullptr, 0)) {
    state.retain();
    Tcl_CreateNamespace(interp, "::torch", &state, forget_package);
  }
  binding::registry().install(interp, state);
  binding::suggest_commands(interp);
  return Tcl_PkgProvide(interp, "torch", WICK_VERSION);
}

}  // namespace

const binding::Registry& binding::registry() {
  // Never destroyed: commands may be called until the process ends.
  static const Registry* all = new Registry(commands::areas());
  return *all;
}

extern "C" DLLEXPORT int Torchtcl_Init(Tcl_Interp* interp) {
  if (!Tcl_InitStubs(interp, "8.6-", 0)) return TCL_ERROR;
  if (auto* state = static_cast<binding::State*>(Tcl_GetAssocData(interp, state_key, nullptr))) {
    const bool there = Tcl_FindNamespace(interp, "::torch", nullptr, 0);
    return there ? TCL_OK : install(interp, *state);
  }
  try {
    binding::registry();
  } catch (const std::exception& error) {
    Tcl_SetObjResult(interp, binding::new_text(error.what()));
    return TCL_ERROR;
  }
  auto* state = new binding::State(interp);
  state->retain();
  Tcl_SetAssocData(interp, state_key, close_state, state);
  return install(interp, *state);
}

// A safe interpreter gets the same commands, but for those that reach files or other processes.
extern "C" DLLEXPORT int Torchtcl_SafeInit(Tcl_Interp* interp) { return Torchtcl_Init(interp); }
