#include <iterator>
#include <set>

#include "support.h"

namespace wick::test {
namespace {

static_assert(std::input_iterator<Batches::Iterator>);

std::vector<Tensors> all(const Batches& batches) {
  std::vector<Tensors> out;
  for (const Tensors& batch : batches) out.push_back(batch);
  CHECK(std::ssize(out) == batches.size());
  return out;
}

}  // namespace

TEST_CASE("batches: in order, as views") {
  const Tensor x = arange(20).reshape({10, 2}), y = arange(10, int64);
  const auto got = all(Batches({x, y}, {.batch_size = 4}));
  REQUIRE(got.size() == 3);
  CHECK(identical(got[0][0], x.slice(0, 0, 4)));
  CHECK(identical(got[2][0], x.slice(0, 8, 10)));
  CHECK(identical(got[2][1], y.slice(0, 8, 10)));
  CHECK(got[1][0].raw_data() == x[4].raw_data());
  CHECK(all(Batches({x}, {.batch_size = 4, .drop_last = true})).size() == 2);
  CHECK(all(Batches({x}, {.batch_size = 5, .drop_last = true})).size() == 2);
  CHECK(all(Batches({x}, {.batch_size = 100, .drop_last = true})).empty());
  CHECK(Batches({x}, {.batch_size = 4, .drop_last = true}).positions() == 8);
  CHECK(all(Batches({x}, {.batch_size = 100}))[0][0].size(0) == 10);
  CHECK(all(Batches({x.slice(0, 0, 0)})).empty());
  CHECK(Batches({x}, {.batch_size = std::numeric_limits<std::int64_t>::max()}).size() == 1);
}

TEST_CASE("batches: shuffled") {
  const Tensor x = arange(30, float64).reshape({10, 3}), y = arange(10, int64);
  Generator generator(3), same(3);
  const Batches batches({x, y}, {.batch_size = 4, .shuffle = true, .generator = &generator});
  std::set<std::vector<std::int64_t>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    const auto got = all(batches);
    const Tensor order = randperm(10, same);
    CHECK(identical(cat({got[0][1], got[1][1], got[2][1]}, 0), order));
    CHECK(identical(got[1][0], index_select(x, 0, order.slice(0, 4, 8))));
    orders.insert(to_vector<std::int64_t>(order));
  }
  CHECK(orders.size() == 3);
  // From the process's generator.
  manual_seed(5);
  const Tensor order = randperm(10);
  manual_seed(5);
  CHECK(identical(all(Batches({y}, {.batch_size = 10, .shuffle = true}))[0][0], order));
  CHECK(all(Batches({x.slice(0, 0, 0)}, {.shuffle = true})).empty());
}

TEST_CASE("batches: of some positions, with gradients") {
  const Tensor x = arange(10).requires_grad_();
  const Tensor indices = tensor({7, 1, 1, 3});
  const auto got = all(Batches({x}, {.batch_size = 3, .indices = indices}));
  REQUIRE(got.size() == 2);
  CHECK(identical(got[0][0].detach(), tensor({7.0, 1.0, 1.0})));
  CHECK(identical(got[1][0].detach(), tensor({3.0})));
  sum(got[0][0]).backward();
  CHECK(identical(x.grad(), tensor({0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0})));
  Generator generator(1);
  const auto mixed =
      all(Batches({x}, {.batch_size = 4, .shuffle = true, .indices = indices, .generator = &generator}));
  Generator same(1);
  CHECK(identical(mixed[0][0].detach(), index_select(indices, 0, randperm(4, same)).to(float32)));
}

TEST_CASE("batches: what is refused") {
  const Tensor x = ones({4, 2});
  CHECK_THROWS_AS(Batches(Tensors{}), Error);
  CHECK_THROWS_WITH_AS(Batches({x}, {.batch_size = 0}), doctest::Contains("0 was given"), Error);
  CHECK_THROWS_AS(Batches({x, ones({5})}), ShapeError);
  CHECK_THROWS_AS(Batches({ones({})}), ShapeError);
  CHECK_THROWS_AS(Batches({x}, {.indices = ones({2})}), DTypeError);
  CHECK_THROWS_AS(Batches({x}, {.indices = tensor({1}).reshape({1, 1})}), ShapeError);
  CHECK_THROWS_AS(Batches({x}, {.indices = tensor({1, 4})}), IndexError);
  CHECK_THROWS_AS(Batches({x}, {.indices = tensor({-1})}), IndexError);
}

