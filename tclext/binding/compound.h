#pragma once

#include <array>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "tclext/binding/convert.h"
#include "wick/nn/loss.h"

// Conversions that are made of others: words of an enumeration, one of several types, lists of anything,
// sizes.

namespace binding {

// One size for each of N dimensions: a number for all of them, or exactly N.
template <std::size_t N>
struct Sizes : std::array<std::int64_t, N> {};

// A tensor or none, which the word none and an empty one say. As a default it is declared as "none".
struct TensorOrNone {
  wick::Tensor tensor;
  operator const wick::Tensor&() const { return tensor; }
};

// A word of an enumeration. Any other word counts as `otherwise`, and another whole number given by position
// as `numbered`: existing scripts expect it. A handle is refused.
template <class E, E otherwise, E numbered = otherwise>
struct Lenient {
  E value;
  operator E() const { return value; }
};

namespace detail {

// Names of types put together at compile time.
template <class Parts>
struct Joined {
  static constexpr auto text = [] {
    constexpr std::size_t length = [] {
      std::size_t sum = 0;
      for (const std::string_view part : Parts::parts()) sum += part.size();
      return sum;
    }();
    std::array<char, length + 1> joined{};
    std::size_t at = 0;
    for (const std::string_view part : Parts::parts()) {
      for (const char c : part) joined[at++] = c;
    }
    return joined;
  }();
};

}  // namespace detail

// What a type takes, in words.
template <class T>
std::string accepted_by() {
  if constexpr (Handled<T>) {
    return with_article(kind_name<T>);
  } else if constexpr (requires { Convert<T>::accepted(); }) {
    return Convert<T>::accepted();
  } else {
    return Convert<T>::accepted;
  }
}

// An enumeration becomes a type of parameters by its words:
//     template <> inline constexpr Word<Mode> words<Mode>[] = {{"constant", Mode::Constant}, {"edge",
//     Mode::Edge}};
// Of several words for a value the first is its name, the others are taken as well.
template <class E>
struct Word {
  std::string_view text;
  E value;
};
template <class E>
inline constexpr std::nullptr_t words = nullptr;
template <class E>
concept Worded = std::is_array_v<std::remove_cvref_t<decltype(words<E>)>>;

// The first of an enumerator's words.
template <Worded E>
std::string_view word_of(E value) {
  for (const Word<E>& word : words<E>) {
    if (word.value == value) return word.text;
  }
  return "";
}

// How losses are reduced; 0, 1 and 2 mean the same.
template <>
inline constexpr Word<wick::Reduction> words<wick::Reduction>[] = {
    {"none", wick::Reduction::None}, {"mean", wick::Reduction::Mean}, {"sum", wick::Reduction::Sum},
    {"0", wick::Reduction::None},    {"1", wick::Reduction::Mean},    {"2", wick::Reduction::Sum}};

template <Worded E>
struct Convert<E> {
  static std::optional<E> attempt(const Source& s) { return read(s.word); }
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, accepted()); }
  static E from(const Source& s) {
    if (const auto value = attempt(s)) return *value;
    throw fault(s);
  }
  static std::string accepted() {
    std::string all;
    const std::size_t count = std::size(words<E>);
    for (std::size_t i = 0; i < count; ++i) {
      all += (i == 0 ? "" : i + 1 < count ? ", " : " or ") + std::string(words<E>[i].text);
    }
    return all;
  }
  static bool could_be(const State&, Tcl_Obj* word) { return read(word).has_value(); }
  static E by_default(const Default& d) { return find(std::get<const char*>(d)).value(); }

 private:
  static std::optional<E> find(std::string_view text) {
    for (const Word<E>& word : words<E>) {
      if (word.text == text) return word.value;
    }
    return std::nullopt;
  }
  static std::optional<E> read(Tcl_Obj* word) {
    word = plain_word(word);
    return word && !is_handle(word) ? find(text_of(word)) : std::nullopt;
  }
  // enum:none|mean|sum
  struct Name {
    static constexpr bool is_first(std::size_t i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (words<E>[j].value == words<E>[i].value) return false;
      }
      return true;
    }
    static constexpr auto parts() {
      std::array<std::string_view, 2 * std::size(words<E>)> all{};
      for (std::size_t i = 0; i < std::size(words<E>); ++i) {
        if (!is_first(i)) continue;
        all[2 * i] = i == 0 ? "enum:" : "|";
        all[2 * i + 1] = words<E>[i].text;
      }
      return all;
    }
  };

 public:
  static constexpr Type type{detail::Joined<Name>::text.data(), could_be};
};

