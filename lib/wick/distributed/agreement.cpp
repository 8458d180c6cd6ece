#include "wick/distributed/agreement.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <functional>

#include "wick/distributed/combine.h"

namespace wick::distributed {
namespace {

const char* const operations[] = {
    "distributed_gather",    "distributed_scatter",        "distributed_broadcast",  "distributed_all_reduce",
    "distributed_reduce",    "distributed_reduce_scatter", "distributed_all_to_all", "distributed_barrier",
    "distributed_new_group", "distributed_finalize"};

// The part of the blocks that is the same on ranks that agree.
constexpr std::size_t common_part = offsetof(Block, refused);
static_assert(sizeof(Block) == 256);

const char* root_name(Kind kind) { return kind == Kind::Gather || kind == Kind::Reduce ? "dst" : "src"; }

// Kinds in which the tensors of the ranks have nothing to do with each other.
bool ignores_tensors(Kind kind) {
  return kind == Kind::Scatter || kind == Kind::Barrier || kind == Kind::NewGroup || kind == Kind::Finalize;
}

// The text, or as much of it as fits with a number that stands for the rest.
std::string fitted(const std::string& text) {
  constexpr std::size_t longest = Block::room - 1, kept = 120;
  if (text.size() <= longest) return text;
  char rest[24];
  std::snprintf(rest, sizeof rest, "... (%016zx)", std::hash<std::string>()(text));
  return text.substr(0, kept) + rest;
}

void copy_text(Block& block, const std::string& text) {
  std::memcpy(block.data, text.c_str(), std::min<std::size_t>(text.size(), Block::room - 1));
}

std::string root_text(const Block& b) {
  return std::string(root_name(b.kind)) + " " + std::to_string(b.root);
}

std::string reduction_text(const Block& b) {
  return "op " + std::string(name(static_cast<Reduction>(b.reduction)));
}

std::string tensor_text(const Block& b, const Shape& shape) {
  return to_string(shape) + " " + std::string(name(static_cast<DType>(b.dtype)));
}

}  // namespace

const char* operation_name(Kind kind) { return operations[static_cast<int>(kind)]; }

bool has_root(Kind kind) {
  return kind == Kind::Gather || kind == Kind::Scatter || kind == Kind::Broadcast || kind == Kind::Reduce;
}

bool reduces(Kind kind) {
  return kind == Kind::AllReduce || kind == Kind::Reduce || kind == Kind::ReduceScatter;
}

int position(const Group& group, std::int64_t world_rank) {
  const auto it = std::find(group.ranks.begin(), group.ranks.end(), world_rank);
  return it == group.ranks.end() ? -1 : static_cast<int>(it - group.ranks.begin());
}

Shape shape_of(const Block& block) {
  return Shape(std::span(block.sizes, static_cast<std::size_t>(std::min<int>(block.dims, Block::most_dims))));
}

std::string refusal(const Group& group, const Ask& ask) {
  const auto self = [] { return "rank " + std::to_string(world().rank); };
  if (!ask.refused.empty()) return self() + ": " + ask.refused;
  const bool everywhere = ask.root == -1 && ask.kind == Kind::Gather;
  if (has_root(ask.kind) && !everywhere && position(group, ask.root) < 0) {
    return self() + " gave " + root_name(ask.kind) + " " + std::to_string(ask.root) +
           ", which is no rank of the group";
  }
  const bool cuts = ask.kind == Kind::ReduceScatter || ask.kind == Kind::AllToAll ||
                    (ask.kind == Kind::Scatter && ask.root == world().rank);
  if (cuts && (ask.input.dim() == 0 || ask.input.size(0) % group.size() != 0)) {
    return self() + " has shape " + to_string(ask.input.sizes()) + ", whose first size is no multiple of " +
           std::to_string(group.size());
  }
  if (ask.kind == Kind::Gather && ask.input.dim() == max_rank) {
    return self() + " has " + std::to_string(max_rank) + " dimensions, to which none can be added";
  }
  if (reduces(ask.kind)) {
    const std::string unsuited = why_not(ask.reduction, ask.input.dtype());
    if (!unsuited.empty()) return self() + ": " + unsuited;
  }
  return "";
}

void fill(Block& block, const Ask& ask, const std::string& refused, bool wants_gradient) {
  const Tensor& x = ask.input;
  std::memset(static_cast<void*>(&block), 0, sizeof block);
  block.root = ask.root;
  block.kind = ask.kind;
  block.reduction = static_cast<std::uint8_t>(ask.reduction);
  block.dtype = static_cast<std::uint8_t>(x.dtype());
  block.dims = static_cast<std::uint8_t>(x.dim());
  std::copy_n(x.sizes().begin(), std::min(x.dim(), Block::most_dims), block.sizes);
  block.refused = !refused.empty();
  block.wants_gradient = wants_gradient;
  const std::int64_t bytes = x.numel() * x.itemsize();
  if (block.refused) {
    copy_text(block, refused);
  } else if (ask.kind == Kind::NewGroup) {
    copy_text(block, fitted(ask.text));
  } else if (bytes > 0 && bytes <= Block::room) {
    std::memcpy(block.data, x.raw_data(), static_cast<std::size_t>(bytes));
  }
}

void check_agreement(const Group& group, const Block* blocks, const std::vector<Shape>& shapes) {
  const Block& first = blocks[0];
  bool same = !first.refused && first.kind != Kind::NewGroup && shapes.empty();
  for (int r = 1; same && r < group.size(); ++r) {
    same = !blocks[r].refused && std::memcmp(&first, &blocks[r], common_part) == 0;
  }
  if (same) return;

  const auto rank_name = [&](int r) {
    return "rank " + std::to_string(group.ranks[static_cast<std::size_t>(r)]);
  };
  const auto fail = [&](const std::string& why) {
    throw Disagreement(std::string(operation_name(first.kind)) + ": " + why);
  };
  for (int r = 1; r < group.size(); ++r) {
    if (blocks[r].kind == first.kind) continue;
    fail(rank_name(r) + " calls " + operation_name(blocks[r].kind) + " where " + rank_name(0) + " calls " +
         operation_name(first.kind));
  }
  for (int r = 0; r < group.size(); ++r) {
    if (blocks[r].refused) fail(blocks[r].data);
  }
  const auto shape = [&](int r) {
    return shapes.empty() ? shape_of(blocks[r]) : shapes[static_cast<std::size_t>(r)];
  };
  for (int r = 1; r < group.size(); ++r) {
    const Block& block = blocks[r];
    const auto compare = [&](const std::string& own, const std::string& expected) {
      if (own != expected) fail(rank_name(r) + " has " + own + " where " + rank_name(0) + " has " + expected);
    };
    if (has_root(first.kind)) compare(root_text(block), root_text(first));
    if (reduces(first.kind)) compare(reduction_text(block), reduction_text(first));
    if (first.kind == Kind::NewGroup) compare(block.data, first.data);
    if (!ignores_tensors(first.kind)) compare(tensor_text(block, shape(r)), tensor_text(first, shape(0)));
  }
}

}  // namespace wick::distributed
