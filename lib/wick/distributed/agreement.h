#pragma once

// Private: what ranks tell each other at the beginning of a collective, and whether they agree.

#include <string>

#include "wick/distributed/world.h"

namespace wick::distributed {

enum class Kind : std::uint8_t {
  Gather,
  Scatter,
  Broadcast,
  AllReduce,
  Reduce,
  ReduceScatter,
  AllToAll,
  Barrier,
  NewGroup,
  Finalize
};

const char* operation_name(Kind kind);
// Whether one rank gives or gets the result.
bool has_root(Kind kind);
bool reduces(Kind kind);

// What one call asks for.
struct Ask {
  Kind kind;
  Tensor input;
  std::int64_t root = 0;  // of the world; -1: every rank
  Reduction reduction = Reduction::Sum;
  std::string text = {};  // of NewGroup: what all ranks must say
  std::string refused =
      {};  // what is wrong with this rank's call, if that is known already: the others are told
};

// What a rank says, and its data where that is small.
struct Block {
  static constexpr int most_dims = 8;  // the sizes of further dimensions are exchanged afterwards
  static constexpr std::int64_t room = 176;

  // Where all ranks say the same up to here, they agree.
  std::int64_t root;
  std::int64_t sizes[most_dims];
  Kind kind;
  std::uint8_t reduction;
  std::uint8_t dtype;
  std::uint8_t dims;
  // The rest may differ.
  std::uint8_t refused;  // the data is the reason
  std::uint8_t wants_gradient;
  alignas(8) char data[room];
};
inline constexpr std::int64_t block_bytes = sizeof(Block);

// What is wrong with this rank's own call; empty when nothing is.
std::string refusal(const Group& group, const Ask& ask);

void fill(Block& block, const Ask& ask, const std::string& refused, bool wants_gradient);

// Ranks that ask for different things. The group can still be used.
class Disagreement : public DistributedError {
 public:
  using DistributedError::DistributedError;
};

// Disagreement, of the same text on every rank, unless the ranks' blocks fit together. `shapes` are of more
// dimensions than the blocks hold; otherwise it is empty.
void check_agreement(const Group& group, const Block* blocks, const std::vector<Shape>& shapes);

// The shape that a rank passed.
Shape shape_of(const Block& block);

// The rank of the group that is this rank of the world; -1 when there is none.
int position(const Group& group, std::int64_t world_rank);

}  // namespace wick::distributed
