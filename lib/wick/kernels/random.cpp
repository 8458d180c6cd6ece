#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

// The recurrence of MT19937 (Matsumoto and Nishimura, 1998).
WICK_INLINE uint32_t twist(uint32_t far, uint32_t word, uint32_t next) {
  const uint32_t y = (word & 0x80000000u) | (next & 0x7fffffffu);
  return far ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908b0dfu);
}

// Every word is read before it is written in the same pass, or was written at least 227 words before: no
// vector of words depends on itself.
void refill(uint32_t* state) {
  constexpr int n = 624, shift = 397;
  WICK_IVDEP
  for (int i = 0; i < n - shift; ++i) state[i] = twist(state[i + shift], state[i], state[i + 1]);
  WICK_IVDEP
  for (int i = n - shift; i < n - 1; ++i) state[i] = twist(state[i + shift - n], state[i], state[i + 1]);
  state[n - 1] = twist(state[shift - 1], state[n - 1], state[0]);
}

void temper(uint32_t* out, const uint32_t* state, int64_t n) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    uint32_t y = state[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    out[i] = y ^ (y >> 18);
  }
}

}  // namespace

void add_random(kernels::Table& table) { table.random = {refill, temper}; }

}  // namespace WICK_LEVEL
}  // namespace wick
