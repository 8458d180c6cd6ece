#pragma once

#include "tclext/binding/command.h"

namespace expr {

// What torch::expr does with its words: one is a formula, several are joined by blanks first. ScriptError
// with the mistake and its place in the interpreter.
Tcl_Obj* evaluate_formula(binding::Call& call, Tcl_Obj* words);

}  // namespace expr
