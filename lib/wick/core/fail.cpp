#include "wick/core/fail.h"

namespace wick::detail {

std::string message(std::string_view operation, std::string_view format,
                    std::initializer_list<std::string> arguments) {
  std::string text(operation);
  text += ": ";
  for (const std::string& argument : arguments) {
    const std::size_t place = format.find("{}");
    text += format.substr(0, place);
    text += argument;
    format.remove_prefix(place == std::string_view::npos ? format.size() : place + 2);
  }
  return text += format;
}

}  // namespace wick::detail
