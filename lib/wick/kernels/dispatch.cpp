#include <cstdlib>
#include <cstring>
#include <string_view>

#include "wick/kernels/table.h"

// One entry for each level that was built: WICK_EACH_LEVEL(f) expands to f(level) f(level) ..., lowest first.
namespace wick {

#define WICK_DECLARE(level)               \
  namespace level {                       \
  void fill_table(kernels::Table& table); \
  }
WICK_EACH_LEVEL(WICK_DECLARE)
#undef WICK_DECLARE

inline namespace portable {
void add_complex(kernels::Table& table);
}  // namespace portable

namespace kernels {
namespace {

struct Level {
  const char* name;
  void (*fill)(Table& table);
};

#define WICK_ENTRY(level) {#level, level::fill_table},
constexpr Level built[] = {WICK_EACH_LEVEL(WICK_ENTRY)};
#undef WICK_ENTRY

bool runs_here(std::string_view level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#if defined(__clang__)
  // Clang before 17 does not know the levels by name; these features have always come with the others of
  // their level.
  const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
#else
  const bool v2 = __builtin_cpu_supports("x86-64-v2");
  const bool v3 = __builtin_cpu_supports("x86-64-v3");
  const bool v4 = __builtin_cpu_supports("x86-64-v4");
#endif
  if (level == "v2") return v2;
  if (level == "v3") return v3;
  if (level == "v4") return v4;
#endif
  static_cast<void>(level);
  return true;
}

Table current;

// Level upon level: each enters what it does better than those below.
void choose(const Level& level) {
  current = Table{};
  current.level = level.name;
  add_complex(current);
  for (const Level& part : built) {
    part.fill(current);
    if (&part == &level) break;
  }
}

const Level& best() {
  const char* wanted = std::getenv("WICK_KERNELS");
  const Level* found = &built[0];
  for (const Level& level : built) {
    if (!runs_here(level.name)) continue;
    found = &level;
    if (wanted && std::strcmp(wanted, level.name) == 0) break;
  }
  return *found;
}

// At load; table() sees to it for whoever comes earlier, from a static initializer of their own.
[[maybe_unused]] const bool chosen_at_load = (table(), true);

}  // namespace

const Table& table() noexcept {
  if (!current.level) choose(best());
  return current;
}

int level_count() noexcept {
  int count = 0;
  for (const Level& level : built) count += runs_here(level.name);
  return count;
}

const char* level_name(int index) noexcept { return built[index].name; }

void use_level(int index) noexcept { choose(built[index]); }

}  // namespace kernels
}  // namespace wick
