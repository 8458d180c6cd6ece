#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tclext/binding/error.h"
#include "tclext/binding/handle.h"
#include "wick/core/scalar.h"
#include "wick/core/tensor.h"
#include "wick/linalg/norms.h"

// Tcl words into C++ values and back. Convert<T>::from reads a word or throws a CallError that names the
// option and what it takes. Where there is an attempt(), it answers nothing for such a word, and fault() says
// what from() would throw: exceptions cost too much for scripts that try. by_default takes what a declaration
// gives as default. No conversion asks a handle for its string or changes its type.

namespace binding {

// A list of whole numbers that is no shape, such as dims.
struct Ints : wick::Dims {
  using Dims::Dims;
  explicit Ints(wick::Dims dims) : Dims(std::move(dims)) {}
};

// A file's path, as the operating system takes it.
struct Path {
  std::string native;
};

// Where a tensor lives. There is only the cpu; cuda means cpu too, as it does where there is no such device.
struct Device {};
// The same, where existing scripts give any word.
struct AnyDevice {};

// Data as nested lists, for the command to read itself.
struct Value {
  Tcl_Obj* object;
};
// A script to evaluate.
struct Script {
  Tcl_Obj* object;
};

// A list that a command has built itself, as its result.
struct List {
  Tcl_Obj* object;
};

// A text that a command has built itself, as its result.
struct Text {
  Tcl_Obj* object;
};

// Which norm of a matrix; none for the empty word, which stands for the default.
struct NormWord {
  std::optional<wick::linalg::MatrixNorm> norm;
};

// A parameter's type as documents name it, and whether a word could be one (to choose between positional
// forms).
struct Type {
  const char* name;
  bool (*could_be)(const State& state, Tcl_Obj* word);
};

struct Required {};
inline constexpr Required required;
struct Omittable {};  // may be left out, and the function learns it: its type is std::optional
inline constexpr Omittable omittable;

// What a parameter that is not given counts as. A const char* is read as a word.
using Default = std::variant<Required, Omittable, std::int64_t, double, bool, wick::DType, const char*>;

// The first of a parameter's names.
inline std::string_view first_name(const char* names) {
  const std::string_view all = names;
  return all.substr(0, all.find(' '));
}

struct Source {
  const State& state;
  Tcl_Obj* word;
  const char* names;         // the parameter's
  bool by_position = false;  // the word itself was given by position, not as the value of an option

  // In messages, without the dash.
  std::string_view option() const { return first_name(names); }
};

// The types of Tcl's own numbers.
struct NumberTypes {
  const Tcl_ObjType *integer, *real;
};
const NumberTypes& number_types();
// Whether the word is a number already, without its text being read.
bool is_number(const Tcl_Obj* word);
// Whether the word's text may be one such as 010, which Tcl 8.6 reads as octal and Tcl 9 as decimal. Here it
// is decimal.
inline bool may_have_leading_zeros(const Tcl_Obj* word) {
  const char* text = word->bytes;
  if (!text) return false;
  while ((*text > 0 && *text <= ' ') || *text == '-' || *text == '+') ++text;
  return text[0] == '0' && text[1] != 0;
}
// The number that a word is: an integer if it is one, else floating point, nan and inf included. Nothing for
// handles and other words.
std::optional<wick::Scalar> number_of(Tcl_Obj* word);
// A whole number within int64.
std::optional<std::int64_t> integer_of(Tcl_Obj* word);
std::optional<bool> boolean_of(Tcl_Obj* word);
std::optional<wick::Dims> integers_of(Tcl_Obj* word);
std::optional<wick::DType> dtype_of_word(Tcl_Obj* word);
std::optional<Device> device_of(Tcl_Obj* word);
std::optional<AnyDevice> any_device_of(Tcl_Obj* word);
std::optional<NormWord> norm_of(Tcl_Obj* word);
// The whole numbers of a text, such as "0 1".
wick::Dims numbers_in(const char* text);
// The elements of a list. A handle, or a word that is no list, is a list of one.
std::vector<Tcl_Obj*> elements_of(Tcl_Obj* word);

template <class T>
struct Convert;

// The common shape of a conversion that either succeeds or names what it accepts.
template <class T, auto read>
struct Reader {
  static std::optional<T> attempt(const Source& s) {
    if (auto value = read(s.word)) return T(std::move(*value));
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, Convert<T>::accepted); }
  static T from(const Source& s) {
    if (auto value = Convert<T>::attempt(s)) return std::move(*value);
    throw Convert<T>::fault(s);
  }
  static bool could_be(const State&, Tcl_Obj* word) { return read(word).has_value(); }
};

