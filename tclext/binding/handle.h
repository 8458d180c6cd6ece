#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tclext/binding/tclapi.h"
#include "wick/core/tensor.h"

// Objects of the library as Tcl values. A handle is a Tcl_Obj that holds a reference to a record, and the
// record holds the object: when the last handle goes, so does the object. A handle's string ("tensor7") is
// made only when someone asks for it. The name may then be anywhere, so from that moment the interpreter
// keeps the record under the name: until torch::tensor_free, the end of the torch::scope in which the object
// was made, or its own end. What a scope did not see the making of it never frees.

namespace binding {

class State;
struct Record;

// A kind of object that handles stand for.
struct Kind {
  const char* name;  // in messages
  void (*clear)(Record& record);
  void (*destroy)(Record* record);
  const char* tensor_command;  // which makes a tensor of such an object; null where there is none
};

// A type becomes a kind by a line
//     template <> inline constexpr const char* kind_name<wick::Tensor> = "tensor";
// Its default-constructed value stands for one that was freed.
template <class T>
inline constexpr const char* kind_name = nullptr;
template <>
inline constexpr const char* kind_name<wick::Tensor> = "tensor";

template <class T>
concept Handled = kind_name<T>
!= nullptr;

// What stands before the number in the name of an object's handle: the kind's name, unless it says otherwise.
// A text that lasts.
template <class T>
inline constexpr auto prefix_of = [](const T&) { return kind_name<T>; };

// The command that makes a tensor of it, for those who are refused.
template <class T>
inline constexpr const char* tensor_command = nullptr;

// A torch::scope. Records keep the one that they were made in, so it lives on after its end as a link to the
// scopes around it.
struct Scope {
  Scope* outer;           // counted, may be null
  Tcl_Command coroutine;  // in which it began; null outside of coroutines
  bool open = true;
  std::uint32_t references = 1;
  std::vector<std::uint64_t> names = {};  // numbers of the names that end with it
};

// What handles point to.
struct Record {
  const Kind* kind;
  const char* prefix;        // of the name
  State* state;              // counted
  Scope* scope;              // counted: the innermost one when the record was made; null outside of all
  std::uint64_t number = 0;  // of the name; 0 while nobody has asked for it
  std::uint32_t references = 0;
  bool live = true;          // false after torch::tensor_free
  bool kept = false;         // one of the references is the name's
  bool became_text = false;  // an object stopped being its handle while it lived on, as a list say
};

template <Handled T>
struct RecordOf : Record {
  RecordOf(const Record& record, T&& object) : Record(record), value(std::move(object)) {}
  T value;
};

template <Handled T>
inline constexpr Kind kind{
    kind_name<T>, [](Record& record) { static_cast<RecordOf<T>&>(record).value = T(); },
    [](Record* record) { delete static_cast<RecordOf<T>*>(record); }, tensor_command<T>};

// What belongs to one interpreter. Handles may outlive it, so they count their references to it.
class State {
 public:
  explicit State(Tcl_Interp* interp);

  Tcl_Interp* interp() const { return interp_; }  // null when it has ended
  bool grad_enabled = true;

  // The record of that name, or null.
  Record* find(std::string_view name) const;
  // Gives the record a name if it has none, and keeps it under the name.
  void keep(Record* record);
  // The name of a handle, or of a name the name itself. Unlike the handle's string it keeps nothing.
  std::string name_of_handle(Tcl_Obj* handle) const;
  // Forgets the name and lets go of the object; handles to the record stay valid values without one.
  void free(Record* record);

  // Between these two calls, which other scopes of other coroutines may cross, names given to what is made
  // belong to the scope. At its end those that no handle holds are freed. Others belong to the scope around
  // it; after the outermost one they live as long as their handles. Values that stopped being handles, as in
  // `llength $t`, become handles again at the end of the scope, where its result or a variable has them.
  Scope* enter_scope();
  void leave_scope(Scope* scope);

  // The names of a kind, in the order in which they were given.
  std::vector<std::string> names(const Kind& kind) const;
  std::int64_t live_tensors() const { return live_tensors_; }

  // The end of the interpreter: all names are forgotten.
  void close();

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  friend Record make_record(State& state, const Kind& kind, const char* prefix);
  friend void release(Record* record);

  // Where the last handle of one of the scope's records became text: the interpreter's result and the
  // caller's variables, and elements of lists among them, that are its name become handles again.
  void restore_lost_handles(const Scope& scope);
  std::vector<ObjRef> values_of_variables() const;
  Tcl_Command current_coroutine() const;
  Scope* current_scope() const;

  Tcl_Interp* interp_;
  Tcl_ObjCmdProc *info_coroutine_ = nullptr, *info_vars_ = nullptr;
  std::uint32_t references_ = 0;
  std::int64_t live_tensors_ = 0;
  std::unordered_map<std::uint64_t, Record*> named_;
  std::vector<Scope*> open_;  // in the order in which they began
  int open_in_coroutines_ = 0;
};

// Keeps a state for a block.
class StateRef {
 public:
  explicit StateRef(State& state) : state_(state) { state_.retain(); }
  ~StateRef() { state_.release(); }
  StateRef(const StateRef&) = delete;
  StateRef& operator=(const StateRef&) = delete;
  State& operator*() const { return state_; }
  State* operator->() const { return &state_; }

 private:
  State& state_;
};

Record make_record(State& state, const Kind& kind, const char* prefix);
void release(Record* record);
Tcl_Obj* handle_of(Record* record);

// A new handle.
template <Handled T>
Tcl_Obj* new_handle(State& state, T object) {
  const char* prefix = prefix_of<T>(object);
  return handle_of(new RecordOf<T>(make_record(state, kind<T>, prefix), std::move(object)));
}

extern const Tcl_ObjType handle_type;
inline bool is_handle(const Tcl_Obj* object) { return object->typePtr == &handle_type; }

// The kind of a handle that is the object, or stands in the list or dict without a string that it is: what
// would get a name if the object's string were asked for. Null when there is none. Nesting beyond any
// tensor's counts as a tensor, for the string of it could exhaust the stack.
const Kind* held_kind(Tcl_Obj* object);
inline bool holds_handle(Tcl_Obj* object) { return held_kind(object) != nullptr; }
// The word itself, or the only element of a list of one that has no string; null for other lists and dicts
// without a string, which are neither a number nor a name. Asks no object for its string.
Tcl_Obj* plain_word(Tcl_Obj* word);

// The record of a handle, or of a name of this interpreter; null when there is none, or it was freed. Leaves
// the object as it is.
Record* find_record(const State& state, Tcl_Obj* object);

template <Handled T>
const T* find(const State& state, Tcl_Obj* object) {
  Record* record = find_record(state, object);
  return record && record->kind == &kind<T> ? &static_cast<RecordOf<T>*>(record)->value : nullptr;
}
inline const wick::Tensor* find_tensor(const State& state, Tcl_Obj* object) {
  return find<wick::Tensor>(state, object);
}

}  // namespace binding
