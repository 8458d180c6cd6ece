#include "wick/distributed/collective.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "wick/autograd/gradient.h"
#include "wick/creation.h"
#include "wick/distributed/combine.h"
#include "wick/gather.h"
#include "wick/views.h"

namespace wick::distributed {

bool Steps::advance() {
  auto& promise = handle_.promise();
  while (!handle_.done()) {
    if (!promise.current.done()) return false;
    handle_.resume();
  }
  if (promise.failure) std::rethrow_exception(std::exchange(promise.failure, nullptr));
  return true;
}

namespace {

constexpr int header_dims = 8;  // more dimensions follow in a second exchange
constexpr std::int64_t block_bytes = 256;
constexpr int presence_channel = 2;  // the transport's, for word of who has come
constexpr double announce_after = 0.1;  // seconds

const char* const operations[] = {"distributed_gather",         "distributed_scatter",    "distributed_broadcast",
                                  "distributed_all_reduce",     "distributed_reduce",     "distributed_reduce_scatter",
                                  "distributed_all_to_all",     "distributed_barrier",    "distributed_new_group"};

bool reduces(Kind kind) { return kind == Kind::AllReduce || kind == Kind::Reduce || kind == Kind::ReduceScatter; }
bool has_root(Kind kind) { return kind == Kind::Gather || kind == Kind::Scatter || kind == Kind::Broadcast || kind == Kind::Reduce; }
const char* root_name(Kind kind) { return kind == Kind::Gather || kind == Kind::Reduce ? "dst" : "src"; }

int position(const Group& group, int world_rank) {
  const auto it = std::find(group.ranks.begin(), group.ranks.end(), world_rank);
  return it == group.ranks.end() ? -1 : static_cast<int>(it - group.ranks.begin());
}

std::int64_t byte_count(const Tensor& x) { return x.numel() * x.itemsize(); }

// With zeros after its end.
Tensor padded(const Tensor& x, std::int64_t length) { return cat({x, zeros({length - x.numel()}, x.dtype())}); }

// A request and the buffers that it uses.
Request under_way(wick_request* request, int error, const Tensor& a, const Tensor& b = {}) {
  return Request(request, error, Tensors{a, b});
}

// Braced lists are made outside of the coroutine: GCC 12 gets them wrong inside.
Shape matrix_shape(std::int64_t rows, std::int64_t columns) { return {rows, columns}; }
Tensor raw_elements(std::int64_t count, DType dtype) { return empty({count}, dtype); }
Tensor raw_bytes(std::int64_t count) { return raw_elements(count, uint8); }

Tensor fill_sizes(const Shape& shape) {
  const Tensor sizes = zeros({max_rank}, int64);
  std::copy(shape.begin(), shape.end(), sizes.data<std::int64_t>());
  return sizes;
}

}  // namespace

// The beginning of a rank's block.
struct Collective::Header {
  std::uint32_t sequence;
  Kind kind;
  std::uint8_t reduction;
  std::uint8_t dtype;
  std::uint8_t rank;  // number of dimensions
  std::int32_t root;
  std::uint32_t refused;  // the payload is the reason
  std::int64_t sizes[header_dims];

