#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wick/core/api.h"

// What the library is made of and how it runs; see also parallel.h for threads and allocator.h for memory.

namespace WICK_API wick {

// Whether results too small for a normal number (of float32 those below about 1.2e-38) become 0, and operands
// of that size count as 0: the processor's own switch, which saves time where such numbers are many. It holds
// for the helper threads of all loops, and for the calling thread, whose own arithmetic changes as well.
// Answers whether the processor can; where it cannot nothing happens.
bool set_flush_denormal(bool enabled) noexcept;
bool flush_denormal() noexcept;

// For a block the calling thread has the switch as it was last set, or as is said; what it had before is back
// at the end. A program that is to compute as before outside of the library encloses its calls in such
// blocks.
class FlushDenormalScope {
 public:
  explicit FlushDenormalScope(bool flush = flush_denormal()) noexcept;
  ~FlushDenormalScope();
  FlushDenormalScope(const FlushDenormalScope&) = delete;
  FlushDenormalScope& operator=(const FlushDenormalScope&) = delete;

 private:
  unsigned long before_;
};

// The version, the instruction-set level of the kernels and those that there are, threads, and what the
// library was built with: names and values, for reports of faults.
std::vector<std::pair<std::string, std::string>> build_info();

}  // namespace wick
