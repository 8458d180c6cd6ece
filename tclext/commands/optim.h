#pragma once

#include "tclext/commands/objects.h"

// The area of optimizers and schedules, which stands in two files.

namespace commands {

inline const Param optimizer{"optimizer opt", required, "the optimizer"};

std::vector<Command> optimizers();
std::vector<Command> schedulers();

}  // namespace commands
