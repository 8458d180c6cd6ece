#pragma once

#include "tclext/expr/program.h"

namespace expr {

// What the name of a call means, with so many arguments by position. `parentheses` is the text between them.
Callee find_callee(std::string_view name, std::string_view parentheses,
                   const std::vector<Argument>& arguments);

// The names of all functions, for those that are misspelt.
std::string_view likely_function(std::string_view name);

}  // namespace expr
