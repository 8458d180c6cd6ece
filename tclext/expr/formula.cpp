#include "tclext/expr/formula.h"

#include <algorithm>
#include <memory>

#include "tclext/expr/evaluate.h"
#include "tclext/expr/parser.h"

namespace expr {

using binding::Call;
using binding::new_text;
using binding::ScriptError;
using binding::text_of;

Program::Program(Tcl_Interp* interp, std::string_view text) : text_(text) {
  Parser parser(interp, text_, nodes_);
  root_ = parser.parse();
}

namespace {

Program* program_in(const Tcl_Obj* object) {
  return static_cast<Program*>(object->internalRep.twoPtrValue.ptr1);
}

void free_internal(Tcl_Obj* object) { program_in(object)->release(); }

extern const Tcl_ObjType formula_type;

void set_program(Tcl_Obj* object, Program* program) {
  program->retain();
  object->internalRep.twoPtrValue.ptr1 = program;
  object->internalRep.twoPtrValue.ptr2 = nullptr;
  object->typePtr = &formula_type;
}

void duplicate_internal(Tcl_Obj* source, Tcl_Obj* copy) { set_program(copy, program_in(source)); }

const Tcl_ObjType formula_type = {"torch_formula", free_internal, duplicate_internal, nullptr, nullptr};

}  // namespace

Program* program_of(Tcl_Interp* interp, Tcl_Obj* formula) {
  if (formula->typePtr == &formula_type) return program_in(formula);
  auto program = std::make_unique<Program>(interp, text_of(formula));
  if (formula->typePtr && formula->typePtr->freeIntRepProc) formula->typePtr->freeIntRepProc(formula);
  set_program(formula, program.get());
  return program.release();
}

namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

constexpr std::size_t widest = 72, before_place = 48;

// Where a piece of a line begins and ends, without cutting a character.
std::size_t back_to_character(std::string_view line, std::size_t at) {
  while (at > 0 && at < line.size() && continues(line[at])) --at;
  return at;
}

// The message with the line of the text in which position `at` is, and a caret below it.
std::string pointed(std::string_view message, std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  const std::size_t before = at == 0 ? text.npos : text.rfind('\n', at - 1);
  const std::size_t start = before == text.npos ? 0 : before + 1;
  std::string_view line = text.substr(start, std::min(text.find('\n', at), text.size()) - start);
  std::size_t place = at - start;
  std::string prefix, suffix;
  if (line.size() > widest) {
    const std::size_t first = back_to_character(line, place > before_place ? place - before_place : 0);
    const std::size_t last = back_to_character(line, std::min(first + widest, line.size()));
    if (first > 0) prefix = "...";
    if (last < line.size()) suffix = "...";
    line = line.substr(first, last - first);
    place -= first;
  }
  std::string shown = prefix + std::string(line) + suffix;
  for (char& c : shown) {
    if (c >= 0 && c < ' ') c = ' ';
  }
  const auto columns = static_cast<std::size_t>(
      std::count_if(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(std::min(place, line.size())),
                    [](char c) { return !continues(c); }));
  return std::string(message) + "\n    " + shown + "\n    " + std::string(prefix.size() + columns, ' ') + "^";
}

// Adds the place to the error that the interpreter has. Where errorInfo is `begun` it stands there as well;
// there alone, if a formula within this one has added its own to the message.
[[noreturn]] void point_out(Tcl_Interp* interp, std::string_view text, std::size_t at, bool begun) {
  const std::string message(text_of(Tcl_GetObjResult(interp)));
  const std::string with_place = pointed(message, text, at);
  const bool inner = message.ends_with('^') && message.find("\n    ") != message.npos;
  if (begun) {
    Tcl_AppendObjToErrorInfo(interp, new_text(with_place.substr(message.size())));
    const ObjRef options(Tcl_GetReturnOptions(interp, TCL_ERROR));
    if (!inner) Tcl_SetObjResult(interp, new_text(with_place));
    Tcl_SetReturnOptions(interp, options.get());
  } else {
    Tcl_SetObjResult(interp, new_text(with_place));
  }
  throw ScriptError{TCL_ERROR};
}

// A list of tensors would become text.
void refuse_list_of_handles(Tcl_Obj* word) {
  if (binding::holds_handle(word))
    throw binding::invalid_value("formula", word, "a formula in braces, in which variables are read");
}

// The formula, and the handles in it by the names that stand for them.
ObjRef joined(const State& state, Tcl_Obj* words, Handles& handles) {
  std::string text;
  for (Tcl_Obj* word : binding::elements_of(words)) {
    if (!text.empty()) text += ' ';
    if (binding::is_handle(word)) {
      std::string name = state.name_of_handle(word);
      if (name.empty()) throw binding::invalid_tensor("formula", word);
      text += name;
      handles.emplace_back(std::move(name), ObjRef(word));
    } else {
      refuse_list_of_handles(word);
      text += text_of(word);
    }
  }
  return ObjRef(new_text(text));
}

ObjRef value_of(Call& call, Tcl_Obj* words) {
  Handles handles;
  ObjRef formula(words);
  if (!call.made.empty()) {
    formula = joined(call.state, words, handles);
  } else if (binding::is_handle(words)) {
    return formula;
  } else {
    refuse_list_of_handles(words);
  }
  Tcl_Interp* interp = call.interp();
  Program* found = nullptr;
  try {
    found = program_of(interp, formula.get());
  } catch (const SyntaxError& error) {
    Tcl_SetObjResult(interp, new_text(pointed(error.what(), text_of(formula.get()), error.at)));
    Tcl_SetErrorCode(interp, "TORCH", "SYNTAX", nullptr);
    throw ScriptError{TCL_ERROR};
  }
  const ProgramRef program(found);
  Evaluator evaluator(call.state, *program, handles);
  bool begun = true;
  try {
    const Value value = evaluator.run();
    ObjRef result = value.to_object(call.state);
    if (value.is_number()) result = canonical(interp, result);
    return result;
  } catch (const ScriptError& error) {
    if (error.code != TCL_ERROR || Tcl_InterpDeleted(interp)) throw;
  } catch (const binding::CallError& error) {
    binding::report(interp, error, "torch::expr formula");
  } catch (const std::exception& error) {
    binding::report(interp, error);
    begun = false;
  }
  point_out(interp, (*program).text(), evaluator.place(), begun);
}

}  // namespace

// By now nobody else may be left who lets go of the object.
Tcl_Obj* evaluate_formula(Call& call, Tcl_Obj* words) { return value_of(call, words).release(); }

}  // namespace expr