// Between positional forms only the words themselves decide.
template <Worded E, E otherwise, E numbered>
struct Convert<Lenient<E, otherwise, numbered>> {
  using Value = Lenient<E, otherwise, numbered>;
  static std::optional<Value> attempt(const Source& s) {
    if (const auto known = Convert<E>::attempt(s)) return Value{*known};
    if (holds_handle(s.word) || find_record(s.state, s.word)) return std::nullopt;
    return Value{s.by_position && integer_of(s.word) ? numbered : otherwise};
  }
  static CallError fault(const Source& s) { return Convert<E>::fault(s); }
  static Value from(const Source& s) {
    if (const auto value = attempt(s)) return *value;
    throw fault(s);
  }
  static std::string accepted() { return Convert<E>::accepted(); }
  static bool could_be(const State& state, Tcl_Obj* word) { return Convert<E>::could_be(state, word); }
  static Value by_default(const Default& d) { return {Convert<E>::by_default(d)}; }
  static constexpr Type type{Convert<E>::type.name, could_be};
};

template <>
struct Convert<TensorOrNone> {
  static constexpr const char* accepted = "a tensor or none";
  static std::optional<TensorOrNone> attempt(const Source& s) {
    if (const wick::Tensor* tensor = find_tensor(s.state, s.word)) return TensorOrNone{*tensor};
    if (is_none(s.word)) return TensorOrNone{};
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return invalid_tensor(s.option(), s.word); }
  static TensorOrNone from(const Source& s) {
    if (auto value = attempt(s)) return std::move(*value);
    throw fault(s);
  }
  static bool could_be(const State& state, Tcl_Obj* word) {
    return find_tensor(state, word) != nullptr || is_none(word);
  }
  static constexpr Type type{"tensor", could_be};
  static TensorOrNone by_default(const Default& d) {
    if (std::string_view(std::get<const char*>(d)) != "none") throw std::invalid_argument("none");
    return {};
  }

 private:
  static bool is_none(Tcl_Obj* word) {
    word = plain_word(word);
    if (!word || is_handle(word)) return false;
    const std::string_view text = text_of(word);
    return text.empty() || text == "none";
  }
};

// The first of the types that the word could be. A default is one of the first type's.
template <class First, class... Others>
struct Convert<std::variant<First, Others...>> {
  using V = std::variant<First, Others...>;
  static V from(const Source& s) {
    if (Convert<First>::could_be(s.state, s.word)) return Convert<First>::from(s);
    if constexpr (sizeof...(Others) > 0) {
      using Rest = Convert<std::variant<Others...>>;
      if (Rest::could_be(s.state, s.word)) {
        return std::visit([](auto&& value) { return V(std::move(value)); }, Rest::from(s));
      }
      if constexpr (!Handled<First>) throw invalid_value(s.option(), s.word, accepted());
    }
    return Convert<First>::from(s);  // throws
  }
  static bool could_be(const State& state, Tcl_Obj* word) {
    return Convert<First>::could_be(state, word) || (Convert<Others>::could_be(state, word) || ...);
  }
  static V by_default(const Default& d) requires requires { Convert<First>::by_default(d); }
  { return Convert<First>::by_default(d); }
  static std::string accepted() {
    std::string all = accepted_by<First>();
    ((all += " or " + accepted_by<Others>()), ...);
    return all;
  }

 private:
  struct Name {
    static constexpr auto parts() {
      std::array<std::string_view, 1 + 2 * sizeof...(Others)> all{Convert<First>::type.name};
      std::size_t i = 0;
      ((all[++i] = "/", all[++i] = Convert<Others>::type.name), ...);
      return all;
    }
  };

 public:
  static constexpr Type type{detail::Joined<Name>::text.data(), could_be};
};

