#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wick/core/api.h"

// How long what takes: between start() and stop() the library adds up by name the nodes of backward passes
// ("mul, backward"), and a program what it encloses in a Range. For all threads together.

namespace WICK_API wick {
namespace profiler {

// Begins anew, with nothing recorded.
void start();
// What was recorded stays until the next start().
void stop() noexcept;
bool running() noexcept;

struct Entry {
  std::string name;
  std::int64_t count = 0;
  double total = 0;            // seconds; of nested ranges of one name the outermost counts
  double self = 0;             // seconds without those of ranges within it
  std::int64_t allocated = 0;  // bytes asked for by the thread, freed ones too
};
// Those with the longest total first.
std::vector<Entry> report();

// A block that counts under a name; without effect where nothing is recorded when it begins.
class Range {
 public:
  explicit Range(std::string_view name, std::string_view suffix = {});
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  bool active_;
  std::string name_;
  Range* outer_ = nullptr;
  Clock::time_point begin_;
  std::size_t allocated_ = 0;
  Clock::duration within_{};  // ranges that began and ended within this one
};

}  // namespace profiler
}  // namespace wick
