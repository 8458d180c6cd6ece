#pragma once

#include <string>
#include <string_view>

#include "tclext/binding/compound.h"

// Dicts of names and tensors as parameters and results, with the names as files have them, in UTF-8.

namespace commands {

struct Named {
  wick::NamedTensors tensors;
};

// Tcl's texts are UTF-8 but for the character 0 and those beyond 16 bits.
inline std::string utf8_of(std::string_view text) {
  const Tcl_Encoding utf8 = Tcl_GetEncoding(nullptr, "utf-8");
  Tcl_DString out;
  Tcl_UtfToExternalDString(utf8, text.data(), static_cast<Tcl_Size>(text.size()), &out);
  std::string result(Tcl_DStringValue(&out), static_cast<std::size_t>(Tcl_DStringLength(&out)));
  Tcl_DStringFree(&out);
  Tcl_FreeEncoding(utf8);
  return result;
}
inline Tcl_Obj* text_of_utf8(std::string_view text) {
  const Tcl_Encoding utf8 = Tcl_GetEncoding(nullptr, "utf-8");
  Tcl_DString out;
  Tcl_ExternalToUtfDString(utf8, text.data(), static_cast<Tcl_Size>(text.size()), &out);
  Tcl_Obj* result =
      binding::new_text({Tcl_DStringValue(&out), static_cast<std::size_t>(Tcl_DStringLength(&out))});
  Tcl_DStringFree(&out);
  Tcl_FreeEncoding(utf8);
  return result;
}

// A dict that a command has built itself, as its result.
struct Dict {
  Tcl_Obj* object;
};
inline Tcl_Obj* to_object(binding::State&, const Dict& dict) { return dict.object; }

// Builds one; the keys are different ones. A list, of which Tcl makes a dict without asking handles for their
// text.
class DictBuilder {
 public:
  DictBuilder& put(std::string_view key, Tcl_Obj* value) { return put(binding::new_text(key), value); }
  DictBuilder& put(Tcl_Obj* key, Tcl_Obj* value) {
    Tcl_ListObjAppendElement(nullptr, list_.get(), key);
    Tcl_ListObjAppendElement(nullptr, list_.get(), value);
    return *this;
  }
  Dict take() { return {list_.release()}; }

 private:
  binding::ObjRef list_{Tcl_NewListObj(0, nullptr)};
};

inline Tcl_Obj* to_object(binding::State& state, const Named& named) {
  DictBuilder out;
  for (const auto& [name, tensor] : named.tensors)
    out.put(text_of_utf8(name), binding::new_handle(state, wick::Tensor(tensor)));
  return out.take().object;
}

}  // namespace commands

template <>
constexpr const char* binding::result_kind<commands::Named>() {
  return "dict";
}
template <>
constexpr const char* binding::result_kind<commands::Dict>() {
  return "dict";
}

template <>
struct binding::Convert<commands::Named> {
  static constexpr const char* accepted = "a dict of names and tensors";
  static commands::Named from(const Source& s) {
    const std::vector<Tcl_Obj*> words = elements_of(s.word);
    if (is_handle(s.word) || words.size() % 2 == 1) throw invalid_value(s.option(), s.word, accepted);
    commands::Named named;
    for (std::size_t i = 0; i < words.size(); i += 2) {
      if (holds_handle(words[i])) throw invalid_value(s.option(), s.word, accepted);
      named.tensors.emplace_back(commands::utf8_of(text_of(words[i])),
                                 Convert<wick::Tensor>::from({s.state, words[i + 1], s.names}));
    }
    return named;
  }
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"dict", could_be};
};
