#include "wick/distributed/collective.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/distributed/combine.h"
#include "wick/ops/creation.h"
#include "wick/ops/join.h"
#include "wick/ops/views.h"

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

constexpr int presence_channel = 2;  // the transport's, for word of who has come
constexpr int most_announcing =
    256;  // in larger groups nobody says so: every rank would write to every other
constexpr double announce_share = 0.05;  // of the timeout has gone by when a rank says that it is there,
constexpr double announce_after = 0.1;   // and so many seconds at least
constexpr std::uint32_t words_taken_every = 64;  // collectives
constexpr int clock_read_every = 16;             // polls

std::int64_t byte_count(const Tensor& x) { return x.numel() * x.itemsize(); }

// With zeros after its end.
Tensor padded(const Tensor& x, std::int64_t length) {
  return cat({x, zeros({length - x.numel()}, x.dtype())});
}

// Braced lists are made outside of the coroutines: GCC 12 gets them wrong inside.
Tensor matrix(std::int64_t rows, std::int64_t columns, DType dtype) { return empty({rows, columns}, dtype); }
Tensor elements(std::int64_t count, DType dtype) { return empty({count}, dtype); }

Tensor all_sizes(const Shape& shape) {
  const Tensor sizes = zeros({max_rank}, int64);
  std::copy(shape.begin(), shape.end(), sizes.data<std::int64_t>());
  return sizes;
}

// Takes in what other ranks have said of themselves.
void take_words(Group& group) {
  const wick_transport& transport = *world().transport;
  int origin, error = 0;
  std::int64_t bytes;
  wick_message* message;
  while (transport.probe(group.id, presence_channel, -1, 0, &origin, &bytes, &message, &error)) {
    const Tensor word = empty({1}, int64);
    Request request(transport.receive(message, word.raw_data(), bytes, &error), error, word);
    for (int tries = 0; tries < 1000 && !request.done(); ++tries) sched_yield();
    auto& last = group.announced[static_cast<std::size_t>(origin)];
    last = std::max(last, static_cast<std::uint32_t>(word.data<std::int64_t>()[0]));
  }
}

}  // namespace

Collective::Collective(Group& group, Ask ask, double timeout)
    : group_(group), ask_(std::move(ask)), timeout_(timeout), own_gradient_(autograd::wanted({ask_.input})) {
  const NoGrad no_grad;
  ask_.input = ask_.input.contiguous();
}

void Collective::begin() {
  begun_ = true;
  if (!group_.unusable.empty()) {
    fail<DistributedError>(operation(), "{} cannot be used any more: {}", group_.description(),
                           group_.unusable);
  }
  begin_ = Clock::now();
  sequence_ = ++group_.sequence;
  if (sequence_ % words_taken_every == 0) take_words(group_);
  fill(*reinterpret_cast<Block*>(group_.own_block.raw_data()), ask_, refusal(group_, ask_), own_gradient_);
  steps_ = agree();
}

// The ranks exchange their blocks, and compare them.
Steps Collective::agree() {
  const wick_transport& transport = *world().transport;
  int error = 0;
  wick_request* request = transport.allgather(group_.id, group_.own_block.raw_data(),
                                              group_.blocks.raw_data(), block_bytes, &error);
  co_yield Request(request, error, group_.own_block, group_.blocks);

  std::vector<Shape> shapes;
  int most_dims = 0;
  for (int r = 0; r < group_.size(); ++r) most_dims = std::max<int>(most_dims, blocks()[r].dims);
  if (most_dims > Block::most_dims) {
    const Tensor sizes = all_sizes(ask_.input.sizes());
    const Tensor all = matrix(group_.size(), max_rank, int64);
    request = transport.allgather(group_.id, sizes.raw_data(), all.raw_data(), byte_count(sizes), &error);
    co_yield Request(request, error, sizes, all);
    for (int r = 0; r < group_.size(); ++r) {
      shapes.emplace_back(std::span(all.data<std::int64_t>() + r * max_rank, blocks()[r].dims));
    }
  }
  check_agreement(group_, blocks(), shapes);

  root_ = has_root(ask_.kind) ? position(group_, ask_.root) : -1;
  const int example = std::max(root_, 0);
  shape_ = shapes.empty() ? shape_of(blocks()[example]) : shapes[static_cast<std::size_t>(example)];
  dtype_ = static_cast<DType>(blocks()[example].dtype);
  bytes_ = numel(shape_) * size_of(dtype_);
  for (int r = 0; r < group_.size(); ++r) wants_gradient_ = wants_gradient_ || blocks()[r].wants_gradient;
}

Shape Collective::stacked(std::int64_t count) const {
  Shape shape = shape_;
  shape.insert(0, count);
  return shape;
}

