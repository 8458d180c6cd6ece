#pragma once

#include <cstddef>

#include "wick/core/api.h"

namespace WICK_API wick {

// Memory for tensors: blocks aligned to 64 bytes. Freed blocks are kept for the next request of their size
// class, small ones per thread, because fresh memory costs several times what writing to it does. A large one
// also serves requests down to half its size. What is in use and what is kept are together not much more than
// what was in use at once lately; the blocks that have been kept longest go back to the system. Built with
// AddressSanitizer nothing is kept, so that it sees every use of freed memory.
namespace allocator {

// At least `bytes` bytes; *capacity is what to hand to deallocate. MemoryError when there is no memory left.
void* allocate(std::size_t bytes, std::size_t* capacity);
void deallocate(void* block, std::size_t capacity) noexcept;

struct Statistics {
  std::size_t used;    // bytes in live blocks
  std::size_t cached;  // bytes in freed blocks that are kept, all threads together
  std::size_t peak;    // the most that `used` has been since the start, or since reset_peak()
};
Statistics statistics() noexcept;
void reset_peak() noexcept;
// The bytes that this thread has asked for so far, in blocks that may have been freed since.
std::size_t asked_by_thread() noexcept;

// Gives the kept blocks back to the system (of other threads: the large ones only).
void trim() noexcept;

// The most bytes of large blocks that are kept; at the start one eighth of the memory that this process may
// have, by its limits (RLIMIT_AS, RLIMIT_DATA), its control group and the machine.
void set_cache_limit(std::size_t bytes) noexcept;

}  // namespace allocator
}  // namespace wick