// From torch.utils.data.DistributedSampler of PyTorch 1.13.
TEST_CASE("sampler: PyTorch's shares") {
  const auto share = [](std::int64_t n, const DistributedSamplerOptions& options) {
    return to_vector<std::int64_t>(distributed_sampler(n, options));
  };
  using Ints = std::vector<std::int64_t>;
  CHECK(share(10, {.rank = 0, .world_size = 3}) == Ints{4, 5, 0, 2});
  CHECK(share(10, {.rank = 2, .world_size = 3}) == Ints{7, 9, 6, 1});
  CHECK(share(10, {.seed = 7, .epoch = 4, .drop_last = true, .rank = 1, .world_size = 3}) == Ints{7, 9, 6});
  CHECK(share(11, {.shuffle = false, .rank = 3, .world_size = 4}) == Ints{3, 7, 0});
  CHECK(share(11, {.shuffle = false, .drop_last = true, .rank = 3, .world_size = 4}) == Ints{3, 7});
  CHECK(share(3, {.seed = 1, .rank = 7, .world_size = 8}) == Ints{2});
  CHECK(share(2, {.shuffle = false, .drop_last = true, .rank = 1, .world_size = 3}) == Ints{});
  CHECK(share(12, {.seed = 4294967295, .epoch = 3, .drop_last = true, .rank = 1, .world_size = 4}) ==
        Ints{9, 5, 1});
  CHECK(share(0, {.rank = 1, .world_size = 3}).empty());
  CHECK(share(1, {.rank = 2, .world_size = 3}) == Ints{0});
  CHECK(share(1, {.drop_last = true, .rank = 2, .world_size = 3}).empty());
}

TEST_CASE("sampler: the ranks' shares together are all positions") {
  for (const std::int64_t n : {1, 2, 5, 12, 13, 100}) {
    for (const std::int64_t world : {1, 2, 3, 7, 20}) {
      for (const bool drop_last : {false, true}) {
        std::vector<int> times(static_cast<std::size_t>(n));
        for (std::int64_t rank = 0; rank < world; ++rank) {
          const Tensor own = distributed_sampler(
              n, {.seed = 9, .epoch = 2, .drop_last = drop_last, .rank = rank, .world_size = world});
          CHECK(own.numel() == (drop_last ? n / world : (n + world - 1) / world));
          for (const std::int64_t i : to_vector<std::int64_t>(own)) ++times[static_cast<std::size_t>(i)];
        }
        const auto [least, most] = std::minmax_element(times.begin(), times.end());
        if (drop_last) CHECK(*most <= 1);
        if (!drop_last) CHECK(*least >= 1);
        if (!drop_last && n >= world) CHECK(*most <= 2);
      }
    }
  }
}

TEST_CASE("sampler: leaves the process's generator alone, and refuses what makes no sense") {
  const Tensor before = get_rng_state();
  CHECK(distributed_sampler(10).numel() == 10);  // a lone process
  CHECK_FALSE(identical(distributed_sampler(100, {.epoch = 1}), distributed_sampler(100)));
  CHECK(identical(get_rng_state(), before));
  CHECK_THROWS_AS(distributed_sampler(-1), Error);
  CHECK_THROWS_AS(distributed_sampler(4, {.epoch = -1}), Error);
  CHECK_THROWS_WITH_AS(distributed_sampler(4, {.rank = 2, .world_size = 2}), doctest::Contains("rank 2"),
                       Error);
  CHECK_THROWS_AS(distributed_sampler(4, {.rank = -1, .world_size = 2}), Error);
  CHECK_THROWS_AS(distributed_sampler(4, {.rank = 0, .world_size = 0}), Error);
}

}  // namespace wick::test
