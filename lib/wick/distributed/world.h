#pragma once

// Private: the world of this process, its groups, and the transport that connects them.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "wick/distributed/distributed.h"
#include "wick/distributed/transport.h"

namespace wick::distributed {

using Clock = std::chrono::steady_clock;
Clock::time_point deadline_after(double seconds);
// "2.5 s"
std::string seconds_text(double seconds);

// Whoever touches the world, its groups or the transport holds this lock, which one thread may take several
// times.
class Lock {
 public:
  Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

class Collective;

// The transport's request as an object: tests it, and reports failure as an exception. While a request is
// under way its buffers must stay: it holds the tensors, and those of a request that is given up are kept
// until it has ended.
class Request {
 public:
  Request() = default;
  Request(wick_request* request, int error, const Tensor& buffer, const Tensor& other = {});
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept;
  ~Request();

  // True when there is nothing (more) under way.
  bool done();

 private:
  wick_request* request_ = nullptr;
  Tensor buffers_[2];
};

// Some ranks of the world, with the collectives they have under way: one at a time moves data.
struct Group {
  std::string name;
  int id = 0;              // the transport's
  std::vector<int> ranks;  // of the world, by rank of the group
  int rank = 0;            // of this process in the group; -1 when it is not in it
  std::string unusable;    // why, when it is
  std::deque<std::shared_ptr<Collective>> queue;

  // For the agreement: this rank's block, and those of all.
  Tensor own_block, blocks;

  // Word of who has come: the number of the last late collective that each rank has announced.
  std::uint32_t sequence = 0;
  std::vector<std::uint32_t> announced;
  std::vector<Request> announcements;

  int size() const { return static_cast<int>(ranks.size()); }
  // "group "workers"" or "the group of all ranks"
  std::string description() const;
};

struct World {
  const wick_transport* transport = nullptr;  // null in a lone process
  int rank = 0;
  int size = 1;
  bool initialized = false;
  std::string closed;  // why there can be no transport any more
  double timeout = 300;
  std::map<std::string, std::unique_ptr<Group>, std::less<>> groups;  // "" is all processes

  bool alone() const { return transport == nullptr; }
};

// The world, joined first if a launcher says that there is one.
World& world();

// The group of that name which this process belongs to. DistributedError when there is none, or it is
// unusable.
Group& find_group(const char* operation, std::string_view name);
Group& add_group(std::vector<int> ranks, std::string_view name, int id);
// The transport's number for a new group of these ranks, of which this process is one. All of them call it at
// one time.
int join_group(const std::vector<int>& ranks);

[[noreturn]] void transport_failed(int error);

// Waits until `work` has ended, and moves everything else that is under way on meanwhile: another rank may
// wait for it before it comes to what this one waits for.
Tensor run_to_end(Work& work);

}  // namespace wick::distributed
