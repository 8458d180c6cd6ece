#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include "tclext/binding/compound.h"

// Ranges of numbers in declarations:  {"p", 0.5, "probability of zeros", between(0, 1)}

namespace binding {

// The numbers that a parameter takes, also as elements of a list.
struct Range {
  double low = -HUGE_VAL, high = HUGE_VAL;
  bool above_low = false, below_high = false;  // the bound itself is not taken

  constexpr bool limits() const { return low > -HUGE_VAL || high < HUGE_VAL; }
  constexpr bool contains(double x) const {
    return (above_low ? x > low : x >= low) && (below_high ? x < high : x <= high);
  }
  std::string text() const;  // "from 0 to 1", "above 0"
};
constexpr Range above(double low) { return {low, HUGE_VAL, true, false}; }
constexpr Range at_least(double low) { return {low, HUGE_VAL, false, false}; }
constexpr Range between(double low, double high) { return {low, high, false, false}; }
constexpr Range half_open(double low, double high) { return {low, high, false, true}; }

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// Whether a type is a number, or made of some.
template <class T>
inline constexpr bool numbers = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
template <class T>
inline constexpr bool numbers<std::optional<T>> = numbers<T>;
template <class T>
inline constexpr bool numbers<std::vector<T>> = numbers<T>;
template <>
inline constexpr bool numbers<Ints> = true;
template <>
inline constexpr bool numbers<wick::Shape> = true;
template <>
inline constexpr bool numbers<wick::Scalar> = true;
template <std::size_t N>
inline constexpr bool numbers<Sizes<N>> = true;
template <class T, std::size_t N>
inline constexpr bool numbers<std::array<T, N>> = true;

// Whether a list of numbers takes fractions.
template <class T>
inline constexpr bool fractions = std::is_same_v<T, std::vector<double>>;
template <std::size_t N>
inline constexpr bool fractions<std::array<double, N>> = true;

template <class T>
bool within(const T& value, const Range& range) {
  if constexpr (is_optional<T>) {
    return !value || within(*value, range);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return range.contains(static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, wick::Scalar>) {
    return range.contains(value.to_double());
  } else {
    for (const auto element : value) {
      if (!range.contains(static_cast<double>(element))) return false;
    }
    return true;
  }
}

// What a value out of range is told: "a number above 0".
template <class T>
std::string accepted_within(const Range& range) {
  if constexpr (is_optional<T>) {
    return accepted_within<typename T::value_type>(range);
  } else {
    constexpr bool one = std::is_arithmetic_v<T> || std::is_same_v<T, wick::Scalar>;
    constexpr bool whole = std::is_integral_v<T> || (!one && !fractions<T>);
    const std::string noun = one ? (whole ? "an integer " : "a number ") : (whole ? "integers " : "numbers ");
    return noun + range.text();
  }
}

}  // namespace detail

}  // namespace binding
