#pragma once

// Private: what reading and writing tables agree on.

#include <string_view>

namespace wick::io {

// A mark that may separate fields, or begin a comment: neither part of a number or a name, nor of what
// encloses fields and lines.
void check_mark(const char* operation, std::string_view what, char mark);

}  // namespace wick::io
