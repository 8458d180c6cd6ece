#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "wick/tensor.h"

// Random tensors. After manual_seed(s) they are those that PyTorch's CPU generator gives after
// torch.manual_seed(s).

namespace wick {

// PyTorch's generator: a Mersenne twister (MT19937) and the second value of the last pair of normals.
class Generator {
 public:
  // What a process that never seeded starts from.
  static constexpr std::uint64_t default_seed = 2147483647;

  explicit Generator(std::uint64_t seed = default_seed) { this->seed(seed); }

  void seed(std::uint64_t seed);
  std::uint64_t initial_seed() const { return seed_; }

  std::uint32_t next32();
  std::uint64_t next64() {
    const std::uint64_t high = next32();
    return high << 32 | next32();
  }
  // Uniform in [0, 1), with 24 and 53 random bits.
  float uniform24() { return static_cast<float>(next32() & 0xffffffu) * 0x1p-24f; }
  double uniform53() { return static_cast<double>(next64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53; }
  // Standard normal; every second call gives the value kept by the first.
  double normal();

  // Held by whoever draws a tensor, so that its values are drawn in one piece.
  std::mutex& mutex() { return mutex_; }

 private:
  void refill();

  static constexpr int state_size = 624;
  std::array<std::uint32_t, state_size> state_;
  int position_ = state_size;
  std::uint64_t seed_ = default_seed;
  std::optional<double> kept_normal_;
  std::mutex mutex_;
};

// The generator of the process, which all functions below draw from.
Generator& default_generator();
void manual_seed(std::uint64_t seed);

// Uniform in [0, 1). Floating point dtypes; DTypeError otherwise.
Tensor rand(const Shape& shape, DType dtype = float32);
// Standard normal. Floating point dtypes; DTypeError otherwise.
Tensor randn(const Shape& shape, DType dtype = float32);
// Whole numbers in [low, high). Any dtype but bool and complex; an integer dtype must hold them all. Error
// unless low < high.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, DType dtype = int64);

}  // namespace wick
