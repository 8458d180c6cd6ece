#include <atomic>
#include <thread>

#include "wick/core/interrupt.h"

#include "support.h"

namespace wick::test {
namespace {

// Answers "go on" some times, and notes what it was asked.
struct Patience {
  int left = 0;
  int asked = 0;
  Progress last = {};
  std::atomic<bool> over = false;
  std::thread::id thread = std::this_thread::get_id();

  static bool ask(void* context, const Progress& progress) {
    auto& self = *static_cast<Patience*>(context);
    CHECK(std::this_thread::get_id() == self.thread);
    ++self.asked;
    self.last = progress;
    if (self.left-- > 0) return true;
    self.over = true;
    self.over.notify_all();
    return false;
  }
};

}  // namespace

TEST_CASE("interrupt: without a handler nothing stops") {
  CHECK(!interruptible());
  CHECK_NOTHROW(check_interrupt());
}

TEST_CASE("interrupt: a handler is asked, told how far it is, and stops what runs") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    Patience patience;
    patience.left = 2;
    std::atomic<std::int64_t> done = 0;
    {
      const InterruptScope asked(Patience::ask, &patience);
      CHECK(interruptible());
      // Helpers wait until the calling thread has been told to stop, however late that gets its pieces.
      auto work = [&](std::int64_t begin, std::int64_t end) {
        if (std::this_thread::get_id() != patience.thread) patience.over.wait(false);
        done += end - begin;
      };
      CHECK_THROWS_AS(parallel_for(100000, 10, work), Interrupted);
    }
    CHECK(!interruptible());
    CHECK(patience.asked == 3);
    CHECK(patience.last.total == 100000);
    CHECK(patience.last.done > 0);
    CHECK(done < 100000);
  }
  set_num_threads(before);
}

TEST_CASE("interrupt: a handler that always agrees changes nothing") {
  manual_seed(1);
  const Tensor x = randn({300, 1000}), y = randn({1000});
  const auto work = [&] {
    return Tensors{x + y, sum(x), sum(x, {0}), sum(x, {1}), sort(x, 1).values, matmul(x, y)};
  };
  const Tensors plain = work();
  Patience patience;
  patience.left = 1 << 30;
  const InterruptScope asked(Patience::ask, &patience);
  const Tensors watched = work();
  for (std::size_t i = 0; i < plain.size(); ++i)
    CHECK_MESSAGE(identical(plain[i], watched[i]), "result " << i);
}

TEST_CASE("interrupt: the handler's own exception arrives, and is not asked about itself") {
  const auto handler = [](void*, const Progress&) -> bool {
    check_interrupt();
    throw std::out_of_range("the limit");
  };
  const InterruptScope asked(handler);
  CHECK_THROWS_AS(check_interrupt(), std::out_of_range);
  CHECK(interruptible());
}

TEST_CASE("interrupt: an uninterrupted block is not asked, nor is another thread") {
  Patience patience;
  const InterruptScope asked(Patience::ask, &patience);
  {
    const Uninterrupted whole;
    CHECK_NOTHROW(check_interrupt());
  }
  std::thread([] { CHECK_NOTHROW(check_interrupt()); }).join();
  CHECK(patience.asked == 0);
  CHECK_THROWS_AS(check_interrupt(), Interrupted);
}

TEST_CASE("interrupt: random numbers are drawn in pieces") {
  const Tensor weights = ones({1000}), means = full({1 << 18}, 3.0), wide = full({1 << 18}, 40.0);
  const std::function<Tensor()> draws[] = {[&] { return multinomial(weights, 1 << 18, true); },
                                           [&] { return multinomial(means, 100); },
                                           [&] { return poisson(means); },
                                           [&] { return poisson(wide); },
                                           [&] { return standard_gamma(means); },
                                           [&] { return bernoulli(div(means, 5)); },
                                           [] { return randn({1 << 18}); },
                                           [] { return randn({1 << 18}, float16); },
                                           [] { return rand({1 << 18}, float64); },
                                           [] { return exponential(2, {1 << 18}); },
                                           [] { return randint(0, 9, {1 << 18}); },
                                           [] { return randperm(1 << 18); }};
  for (const auto& draw : draws) {
    manual_seed(7);
    const Tensor plain = draw();
    Patience patience;
    patience.left = 1;
    const InterruptScope asked(Patience::ask, &patience);
    CHECK_THROWS_AS(draw(), Interrupted);
    // What was stopped leaves the generator in order.
    patience.left = 1 << 30;
    manual_seed(7);
    CHECK(identical(draw(), plain));
  }
}

