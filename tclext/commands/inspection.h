#pragma once

#include "tclext/commands/common.h"
#include "tclext/commands/named.h"

// Looking at tensors and tables.
namespace commands {

std::vector<Command> inspection_commands();

// What is to be said of a tensor, as torch::describe answers it.
Dict facts_of(Call& call, const Tensor& x);

}  // namespace commands
