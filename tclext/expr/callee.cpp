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

// The parameter that an option without its dash names; -1 for none.
int param_of(const Binding& binding, std::string_view option) {
  const int count = static_cast<int>(binding.command().params.size());
  for (int i = 0; i < count; ++i) {
    const std::vector<std::string>& names = binding.options(i);
    if (std::find(names.begin(), names.end(), option) != names.end()) return i;
  }
  return -1;
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
    if (const int param = param_of(binding, word); param >= 0) params.push_back(param);
  }
  if (params.size() < arguments) params.clear();  // the command says that there are too many
  return params;
}

// Finds the parameters of the arguments, and gives those by position their names.
void find_params(const Binding& binding, std::vector<Argument>& arguments) {
  const auto named = std::find_if(arguments.begin(), arguments.end(),
                                  [](const Argument& a) { return a.option.get() != nullptr; });
  for (auto a = named; a != arguments.end(); ++a)
    a->param = param_of(binding, binding::text_of(a->option.get()).substr(1));
  const std::vector<int> params = params_of(binding, static_cast<std::size_t>(named - arguments.begin()));
  for (std::size_t i = 0; i < params.size(); ++i) {
    arguments[i].param = params[i];
    arguments[i].option = ObjRef(new_text("-" + binding.options(params[i])[0]));
  }
}

ObjRef list_of(std::string_view name) {
  Tcl_Obj* word = new_text(name);
  return ObjRef(Tcl_NewListObj(1, &word));
}

}  // namespace

Callee find_callee(std::string_view name, std::string_view parentheses, std::vector<Argument>& arguments) {
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
    find_params(*callee.command, arguments);
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
