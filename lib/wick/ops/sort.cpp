#include "wick/ops/sort.h"

#include <algorithm>
#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/indexing.h"
#include "wick/ops/sort_keys.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// By digits of eight bits, the lowest first; digits that all keys share are skipped. Stable.
template <class Key>
void radix_sort(Items<Key>& items, Items<Key>& spare) {
  constexpr int digits = sizeof(Key), values = 256;
  std::vector<std::size_t> counts(digits * values);
  for (const Item<Key>& item : items) {
    for (int d = 0; d < digits; ++d)
      ++counts[static_cast<std::size_t>(d * values) + (item.key >> 8 * d & 0xff)];
  }
  spare.resize(items.size());
  for (int d = 0; d < digits; ++d) {
    std::size_t* count = &counts[static_cast<std::size_t>(d * values)];
    if (count[items[0].key >> 8 * d & 0xff] == items.size()) continue;
    std::size_t start = 0;
    for (int v = 0; v < values; ++v) start += std::exchange(count[v], start);
    for (const Item<Key>& item : items) spare[count[item.key >> 8 * d & 0xff]++] = item;
    items.swap(spare);
  }
}

// Below this many elements comparing beats counting digits.
constexpr std::size_t few = 256;

template <class Key>
void sort_items(Items<Key>& items, Items<Key>& spare) {
  if (items.size() <= very_few) {
    insertion_sort(items);
  } else if (items.size() < few) {
    std::sort(items.begin(), items.end());
  } else {
    radix_sort(items, spare);
  }
}

// The first k of the keys in order.
template <class Key>
void select_items(const std::vector<Key>& keys, std::size_t k, Items<Key>& items) {
  const auto item = [&](std::size_t i) { return Item<Key>{keys[i], static_cast<Key>(i)}; };
  const std::size_t n = keys.size();
  items.clear();
  if (k == 0) return;
  constexpr std::size_t short_list = 16;
  if (k <= short_list && k < n) {
    // The best k so far in order; most elements of long rows are no better than the last.
    for (std::size_t i = 0; i < n; ++i) {
      if (items.size() == k) {
        if (keys[i] >= items.back().key) continue;
        items.pop_back();
      }
      items.push_back(item(i));
      for (std::size_t j = items.size() - 1; j > 0 && items[j].key < items[j - 1].key; --j)
        std::swap(items[j], items[j - 1]);
    }
    return;
  }
  if (k > n / 32) {
    for (std::size_t i = 0; i < n; ++i) items.push_back(item(i));
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(items.begin(), end, items.end());
    std::sort(items.begin(), end);
    return;
  }
  // A heap of the best k, which most elements never enter.
  for (std::size_t i = 0; i < k; ++i) items.push_back(item(i));
  std::make_heap(items.begin(), items.end());
  for (std::size_t i = k; i < n; ++i) {
    if (keys[i] >= items.front().key) continue;
    std::pop_heap(items.begin(), items.end());
    items.back() = item(i);
    std::push_heap(items.begin(), items.end());
  }
  std::sort_heap(items.begin(), items.end());
}

// The positions of the first `wanted` elements of every row in the order asked for.
template <class Key, class T>
void order_rows(const T* rows, std::int64_t n, std::int64_t count, std::int64_t wanted, bool descending,
                std::int64_t* out) {
  const std::int64_t least = std::max<std::int64_t>(parallel::grain / (16 * n + 1), 1);
  parallel_for(count, least, [&](std::int64_t begin, std::int64_t end) {
    const auto size = static_cast<std::size_t>(n);
    std::vector<Key> keys(size);
    Items<Key> items, spare;
    for (std::int64_t r = begin; r < end; ++r) {
      const T* row = rows + r * n;
      const Key turned = descending ? ~Key{0} : 0;
      for (std::size_t i = 0; i < size; ++i) keys[i] = key_of(row[i]) ^ turned;
      if (wanted < n) {
        select_items(keys, static_cast<std::size_t>(wanted), items);
      } else {
        items.resize(size);
        for (std::size_t i = 0; i < size; ++i) items[i] = {keys[i], static_cast<Key>(i)};
        sort_items(items, spare);
      }
      for (std::int64_t i = 0; i < wanted; ++i)
        out[r * wanted + i] = static_cast<std::int64_t>(items[static_cast<std::size_t>(i)].position);
    }
  });
}

Tensor positions_in_order(const char* operation, const Tensor& x, int d, std::int64_t wanted,
                          bool descending) {
  const NoGrad no_grad;
  const Tensor rows = movedim(x.detach(), d, -1).contiguous();
  const std::int64_t n = rows.size(-1);
  Shape shape = rows.sizes();
  shape[shape.size() - 1] = wanted;
  const Tensor out = empty(shape, int64);
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_complex(dtype_of<T>)) {
      throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(x.dtype())));
    } else if (out.numel() > 0) {
      const bool narrow_positions = n <= INT64_C(1) << 32;
      const auto order = narrow_positions ? order_rows<KeyOf<T>, T> : order_rows<std::uint64_t, T>;
      order(rows.data<T>(), n, rows.numel() / n, wanted, descending, out.data<std::int64_t>());
    }
  });
  return movedim(out, -1, d);
}

}  // namespace

Tensor argsort(const Tensor& x, std::int64_t dim, bool descending) {
  const int d = wrap_dim(dim, x.dim());
  if (x.dim() == 0) return argsort(x.reshape({1}), 0, descending).reshape({});
  return positions_in_order("sort", x, d, x.sizes()[d], descending);
}

ValuesIndices sort(const Tensor& x, std::int64_t dim, bool descending) {
  const Tensor indices = argsort(x, dim, descending);
  return {gather(x, dim, indices), indices};
}

ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest) {
  const int d = wrap_dim(dim, x.dim());
  if (x.dim() == 0) {
    const auto [values, indices] = topk(x.reshape({1}), k, 0, largest);
    return k == 1 ? ValuesIndices{values.reshape({}), indices.reshape({})} : ValuesIndices{values, indices};
  }
  if (k < 0 || k > x.sizes()[d]) {
    throw IndexError("topk: k must be from 0 to " + std::to_string(x.sizes()[d]) + ", " + std::to_string(k) +
                     " was given");
  }
  const Tensor indices = positions_in_order("topk", x, d, k, largest);
  return {gather(x, d, indices), indices};
}

}  // namespace wick
