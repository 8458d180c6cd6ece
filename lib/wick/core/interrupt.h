#pragma once

#include <cstdint>

#include "wick/core/error.h"

// One hook for cancellation, limits and progress: whoever calls the library can have it asked now and then
// whether to go on.
//
//   const InterruptScope asked(handler, context);  // for this thread, until the end of the block
//   Tensor y = matmul(a, b);                       // throws Interrupted where the handler answers false
//
// Long operations ask between blocks of some hundred microseconds of work, and so do waits for other
// processes; only ever in the thread that called the operation. Loops that go through parallel_for ask by
// themselves, others call check_interrupt() once a panel, a row or a block; with no handler that costs a few
// instructions.
//
// An operation that is stopped leaves nothing behind: results are not handed out, and what changes a tensor
// in place, or several leaves' gradients, does not ask once it has begun to write (Uninterrupted).

namespace WICK_API wick {

// How far the loop has come that the calling thread is running; a total of 0 means that it is not known.
struct Progress {
  std::int64_t done = 0;
  std::int64_t total = 0;
};

// What an operation throws when a handler has told it to stop.
class Interrupted : public Error {
 public:
  using Error::Error;
};

// Answers whether to go on. It may throw; its exception then ends the operation in place of Interrupted.
// While it runs, nothing asks it.
using InterruptHandler = bool (*)(void* context, const Progress& progress);

// Installs a handler for this thread; null for none. The one before is back at the end.
class InterruptScope {
 public:
  explicit InterruptScope(InterruptHandler handler, void* context = nullptr) noexcept;
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  InterruptHandler handler_;
  void* context_;
};

// A block that runs to its end, since what it writes can be seen.
struct Uninterrupted : InterruptScope {
  Uninterrupted() noexcept : InterruptScope(nullptr) {}
};

// Whether this thread has a handler.
bool interruptible() noexcept;

// Asks the handler, if there is one. Interrupted when it says to stop.
void check_interrupt(const Progress& progress = {});

}  // namespace wick
