#include "tclext/binding/script.h"

#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/core/runtime.h"

namespace binding {
namespace {

// Lets the auto-loader look for a command, and leaves the interpreter's result as it was.
bool auto_load(Tcl_Interp* interp, Tcl_Obj* command) {
  if (!Tcl_FindCommand(interp, "::auto_load", nullptr, TCL_GLOBAL_ONLY)) return false;
  const ObjRef loader(new_text("::auto_load")), name(command);
  Tcl_Obj* const words[] = {loader.get(), name.get()};
  Tcl_InterpState before = Tcl_SaveInterpState(interp, TCL_OK);
  int loaded = 0;
  if (Tcl_EvalObjv(interp, 2, words, TCL_EVAL_GLOBAL) != TCL_OK ||
      Tcl_GetBooleanFromObj(nullptr, Tcl_GetObjResult(interp), &loaded) != TCL_OK) {
    loaded = 0;
  }
  Tcl_RestoreInterpState(interp, before);
  return loaded != 0;
}

bool is_command(Tcl_Interp* interp, Tcl_Obj* word, int flags) {
  if (!interp || holds_handle(word)) return false;
  return Tcl_FindCommand(interp, Tcl_GetString(word), nullptr, flags) || auto_load(interp, word);
}

ObjRef checked_prefix(const Source& s, int flags) {
  Tcl_Size count = 0;
  Tcl_Obj** elements = nullptr;
  if (is_handle(s.word) || Tcl_ListObjGetElements(nullptr, s.word, &count, &elements) != TCL_OK ||
      count == 0 || !is_command(s.state.interp(), elements[0], flags)) {
    throw invalid_value(s.option(), s.word, Convert<Prefix>::accepted);
  }
  return ObjRef(s.word);
}

// Tcl_EvalObjv, but that errorInfo shows what is text already. Tcl would write all words there, and so give
// each tensor among them a name that somebody may use: it would be kept.
int evaluate_words(Tcl_Interp* interp, Tcl_Obj* prefix, std::span<Tcl_Obj* const> words, int flags) {
  const int code =
      Tcl_EvalObjv(interp, static_cast<Tcl_Size>(words.size()), words.data(), flags | TCL_EVAL_NOERR);
  if (code == TCL_ERROR && !Tcl_InterpDeleted(interp)) {
    const char* text = Tcl_GetString(prefix->bytes ? prefix : words[0]);
    Tcl_LogCommandInfo(interp, text, text, -1);
  }
  return code;
}

ObjRef evaluate(State& state, const Prefix& prefix, std::span<Tcl_Obj* const> more, int flags) {
  Tcl_Interp* interp = state.interp();
  std::vector<ObjRef> held;
  for (Tcl_Obj* word : elements_of(prefix.object.get())) held.emplace_back(word);
  for (Tcl_Obj* word : more) held.emplace_back(word);
  if (!interp) throw wick::Error("the interpreter of a command prefix has gone");
  std::vector<Tcl_Obj*> words;
  for (const ObjRef& word : held) words.push_back(word.get());
  const StateRef state_held(state);
  const wick::GradMode as_before(wick::grad_enabled());
  const wick::FlushDenormalScope unflushed(false);  // Tcl computes as it always does
  Tcl_Preserve(interp);
  const int code = evaluate_words(interp, prefix.object.get(), words, flags);
  ObjRef result(Tcl_GetObjResult(interp));
  const bool gone = Tcl_InterpDeleted(interp);
  Tcl_Release(interp);
  if (code != TCL_OK) throw ScriptError{code};
  if (gone) throw ScriptError{TCL_ERROR};
  return result;
}

}  // namespace

Prefix Convert<Prefix>::from(const Source& s) { return {checked_prefix(s, 0)}; }

Callback Convert<Callback>::from(const Source& s) { return {{checked_prefix(s, TCL_GLOBAL_ONLY)}}; }

std::optional<Callback> Convert<std::optional<Callback>>::from(const Source& s) {
  if (!holds_handle(s.word) && text_of(s.word).empty()) return std::nullopt;
  return Convert<Callback>::from(s);
}

ObjRef call(State& state, const Prefix& prefix, std::span<Tcl_Obj* const> words) {
  return evaluate(state, prefix, words, 0);
}

ObjRef call(State& state, const Callback& callback, std::span<Tcl_Obj* const> words) {
  return evaluate(state, callback, words, TCL_EVAL_GLOBAL);
}

}  // namespace binding
