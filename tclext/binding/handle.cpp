#include "tclext/binding/handle.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>

namespace binding {
namespace {

// Counted over the whole process, so that a name never means another object in another interpreter.
std::atomic<std::uint64_t> last_number{0};

Record* record_of(const Tcl_Obj* object) {
  return static_cast<Record*>(object->internalRep.twoPtrValue.ptr1);
}

void set_record(Tcl_Obj* object, Record* record) {
  ++record->references;
  object->internalRep.twoPtrValue.ptr1 = record;
  object->internalRep.twoPtrValue.ptr2 = nullptr;
  object->typePtr = &handle_type;
}

std::string name_of(const Record& record) { return record.prefix + std::to_string(record.number); }

void give_number(Record* record) {
  if (record->number == 0) record->number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
}

void drop(Scope* scope) {
  while (scope && --scope->references == 0) {
    Scope* outer = scope->outer;
    delete scope;
    scope = outer;
  }
}

Scope* nearest_open(Scope* scope) {
  while (scope && !scope->open) scope = scope->outer;
  return scope;
}

// The types of Tcl's own collections.
struct CollectionTypes {
  const Tcl_ObjType* list = type_of_new(list_of_one());
  const Tcl_ObjType* dict = type_of_new(Tcl_NewDictObj());

  static Tcl_Obj* list_of_one() {
    Tcl_Obj* element = Tcl_NewObj();
    return Tcl_NewListObj(1, &element);
  }
};

const CollectionTypes& collection_types() {
  static const CollectionTypes types;
  return types;
}

bool is_collection_without_string(const Tcl_Obj* object) {
  if (object->bytes || !object->typePtr) return false;
  return object->typePtr == collection_types().list || object->typePtr == collection_types().dict;
}

// Calls visit(element) for the elements of a list, or the keys and values of a dict, until it answers true.
template <class Visit>
void visit_elements(Tcl_Obj* collection, const Visit& visit) {
  if (collection->typePtr == collection_types().dict) {
    Tcl_DictSearch search;
    Tcl_Obj *key, *value;
    int done;
    Tcl_DictObjFirst(nullptr, collection, &search, &key, &value, &done);
    for (; !done; Tcl_DictObjNext(&search, &key, &value, &done)) {
      if (visit(key) || visit(value)) break;
    }
    Tcl_DictObjDone(&search);
    return;
  }
  Tcl_Size count;
  Tcl_Obj** elements;
  Tcl_ListObjGetElements(nullptr, collection, &count, &elements);
  for (Tcl_Size i = 0; i < count && !visit(elements[i]); ++i) {
  }
}

const Kind* kind_below(Tcl_Obj* object, int levels) {
  if (is_handle(object)) return record_of(object)->kind;
  if (!is_collection_without_string(object)) return nullptr;
  if (levels == 0) return &kind<wick::Tensor>;
  const Kind* found = nullptr;
  visit_elements(object, [&](Tcl_Obj* element) {
    found = kind_below(element, levels - 1);
    return found != nullptr;
  });
  return found;
}

// Calls use(text) for the texts that the value is or holds, in lists and dicts without a string. Asks no
// object for its string.
template <class Use>
void visit_texts(Tcl_Obj* value, int levels, const Use& use) {
  if (is_handle(value) || levels == 0) return;
  if (value->bytes) {
    use(value);
  } else if (is_collection_without_string(value)) {
    visit_elements(value, [&](Tcl_Obj* element) {
      visit_texts(element, levels - 1, use);
      return false;
    });
  }
}

void free_internal(Tcl_Obj* object) {
  Record* record = record_of(object);
  // An object that somebody holds is becoming something else, such as a list: its text is the name all the
  // same, so it is now the name that has to hold the record.
  if (object->refCount > 0 && object->bytes && record->number != 0) {
    record->state->keep(record);
    record->became_text = true;
  }
  release(record);
}

void duplicate_internal(Tcl_Obj* source, Tcl_Obj* copy) { set_record(copy, record_of(source)); }

void update_string(Tcl_Obj* object) {
  Record* record = record_of(object);
  record->state->keep(record);
  const std::string name = name_of(*record);
  object->bytes = static_cast<char*>(Tcl_Alloc(static_cast<unsigned>(name.size() + 1)));
  std::memcpy(object->bytes, name.c_str(), name.size() + 1);
  object->length = static_cast<Tcl_Size>(name.size());
}

}  // namespace

const Tcl_ObjType handle_type = {"torch_handle", free_internal, duplicate_internal, update_string, nullptr};

Record make_record(State& state, const Kind& kind_of_object, const char* prefix) {
  state.retain();
  if (&kind_of_object == &kind<wick::Tensor>) ++state.live_tensors_;
  Scope* scope = state.current_scope();
  if (scope) ++scope->references;
  return {&kind_of_object, prefix, &state, scope};
}

void release(Record* record) {
  if (--record->references > 0) return;
  State* state = record->state;
  if (record->number != 0) state->named_.erase(record->number);
  if (record->live && record->kind == &kind<wick::Tensor>) --state->live_tensors_;
  Scope* scope = record->scope;
  record->kind->destroy(record);
  drop(scope);
  state->release();
}

Tcl_Obj* handle_of(Record* record) {
  Tcl_Obj* object = Tcl_NewObj();
  // A new object has the empty string; a handle has none yet.
  Tcl_InvalidateStringRep(object);
  set_record(object, record);
  return object;
}

State::State(Tcl_Interp* interp) : interp_(interp) {
  Tcl_CmdInfo info;
  if (Tcl_GetCommandInfo(interp, "::tcl::info::coroutine", &info)) info_coroutine_ = info.objProc;
  if (Tcl_GetCommandInfo(interp, "::tcl::info::vars", &info)) info_vars_ = info.objProc;
}

Record* State::find(std::string_view name) const {
  std::size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  if (digits == name.size() || name[digits] == '0') return nullptr;
  std::uint64_t number;
  if (std::from_chars(name.data() + digits, name.data() + name.size(), number).ec != std::errc())
    return nullptr;
  const auto it = named_.find(number);
  return it != named_.end() && name.substr(0, digits) == it->second->prefix ? it->second : nullptr;
}

std::string State::name_of_handle(Tcl_Obj* handle) const {
  Record* record = find_record(*this, handle);
  if (!record) return {};
  give_number(record);
  return name_of(*record);
}

void State::keep(Record* record) {
  give_number(record);
  if (!interp_ || !record->live || record->kept) return;
  named_.emplace(record->number, record);
  record->kept = true;
  ++record->references;
  Scope* scope = nearest_open(record->scope);
  if (!scope) return;
  // A scope that lasts does not gather the numbers of what was freed.
  std::vector<std::uint64_t>& numbers = scope->names;
  if (numbers.size() >= 64 && numbers.size() == numbers.capacity()) {
    std::erase_if(numbers, [this](std::uint64_t number) { return !named_.contains(number); });
    numbers.reserve(2 * numbers.size());
  }
  numbers.push_back(record->number);
}

void State::free(Record* record) {
  if (!record->live) return;
  record->live = false;
  if (record->kind == &kind<wick::Tensor>) --live_tensors_;
  ++record->references;  // what the object held may be the last to hold its own record
  named_.erase(record->number);
  if (std::exchange(record->kept, false)) --record->references;
  record->kind->clear(*record);
  binding::release(record);
}

// Nothing that Tcl makes public tells coroutines apart but the command `info coroutine`. It is called as the
// function that it is, and its answer is taken out of the interpreter's result, which the command that is
// running sets later.
Tcl_Command State::current_coroutine() const {
  if (!interp_ || !info_coroutine_) return nullptr;
  const ObjRef name(new_text("coroutine"));
  Tcl_Obj* const words[] = {name.get()};
  if (info_coroutine_(nullptr, interp_, 1, words) != TCL_OK) return nullptr;
  const std::string_view command = text_of(Tcl_GetObjResult(interp_));
  return command.empty() ? nullptr : Tcl_FindCommand(interp_, command.data(), nullptr, TCL_GLOBAL_ONLY);
}

// The last one that began in this coroutine; for a coroutine without one, the last outside of coroutines.
Scope* State::current_scope() const {
  if (open_.empty()) return nullptr;
  if (open_in_coroutines_ == 0) return open_.back();
  const Tcl_Command here = current_coroutine();
  Scope* found = nullptr;
  for (Scope* scope : open_) {
    if (scope->coroutine == here || (!scope->coroutine && !(found && found->coroutine))) found = scope;
  }
  return found;
}

Scope* State::enter_scope() {
  Scope* outer = current_scope();
  if (outer) ++outer->references;
  open_.push_back(new Scope{outer, current_coroutine()});
  if (open_.back()->coroutine) ++open_in_coroutines_;
  return open_.back();
}

// By the function that the command `info vars` is, as in current_coroutine().
std::vector<ObjRef> State::values_of_variables() const {
  std::vector<ObjRef> values;
  if (!info_vars_) return values;
  Tcl_InterpState before = Tcl_SaveInterpState(interp_, TCL_OK);
  const ObjRef name(new_text("vars"));
  Tcl_Obj* const words[] = {name.get()};
  if (info_vars_(nullptr, interp_, 1, words) == TCL_OK) {
    const ObjRef variables(Tcl_GetObjResult(interp_));
    visit_elements(variables.get(), [&](Tcl_Obj* variable) {
      if (Tcl_Obj* value = Tcl_ObjGetVar2(interp_, variable, nullptr, 0)) values.emplace_back(value);
      return false;
    });
  }
  Tcl_RestoreInterpState(interp_, before);
  return values;
}

void State::restore_lost_handles(const Scope& scope) {
  const auto is_lost = [this](std::uint64_t number) {
    const auto it = named_.find(number);
    return it != named_.end() && it->second->became_text && it->second->references == 1;
  };
  if (!interp_ || std::none_of(scope.names.begin(), scope.names.end(), is_lost)) return;
  const auto restore = [&](Tcl_Obj* text) {
    constexpr Tcl_Size longest = 64;  // of a name
    Record* record = text->length <= longest ? find(text_of(text)) : nullptr;
    if (!record || !record->became_text) return;
    if (text->typePtr && text->typePtr->freeIntRepProc) text->typePtr->freeIntRepProc(text);
    set_record(text, record);
  };
  visit_texts(Tcl_GetObjResult(interp_), wick::max_rank, restore);
  for (const ObjRef& value : values_of_variables()) visit_texts(value.get(), wick::max_rank, restore);
}

void State::leave_scope(Scope* scope) {
  std::erase(open_, scope);
  if (scope->coroutine) --open_in_coroutines_;
  scope->open = false;
  Scope* outer = nearest_open(scope->outer);
  restore_lost_handles(*scope);
  for (const auto number : std::exchange(scope->names, {})) {
    const auto it = named_.find(number);
    if (it == named_.end()) continue;
    Record* record = it->second;
    if (record->references > 1 && outer) {
      outer->names.push_back(number);
    } else {
      record->kept = false;
      binding::release(record);
    }
  }
  drop(scope);
}

std::vector<std::string> State::names(const Kind& of) const {
  std::vector<const Record*> records;
  for (const auto& [number, record] : named_) {
    if (record->kind == &of) records.push_back(record);
  }
  std::sort(records.begin(), records.end(),
            [](const Record* a, const Record* b) { return a->number < b->number; });
  std::vector<std::string> all;
  for (const Record* record : records) all.push_back(name_of(*record));
  return all;
}

void State::close() {
  interp_ = nullptr;
  std::vector<Record*> kept;
  for (const auto& [number, record] : named_) {
    if (std::exchange(record->kept, false)) kept.push_back(record);
  }
  named_.clear();
  for (Record* record : kept) binding::release(record);
}

const Kind* held_kind(Tcl_Obj* object) { return kind_below(object, wick::max_rank); }

Tcl_Obj* plain_word(Tcl_Obj* word) {
  for (int level = 0; level < wick::max_rank; ++level) {
    if (!is_collection_without_string(word)) return word;
    Tcl_Size count;
    Tcl_Obj** elements;
    if (word->typePtr == collection_types().dict) return nullptr;
    Tcl_ListObjGetElements(nullptr, word, &count, &elements);
    if (count != 1) return nullptr;
    word = elements[0];
  }
  return nullptr;
}

Record* find_record(const State& state, Tcl_Obj* object) {
  if (!is_handle(object)) object = plain_word(object);
  if (!object) return nullptr;
  Record* record = is_handle(object) ? record_of(object) : state.find(text_of(object));
  return record && record->live ? record : nullptr;
}

}  // namespace binding
