// Commands about the extension itself: the tensors that names keep, and help.

#include "tclext/binding/compound.h"
#include "tclext/binding/help.h"
#include "tclext/binding/registry.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/inspection.h"
#include "wick/core/allocator.h"

namespace commands {

enum class What { Names, Count, Bytes };

// What torch::describe is asked about: a tensor, which may be given by its name, else a command.
struct Described {
  optional<Tensor> tensor;
  std::string_view command;
};

}  // namespace commands

template <>
inline constexpr binding::Word<commands::What> binding::words<commands::What>[] = {
    {"names", commands::What::Names}, {"count", commands::What::Count}, {"bytes", commands::What::Bytes}};

template <>
struct binding::Convert<commands::Described> {
  static commands::Described from(const Source& s) {
    if (const auto* tensor = find<wick::Tensor>(s.state, s.word)) return {*tensor, ""};
    return {std::nullopt, Convert<std::string_view>::from(s)};
  }
  static bool could_be(const State&, Tcl_Obj*) { return true; }
  static commands::Described by_default(const Default& d) { return {std::nullopt, std::get<const char*>(d)}; }
  static constexpr Type type{"tensor/string", could_be};
};

namespace commands {
namespace {

using binding::Evaluation;
using binding::Script;

// All are looked up before the first is let go, and again then: a tensor may stand twice in the list. A
// handle may come from another interpreter.
void free_tensors(Call& call, const binding::Value& tensors) {
  const std::vector<Tcl_Obj*> words = binding::elements_of(tensors.object);
  for (Tcl_Obj* word : words) {
    if (!binding::find_record(call.state, word)) throw binding::invalid_tensor("tensors", word);
  }
  for (Tcl_Obj* word : words) {
    if (binding::Record* record = binding::find_record(call.state, word)) record->state->free(record);
  }
}

Evaluation run_scope(Call& call, const Script& script) {
  binding::Scope* scope = call.state.enter_scope();
  return {script.object, [scope](binding::State& state) { state.leave_scope(scope); }};
}

Tcl_Obj* tensors(Call& call, What what) {
  if (what == What::Count) return Tcl_NewWideIntObj(call.state.live_tensors());
  if (what == What::Bytes)
    return Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(wick::allocator::statistics().used));
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const std::string& name : call.state.names(binding::kind<Tensor>)) {
    Tcl_ListObjAppendElement(nullptr, list, binding::new_text(name));
  }
  return list;
}

std::vector<Command> handle_commands() {
  return {
      Command{
          .name = "tensor_free",
          .summary = "Frees tensors and other objects now, whoever still holds their handles.",
          .details = "Ordinary code needs it only for tensors whose name was used as text; see torch::scope.",
          .params = {{"tensors", required, "a handle or a list of handles"}},
          .positional = {"tensors"},
          .returns = "nothing",
          .call = bind([](Call& call, binding::Value list) { free_tensors(call, list); }),
      },
      Command{
          .name = "scope",
          .summary = "Evaluates a script, and frees the tensors that were made in it and that nothing but "
                     "their names holds at its end.",
          .details = "A tensor lives as long as a variable, list or dict holds its handle. Where a "
                     "script uses the handle "
                     "as text (puts, string, eq, a dict key) the interpreter keeps the tensor under its "
                     "name. The end of "
                     "the scope in which the tensor was made lets go of the name. Tensors that a handle "
                     "still holds live "
                     "on: until the end of the scope around this one, else as long as their handles. A "
                     "value that was used as a list (llength, lindex, foreach) is a name and no handle any "
                     "more; where the script's result or a variable of the caller (but no array) has it, it "
                     "becomes a handle again at the end. "
                     "Tensors that were "
                     "made before the scope began are never freed by it. Scopes may be nested and left "
                     "by return, break, "
                     "continue and errors; coroutines may yield inside.",
          .params = {{"script", required, "what to evaluate in the caller's context"}},
          .positional = {"script"},
          .returns = "the script's result",
          .call = bind([](Call& call, Script script) { return run_scope(call, script); }),
      },
      Command{
          .name = "tensors",
          .summary = "The names of tensors that were used as text, or how many tensors there are.",
          .params = {{"what", "names",
                      "names: of those that have one; count: all live tensors of the interpreter; bytes: "
                      "memory in "
                      "use by all tensors of the process"}},
          .positional = {"?what?"},
          .returns = "a list of names, or a number",
          .call = bind([](Call& call, What what) { return tensors(call, what); }),
      },
      Command{
          .name = "help",
          .summary = "What a command does, and how to call it; without a command, all commands by area.",
          .details =
              "Of a word that is no command's name it lists the commands in whose names or summaries the "
              "word stands.",
          .params = {{"command", "", "a command's name, any of its aliases, or a word to look for"}},
          .positional = {"?command?"},
          .returns = "a text",
          .call = bind([](std::string_view command) { return binding::help_text(command); }),
      },
      Command{
          .name = "describe",
          .summary = "What is to be said of a tensor, or of a command, for programs; without either, the "
                     "names of all commands.",
          .details = "Of a tensor, a dict with the keys shape, dtype, device, requires_grad, elements, "
                     "bytes; nan and inf, how many there are, where the dtype has such; and of real numbers, "
                     "without the NaN, mean, std, min and max, where there are any. Of a command, a dict "
                     "with the keys name, area, areaTitle, aliases, positional, options (name and "
                     "synonyms, type, default or "
                     "required, purpose), returns (kind, meaning), summary and details.",
          .params = {{"command", "", "a tensor, or a command's name, any of its aliases"}},
          .positional = {"?command?"},
          .returns = "a dict, or a list of names",
          .call = bind([](Call& call, const Described& asked) {
            return asked.tensor ? facts_of(call, *asked.tensor).object : binding::description(asked.command);
          }),
      },
  };
}

}  // namespace

const Area& handles() {
  static const Area area{"handles", "Handles, help and a look at tensors",
                         joined({handle_commands(), inspection_commands()})};
  return area;
}

}  // namespace commands
