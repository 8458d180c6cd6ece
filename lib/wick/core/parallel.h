#pragma once

#include <cstdint>
#include <type_traits>

namespace wick {

// How many threads large operations may use: the processors this process may run on, or OMP_NUM_THREADS.
// Always 1 where the library was built without OpenMP.
int num_threads() noexcept;
// From 1 on; Error otherwise.
void set_num_threads(int count);

namespace parallel {

// Pieces of less work than this (in elements of a cheap operation) are not worth a thread.
inline constexpr std::int64_t grain = 32768;

using Body = void (*)(void* context, std::int64_t begin, std::int64_t end);
void run(std::int64_t count, std::int64_t least, void* context, Body body);

}  // namespace parallel

// Calls f(begin, end) for pieces that together are [0, count), on several threads when each gets at least
// `least`. An exception in one piece is thrown again here, after all have ended.
template <class F>
void parallel_for(std::int64_t count, std::int64_t least, F&& f) {
  if (count <= 0) return;
  if (count <= least) {
    f(std::int64_t{0}, count);
    return;
  }
  parallel::run(count, least, &f, [](void* context, std::int64_t begin, std::int64_t end) {
    (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
  });
}

}  // namespace wick
