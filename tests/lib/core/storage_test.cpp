#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "support.h"

// Memory: the allocator and the storages that tensors share.

namespace wick::test {
namespace {

// Built with AddressSanitizer the allocator keeps nothing.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_blocks = false;
#else
constexpr bool keeps_blocks = true;
#endif

std::size_t used() { return allocator::statistics().used; }

}  // namespace

TEST_CASE("allocator: blocks are aligned, large enough, and do not overlap") {
  struct Block {
    char* data;
    std::size_t bytes, capacity;
    char mark;
  };
  const std::size_t before = used();
  std::vector<Block> blocks;
  std::uint64_t state = 1;
  const auto random = [&](std::uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  for (int round = 0; round < 3000; ++round) {
    if (blocks.size() < 40 || random(2)) {
      const std::size_t bytes = random(std::uint64_t{1} << random(19));
      Block b{nullptr, bytes, 0, static_cast<char>(round)};
      b.data = static_cast<char*>(allocator::allocate(bytes, &b.capacity));
      REQUIRE(b.capacity >= bytes);
      REQUIRE(reinterpret_cast<std::uintptr_t>(b.data) % 64 == 0);
      std::memset(b.data, b.mark, bytes);
      blocks.push_back(b);
    } else {
      const std::size_t i = random(blocks.size());
      const Block b = blocks[i];
      REQUIRE(std::count(b.data, b.data + b.bytes, b.mark) == static_cast<std::ptrdiff_t>(b.bytes));
      allocator::deallocate(b.data, b.capacity);
      blocks[i] = blocks.back();
      blocks.pop_back();
    }
  }
  for (const Block& b : blocks) allocator::deallocate(b.data, b.capacity);
  CHECK(used() == before);
}

TEST_CASE("allocator: capacities waste little") {
  for (std::size_t bytes = 1; bytes < (1u << 24); bytes = bytes * 9 / 8 + 1) {
    std::size_t capacity;
    allocator::trim();  // a kept block may be up to twice as large
    void* block = allocator::allocate(bytes, &capacity);
    CHECK(capacity >= bytes);
    CHECK(capacity <= std::max(bytes + bytes / 8, bytes + 64));
    allocator::deallocate(block, capacity);
  }
}

TEST_CASE("allocator: freed blocks come back, and go when asked") {
  allocator::trim();
  for (const std::size_t bytes : {100u, 5000u, 3000000u}) {
    std::size_t capacity;
    void* first = allocator::allocate(bytes, &capacity);
    allocator::deallocate(first, capacity);
    CHECK(allocator::statistics().cached == (keeps_blocks ? capacity : 0));
    if (keeps_blocks) {
      std::size_t again;
      void* second = allocator::allocate(bytes, &again);
      CHECK(second == first);
      CHECK(again == capacity);
      CHECK(allocator::statistics().cached == 0);
      allocator::deallocate(second, again);
    }
    allocator::trim();
    CHECK(allocator::statistics().cached == 0);
  }
}

TEST_CASE("allocator: a limit for what is kept") {
  allocator::trim();
  allocator::set_cache_limit(1 << 20);
  { const Tensor large = empty({1 << 20}); }
  CHECK(allocator::statistics().cached < (1 << 20));
  allocator::set_cache_limit(std::size_t{1} << 30);
  { const Tensor large = empty({1 << 20}); }
  if (keeps_blocks) CHECK(allocator::statistics().cached >= 4 << 20);
  allocator::set_cache_limit(0);
  CHECK(allocator::statistics().cached < (1 << 20));
  allocator::set_cache_limit(std::size_t{1} << 30);
}

TEST_CASE("allocator: statistics return to the start after tensors die") {
  const std::size_t before = used();
  {
    const Tensor a = zeros({100, 100}), b = a.permute({1, 0}).contiguous(), c = a + b;
    const Tensor view = c[3];
    CHECK(used() >= before + 3 * 40000);
    const Tensors list{stack({a, b}), cat({a, b}),   median(c, 0).values,
                       matmul(a, b),  a.to(float64), randn({77})};
    CHECK(to_string(c).size() > 10);
  }
  CHECK(used() == before);
}

TEST_CASE("allocator: blocks freed by other threads") {
  const std::size_t before = used();
  for (int round = 0; round < 20; ++round) {
    Tensors made;
    std::thread([&] {
      for (std::int64_t n = 1; n < 200000; n *= 3) made.push_back(full({n}, n));
    }).join();
    std::thread([&] {
      for (const Tensor& t : made)
        CHECK(t[t.numel() - 1].item().to_double() == static_cast<double>(t.numel()));
      made.clear();
    }).join();
  }
  CHECK(used() == before);
}

TEST_CASE("allocator: memory that cannot be had") {
  const std::size_t before = used();
  std::size_t capacity;
  for (const std::size_t bytes :
       {std::size_t{1} << 50, std::size_t{1} << 62, (std::size_t{1} << 62) + 1, ~std::size_t{0}}) {
    CHECK_THROWS_AS(allocator::allocate(bytes, &capacity), MemoryError);
  }
  CHECK(used() == before);
}

TEST_CASE("storage: foreign memory is released once, by the last view") {
  double numbers[6] = {1, 2, 3, 4, 5, 6};
  int released = 0;
  const std::size_t before = used();
  {
    Tensor view;
    {
      const Tensor x = from_blob(
          numbers, {2, 3},
          [&](void* data) {
            CHECK(data == numbers);
            ++released;
          },
          float64);
      CHECK(x.raw_data() == reinterpret_cast<char*>(numbers));
      view = x[1];
      view.fill_(9);
    }
    CHECK(released == 0);
    CHECK(numbers[2] == 3);
    CHECK(numbers[3] == 9);
  }
  CHECK(released == 1);
  CHECK(used() == before);
  const Tensor kept = from_blob(numbers, {6}, float64);
  CHECK(sum(kept).item().to_double() == 33);
}

TEST_CASE("storage: foreign memory with strides") {
  double numbers[6] = {1, 2, 3, 4, 5, 6};
  const Tensor columns = from_blob(numbers, {3, 2}, {1, 3}, float64);
  CHECK(identical(columns, tensor({1, 4, 2, 5, 3, 6}, float64).reshape({3, 2})));
  CHECK_FALSE(columns.is_contiguous());
  // Backwards, from the last element.
  int released = 0;
  {
    const Tensor turned = from_blob(
        numbers + 5, {2, 3}, {-3, -1}, [&](void* data) { released += data == numbers + 5; }, float64);
    CHECK(identical(turned, tensor({6, 5, 4, 3, 2, 1}, float64).reshape({2, 3})));
    CHECK(identical(turned[1], tensor({3, 2, 1}, float64)));
    turned[1].fill_(0);
  }
  CHECK(released == 1);
  CHECK(numbers[0] == 0);
  CHECK(numbers[3] == 4);
  const Tensor repeated = from_blob(numbers, {4}, {0}, float64);
  CHECK(identical(repeated, zeros({4}, float64)));
  CHECK_THROWS_AS(repeated.fill_(1), ShapeError);
  CHECK(from_blob(nullptr, {0, 3}, {1, 1}).numel() == 0);
  CHECK(from_blob(numbers, {}, float64).item<double>() == 0);
  // The owner may be held by the deleter.
  auto owner = std::make_shared<std::vector<float>>(3, 2.0f);
  const std::weak_ptr<std::vector<float>> watched = owner;
  Tensor x = from_blob(owner->data(), {3}, [owner](void*) {});
  owner.reset();
  CHECK(sum(x).item<float>() == 6);
  x = Tensor();
  CHECK(watched.expired());
  // Errors leave the memory to the caller.
  constexpr std::int64_t far = std::int64_t{1} << 61;
  const auto count = [&](void*) { ++released; };
  CHECK_THROWS_AS(from_blob(numbers, {2, 3}, {1}, count, float64), ShapeError);
  CHECK_THROWS_AS(from_blob(numbers, {3, 2}, {far, 1}, count, float64), ShapeError);
  CHECK_THROWS_AS(from_blob(numbers, {3}, {-far}, count, float64), ShapeError);
  CHECK_THROWS_AS(from_blob(numbers, {-1}, count, float64), ShapeError);
  CHECK_THROWS_AS(from_blob(numbers, {far}, float64), ShapeError);
  CHECK(released == 1);
}

TEST_CASE("storage: const memory is not changed") {
  static const double numbers[4] = {1, 2, 3, 4};
  const Tensor x = from_blob(numbers, {2, 2}, float64);
  CHECK(sum(x).item<double>() == 10);
  for (const Tensor& target : {x, x[0], x.t(), x.reshape({4}), x.detach()}) {
    CHECK_THROWS_WITH_AS(target.fill_(0), doctest::Contains("read-only"), Error);
    CHECK_THROWS_AS(target.add_(1), Error);
    CHECK_THROWS_AS(target.copy_(zeros({}, float64)), Error);
  }
  CHECK_THROWS_AS(x[0] = 3, Error);
  CHECK_THROWS_AS(x.index_put_({0, 1}, 3.0), Error);
  CHECK(identical(x.clone().mul_(2), tensor({2, 4, 6, 8}, float64).reshape({2, 2})));
  int released = 0;
  {
    from_blob(
        numbers, {2, 2}, {1, 2}, [&](void* data) { released += data == numbers; }, float64);
  }
  CHECK(released == 1);
}

TEST_CASE("storage: changes are counted") {
  const Tensor x = zeros({4}), view = x.slice(0, 1, 3);
  const auto version = [&] { return x.storage()->version(); };
  auto last = version();
  const auto grew = [&] { return version() != std::exchange(last, version()); };
  view.fill_(1);
  CHECK(grew());
  x.copy_(ones({4}));
  CHECK(grew());
  add_into(view, ones({2}));
  CHECK(grew());
  gather_into(x.reshape({2, 2}), Tensors{ones({2}), ones({2})});
  CHECK(grew());
  static_cast<void>(x + view[0]);
  CHECK_FALSE(grew());
}

TEST_CASE("storage: elements are aligned") {
  for (const std::int64_t n : {0, 1, 7, 1000, 100000}) {
    CHECK(reinterpret_cast<std::uintptr_t>(empty({n}).raw_data()) % 64 == 0);
  }
}

TEST_CASE("storage: memory goes back") {
  allocator::trim();
  const std::size_t before = allocator::statistics().used;
  const auto held = [&] { return allocator::statistics().used + allocator::statistics().cached - before; };
  constexpr std::int64_t largest = 200 << 20;
  std::size_t most = 0;
  // One at a time, of all sizes; never touched, so that it costs no time.
  for (std::int64_t i = 1; i <= 400; ++i) {
    const Tensor x = empty({(i * 7919) % largest + 1}, uint8);
    static_cast<void>(empty({(i * i * 104729) % largest + (1 << 20)}, uint8));
    most = std::max(most, held());
  }
  CHECK(most < std::size_t{2} * 2 * largest);
  allocator::trim();
  // Growing: what is left behind is too small for what comes.
  most = 0;
  Tensor grown = empty({1 << 20}, uint8);
  while (grown.numel() < largest / 2) {
    grown = empty({grown.numel() + (1 << 20)}, uint8);
    most = std::max(most, held());
  }
  CHECK(most < std::size_t{2} * largest);
}

TEST_CASE("storage: a kept block serves smaller requests, but none below half its size") {
  if (!keeps_blocks) return;
  allocator::trim();
  char* block = empty({1 << 20}, uint8).raw_data();
  CHECK(empty({600000}, uint8).raw_data() == block);
  CHECK(empty({300000}, uint8).raw_data() != block);
}

TEST_CASE("storage: the statistics count what other threads keep") {
  std::atomic<int> step = 0;
  const std::size_t before = allocator::statistics().cached;
  std::thread other([&] {
    {
      Tensors small;
      for (int i = 0; i < 100; ++i) small.push_back(empty({1000}, uint8));
    }
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  step.wait(0);
  const std::size_t kept = allocator::statistics().cached;
  step = 2;
  step.notify_all();
  other.join();
  if (keeps_blocks) {
    CHECK(kept >= before + 100 * 1000);
    CHECK(allocator::statistics().cached < kept);
  }
}

TEST_CASE("storage: the child of a fork counts only what it has itself") {
  std::atomic<int> step = 0;
  std::thread other([&] {
    static_cast<void>(empty({60000}, uint8));
    step = 1;
    step.notify_all();
    step.wait(1);
  });
  step.wait(0);
  allocator::trim();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // The other thread's cache is gone; this thread's, and those of new threads, are counted.
    allocator::trim();
    const bool gone = allocator::statistics().cached == 0;
    std::size_t kept = 0;
    std::thread([&] {
      static_cast<void>(empty({1000}, uint8));
      kept = allocator::statistics().cached;
    }).join();
    static_cast<void>(empty({1000}, uint8));
    const bool own = allocator::statistics().cached >= (keeps_blocks ? 1000 : 0);
    _exit(gone && own && kept >= (keeps_blocks ? 1000 : 0) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  step = 2;
  step.notify_all();
  other.join();
  CHECK(status == 0);
}

}  // namespace wick::test
