#include "files.h"

#include <fstream>
#include <iterator>
#include <random>

#include "wick/wick.h"

namespace wick::test {

Scratch::Scratch()
    : where(std::filesystem::temp_directory_path() /
            ("wick-test-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directory(where);
}
Scratch::~Scratch() { std::filesystem::remove_all(where); }

Tensor reference_values(DType dtype, const Shape& shape) {
  const Tensor x = arange(0, static_cast<double>(numel(shape)), 1, float64).reshape(shape) - 2;
  if (is_complex(dtype)) {
    const Tensor out = empty(shape, dtype);
    real(out).copy_(x * 0.5);
    imag(out).copy_(x);
    return out;
  }
  if (is_floating(dtype)) return (x * 0.5).to(dtype);
  return dtype == boolean ? (x - floor(x / 2) * 2).to(boolean)
         : dtype == uint8 ? abs(x).to(uint8)
                          : x.to(dtype);
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace wick::test
