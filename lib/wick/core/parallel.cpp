#include "wick/core/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/runtime.h"

namespace wick {
namespace {

// --- How many threads

int processors() noexcept {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

int most_threads() noexcept { return std::max(4 * processors(), 64); }

int threads_at_start() noexcept {
  for (const char* variable : {"WICK_NUM_THREADS", "OMP_NUM_THREADS"}) {
    // OpenMP allows a list, for nested levels; the first number counts.
    if (const char* text = std::getenv(variable)) {
      const long count = std::strtol(text, nullptr, 10);
      if (count >= 1) return static_cast<int>(std::min<long>(count, most_threads()));
    }
  }
  return processors();
}

std::atomic<int>& thread_limit() noexcept {
  static std::atomic<int> limit = threads_at_start();
  return limit;
}

// --- One loop

// Pieces are taken one after another by whoever is free: a thread that the system does not let run holds up
// nobody but with the piece that it has.
class Job {
 public:
  Job(std::int64_t count, std::int64_t pieces, void* context, parallel::Body body)
      : count_(count), pieces_(pieces), context_(context), body_(body) {}

  // Until no piece is left. `asks`: the calling thread, which asks its interrupt handler.
  void work(bool asks) noexcept {
    for (;;) {
      const std::int64_t piece = next_.fetch_add(1, std::memory_order_relaxed);
      if (piece >= pieces_) return;
      try {
        const std::int64_t begin = begin_of(piece);
        if (asks && piece > 0) check_interrupt({begin, count_});
        body_(context_, begin, begin_of(piece + 1));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        failed_.store(true, std::memory_order_relaxed);
        next_.store(pieces_, std::memory_order_relaxed);
      }
    }
  }

  // In another thread, which has no handler of its own: what asks within a long piece learns there whether
  // another one has failed, as when the calling thread was told to stop.
  void help() noexcept {
    const auto goes_on = [](void* job, const Progress&) {
      return !static_cast<const Job*>(job)->failed_.load(std::memory_order_relaxed);
    };
    const InterruptScope asked(goes_on, this);
    work(false);
  }

  void finish() {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // The first ones are longer by one where they cannot all have the same length.
  std::int64_t begin_of(std::int64_t piece) const noexcept {
    return count_ / pieces_ * piece + std::min(piece, count_ % pieces_);
  }

  const std::int64_t count_, pieces_;
  void* const context_;
  const parallel::Body body_;
  std::atomic<std::int64_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::atomic<bool> failed_{false};
};

// --- The threads that help

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Some ten microseconds; after that the system is asked to wake the thread, so that one without a processor
// of its own does not keep others from theirs.
constexpr int spins = 300;

enum class State : std::uint32_t { Idle, Called, Working, Ending };

void wait_while(const std::atomic<State>& state, State value) noexcept {
  for (int i = 0; i < spins; ++i) {
    if (state.load(std::memory_order_acquire) != value) return;
    pause();
  }
  state.wait(value, std::memory_order_acquire);
}

thread_local bool inside = false;  // this thread is working on a loop

class alignas(64) Helper {
 public:
  // std::system_error when there are no more threads to be had.
  Helper() : thread_([this] { run(); }) {}

  void call(Job& job) noexcept {
    job_ = &job;
    signal(State::Called);
  }
  // Returns when the helper has nothing to do with the job any more; at once if it has not begun.
  void dismiss() noexcept {
    State called = State::Called;
    if (state_.compare_exchange_strong(called, State::Idle, std::memory_order_acquire)) return;
    while (state_.load(std::memory_order_acquire) == State::Working) wait_while(state_, State::Working);
  }
  void end() {
    signal(State::Ending);
    thread_.join();
  }

 private:
  void signal(State state) noexcept {
    state_.store(state, std::memory_order_release);
    state_.notify_one();
  }
  void run() noexcept {
    inside = true;
    for (;;) {
      wait_while(state_, State::Idle);
      State called = State::Called;
      if (state_.compare_exchange_strong(called, State::Working, std::memory_order_acquire)) {
        const FlushDenormalScope flushing;
        job_->help();
        signal(State::Idle);
      } else if (called == State::Ending) {
        return;
      }
    }
  }

  std::atomic<State> state_{State::Idle};
  Job* job_ = nullptr;
  std::thread thread_;  // last: it begins with the other members made
};

// The helpers serve one loop at a time. Never destroyed: loops may run while the process ends.
class Pool {
 public:
  static Pool*& instance() {
    static Pool* pool = make();
    return pool;
  }

  bool try_lock() noexcept { return !ended_.load(std::memory_order_relaxed) && mutex_.try_lock(); }
  void unlock() noexcept { mutex_.unlock(); }

  // The job's work, with `count` helpers if there can be so many. Locked.
  void work(Job& job, std::size_t count) {
    grow(count);
    count = std::min(count, helpers_.size());
    for (std::size_t i = 0; i < count; ++i) helpers_[i]->call(job);
    inside = true;
    job.work(true);
    inside = false;
    for (std::size_t i = 0; i < count; ++i) helpers_[i]->dismiss();
  }

 private:
  static Pool* make() {
    // The child of a fork has none of the threads, and what was locked stays locked.
    pthread_atfork(nullptr, nullptr, [] {
      instance() = new Pool;
      inside = false;
    });
    // The threads end before the library's code may go.
    static const struct End {
      ~End() { instance()->end(); }
    } end;
    return new Pool;
  }

  void grow(std::size_t count) {
    if (helpers_.size() >= count) return;
    // Signals are for the program's own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      while (helpers_.size() < count) helpers_.push_back(std::make_unique<Helper>());
    } catch (const std::exception&) {
      // Those there are will do.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void end() {
    if (inside || !try_lock()) return;
    ended_ = true;
    for (const auto& helper : helpers_) helper->end();
    helpers_.clear();
    unlock();
  }

  std::mutex mutex_;
  std::atomic<bool> ended_{false};
  std::vector<std::unique_ptr<Helper>> helpers_;
};

// So much more than the least is a block between two questions to the interrupt handler: some milliseconds.
constexpr std::int64_t between_questions = 64;

}  // namespace

int num_threads() noexcept { return thread_limit().load(std::memory_order_relaxed); }

void set_num_threads(int count) {
  if (count < 1) fail("set_num_threads", "the number of threads must be 1 or more, {} was given", count);
  thread_limit() = std::min(count, most_threads());
}

void parallel::run(std::int64_t count, std::int64_t least, void* context, Body body) {
  const std::int64_t most = std::max<std::int64_t>(count / std::max<std::int64_t>(least, 1), 1);
  const std::int64_t threads = inside ? 1 : std::min<std::int64_t>(num_threads(), most);
  std::int64_t pieces = interruptible() ? std::max<std::int64_t>(most / between_questions, 1) : 1;
  Pool* pool = threads > 1 ? Pool::instance() : nullptr;
  if (!pool || !pool->try_lock()) {
    if (pieces == 1) return body(context, 0, count);
    Job job(count, pieces, context, body);
    job.work(true);
    return job.finish();
  }
  // Several pieces a thread even out what one of them loses to other processes.
  pieces = std::max(pieces, std::min(most, 4 * threads));
  Job job(count, pieces, context, body);
  pool->work(job, static_cast<std::size_t>(threads - 1));
  pool->unlock();
  job.finish();
}

}  // namespace wick
