#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tclext/binding/script.h"
#include "wick/distributed/distributed.h"

// Operations of the distributed commands that are under way while the script goes on.
namespace commands {

// What has ended already.
wick::distributed::WorkPtr finished(const wick::Tensor& result);

// Calls the command with the words `ok RESULT` or `error MESSAGE`, from the event loop of this
// thread, when the work has ended. Callbacks come in the order in which works ended, one an event, and
// between them everything else in the event loop has its turn. `handle` is that of a request, if it is one.
// Forgotten when the thread ends, and not called when the interpreter is gone.
void call_back(binding::State& state, const wick::distributed::WorkPtr& work,
               const binding::Callback& command, const std::string& handle = "");

// In a lone process: the handle of a receive, which always has the same text and holds the shape that was
// asked for; and the shape that a word holds, null when it holds none.
Tcl_Obj* receive_alone(const wick::Shape& shape);
const wick::Shape* shape_received_alone(const Tcl_Obj* word);

// Whether the handle is a send's, as its text tells.
bool is_send(std::string_view handle);

// Sends and receives by the handles that distributed_isend and distributed_irecv answered. They belong to the
// process, and any thread may ask.
class Requests {
 public:
  // The handle: the given text, with a suffix while an operation of that name is under way.
  std::string add_send(const std::string& name, wick::distributed::WorkPtr work);
  std::string add_receive(wick::distributed::WorkPtr work);

  // Waits for the operation; the tensor if it is a receive. Nothing for a send, or a handle of no operation.
  std::optional<wick::Tensor> wait(std::string_view handle);
  // Whether the operation has ended, or there is none.
  bool test(std::string_view handle);
  // The script has been told of the operation's end.
  void reported(std::string_view handle);

 private:
  // So many operations whose end has been told can still be waited for again; older ones are forgotten.
  static constexpr std::size_t remembered = 64;

  // Null for a handle of no operation.
  wick::distributed::WorkPtr find(std::string_view handle);

  std::mutex mutex_;
  std::map<std::string, wick::distributed::WorkPtr, std::less<>> under_way_;
  std::deque<std::string> reported_;
  int last_receive_ = 0;
};

Requests& requests();

}  // namespace commands
