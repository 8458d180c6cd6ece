#pragma once

#include <cstdint>
#include <optional>

#include "wick/core/tensor.h"

namespace WICK_API wick {

struct DistributedSamplerOptions {
  bool shuffle = true;
  std::uint64_t seed = 0;  // the same on every rank
  std::int64_t epoch = 0;  // another order for each
  // Ranks get equally many positions: by taking some twice, or by leaving some out.
  bool drop_last = false;
  // This process's when left out.
  std::optional<std::int64_t> rank = {};
  std::optional<std::int64_t> world_size = {};
};

// This rank's share of the positions 0 to n - 1, int64: every world_size-th, from its own rank on, of an
// order that is the same on all ranks. Those of torch.utils.data.DistributedSampler, shuffled ones too:
// nothing is drawn from the process's generator, so ranks need not agree on its state. Error unless n and the
// epoch are 0 or greater and the rank lies within the world.
Tensor distributed_sampler(std::int64_t n, const DistributedSamplerOptions& options = {});

}  // namespace wick
