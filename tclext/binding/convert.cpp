#include "tclext/binding/convert.h"

#include <strings.h>

#include <cmath>
#include <cstdlib>

#include "tclext/binding/range.h"

namespace binding {
namespace {

// The types of Tcl's own numbers, read off such objects: Tcl 9 does not tell them by name.
struct NumberTypes {
  const Tcl_ObjType* integer = type_of(Tcl_NewWideIntObj(1));
  const Tcl_ObjType* real = type_of(Tcl_NewDoubleObj(1));

  static const Tcl_ObjType* type_of(Tcl_Obj* number) { return ObjRef(number).get()->typePtr; }
};

const NumberTypes& number_types() {
  static const NumberTypes types;
  return types;
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
         (below_high  ? " and below "
          : above_low ? " to at most "
                      : " to ") +
         to;
}

bool is_number(const Tcl_Obj* word) {
  return word->typePtr == number_types().integer || word->typePtr == number_types().real;
}

std::optional<std::int64_t> integer_of(Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word) || word->typePtr == number_types().real) return std::nullopt;
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

bool Convert<Device>::could_be(const State&, Tcl_Obj* word) {
  word = plain_word(word);
  if (!word || is_handle(word)) return false;
  const std::string_view name = text_of(word);
  if (name == "cpu" || name == "cuda") return true;
  if (!name.starts_with("cuda:") || name.size() == 5) return false;
  return name.find_first_not_of("0123456789", 5) == name.npos;
}

Device Convert<Device>::from(const Source& s) {
  if (!could_be(s.state, s.word)) throw invalid_value(s.option, s.word, "a device: cpu or cuda");
  return {};
}

AnyDevice Convert<AnyDevice>::from(const Source& s) {
  if (!could_be(s.state, s.word) || dtype_of_word(s.word))
    throw invalid_value(s.option, s.word, "a device: cpu or cuda");
  return {};
}

Path Convert<Path>::from(const Source& s) {
  if (holds_handle(s.word)) throw invalid_value(s.option, s.word, accepted);
  const auto* native = static_cast<const char*>(Tcl_FSGetNativePath(s.word));
  if (!native) throw invalid_value(s.option, s.word, accepted);
  return {native};
}

std::string_view Convert<std::string_view>::from(const Source& s) {
  if (!could_be(s.state, s.word)) throw invalid_value(s.option, s.word, "a text, not a tensor");
  return text_of(s.word);
}

wick::Tensors Convert<wick::Tensors>::from(const Source& s) {
  wick::Tensors tensors;
  for (Tcl_Obj* element : elements_of(s.word)) {
    const wick::Tensor* tensor = find_tensor(s.state, element);
    if (!tensor) throw invalid_tensor(s.option, element);
    tensors.push_back(*tensor);
  }
  return tensors;
}

Tcl_Obj* to_object(State& state, const wick::Tensors& tensors) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const wick::Tensor& t : tensors) Tcl_ListObjAppendElement(nullptr, list, new_handle(state, t));
  return list;
}

Tcl_Obj* to_object(State& state, const Named& named) {
  Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
  for (const auto& [name, tensor] : named.tensors) {
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
