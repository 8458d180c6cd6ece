// Messages between two ranks: a header with dtype and shape, then the values. Both travel in one order on channels of
// their own, so that the values that belong to a header are the next ones of the same rank and tag.

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>

#include "wick/creation.h"
#include "wick/distributed/collective.h"
#include "wick/views.h"

namespace wick::distributed {
namespace {

constexpr int header_channel = 0, value_channel = 1;

struct Header {
  std::int64_t dtype;
  std::int64_t rank;
  std::int64_t sizes[max_rank];
  std::int64_t bytes() const { return static_cast<std::int64_t>(sizeof(std::int64_t)) * (2 + rank); }
};

class Message : public Work {
 public:
  Message(const char* operation, double timeout) : operation_(operation), timeout_(timeout), deadline_(deadline_after(timeout)) {}

  bool advance() override {
    if (ended_) return true;
    try {
      ended_ = step();
      if (!ended_ && Clock::now() > deadline_) {
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%g", timeout_);
        throw DistributedError(std::string(operation_) + ": no answer within " + seconds + " s from " + partner());
      }
    } catch (...) {
      failure_ = std::current_exception();
      ended_ = true;
      give_up();
    }
    return ended_;
  }
  Tensor result() override {
    if (failure_) std::rethrow_exception(failure_);
    return result_;
  }

 protected:
  virtual bool step() = 0;
  virtual std::string partner() const = 0;
  virtual void give_up() {}

  const char* operation_;
  Tensor result_;

 private:
  double timeout_;
  Clock::time_point deadline_;
  bool ended_ = false;
  std::exception_ptr failure_;
};

class Sending : public Message {
 public:
  Sending(const Tensor& values, int to, int tag, double timeout) : Message("distributed_send", timeout), to_(to) {
    const wick_transport& transport = *world().transport;
    result_ = values;
    const Tensor header = empty({static_cast<std::int64_t>(sizeof(Header))}, uint8);
    auto& h = *reinterpret_cast<Header*>(header.raw_data());
    h.dtype = static_cast<std::int64_t>(values.dtype());
    h.rank = values.dim();
    std::copy(values.sizes().begin(), values.sizes().end(), h.sizes);
    int error = 0;
    wick_request* request = transport.send(0, header_channel, header.raw_data(), h.bytes(), to, tag, &error);
    header_ = Request(request, error, {header});
    request = transport.send(0, value_channel, values.raw_data(), values.numel() * values.itemsize(), to, tag, &error);
    values_ = Request(request, error, {values});
  }

 private:
  bool step() override {
    const bool header_done = header_.done();
    return values_.done() && header_done;
  }
  std::string partner() const override { return "rank " + std::to_string(to_) + ", which did not receive"; }

  int to_;
  Request header_;
  Request values_;
};

class Receiving;

// Receives posted for one source and tag are filled in the order of posting.
std::map<std::pair<int, int>, std::deque<Receiving*>>& posted() {
  static auto* all = new std::map<std::pair<int, int>, std::deque<Receiving*>>;
  return *all;
}

class Receiving : public Message {
 public:
  Receiving(Shape shape, int from, int tag, double timeout)
      : Message("distributed_recv", timeout), shape_(std::move(shape)), from_(from), tag_(tag) {
    posted()[{from, tag}].push_back(this);
  }
  ~Receiving() override { leave_queue(); }

