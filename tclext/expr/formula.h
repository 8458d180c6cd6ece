#pragma once

#include "tclext/binding/command.h"

namespace expr {

// What torch::expr does with its words: one is a formula, several are joined by blanks first. ScriptError
// with the mistake and its place in the interpreter.
Tcl_Obj* evaluate_formula(binding::Call& call, Tcl_Obj* words);

// The message with the line of the text in which position `at` is, and a caret below it.
std::string pointed(std::string_view message, std::string_view text, std::size_t at);

}  // namespace expr
