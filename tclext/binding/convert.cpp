#include "tclext/binding/convert.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "tclext/binding/range.h"

namespace binding {
namespace {

// Of a text of digits that begins with 0, such as 010, the digits from the first other one on.
std::optional<std::string> digits_after_zeros(const Tcl_Obj* word) {
  if (!may_have_leading_zeros(word)) return std::nullopt;
  std::string_view text(word->bytes, static_cast<std::size_t>(word->length));
  const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)); };
  while (is_blank(text.front())) text.remove_prefix(1);
  while (is_blank(text.back())) text.remove_suffix(1);
  const bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() < 2 || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  return (minus ? "-" : "") + std::string(text);
}

// "nan", "-inf" and the like, which Tcl does not read as numbers everywhere.
std::optional<double> special_number(std::string_view word) {
  const bool minus = word.starts_with('-');
  if (minus || word.starts_with('+')) word.remove_prefix(1);
  const auto is = [word](std::string_view name) {
    return word.size() == name.size() && strncasecmp(word.data(), name.data(), name.size()) == 0;
  };
  if (is("nan")) return std::nan("");
  if (is("inf") || is("infinity")) return minus ? -HUGE_VAL : HUGE_VAL;
  return std::nullopt;
}

std::string number_text(double value) {
  const ObjRef number(value == std::floor(value) && std::fabs(value) < 1e15
                          ? Tcl_NewWideIntObj(static_cast<Tcl_WideInt>(value))
                          : Tcl_NewDoubleObj(value));
  return std::string(text_of(number.get()));
}

}  // namespace

std::string Range::text() const {
  const std::string from = number_text(low), to = number_text(high);
  if (high == HUGE_VAL) return (above_low ? "above " : "of at least ") + from;
  if (low == -HUGE_VAL) return (below_high ? "below " : "of at most ") + to;
  return (above_low ? "above " : "from ") + from +
         (below_high  ? above_low ? " and below " : " to below "
          : above_low ? " to at most "
                      : " to ") +
         to;
}

const NumberTypes& number_types() {
  static const NumberTypes types{type_of_new(Tcl_NewWideIntObj(1)), type_of_new(Tcl_NewDoubleObj(1))};
  return types;
}

bool is_number(const Tcl_Obj* word) {
  return word->typePtr == number_types().integer || word->typePtr == number_types().real;
}

std::optional<std::int64_t> integer_of(Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word) || word->typePtr == number_types().real) return std::nullopt;
  if (const auto digits = digits_after_zeros(word)) return integer_of(ObjRef(new_text(*digits)).get());
  Tcl_WideInt value;
  if (Tcl_GetWideIntFromObj(nullptr, word, &value) != TCL_OK) return std::nullopt;
  if (word->typePtr == number_types().integer) return value;
  // Tcl 8.6 wraps numbers of 64 bits: their sign tells.
  double real;
  if (Tcl_GetDoubleFromObj(nullptr, word, &real) == TCL_OK &&
      ((real < 0) != (value < 0) || std::fabs(real) > 0x1p63)) {
    return std::nullopt;
  }
  return value;
}

std::optional<wick::Scalar> number_of(Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word)) return std::nullopt;
  if (const auto digits = digits_after_zeros(word)) return number_of(ObjRef(new_text(*digits)).get());
  double real;
  if (word->typePtr != number_types().real) {
    if (const auto integer = integer_of(word)) return wick::Scalar(*integer);
  }
  if (Tcl_GetDoubleFromObj(nullptr, word, &real) == TCL_OK) return wick::Scalar(real);
  if (const auto special = special_number(text_of(word))) return wick::Scalar(*special);
  return std::nullopt;
}

std::optional<bool> boolean_of(Tcl_Obj* word) {
  int value;
  word = plain_word(word);
  if (!word || is_handle(word) || Tcl_GetBooleanFromObj(nullptr, word, &value) != TCL_OK) return std::nullopt;
  return value != 0;
}

std::vector<Tcl_Obj*> elements_of(Tcl_Obj* word) {
  Tcl_Size count;
  Tcl_Obj** elements;
  if (is_handle(word) || Tcl_ListObjGetElements(nullptr, word, &count, &elements) != TCL_OK) return {word};
  return {elements, elements + count};
}