 private:
  bool step() override {
    if (state_ == State::Waiting) {
      auto& queue = posted()[{from_, tag_}];
      if (queue.front() != this) {
        queue.front()->advance();
        return false;
      }
      if (!take_header()) return false;
    }
    if (state_ == State::Header) {
      if (!request_.done()) return false;
      const auto& h = *reinterpret_cast<const Header*>(header_.raw_data());
      received_ = empty(Shape(std::span(h.sizes, static_cast<std::size_t>(h.rank))), static_cast<DType>(h.dtype));
      state_ = State::Values;
      probing_ = true;
    }
    if (probing_) {
      wick_message* message;
      std::int64_t bytes;
      int origin, error = 0;
      if (!world().transport->probe(0, value_channel, origin_, tag_, &origin, &bytes, &message, &error)) return false;
      probing_ = false;
      request_ = Request(world().transport->receive(message, received_.raw_data(), bytes, &error), error, {received_});
      leave_queue();  // the next one may look for its header now
    }
    if (!request_.done()) return false;
    if (received_.numel() != numel(shape_)) {
      throw ShapeError("distributed_recv: the message of rank " + std::to_string(origin_) + " has shape " +
                       to_string(received_.sizes()) + ", which does not fill shape " + to_string(shape_));
    }
    result_ = received_.reshape(shape_);
    return true;
  }

  bool take_header() {
    wick_message* message;
    std::int64_t bytes;
    int error = 0;
    const wick_transport& transport = *world().transport;
    if (!transport.probe(0, header_channel, from_, tag_, &origin_, &bytes, &message, &error)) return false;
    header_ = zeros({static_cast<std::int64_t>(sizeof(Header))}, uint8);
    request_ = Request(transport.receive(message, header_.raw_data(), bytes, &error), error, {header_});
    state_ = State::Header;
    return true;
  }

  void give_up() override { leave_queue(); }

  void leave_queue() {
    auto& queue = posted()[{from_, tag_}];
    std::erase(queue, this);
  }

  std::string partner() const override {
    return from_ < 0 ? "any rank" : "rank " + std::to_string(from_) + ", which sent nothing with tag " + std::to_string(tag_);
  }

  enum class State { Waiting, Header, Values };
  State state_ = State::Waiting;
  bool probing_ = false;
  Shape shape_;
  int from_;
  int tag_;
  int origin_ = 0;
  Tensor header_;
  Tensor received_;
  Request request_;
};

void check_rank(const char* operation, const char* parameter, int rank) {
  if (rank < 0 || rank >= world().size) {
    throw DistributedError(std::string(operation) + ": " + parameter + " " + std::to_string(rank) +
                           " is no rank of this world of " + std::to_string(world().size));
  }
}

void check_tag(const char* operation, int tag) {
  const int largest = world().transport->largest_tag();
  if (tag < 0 || tag > largest) {
    throw DistributedError(std::string(operation) + ": tag must be from 0 to " + std::to_string(largest) + ", " +
                           std::to_string(tag) + " was given");
  }
}

}  // namespace

namespace {

WorkPtr start_sending(const Tensor& values, int destination, int tag, std::optional<double> timeout) {
  if (world().alone()) throw DistributedError("distributed_send: a process alone has nobody to send to");
  check_rank("distributed_send", "dst", destination);
  check_tag("distributed_send", tag);
  return std::make_shared<Sending>(values, destination, tag, timeout.value_or(world().timeout));
}

}  // namespace

void send(const Tensor& x, int destination, int tag, std::optional<double> timeout) {
  wait(start_sending(x.detach().contiguous(), destination, tag, timeout));
}

WorkPtr isend(const Tensor& x, int destination, int tag, std::optional<double> timeout) {
  return start_sending(x.detach().clone().contiguous(), destination, tag, timeout);
}

Tensor recv(const Shape& shape, int source, int tag, std::optional<double> timeout) {
  return wait(irecv(shape, source, tag, timeout));
}

WorkPtr irecv(const Shape& shape, int source, int tag, std::optional<double> timeout) {
  if (world().alone()) throw DistributedError("distributed_irecv: a process alone has nobody to receive from");
  if (source != -1) check_rank("distributed_recv", "src", source);
  check_tag("distributed_recv", tag);
  numel(shape);
  return std::make_shared<Receiving>(shape, source, tag, timeout.value_or(world().timeout));
}

}  // namespace wick::distributed
