#include "wick/core/runtime.h"

#include <atomic>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "wick/core/parallel.h"
#include "wick/kernels/table.h"

namespace wick {
namespace {

// The thread's control word of floating point arithmetic, and the bits of it that the switch stands for.
#if defined(__x86_64__)
constexpr bool can_flush = true;
constexpr unsigned long flush_bits = 0x8000 | 0x0040;  // flush to zero, denormals are zeros
unsigned long control_word() noexcept { return _mm_getcsr(); }
void set_control_word(unsigned long word) noexcept { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
constexpr bool can_flush = true;
constexpr unsigned long flush_bits = 1UL << 24;  // FZ
unsigned long control_word() noexcept {
  unsigned long word;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
void set_control_word(unsigned long word) noexcept { asm volatile("msr fpcr, %0" : : "r"(word)); }
#else
constexpr bool can_flush = false;
constexpr unsigned long flush_bits = 0;
unsigned long control_word() noexcept { return 0; }
void set_control_word(unsigned long) noexcept {}
#endif

std::atomic<bool> flushing{false};

void switch_thread(bool enabled) noexcept {
  const unsigned long before = control_word(), wanted = enabled ? before | flush_bits : before & ~flush_bits;
  // Writing the word costs more than reading it.
  if (wanted != before) set_control_word(wanted);
}

}  // namespace

bool set_flush_denormal(bool enabled) noexcept {
  if (!can_flush) return false;
  flushing.store(enabled, std::memory_order_relaxed);
  switch_thread(enabled);
  return true;
}

bool flush_denormal() noexcept { return flushing.load(std::memory_order_relaxed); }

FlushDenormalScope::FlushDenormalScope(bool flush) noexcept : before_(control_word()) {
  switch_thread(flush);
}

FlushDenormalScope::~FlushDenormalScope() { switch_thread((before_ & flush_bits) != 0); }

std::vector<std::pair<std::string, std::string>> build_info() {
  std::string levels;
  for (int i = 0; i < kernels::level_count(); ++i) {
    if (i > 0) levels += ' ';
    levels += kernels::level_name(i);
  }
#if defined(WICK_HAS_MINIZIP)
  constexpr const char* archives = "true";
#else
  constexpr const char* archives = "false";
#endif
  return {{"version", WICK_VERSION}, {"kernels", kernels::table().level},
          {"levels", levels},        {"threads", std::to_string(num_threads())},
          {"compiler", __VERSION__}, {"npz", archives}};
}

}  // namespace wick
