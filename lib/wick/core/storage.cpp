#include "wick/core/storage.h"

#include <new>

#include "wick/core/allocator.h"

namespace wick {

constexpr std::size_t header_bytes = 64;
static_assert(sizeof(Storage) <= header_bytes);

Ref<Storage> Storage::allocate(std::size_t bytes) {
  std::size_t capacity;
  void* block = allocator::allocate(header_bytes + bytes, &capacity);
  auto* storage = new (block) Storage;
  storage->data_ = static_cast<char*>(block) + header_bytes;
  storage->bytes_ = bytes;
  storage->capacity_ = capacity;
  return Ref<Storage>(storage);
}

Ref<Storage> Storage::wrap(void* data, std::size_t bytes, void (*release)(void*), void* context,
                           bool read_only) {
  Ref<Storage> storage = allocate(0);
  storage->data_ = static_cast<char*>(data);
  storage->bytes_ = bytes;
  storage->release_ = release;
  storage->context_ = context;
  storage->read_only_ = read_only;
  return storage;
}

void Storage::destroy(Storage* storage) noexcept {
  if (storage->release_) storage->release_(storage->context_);
  const std::size_t capacity = storage->capacity_;
  storage->~Storage();
  allocator::deallocate(storage, capacity);
}

}  // namespace wick
