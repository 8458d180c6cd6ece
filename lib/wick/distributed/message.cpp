// Messages between two ranks: a header with dtype and shape, and small values at its end. Larger values
// follow on their own channel under a number that the header names, so that they cannot be taken for those of
// another message.

#include "wick/distributed/message.h"

#include <algorithm>
#include <cstring>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/distributed/world.h"
#include "wick/ops/creation.h"
#include "wick/ops/views.h"

namespace wick::distributed {
namespace {

constexpr int header_channel = 0, value_channel = 1;
constexpr std::int64_t most_inline = 4096;  // bytes of values

struct Header {
  std::int64_t dtype;
  std::int64_t value_tag;  // -1: the values follow right here
  std::int64_t dims;
  std::int64_t sizes[max_rank];

  std::int64_t bytes() const { return static_cast<std::int64_t>(sizeof(std::int64_t)) * (3 + dims); }
};

std::int64_t byte_count(const Tensor& x) { return x.numel() * x.itemsize(); }

// A number for values under way; they come round again after as many as there are tags.
int next_value_tag() {
  static int last = 0;
  last = last < world().transport->largest_tag() ? last + 1 : 0;
  return last;
}

// What sends and receives have in common: a timeout, and an end with a tensor or an error.
class Message : public Work {
 public:
  Message(const char* operation, double timeout)
      : operation_(operation), timeout_(timeout), deadline_(deadline_after(timeout)) {}

  bool advance() override {
    const Lock lock;
    if (ended_) return true;
    const Uninterrupted to_the_end;
    try {
      ended_ = step();
      if (!ended_ && Clock::now() > deadline_) {
        wick::fail<DistributedError>(operation_, "no answer within {} from {}", seconds_text(timeout_),
                                     partner());
      }
    } catch (...) {
      fail();
    }
    return ended_;
  }
  Tensor result() override {
    const Lock lock;
    if (failure_) std::rethrow_exception(failure_);
    return result_;
  }

 protected:
  virtual bool step() = 0;
  virtual std::string partner() const = 0;
  virtual void end() {}

  // Ends with the exception that is being handled.
  void fail() {
    failure_ = std::current_exception();
    ended_ = true;
    end();
  }

  Tensor result_;

 private:
  const char* operation_;
  double timeout_;
  Clock::time_point deadline_;
  bool ended_ = false;
  std::exception_ptr failure_;
};

class Sending : public Message {
 public:
  Sending(const Tensor& values, int to, int tag, double timeout)
      : Message("distributed_send", timeout), to_(to) {
    const wick_transport& transport = *world().transport;
    result_ = values;
    const std::int64_t bytes = byte_count(values);
    const bool small = bytes <= most_inline;
    Header h;
    h.dtype = static_cast<std::int64_t>(values.dtype());
    h.value_tag = small ? -1 : next_value_tag();
    h.dims = values.dim();
    std::copy(values.sizes().begin(), values.sizes().end(), h.sizes);
    const Tensor header = empty({h.bytes() + (small ? bytes : 0)}, uint8);
    std::memcpy(header.raw_data(), &h, static_cast<std::size_t>(h.bytes()));
    if (small && bytes > 0) {
      std::memcpy(header.raw_data() + h.bytes(), values.raw_data(), static_cast<std::size_t>(bytes));
    }
    int error = 0;
    wick_request* request =
        transport.send(0, header_channel, header.raw_data(), header.numel(), to, tag, &error);
    header_ = Request(request, error, header);
    if (small) return;
    request =
        transport.send(0, value_channel, values.raw_data(), bytes, to, static_cast<int>(h.value_tag), &error);
    values_ = Request(request, error, values);
    large_ = true;
  }
  bool busy() const override { return large_; }

 private:
  bool step() override {
    const bool header_done = header_.done();
    return values_.done() && header_done;
  }
  std::string partner() const override { return "rank " + std::to_string(to_) + ", which did not receive"; }

  int to_;
  bool large_ = false;
  Request header_;
  Request values_;
};

class Receiving;

// Receives under way, in the order of posting.
std::vector<Receiving*>& receives() {
  static auto* all = new std::vector<Receiving*>;
  return *all;
}

class Receiving : public Message {
 public:
  Receiving(Shape shape, int from, int tag, double timeout)
      : Message("distributed_recv", timeout), shape_(std::move(shape)), from_(from), tag_(tag) {
    const Lock lock;
    receives().push_back(this);
  }
  ~Receiving() override { end(); }
  bool busy() const override { return state_ == State::Values; }

  // Gives messages that have come to the receives that wait for them. One that was posted earlier is served
  // first.
  static void match();

 private:
  enum class State { Waiting, Header, Values, Done };

  bool competes(const Receiving& other) const {
    return tag_ == other.tag_ && (from_ == other.from_ || from_ < 0 || other.from_ < 0);
  }
  std::string partner() const override;
  void end() override {
    const Lock lock;
    std::erase(receives(), this);
  }
  bool step() override;
  bool take_header();
  void read_header();
  bool take_values();

