#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tclext/binding/tclapi.h"
#include "wick/core/tensor.h"

// Tensors as Tcl values. A handle is a Tcl_Obj that holds a reference to a record, and the record holds the
// tensor: when the last such object goes, so does the tensor. A handle's string ("tensor7") is made only when
// someone asks for it. The name may then be anywhere, so from that moment the interpreter keeps the record
// under the name, until torch::tensor_free, the end of the enclosing torch::scope, or its own end.

namespace binding {

class State;

// What handles point to.
struct Record {
  wick::Tensor tensor;       // undefined after tensor_free
  State* state;              // counted
  std::uint64_t number = 0;  // of the name; 0 while nobody has asked for it
  std::uint32_t references = 0;
};

// What belongs to one interpreter. Handles may outlive it, so they count their references to it.
class State {
 public:
  explicit State(Tcl_Interp* interp) : interp_(interp) {}

  Tcl_Interp* interp() const { return interp_; }  // null when it has ended
  bool grad_enabled = true;

  // The record of that name, or null.
  Record* find(std::string_view name) const;
  // Gives the record a name and keeps it.
  void name(Record* record);
  // Forgets the name; handles to the record stay valid objects without a tensor.
  void free_tensor(Record* record);

  // Between these two calls, names given belong to a scope. At its end tensors that only their name holds are
  // freed; the others belong to the scope around it; those that outlive the outermost one are looked at again
  // when the next one ends, as a loop around a scope would otherwise pile them up.
  void enter_scope() { scopes_.emplace_back(); }
  void leave_scope();

  // The names that keep a tensor, in the order in which they were given.
  std::vector<std::uint64_t> names() const;
  std::int64_t live_tensors() const { return live_; }

  // The end of the interpreter: all names are forgotten.
  void close();

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  friend Record* new_record(State& state, wick::Tensor tensor);
  friend void release(Record* record);

  Tcl_Interp* interp_;
  std::uint32_t references_ = 0;
  std::int64_t live_ = 0;
  std::unordered_map<std::uint64_t, Record*> named_;
  std::vector<std::vector<std::uint64_t>> scopes_;
  std::vector<std::uint64_t> survivors_;
};

Record* new_record(State& state, wick::Tensor tensor);
void release(Record* record);

// A new handle.
Tcl_Obj* new_handle(State& state, wick::Tensor tensor);

extern const Tcl_ObjType handle_type;
inline bool is_handle(const Tcl_Obj* object) { return object->typePtr == &handle_type; }

// Whether the object's string would take a handle's: a handle, or a list or dict without a string that holds
// one. Nesting beyond any tensor's counts as such, for the string of it could exhaust the stack.
bool holds_handle(Tcl_Obj* object);
// The word itself, or the only element of a list of one that has no string; null for other lists and dicts
// without a string, which are neither a number nor a name. Asks no object for its string.
Tcl_Obj* plain_word(Tcl_Obj* word);

// The tensor of a handle, or of a name of this interpreter; null when there is none. Leaves the object as it
// is.
const wick::Tensor* find_tensor(const State& state, Tcl_Obj* object);
Record* find_record(const State& state, Tcl_Obj* object);

std::string handle_name(std::uint64_t number);

}  // namespace binding
