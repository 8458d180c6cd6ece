#include "tclext/binding/command.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <stdexcept>

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

// One dash or two, a letter, no blank, and no number such as -inf: what can only be meant as an option.
bool looks_like_option(std::string_view word) {
  const std::size_t letter = word.starts_with("--") ? 2 : 1;
  if (word.size() <= letter || word[0] != '-' || !std::isalpha(static_cast<unsigned char>(word[letter])))
    return false;
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

// How many letters have to be changed, inserted, left out, or exchanged with the next.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row.back();
}

bool is_required(const Param& param) { return std::holds_alternative<Required>(param.default_value); }

}  // namespace

std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view found;
  std::size_t least = std::min<std::size_t>(2, word.size() / 3) + 1;
  if (word.size() > 40) return found;
  for (const std::string_view candidate : candidates) {
    const std::size_t away = distance(word, candidate);
    if (away < least) {
      least = away;
      found = candidate;
    }
  }
  return found;
}

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

void Binding::faulty(const std::string& what) const {
  throw std::logic_error(std::string(command_.name) + ": " + what);
}

Binding::Binding(const Command& command, std::string_view area) : command_(command), area_(area) {
  if (!command.call.invoke) faulty("no function is bound");
  if (command.params.size() != command.call.types.size()) {
    faulty(std::to_string(command.params.size()) + " parameters are declared, but the function takes " +
           std::to_string(command.call.types.size()));
  }
  if (command.params.size() > max_params) faulty("has too many parameters");
  add_names();
  add_options();
  add_forms();
  check_params();
}

void Binding::add_names() {
  names_.push_back(command_.name);
  if (std::string camel = camel_case(command_.name); camel != command_.name)
    names_.push_back(std::move(camel));
  for (const char* alias : command_.aliases) {
    if (std::find(names_.begin(), names_.end(), alias) == names_.end()) names_.push_back(alias);
  }
}

namespace {

// Whether values of the type are tensors of some kind, perhaps among others.
bool is_tensor(std::string_view type) {
  return type == "tensor" || type.starts_with("tensor/") || type.ends_with(" tensor");
}

}  // namespace

void Binding::add_options() {
  bool first_tensor = true;
  for (std::size_t i = 0; i < command_.params.size(); ++i) {
    std::vector<std::string> names = split_words(command_.params[i].names);
    // A command's first tensor is -input and -tensor alike.
    const std::string_view type = command_.call.types[i]->name;
    if (first_tensor && is_tensor(type)) {
      first_tensor = false;
      for (const char* synonym : {"input", "tensor"}) {
        if (!declares(command_, synonym)) names.push_back(synonym);
      }
    }
    options_.push_back(std::move(names));
  }
}

void Binding::add_forms() {
  for (const char* text : command_.positional) {
    Form form{{}, 0};
    for (std::string word : split_words(text)) {
      const std::string given = word;
      if (form.rest) faulty("positional form names " + given + " after the one that takes all words");
      const bool optional = word.front() == '?';
      if (optional) {
        word = word.substr(1, word.size() - 2);
      } else if (form.least < static_cast<int>(form.params.size())) {
        faulty("positional form requires " + given + " after one that may be left out");
      } else {
        form.least = static_cast<int>(form.params.size()) + 1;
      }
      if (word.ends_with("...")) {
        form.rest = true;
        word.erase(word.size() - 3);
      }
      const int param = find_option("-" + word);
      if (param < 0) faulty("positional form names " + given + ", which is no parameter");
      if (std::find(form.params.begin(), form.params.end(), param) != form.params.end()) {
        faulty("positional form names " + given + " twice");
      }
      form.params.push_back(param);
    }
    forms_.push_back(std::move(form));
  }
}

void Binding::check_params() const {
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (options_[i].empty()) faulty("a parameter has no name");
    for (const std::string& option : options_[i]) {
      const bool letters = std::isalpha(static_cast<unsigned char>(option[0])) &&
                           std::all_of(option.begin(), option.end(),
                                       [](unsigned char c) { return std::isalnum(c) || c == '_'; });
      if (!letters) faulty("-" + option + " is no name for an option");
      if (std::count(options_[i].begin(), options_[i].end(), option) > 1 ||
          find_option("-" + option) != static_cast<int>(i)) {
        faulty("-" + option + " is declared twice");
      }
    }
    if (const char* fault = command_.call.checks[i](command_.params[i]))
      faulty("-" + options_[i][0] + " " + fault);
  }
}

