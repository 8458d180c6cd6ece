#include "wick/ops/generator.h"

#include <cmath>
#include <numbers>

namespace wick {

void Generator::seed(std::uint64_t seed) {
  seed_ = seed;
  kept_normal_.reset();
  // MT19937's own initialization (Matsumoto and Nishimura, 2002), from the low 32 bits.
  state_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < size; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
  position_ = size;
  refills_ = 0;
}

void Generator::refill() {
  constexpr std::size_t n = size, shift = 397;
  const auto twist = [this](std::size_t at, std::size_t next, std::size_t far) {
    const std::uint32_t y = (state_[at] & 0x80000000u) | (state_[next] & 0x7fffffffu);
    state_[at] = state_[far] ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908b0dfu);
  };
  for (std::size_t i = 0; i < n - shift; ++i) twist(i, i + 1, i + shift);
  for (std::size_t i = n - shift; i < n - 1; ++i) twist(i, i + 1, i + shift - n);
  twist(n - 1, 0, shift - 1);
  position_ = 0;
  ++refills_;
}

double Generator::normal() {
  if (kept_normal_) {
    const double kept = *kept_normal_;
    kept_normal_.reset();
    return kept;
  }
  const double u1 = uniform53(), u2 = uniform53();
  const double radius = std::sqrt(-2 * std::log1p(-u2));
  const double angle = 2 * std::numbers::pi * u1;
  kept_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

double Generator::exponential() { return -std::log1p(-uniform53()); }

Generator::Progress Generator::progress() {
  if (!checkpoint_) checkpoint_ = std::make_unique<Checkpoint>();
  *checkpoint_ = {seed_, refills_, state_};
  return {seed_, refills_, position_, kept_normal_};
}

void Generator::return_to(const Progress& progress) {
  if (checkpoint_ && checkpoint_->seed == progress.seed && checkpoint_->refills <= progress.refills) {
    seed_ = checkpoint_->seed;
    refills_ = checkpoint_->refills;
    state_ = checkpoint_->state;
  } else if (seed_ != progress.seed || refills_ > progress.refills) {
    seed(progress.seed);
  }
  while (refills_ < progress.refills) refill();
  position_ = progress.position;
  kept_normal_ = progress.kept_normal;
}

Generator& default_generator() {
  static Generator* generator = new Generator;  // never destroyed: drawn from until the very end
  return *generator;
}

}  // namespace wick
