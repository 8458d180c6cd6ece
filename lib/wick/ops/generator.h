#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "wick/core/api.h"

namespace WICK_API wick {

// PyTorch's CPU generator: a Mersenne twister (MT19937) and the second value of the last pair of normals.
class Generator {
 public:
  // What a process that never seeded starts from.
  static constexpr std::uint64_t default_seed = 2147483647;

  explicit Generator(std::uint64_t seed = default_seed) { this->seed(seed); }

  void seed(std::uint64_t seed);
  std::uint64_t initial_seed() const { return seed_; }

  std::uint32_t next32() {
    if (position_ == size) refill();
    std::uint32_t y = words_[static_cast<std::size_t>(position_++)];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  // The next n numbers that next32() would give.
  void draw(std::uint32_t* out, std::int64_t n);
  std::uint64_t next64() {
    const std::uint64_t high = next32();
    return high << 32 | next32();
  }
  // Uniform in [0, 1), with 24 and 53 random bits.
  float uniform24() { return static_cast<float>(next32() & 0xffffffu) * 0x1p-24f; }
  double uniform53() { return static_cast<double>(next64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53; }
  // Standard normal; every second call gives the value kept by the first.
  double normal();
  // Standard exponential: mean 1.
  double exponential();

  // How far the generator has come since its seed: enough to bring another one there.
  struct State {
    std::uint64_t seed = default_seed;
    std::uint64_t refills = 0;  // of the twister's 624 numbers
    int position = 0;           // within them, at most 624
    std::optional<double> kept_normal;
  };
  // Setting the last state that was asked for takes no time; others, that of drawing again.
  State state();
  void set_state(const State& state);

  static constexpr int size = 624;

  // Held by whoever draws a tensor, so that its values are drawn in one piece. Recursive: the interrupt
  // handler is asked while numbers are drawn, and may draw some itself.
  std::recursive_mutex& mutex() { return mutex_; }

 private:
  using Words = std::array<std::uint32_t, size>;
  struct Checkpoint {
    std::uint64_t seed, refills;
    Words words;
  };

  void refill();
  void next_words();

  Words words_;
  int position_ = size;
  std::uint64_t refills_ = 0;
  std::uint64_t seed_ = default_seed;
  std::optional<double> kept_normal_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::recursive_mutex mutex_;
};

// The generator of the process, which random functions draw from unless they are given another.
Generator& default_generator();

}  // namespace wick
