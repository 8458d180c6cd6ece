#include "tclext/binding/handle.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>

namespace binding {
namespace {

constexpr std::string_view prefix = "tensor";

// Counted over the whole process, so that a name never means another tensor in another interpreter.
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

// The types of Tcl's own collections, read off such objects: Tcl 9 does not tell all types by name.
struct CollectionTypes {
  const Tcl_ObjType* list = type_of(list_of_one());
  const Tcl_ObjType* dict = type_of(Tcl_NewDictObj());

  static Tcl_Obj* list_of_one() {
    Tcl_Obj* element = Tcl_NewObj();
    return Tcl_NewListObj(1, &element);
  }
  static const Tcl_ObjType* type_of(Tcl_Obj* collection) { return ObjRef(collection).get()->typePtr; }
};

const CollectionTypes& collection_types() {
  static const CollectionTypes types;
  return types;
}

bool is_collection_without_string(const Tcl_Obj* object) {
  if (object->bytes || !object->typePtr) return false;
  return object->typePtr == collection_types().list || object->typePtr == collection_types().dict;
}

bool holds_handle_below(Tcl_Obj* object, int levels) {
  if (is_handle(object)) return true;
  if (!is_collection_without_string(object)) return false;
  if (levels == 0) return true;
  if (object->typePtr == collection_types().dict) {
    Tcl_DictSearch search;
    Tcl_Obj *key, *value;
    int done;
    bool found = false;
    Tcl_DictObjFirst(nullptr, object, &search, &key, &value, &done);
    for (; !done && !found; Tcl_DictObjNext(&search, &key, &value, &done)) {
      found = holds_handle_below(key, levels - 1) || holds_handle_below(value, levels - 1);
    }
    Tcl_DictObjDone(&search);
    return found;
  }
  Tcl_Size count;
  Tcl_Obj** elements;
  Tcl_ListObjGetElements(nullptr, object, &count, &elements);
  return std::any_of(elements, elements + count,
                     [&](Tcl_Obj* element) { return holds_handle_below(element, levels - 1); });
}

void free_internal(Tcl_Obj* object) { release(record_of(object)); }

void duplicate_internal(Tcl_Obj* source, Tcl_Obj* copy) { set_record(copy, record_of(source)); }

void update_string(Tcl_Obj* object) {
  Record* record = record_of(object);
  if (record->number == 0) record->state->name(record);
  const std::string name = handle_name(record->number);
  object->bytes = static_cast<char*>(Tcl_Alloc(static_cast<unsigned>(name.size() + 1)));
  std::memcpy(object->bytes, name.c_str(), name.size() + 1);
  object->length = static_cast<Tcl_Size>(name.size());
}

}  // namespace

const Tcl_ObjType handle_type = {"torch_tensor", free_internal, duplicate_internal, update_string, nullptr};

std::string handle_name(std::uint64_t number) { return std::string(prefix) + std::to_string(number); }

Record* new_record(State& state, wick::Tensor tensor) {
  state.retain();
  ++state.live_;
  return new Record{std::move(tensor), &state};
}

void release(Record* record) {
  if (--record->references > 0) return;
  State* state = record->state;
  if (record->tensor.defined()) --state->live_;
  delete record;
  state->release();
}

Record* State::find(std::string_view name) const {
  if (!name.starts_with(prefix)) return nullptr;
  name.remove_prefix(prefix.size());
  std::uint64_t number;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || name[0] == '0') return nullptr;
  const auto it = named_.find(number);
  return it == named_.end() ? nullptr : it->second;
}

void State::name(Record* record) {
  record->number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  if (!interp_ || !record->tensor.defined()) return;
  named_.emplace(record->number, record);
  ++record->references;
  if (!scopes_.empty()) scopes_.back().push_back(record->number);
}

void State::free_tensor(Record* record) {
  if (!record->tensor.defined()) return;
  record->tensor = wick::Tensor();
  --live_;
  if (named_.erase(record->number) > 0) binding::release(record);
}

void State::leave_scope() {
  std::vector<std::uint64_t> numbers = std::move(scopes_.back());
  scopes_.pop_back();
  std::vector<std::uint64_t>& outward = scopes_.empty() ? survivors_ : scopes_.back();
  if (scopes_.empty()) {
    numbers.insert(numbers.end(), survivors_.begin(), survivors_.end());
    survivors_.clear();
  }
  for (const auto number : numbers) {
    const auto it = named_.find(number);
    if (it == named_.end()) continue;
    Record* record = it->second;
    if (record->references > 1) {
      outward.push_back(number);
    } else {
      named_.erase(it);
      binding::release(record);
    }
  }
}

std::vector<std::uint64_t> State::names() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, record] : named_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void State::close() {
  interp_ = nullptr;
  const auto named = std::move(named_);
  named_.clear();
  for (const auto& [number, record] : named) binding::release(record);
}

Tcl_Obj* new_handle(State& state, wick::Tensor tensor) {
  Tcl_Obj* object = Tcl_NewObj();
  // A new object has the empty string; a handle has none yet.
  Tcl_InvalidateStringRep(object);
  set_record(object, new_record(state, std::move(tensor)));
  return object;
}

bool holds_handle(Tcl_Obj* object) { return holds_handle_below(object, wick::max_rank); }

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
  object = plain_word(object);
  if (!object) return nullptr;
  Record* record = is_handle(object) ? record_of(object) : state.find(text_of(object));
  return record && record->tensor.defined() ? record : nullptr;
}

const wick::Tensor* find_tensor(const State& state, Tcl_Obj* object) {
  const Record* record = find_record(state, object);
  return record ? &record->tensor : nullptr;
}

}  // namespace binding
