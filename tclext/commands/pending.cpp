#include "tclext/commands/pending.h"

#include <algorithm>
#include <list>
#include <memory>
#include <utility>

#include "tclext/binding/error.h"

namespace commands {

using wick::distributed::WorkPtr;

namespace {

class Finished : public wick::distributed::Work {
 public:
  explicit Finished(wick::Tensor result) : result_(std::move(result)) {}
  bool advance() override { return true; }
  wick::Tensor result() override { return result_; }

 private:
  wick::Tensor result_;
};

struct Pending {
  Pending(binding::State& owner, WorkPtr under_way, const binding::Callback& callback, std::string request)
      : state(owner), work(std::move(under_way)), command(callback), handle(std::move(request)) {}

  // Calls the command, unless its interpreter is gone.
  void deliver();

  binding::StateRef state;
  WorkPtr work;
  binding::Callback command;
  std::string handle;
  bool fresh = true;  // not looked at yet
};

// The words that tell of the outcome.
std::pair<binding::ObjRef, binding::ObjRef> outcome(binding::State& state, wick::distributed::Work& work,
                                                    bool sends) {
  try {
    const wick::Tensor result = work.result();
    Tcl_Obj* answer = sends ? binding::new_text("send_completed") : binding::new_handle(state, result);
    return {binding::ObjRef(binding::new_text("ok")), binding::ObjRef(answer)};
  } catch (const std::exception& error) {
    return {binding::ObjRef(binding::new_text("error")), binding::ObjRef(binding::new_text(error.what()))};
  }
}

void Pending::deliver() {
  Tcl_Interp* interp = state->interp();
  if (!interp) return;
  const auto [word, answer] = outcome(*state, *work, is_send(handle));
  requests().reported(handle);
  Tcl_Obj* const words[] = {word.get(), answer.get()};
  Tcl_Preserve(interp);
  try {
    binding::call(*state, command, words);
  } catch (const binding::ScriptError& error) {
    if (!Tcl_InterpDeleted(interp)) Tcl_BackgroundException(interp, error.code);
  }
  Tcl_Release(interp);
}

// The callbacks that a thread waits for, as a source of its event loop. Works are moved on whenever the loop
// looks for events, which is no event itself: so idle callbacks run meanwhile, and `update` returns.
class EventSource {
 public:
  // This thread's, which lives as long as the thread.
  static EventSource& of_thread();

  void add(std::unique_ptr<Pending> pending) { under_way_.push_back(std::move(pending)); }

 private:
  struct Event {
    Tcl_Event header;
    Pending* pending;  // owned
  };
  using Queue = std::list<std::unique_ptr<Pending>>;

  EventSource();
  ~EventSource();

  static void set_up(ClientData source, int flags);
  static void check(ClientData source, int flags);
  static int serve(Tcl_Event* event, int flags);
  static int drop(Tcl_Event* event, ClientData);
  void advance();