// The tensors of all ranks, which came with the blocks, as the rows of a matrix.
Tensor Collective::contributions() const {
  const Tensor all = matrix(group_.size(), numel(shape_), dtype_);
  for (int r = 0; bytes_ > 0 && r < group_.size(); ++r) {
    std::memcpy(all.raw_data() + r * bytes_, blocks()[r].data, static_cast<std::size_t>(bytes_));
  }
  return all;
}

// The tensor of one rank, flat.
Tensor Collective::contribution(int rank) const {
  const Tensor data = elements(numel(shape_), dtype_);
  if (bytes_ > 0) std::memcpy(data.raw_data(), blocks()[rank].data, static_cast<std::size_t>(bytes_));
  return data;
}

// This rank's part of a flat tensor, or of the rows of a matrix, which are cut into as many as there are
// ranks.
Tensor Collective::own_part(const Tensor& whole) const {
  const std::int64_t count = whole.size(-1) / group_.size();
  return narrow(whole, -1, group_.rank * count, count).clone();
}

// The shape of a rank's part.
Shape Collective::part_shape() const {
  Shape part = shape_;
  part[0] /= group_.size();
  return part;
}

// The result, where all data is small.
Tensor Collective::from_blocks() const {
  switch (ask_.kind) {
    case Kind::Gather:
      return receives() ? contributions().reshape(stacked(group_.size())) : empty(stacked(0), dtype_);
    case Kind::Scatter:
      return own_part(contribution(root_)).reshape(part_shape());
    case Kind::Broadcast:
      return contribution(root_).reshape(shape_);
    case Kind::AllToAll:
      return own_part(contributions()).reshape(shape_);
    case Kind::AllReduce:
      return combine(contributions(), ask_.reduction).reshape(shape_);
    case Kind::Reduce:
      return receives() ? combine(contributions(), ask_.reduction).reshape(shape_) : ask_.input.clone();
    case Kind::ReduceScatter:
      return own_part(combine(contributions(), ask_.reduction)).reshape(part_shape());
    case Kind::Barrier:
    case Kind::NewGroup:
    case Kind::Finalize:
      break;
  }
  return Tensor();
}

// Large data.
Steps Collective::move() {
  switch (ask_.kind) {
    case Kind::Gather:
      return move_gather();
    case Kind::Scatter:
      return move_scatter();
    case Kind::Broadcast:
      return move_broadcast();
    case Kind::AllToAll:
      return move_all_to_all();
    default:
      return move_reduction();
  }
}

Steps Collective::move_gather() {
  const wick_transport& transport = *world().transport;
  int error = 0;
  const Tensor& x = ask_.input;
  result_ = empty(stacked(receives() ? group_.size() : 0), dtype_);
  wick_request* request =
      root_ < 0 ? transport.allgather(group_.id, x.raw_data(), result_.raw_data(), bytes_, &error)
                : transport.gather(group_.id, x.raw_data(), result_.raw_data(), bytes_, root_, &error);
  co_yield Request(request, error, x, result_);
}

Steps Collective::move_scatter() {
  int error = 0;
  const Tensor& x = ask_.input;
  result_ = empty(part_shape(), dtype_);
  wick_request* request = world().transport->scatter(group_.id, x.raw_data(), result_.raw_data(),
                                                     byte_count(result_), root_, &error);
  co_yield Request(request, error, x, result_);
}

Steps Collective::move_broadcast() {
  int error = 0;
  result_ = receives() ? ask_.input.clone() : empty(shape_, dtype_);
  wick_request* request = world().transport->broadcast(group_.id, result_.raw_data(), bytes_, root_, &error);
  co_yield Request(request, error, result_);
}

Steps Collective::move_all_to_all() {
  int error = 0;
  const Tensor& x = ask_.input;
  result_ = empty(shape_, dtype_);
  wick_request* request = world().transport->alltoall(group_.id, x.raw_data(), result_.raw_data(),
                                                      bytes_ / group_.size(), &error);
  co_yield Request(request, error, x, result_);
}

// Each rank combines one part of all contributions; the parts are then brought together where they are
// wanted.
Steps Collective::move_reduction() {
  const wick_transport& transport = *world().transport;
  int error = 0;
  const int size = group_.size();
  const std::int64_t count = numel(shape_);
  const std::int64_t part = (count + size - 1) / size;
  Tensor sent = ask_.input.flatten();
  if (part * size != count) sent = padded(sent, part * size);
  Tensor received = matrix(size, part, dtype_);
  wick_request* request = transport.alltoall(group_.id, sent.raw_data(), received.raw_data(),
                                             byte_count(received) / size, &error);
  co_yield Request(request, error, sent, received);

  const Tensor combined = combine(received, ask_.reduction);
  received = Tensor();
  sent = Tensor();
  if (ask_.kind == Kind::ReduceScatter) {
    result_ = combined.reshape(part_shape());
    co_return;
  }
  const Tensor whole = elements(receives() ? part * size : 0, combined.dtype());
  const std::int64_t bytes = byte_count(combined);
  request = ask_.kind == Kind::AllReduce
                ? transport.allgather(group_.id, combined.raw_data(), whole.raw_data(), bytes, &error)
                : transport.gather(group_.id, combined.raw_data(), whole.raw_data(), bytes, root_, &error);
  co_yield Request(request, error, combined, whole);
  result_ = receives() ? narrow(whole, 0, 0, count).reshape(shape_) : ask_.input.clone();
}

