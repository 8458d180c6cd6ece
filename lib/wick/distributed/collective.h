#pragma once

// Private: one collective under way, as steps between which the program may do other things.

#include <coroutine>
#include <exception>

#include "wick/distributed/agreement.h"

namespace wick::distributed {

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

// A collective of one group. Its ranks first exchange blocks that say what each asks for, together with small
// data; larger data follows when all agree.
class Collective : public Work {
 public:
  Collective(Group& group, Ask ask, double timeout);

  bool advance() override;
  bool busy() const override { return agreed_; }
  Tensor result() override;
  // Whether any rank wants gradients: then every rank records the result, for they all have to meet again.
  // Known at the end.
  bool wants_gradient() const { return wants_gradient_; }

 private:
  Steps agree();
  Steps move_gather();
  Steps move_scatter();
  Steps move_broadcast();
  Steps move_all_to_all();
  Steps move_reduction();
  Steps move();
  void begin();
  bool step();
  void read_agreement();
  Tensor contributions() const;
  Tensor contribution(int rank) const;
  Tensor own_part(const Tensor& whole) const;
  Shape part_shape() const;
  Tensor from_blocks() const;
  void check_clock();
  void announce();
  std::string missing_ranks();
  [[noreturn]] void fail_late();
  void end();

  const char* operation() const { return operation_name(ask_.kind); }
  const Block* blocks() const { return reinterpret_cast<const Block*>(group_.blocks.raw_data()); }
  bool receives() const { return root_ < 0 || root_ == group_.rank; }
  Shape stacked(std::int64_t count) const;

  Group& group_;
  Ask ask_;
  double timeout_;
  bool own_gradient_;  // whether this rank wants one
  int polls_ = 0;
  Clock::time_point begin_;
  std::uint32_t sequence_ = 0;
  bool announced_ = false;
  Steps steps_;

  // What the ranks have agreed on.
  bool agreed_ = false;
  bool wants_gradient_ = false;
  int root_ = -1;  // of the group
  Shape shape_;
  DType dtype_ = float32;
  std::int64_t bytes_ = 0;  // of one rank's tensor

  bool begun_ = false;
  bool ended_ = false;
  Tensor result_;
  std::exception_ptr failure_;
};

// Asks a group for a collective, which is then under way.
std::shared_ptr<Collective> start(Ask ask, const Context& context);

}  // namespace wick::distributed