  State state_ = State::Waiting;
  Shape shape_;
  int from_;
  int tag_;
  int origin_ = 0;
  std::int64_t value_tag_ = -1;
  Tensor header_;
  Request request_;
};

void Receiving::match() {
  std::vector<Receiving*> waiting;
  for (Receiving* r : std::vector(receives())) {
    if (r->state_ != State::Waiting) continue;
    const bool later =
        std::any_of(waiting.begin(), waiting.end(), [r](Receiving* w) { return r->competes(*w); });
    try {
      if (later || !r->take_header()) waiting.push_back(r);
    } catch (...) {
      r->fail();
    }
  }
}

bool Receiving::take_header() {
  wick_message* message;
  std::int64_t bytes;
  int error = 0;
  const wick_transport& transport = *world().transport;
  if (!transport.probe(0, header_channel, from_, tag_, &origin_, &bytes, &message, &error)) {
    if (error) transport_failed(error);
    return false;
  }
  header_ = empty({bytes}, uint8);
  request_ = Request(transport.receive(message, header_.raw_data(), bytes, &error), error, header_);
  state_ = State::Header;
  return true;
}

// Makes the tensor that the header announces, with its values if they have come already.
void Receiving::read_header() {
  const auto& h = *reinterpret_cast<const Header*>(header_.raw_data());
  const Shape sent(std::span(h.sizes, static_cast<std::size_t>(h.dims)));
  result_ = empty(sent, static_cast<DType>(h.dtype));
  value_tag_ = h.value_tag;
  state_ = value_tag_ < 0 ? State::Done : State::Values;
  if (value_tag_ < 0 && byte_count(result_) > 0) {
    std::memcpy(result_.raw_data(), header_.raw_data() + h.bytes(),
                static_cast<std::size_t>(byte_count(result_)));
  }
}

bool Receiving::take_values() {
  wick_message* message;
  std::int64_t bytes;
  int origin, error = 0;
  const wick_transport& transport = *world().transport;
  if (!transport.probe(0, value_channel, origin_, static_cast<int>(value_tag_), &origin, &bytes, &message,
                       &error)) {
    if (error) transport_failed(error);
    return false;
  }
  request_ = Request(transport.receive(message, result_.raw_data(), bytes, &error), error, result_);
  state_ = State::Done;
  return true;
}

bool Receiving::step() {
  if (state_ == State::Waiting) match();
  if (state_ == State::Waiting || !request_.done()) return false;
  if (state_ == State::Header) read_header();
  if (state_ == State::Values && !take_values()) return false;
  if (!request_.done()) return false;
  end();
  if (result_.numel() != numel(shape_)) {
    wick::fail<ShapeError>("distributed_recv",
                           "the message of rank {} has shape {}, which does not fill shape {}", origin_,
                           result_.sizes(), shape_);
  }
  result_ = result_.reshape(shape_);
  return true;
}

std::string Receiving::partner() const {
  if (state_ == State::Waiting) {
    return (from_ < 0 ? "any rank" : "rank " + std::to_string(from_)) + ", which sent nothing with tag " +
           std::to_string(tag_);
  }
  return "rank " + std::to_string(origin_) + ", whose message has not come whole";
}

int checked_rank(const char* operation, const char* parameter, std::int64_t rank) {
  const int size = world().size;
  if (rank < 0 || rank >= size) {
    fail<DistributedError>(operation, "{} {} is no rank of this world of {}", parameter, rank, size);
  }
  return static_cast<int>(rank);
}

int checked_tag(const char* operation, std::int64_t tag) {
  const int largest = world().transport->largest_tag();
  if (tag < 0 || tag > largest) {
    fail<DistributedError>(operation, "tag must be from 0 to {}, {} was given", largest, tag);
  }
  return static_cast<int>(tag);
}

WorkPtr start_sending(const Tensor& values, std::int64_t destination, std::int64_t tag,
                      std::optional<double> timeout) {
  constexpr const char* operation = "distributed_send";
  const Lock lock;
  if (world().alone()) fail<DistributedError>(operation, "a process alone has nobody to send to");
  const int to = checked_rank(operation, "dst", destination), label = checked_tag(operation, tag);
  return std::make_shared<Sending>(values, to, label, timeout.value_or(world().timeout));
}

}  // namespace

void advance_receives() {
  if (receives().empty()) return;
  Receiving::match();
  for (Receiving* r : std::vector(receives())) r->advance();
}

void send(const Tensor& x, std::int64_t destination, std::int64_t tag, std::optional<double> timeout) {
  // What goes to this very rank is received later.
  if (destination == world().rank) {
    isend(x, destination, tag, timeout);
    return;
  }
  run_to_end(*start_sending(x.detach().contiguous(), destination, tag, timeout));
}

WorkPtr isend(const Tensor& x, std::int64_t destination, std::int64_t tag, std::optional<double> timeout) {
  return start_sending(x.detach().clone().contiguous(), destination, tag, timeout);
}

Tensor recv(const Shape& shape, std::int64_t source, std::int64_t tag, std::optional<double> timeout) {
  return wait(irecv(shape, source, tag, timeout));
}

WorkPtr irecv(const Shape& shape, std::int64_t source, std::int64_t tag, std::optional<double> timeout) {
  constexpr const char* operation = "distributed_recv";
  const Lock lock;
  if (world().alone()) fail<DistributedError>(operation, "a process alone has nobody to receive from");
  const int from = source == -1 ? -1 : checked_rank(operation, "src", source);
  const int label = checked_tag(operation, tag);
  numel(shape);
  return std::make_shared<Receiving>(shape, from, label, timeout.value_or(world().timeout));
}

}  // namespace wick::distributed
