#include "files.h"

#include <fstream>
#include <iterator>
#include <random>

namespace wick::test {

Scratch::Scratch()
    : where(std::filesystem::temp_directory_path() /
            ("wick-test-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directory(where);
}
Scratch::~Scratch() { std::filesystem::remove_all(where); }

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace wick::test