template <>
struct Convert<std::int64_t> : Reader<std::int64_t, integer_of> {
  static constexpr const char* accepted = "an integer";
  static constexpr Type type{"int", could_be};
  static std::int64_t by_default(const Default& d) { return std::get<std::int64_t>(d); }
};

template <>
struct Convert<double> {
  static constexpr const char* accepted = "a number";
  static std::optional<double> attempt(const Source& s);
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, accepted); }
  static double from(const Source& s) {
    if (const auto value = attempt(s)) return *value;
    throw fault(s);
  }
  static bool could_be(const State&, Tcl_Obj* word) { return number_of(word).has_value(); }
  static constexpr Type type{"double", could_be};
  static double by_default(const Default& d) { return std::get<double>(d); }
};

template <>
struct Convert<wick::Scalar> : Reader<wick::Scalar, number_of> {
  static constexpr const char* accepted = "a number";
  static constexpr Type type{"scalar", could_be};
  static wick::Scalar by_default(const Default& d) { return std::get<double>(d); }
};

template <>
struct Convert<bool> : Reader<bool, boolean_of> {
  static constexpr const char* accepted = "a boolean";
  static constexpr Type type{"bool", could_be};
  static bool by_default(const Default& d) { return std::get<bool>(d); }
};

template <>
struct Convert<wick::Shape> : Reader<wick::Shape, integers_of> {
  static constexpr const char* accepted = "a list of integers";
  static constexpr Type type{"shape", could_be};
  static wick::Shape by_default(const Default& d) { return {std::get<std::int64_t>(d)}; }
};

template <>
struct Convert<Ints> : Reader<Ints, integers_of> {
  static constexpr const char* accepted = "a list of integers";
  static constexpr Type type{"ints", could_be};
  static Ints by_default(const Default& d) {
    if (const auto* list = std::get_if<const char*>(&d)) return Ints(numbers_in(*list));
    return Ints(wick::Dims{std::get<std::int64_t>(d)});
  }
};

template <>
struct Convert<NormWord> : Reader<NormWord, norm_of> {
  static constexpr const char* accepted = "fro, nuc, 1, -1, 2, -2, inf or -inf";
  static bool could_be(const State&, Tcl_Obj* word) { return !holds_handle(word); }
  static constexpr Type type{"any", could_be};
  // The command knows its default.
  static NormWord by_default(const Default& d) {
    if (!std::holds_alternative<std::int64_t>(d)) std::get<const char*>(d);
    return {};
  }
};

template <>
struct Convert<wick::DType> : Reader<wick::DType, dtype_of_word> {
  static constexpr const char* accepted =
      "a dtype: bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex64 or "
      "complex128";
  static constexpr Type type{"dtype", could_be};
  static wick::DType by_default(const Default& d) { return std::get<wick::DType>(d); }
};

// What is told for a word that is no device.
CallError invalid_device(const Source& s);

template <>
struct Convert<Device> : Reader<Device, device_of> {
  static CallError fault(const Source& s) { return invalid_device(s); }
  static constexpr Type type{"device", could_be};
  static Device by_default(const Default&) { return {}; }
};

template <>
struct Convert<AnyDevice> : Reader<AnyDevice, any_device_of> {
  static CallError fault(const Source& s) { return invalid_device(s); }
  static bool could_be(const State&, Tcl_Obj* word) { return !holds_handle(word); }
  static constexpr Type type{"device", could_be};
  static AnyDevice by_default(const Default&) { return {}; }
};

template <>
struct Convert<std::string_view> {
  // A handle as text would keep its tensor for good.
  static std::string_view from(const Source& s);
  static bool could_be(const State&, Tcl_Obj* word) { return !holds_handle(word); }
  static constexpr Type type{"string", could_be};
  static std::string_view by_default(const Default& d) { return std::get<const char*>(d); }
};

template <>
struct Convert<Value> {
  static Value from(const Source& s) { return {s.word}; }
  static bool could_be(const State&, Tcl_Obj*) { return true; }
  static constexpr Type type{"list", could_be};
};

template <>
struct Convert<Script> {
  static constexpr const char* accepted = "a script";
  static Script from(const Source& s) {
    if (is_handle(s.word)) throw invalid_value(s.option(), s.word, accepted);
    return {s.word};
  }
  static bool could_be(const State&, Tcl_Obj* word) { return !is_handle(word); }
  static constexpr Type type{"script", could_be};
};

// Any kind of handle. The object is taken by value: a script that the command runs may free the handle.
template <Handled T>
struct Convert<T> {
  static std::optional<T> attempt(const Source& s) {
    if (const T* object = find<T>(s.state, s.word)) return *object;
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return invalid_handle(kind_name<T>, s.option(), s.word); }
  static T from(const Source& s) {
    if (auto object = attempt(s)) return std::move(*object);
    throw fault(s);
  }
  static bool could_be(const State& state, Tcl_Obj* word) { return find<T>(state, word) != nullptr; }
  static constexpr Type type{kind_name<T>, could_be};
};

