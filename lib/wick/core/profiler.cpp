#include "wick/core/profiler.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "wick/core/allocator.h"

namespace wick::profiler {
namespace {

std::atomic<bool> recording{false};

struct Record {
  std::mutex mutex;
  std::map<std::string, Entry, std::less<>> entries;
};
// Never destroyed: ranges may end while the process does.
Record& record() {
  static Record* all = new Record;
  return *all;
}

constinit thread_local Range* innermost = nullptr;

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void start() {
  const std::lock_guard lock(record().mutex);
  record().entries.clear();
  recording.store(true, std::memory_order_relaxed);
}

void stop() noexcept { recording.store(false, std::memory_order_relaxed); }

bool running() noexcept { return recording.load(std::memory_order_relaxed); }

std::vector<Entry> report() {
  std::vector<Entry> out;
  {
    const std::lock_guard lock(record().mutex);
    for (const auto& [name, entry] : record().entries) out.push_back(entry);
  }
  std::stable_sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.total > b.total; });
  return out;
}

Range::Range(std::string_view name, std::string_view suffix) : active_(running()) {
  if (!active_) return;
  name_.append(name).append(suffix);
  outer_ = std::exchange(innermost, this);
  allocated_ = allocator::asked_by_thread();
  begin_ = Clock::now();
}

Range::~Range() {
  if (!active_) return;
  const Clock::duration time = Clock::now() - begin_;
  innermost = outer_;
  if (outer_) outer_->within_ += time;
  if (!running()) return;
  bool outermost = true;
  for (const Range* around = outer_; around && outermost; around = around->outer_)
    outermost = around->name_ != name_;
  const std::lock_guard lock(record().mutex);
  Entry& entry = record().entries[name_];
  entry.name = name_;
  ++entry.count;
  if (outermost) entry.total += seconds(time);
  entry.self += seconds(time - within_);
  if (outermost) entry.allocated += static_cast<std::int64_t>(allocator::asked_by_thread() - allocated_);
}

}  // namespace wick::profiler
