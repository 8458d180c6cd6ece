#pragma once

#include <vector>

#include "tclext/commands/objects.h"

// The parts of the area "training".
namespace commands {

std::vector<Command> module_commands();
std::vector<Command> file_commands();
std::vector<Command> precision_commands();
std::vector<Command> batch_commands();

// The very handle that was given, so that calls can be nested.
inline Tcl_Obj* given(const Call& call) { return call.words[0]; }

}  // namespace commands
