#include "wick/core/runtime.h"

#include <thread>

#include "support.h"
#include "wick/core/profiler.h"

namespace wick::test {
namespace {

// Denormal numbers of float32, enough of them for several threads.
Tensor tiny_products(std::int64_t count) { return mul(full({count}, 1e-30), full({count}, 1e-10)); }

volatile float tiny = 1e-30f, factor = 1e-10f;

TEST_CASE("runtime: denormal numbers are flushed where and while they are asked to be") {
  const int before = num_threads();
  set_num_threads(3);
  constexpr std::int64_t many = 1 << 20;
  CHECK(!flush_denormal());
  CHECK(count_nonzero(tiny_products(many)).item<std::int64_t>() == many);
  if (set_flush_denormal(true)) {
    CHECK(flush_denormal());
    CHECK(tiny * factor == 0);
    // On helper threads as well, those that are made meanwhile included.
    for (const int threads : {1, 2, 4}) {
      set_num_threads(threads);
      CHECK(count_nonzero(tiny_products(many)).item<std::int64_t>() == 0);
    }
    // Other threads of the program are their own.
    float product = 0;
    std::thread([&] {
      const FlushDenormalScope scope;
      product = tiny * factor;
    }).join();
    CHECK(product == 0);
    set_flush_denormal(false);
    CHECK(tiny * factor != 0);
    CHECK(count_nonzero(tiny_products(many)).item<std::int64_t>() == many);
    {
      const FlushDenormalScope scope;
      set_flush_denormal(true);
      CHECK(tiny * factor == 0);
    }
    CHECK(tiny * factor != 0);  // as before the block, though the switch is on
    {
      const FlushDenormalScope scope;
      CHECK(tiny * factor == 0);
      CHECK(count_nonzero(tiny_products(many)).item<std::int64_t>() == 0);
    }
    set_flush_denormal(false);
  }
  set_num_threads(before);
}

TEST_CASE("runtime: the most memory that was in use") {
  const auto now = [] { return allocator::statistics(); };
  allocator::reset_peak();
  const std::size_t used = now().used, asked = allocator::asked_by_thread();
  CHECK(now().peak == used);
  { const Tensor x = empty({1 << 20}); }
  CHECK(now().used == used);
  CHECK(now().peak >= used + (4u << 20));
  CHECK(now().peak < used + (6u << 20));
  CHECK(allocator::asked_by_thread() >= asked + (4u << 20));
  allocator::reset_peak();
  CHECK(now().peak == used);
}

TEST_CASE("runtime: what the library was built of") {
  std::vector<std::string> names;
  for (const auto& [name, value] : build_info()) {
    names.push_back(name);
    CHECK(!value.empty());
  }
  CHECK(names == std::vector<std::string>{"version", "kernels", "levels", "threads", "compiler", "npz"});
}

const profiler::Entry* entry(const std::vector<profiler::Entry>& all, const std::string& name) {
  for (const profiler::Entry& e : all) {
    if (e.name == name) return &e;
  }
  return nullptr;
}

TEST_CASE("profiler: ranges, nested ones, and the nodes of a backward pass") {
  CHECK(!profiler::running());
  { const profiler::Range unseen("unseen"); }
  profiler::start();
  CHECK(profiler::running());
  {
    const profiler::Range outer("outer");
    for (int i = 0; i < 3; ++i) {
      const profiler::Range inner("inner");
      const profiler::Range again("outer");
      empty({1000});
    }
  }
  const Tensor x = ones({1000});
  x.requires_grad_();
  sum(mul(x, x)).backward();
  profiler::stop();
  { const profiler::Range unseen("unseen"); }
  const auto all = profiler::report();
  CHECK(!entry(all, "unseen"));
  REQUIRE(entry(all, "outer"));
  REQUIRE(entry(all, "inner"));
  CHECK(entry(all, "outer")->count == 4);
  CHECK(entry(all, "inner")->count == 3);
  // What lies within the outer one counts once.
  CHECK(entry(all, "outer")->total >= entry(all, "inner")->total);
  CHECK(entry(all, "inner")->total >= entry(all, "inner")->self);
  CHECK(entry(all, "outer")->self <= entry(all, "outer")->total);
  CHECK(entry(all, "outer")->allocated >= 3 * 4000);
  CHECK(entry(all, "outer")->allocated < 3 * 8000);
  REQUIRE(entry(all, "mul, backward"));
  CHECK(entry(all, "mul, backward")->count == 1);
  CHECK(entry(all, "mul, backward")->allocated >= 4000);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1].total >= all[i].total);
  profiler::start();
  profiler::stop();
  CHECK(profiler::report().empty());
}

}  // namespace
}  // namespace wick::test