// Goes on as far as it can; true at the end.
bool Collective::step() {
  while (steps_.advance()) {
    if (agreed_) return true;
    if (bytes_ <= Block::room) {
      result_ = from_blocks();
      return true;
    }
    agreed_ = true;
    steps_ = move();
  }
  return false;
}

bool Collective::advance() {
  const Lock lock;
  if (ended_) return true;
  // Only the first of the group's collectives moves data: all ranks run them in one order. It leaves the
  // queue when it ends, and stays for the rest of the call.
  const auto first = group_.queue.front();
  if (first.get() != this) {
    first->advance();
    return ended_;
  }
  const NoGrad no_grad;
  const Uninterrupted to_the_end;  // half a step would leave the group unusable, and may be of another call
  try {
    if (!begun_) begin();
    if (step()) {
      end();
    } else {
      check_clock();
    }
  } catch (const Disagreement&) {
    failure_ = std::current_exception();
    end();
  } catch (const std::exception& error) {
    // It stops half way on this rank: the next one would meet what the others still have under way.
    failure_ = std::current_exception();
    if (group_.unusable.empty()) group_.unusable = std::string(operation()) + " failed: " + error.what();
    end();
  }
  return ended_;
}

void Collective::end() {
  ended_ = true;
  steps_ = Steps();
  ask_.input = Tensor();
  group_.queue.pop_front();
}

Tensor Collective::result() {
  const Lock lock;
  if (failure_) std::rethrow_exception(failure_);
  return result_;
}

void Collective::check_clock() {
  if (++polls_ % clock_read_every != 0) return;
  const std::chrono::duration<double> waited = Clock::now() - begin_;
  if (!announced_ && waited.count() > std::max(announce_after, announce_share * timeout_)) announce();
  if (waited.count() > timeout_) fail_late();
}

// Tells the others that this rank has come: at the timeout they know who has not.
void Collective::announce() {
  announced_ = true;
  take_words(group_);
  std::erase_if(group_.announcements, [](Request& sent) { return sent.done(); });
  if (group_.size() > most_announcing) return;
  const Tensor word = full({1}, static_cast<std::int64_t>(sequence_), int64);
  for (int r = 0; r < group_.size(); ++r) {
    if (r == group_.rank) continue;
    int error = 0;
    wick_request* request =
        world().transport->send(group_.id, presence_channel, word.raw_data(), byte_count(word), r, 0, &error);
    Request sent(request, error, word);
    if (!sent.done()) group_.announcements.push_back(std::move(sent));
  }
}

// "rank 1, 3"; empty when all have come, or nobody knows.
std::string Collective::missing_ranks() {
  if (agreed_ || group_.size() > most_announcing) return "";
  take_words(group_);
  std::string missing;
  for (int r = 0; r < group_.size(); ++r) {
    const auto place = static_cast<std::size_t>(r);
    if (r == group_.rank || group_.announced[place] >= sequence_) continue;
    missing += (missing.empty() ? "rank " : ", ") + std::to_string(group_.ranks[place]);
  }
  return missing;
}

void Collective::fail_late() {
  const std::string missing = missing_ranks();
  const std::string waited = "no answer within " + seconds_text(timeout_);
  group_.unusable = std::string(operation()) + " got " + waited + (missing.empty() ? "" : " from " + missing);
  std::string who = ", though all ranks had come: one may have died since";
  if (!missing.empty()) who = " from " + missing + ", which died or did not call it";
  if (!agreed_ && group_.size() > most_announcing) who = " from some ranks, which died or did not call it";
  fail<DistributedError>(operation(), "{}{}; {} cannot be used any more", waited, who, group_.description());
}

std::shared_ptr<Collective> start(Ask ask, const Context& context) {
  const Lock lock;
  const double timeout = context.timeout.value_or(world().timeout);
  Group& group = find_group(operation_name(ask.kind), context.group);
  auto collective = std::make_shared<Collective>(group, std::move(ask), timeout);
  group.queue.push_back(collective);
  collective->advance();
  return collective;
}

}  // namespace wick::distributed
