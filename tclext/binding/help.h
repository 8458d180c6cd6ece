#pragma once

#include <string>
#include <string_view>

#include "tclext/binding/tclapi.h"

// The declarations as text: for torch::help, and for the reference pages, which a script writes from
// torch::describe.
namespace binding {

// Help on one command, the list of all, or for any other word the commands in whose names or summaries it
// stands. wick::Error where there are none.
std::string help_text(std::string_view command);

// A command's declaration as a dict, or the names of all commands.
Tcl_Obj* description(std::string_view command);

}  // namespace binding
