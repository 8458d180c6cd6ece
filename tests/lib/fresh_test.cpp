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

TEST_CASE("operations take operands of any layout") {
  for (const auto& file : std::filesystem::directory_iterator(WICK_TEST_DATA)) {
    // What is trained on data has another format.
    if (file.path().extension() != ".txt" || file.path().stem() == "iris_expected") continue;
    CAPTURE(file.path().filename().string());
    check_layouts(file.path().string(), all_operations());
  }
}

}  // namespace wick::test