  static thread_local EventSource* instance_;
  Queue under_way_, ended_;
  bool served_ = false;  // since the event loop has last looked for events
};

constexpr int io_events = TCL_FILE_EVENTS;  // what our events count as
constexpr long poll_microseconds = 1000;    // between polls of what moves no large data

thread_local EventSource* EventSource::instance_ = nullptr;

EventSource& EventSource::of_thread() {
  if (!instance_) instance_ = new EventSource;
  return *instance_;
}

EventSource::EventSource() {
  Tcl_CreateEventSource(set_up, check, this);
  Tcl_CreateThreadExitHandler([](ClientData source) { delete static_cast<EventSource*>(source); }, this);
}

EventSource::~EventSource() {
  instance_ = nullptr;
  Tcl_DeleteEventSource(set_up, check, this);
  Tcl_DeleteEvents(drop, nullptr);
}

// How long the event loop may sleep.
void EventSource::set_up(ClientData data, int flags) {
  const auto& source = *static_cast<EventSource*>(data);
  if (!(flags & io_events) || (source.under_way_.empty() && source.ended_.empty())) return;
  const auto moves_data = [](const auto& pending) { return pending->fresh || pending->work->busy(); };
  const bool at_once =
      !source.ended_.empty() || std::any_of(source.under_way_.begin(), source.under_way_.end(), moves_data);
  const Tcl_Time time{0, at_once ? 0 : poll_microseconds};
  Tcl_SetMaxBlockTime(&time);
}

void EventSource::check(ClientData data, int flags) {
  if (!(flags & io_events)) return;
  auto& source = *static_cast<EventSource*>(data);
  source.advance();
  // Callbacks that start what ends at once would follow each other for ever: the loop runs dry in between.
  if (std::exchange(source.served_, false)) return;
  for (auto& pending : source.ended_) {
    auto* event = reinterpret_cast<Event*>(Tcl_Alloc(sizeof(Event)));
    event->header.proc = serve;
    event->pending = pending.release();
    Tcl_QueueEvent(&event->header, TCL_QUEUE_TAIL);
  }
  source.ended_.clear();
}

void EventSource::advance() {
  for (auto it = under_way_.begin(); it != under_way_.end();) {
    const auto next = std::next(it);
    (*it)->fresh = false;
    if ((*it)->work->advance()) ended_.splice(ended_.end(), under_way_, it);
    it = next;
  }
}

int EventSource::serve(Tcl_Event* event, int flags) {
  if (!(flags & io_events)) return 0;
  const std::unique_ptr<Pending> pending(reinterpret_cast<Event*>(event)->pending);
  of_thread().served_ = true;
  pending->deliver();
  return 1;
}

// Of the queue of a thread that ends.
int EventSource::drop(Tcl_Event* event, ClientData) {
  if (event->proc != serve) return 0;
  delete reinterpret_cast<Event*>(event)->pending;
  return 1;
}

}  // namespace

WorkPtr finished(const wick::Tensor& result) { return std::make_shared<Finished>(result); }

void call_back(binding::State& state, const WorkPtr& work, const binding::Callback& command,
               const std::string& handle) {
  EventSource::of_thread().add(std::make_unique<Pending>(state, work, command, handle));
}

namespace {

extern const Tcl_ObjType receive_type;

wick::Shape* shape_in(const Tcl_Obj* object) {
  return static_cast<wick::Shape*>(object->internalRep.twoPtrValue.ptr1);
}

void hold_shape(Tcl_Obj* object, const wick::Shape& shape) {
  object->internalRep.twoPtrValue.ptr1 = new wick::Shape(shape);
  object->internalRep.twoPtrValue.ptr2 = nullptr;
  object->typePtr = &receive_type;
}

// Such objects always have their text, so that there is no function to make one.
constexpr Tcl_ObjType receive_type = {
    "torch_receive", [](Tcl_Obj* object) { delete shape_in(object); },
    [](Tcl_Obj* source, Tcl_Obj* copy) { hold_shape(copy, *shape_in(source)); }, nullptr, nullptr};

}  // namespace

Tcl_Obj* receive_alone(const wick::Shape& shape) {
  Tcl_Obj* handle = binding::new_text("irecv_handle_1");
  hold_shape(handle, shape);
  return handle;
}

const wick::Shape* shape_received_alone(const Tcl_Obj* word) {
  return word->typePtr == &receive_type ? shape_in(word) : nullptr;
}

bool is_send(std::string_view handle) { return handle.find("isend") != handle.npos; }

namespace {

bool has_failed(wick::distributed::Work& work) {
  try {
    work.result();
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

}  // namespace

std::string Requests::add_send(const std::string& name, WorkPtr work) {
  const std::lock_guard lock(mutex_);
  // Of sends that have succeeded nothing needs to be known: waiting for their handles answers the same.
  std::erase_if(under_way_, [](const auto& entry) {
    return is_send(entry.first) && entry.second->advance() && !has_failed(*entry.second);
  });
  std::string handle = name;
  for (int n = 1; under_way_.contains(handle); ++n) handle = name + "_" + std::to_string(n);
  std::erase(reported_, handle);
  under_way_[handle] = std::move(work);
  return handle;
}

std::string Requests::add_receive(WorkPtr work) {
  const std::lock_guard lock(mutex_);
  const std::string handle = "irecv_handle_" + std::to_string(++last_receive_);
  under_way_[handle] = std::move(work);
  return handle;
}

WorkPtr Requests::find(std::string_view handle) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(handle);
  return found == under_way_.end() ? nullptr : found->second;
}

std::optional<wick::Tensor> Requests::wait(std::string_view handle) {
  const WorkPtr work = find(handle);
  if (!work) return std::nullopt;
  reported(handle);
  const wick::Tensor result = wick::distributed::wait(work);
  if (is_send(handle)) return std::nullopt;
  return result;
}

bool Requests::test(std::string_view handle) {
  const WorkPtr work = find(handle);
  return !work || work->advance();
}

void Requests::reported(std::string_view handle) {
  const std::lock_guard lock(mutex_);
  if (!under_way_.contains(handle) ||
      std::find(reported_.begin(), reported_.end(), handle) != reported_.end())
    return;
  reported_.emplace_back(handle);
  if (reported_.size() <= remembered) return;
  under_way_.erase(reported_.front());
  reported_.pop_front();
}

Requests& requests() {
  static auto* all = new Requests;
  return *all;
}

}  // namespace commands
