#include "wick/data/sampler.h"

#include "wick/core/fail.h"
#include "wick/distributed/distributed.h"
#include "wick/ops/creation.h"
#include "wick/ops/random.h"

namespace wick {

Tensor distributed_sampler(std::int64_t n, const DistributedSamplerOptions& options) {
  constexpr const char* operation = "distributed_sampler";
  const std::int64_t world = options.world_size.value_or(distributed::world_size());
  const std::int64_t rank = options.rank.value_or(distributed::rank());
  if (n < 0) fail(operation, "n must be 0 or greater, {} was given", n);
  if (world < 1) fail(operation, "world_size must be 1 or greater, {} was given", world);
  if (rank < 0 || rank >= world) fail(operation, "rank {} does not lie in a world of {}", rank, world);
  if (options.epoch < 0) fail(operation, "epoch must be 0 or greater, {} was given", options.epoch);

  const std::int64_t share = n / world + (n % world != 0 && !options.drop_last);
  Tensor order;
  if (options.shuffle) {
    Generator generator(options.seed + static_cast<std::uint64_t>(options.epoch));
    order = randperm(n, generator);
  }
  const Tensor out = empty({share}, int64);
  std::int64_t* position = out.data<std::int64_t>();
  for (std::int64_t i = 0; i < share; ++i) {
    // Beyond the end it begins anew.
    const std::int64_t at = (i * world + rank) % n;
    position[i] = order.defined() ? order.data<const std::int64_t>()[at] : at;
  }
  return out;
}

}  // namespace wick
