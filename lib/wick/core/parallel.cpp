#include "wick/core/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>

#include "wick/core/error.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace wick {

#if defined(_OPENMP)

namespace {
int& thread_limit() noexcept {
  static int limit = omp_get_max_threads();
  return limit;
}
}  // namespace

int num_threads() noexcept { return thread_limit(); }

void set_num_threads(int count) {
  if (count < 1)
    throw Error("the number of threads must be 1 or more, " + std::to_string(count) + " was given");
  thread_limit() = count;
}

void parallel::run(std::int64_t count, std::int64_t least, void* context, Body body) {
  const std::int64_t most = std::max<std::int64_t>(count / std::max<std::int64_t>(least, 1), 1);
  const int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), most));
  if (threads <= 1 || omp_in_parallel()) {
    body(context, 0, count);
    return;
  }
  std::exception_ptr failure;
  std::mutex mutex;
#pragma omp parallel num_threads(threads)
  {
    const std::int64_t pieces = omp_get_num_threads();
    const std::int64_t piece = omp_get_thread_num();
    const std::int64_t begin = count * piece / pieces;
    const std::int64_t end = count * (piece + 1) / pieces;
    try {
      if (begin < end) body(context, begin, end);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

#else

int num_threads() noexcept { return 1; }

void set_num_threads(int count) {
  if (count < 1)
    throw Error("the number of threads must be 1 or more, " + std::to_string(count) + " was given");
}

void parallel::run(std::int64_t count, std::int64_t, void* context, Body body) { body(context, 0, count); }

#endif

}  // namespace wick
