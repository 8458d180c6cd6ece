#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "wick/core/api.h"

namespace WICK_API wick {

// Base of objects that count their owners. A derived class may hide `destroy` to change how it ends.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  // True when the last owner has left.
  bool release() noexcept { return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  std::uint32_t use_count() const noexcept { return refs_.load(std::memory_order_relaxed); }

  template <class T>
  static void destroy(T* object) noexcept {
    delete object;
  }

 protected:
  ~RefCounted() = default;

 private:
  std::atomic<std::uint32_t> refs_{0};
};

// Owning pointer to a RefCounted object; one word, no control block.
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  // Of a derived class, as a pointer would be: the base must end its objects through a virtual destructor.
  template <class U>
  requires(!std::same_as<U, T> && std::convertible_to<U*, T*> && std::has_virtual_destructor_v<T>)
      Ref(const Ref<U>& other)
  noexcept : Ref(static_cast<T*>(other.get())) {}
  template <class U>
  requires(!std::same_as<U, T> && std::convertible_to<U*, T*> && std::has_virtual_destructor_v<T>)
      Ref(Ref<U>&& other)
  noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->release()) T::destroy(object_);
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref&, const Ref&) = default;

 private:
  template <class U>
  friend class Ref;

  T* object_ = nullptr;
};

}  // namespace wick