// A list of anything. A word that is no list is a list of one.
template <class T>
struct Convert<std::vector<T>> {
  static std::vector<T> from(const Source& s) {
    std::vector<T> values;
    for (Tcl_Obj* element : elements_of(s.word))
      values.push_back(Convert<T>::from({s.state, element, s.names}));
    return values;
  }
  static std::string accepted() { return "a list of which each element is " + accepted_by<T>(); }
  static bool could_be(const State& state, Tcl_Obj* word) {
    for (Tcl_Obj* element : elements_of(word)) {
      if (!Convert<T>::could_be(state, element)) return false;
    }
    return true;
  }
  static constexpr const char* name() {
    if (std::is_same_v<T, std::int64_t>) return "ints";
    if (std::is_same_v<T, double>) return "doubles";
    if (std::is_same_v<T, bool>) return "bools";
    if (std::is_same_v<T, std::string_view>) return "strings";
    return "list";
  }
  static constexpr Type type{name(), could_be};
  // One value, or "" for none.
  static std::vector<T> by_default(const Default& d) {
    const auto* text = std::get_if<const char*>(&d);
    if (text && !**text) return {};
    if constexpr (requires { Convert<T>::by_default(d); }) {
      return {Convert<T>::by_default(d)};
    } else {
      throw std::invalid_argument("no default");
    }
  }
};

// Exactly N numbers.
template <class T, std::size_t N>
requires(std::same_as<T, double> || std::same_as<T, std::int64_t>) struct Convert<std::array<T, N>> {
  using Numbers = std::array<T, N>;
  static std::optional<Numbers> attempt(const Source& s) {
    const std::vector<Tcl_Obj*> elements = elements_of(s.word);
    if (elements.size() != N) return std::nullopt;
    Numbers numbers;
    for (std::size_t i = 0; i < N; ++i) {
      const auto number = Convert<T>::attempt({s.state, elements[i], s.names});
      if (!number) return std::nullopt;
      numbers[i] = *number;
    }
    return numbers;
  }
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, accepted()); }
  static Numbers from(const Source& s) {
    if (const auto value = attempt(s)) return *value;
    throw fault(s);
  }
  static std::string accepted() {
    return "a list of " + std::to_string(N) + (std::same_as<T, double> ? " numbers" : " integers");
  }
  static bool could_be(const State& state, Tcl_Obj* word) { return attempt({state, word, ""}).has_value(); }
  static constexpr Type type{std::same_as<T, double> ? "doubles" : "ints", could_be};
  // "0.5 1.2"
  static Numbers by_default(const Default& d) {
    std::istringstream text(std::get<const char*>(d));
    text.imbue(std::locale::classic());
    Numbers numbers;
    for (T& number : numbers) {
      if (!(text >> number)) throw std::invalid_argument("as many numbers as elements");
    }
    if (!(text >> std::ws).eof()) throw std::invalid_argument("as many numbers as elements");
    return numbers;
  }
};

template <std::size_t N>
struct Convert<Sizes<N>> {
  static std::optional<Sizes<N>> attempt(const Source& s) {
    const auto given = integers_of(s.word);
    if (!given || (given->size() != 1 && given->size() != N)) return std::nullopt;
    return of(*given);
  }
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, accepted()); }
  static Sizes<N> from(const Source& s) {
    if (const auto value = attempt(s)) return *value;
    throw fault(s);
  }
  static std::string accepted() { return "an integer or a list of " + std::to_string(N) + " integers"; }
  static bool could_be(const State&, Tcl_Obj* word) {
    const auto given = integers_of(word);
    return given && (given->size() == 1 || given->size() == N);
  }
  static constexpr Type type{"ints", could_be};
  // A number, or "1 2".
  static Sizes<N> by_default(const Default& d) {
    if (const auto* number = std::get_if<std::int64_t>(&d)) return of(wick::Dims{*number});
    const wick::Dims sizes = numbers_in(std::get<const char*>(d));
    if (sizes.size() != N) throw std::invalid_argument("as many numbers as sizes");
    return of(sizes);
  }

 private:
  static Sizes<N> of(const wick::Dims& given) {
    Sizes<N> sizes;
    for (std::size_t i = 0; i < N; ++i) sizes[i] = given[given.size() == 1 ? 0 : static_cast<int>(i)];
    return sizes;
  }
};

namespace detail {

// Whether a declared default is one for the type.
template <class T>
bool takes_default(const Default& d) {
  if (std::holds_alternative<Required>(d)) return true;
  if constexpr (requires { Convert<T>::by_default(d); }) {
    try {
      static_cast<void>(Convert<T>::by_default(d));
      return true;
    } catch (const std::exception&) {
    }
  }
  return false;
}

}  // namespace detail

}  // namespace binding
