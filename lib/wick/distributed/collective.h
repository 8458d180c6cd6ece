#pragma once

// Private: one collective under way, as steps between which the program may do other things.

#include <coroutine>
#include <exception>

#include "wick/distributed/world.h"

namespace wick::distributed {

enum class Kind : std::uint8_t { Gather, Scatter, Broadcast, AllReduce, Reduce, ReduceScatter, AllToAll, Barrier, NewGroup };

// A function that pauses wherever it has a request under way: `co_yield request`.
class Steps {
 public:
  struct promise_type {
    Request current;
    std::exception_ptr failure;

    Steps get_return_object() { return Steps(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Request&& request) {
      current = std::move(request);
      return {};
    }
    void return_void() {}
    void unhandled_exception() { failure = std::current_exception(); }
  };

  Steps() = default;
  Steps(Steps&& other) noexcept { std::swap(handle_, other.handle_); }
  Steps& operator=(Steps&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Steps() {
    if (handle_) handle_.destroy();
  }

  // Goes on as far as it can without waiting; true at the end. Throws what the function threw.
  bool advance();

 private:
  explicit Steps(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};


// What one call asks for.
struct Ask {
  Kind kind;
  Tensor input;
  int root = 0;  // of the world; -1: every rank
  Reduction reduction = Reduction::Sum;
  std::string refused = "";  // what is wrong with this rank's call, if that is known already: the others are told
};

// A collective of one group. Its ranks first exchange blocks that say what each asks for, together with small payloads;
// larger ones follow when all agree.
class Collective : public Work {
 public:
  Collective(Group& group, Ask ask, double timeout);

  bool advance() override;
  Tensor result() override;
  const char* operation() const;

 private:
  struct Header;
  Steps steps();
  Tensor own_block() const;
  Tensor contributions(const Shape& shape, DType dtype) const;
  void check_agreement() const;
  std::string refusal() const;
  void fail_late();
  void announce();
  std::vector<int> missing_ranks();
  void end();

  const Header& header(int rank) const;
  const char* payload(int rank) const;

  Group& group_;
  Ask ask_;
  double timeout_;
  Clock::time_point begin_;
  Clock::time_point deadline_;
  std::uint32_t sequence_;
  std::string refused_;
  bool announced_ = false;
  std::vector<Request> announcements_;
  std::vector<int> arrived_;    // ranks of the group that announced themselves
  Tensor blocks_;               // of all ranks
  std::vector<Shape> shapes_;  // what each rank passed
  Steps steps_;
  bool started_ = false;
  bool ended_ = false;
  Tensor result_;
  std::exception_ptr failure_;
};

// Asks a group for a collective and waits for its end, or leaves it under way.
WorkPtr start(const Ask& ask, const Context& context);
Tensor call(const Ask& ask, const Context& context);

}  // namespace wick::distributed