std::optional<wick::Dims> integers_of(Tcl_Obj* word) {
  if (is_handle(word)) return std::nullopt;
  if (word->typePtr == number_types().integer) {
    const auto value = integer_of(word);
    return value ? std::optional<wick::Dims>(wick::Dims{*value}) : std::nullopt;
  }
  wick::Dims dims;
  for (Tcl_Obj* element : elements_of(word)) {
    const auto value = integer_of(element);
    if (!value) return std::nullopt;
    dims.push_back(*value);
  }
  return dims;
}

wick::Dims numbers_in(const char* text) {
  wick::Dims dims;
  char* end;
  for (long long value = std::strtoll(text, &end, 10); end != text; value = std::strtoll(text, &end, 10)) {
    dims.push_back(value);
    text = end;
  }
  return dims;
}

std::optional<wick::DType> dtype_of_word(Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word)) return std::nullopt;
  return wick::dtype_by_name(text_of(word));
}

std::optional<NormWord> norm_of(Tcl_Obj* word) {
  if (const auto number = number_of(word)) return NormWord{wick::linalg::MatrixNorm(number->to_double())};
  word = plain_word(word);
  if (!word || is_handle(word)) return std::nullopt;
  const std::string_view text = text_of(word);
  if (text.empty()) return NormWord{};
  if (text == "fro" || text == "nuc") return NormWord{wick::linalg::MatrixNorm(text)};
  return std::nullopt;
}

std::optional<double> Convert<double>::attempt(const Source& s) {
  if (s.word->typePtr == number_types().real) return s.word->internalRep.doubleValue;
  if (const auto value = number_of(s.word)) return value->to_double();
  return std::nullopt;
}

std::optional<Device> device_of(Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word)) return std::nullopt;
  const std::string_view name = text_of(word);
  if (name == "cpu" || name == "cuda") return Device{};
  if (!name.starts_with("cuda:") || name.size() == 5) return std::nullopt;
  return name.find_first_not_of("0123456789", 5) == name.npos ? std::optional(Device{}) : std::nullopt;
}

std::optional<AnyDevice> any_device_of(Tcl_Obj* word) {
  if (holds_handle(word) || number_of(word) || dtype_of_word(word)) return std::nullopt;
  return AnyDevice{};
}

CallError invalid_device(const Source& s) {
  CallError error = invalid_value(s.option(), s.word, "a device: cpu or cuda");
  if (dtype_of_word(s.word))
    error.detail += "; the dtype goes to -dtype: -dtype " + std::string(text_of(plain_word(s.word)));
  return error;
}

Path Convert<Path>::from(const Source& s) {
  if (holds_handle(s.word)) throw invalid_value(s.option(), s.word, accepted);
  const auto* native = static_cast<const char*>(Tcl_FSGetNativePath(s.word));
  if (!native) throw invalid_value(s.option(), s.word, accepted);
  return {native};
}

std::string_view Convert<std::string_view>::from(const Source& s) {
  if (!could_be(s.state, s.word)) throw invalid_value(s.option(), s.word, "a text, not a tensor");
  return text_of(s.word);
}

std::optional<wick::Tensors> Convert<wick::Tensors>::attempt(const Source& s) {
  wick::Tensors tensors;
  for (Tcl_Obj* element : elements_of(s.word)) {
    const wick::Tensor* tensor = find_tensor(s.state, element);
    if (!tensor) return std::nullopt;
    tensors.push_back(*tensor);
  }
  return tensors;
}

CallError Convert<wick::Tensors>::fault(const Source& s) {
  for (Tcl_Obj* element : elements_of(s.word)) {
    if (!find_tensor(s.state, element)) return invalid_tensor(s.option(), element);
  }
  return invalid_tensor(s.option(), s.word);
}

Tcl_Obj* to_object(State& state, const wick::Tensors& tensors) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const wick::Tensor& t : tensors) Tcl_ListObjAppendElement(nullptr, list, new_handle(state, t));
  return list;
}

Tcl_Obj* to_object(State& state, const wick::NamedTensors& tensors) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const auto& [name, tensor] : tensors) {
    Tcl_ListObjAppendElement(nullptr, list, new_text(name));
    Tcl_ListObjAppendElement(nullptr, list, new_handle(state, tensor));
  }
  return list;
}

Tcl_Obj* to_object(State&, const wick::Dims& dims) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const auto d : dims) Tcl_ListObjAppendElement(nullptr, list, Tcl_NewWideIntObj(d));
  return list;
}

}  // namespace binding
