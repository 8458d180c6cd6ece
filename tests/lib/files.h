#pragma once

#include <filesystem>
#include <string>

#include "wick/core/tensor.h"

// Files that tests read and write.

namespace wick::test {

// A folder that goes away at the end.
struct Scratch {
  std::filesystem::path where;
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

// The values() of ../reference/make_npy.py and make_pt.py: from -1 in halves where there are such.
Tensor reference_values(DType dtype, const Shape& shape = {2, 3});

std::string contents(const std::filesystem::path& file);
void put(const std::filesystem::path& file, const std::string& bytes);

// The bytes with some changed, left out or cut off: as `random` says.
template <class Random>
std::string damaged(std::string bytes, Random& random) {
  for (auto changes = 1 + random() % 3; changes > 0; --changes) {
    const std::size_t at = random() % bytes.size();
    if (const auto what = random() % 4; what == 0) {
      bytes.resize(at + 1);
    } else if (what == 1) {
      bytes.erase(at, 1 + random() % 4);
    } else {
      bytes[at] = static_cast<char>(random());
    }
    if (bytes.empty()) bytes.push_back('x');
  }
  return bytes;
}

}  // namespace wick::test
