// Groups of ranks, requests, and waiting for them.

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <list>

#include "wick/distributed/collective.h"
#include "wick/distributed/message.h"
#include "wick/ops/creation.h"

namespace wick::distributed {

std::string Group::description() const {
  return name.empty() ? "the group of all ranks" : "group \"" + name + "\"";
}

Group& add_group(const std::vector<int>& ranks, std::string_view name, int id) {
  World& w = world();
  auto group = std::make_unique<Group>();
  group->name = name;
  group->id = id;
  group->ranks = ranks;
  group->rank = position(*group, w.rank);
  if (!w.alone()) {
    group->own_block = zeros({block_bytes}, uint8);
    group->blocks = zeros({block_bytes * group->size()}, uint8);
    group->announced.resize(ranks.size());
  }
  return *(w.groups[std::string(name)] = std::move(group));
}

Group& find_group(const char* operation, std::string_view name) {
  World& w = world();
  const auto it = w.groups.find(name);
  const auto fail = [operation](const std::string& why) {
    throw DistributedError(std::string(operation) + ": " + why);
  };
  if (it == w.groups.end()) {
    fail("group \"" + std::string(name) + "\" does not exist on rank " + std::to_string(w.rank) +
         "; distributed_new_group makes groups");
  }
  Group& group = *it->second;
  if (group.rank < 0) fail("rank " + std::to_string(w.rank) + " is not in " + group.description());
  if (!group.unusable.empty()) fail(group.description() + " cannot be used any more: " + group.unusable);
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

void advance_others(const Work& work) {
  for (const auto& [name, group] : world().groups) {
    if (!group->queue.empty() && group->queue.front().get() != &work) group->queue.front()->advance();
  }
  advance_receives();
}

}  // namespace

Tensor run_to_end(Work& work) {
  Backoff backoff;
  while (!work.advance()) {
    advance_others(work);
    backoff.pause(work.busy());
  }
  return work.result();
}

}  // namespace wick::distributed
