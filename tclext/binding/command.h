#pragma once

#include <climits>
#include <forward_list>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tclext/binding/compound.h"
#include "tclext/binding/convert.h"
#include "tclext/binding/error.h"
#include "tclext/binding/handle.h"
#include "tclext/binding/range.h"

// How a command is declared: once, as a Command, from which come both syntaxes, the aliases, the messages,
// torch::help and the reference pages. Types stand in the signature of the function that is bound, and
// nowhere else.
//
//   Command{
//       .name = "tensor_add",
//       .summary = "input1 + alpha * input2, element by element, with broadcasting.",
//       .params = {{"input1 input", required, "first operand"},
//                  {"input2 other", required, "second operand"},
//                  {"alpha", 1.0, "factor of the second operand"}},
//       .positional = {"input1 input2 ?alpha?"},
//       .keeps_dtype = true,
//       .call = bind([](const Tensor& a, const Tensor& b, double alpha) { return wick::add(a, b, alpha); }),
//   }
//
// is called as  torch::tensor_add $a $b 0.5,  torch::tensor_add -input1 $a -other $b,  torch::tensorAdd $a $b
// -alpha 2.

namespace binding {

inline constexpr int max_params = 16;

struct Param {
  // The option's name and its synonyms, without dashes, one blank between them. Given several times, lists of
  // tensors add up; of anything else the last one counts.
  const char* names;
  Default default_value;
  const char* purpose;  // one line
  Range range = {};     // above(0), at_least(1), between(0, 1)
};

struct Command;

// The result of a command that evaluates a script in the caller's context. The script runs after the
// command's function has returned, so that coroutines can yield out of it; `after` is called when it has
// ended, however it did. Without a script the result is `otherwise`. With `again` it is the body of a loop,
// which `break` and `continue` mean: it is called after each round, and answers whether there is another one.
struct Evaluation {
  Tcl_Obj* script = nullptr;
  std::function<void(State& state)> after = {};
  const char* otherwise = "";
  std::function<bool(State& state)> again = {};
};

// One call of a command: the words by parameter, null where there is none.
struct Call {
  State& state;
  const Command& command;
  Tcl_Obj* words[max_params] = {};
  std::uint32_t by_position = 0;        // a bit for each parameter whose word was given by position
  std::forward_list<ObjRef> made = {};  // lists that were made of several words
  Evaluation evaluation = {};           // what is left to do
  std::optional<CallError> error = {};  // why the call was refused

  Tcl_Obj* refuse(CallError why) {
    error = std::move(why);
    return nullptr;
  }
  Tcl_Interp* interp() const { return state.interp(); }
};

// The function behind a command, with the types of its parameters and of its result.
struct Function {
  Tcl_Obj* (*invoke)(Call& call) = nullptr;
  std::vector<const Type*> types;
  // What is wrong with the declaration of a parameter, null when nothing is.
  std::vector<const char* (*)(const Param& param)> checks;
  const char* returns = "";
  bool evaluates = false;  // its result is an Evaluation
};

struct Command {
  const char* name;
  std::vector<const char*> aliases =
      {};                    // besides the camelCase one, which every name with an underscore has
  const char* summary;       // what it computes, in a sentence
  const char* details = "";  // what else there is to know; one paragraph
  std::vector<Param> params = {};
  // Accepted orders of words: parameter names, those that may be left out between question marks. Of several
  // the first whose parameters' types the words fit is taken. A parameter with a default can be required by
  // position. A last name with "..." takes all words that are left, one at least, as a list; a single one may
  // be a list itself.
  std::vector<const char*> positional = {};
  // The result has the dtype of the first tensor.
  bool keeps_dtype = false;
  // A word of a dash and letters that names no option is a value, as handles invented by scripts may look so.
  bool dashed_values = false;
  // Left out of safe interpreters: it reaches files, or other processes.
  bool trusted_only = false;
  const char* returns = "";  // what the result is, in a few words
  Function call;
};

// An area of the surface: its name, a title, and its commands in the order of the reference page.
struct Area {
  const char* name;
  const char* title;
  std::vector<Command> commands;
};

// A command ready for calls.
class Binding {
 public:
  // Throws std::logic_error for a declaration that contradicts itself or its function.
  Binding(const Command& command, std::string_view area);

  const Command& command() const { return command_; }
  std::string_view area() const { return area_; }
  const std::vector<std::string>& names() const { return names_; }  // the first is the command's own
  const std::vector<std::string>& options(int param) const {
    return options_[static_cast<std::size_t>(param)];
  }
  const std::string& usage() const;
  // Calls the command's function: the result, or null when call.error says why not, or else when
  // call.evaluation has to be done first.
  Tcl_Obj* run(Call& call, int count, Tcl_Obj* const* words) const;

 private:
  struct Form {
    std::vector<int> params;
    int least;
    bool rest = false;  // the last one takes all words that are left

    int most() const { return rest ? INT_MAX : static_cast<int>(params.size()); }
    // The parameter of a word.
    int param(int word) const { return params[std::min(static_cast<std::size_t>(word), params.size() - 1)]; }
  };

  static constexpr int no_option = -1, unknown_option = -2;
  int find_option(std::string_view word) const;
  // The parameter that a word names as an option, or one of the above.
  int option_of(Tcl_Obj* word) const;
  CallError unknown(std::string_view word) const;
  // These answer whether the words were accepted.
  bool assign_positional(Call& call, Tcl_Obj* const* words, int count, bool names_follow) const;
  bool assign_named(Call& call, Tcl_Obj* const* words, int count, int first) const;
  const Form* choose_form(const State& state, Tcl_Obj* const* words, int count, bool names_follow) const;
  void add_names();
  void add_options();
  void add_forms();
  void check_params() const;
  [[noreturn]] void faulty(const std::string& what) const;