  static constexpr std::int64_t room = block_bytes - 80;  // for the payload
};

const Collective::Header& Collective::header(int rank) const {
  return *reinterpret_cast<const Header*>(blocks_.raw_data() + rank * block_bytes);
}
const char* Collective::payload(int rank) const { return blocks_.raw_data() + rank * block_bytes + sizeof(Header); }
const char* Collective::operation() const { return operations[static_cast<int>(ask_.kind)]; }

Collective::Collective(Group& group, Ask ask, double timeout)
    : group_(group), ask_(std::move(ask)), timeout_(timeout), begin_(Clock::now()), deadline_(deadline_after(timeout)), sequence_(++group.sequence) {
  static_assert(sizeof(Header) + Header::room == block_bytes);
  ask_.input = ask_.input.detach().contiguous();
  refused_ = refusal();
}

// What is wrong with this rank's own call: the others are told.
std::string Collective::refusal() const {
  const std::string self = "rank " + std::to_string(world().rank);
  if (!ask_.refused.empty()) return self + ": " + ask_.refused;
  if (has_root(ask_.kind) && position(group_, ask_.root) < 0 && !(ask_.root == -1 && ask_.kind == Kind::Gather)) {
    return self + " gave " + root_name(ask_.kind) + " " + std::to_string(ask_.root) + ", which is no rank of the group";
  }
  const bool cuts = ask_.kind == Kind::ReduceScatter || ask_.kind == Kind::AllToAll ||
                    (ask_.kind == Kind::Scatter && ask_.root == world().rank);
  if (cuts && (ask_.input.dim() == 0 || ask_.input.size(0) % group_.size() != 0)) {
    return self + " has shape " + to_string(ask_.input.sizes()) + ", whose first size is no multiple of " +
           std::to_string(group_.size());
  }
  if (reduces(ask_.kind)) {
    const std::string unsuited = why_not(ask_.reduction, ask_.input.dtype());
    if (!unsuited.empty()) return self + ": " + unsuited;
  }
  return "";
}

void Collective::check_agreement() const {
  const auto here = [this](int r) { return "rank " + std::to_string(group_.ranks[static_cast<std::size_t>(r)]); };
  const Header& first = header(0);
  const auto fail = [&](const std::string& why) {
    throw DistributedError(std::string(operations[static_cast<int>(first.kind)]) + ": " + why);
  };
  for (int r = 0; r < group_.size(); ++r) {
    const Header& h = header(r);
    if (h.kind != first.kind) {
      fail(here(r) + " calls " + operations[static_cast<int>(h.kind)] + " where " + here(0) + " calls " +
           operations[static_cast<int>(first.kind)]);
    }
  }
  for (int r = 0; r < group_.size(); ++r) {
    const Header& h = header(r);
    if (h.refused) fail(payload(r));
  }
  for (int r = 1; r < group_.size(); ++r) {
    const Header& h = header(r);
    if (has_root(h.kind) && h.root != first.root) {
      fail(here(r) + " has " + root_name(h.kind) + " " + std::to_string(h.root) + " where " + here(0) + " has " +
           std::to_string(first.root));
    }
    if (reduces(h.kind) && h.reduction != first.reduction) {
      fail(here(r) + " has op " + std::string(name(static_cast<Reduction>(h.reduction))) + " where " + here(0) +
           " has " + std::string(name(static_cast<Reduction>(first.reduction))));
    }
    if (h.kind == Kind::Scatter || h.kind == Kind::Barrier) continue;
    if (h.dtype != first.dtype || shapes_[static_cast<std::size_t>(r)] != shapes_[0]) {
      const auto what = [&](int k) {
        return to_string(shapes_[static_cast<std::size_t>(k)]) + " " + std::string(wick::name(static_cast<DType>(header(k).dtype)));
      };
      fail(here(r) + " has " + what(r) + " where " + here(0) + " has " + what(0));
    }
  }
}

// This rank's block: its header, and its payload where that is small.
Tensor Collective::own_block() const {
  const Tensor block = zeros({block_bytes}, uint8);
  const Tensor& x = ask_.input;
  Header& mine = *reinterpret_cast<Header*>(block.raw_data());
  mine = {.sequence = sequence_,
          .kind = ask_.kind,
          .reduction = static_cast<std::uint8_t>(ask_.reduction),
          .dtype = static_cast<std::uint8_t>(x.dtype()),
          .rank = static_cast<std::uint8_t>(x.dim()),
          .root = ask_.root,
          .refused = !refused_.empty(),
          .sizes = {}};
  std::copy_n(x.sizes().begin(), std::min(x.dim(), header_dims), mine.sizes);
  char* payload = block.raw_data() + sizeof(Header);
  if (mine.refused) {
    std::memcpy(payload, refused_.c_str(), std::min<std::size_t>(refused_.size(), Header::room - 1));
  } else if (byte_count(x) <= Header::room) {
    std::memcpy(payload, x.raw_data(), static_cast<std::size_t>(byte_count(x)));
  }
  return block;
}

// The payloads of all ranks under a new first dimension, where they came with the blocks.
Tensor Collective::contributions(const Shape& shape, DType dtype) const {
  Shape stacked = shape;
  stacked.insert(0, group_.size());
  const Tensor all = empty(stacked, dtype);
  const std::int64_t bytes = byte_count(all) / group_.size();
  for (int r = 0; r < group_.size(); ++r) std::memcpy(all.raw_data() + r * bytes, payload(r), static_cast<std::size_t>(bytes));
  return all;
}

// All steps of the collective.
Steps Collective::steps() {
  const wick_transport& transport = *world().transport;
  const int size = group_.size();
  int error = 0;

  const Tensor own = own_block();
  blocks_ = raw_bytes(block_bytes * size);
  wick_request* request = transport.allgather(group_.id, own.raw_data(), blocks_.raw_data(), block_bytes, &error);
  co_yield under_way(request, error, own, blocks_);

  int most_dims = 0;
  for (int r = 0; r < size; ++r) {
    most_dims = std::max<int>(most_dims, header(r).rank);
    shapes_.emplace_back(std::span(header(r).sizes, static_cast<std::size_t>(std::min<int>(header(r).rank, header_dims))));
  }
  if (most_dims > header_dims) {
    const Tensor sizes = fill_sizes(ask_.input.sizes());
    const Tensor all = empty(matrix_shape(size, max_rank), int64);
    request = transport.allgather(group_.id, sizes.raw_data(), all.raw_data(), byte_count(sizes), &error);
    co_yield under_way(request, error, sizes, all);
    for (int r = 0; r < size; ++r) {
      shapes_[static_cast<std::size_t>(r)] = Shape(std::span(all.data<std::int64_t>() + r * max_rank, header(r).rank));
    }
  }
  check_agreement();

  const int root = has_root(ask_.kind) ? position(group_, ask_.root) : -1;
  const bool at_root = root == group_.rank;
  const Shape& shape = shapes_[static_cast<std::size_t>(root < 0 ? 0 : root)];
  const auto dtype = static_cast<DType>(header(root < 0 ? 0 : root).dtype);
  const std::int64_t block = numel(shape) * size_of(dtype);
  const bool small = block <= Header::room;

  switch (ask_.kind) {
    case Kind::Barrier: break;

    case Kind::NewGroup:
    case Kind::Gather: {
      Shape stacked = shape;
      const bool receives = root < 0 || at_root;
      stacked.insert(0, receives ? size : 0);
      if (small) {
        result_ = receives ? contributions(shape, dtype) : empty(stacked, dtype);
        break;
      }
      result_ = empty(stacked, dtype);
      request = root < 0 ? transport.allgather(group_.id, ask_.input.raw_data(), result_.raw_data(), block, &error)
                         : transport.gather(group_.id, ask_.input.raw_data(), result_.raw_data(), block, root, &error);
      co_yield under_way(request, error, ask_.input, result_);
      break;
    }

    case Kind::Scatter: {
      Shape part = shape;
      part[0] /= size;
      if (small) {
        Tensor whole = empty(shape, dtype);
        std::memcpy(whole.raw_data(), payload(root), static_cast<std::size_t>(block));
        result_ = narrow(whole, 0, group_.rank * part[0], part[0]).clone();
        break;
      }
      result_ = empty(part, dtype);
      request = transport.scatter(group_.id, ask_.input.raw_data(), result_.raw_data(), byte_count(result_), root, &error);
      co_yield under_way(request, error, ask_.input, result_);
      break;
    }

    case Kind::Broadcast: {
      result_ = empty(shape, dtype);
      if (small) {
        std::memcpy(result_.raw_data(), payload(root), static_cast<std::size_t>(block));
        break;
      }
      if (at_root) result_.copy_(ask_.input);
      request = transport.broadcast(group_.id, result_.raw_data(), block, root, &error);
      co_yield under_way(request, error, result_);
      break;
    }

    case Kind::AllToAll: {
      if (small) {
        const std::int64_t rows = shape[0] / size;
        result_ = narrow(contributions(shape, dtype), 1, group_.rank * rows, rows).contiguous().reshape(shape);
        break;
      }
      result_ = empty(shape, dtype);
      request = transport.alltoall(group_.id, ask_.input.raw_data(), result_.raw_data(), block / size, &error);
      co_yield under_way(request, error, ask_.input, result_);
      break;
    }

    case Kind::AllReduce:
    case Kind::Reduce:
    case Kind::ReduceScatter: {
      if (small) {
        result_ = combine(contributions(shape, dtype), ask_.reduction);
        if (ask_.kind == Kind::ReduceScatter) {
          result_ = narrow(result_, 0, group_.rank * (shape[0] / size), shape[0] / size).clone();
        }
        if (ask_.kind == Kind::Reduce && !at_root) result_ = ask_.input;
        break;
      }
      // Each rank combines one part of all contributions; the parts are then brought together where they are wanted.
      const std::int64_t part = (numel(shape) + size - 1) / size;
      Tensor sent = ask_.input.flatten();
      if (part * size != sent.numel()) sent = padded(sent, part * size);
      const Tensor received = empty(matrix_shape(size, part), dtype);
      request = transport.alltoall(group_.id, sent.raw_data(), received.raw_data(), byte_count(received) / size, &error);
      co_yield under_way(request, error, sent, received);
      const Tensor combined = combine(received, ask_.reduction);
      if (ask_.kind == Kind::ReduceScatter) {
        Shape rows = shape;
        rows[0] /= size;
        result_ = combined.reshape(rows);
        break;
      }
      const bool receives = ask_.kind == Kind::AllReduce || at_root;
      const Tensor whole = raw_elements(receives ? part * size : 0, combined.dtype());
      request = ask_.kind == Kind::AllReduce
                    ? transport.allgather(group_.id, combined.raw_data(), whole.raw_data(), byte_count(combined), &error)
                    : transport.gather(group_.id, combined.raw_data(), whole.raw_data(), byte_count(combined), root, &error);
      co_yield under_way(request, error, combined, whole);
      result_ = receives ? narrow(whole, 0, 0, numel(shape)).reshape(shape) : ask_.input;
      break;
    }
  }
}

bool Collective::advance() {
  if (ended_) return true;
  // Only the first of the group's collectives moves data: all ranks run them in one order.
  if (const auto front = group_.queue.front(); front.get() != this) {
    front->advance();
    return ended_;
  }
  const NoGrad quiet;
  try {
    if (!started_) {
      started_ = true;
      steps_ = steps();
    }
    if (steps_.advance()) {
      end();
      return true;
    }
    const auto now = Clock::now();
    if (!announced_ && now > begin_ + std::chrono::duration<double>(announce_after)) announce();
    if (now > deadline_) fail_late();
  } catch (...) {
    failure_ = std::current_exception();
    end();
  }
  return ended_;
}

void Collective::end() {
  ended_ = true;
  steps_ = Steps();
  blocks_ = Tensor();
  ask_.input = Tensor();
  const auto self = group_.queue.front();  // keeps this object for the rest of the call
  group_.queue.pop_front();
}

Tensor Collective::result() {
  if (failure_) std::rethrow_exception(failure_);
  return result_;
}

// Tells the others that this rank has come: at the timeout they know who has not.
void Collective::announce() {
  announced_ = true;
  missing_ranks();  // takes what earlier collectives left
  const Tensor word = full({1}, static_cast<std::int64_t>(sequence_), int64);
  for (int r = 0; r < group_.size(); ++r) {
    if (r == group_.rank) continue;
    int error = 0;
    wick_request* request = world().transport->send(group_.id, presence_channel, word.raw_data(), byte_count(word), r, 0, &error);
    if (request) announcements_.emplace_back(request, error, Tensors{word});
  }
}

std::vector<int> Collective::missing_ranks() {
  const wick_transport& transport = *world().transport;
  std::vector<bool> came(group_.ranks.size(), false);
  came[static_cast<std::size_t>(group_.rank)] = true;
  int origin, error = 0;
  std::int64_t bytes;
  wick_message* message;
  while (transport.probe(group_.id, presence_channel, -1, 0, &origin, &bytes, &message, &error)) {
    const Tensor word = empty({1}, int64);
    Request request(transport.receive(message, word.raw_data(), bytes, &error), error, {word});
    for (int tries = 0; tries < 1000 && !request.done(); ++tries) sched_yield();
    if (word.data<std::int64_t>()[0] >= sequence_) arrived_.push_back(origin);
  }
  for (const int r : arrived_) came[static_cast<std::size_t>(r)] = true;
  std::vector<int> missing;
  for (std::size_t r = 0; r < came.size(); ++r) {
    if (!came[r]) missing.push_back(group_.ranks[r]);
  }
  return missing;
}

void Collective::fail_late() {
  std::string who;
  for (const int r : missing_ranks()) who += (who.empty() ? "" : ", ") + std::to_string(r);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%g", timeout_);
  group_.unusable = std::string(operation()) + " ended without an answer after " + seconds + " s" +
                    (who.empty() ? "" : "; ranks that never came: " + who);
  throw DistributedError(std::string(operation()) + ": no answer within " + seconds + " s" +
                         (who.empty() ? ", though all ranks had come: one may have died since"
                                      : " from rank " + who + ", which died or did not call it") +
                         "; the group cannot be used any more");
}

namespace {

Tensor run_to_end(Work& work) {
  Backoff backoff;
  while (!work.advance()) backoff.pause();
  return work.result();
}

}  // namespace

WorkPtr start(const Ask& ask, const Context& context) {
  World& w = world();
  const char* operation = operations[static_cast<int>(ask.kind)];
  Group& group = find_group(operation, context.group);
  if (!group.unusable.empty()) {
    throw DistributedError(std::string(operation) + ": group \"" + group.name + "\" cannot be used any more: " + group.unusable);
  }
  auto collective = std::make_shared<Collective>(group, ask, context.timeout.value_or(w.timeout));
  group.queue.push_back(collective);
  collective->advance();
  return collective;
}

Tensor wait(const WorkPtr& work) { return run_to_end(*work); }

Tensor call(const Ask& ask, const Context& context) { return wait(start(ask, context)); }

}  // namespace wick::distributed
