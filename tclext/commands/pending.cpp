#include "tclext/commands/pending.h"

#include <algorithm>
#include <list>

#include "tclext/binding/error.h"
#include "wick/core/error.h"

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
  Callback(binding::State* owner, WorkPtr under_way, Tcl_Obj* script, const std::string& request)
      : state(owner), work(std::move(under_way)), prefix(script), handle(request) {}

  binding::State* state;  // counted
  WorkPtr work;
  binding::ObjRef prefix;
  std::string handle;
};

constexpr int poll_milliseconds = 1;  // between polls of what moves no large data

// Each thread has its own, as it has its own event loop.
std::list<Callback>& callbacks() {
  static thread_local auto* all = new std::list<Callback>;
  return *all;
}

void deliver(Callback& callback) {
  Tcl_Interp* interp = callback.state->interp();
  if (!interp) return;
  Tcl_Obj* script = Tcl_DuplicateObj(callback.prefix.get());
  const binding::ObjRef held(script);
  const auto append = [&](Tcl_Obj* word) { return Tcl_ListObjAppendElement(interp, script, word) == TCL_OK; };
  bool built;
  try {
    const wick::Tensor result = callback.work->result();
    Tcl_Obj* answer = is_send(callback.handle) ? binding::new_text("send_completed")
                                               : binding::new_handle(*callback.state, result);
    built = append(binding::new_text("ok")) && append(answer);
  } catch (const std::exception& error) {
    built = append(binding::new_text("error")) && append(binding::new_text(error.what()));
  }
  requests().reported(callback.handle);
  Tcl_Preserve(interp);
  const int code = built ? Tcl_EvalObjEx(interp, script, TCL_EVAL_GLOBAL) : TCL_ERROR;
  if (code != TCL_OK) Tcl_BackgroundException(interp, code);
  Tcl_Release(interp);
}

// Moves on whatever is under way; what has ended is called back, which may start more.
void poll(ClientData) {
  std::list<Callback> ended;
  bool busy = false;
  for (auto it = callbacks().begin(); it != callbacks().end();) {
    const auto next = std::next(it);
    if (it->work->advance()) {
      ended.splice(ended.end(), callbacks(), it);
    } else {
      busy = busy || it->work->busy();
    }
    it = next;
  }
  if (!callbacks().empty()) Tcl_CreateTimerHandler(busy ? 0 : poll_milliseconds, poll, nullptr);
  for (Callback& callback : ended) {
    deliver(callback);
    callback.state->release();
  }
}

}  // namespace

WorkPtr finished(const wick::Tensor& result) { return std::make_shared<Finished>(result); }

void call_back(binding::State& state, const WorkPtr& work, Tcl_Obj* prefix, const std::string& handle) {
  state.retain();
  if (callbacks().empty()) Tcl_CreateTimerHandler(0, poll, nullptr);
  callbacks().emplace_back(&state, work, prefix, handle);
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
  const std::string handle = "irecv_handle_" + std::to_string(++last_receive_);
  under_way_[handle] = std::move(work);
  return handle;
}

std::optional<wick::Tensor> Requests::wait(std::string_view handle) {
  const auto found = under_way_.find(handle);
  if (found == under_way_.end()) return std::nullopt;
  const WorkPtr work = found->second;
  reported(handle);
  const wick::Tensor result = wick::distributed::wait(work);
  if (is_send(handle)) return std::nullopt;
  return result;
}

bool Requests::test(std::string_view handle) {
  const auto found = under_way_.find(handle);
  return found == under_way_.end() || found->second->advance();
}

void Requests::reported(std::string_view handle) {
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
