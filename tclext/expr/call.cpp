// Calls in formulas: functions of the library, torch:: commands, Tcl's functions of numbers, and any other
// command.

#include "tclext/binding/script.h"
#include "tclext/expr/callee.h"
#include "tclext/expr/evaluate.h"
#include "wick/core/fail.h"
#include "wick/wick.h"

namespace expr {

using binding::ScriptError;

Value Evaluator::call(const Node& here) {
  const Callee& callee = here.callee;
  if (callee.direct) {
    const Value a = evaluate(here.arguments[0].value);
    if (callee.direct->one) return apply(here, a);
    const Value b = evaluate(here.arguments[1].value);
    return apply(here, a, b);
  }
  Tcl_Interp* interp = state_.interp();
  const auto is_command = [&](Tcl_Obj* prefix) {
    Tcl_Obj* name;
    return prefix && Tcl_ListObjIndex(nullptr, prefix, 0, &name) == TCL_OK &&
           Tcl_FindCommand(interp, Tcl_GetString(name), nullptr, 0) != nullptr;
  };
  const bool known = callee.command || is_command(callee.prefix.get());
  if (!known && !is_command(callee.math.get())) {
    if (auto found = element(here)) return std::move(*found);
  }
  std::vector<Value> arguments;
  bool numbers = true;
  for (const Argument& argument : here.arguments) {
    arguments.push_back(evaluate(argument.value));
    numbers = numbers && arguments.back().is_number();
  }
  at_ = here.at;
  if (callee.is_math && numbers) return call_math(here, arguments);
  if (!known && callee.math.get() && is_command(callee.math.get())) {
    for (const Value& argument : arguments) {
      if (argument.is_tensor())
        wick::fail(binding::text_of(callee.array.get()),
                   "Tcl's function takes numbers, a tensor was given; item() gives "
                   "the number of a tensor of one element");
    }
    return call_math(here, arguments);
  }
  return call_command(here, std::move(arguments));
}

// name(key) as an element of an array, where there is such a one.
std::optional<Value> Evaluator::element(const Node& here) {
  Tcl_Interp* interp = state_.interp();
  ObjRef key = here.callee.key;
  if (binding::text_of(key.get()).find_first_of("$\\") != std::string_view::npos) {
    key = ObjRef(Tcl_SubstObj(interp, key.get(), TCL_SUBST_VARIABLES | TCL_SUBST_BACKSLASHES));
    Tcl_ResetResult(interp);
    if (!key.get()) return std::nullopt;
  }
  const ObjRef found(Tcl_ObjGetVar2(interp, here.callee.array.get(), key.get(), 0));
  if (!found.get()) return std::nullopt;
  return Value(state_, found);
}

Value Evaluator::call_math(const Node& here, const std::vector<Value>& arguments) {
  std::vector<Tcl_Obj*> words;
  for (const Value& argument : arguments) {
    if (binding::holds_handle(argument.object()))
      wick::fail("formula", "a function of numbers takes no list of tensors");
    words.push_back(argument.object());
  }
  at_ = here.at;
  return invoke(here, here.callee.math.get(), words);
}

// Where the command's parameter is a tensor, a list or number becomes one.
ObjRef Evaluator::argument_for(const Callee& callee, const Argument& argument, const Value& value) {
  if (value.is_tensor() || argument.param < 0) return value.to_object(state_);
  const auto param = static_cast<std::size_t>(argument.param);
  const std::string_view type = callee.command->command().call.types[param]->name;
  const bool listed = value.is_list();
  const bool wanted = type == "tensor" ? listed || value.is_number() : type == "tensor/scalar" && listed;
  if (!wanted || binding::holds_handle(value.object())) return value.to_object(state_);
  return Value(as_tensor(value, value.is_number() ? std::optional(wick::float32) : std::nullopt))
      .to_object(state_);
}

Value Evaluator::call_command(const Node& here, std::vector<Value> arguments) {
  const Callee& callee = here.callee;
  std::vector<ObjRef> words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = here.arguments[i];
    if (argument.option.get()) words.push_back(argument.option);
    words.push_back(argument_for(callee, argument, arguments[i]));
  }
  arguments.clear();
  std::vector<Tcl_Obj*> given;
  for (const ObjRef& word : words) given.push_back(word.get());
  return invoke(here, callee.prefix.get(), given);
}

Value Evaluator::invoke(const Node& here, Tcl_Obj* prefix, std::span<Tcl_Obj* const> words) {
  at_ = here.at;
  const bool known = here.callee.command != nullptr || prefix == here.callee.math.get();
  try {
    return Value(state_, binding::call(state_, binding::Prefix{ObjRef(prefix)}, words));
  } catch (const ScriptError& error) {
    at_ = here.at;
    Tcl_Interp* interp = state_.interp();
    if (!known && error.code == TCL_ERROR && interp && !Tcl_InterpDeleted(interp)) {
      const std::string name(binding::text_of(here.callee.array.get()));
      if (binding::text_of(Tcl_GetObjResult(interp)) == "invalid command name \"" + name + "\"")
        no_function(here);
    }
    throw;
  }
}

void Evaluator::no_function(const Node& here) {
  const std::string name(binding::text_of(here.callee.array.get()));
  const std::string_view likely = likely_function(name);
  Tcl_ResetResult(state_.interp());
  wick::fail<wick::Error>(
      "there is no function, command or array \"" + name + "\"", "{}",
      likely.empty() ? "torch::help lists the functions" : "did you mean " + std::string(likely) + "?");
}

}  // namespace expr