TEST_CASE("interrupt: loops along one line ask as well") {
  manual_seed(1);
  const Tensor x = rand({1 << 18}), whole = randint(0, 9, {1 << 18});
  const std::function<Tensor()> loops[] = {[&] { return cummax(x, 0).values; },
                                           [&] { return cummin(whole, 0).indices; },
                                           [&] { return bincount(whole); },
                                           [&] { return histc(x, 10); },
                                           [&] { return histogram(x, 7, std::nullopt, x).hist; },
                                           [&] { return isclose(whole, whole); }};
  for (const auto& loop : loops) {
    Patience patience;
    patience.left = 3;
    const InterruptScope asked(Patience::ask, &patience);
    CHECK_THROWS_AS(loop(), Interrupted);
  }
}

TEST_CASE("interrupt: running results, tables and regions with many samples ask") {
  manual_seed(1);
  const Tensor x = rand({1 << 19}), rows = rand({1 << 14, 40}), box = tensor({0, 0, 3, 3}).reshape({1, 4});
  const Tensor image = rand({1, 1, 4, 4}), boxes = box.expand({100, 4});
  Tensor leaf = rand({1 << 19}, float64);
  leaf.requires_grad_();
  const Tensor product = cumprod(leaf, 0);
  const auto gradient = [&] { return grad({sum(product)}, {leaf}, {}, true)[0]; };
  const auto long_line = [](const char* mode) {
    InterpolateOptions o;
    o.mode = mode;
    o.size = {1 << 19};
    return interpolate(ones({1, 1, 7}), o);
  };
  const struct {
    int least;  // questions
    std::function<Tensor()> run;
  } loops[] = {{7, [&] { return cumsum(x, 0); }},
               {7, [&] { return cumsum(randint(0, 9, {1 << 19}), 0); }},
               {7, [&] { return cumprod(rows, 0); }},
               {14, gradient},
               {30,
                [&] {
                  return roi_align(image, box, {2, 2}, 1, 1 << 19);
                }},
               {99,
                [&] {
                  return roi_pool(image, boxes, {2, 2});
                }},
               {20, [] { return melscale_fbanks(2, 0, 100, 1 << 18, 1e4); }},
               {20, [] { return melscale_fbanks(1 << 18, 0, 100, 2, 1e4); }},
               {20,
                [] {
                  return mfcc(ones({1 << 9, 3}), 1 << 10);
                }},
               {8, [&] { return long_line("linear"); }},
               {8, [&] { return long_line("nearest"); }}};
  int number = 0;
  for (const auto& loop : loops) {
    ++number;
    INFO("loop " << number);
    Patience patience;
    patience.left = 1 << 30;
    const InterruptScope asked(Patience::ask, &patience);
    CHECK_NOTHROW(loop.run());
    CHECK(patience.asked >= loop.least);
    patience.left = 1;
    CHECK_THROWS_AS(loop.run(), Interrupted);
  }
}

TEST_CASE("interrupt: a handler may draw random numbers itself") {
  const auto handler = [](void*, const Progress&) {
    const Tensor x = rand({3000});
    return 0 <= min(x).item().to_double() && max(x).item().to_double() < 1;
  };
  const InterruptScope asked(handler);
  const Tensor x = rand({1 << 18});
  CHECK(min(x).item().to_double() >= 0);
  CHECK(max(x).item().to_double() < 1);
  CHECK(mean(x).item().to_double() == doctest::Approx(0.5).epsilon(0.02));
}

}  // namespace wick::test
