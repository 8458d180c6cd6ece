#pragma once

#include <algorithm>
#include <climits>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tclext/binding/convert.h"
#include "tclext/binding/error.h"
#include "tclext/binding/handle.h"

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

struct Required {};
inline constexpr Required required;
struct Omittable {};  // may be left out, and the function learns it: its type is std::optional
inline constexpr Omittable omittable;

using Default = std::variant<Required, Omittable, std::int64_t, double, bool, wick::DType, const char*>;

struct Param {
  // The option's name and its synonyms, without dashes, one blank between them. Given several times, lists of
  // tensors add up; of anything else the last one counts.
  const char* names;
  Default default_value;
  const char* purpose;  // one line
};

struct Command;

// One call of a command: the words by parameter, null where there is none.
struct Call {
  State& state;
  const Command& command;
  Tcl_Obj* words[max_params];
  std::forward_list<ObjRef> made;  // lists that were made of several words

  Tcl_Interp* interp() const { return state.interp(); }
};

// The function behind a command, with the types of its parameters and of its result.
struct Function {
  Tcl_Obj* (*invoke)(Call& call) = nullptr;
  std::vector<const Type*> types;
  const char* returns = "";
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
  // position. A last name with "..." takes all words that are left, one at least, as a list.
  std::vector<const char*> positional = {};
  // The result has the dtype of the first tensor.
  bool keeps_dtype = false;
  // A word of a dash and letters that names no option is a value, as handles invented by scripts may look so.
  bool dashed_values = false;
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
  explicit Binding(const Command& command, std::string_view area);

  const Command& command() const { return command_; }
  std::string_view area() const { return area_; }
  const std::vector<std::string>& names() const { return names_; }  // the first is the command's own
  const std::vector<std::string>& options(int param) const {
    return options_[static_cast<std::size_t>(param)];
  }
  std::string usage() const;
  Tcl_Obj* run(State& state, int count, Tcl_Obj* const* words) const;

 private:
  struct Form {
    std::vector<int> params;
    int least;
    bool rest = false;  // the last one takes all words that are left

    int most() const { return rest ? INT_MAX : static_cast<int>(params.size()); }
    // The parameter of a word.
    int param(int word) const { return params[std::min(static_cast<std::size_t>(word), params.size() - 1)]; }
  };

  int find_option(std::string_view word) const;
  bool is_option(Tcl_Obj* word, int& param) const;
  void assign_positional(Call& call, Tcl_Obj* const* words, int count, bool names_follow) const;
  const Form& choose_form(const State& state, Tcl_Obj* const* words, int count, bool names_follow) const;

  const Command& command_;
  std::string_view area_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> options_;
  std::vector<Form> forms_;
};

namespace detail {

// The value of parameter `index`: from its word, else from its default.
template <class T>
T value_of(Call& call, std::size_t index) {
  const Param& param = call.command.params[index];
  Tcl_Obj* word = call.words[index];
  const Source source{call.state, word, first_name(param.names)};
  if constexpr (requires { Convert<T>::by_default(param.default_value); }) {
    if (!word) return Convert<T>::by_default(param.default_value);
  }
  return Convert<T>::from(source);
}

template <class F>
struct Signature;
template <class F, class R, class... Args>
struct Signature<R (F::*)(Args...) const> {
  using Result = R;
  using Arguments = std::tuple<Args...>;
  static constexpr bool wants_call = false;
};
template <class F, class R, class... Args>
struct Signature<R (F::*)(Call&, Args...) const> {
  using Result = R;
  using Arguments = std::tuple<Args...>;
  static constexpr bool wants_call = true;
};

wick::Tensor in_first_dtype(Call& call, wick::Tensor result);

template <class F, std::size_t... I>
Tcl_Obj* invoke(Call& call, std::index_sequence<I...>) {
  using S = Signature<decltype(&F::operator())>;
  using Result = typename S::Result;
  // Braces convert from left to right: the first mistake is the one that is reported.
  std::tuple<std::tuple_element_t<I, typename S::Arguments>...> values{
      value_of<std::tuple_element_t<I, typename S::Arguments>>(call, I)...};
  const auto apply = [&]() -> Result {
    if constexpr (S::wants_call) {
      return F{}(call, std::get<I>(values)...);
    } else {
      return F{}(std::get<I>(values)...);
    }
  };
  if constexpr (std::is_void_v<Result>) {
    apply();
    return Tcl_NewObj();
  } else if constexpr (std::is_same_v<Result, wick::Tensor>) {
    wick::Tensor result = apply();
    if (call.command.keeps_dtype) result = in_first_dtype(call, std::move(result));
    return new_handle(call.state, std::move(result));
  } else {
    return to_object(call.state, apply());
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
  function.invoke = [](Call& call) {
    return detail::invoke<F>(call, std::make_index_sequence<std::tuple_size_v<Arguments>>{});
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (function.types.push_back(&Convert<std::tuple_element_t<I, Arguments>>::type), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<Arguments>>{});
  function.returns = result_kind<typename S::Result>();
  return function;
}

// The camelCase form of a name: tensor_to_list, tensorToList.
std::string camel_case(std::string_view name);

}  // namespace binding
