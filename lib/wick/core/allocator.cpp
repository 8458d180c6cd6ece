#include "wick/core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
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

std::atomic<std::size_t> used_bytes{0}, peak_bytes{0};
constinit thread_local std::size_t asked_bytes = 0;

void count_used(std::size_t capacity) noexcept {
  asked_bytes += capacity;
  const std::size_t used = used_bytes.fetch_add(capacity, std::memory_order_relaxed) + capacity;
  std::size_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (used > peak && !peak_bytes.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

// --- Limits

// The number in a file of the system's; the largest one when there is none.
std::size_t number_in(const char* path) {
  std::size_t number = ~std::size_t{0};
  if (std::FILE* file = std::fopen(path, "re")) {
    if (std::fscanf(file, "%zu", &number) != 1) number = ~std::size_t{0};
    std::fclose(file);
  }
  return number;
}

// What the control group of this process (version 2, then 1) may use, and what of that is left. In a
// container its own group stands at the root.
struct GroupFiles {
  const char* limit;
  const char* usage;
};
constexpr GroupFiles group_files[] = {
    {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
    {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};

std::size_t group_limit() {
  std::size_t least = ~std::size_t{0};
  for (const GroupFiles& files : group_files) least = std::min(least, number_in(files.limit));
  return least;
}

// The memory that this process may have at the most.
std::size_t memory_limit() {
  std::size_t least =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  least = std::min(least, group_limit());
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      least = std::min<std::size_t>(least, limit.rlim_cur);
  }
  return least;
}

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
  std::size_t least = kilobytes ? kilobytes * 1024 : ~std::size_t{0};
  for (const GroupFiles& files : group_files) {
    const std::size_t limit = number_in(files.limit), usage = number_in(files.usage);
    if (limit != ~std::size_t{0} && usage < limit) least = std::min(least, limit - usage);
  }
  return least;
}

// --- The system

// From here blocks are mapped by themselves, aligned to huge pages, so that all of one goes back at once: the
// C library keeps what it was given in pieces.
constexpr std::size_t mapped_from = WICK_KEEP_BLOCKS ? huge_page : ~std::size_t{0};

void* map(std::size_t capacity) {
  const std::size_t length = capacity + huge_page;
  void* mapped = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapped);
  const std::size_t skipped = (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
  if (skipped > 0) munmap(begin, skipped);
  munmap(begin + skipped + capacity, length - skipped - capacity);
  madvise(begin + skipped, capacity, MADV_HUGEPAGE);
  return begin + skipped;
}

void give_back(void* block, std::size_t capacity) noexcept {
  if (capacity >= mapped_from) {
    munmap(block, capacity);
  } else {
    std::free(block);
  }
}

// --- Blocks above small_limit, shared by all threads

// A freed block holds its places in the list of its class, the latest first, and in that of all, by age.
struct LargeBlock {
  LargeBlock *next, *previous;  // of the class
  LargeBlock *older, *younger;  // of all
  std::size_t capacity;
};

// Never destroyed: tensors may outlive static destructors.
class LargeCache {
 public:
  // A kept block of the class or of one up to twice as large.
  void* take(int index, std::size_t* capacity) {
    const std::lock_guard lock(mutex_);
    for (int i = index; i <= std::min(index + steps, class_count - 1); ++i) {
      LargeBlock* block = lists_[static_cast<std::size_t>(i)];
      if (!block) continue;
      remove(block);
      *capacity = block->capacity;
      note_used(block->capacity);
      return block;
    }
    return nullptr;
  }

  // Makes room for a block that the system is asked for.
  void make_room(std::size_t capacity) {
    LargeBlock* evicted;
    {
      const std::lock_guard lock(mutex_);
      note_used(capacity);
      evicted = evict(allowed());
    }
    free_all(evicted);
  }

  // Whether the block was kept; the oldest ones go where there are too many.
  bool keep(void* memory, std::size_t capacity) {
    LargeBlock* evicted;
    bool kept = false;
    {
      const std::lock_guard lock(mutex_);
      used_ -= std::min(used_, capacity);
      if (++frees_ % window == 0) {
        peak_before_ = peak_;
        peak_ = used_;
      }
      const std::size_t most = allowed();
      kept = capacity <= most;
      evicted = evict(kept ? most - capacity : most);
      if (kept) insert(new (memory) LargeBlock{nullptr, nullptr, nullptr, nullptr, capacity});
    }
    free_all(evicted);
    return kept;
  }

  // The block could not be had after all.
  void forget(std::size_t capacity) {
    const std::lock_guard lock(mutex_);
    used_ -= capacity;
    peak_ = std::max(used_, peak_before_);
  }

  void clear() {
    LargeBlock* evicted;
    {
      const std::lock_guard lock(mutex_);
      evicted = evict(0);
    }
    free_all(evicted);
  }

  void set_limit(std::size_t bytes) {
    LargeBlock* evicted;
    {
      const std::lock_guard lock(mutex_);
      limit_ = bytes;
      evicted = evict(bytes);
    }
    free_all(evicted);
  }

  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  // Held while the process forks, so that the child does not find it locked for good.
  std::mutex& mutex() { return mutex_; }

 private:
  static constexpr std::uint64_t window = 256;  // frees after which a peak begins to be forgotten
  static constexpr std::size_t always = std::size_t{64} << 20;

  void note_used(std::size_t capacity) {
    used_ += capacity;
    peak_ = std::max(peak_, used_);
  }

  // How much may be kept: with what is in use not much more than what has lately been in use at once, for
  // then work that repeats itself finds its blocks again, and other work does not pile them up.
  std::size_t allowed() const {
    const std::size_t peak = std::max(peak_, peak_before_);
    const std::size_t in_all = std::max(peak + peak / 4, used_);
    return std::min(limit_, std::max(in_all - used_, always));
  }

  // Takes the oldest blocks out until at most so many bytes are left; answers them as a list.
  LargeBlock* evict(std::size_t most) {
    LargeBlock* evicted = nullptr;
    while (bytes_ > most) {
      LargeBlock* block = oldest_;
      remove(block);
      block->next = evicted;
      evicted = block;
    }
    return evicted;
  }
  static void free_all(LargeBlock* block) {
    while (block) {
      LargeBlock* next = block->next;
      give_back(block, block->capacity);
      block = next;
    }
  }

  LargeBlock*& list_of(const LargeBlock* block) {
    return lists_[static_cast<std::size_t>(size_class(block->capacity).index)];
  }
  void insert(LargeBlock* block) {
    LargeBlock*& first = list_of(block);
    block->next = first;
    if (first) first->previous = block;
    first = block;
    block->older = youngest_;
    (youngest_ ? youngest_->younger : oldest_) = block;
    youngest_ = block;
    bytes_ += block->capacity;
  }
  void remove(LargeBlock* block) {
    (block->previous ? block->previous->next : list_of(block)) = block->next;
    if (block->next) block->next->previous = block->previous;
    (block->older ? block->older->younger : oldest_) = block->younger;
    (block->younger ? block->younger->older : youngest_) = block->older;
    bytes_ -= block->capacity;
  }

  std::mutex mutex_;
  std::array<LargeBlock*, class_count> lists_{};
  LargeBlock *oldest_ = nullptr, *youngest_ = nullptr;
  std::size_t bytes_ = 0;  // kept
  std::size_t used_ = 0;   // in large blocks that are in use
  std::size_t peak_ = 0, peak_before_ = 0;
  std::uint64_t frees_ = 0;
  std::size_t limit_ = memory_limit() / 8;
};

LargeCache& large_cache() {
  static LargeCache* cache = new LargeCache;
  return *cache;
}

// --- Small blocks

// Freed blocks form a list through their first word.
struct FreeBlock {
  FreeBlock* next;
};

// A list of the caches of all threads that are running, so that what they keep can be told.
class ThreadCache;
struct Registry {
  std::mutex mutex;
  ThreadCache* first = nullptr;
};
void before_fork();
void after_fork();
void after_fork_in_child();
Registry& registry() {
  static Registry* all = [] {
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
    return new Registry;
  }();
  return *all;
}
// That of this thread, while it is in the list.
constinit thread_local ThreadCache* own_cache = nullptr;

// Those of one thread. After its destruction (thread end) blocks go straight back to the system.
class ThreadCache {
 public:
  static constexpr int classes = 16 + (16 - 10) * steps;

  ThreadCache() {
    const std::lock_guard lock(registry().mutex);
    next_ = registry().first;
    if (next_) next_->previous_ = this;
    registry().first = this;
    own_cache = this;
  }
  ~ThreadCache() {
    clear();
    closed_ = true;
    const std::lock_guard lock(registry().mutex);
    own_cache = nullptr;
    (previous_ ? previous_->next_ : registry().first) = next_;
    if (next_) next_->previous_ = previous_;
  }

  void* take(int index, std::size_t capacity) {
    FreeBlock* block = lists_[static_cast<std::size_t>(index)];
    if (!block) return nullptr;
    lists_[static_cast<std::size_t>(index)] = block->next;
    set_bytes(bytes() - capacity);
    return block;
  }
  bool keep(void* memory, int index, std::size_t capacity) {
    if (closed_ || bytes() + capacity > thread_bytes) return false;
    auto*& list = lists_[static_cast<std::size_t>(index)];
    list = new (memory) FreeBlock{list};
    set_bytes(bytes() + capacity);
    return true;
  }
  void clear() {
    for (auto*& list : lists_) {
      while (list) std::free(std::exchange(list, list->next));
    }
    set_bytes(0);
  }
  // Of all threads.
  static std::size_t total() {
    std::size_t sum = 0;
    const std::lock_guard lock(registry().mutex);
    for (const ThreadCache* cache = registry().first; cache; cache = cache->next_) sum += cache->bytes();
    return sum;
  }
  // The other threads are gone, and the memory of their caches may be used anew.
  static void keep_own() {
    registry().first = own_cache;
    if (own_cache) own_cache->next_ = own_cache->previous_ = nullptr;
  }

 private:
  // Written by its thread alone, read by others.
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  void set_bytes(std::size_t bytes) { bytes_.store(bytes, std::memory_order_relaxed); }

  std::array<FreeBlock*, classes> lists_{};
  std::atomic<std::size_t> bytes_ = 0;
  bool closed_ = false;
  ThreadCache *next_ = nullptr, *previous_ = nullptr;
};

thread_local ThreadCache thread_cache;

// By the pointer where there is one: whether the object has been made is asked at every access otherwise.
ThreadCache& cache_of_thread() { return own_cache ? *own_cache : thread_cache; }

// The child of a fork must not find locked for good what another thread was at, nor half changed.
void before_fork() {
  registry().mutex.lock();
  large_cache().mutex().lock();
}
void after_fork() {
  large_cache().mutex().unlock();
  registry().mutex.unlock();
}
void after_fork_in_child() {
  ThreadCache::keep_own();
  after_fork();
}

void* from_system(std::size_t capacity) {
  // Linux promises more memory than it has and ends the process when a page cannot be had after all.
  if (capacity >= checked_from && capacity > available_memory()) return nullptr;
  return capacity >= mapped_from ? map(capacity) : std::aligned_alloc(alignment, capacity);
}

}  // namespace

void* allocate(std::size_t bytes, std::size_t* capacity) {
  if (bytes > (std::size_t{1} << 62)) {
    throw MemoryError("not enough memory: " + std::to_string(bytes) + " bytes were asked for");
  }
  const SizeClass c = size_class(bytes);
  const bool small = c.capacity <= small_limit;
  *capacity = c.capacity;
  void* block = nullptr;
  if (WICK_KEEP_BLOCKS)
    block = small ? cache_of_thread().take(c.index, c.capacity) : large_cache().take(c.index, capacity);
  if (!block) {
    if (WICK_KEEP_BLOCKS && !small) large_cache().make_room(c.capacity);
    block = from_system(c.capacity);
  }
  if (!block) {
    trim();
    block = from_system(c.capacity);
  }
  if (!block) {
    if (WICK_KEEP_BLOCKS && !small) large_cache().forget(c.capacity);
    throw MemoryError("not enough memory: " + std::to_string(bytes) + " bytes were asked for");
  }
  count_used(*capacity);
  return block;
}

void deallocate(void* block, std::size_t capacity) noexcept {
  used_bytes.fetch_sub(capacity, std::memory_order_relaxed);
  if (WICK_KEEP_BLOCKS) {
    if (capacity <= small_limit ? cache_of_thread().keep(block, size_class(capacity).index, capacity)
                                : large_cache().keep(block, capacity)) {
      return;
    }
  }
  give_back(block, capacity);
}

Statistics statistics() noexcept {
  return {used_bytes.load(), large_cache().bytes() + ThreadCache::total(), peak_bytes.load()};
}

void reset_peak() noexcept { peak_bytes.store(used_bytes.load()); }

std::size_t asked_by_thread() noexcept { return asked_bytes; }

void trim() noexcept {
  cache_of_thread().clear();
  large_cache().clear();
}

void set_cache_limit(std::size_t bytes) noexcept { large_cache().set_limit(bytes); }

}  // namespace wick::allocator