template <>
struct Convert<wick::Tensors> {
  static std::optional<wick::Tensors> attempt(const Source& s);
  static CallError fault(const Source& s);
  static wick::Tensors from(const Source& s) {
    if (auto tensors = attempt(s)) return std::move(*tensors);
    throw fault(s);
  }
  static bool could_be(const State&, Tcl_Obj*) { return true; }
  static constexpr Type type{"tensors", could_be};
  static wick::Tensors by_default(const Default&) { return {}; }
};

template <class T>
struct Convert<std::optional<T>> {
  static std::optional<std::optional<T>> attempt(const Source& s) requires requires {
    Convert<T>::attempt(s);
  }
  {
    if (auto value = Convert<T>::attempt(s)) return {std::move(value)};
    return {};
  }
  static CallError fault(const Source& s) requires requires { Convert<T>::fault(s); }
  { return Convert<T>::fault(s); }
  static std::optional<T> from(const Source& s) { return Convert<T>::from(s); }
  static bool could_be(const State& state, Tcl_Obj* word) { return Convert<T>::could_be(state, word); }
  static constexpr Type type = Convert<T>::type;
  static std::optional<T> by_default(const Default& d) {
    std::get<Omittable>(d);
    return std::nullopt;
  }
};

template <>
struct Convert<Path> {
  static constexpr const char* accepted = "a path of the file system";
  static Path from(const Source& s);
  static bool could_be(const State&, Tcl_Obj* word) { return !holds_handle(word); }
  static constexpr Type type{"path", could_be};
  static Path by_default(const Default& d) { return {std::get<const char*>(d)}; }
};

// Results.
template <Handled T>
Tcl_Obj* to_object(State& state, const T& object) {
  return new_handle(state, T(object));
}
Tcl_Obj* to_object(State& state, const wick::Tensors& tensors);
Tcl_Obj* to_object(State& state, const wick::Dims& dims);
inline Tcl_Obj* to_object(State&, std::int64_t value) { return Tcl_NewWideIntObj(value); }
inline Tcl_Obj* to_object(State&, std::same_as<bool> auto value) { return Tcl_NewBooleanObj(value); }
inline Tcl_Obj* to_object(State&, double value) { return Tcl_NewDoubleObj(value); }
inline Tcl_Obj* to_object(State&, std::string_view text) { return new_text(text); }
inline Tcl_Obj* to_object(State&, const char* text) { return new_text(text); }
inline Tcl_Obj* to_object(State&, Tcl_Obj* object) { return object; }
inline Tcl_Obj* to_object(State&, const List& list) { return list.object; }
inline Tcl_Obj* to_object(State&, const Text& text) { return text.object; }
// Nothing is the empty text: the result comes otherwise, or later.
inline Tcl_Obj* to_object(State& state, const std::optional<wick::Tensor>& tensor) {
  return tensor ? new_handle(state, *tensor) : Tcl_NewObj();
}
template <class... R>
Tcl_Obj* to_object(State& state, const std::variant<R...>& either) {
  return std::visit([&](const auto& value) { return to_object(state, value); }, either);
}
// A dict.
Tcl_Obj* to_object(State& state, const wick::NamedTensors& tensors);

template <class R>
inline constexpr bool is_variant = false;
template <class... R>
inline constexpr bool is_variant<std::variant<R...>> = true;

// The kind of a result as documents name it.
template <class R>
constexpr const char* result_kind() {
  if constexpr (std::is_void_v<R>)
    return "none";
  else if constexpr (Handled<R>)
    return kind_name<R>;
  else if constexpr (std::is_same_v<R, std::optional<wick::Tensor>>)
    return "tensor";
  else if constexpr (std::is_same_v<R, wick::Tensors>)
    return "tensors";
  else if constexpr (std::is_same_v<R, wick::Dims> || std::is_same_v<R, List>)
    return "list";
  else if constexpr (std::is_same_v<R, wick::NamedTensors>)
    return "dict";
  else if constexpr (is_variant<R>)
    return Convert<R>::type.name;
  else if constexpr (std::is_same_v<R, bool>)
    return "bool";
  else if constexpr (std::is_same_v<R, std::int64_t>)
    return "int";
  else if constexpr (std::is_same_v<R, double>)
    return "double";
  else if constexpr (std::is_same_v<R, Tcl_Obj*>)
    return "any";
  else
    return "string";
}

}  // namespace binding
