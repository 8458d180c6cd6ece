#pragma once

// Private: how the library throws. Every message reads "operation: what is wrong, with the values given".

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "wick/core/dims.h"
#include "wick/core/dtype.h"
#include "wick/core/error.h"
#include "wick/core/scalar.h"

namespace wick {
namespace detail {

// How messages show a value: dtypes by name, shapes in brackets, numbers without a tail of zeros.
inline std::string message_text(std::string_view text) { return std::string(text); }
inline std::string message_text(DType dtype) { return std::string(name(dtype)); }
template <class T>
requires(!std::convertible_to<const T&, std::string_view>) std::string message_text(const T& value) {
  if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::floating_point<T>) {
    return to_string(Scalar(static_cast<double>(value)));
  } else {
    return to_string(value);
  }
}

// The operation, and the format with the arguments in place of its {}.
std::string message(std::string_view operation, std::string_view format,
                    std::initializer_list<std::string> arguments);

}  // namespace detail

//   fail<IndexError>("gather", "index {} is out of range for size {}", i, n);
template <class E = Error, class... Arguments>
[[noreturn]] void fail(std::string_view operation, std::string_view format, const Arguments&... arguments) {
  throw E(detail::message(operation, format, {detail::message_text(arguments)...}));
}

}  // namespace wick
