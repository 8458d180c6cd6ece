// Formulas.

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/expr/formula.h"

namespace commands {

const Area& formulas() {
  static const Area area{
      "formulas",
      "Formulas",
      {
          Command{
              .name = "expr",
              .aliases = {"="},
              .summary = "The value of a formula of tensors, numbers and lists, such as "
                         "{softmax(x @ w' + b, dim=1)}.",
              .details =
                  "Operators, from those that bind closest: ' (transposes the last two dimensions) and "
                  "[...]; "
                  "- + ! ~ of one operand; **; * / % @ (the matrix product); + -; << >>; < > <= >=; == !=; & "
                  "^ "
                  "| && ||; ?: (chooses element by element where the condition is a tensor); = += -= *= /=. "
                  "A name is a variable, with or without a $, and before parentheses a function: a torch:: "
                  "command (also without tensor_), else any command, with arguments by position and as "
                  "name=value. [1, 2] and {1 2} are lists, and become tensors beside one. Parts are written "
                  "as in Python, and can be assigned to: {a[mask] *= 0.5}. Results have PyTorch's dtypes; "
                  "of numbers alone they are those of Tcl's expr. An error shows its place in the formula. "
                  "Write formulas in braces: they are then parsed once, and no tensor becomes text.",
              .params = {{"formula", required, "the formula; several words are joined by blanks"}},
              .positional = {"formula..."},
              .dashed_values = true,
              .returns = "a tensor, a number, or what a command in the formula gives",
              .call = bind([](Call& call, binding::Value formula) {
                return expr::evaluate_formula(call, formula.object);
              }),
          },
      }};
  return area;
}

}  // namespace commands
