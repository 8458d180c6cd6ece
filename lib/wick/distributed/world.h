#pragma once

// Private: the world of this process, its groups, and the transport that connects them.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "wick/distributed/distributed.h"
#include "wick/distributed/transport.h"

namespace wick::distributed {

using Clock = std::chrono::steady_clock;

class Collective;

// Some ranks of the world, with the collectives they have under way: one at a time moves data.
struct Group {
  std::string name;
  int id = 0;              // the transport's
  std::vector<int> ranks;  // of the world, by rank of the group
  int rank = 0;            // of this process in the group
  std::uint32_t sequence = 0;
  std::string unusable;  // why, when it is
  std::deque<std::shared_ptr<Collective>> queue;

  int size() const { return static_cast<int>(ranks.size()); }
};

struct World {
  const wick_transport* transport = nullptr;  // null in a lone process
  int rank = 0;
  int size = 1;
  bool initialized = false;
  double timeout = 300;
  std::map<std::string, std::unique_ptr<Group>, std::less<>> groups;  // "" is all processes

  bool alone() const { return transport == nullptr; }
};

// The world, joined first if a launcher says that there is one.
World& world();

// The group of that name which this process belongs to. DistributedError when there is none.
Group& find_group(const char* operation, std::string_view name);

// The transport's request as an object: tests it, and reports failure as an exception. While a request is under way its
// buffers must stay; `keep` holds them, and a request that is given up keeps them for good.
class Request {
 public:
  Request() = default;
  Request(wick_request* request, int error, Tensors keep);
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept;
  ~Request();

  // True when there is nothing (more) under way.
  bool done();

 private:
  wick_request* request_ = nullptr;
  Tensors keep_;
};

[[noreturn]] void transport_failed(int error);

// Waits without holding up other processes on the same processor: spins briefly, then yields, then sleeps.
class Backoff {
 public:
  void pause();

 private:
  int count_ = 0;
};

Clock::time_point deadline_after(double seconds);

}  // namespace wick::distributed
