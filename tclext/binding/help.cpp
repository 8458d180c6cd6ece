#include "tclext/binding/help.h"

#include <algorithm>
#include <cctype>

#include "tclext/binding/registry.h"
#include "wick/core/error.h"

namespace binding {
namespace {

[[noreturn]] void unknown_command(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Binding& binding : registry().bindings()) names.push_back(binding.names()[0]);
  const std::string_view likely = closest(word, names);
  std::string shown = quoted(word);
  if (word.size() <= 60) shown = shown.substr(1, shown.size() - 2);
  throw wick::Error("no command torch::" + shown + "; " +
                    (likely.empty() ? "" : "did you mean torch::" + std::string(likely) + "? ") +
                    "torch::help lists them all");
}

const Binding& known(std::string_view command) {
  const Binding* binding = registry().find(command);
  if (!binding) unknown_command(command);
  return *binding;
}

bool contains(std::string_view text, std::string_view word) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

bool is_named(const Binding& binding, std::string_view word) {
  const auto& names = binding.names();
  return std::any_of(names.begin(), names.end(), [word](const auto& name) { return contains(name, word); });
}

bool is_about(const Binding& binding, std::string_view word) {
  return is_named(binding, word) || contains(binding.command().summary, word);
}

bool mentions(const Binding& binding, std::string_view word) {
  const auto& params = binding.command().params;
  return is_about(binding, word) || contains(binding.command().details, word) ||
         contains(binding.command().returns, word) ||
         std::any_of(params.begin(), params.end(),
                     [word](const Param& p) { return contains(p.purpose, word); });
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// The commands in whose names or summaries all words stand, one a line, first those in whose names they do;
// else those whose help has them elsewhere.
std::string search_text(std::string_view searched) {
  const std::vector<std::string_view> words = words_of(searched);
  std::vector<const Binding*> found;
  const auto find = [&](auto fits) {
    for (const Binding& binding : registry().bindings()) {
      const bool all =
          std::all_of(words.begin(), words.end(), [&](std::string_view w) { return fits(binding, w); });
      if (all && std::find(found.begin(), found.end(), &binding) == found.end()) found.push_back(&binding);
    }
  };
  if (!words.empty()) {
    find(is_named);
    find(is_about);
    if (found.empty()) find(mentions);
  }
  if (found.empty()) unknown_command(searched);
  std::string text = "No command is named torch::" + std::string(searched) + ". The " +
                     (words.size() > 1 ? "words stand" : "word stands") + " in:\n";
  for (const Binding* binding : found)
    text += "\n  torch::" + binding->names()[0] + ": " + binding->command().summary;
  return text;
}

std::string purpose_of(const Param& param) {
  return param.purpose + (param.range.limits() ? "; " + param.range.text() : "");
}

// The default as a word: what the option would be given as.
std::string default_text(const Default& declared) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (std::is_same_v<T, Required>) {
          return "required";
        } else if constexpr (std::is_same_v<T, Omittable>) {
          return "";
        } else if constexpr (std::is_same_v<T, bool>) {
          return value ? "1" : "0";
        } else if constexpr (std::is_same_v<T, wick::DType>) {
          return std::string(name(value));
        } else if constexpr (std::is_same_v<T, const char*>) {
          return value;
        } else {
          Tcl_Obj* object = std::is_same_v<T, double> ? Tcl_NewDoubleObj(static_cast<double>(value))
                                                      : Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(value));
          const ObjRef held(object);
          return std::string(text_of(object));
        }
      },
      declared);
}

const char* title_of(std::string_view area) {
  for (const Area* a : registry().areas()) {
    if (a->name == area) return a->title;
  }
  return "";
}

void append(Tcl_Obj* list, std::string_view text) { Tcl_ListObjAppendElement(nullptr, list, new_text(text)); }

Tcl_Obj* text_list(const auto& texts) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const auto& text : texts) append(list, text);
  return list;
}

