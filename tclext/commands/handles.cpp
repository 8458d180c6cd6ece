// Commands about the extension itself: the tensors that names keep, and help.

#include "tclext/binding/help.h"
#include "tclext/binding/registry.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "wick/core/allocator.h"

namespace commands {
namespace {

// All are looked up before the first is let go, and again then: a tensor may stand twice in the list. A
// handle may come from another interpreter.
void free_tensors(Call& call, const binding::Value& tensors) {
  const std::vector<Tcl_Obj*> words = binding::elements_of(tensors.object);
  for (Tcl_Obj* word : words) {
    if (!binding::find_record(call.state, word)) throw binding::invalid_tensor("tensors", word);
  }
  for (Tcl_Obj* word : words) {
    if (binding::Record* record = binding::find_record(call.state, word)) record->state->free_tensor(record);
  }
}

Tcl_Obj* run_scope(Call& call, const binding::Script& script) {
  call.state.enter_scope();
  const int code = Tcl_EvalObjEx(call.interp(), script.object, 0);
  call.state.leave_scope();
  if (code == TCL_OK) return Tcl_GetObjResult(call.interp());
  throw binding::ScriptError{code};
}

Tcl_Obj* tensors(Call& call, std::string_view what) {
  if (what == "count") return Tcl_NewWideIntObj(call.state.live_tensors());
  if (what == "bytes") return Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(wick::allocator::statistics().used));
  if (what != "names") {
    const binding::ObjRef given(binding::new_text(what));
    throw binding::invalid_value("what", given.get(), "names, count or bytes");
  }
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const auto number : call.state.names()) {
    Tcl_ListObjAppendElement(nullptr, list, binding::new_text(binding::handle_name(number)));
  }
  return list;
}

}  // namespace

const Area& handles() {
  static const Area area{
      "handles",
      "Handles and help",
      {
          Command{
              .name = "tensor_free",
              .summary = "Frees tensors now, whoever still holds their handles.",
              .details =
                  "Ordinary code needs it only for tensors whose name was used as text; see torch::scope.",
              .params = {{"tensors", required, "a handle or a list of handles"}},
              .positional = {"tensors"},
              .returns = "nothing",
              .call = bind([](Call& call, binding::Value list) { free_tensors(call, list); }),
          },
          Command{
              .name = "scope",
              .summary = "Evaluates a script, and frees the tensors whose names came up in it and are held "
                         "by nothing else.",
              .details = "A tensor lives as long as a variable, list or dict holds its handle. Where a "
                         "script uses the handle as text "
                         "(puts, string, eq, a dict key) the interpreter keeps the tensor under its name; at "
                         "the end of the scope "
                         "it lets go of those names, unless a value still holds the handle.",
              .params = {{"script", required, "what to evaluate in the caller's context"}},
              .positional = {"script"},
              .returns = "the script's result",
              .call = bind([](Call& call, binding::Script script) { return run_scope(call, script); }),
          },
          Command{
              .name = "tensors",
              .summary = "The tensors that are kept under a name, or how many tensors there are.",
              .params =
                  {{"what", "names",
                    "names: those kept by name; count: all live tensors of the interpreter; bytes: memory in "
                    "use by all tensors of the process"}},
              .positional = {"?what?"},
              .returns = "a list of names, or a number",
              .call = bind([](Call& call, std::string_view what) { return tensors(call, what); }),
          },
          Command{
              .name = "help",
              .summary = "What a command does, and how to call it; without a command, all commands by area.",
              .params = {{"command", "", "a command's name, any of its aliases"}},
              .positional = {"?command?"},
              .returns = "a text",
              .call = bind([](std::string_view command) { return binding::help_text(command); }),
          },
          Command{
              .name = "describe",
              .summary = "A command's declaration for programs; without a command, the names of all.",
              .details = "A dict with the keys name, area, areaTitle, aliases, positional, options (name and "
                         "synonyms, type, default or "
                         "required, purpose), returns (kind, meaning), summary and details.",
              .params = {{"command", "", "a command's name, any of its aliases"}},
              .positional = {"?command?"},
              .returns = "a dict, or a list of names",
              .call = bind([](std::string_view command) { return binding::description(command); }),
          },
      }};
  return area;
}

}  // namespace commands
