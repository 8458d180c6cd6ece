#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "wick/core/ref.h"

namespace WICK_API wick {

// The memory behind one or more tensors. A storage and its bytes are one block; memory that belongs to
// somebody else is wrapped together with what to do when the last tensor has gone.
class Storage : public RefCounted {
 public:
  // Uninitialized bytes, aligned to 64. MemoryError when they cannot be had.
  static Ref<Storage> allocate(std::size_t bytes);
  // Memory owned elsewhere; `release(context)` is called at the end unless null.
  static Ref<Storage> wrap(void* data, std::size_t bytes, void (*release)(void* context), void* context,
                           bool read_only = false);

  char* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  // Memory that its owner lent for reading only: no operation changes it in place.
  bool read_only() const noexcept { return read_only_; }

  // Counts the changes made in place, by whichever view: gradients check it on what they saved.
  std::uint32_t version() const noexcept { return version_.load(std::memory_order_relaxed); }
  void bump_version() noexcept { version_.fetch_add(1, std::memory_order_relaxed); }

  static void destroy(Storage* storage) noexcept;

 private:
  Storage() = default;

  std::atomic<std::uint32_t> version_{0};
  char* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t capacity_ = 0;  // of the block that holds this object
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
  bool read_only_ = false;
};

}  // namespace wick
