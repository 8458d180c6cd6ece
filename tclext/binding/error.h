#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "tclext/binding/tclapi.h"

namespace binding {

// A mistake in how a command was called. The message is one of a few fixed texts, which scripts compare
// whole; what was given and what is accepted stands in errorInfo, and errorCode is a list for programs.
struct CallError {
  std::string message;
  std::string code;    // "TORCH PARAMETER UNKNOWN -x"
  std::string detail;  // "" or a sentence for errorInfo
};

// A text as messages show it: in quotation marks, cut to a readable length.
std::string quoted(std::string_view text);
// The same of a word; a handle has no text worth showing.
std::string quoted(Tcl_Obj* word);
// "a tensor", "an optimizer"
std::string with_article(std::string_view noun);

CallError missing_parameter(std::string_view option);
// `likely` is the option that may have been meant, without the dash, or "".
CallError unknown_parameter(std::string_view word, std::string_view likely = "");
CallError missing_value(std::string_view option);
CallError wrong_positional_count();
// "Invalid tensor name", for any kind of handle.
CallError invalid_handle(std::string_view kind, std::string_view option, Tcl_Obj* given);
inline CallError invalid_tensor(std::string_view option, Tcl_Obj* given) {
  return invalid_handle("tensor", option, given);
}
// "Invalid -dst parameter. Must be an integer."
CallError invalid_value(std::string_view option, Tcl_Obj* given, std::string_view accepted);

// Thrown when a script that was run did not end with TCL_OK: the interpreter's result and error state are its
// own.
struct ScriptError {
  int code;  // TCL_ERROR, TCL_RETURN, TCL_BREAK ...
};

// These put an exception into the interpreter's result, errorCode and errorInfo, and answer TCL_ERROR.
// `usage` goes into errorInfo.
int report(Tcl_Interp* interp, const CallError& error, std::string_view usage);
int report(Tcl_Interp* interp, const std::exception& error);

}  // namespace binding
