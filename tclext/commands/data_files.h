#pragma once

#include "tclext/commands/common.h"

// The parts of the area "files".
namespace commands {

std::vector<Command> table_files();

}  // namespace commands
