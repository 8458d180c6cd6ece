#include "tclext/binding/command.h"

#include <algorithm>
#include <cctype>

#include "wick/autograd/gradient.h"

namespace binding {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// A dash, a letter, no blank, and no number such as -inf: what can only be meant as an option.
bool looks_like_option(std::string_view word) {
  if (word.size() < 2 || word[0] != '-' || !std::isalpha(static_cast<unsigned char>(word[1]))) return false;
  if (word.find_first_of(" \t\n") != word.npos) return false;
  Tcl_Obj* object = new_text(word);
  const ObjRef held(object);
  return !number_of(object).has_value();
}

bool declares(const Command& command, std::string_view name) {
  for (const Param& param : command.params) {
    const std::vector<std::string> names = split_words(param.names);
    if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  }
  return false;
}

// A list that lives as long as the call.
Tcl_Obj* new_list(Call& call, const std::vector<Tcl_Obj*>& elements) {
  call.made.emplace_front(Tcl_NewListObj(static_cast<Tcl_Size>(elements.size()), elements.data()));
  return call.made.front().get();
}

// The elements of both.
Tcl_Obj* joined(Call& call, Tcl_Obj* first, Tcl_Obj* second) {
  std::vector<Tcl_Obj*> elements = elements_of(first);
  const std::vector<Tcl_Obj*> more = elements_of(second);
  elements.insert(elements.end(), more.begin(), more.end());
  return new_list(call, elements);
}

bool is_required(const Param& param) { return std::holds_alternative<Required>(param.default_value); }

}  // namespace

std::string camel_case(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(name[++i])));
    } else {
      out += name[i];
    }
  }
  return out;
}

Binding::Binding(const Command& command, std::string_view area) : command_(command), area_(area) {
  names_.push_back(command.name);
  if (std::string camel = camel_case(command.name); camel != command.name) names_.push_back(std::move(camel));
  for (const char* alias : command.aliases) {
    if (std::find(names_.begin(), names_.end(), alias) == names_.end()) names_.push_back(alias);
  }
  bool first_tensor = true;
  for (std::size_t i = 0; i < command.params.size(); ++i) {
    std::vector<std::string> names = split_words(command.params[i].names);
    // A command's first tensor is -input and -tensor alike.
    if (first_tensor && command.call.types[i] == &Convert<const wick::Tensor&>::type) {
      first_tensor = false;
      for (const char* synonym : {"input", "tensor"}) {
        if (!declares(command, synonym)) names.push_back(synonym);
      }
    }
    options_.push_back(std::move(names));
  }
  for (const char* text : command.positional) {
    Form form{{}, 0};
    for (std::string word : split_words(text)) {
      const bool optional = word.front() == '?';
      if (optional) {
        word = word.substr(1, word.size() - 2);
      } else {
        form.least = static_cast<int>(form.params.size()) + 1;
      }
      if (word.ends_with("...")) {
        form.rest = true;
        word.erase(word.size() - 3);
      }
      form.params.push_back(find_option("-" + word));
    }
    forms_.push_back(std::move(form));
  }
}

int Binding::find_option(std::string_view word) const {
  word.remove_prefix(1);
  for (std::size_t i = 0; i < options_.size(); ++i) {
    for (const std::string& name : options_[i]) {
      if (name == word) return static_cast<int>(i);
    }
  }
  return -1;
}

bool Binding::is_option(Tcl_Obj* word, int& param) const {
  // A handle, and what has no string yet, is a value: asking for the string would change it.
  if (is_handle(word) || !word->bytes || word->bytes[0] != '-') return false;
  const std::string_view text = text_of(word);
  param = find_option(text);
  if (param >= 0) return true;
  const bool surely = text.starts_with("-unknown") || text.starts_with("-invalid");
  if ((!command_.dashed_values || surely) && looks_like_option(text)) throw unknown_parameter(text);
  return false;
}

const Binding::Form& Binding::choose_form(const State& state, Tcl_Obj* const* words, int count,
                                          bool names_follow) const {
  const Form* found = nullptr;
  for (const Form& form : forms_) {
    if (count > form.most() || (!names_follow && count < form.least)) continue;
    found = &form;
    if (forms_.size() == 1) break;
    bool could_be = true;
    for (int i = 0; could_be && i < count; ++i) {
      could_be = command_.call.types[static_cast<std::size_t>(form.param(i))]->could_be(state, words[i]);
    }
    if (could_be) break;
  }
  if (!found) throw wrong_positional_count();
  return *found;
}

void Binding::assign_positional(Call& call, Tcl_Obj* const* words, int count, bool names_follow) const {
  const Form& form = choose_form(call.state, words, count, names_follow);
  for (int i = 0; i < count; ++i) {
    if (form.rest && i == static_cast<int>(form.params.size()) - 1) {
      call.words[form.param(i)] = new_list(call, {words + i, words + count});
      break;
    }
    call.words[form.param(i)] = words[i];
  }
}

Tcl_Obj* Binding::run(State& state, int count, Tcl_Obj* const* words) const {
  Call call{state, command_, {}, {}};
  int option = -1;
  int positional = 0;
  while (positional < count && !is_option(words[positional], option)) ++positional;
  if (positional > 0) assign_positional(call, words, positional, positional < count);

  std::uint32_t by_position = 0;
  for (std::size_t i = 0; i < command_.params.size(); ++i) by_position |= (call.words[i] ? 1u : 0u) << i;
  for (int i = positional; i < count; i += 2) {
    if (!is_option(words[i], option))
      throw unknown_parameter(holds_handle(words[i]) ? quoted(words[i]) : std::string(text_of(words[i])));
    if (i + 1 == count) throw missing_value(text_of(words[i]));
    if (by_position & (1u << option)) {
      throw CallError{"Parameter given twice: -" +
                          std::string(first_name(command_.params[static_cast<std::size_t>(option)].names)),
                      "TORCH PARAMETER TWICE " + std::string(text_of(words[i])),
                      "once by position and once by name"};
    }
    Tcl_Obj*& word = call.words[option];
    const bool adds_up =
        word && command_.call.types[static_cast<std::size_t>(option)] == &Convert<wick::Tensors>::type;
    word = adds_up ? joined(call, word, words[i + 1]) : words[i + 1];
  }
  for (std::size_t i = 0; i < command_.params.size(); ++i) {
    if (!call.words[i] && is_required(command_.params[i]))
      throw missing_parameter(first_name(command_.params[i].names));
  }
  return command_.call.invoke(call);
}

std::string Binding::usage() const {
  std::string text;
  for (const char* form : command_.positional) {
    if (!text.empty()) text += " or ";
    text += "torch::" + names_[0] + (*form ? " " : "") + form;
  }
  if (command_.params.empty()) return text.empty() ? "torch::" + names_[0] : text;
  text += (text.empty() ? "" : " or ") + ("torch::" + names_[0]);
  for (const Param& param : command_.params) {
    const std::string option =
        "-" + std::string(first_name(param.names)) + " " + std::string(first_name(param.names));
    text += is_required(param) ? " " + option : " ?" + option + "?";
  }
  return text;
}

wick::Tensor detail::in_first_dtype(Call& call, wick::Tensor result) {
  for (std::size_t i = 0; i < call.command.params.size(); ++i) {
    if (call.command.call.types[i] != &Convert<const wick::Tensor&>::type) continue;
    return result.to(find_tensor(call.state, call.words[i])->dtype());
  }
  return result;
}

}  // namespace binding
