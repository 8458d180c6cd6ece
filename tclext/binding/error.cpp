#include "tclext/binding/error.h"

#include <new>

#include "tclext/binding/handle.h"
#include "wick/distributed/distributed.h"

namespace binding {
namespace {

std::string dashed(std::string_view option) { return "-" + std::string(option); }

const char* code_of(const wick::Error& error) {
  if (dynamic_cast<const wick::ShapeError*>(&error)) return "TORCH SHAPE";
  if (dynamic_cast<const wick::DTypeError*>(&error)) return "TORCH DTYPE";
  if (dynamic_cast<const wick::IndexError*>(&error)) return "TORCH INDEX";
  if (dynamic_cast<const wick::MemoryError*>(&error)) return "TORCH MEMORY";
  if (dynamic_cast<const wick::GradientError*>(&error)) return "TORCH GRADIENT";
  if (dynamic_cast<const wick::DistributedError*>(&error)) return "TORCH DISTRIBUTED";
  return "TORCH VALUE";
}

int set_error(Tcl_Interp* interp, std::string_view message, std::string_view code, std::string_view info) {
  Tcl_SetObjResult(interp, new_text(message));
  Tcl_SetObjErrorCode(interp, new_text(code));
  if (!info.empty()) Tcl_AppendObjToErrorInfo(interp, new_text("\n    (" + std::string(info) + ")"));
  return TCL_ERROR;
}

}  // namespace

std::string quoted(Tcl_Obj* word) {
  if (is_handle(word)) return "a tensor";
  if (holds_handle(word)) return "a list that holds a tensor";
  const std::string_view text = text_of(word);
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return "\"" + std::string(text) + "\"";
  std::size_t length = longest;
  while ((static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;  // no character is cut in two
  return "\"" + std::string(text.substr(0, length)) + "...\"";
}

CallError missing_parameter(std::string_view option) {
  return {"Required parameter missing: " + dashed(option), "TORCH PARAMETER MISSING " + dashed(option), ""};
}

CallError unknown_parameter(std::string_view word) {
  Tcl_Obj* code = Tcl_NewListObj(0, nullptr);
  const ObjRef held(code);
  for (const std::string_view part :
       {std::string_view("TORCH"), std::string_view("PARAMETER"), std::string_view("UNKNOWN"), word}) {
    Tcl_ListObjAppendElement(nullptr, code, new_text(part));
  }
  return {"Unknown parameter: " + std::string(word), std::string(text_of(code)), ""};
}

CallError missing_value(std::string_view option) {
  return {"Missing value for parameter", "TORCH PARAMETER NOVALUE " + std::string(option),
          "no value follows " + std::string(option)};
}

CallError wrong_positional_count() {
  return {"Wrong number of arguments for positional syntax", "TORCH PARAMETER COUNT", ""};
}

CallError invalid_tensor(std::string_view option, Tcl_Obj* given) {
  return {
      "Invalid tensor name", "TORCH TENSOR LOOKUP " + dashed(option),
      quoted(given) + " for " + dashed(option) + " is no tensor of this interpreter, or one that was freed"};
}

CallError invalid_value(std::string_view option, Tcl_Obj* given, std::string_view accepted) {
  return {"Invalid " + dashed(option) + " parameter. Must be " + std::string(accepted) + ".",
          "TORCH PARAMETER VALUE " + dashed(option), quoted(given) + " was given"};
}

int report(Tcl_Interp* interp, std::exception_ptr failure, std::string_view usage) {
  const std::string syntax = "usage: " + std::string(usage);
  try {
    std::rethrow_exception(failure);
  } catch (const ScriptError& error) {
    return error.code;
  } catch (const CallError& error) {
    return set_error(interp, error.message, error.code,
                     error.detail.empty() ? syntax : error.detail + "; " + syntax);
  } catch (const wick::Error& error) {
    return set_error(interp, error.what(), code_of(error), "");
  } catch (const std::bad_alloc&) {
    return set_error(interp, "not enough memory", "TORCH MEMORY", "");
  } catch (const std::exception& error) {
    return set_error(interp, error.what(), "TORCH INTERNAL", "");
  }
}

}  // namespace binding
