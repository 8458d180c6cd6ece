#include "tclext/expr/callee.h"

#include <algorithm>

#include "tclext/binding/registry.h"

namespace expr {
namespace {

using binding::Binding;
using binding::new_text;

// The torch:: command of that name, or, as sum is tensor_sum, of that name after "tensor_".
const Binding* command_of(std::string_view name) {
  if (name.starts_with("::")) name.remove_prefix(2);
  const bool qualified = name.starts_with("torch::");
  if (!qualified && name.find("::") != name.npos) return nullptr;
  const Binding* found = binding::registry().find(name);
  return found || qualified ? found : binding::registry().find("tensor_" + std::string(name));
}

// The parameters of the first arguments by position, where there is one order of them and they are not
// gathered in a list.
std::vector<int> params_of(const Binding& binding, std::size_t arguments) {
  const binding::Command& command = binding.command();
  std::vector<int> params;
  if (command.positional.size() != 1) return params;
  std::string_view form = command.positional[0];
  while (!form.empty() && params.size() < arguments) {
    const std::size_t end = std::min(form.find(' '), form.size());
    std::string_view word = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (word.ends_with("...") || word.ends_with("...?")) return {};
    if (word.starts_with('?')) word = word.substr(1, word.size() - 2);
    for (std::size_t i = 0; i < command.params.size(); ++i) {
      const std::vector<std::string>& names = binding.options(static_cast<int>(i));
      if (std::find(names.begin(), names.end(), word) != names.end()) params.push_back(static_cast<int>(i));
    }
  }
  if (params.size() < arguments) params.clear();  // the command says that there are too many
  return params;
}

ObjRef list_of(std::string_view name) {
  Tcl_Obj* word = new_text(name);
  return ObjRef(Tcl_NewListObj(1, &word));
}

}  // namespace

Callee find_callee(std::string_view name, std::string_view parentheses,
                   const std::vector<Argument>& arguments) {
  Callee callee;
  const bool positional =
      std::none_of(arguments.begin(), arguments.end(), [](const Argument& a) { return a.option.get(); });
  const bool simple = name.find("::") == name.npos;
  if (simple) callee.math = list_of("::tcl::mathfunc::" + std::string(name));
  callee.is_math = simple && positional && is_math_function(name, arguments.size());
  if (const Function* direct = positional ? direct_function(name) : nullptr) {
    if (arguments.size() == (direct->one ? 1u : 2u)) callee.direct = direct;
  }
  callee.command = command_of(name);
  if (callee.command) {
    callee.prefix = list_of("::torch::" + callee.command->names()[0]);
    const auto options = static_cast<std::size_t>(
        std::count_if(arguments.begin(), arguments.end(), [](const Argument& a) { return a.option.get(); }));
    callee.params = params_of(*callee.command, arguments.size() - options);
  } else {
    callee.prefix = list_of(name);
  }
  callee.array = ObjRef(new_text(name));
  callee.key = ObjRef(new_text(parentheses));
  return callee;
}

std::string_view likely_function(std::string_view name) {
  std::vector<std::string_view> all;
  for (const Binding& binding : binding::registry().bindings()) {
    for (const std::string& known : binding.names()) {
      all.push_back(known);
      if (known.starts_with("tensor_")) all.push_back(std::string_view(known).substr(7));
    }
  }
  return binding::closest(name, all);
}

}  // namespace expr
