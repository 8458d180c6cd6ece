#pragma once

// Private: when loops of many small steps, which parallel_for does not see, ask the interrupt handler.

#include <cstdint>

#include "wick/core/interrupt.h"

namespace wick {

// Steps between two questions. A multiple of 4.
inline constexpr std::int64_t between_questions = std::int64_t{1} << 16;

// Asks after each so many steps, the first of which is 0; short loops do not pay for it.
inline void ask_after(std::int64_t step) {
  if (step % between_questions == between_questions - 1) check_interrupt();
}

}  // namespace wick
