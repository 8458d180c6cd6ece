// Groups of ranks, requests, and waiting for them.

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <list>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/distributed/collective.h"
#include "wick/distributed/message.h"
#include "wick/ops/creation.h"

namespace wick::distributed {

std::string Group::description() const {
  return name.empty() ? "the group of all ranks" : "group \"" + name + "\"";
}

Group& add_group(std::vector<int> ranks, std::string_view name, int id) {
  const Lock lock;
  World& w = world();
  auto group = std::make_unique<Group>();
  group->name = name;
  group->id = id;
  group->ranks = std::move(ranks);
  group->rank = position(*group, w.rank);
  if (!w.alone()) {
    group->own_block = zeros({block_bytes}, uint8);
    group->blocks = zeros({block_bytes * group->size()}, uint8);
    group->announced.resize(group->ranks.size());
  }
  return *(w.groups[std::string(name)] = std::move(group));
}

Group& find_group(const char* operation, std::string_view name) {
  const Lock lock;
  World& w = world();
  const auto it = w.groups.find(name);
  if (it == w.groups.end()) {
    fail<DistributedError>(operation,
                           "group \"{}\" does not exist on rank {}; distributed_new_group makes groups", name,
                           w.rank);
  }
  Group& group = *it->second;
  if (group.rank < 0) {
    fail<DistributedError>(operation, "rank {} is not in {}", w.rank, group.description());
  }
  if (!group.unusable.empty()) {
    fail<DistributedError>(operation, "{} cannot be used any more: {}", group.description(), group.unusable);
  }
  return group;
}

Request::Request(wick_request* request, int error, const Tensor& buffer, const Tensor& other)
    : request_(request), buffers_{buffer, other} {
  if (!request) transport_failed(error);
}

Request& Request::operator=(Request&& other) noexcept {
  std::swap(request_, other.request_);
  std::swap(buffers_, other.buffers_);
  return *this;
}

namespace {

// Requests that were given up while they were under way.
std::list<Request>& given_up() {
  static auto* all = new std::list<Request>;
  return *all;
}

}  // namespace

Request::~Request() {
  if (!request_) return;
  const Lock lock;
  try {
    given_up().push_back(std::move(*this));
    std::erase_if(given_up(), [](Request& earlier) { return earlier.done(); });
  } catch (const DistributedError&) {
    // There is no transport any more, or it has lost the request: either way nothing can be done with it.
  }
}

bool Request::done() {
  if (!request_) return true;
  int error = 0;
  const int outcome = world().transport->test(request_, &error);
  if (outcome == 0) return false;
  request_ = nullptr;
  buffers_[0] = buffers_[1] = Tensor();
  if (outcome < 0) transport_failed(error);
  return true;
}

namespace {

// Whether the ranks on this machine have a processor each, as far as the launcher tells.
bool processors_suffice() {
  for (const char* variable : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}) {
    if (const char* text = std::getenv(variable)) return std::atol(text) <= sysconf(_SC_NPROCESSORS_ONLN);
  }
  return false;
}

// Waits without holding up other processes on the same processor: spins briefly, then yields, then sleeps.
class Backoff {
 public:
  void pause(bool busy) {
    static const int spins = processors_suffice() ? 2000 : 20;
    constexpr int yields = 5000;
    if (++count_ < spins) return;
    if (busy || count_ < spins + yields) {
      sched_yield();
    } else {
      usleep(100);
    }
  }

 private:
  int count_ = 0;
};

// Moves on this work, and then everything else; true when it has ended.
bool advance_all(Work& work) {
  const Lock lock;
  if (work.advance()) return true;
  for (const auto& [name, group] : world().groups) {
    if (!group->queue.empty() && group->queue.front().get() != &work) group->queue.front()->advance();
  }
  advance_receives();
  return false;
}

}  // namespace

Tensor run_to_end(Work& work) {
  Backoff backoff;
  while (!advance_all(work)) {
    // What is given up here stays under way: later calls move it on, so that the ranks still meet in order.
    check_interrupt();
    backoff.pause(work.busy());
  }
  return work.result();
}

}  // namespace wick::distributed
