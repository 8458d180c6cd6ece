#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <stdexcept>
#include <thread>

#include "wick/core/interrupt.h"

#include "support.h"

namespace wick::test {

TEST_CASE("parallel: every position once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 7}) {
    const Threads limit(threads);
    for (const std::int64_t count : {0, 1, 2, 5, 63, 1000}) {
      for (const std::int64_t least : {0, 1, 10, 5000}) {
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
        parallel_for(count, least, [&](std::int64_t begin, std::int64_t end) {
          REQUIRE(begin < end);
          for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
        });
        CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& n) { return n == 1; }));
      }
    }
  }
}

TEST_CASE("parallel: a helper that asks within a long piece learns that another one has failed") {
  const Threads limit(2);
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> begun = false, told = false;
  const auto late = [](auto done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  const auto work = [&](std::int64_t, std::int64_t) {
    if (std::this_thread::get_id() == caller) {
      late([&] { return begun.load(); });
      throw std::out_of_range("stop");
    }
    begun = true;
    try {
      late([] {
        check_interrupt();
        return false;
      });
    } catch (const Interrupted&) {
      told = true;
      throw;
    }
  };
  CHECK_THROWS_AS(parallel_for(2, 1, work), std::out_of_range);
  CHECK(told == begun);
}

TEST_CASE("parallel: an exception reaches the caller") {
  const Threads limit(4);
  for (const std::int64_t bad : {0, 50, 99}) {
    CHECK_THROWS_AS(parallel_for(100, 1,
                                 [&](std::int64_t begin, std::int64_t end) {
                                   if (begin <= bad && bad < end) throw std::out_of_range("here");
                                 }),
                    std::out_of_range);
  }
}

TEST_CASE("parallel: loops within loops") {
  const Threads limit(4);
  std::atomic<int> total = 0;
  parallel_for(8, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      parallel_for(10, 1,
                   [&](std::int64_t first, std::int64_t last) { total += static_cast<int>(last - first); });
    }
  });
  CHECK(total == 80);
}

TEST_CASE("parallel: the number of threads") {
  const Threads keep(num_threads());
  CHECK(num_threads() >= 1);
  CHECK_THROWS_AS(set_num_threads(0), Error);
  CHECK_THROWS_AS(set_num_threads(-3), Error);
  set_num_threads(1);
  CHECK(num_threads() == 1);
  set_num_threads(3);
  CHECK(num_threads() == 3);
  set_num_threads(INT_MAX);
  CHECK(num_threads() < 100000);
}

TEST_CASE("parallel: several threads that all have loops to share out") {
  const Threads limit(4);
  std::atomic<std::int64_t> total = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        parallel_for(1000, 10, [&](std::int64_t begin, std::int64_t end) { total += end - begin; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(total == 6 * 200 * 1000);
}

TEST_CASE("parallel: the child of a fork computes on") {
  const Threads limit(3);
  const Tensor x = ones({300000});
  CHECK(sum(x + 1).item().to_double() == 600000);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    const bool right = sum(x + 1).item().to_double() == 600000 && num_threads() == 3;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(sum(x + 1).item().to_double() == 600000);
}

TEST_CASE("parallel: results do not depend on the number of threads") {
  manual_seed(1);
  const Tensor x = randn({700, 300}), y = randn({300, 700}), row = randn({300});
  const Tensor order = permuted(float32, [](std::int64_t i) { return scattered(i); });
  const Tensor narrow = randn({3, 100000}), deep = randn({100000, 3});
  const Tensor index = randint(0, 700, {900});
  const auto work = [&] {
    return Tensors{x + row,
                   x + y.t(),
                   exp(x),
                   y.t().contiguous(),
                   sum(x),
                   sum(x, {0}),
                   sum(x, {1}),
                   sum(y.t(), {1}),
                   max(x, 0).values,
                   max(x, 1).indices,
                   max(x),
                   sum(narrow, {0}),
                   sum(narrow, {1}),
                   sum(deep, {0}),
                   var(deep, {0}),
                   median(x, 0).values,
                   stack({x, x + 1}),
                   cat({x, x}, 1),
                   index_select(x, 0, index),
                   where(gt(x, y.t()), x, row),
                   x.to(float16),
                   sum(order),
                   mean(narrow)};
  };
  Tensors serial;
  {
    const Threads limit(1);
    serial = work();
  }
  for (const int threads : {2, 5}) {
    const Threads limit(threads);
    const Tensors shared = work();
    for (std::size_t i = 0; i < serial.size(); ++i)
      CHECK_MESSAGE(identical(serial[i], shared[i]), "result " << i);
  }
  // Products are cut up otherwise, which may change the last places.
  const Tensor product = matmul(x, y);
  const Threads limit(1);
  CHECK(max(abs(matmul(x, y) - product)).item().to_double() < 1e-4);
}

}  // namespace wick::test