Tcl_Obj* option_list(const Binding& binding) {
  const Command& command = binding.command();
  Tcl_Obj* options = Tcl_NewListObj(0, nullptr);
  for (std::size_t i = 0; i < command.params.size(); ++i) {
    Tcl_Obj* names = Tcl_NewListObj(0, nullptr);
    for (const std::string& name : binding.options(static_cast<int>(i))) append(names, "-" + name);
    Tcl_Obj* option = Tcl_NewListObj(1, &names);
    append(option, command.call.types[i]->name);
    append(option, default_text(command.params[i].default_value));
    append(option, purpose_of(command.params[i]));
    Tcl_ListObjAppendElement(nullptr, options, option);
  }
  return options;
}

}  // namespace

std::string help_text(std::string_view name) {
  std::string text;
  if (name.empty()) {
    for (const Area* area : registry().areas()) {
      text += (text.empty() ? "" : "\n\n") + std::string(area->title) + ":\n  ";
      std::size_t column = 2;
      for (const Command& command : area->commands) {
        const std::size_t width = std::string_view(command.name).size() + 1;
        if (column + width > 78) {
          text.back() = '\n';
          text += "  ";
          column = 2;
        }
        text += std::string(command.name) + " ";
        column += width;
      }
      text.pop_back();
    }
    return text +
           "\n\ntorch::help COMMAND tells more. After an error the variable errorInfo\nhas the details: what "
           "was given, and what is accepted.";
  }
  const Binding* found = registry().find(name);
  if (!found) return search_text(name);
  const Binding& binding = *found;
  const Command& command = binding.command();
  text = "torch::" + binding.names()[0] + ": " + command.summary + "\n";
  for (const char* form : command.positional) text += "\n  torch::" + binding.names()[0] + " " + form;
  if (!command.params.empty()) text += "\n  torch::" + binding.names()[0] + " -option value ...";
  for (std::size_t i = 0; i < command.params.size(); ++i) {
    std::string names;
    for (const std::string& option : binding.options(static_cast<int>(i)))
      names += (names.empty() ? "-" : ", -") + option;
    const std::string default_value = default_text(command.params[i].default_value);
    text += "\n    " + names + " (" + command.call.types[i]->name +
            (default_value.empty()         ? ""
             : default_value == "required" ? ", required"
                                           : ", default " + default_value) +
            "): " + purpose_of(command.params[i]);
  }
  if (*command.details) text += "\n\n" + std::string(command.details);
  text += std::string("\n\nResult: ") + command.returns + ".";
  for (std::size_t i = 1; i < binding.names().size(); ++i) {
    text += (i == 1 ? " Also named: " : ", ") + ("torch::" + binding.names()[i]);
  }
  return text + (binding.names().size() > 1 ? "." : "");
}

Tcl_Obj* description(std::string_view name) {
  if (name.empty()) {
    Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
    for (const Binding& binding : registry().bindings()) append(list, binding.names()[0]);
    return list;
  }
  const Binding& binding = known(name);
  const Command& command = binding.command();
  Tcl_Obj* dict = Tcl_NewDictObj();
  const auto put = [dict](const char* key, Tcl_Obj* value) {
    Tcl_DictObjPut(nullptr, dict, new_text(key), value);
  };
  put("name", new_text(command.name));
  put("area", new_text(binding.area()));
  put("areaTitle", new_text(title_of(binding.area())));
  put("aliases", text_list(std::vector<std::string>(binding.names().begin() + 1, binding.names().end())));
  put("positional", text_list(command.positional));
  put("options", option_list(binding));
  Tcl_Obj* returns = Tcl_NewListObj(0, nullptr);
  append(returns, command.call.returns);
  append(returns, command.returns);
  put("returns", returns);
  put("summary", new_text(command.summary));
  put("details", new_text(command.details));
  return dict;
}

}  // namespace binding