  const Command& command_;
  std::string_view area_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> options_;
  std::vector<Form> forms_;
  mutable std::once_flag usage_once_;
  mutable std::string usage_;
};

namespace detail {

// The value that a word has, or a default; nothing for a word that is refused.
template <class T>
std::optional<T> read_value(const Source& source, const Param& param) {
  if constexpr (requires { Convert<T>::by_default(param.default_value); }) {
    if (!source.word) return std::optional<T>(std::in_place, Convert<T>::by_default(param.default_value));
  }
  if constexpr (requires { Convert<T>::attempt(source); }) {
    return Convert<T>::attempt(source);
  } else {
    return std::optional<T>(std::in_place, Convert<T>::from(source));
  }
}

// The value of parameter `index`: from its word, else from its default. Nothing, and call.error, when the
// word is refused.
template <class T>
std::optional<T> value_of(Call& call, std::size_t index) {
  const Param& param = call.command.params[index];
  const Source source{call.state, call.words[index], param.names, (call.by_position >> index & 1) != 0};
  std::optional<T> value = read_value<T>(source, param);
  if constexpr (requires { Convert<T>::attempt(source); }) {
    if (!value) call.refuse(Convert<T>::fault(source));
  }
  if constexpr (numbers<T>) {
    if (value && source.word && param.range.limits() && !within(*value, param.range)) {
      call.refuse(invalid_value(source.option(), source.word, accepted_within<T>(param.range)));
      value.reset();
    }
  }
  return value;
}

template <class T>
const char* fault_of(const Param& param) {
  if (!takes_default<T>(param.default_value)) return "has a default that its type does not take";
  if (!param.range.limits()) return nullptr;
  if constexpr (numbers<T>) {
    if constexpr (requires { Convert<T>::by_default(param.default_value); }) {
      if (!std::holds_alternative<Required>(param.default_value) &&
          !within(Convert<T>::by_default(param.default_value), param.range)) {
        return "has a default out of its range";
      }
    }
    return nullptr;
  } else {
    return "has a range, and is no number";
  }
}

template <class F>
struct Signature;
template <class F, class R, class... Args>
struct Signature<R (F::*)(Args...) const> {
  using Result = R;
  using Arguments = std::tuple<std::remove_cvref_t<Args>...>;
  static constexpr bool wants_call = false;
};
template <class F, class R, class... Args>
struct Signature<R (F::*)(Call&, Args...) const> {
  using Result = R;
  using Arguments = std::tuple<std::remove_cvref_t<Args>...>;
  static constexpr bool wants_call = true;
};

// The dtype of the first tensor among a command's values.
inline std::optional<wick::DType> first_dtype() { return std::nullopt; }
template <class First, class... Others>
std::optional<wick::DType> first_dtype(const First& first, const Others&... others) {
  if constexpr (std::is_same_v<First, wick::Tensor>)
    return first.dtype();
  else
    return first_dtype(others...);
}

// Calls the function and makes a Tcl value of what it answers.
template <class F, class... Values>
Tcl_Obj* answer(Call& call, Values&... values) {
  using S = Signature<decltype(&F::operator())>;
  using Result = typename S::Result;
  const auto apply = [&]() -> Result {
    if constexpr (S::wants_call) {
      return F{}(call, std::move(values)...);
    } else {
      return F{}(std::move(values)...);
    }
  };
  if constexpr (std::is_void_v<Result>) {
    apply();
    return Tcl_NewObj();
  } else if constexpr (std::is_same_v<Result, Evaluation>) {
    call.evaluation = apply();
    return call.evaluation.script ? nullptr : new_text(call.evaluation.otherwise);
  } else if constexpr (std::is_same_v<Result, wick::Tensor>) {
    if (!call.command.keeps_dtype) return new_handle(call.state, apply());
    const auto dtype = first_dtype(values...);
    wick::Tensor result = apply();
    if (dtype && result.dtype() != *dtype) result = result.to(*dtype);
    return new_handle(call.state, std::move(result));
  } else {
    return to_object(call.state, apply());
  }
}

// Reads the values that are left, from left to right: the first mistake is the one that is reported. Each
// stays where it was read, which costs less than gathering them.
template <class F, class... Values>
Tcl_Obj* invoke(Call& call, Values&... values) {
  using Arguments = typename Signature<decltype(&F::operator())>::Arguments;
  constexpr std::size_t index = sizeof...(Values);
  if constexpr (index == std::tuple_size_v<Arguments>) {
    return answer<F>(call, values...);
  } else {
    auto value = value_of<std::tuple_element_t<index, Arguments>>(call, index);
    return value ? invoke<F>(call, values..., *value) : nullptr;
  }
}

}  // namespace detail

// Makes a command's function out of a lambda without captures: its parameters are the command's, in order. A
// first parameter Call& gives access to the interpreter.
template <class F>
Function bind(F) {
  using S = detail::Signature<decltype(&F::operator())>;
  using Arguments = typename S::Arguments;
  Function function;
  function.invoke = [](Call& call) { return detail::invoke<F>(call); };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (function.types.push_back(&Convert<std::tuple_element_t<I, Arguments>>::type), ...);
    (function.checks.push_back(detail::fault_of<std::tuple_element_t<I, Arguments>>), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<Arguments>>{});
  function.evaluates = std::is_same_v<typename S::Result, Evaluation>;
  function.returns = function.evaluates ? "any" : result_kind<typename S::Result>();
  return function;
}

// Which of the candidates a misspelt word may have been meant for; "" when none is near.
std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates);

// The camelCase form of a name: tensor_to_list, tensorToList.
std::string camel_case(std::string_view name);

}  // namespace binding
