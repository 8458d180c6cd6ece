#include "wick/ops/generator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "wick/core/interrupt.h"
#include "wick/kernels/table.h"

namespace wick {

void Generator::seed(std::uint64_t seed) {
  seed_ = seed;
  kept_normal_.reset();
  // MT19937's own initialization (Matsumoto and Nishimura, 2002), from the low 32 bits.
  words_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < size; ++i) {
    words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
  }
  position_ = size;
  refills_ = 0;
}

namespace {

// So many times the words are drawn anew between two questions to the interrupt handler: some hundred
// microseconds.
constexpr std::uint64_t between_questions = 64;

}  // namespace

void Generator::refill() {
  if (refills_ % between_questions == between_questions - 1) {
    check_interrupt();
    if (position_ < size) return;  // the handler has drawn numbers
  }
  next_words();
}

void Generator::next_words() {
  kernels::table().random.refill(words_.data());
  position_ = 0;
  ++refills_;
}

void Generator::draw(std::uint32_t* out, std::int64_t n) {
  while (n > 0) {
    if (position_ == size) refill();
    const std::int64_t count = std::min<std::int64_t>(n, size - position_);
    kernels::table().random.temper(out, words_.data() + position_, count);
    position_ += static_cast<int>(count);
    out += count;
    n -= count;
  }
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

Generator::State Generator::state() {
  if (!checkpoint_) checkpoint_ = std::make_unique<Checkpoint>();
  *checkpoint_ = {seed_, refills_, words_};
  return {seed_, refills_, position_, kept_normal_};
}

void Generator::set_state(const State& state) {
  if (checkpoint_ && checkpoint_->seed == state.seed && checkpoint_->refills <= state.refills) {
    seed_ = checkpoint_->seed;
    refills_ = checkpoint_->refills;
    words_ = checkpoint_->words;
  } else if (seed_ != state.seed || refills_ > state.refills) {
    seed(state.seed);
  }
  while (refills_ < state.refills) next_words();
  position_ = state.position;
  kept_normal_ = state.kept_normal;
}

Generator& default_generator() {
  static Generator* generator = new Generator;  // never destroyed: drawn from until the very end
  return *generator;
}

}  // namespace wick