int Binding::find_option(std::string_view word) const {
  word.remove_prefix(1);
  for (std::size_t i = 0; i < options_.size(); ++i) {
    for (const std::string& name : options_[i]) {
      if (name == word) return static_cast<int>(i);
    }
  }
  return no_option;
}

int Binding::option_of(Tcl_Obj* word) const {
  if (is_handle(word)) return no_option;
  if (word->bytes) {
    if (word->bytes[0] != '-') return no_option;
  } else {
    // A handle, a number, and a list of several words are values: asking for the string would change the one
    // and cost time with the others.
    word = plain_word(word);
    if (!word || is_handle(word) || is_number(word)) return no_option;
  }
  const std::string_view text = text_of(word);
  if (!text.starts_with('-')) return no_option;
  const int param = find_option(text);
  if (param >= 0) return param;
  const bool surely = text.starts_with("-unknown") || text.starts_with("-invalid");
  return (!command_.dashed_values || surely) && looks_like_option(text) ? unknown_option : no_option;
}

CallError Binding::unknown(std::string_view word) const {
  std::vector<std::string_view> all;
  for (const auto& names : options_) all.insert(all.end(), names.begin(), names.end());
  return unknown_parameter(
      word, word.starts_with('-') ? closest(word.substr(word.starts_with("--") ? 2 : 1), all) : "");
}

const Binding::Form* Binding::choose_form(const State& state, Tcl_Obj* const* words, int count,
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
  return found;
}

bool Binding::assign_positional(Call& call, Tcl_Obj* const* words, int count, bool names_follow) const {
  const Form* form = choose_form(call.state, words, count, names_follow);
  if (!form) {
    call.refuse(wrong_positional_count());
    return false;
  }
  for (int i = 0; i < count; ++i) {
    const int param = form->param(i);
    call.by_position |= 1u << param;
    call.words[param] = words[i];
    if (form->rest && i == static_cast<int>(form->params.size()) - 1 && i + 1 < count) {
      call.words[param] = new_list(call, {words + i, words + count});
      break;
    }
  }
  return true;
}

bool Binding::assign_named(Call& call, Tcl_Obj* const* words, int count, int first) const {
  for (int i = first; i < count; i += 2) {
    const int option = option_of(words[i]);
    if (option < 0) {
      call.refuse(unknown(holds_handle(words[i]) ? quoted(words[i]) : std::string(text_of(words[i]))));
      return false;
    }
    const std::string_view given = text_of(words[i]);
    if (i + 1 == count) {
      call.refuse(missing_value(given));
      return false;
    }
    if (call.by_position & (1u << option)) {
      call.refuse({"Parameter given twice: -" + options_[static_cast<std::size_t>(option)][0],
                   "TORCH PARAMETER TWICE " + std::string(given), "once by position and once by name"});
      return false;
    }
    Tcl_Obj*& word = call.words[option];
    const bool adds_up =
        word && command_.call.types[static_cast<std::size_t>(option)] == &Convert<wick::Tensors>::type;
    word = adds_up ? joined(call, word, words[i + 1]) : words[i + 1];
  }
  return true;
}

Tcl_Obj* Binding::run(Call& call, int count, Tcl_Obj* const* words) const {
  int positional = 0;
  int option = no_option;
  while (positional < count && (option = option_of(words[positional])) == no_option) ++positional;
  if (option == unknown_option) return call.refuse(unknown(text_of(words[positional])));
  if (positional > 0 && !assign_positional(call, words, positional, positional < count)) return nullptr;
  if (positional < count && !assign_named(call, words, count, positional)) return nullptr;
  for (std::size_t i = 0; i < command_.params.size(); ++i) {
    if (!call.words[i] && is_required(command_.params[i]))
      return call.refuse(missing_parameter(options_[i][0]));
  }
  return command_.call.invoke(call);
}

const std::string& Binding::usage() const {
  std::call_once(usage_once_, [this] {
    for (const char* form : command_.positional) {
      usage_ += (usage_.empty() ? "torch::" : " or torch::") + names_[0] + (*form ? " " : "") + form;
    }
    if (command_.params.empty() && !usage_.empty()) return;
    usage_ += (usage_.empty() ? "torch::" : " or torch::") + names_[0];
    for (const Param& param : command_.params) {
      const std::string name(first_name(param.names));
      const std::string option = "-" + name + " " + name;
      usage_ += is_required(param) ? " " + option : " ?" + option + "?";
    }
  });
  return usage_;
}

}  // namespace binding
