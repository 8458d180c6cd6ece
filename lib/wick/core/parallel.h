#pragma once

#include <cstdint>
#include <type_traits>

#include "wick/core/api.h"

namespace WICK_API wick {

// How many threads large operations may use. At the start what WICK_NUM_THREADS or OMP_NUM_THREADS says, else
// the processors that this process may run on.
int num_threads() noexcept;
// From 1 on, Error otherwise. More than a few times the processors there are count as that many.
void set_num_threads(int count);

namespace parallel {

// Pieces of less work than this (in elements of a cheap operation) are not worth a thread.
inline constexpr std::int64_t grain = 65536;

using Body = void (*)(void* context, std::int64_t begin, std::int64_t end);
void run(std::int64_t count, std::int64_t least, void* context, Body body);

}  // namespace parallel

// Calls f(begin, end) for pieces that together are [0, count), each of at least `least` positions, on several
// threads where there is more than one piece. The calling thread works too, and asks its interrupt handler
// (interrupt.h) between pieces. An exception in one piece is thrown again here, after all have ended; pieces
// that have not begun by then are left out. Within f and where other threads' loops have the helpers, there
// is one thread. After fork() the child makes helpers of its own.
template <class F>
void parallel_for(std::int64_t count, std::int64_t least, F&& f) {
  if (count <= 0) return;
  if (count <= least) {
    f(std::int64_t{0}, count);
    return;
  }
  parallel::run(count, least, const_cast<void*>(static_cast<const void*>(&f)),
                [](void* context, std::int64_t begin, std::int64_t end) {
                  (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
                });
}

}  // namespace wick
