#pragma once

#include <optional>
#include <span>

#include "tclext/binding/convert.h"

// Commands that call scripts: with a command prefix, which is a type of parameters.

namespace binding {

// A command and its first words. It is checked when it is given: a list whose first word is a command, or can
// be loaded as one.
struct Prefix {
  ObjRef object;
};
// The same, to be called from the event loop, at the global level. As an optional parameter it may be empty,
// which means none.
struct Callback : Prefix {};

template <>
struct Convert<Prefix> {
  static constexpr const char* accepted = "a command prefix: a list that begins with a command";
  static Prefix from(const Source& s);
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"script", could_be};
};

template <>
struct Convert<Callback> {
  static constexpr const char* accepted = Convert<Prefix>::accepted;
  static Callback from(const Source& s);
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"script", could_be};
};

template <>
struct Convert<std::optional<Callback>> {
  static std::optional<Callback> from(const Source& s);
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"script", could_be};
  static std::optional<Callback> by_default(const Default& d) {
    std::get<Omittable>(d);
    return std::nullopt;
  }
};

// Calls the prefix with the words appended and answers its result. Afterwards the thread's recording switch
// is what it was before. ScriptError when the call does not end with TCL_OK, or its interpreter is gone.
// Everything that is needed until then is held: the script may free the words, redefine the command and
// delete the interpreter.
ObjRef call(State& state, const Prefix& prefix, std::span<Tcl_Obj* const> words);
ObjRef call(State& state, const Callback& callback, std::span<Tcl_Obj* const> words);

}  // namespace binding
