#include "tclext/binding/suggest.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tclext/binding/registry.h"

namespace binding {
namespace {

constexpr const char* handler = "::tcl::torchtcl_unknown";

std::string message_for(std::string_view name) {
  return "invalid command name \"" + std::string(name) + "\"";
}

// The name within the namespace torch, "" for others.
std::string_view name_in_torch(std::string_view name) {
  if (name.starts_with("::")) name.remove_prefix(2);
  constexpr std::string_view space = "torch::";
  return name.starts_with(space) ? name.substr(space.size()) : std::string_view();
}

// The prefix that operations on tensors have may be the mistake, as in torch::add and torch::tensor_sort.
std::string likely_command(std::string_view name) {
  constexpr std::string_view prefix = "tensor_";
  std::vector<std::string_view> names, short_names;
  for (const Binding& binding : registry().bindings()) {
    for (const std::string& known : binding.names()) {
      names.push_back(known);
      if (known.starts_with(prefix)) short_names.push_back(std::string_view(known).substr(prefix.size()));
    }
  }
  const std::string_view likely = closest(name, names), without = closest(name, short_names);
  if (without == name) return std::string(prefix) + std::string(name);
  if (name.starts_with(prefix)) {
    const std::string_view rest = name.substr(prefix.size());
    if (std::find(names.begin(), names.end(), rest) != names.end()) return std::string(rest);
  }
  // The beginning of a longer one.
  std::string_view longer;
  for (const std::string_view known : names) {
    if (name.size() > 3 && known.starts_with(name) && (longer.empty() || known.size() < longer.size()))
      longer = known;
  }
  if (!longer.empty()) return std::string(longer);
  if (!likely.empty()) return std::string(likely);
  return without.empty() ? "" : std::string(prefix) + std::string(without);
}

// Another message, with the errorCode that there is. What errorInfo tells begins anew: how the handler came
// to say what Tcl says is of no interest.
void replace_message(Tcl_Interp* interp, const std::string& message) {
  const ObjRef options(Tcl_GetReturnOptions(interp, TCL_ERROR));
  const ObjRef key(new_text("-errorcode"));
  Tcl_Obj* code = nullptr;
  Tcl_DictObjGet(nullptr, options.get(), key.get(), &code);
  Tcl_ResetResult(interp);
  Tcl_SetObjResult(interp, new_text(message));
  if (code) Tcl_SetObjErrorCode(interp, code);
}

int add_suggestion(ClientData data[], Tcl_Interp* interp, int code) {
  // The words of the call, the handler's in front, and where the command's begin.
  auto* words = static_cast<Tcl_Obj*>(data[0]);
  const ObjRef held(words);
  Tcl_DecrRefCount(words);  // the one that was counted for the call
  Tcl_Obj* word;
  Tcl_ListObjIndex(nullptr, words, static_cast<Tcl_Size>(reinterpret_cast<std::intptr_t>(data[1])), &word);
  const std::string_view name = text_of(word), own = name_in_torch(name);
  if (code != TCL_ERROR || own.empty()) return code;
  const std::string plain = message_for(name);
  if (text_of(Tcl_GetObjResult(interp)) != plain) return code;
  const std::string likely = likely_command(own);
  // It may have been deleted, or kept from a safe interpreter.
  const bool exists =
      Tcl_FindCommand(interp, ("::torch::" + likely).c_str(), nullptr, TCL_GLOBAL_ONLY) != nullptr;
  if (!likely.empty() && exists) replace_message(interp, plain + "; did you mean torch::" + likely + "?");
  return code;
}

// PREVIOUS COMMAND ARGUMENT...: hands the command on to the handler that was there.
int handle_unknown(ClientData, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  if (objc < 3) {
    Tcl_WrongNumArgs(interp, 1, objv, "handler command ?argument ...?");
    return TCL_ERROR;
  }
  const ObjRef words(Tcl_DuplicateObj(objv[1]));
  Tcl_Size before;
  if (Tcl_ListObjLength(interp, words.get(), &before) != TCL_OK ||
      Tcl_ListObjReplace(interp, words.get(), before, 0, objc - 2, objv + 2) != TCL_OK) {
    return TCL_ERROR;
  }
  Tcl_Size count;
  Tcl_Obj** all;
  Tcl_ListObjGetElements(nullptr, words.get(), &count, &all);
  // Without it, unknown would itself be unknown.
  if (before == 0 || !Tcl_GetCommandFromObj(interp, all[0])) {
    Tcl_SetObjResult(interp, new_text(message_for(text_of(objv[2]))));
    Tcl_SetErrorCode(interp, "TCL", "LOOKUP", "COMMAND", Tcl_GetString(objv[2]), nullptr);
    return TCL_ERROR;
  }
  Tcl_IncrRefCount(words.get());
  Tcl_NRAddCallback(interp, add_suggestion, words.get(),
                    reinterpret_cast<ClientData>(static_cast<std::intptr_t>(before)), nullptr, nullptr);
  // As Tcl calls a handler: its words are not told in errorInfo.
  return Tcl_NREvalObjv(interp, count, all, TCL_EVAL_NOERR);
}

int handle_recursively(ClientData data, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  return Tcl_NRCallObjProc(interp, handle_unknown, data, objc, objv);
}

}  // namespace

void suggest_commands(Tcl_Interp* interp) {
  Tcl_NRCreateCommand(interp, handler, handle_recursively, handle_unknown, nullptr, nullptr);
  const std::string script =
      "::apply {handler {::set before [::namespace unknown]; ::if {[::lindex $before 0] ne $handler} "
      "{::namespace unknown [::list $handler $before]}} ::} " +
      std::string(handler);
  Tcl_InterpState before = Tcl_SaveInterpState(interp, TCL_OK);
  Tcl_EvalEx(interp, script.c_str(), -1, TCL_EVAL_GLOBAL);
  Tcl_RestoreInterpState(interp, before);
}

}  // namespace binding
