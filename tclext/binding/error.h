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

// A word as messages show it: cut to a readable length; a handle has no text worth showing.
std::string quoted(Tcl_Obj* word);

CallError missing_parameter(std::string_view option);
CallError unknown_parameter(std::string_view word);
CallError missing_value(std::string_view option);
CallError wrong_positional_count();
CallError invalid_tensor(std::string_view option, Tcl_Obj* given);
// "Invalid -dst parameter. Must be an integer."
CallError invalid_value(std::string_view option, Tcl_Obj* given, std::string_view accepted);

// Thrown when a script that was run did not end with TCL_OK: the interpreter's result and error state are its
// own.
struct ScriptError {
  int code;  // TCL_ERROR, TCL_RETURN, TCL_BREAK ...
};

// Puts the exception into the interpreter's result, errorCode and errorInfo, and answers the command's return
// code. `usage` goes into errorInfo.
int report(Tcl_Interp* interp, std::exception_ptr failure, std::string_view usage);

}  // namespace binding
