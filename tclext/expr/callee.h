#pragma once

#include "tclext/expr/program.h"

namespace expr {

// What the name of a call means with such arguments, and which parameters of a torch:: command they are.
// `parentheses` is the text between them.
Callee find_callee(std::string_view name, std::string_view parentheses, std::vector<Argument>& arguments);

// The function whose name is closest to a misspelt one; empty when none is close.
std::string_view likely_function(std::string_view name);

}  // namespace expr
