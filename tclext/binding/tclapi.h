#pragma once

// tcl.h for Tcl 8.6 and 9 alike.
#include <tcl.h>

#ifndef TCL_SIZE_MAX
using Tcl_Size = int;
#define TCL_SIZE_MAX INT_MAX
#endif

#include <climits>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace binding {

inline std::string_view text_of(Tcl_Obj* object) {
  Tcl_Size length;
  const char* bytes = Tcl_GetStringFromObj(object, &length);
  return {bytes, static_cast<std::size_t>(length)};
}

inline Tcl_Obj* new_text(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(TCL_SIZE_MAX))
    throw std::length_error("a text too long for a Tcl value");
  return Tcl_NewStringObj(text.data(), static_cast<Tcl_Size>(text.size()));
}

// A counted reference to an object.
class ObjRef {
 public:
  ObjRef() = default;
  explicit ObjRef(Tcl_Obj* object) : object_(object) {
    if (object_) Tcl_IncrRefCount(object_);
  }
  ObjRef(const ObjRef& other) : ObjRef(other.object_) {}
  ObjRef(ObjRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ObjRef& operator=(ObjRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ObjRef() {
    if (object_) Tcl_DecrRefCount(object_);
  }
  Tcl_Obj* get() const { return object_; }
  // Hands the object on without this reference, also the last one: as a result that somebody will count.
  Tcl_Obj* release() {
    Tcl_Obj* object = std::exchange(object_, nullptr);
    if (object) --object->refCount;
    return object;
  }

 private:
  Tcl_Obj* object_ = nullptr;
};

// The type of a new object, which is let go: Tcl 9 does not tell all its types by name.
inline const Tcl_ObjType* type_of_new(Tcl_Obj* object) { return ObjRef(object).get()->typePtr; }

}  // namespace binding
