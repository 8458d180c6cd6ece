#include "tclext/commands/pending.h"

#include <algorithm>
#include <list>

#include "tclext/binding/error.h"
#include "wick/error.h"

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

struct Callback {
  Callback(binding::State* owner, WorkPtr under_way, Tcl_Obj* script)
      : state(owner), work(std::move(under_way)), prefix(script) {}

  binding::State* state;  // counted
  WorkPtr work;
  binding::Held prefix;
};

constexpr int poll_milliseconds = 1;

std::list<Callback>& callbacks() {
  static auto* all = new std::list<Callback>;
  return *all;
}

void deliver(Callback& callback) {
  Tcl_Interp* interp = callback.state->interp();
  if (!interp) return;
  Tcl_Obj* script = Tcl_DuplicateObj(callback.prefix.get());
  const binding::Held held(script);
  const auto append = [&](Tcl_Obj* word) { return Tcl_ListObjAppendElement(interp, script, word) == TCL_OK; };
  bool built;
  try {
    const wick::Tensor result = callback.work->result();
    built = append(binding::new_text("ok")) && append(binding::new_handle(*callback.state, result));
  } catch (const std::exception& error) {
    built = append(binding::new_text("error")) && append(binding::new_text(error.what()));
  }
  Tcl_Preserve(interp);
  const int code = built ? Tcl_EvalObjEx(interp, script, TCL_EVAL_GLOBAL) : TCL_ERROR;
  if (code != TCL_OK) Tcl_BackgroundException(interp, code);
  Tcl_Release(interp);
}

// Moves on whatever is under way; what has ended is called back, which may start more.
void poll(ClientData) {
  std::list<Callback> ended;
  for (auto it = callbacks().begin(); it != callbacks().end();) {
    const auto next = std::next(it);
    if (it->work->advance()) ended.splice(ended.end(), callbacks(), it);
    it = next;
  }
  if (!callbacks().empty()) Tcl_CreateTimerHandler(poll_milliseconds, poll, nullptr);
  for (Callback& callback : ended) {
    deliver(callback);
    callback.state->release();
  }
}

}  // namespace

WorkPtr finished(const wick::Tensor& result) { return std::make_shared<Finished>(result); }

void call_back(binding::State& state, const WorkPtr& work, Tcl_Obj* prefix) {
  state.retain();
  if (callbacks().empty()) Tcl_CreateTimerHandler(0, poll, nullptr);
  callbacks().emplace_back(&state, work, prefix);
}

std::string Requests::add_send(const std::string& name, WorkPtr work) {
  std::erase_if(sends_, [](const auto& entry) { return entry.second->advance(); });
  std::string handle = name;
  for (int n = 1; sends_.contains(handle); ++n) handle = name + "_" + std::to_string(n);
  sends_[handle] = std::move(work);
  return handle;
}

std::string Requests::add_receive(WorkPtr work) {
  const std::string handle = "irecv_handle_" + std::to_string(++last_receive_);
  receives_[handle] = std::move(work);
  return handle;
}

std::optional<wick::Tensor> Requests::wait(std::string_view handle) {
  if (const auto send = sends_.find(handle); send != sends_.end()) {
    const WorkPtr work = send->second;
    sends_.erase(send);
    wick::distributed::wait(work);
    return std::nullopt;
  }
  const auto receive = receives_.find(handle);
  if (receive == receives_.end()) return std::nullopt;
  const wick::Tensor result = wick::distributed::wait(receive->second);
  if (std::find(ended_.begin(), ended_.end(), handle) == ended_.end()) ended_.emplace_back(handle);
  if (ended_.size() > remembered) {
    receives_.erase(ended_.front());
    ended_.pop_front();
  }
  return result;
}

bool Requests::test(std::string_view handle) {
  for (const auto* map : {&sends_, &receives_}) {
    const auto it = map->find(handle);
    if (it != map->end()) return it->second->advance();
  }
  return true;
}

Requests& requests() {
  static auto* all = new Requests;
  return *all;
}

}  // namespace commands
