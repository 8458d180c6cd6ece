#include <cstdlib>
#include <filesystem>

#include "reference.h"

namespace wick::test {

// Cases that ../differential/differential.py has drawn anew, in a folder that the environment names.
TEST_CASE("fresh cases" * doctest::skip(std::getenv("WICK_FRESH_CASES") == nullptr)) {
  for (const auto& file : std::filesystem::directory_iterator(std::getenv("WICK_FRESH_CASES"))) {
    check_reference(file.path().string(), all_operations());
  }
}

}  // namespace wick::test
