#include "tclext/binding/registry.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "wick/autograd/gradient.h"
#include "wick/core/interrupt.h"
#include "wick/core/profiler.h"
#include "wick/core/runtime.h"

namespace binding {
namespace {

// What a Tcl command holds: its binding, and a reference to its interpreter's
// state.
struct Installed {
  const Binding* binding;
  State* state;
};

// What is left to do when the script of an Evaluation has ended.
struct Pending {
  const Binding& binding;
  StateRef state;
  ObjRef script;
  std::function<void(State& state)> after;
  std::function<bool(State& state)> again;
};

int finish(ClientData data[], Tcl_Interp* interp, int code);

int evaluate(Tcl_Interp* interp, std::unique_ptr<Pending> pending) {
  Tcl_Obj* script = pending->script.get();
  Tcl_NRAddCallback(interp, finish, pending.release(), nullptr, nullptr, nullptr);
  return Tcl_NREvalObj(interp, script, 0);
}

// Whether the loop's body is to be evaluated once more; else `code` is how the loop ends.
bool goes_on(Pending& loop, Tcl_Interp* interp, int& code) {
  if (code != TCL_OK && code != TCL_CONTINUE && code != TCL_BREAK) return false;
  const bool may = code != TCL_BREAK;
  code = TCL_OK;
  Tcl_ResetResult(interp);
  try {
    return may && loop.again(*loop.state);
  } catch (const ScriptError& error) {
    code = error.code;
  } catch (const std::exception& error) {
    code = report(interp, error);
  }
  return false;
}

int finish(ClientData data[], Tcl_Interp* interp, int code) {
  std::unique_ptr<Pending> pending(static_cast<Pending*>(data[0]));
  if (code == TCL_ERROR) {
    const std::string where = std::string(pending->binding.command().name) + "\" body line " +
                              std::to_string(Tcl_GetErrorLine(interp));
    Tcl_AppendObjToErrorInfo(interp, new_text("\n    (\"torch::" + where + ")"));
  }
  if (pending->again && goes_on(*pending, interp, code)) return evaluate(interp, std::move(pending));
  if (pending->after) pending->after(*pending->state);
  return code;
}

// What the library asks during long operations: whether the interpreter's
// limits and `interp cancel` let it go on.
bool may_go_on(void* context, const wick::Progress&) {
  auto* interp = static_cast<Tcl_Interp*>(context);
  const bool stopped = (Tcl_AsyncReady() && Tcl_AsyncInvoke(interp, TCL_OK) != TCL_OK) ||
                       Tcl_Canceled(interp, TCL_LEAVE_ERR_MSG) != TCL_OK ||
                       (Tcl_LimitReady(interp) && Tcl_LimitCheck(interp) != TCL_OK);
  // The message is in the interpreter.
  if (stopped) throw ScriptError{TCL_ERROR};
  return true;
}

int run_command(ClientData data, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  const auto* installed = static_cast<const Installed*>(data);
  // A script that the command runs may delete the command, and the interpreter.
  const Binding& binding = *installed->binding;
  const StateRef state(*installed->state);
  const wick::InterruptScope asked(may_go_on, interp);
  const wick::FlushDenormalScope flushing;
  std::optional<wick::profiler::Range> timed;
  if (wick::profiler::running()) timed.emplace(binding.command().name);
  wick::set_grad_enabled(state->grad_enabled);
  try {
    Call call{*state, binding.command()};
    if (Tcl_Obj* result = binding.run(call, objc - 1, objv + 1)) {
      Tcl_SetObjResult(interp, result);
      return TCL_OK;
    }
    if (call.error) return report(interp, *call.error, binding.usage());
    Evaluation& todo = call.evaluation;
    return evaluate(interp,
                    std::unique_ptr<Pending>(new Pending{binding, StateRef(*state), ObjRef(todo.script),
                                                         std::move(todo.after), std::move(todo.again)}));
  } catch (const CallError& error) {
    return report(interp, error, binding.usage());
  } catch (const ScriptError& error) {
    return error.code;
  } catch (const std::exception& error) {
    return report(interp, error);
  }
}

// For callers that do not know of non-recursive commands.
int run_recursively(ClientData data, Tcl_Interp* interp, int objc, Tcl_Obj* const objv[]) {
  return Tcl_NRCallObjProc(interp, run_command, data, objc, objv);
}

// Names of Tcl's own commands that a tensor library may want, too.
bool is_tcl_command(std::string_view name) {
  constexpr std::string_view names[] = {
      "append", "apply",    "array",   "binary", "break",    "catch", "clock",   "close",
      "concat", "continue", "dict",    "error",  "eval",     "exec",  "exit",    "expr",
      "file",   "flush",    "for",     "format", "gets",     "glob",  "global",  "history",
      "if",     "incr",     "info",    "interp", "join",     "list",  "load",    "namespace",
      "open",   "package",  "pid",     "proc",   "puts",     "read",  "rename",  "return",
      "scan",   "seek",     "set",     "socket", "source",   "split", "string",  "subst",
      "switch", "tell",     "throw",   "time",   "trace",    "try",   "unknown", "unload",
      "unset",  "update",   "uplevel", "upvar",  "variable", "while", "yield",   "zlib"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// What `namespace import torch::*` takes: all commands but those that would
// replace Tcl's own. By their first two letters where that says it, for Tcl
// compares every pattern with every name.
std::set<std::string> export_patterns(const std::deque<Binding>& bindings) {
  std::set<std::string> kept_back, patterns;
  for (const Binding& binding : bindings) {
    for (const std::string& name : binding.names()) {
      if (is_tcl_command(name)) kept_back.insert(name.substr(0, 2));
    }
  }
  for (const Binding& binding : bindings) {
    for (const std::string& name : binding.names()) {
      const std::string start = name.substr(0, 2);
      if (!kept_back.contains(start)) {
        patterns.insert(start + "*");
      } else if (!is_tcl_command(name)) {
        patterns.insert(name);
      }
    }
  }
  return patterns;
}

void delete_command(ClientData data) {
  auto* installed = static_cast<Installed*>(data);
  installed->state->release();
  delete installed;
}

}  // namespace

Registry::Registry(const std::vector<const Area*>& areas) : areas_(areas) {
  for (const Area* area : areas_) {
    for (const Command& command : area->commands) {
      const Binding& binding = bindings_.emplace_back(command, area->name);
      for (const std::string& name : binding.names()) {
        if (!by_name_.emplace(name, &binding).second) {
          throw std::logic_error("torch::" + name + " is declared twice");
        }
      }
    }
  }
}

const Binding* Registry::find(std::string_view name) const {
  if (name.starts_with("::")) name.remove_prefix(2);
  if (name.starts_with("torch::")) name.remove_prefix(7);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

void Registry::install(Tcl_Interp* interp, State& state) const {
  const bool safe = Tcl_IsSafe(interp);
  Tcl_Namespace* torch = Tcl_FindNamespace(interp, "::torch", nullptr, 0);
  if (!torch) torch = Tcl_CreateNamespace(interp, "::torch", nullptr, nullptr);
  for (const Binding& binding : bindings_) {
    if (safe && binding.command().trusted_only) continue;
    const bool evaluates = binding.command().call.evaluates;
    for (const std::string& name : binding.names()) {
      state.retain();
      Tcl_NRCreateCommand(interp, ("::torch::" + name).c_str(), evaluates ? run_recursively : run_command,
                          evaluates ? run_command : nullptr, new Installed{&binding, &state}, delete_command);
    }
  }
  for (const std::string& pattern : export_patterns(bindings_)) Tcl_Export(interp, torch, pattern.c_str(), 0);
}

}  // namespace binding
