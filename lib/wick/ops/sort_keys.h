#pragma once

// Private: elements as unsigned numbers in their order, for sorting and selecting.

#include <bit>
#include <cstdint>
#include <vector>

#include "wick/core/half.h"

namespace wick {

// An unsigned number for every element, in the elements' order.
template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

// Without branches, so that loops over it are vectorized.
template <class T>
KeyOf<T> key_of(T value) {
  using Key = KeyOf<T>;
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return key_of(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    constexpr Key sign = Key{1} << (8 * sizeof(T) - 1);
    const Key bits = std::bit_cast<Key>(value + T(0));  // -0.0 becomes 0.0
    const Key flip = (Key{0} - (bits >> (8 * sizeof(T) - 1))) | sign;
    return value != value ? ~Key{0} : bits ^ flip;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(value) ^ (Key{1} << (8 * sizeof(Key) - 1));
  } else {
    return value;
  }
}

template <class Key>
struct Item {
  Key key;
  KeyOf<Key> position;  // as wide as the key: rows of 2^32 elements and more take wide keys
  friend bool operator<(const Item& a, const Item& b) {
    return a.key != b.key ? a.key < b.key : a.position < b.position;
  }
};
template <class Key>
using Items = std::vector<Item<Key>>;

// Up to so many items the simplest sort is the fastest.
inline constexpr std::size_t very_few = 16;
template <class Key>
void insertion_sort(Items<Key>& items) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    const Item<Key> item = items[i];
    std::size_t j = i;
    for (; j > 0 && item.key < items[j - 1].key; --j) items[j] = items[j - 1];
    items[j] = item;
  }
}

// The items of a row in its order.
template <class Key, class T>
void read_items(const T* row, std::int64_t n, Items<Key>& items) {
  items.resize(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    items[static_cast<std::size_t>(i)] = {key_of(row[i]), static_cast<KeyOf<Key>>(i)};
  }
}

}  // namespace wick
