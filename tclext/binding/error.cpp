#include "tclext/binding/error.h"

#include <cctype>
#include <new>
#include <typeinfo>

#include "tclext/binding/handle.h"
#include "wick/distributed/distributed.h"

namespace binding {
namespace {

std::string dashed(std::string_view option) { return "-" + std::string(option); }

// The errorCode of what the library throws. Comparing types is much cheaper than casting to each in turn.
const char* code_of(const std::exception& error) {
  static const std::pair<const std::type_info&, const char*> codes[] = {
      {typeid(wick::ShapeError), "TORCH SHAPE"},
      {typeid(wick::DTypeError), "TORCH DTYPE"},
      {typeid(wick::IndexError), "TORCH INDEX"},
      {typeid(wick::MemoryError), "TORCH MEMORY"},
      {typeid(wick::FileError), "TORCH FILE"},
      {typeid(wick::GradientError), "TORCH GRADIENT"},
      {typeid(wick::DistributedError), "TORCH DISTRIBUTED"},
      {typeid(wick::Error), "TORCH VALUE"},
      {typeid(std::bad_alloc), "TORCH MEMORY"}};
  for (const auto& [type, code] : codes) {
    if (type == typeid(error)) return code;
  }
  if (dynamic_cast<const wick::DistributedError*>(&error)) return "TORCH DISTRIBUTED";
  return dynamic_cast<const wick::Error*>(&error) ? "TORCH VALUE" : "TORCH INTERNAL";
}

int set_error(Tcl_Interp* interp, std::string_view message, std::string_view code, std::string_view info) {
  Tcl_SetObjResult(interp, new_text(message));
  Tcl_SetObjErrorCode(interp, new_text(code));
  if (!info.empty()) Tcl_AppendObjToErrorInfo(interp, new_text("\n    (" + std::string(info) + ")"));
  return TCL_ERROR;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return "\"" + std::string(text) + "\"";
  std::size_t length = longest;
  while ((static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;  // no character is cut in two
  return "\"" + std::string(text.substr(0, length)) + "...\"";
}

std::string quoted(Tcl_Obj* word) {
  const Kind* kind = held_kind(word);
  if (!kind) return quoted(text_of(word));
  const std::string noun = with_article(kind->name);
  return is_handle(word) ? noun : "a list that holds " + noun;
}

std::string with_article(std::string_view noun) {
  const bool vowel = std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(noun);
}

CallError missing_parameter(std::string_view option) {
  return {"Required parameter missing: " + dashed(option), "TORCH PARAMETER MISSING " + dashed(option), ""};
}

CallError unknown_parameter(std::string_view word, std::string_view likely) {
  Tcl_Obj* code = Tcl_NewListObj(0, nullptr);
  const ObjRef held(code);
  for (const std::string_view part :
       {std::string_view("TORCH"), std::string_view("PARAMETER"), std::string_view("UNKNOWN"), word}) {
    Tcl_ListObjAppendElement(nullptr, code, new_text(part));
  }
  return {"Unknown parameter: " + std::string(word), std::string(text_of(code)),
          likely.empty() ? "" : "did you mean " + dashed(likely) + "?"};
}

CallError missing_value(std::string_view option) {
  return {"Missing value for parameter", "TORCH PARAMETER NOVALUE " + std::string(option),
          "no value follows " + std::string(option)};
}

CallError wrong_positional_count() {
  return {"Wrong number of arguments for positional syntax", "TORCH PARAMETER COUNT", ""};
}

CallError invalid_handle(std::string_view kind, std::string_view option, Tcl_Obj* given) {
  const std::string wanted(kind);
  std::string code = "TORCH " + wanted + " LOOKUP " + dashed(option);
  for (std::size_t i = 6; i < 6 + kind.size(); ++i) code[i] = static_cast<char>(std::toupper(code[i]));
  const bool other_kind = is_handle(given) && held_kind(given)->name != kind;
  if (other_kind && kind == "tensor" && held_kind(given)->tensor_command) {
    const Kind& held = *held_kind(given);
    return {"Invalid tensor name: " + dashed(option) + " is " + with_article(held.name) +
                ", of which torch::" + held.tensor_command + " makes a tensor",
            "TORCH LAYOUT " + dashed(option), ""};
  }
  return {"Invalid " + wanted + " name", std::move(code),
          quoted(given) + " for " + dashed(option) +
              (other_kind ? ", which takes " + with_article(kind)
                          : " is no " + wanted + " of this interpreter, or one that was freed")};
}

CallError invalid_value(std::string_view option, Tcl_Obj* given, std::string_view accepted) {
  return {"Invalid " + dashed(option) + " parameter. Must be " + std::string(accepted) + ".",
          "TORCH PARAMETER VALUE " + dashed(option), quoted(given) + " was given"};
}

int report(Tcl_Interp* interp, const CallError& error, std::string_view usage) {
  std::string info = error.detail;
  if (!info.empty()) info += "; ";
  return set_error(interp, error.message, error.code, info.append("usage: ").append(usage));
}

int report(Tcl_Interp* interp, const std::exception& error) {
  const bool no_memory = typeid(error) == typeid(std::bad_alloc);
  return set_error(interp, no_memory ? "not enough memory" : error.what(), code_of(error), "");
}

}  // namespace binding
