#include "wick/core/allocator.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "wick/core/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define WICK_KEEP_BLOCKS 0
#else
#define WICK_KEEP_BLOCKS 1
#endif

namespace wick::allocator {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t fine_limit = 1024;                    // up to here classes are multiples of 64
constexpr std::size_t small_limit = 64 * 1024;              // up to here a thread keeps blocks of its own
constexpr std::size_t huge_page = 2 * 1024 * 1024;          // from here the system is asked for huge pages
constexpr std::size_t checked_from = std::size_t{1} << 30;  // from here the memory left is looked up first
constexpr int steps = 8;                                    // classes for each power of two above fine_limit
constexpr int class_count = 16 + (64 - 10) * steps;
constexpr std::size_t thread_bytes = 1024 * 1024;  // what a thread keeps at the most

struct SizeClass {
  int index;
  std::size_t capacity;
};

SizeClass size_class(std::size_t bytes) {
  if (bytes <= fine_limit) {
    const std::size_t units = bytes == 0 ? 1 : (bytes + alignment - 1) / alignment;
    return {static_cast<int>(units) - 1, units * alignment};
  }
  const int top = 63 - std::countl_zero(bytes - 1);  // 2^top < bytes <= 2^(top+1), top >= 10
  const std::size_t step = (std::size_t{1} << top) / steps;
  const std::size_t above = (bytes - (std::size_t{1} << top) + step - 1) / step;  // 1..steps
  return {16 + (top - 10) * steps + static_cast<int>(above) - 1, (std::size_t{1} << top) + above * step};
}

// Freed blocks form a list through their first word.
struct FreeBlock {
  FreeBlock* next;
};

std::atomic<std::size_t> used_bytes{0};
std::atomic<std::size_t> cached_bytes{0};

// Blocks above small_limit, shared by all threads. Never destroyed: tensors may outlive static destructors.
struct LargeCache {
  std::mutex mutex;
  std::array<FreeBlock*, class_count> lists{};
  std::size_t bytes = 0;
  std::size_t limit =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 8;

  void* take(int index, std::size_t capacity) {
    const std::lock_guard lock(mutex);
    FreeBlock* block = lists[static_cast<std::size_t>(index)];
    if (!block) return nullptr;
    lists[static_cast<std::size_t>(index)] = block->next;
    bytes -= capacity;
    cached_bytes.fetch_sub(capacity, std::memory_order_relaxed);
    return block;
  }
  bool keep(void* memory, int index, std::size_t capacity) {
    const std::lock_guard lock(mutex);
    if (bytes + capacity > limit) return false;
    auto*& list = lists[static_cast<std::size_t>(index)];
    list = new (memory) FreeBlock{list};
    bytes += capacity;
    cached_bytes.fetch_add(capacity, std::memory_order_relaxed);
    return true;
  }
  void clear() {
    const std::lock_guard lock(mutex);
    for (auto*& list : lists) {
      while (list) std::free(std::exchange(list, list->next));
    }
    cached_bytes.fetch_sub(bytes, std::memory_order_relaxed);
    bytes = 0;
  }
};

LargeCache& large_cache() {
  static LargeCache* cache = new LargeCache;
  return *cache;
}

// Small blocks of one thread. After its destruction (thread end) blocks go straight back to the system.
struct ThreadCache {
  static constexpr int classes = 16 + (16 - 10) * steps;
  std::array<FreeBlock*, classes> lists{};
  std::size_t bytes = 0;
  bool closed = false;

  void* take(int index, std::size_t capacity) {
    FreeBlock* block = lists[static_cast<std::size_t>(index)];
    if (!block) return nullptr;
    lists[static_cast<std::size_t>(index)] = block->next;
    bytes -= capacity;
    return block;
  }
  bool keep(void* memory, int index, std::size_t capacity) {
    if (closed || bytes + capacity > thread_bytes) return false;
    auto*& list = lists[static_cast<std::size_t>(index)];
    list = new (memory) FreeBlock{list};
    bytes += capacity;
    return true;
  }
  void clear() {
    for (auto*& list : lists) {
      while (list) std::free(std::exchange(list, list->next));
    }
    bytes = 0;
  }
  ~ThreadCache() {
    clear();
    closed = true;
  }
};

thread_local ThreadCache thread_cache;

// What the system says it could still give, in bytes; the largest number when it does not say.
std::size_t available_memory() {
  std::size_t kilobytes = 0;
  if (std::FILE* file = std::fopen("/proc/meminfo", "re")) {
    char line[128];
    while (std::fgets(line, sizeof line, file)) {
      if (std::sscanf(line, "MemAvailable: %zu", &kilobytes) == 1) break;
    }
    std::fclose(file);
  }
  return kilobytes ? kilobytes * 1024 : ~std::size_t{0};
}

void* from_system(std::size_t capacity) {
  // Linux promises more memory than it has and ends the process when a page cannot be had after all.
  if (capacity >= checked_from && capacity > available_memory()) return nullptr;
  if (capacity < huge_page) return std::aligned_alloc(alignment, capacity);
  void* block = nullptr;
  if (posix_memalign(&block, huge_page, capacity) != 0) return nullptr;
  if (WICK_KEEP_BLOCKS) madvise(block, capacity, MADV_HUGEPAGE);
  return block;
}

}  // namespace

void* allocate(std::size_t bytes, std::size_t* capacity) {
  if (bytes > (std::size_t{1} << 62)) {
    throw MemoryError("not enough memory: " + std::to_string(bytes) + " bytes were asked for");
  }
  const SizeClass c = size_class(bytes);
  void* block = nullptr;
  if (WICK_KEEP_BLOCKS) {
    block = c.capacity <= small_limit ? thread_cache.take(c.index, c.capacity)
                                      : large_cache().take(c.index, c.capacity);
  }
  if (!block) block = from_system(c.capacity);
  if (!block) {
    trim();
    block = from_system(c.capacity);
  }
  if (!block) throw MemoryError("not enough memory: " + std::to_string(bytes) + " bytes were asked for");
  used_bytes.fetch_add(c.capacity, std::memory_order_relaxed);
  *capacity = c.capacity;
  return block;
}

void deallocate(void* block, std::size_t capacity) noexcept {
  used_bytes.fetch_sub(capacity, std::memory_order_relaxed);
  if (WICK_KEEP_BLOCKS) {
    const int index = size_class(capacity).index;
    if (capacity <= small_limit ? thread_cache.keep(block, index, capacity)
                                : large_cache().keep(block, index, capacity)) {
      return;
    }
  }
  std::free(block);
}

Statistics statistics() noexcept { return {used_bytes.load(), cached_bytes.load() + thread_cache.bytes}; }

void trim() noexcept {
  thread_cache.clear();
  large_cache().clear();
}

void set_cache_limit(std::size_t bytes) noexcept {
  LargeCache& cache = large_cache();
  bool over;
  {
    const std::lock_guard lock(cache.mutex);
    cache.limit = bytes;
    over = cache.bytes > bytes;
  }
  if (over) cache.clear();
}

}  // namespace wick::allocator
