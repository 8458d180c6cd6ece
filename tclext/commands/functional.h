#pragma once

#include <vector>

#include "tclext/commands/objects.h"

namespace commands {

// The part of the area "autograd" that takes functions, which are scripts.
std::vector<Command> functional_commands();

}  // namespace commands
