#include "wick/ops/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/reduction.h"
#include "wick/ops/scan.h"
#include "wick/ops/sort.h"
#include "wick/ops/sort_keys.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// The items of a row, and the place of its first NaN, if it has one.
template <class Key>
struct Row {
  Items<Key> items;
  std::optional<std::int64_t> nan;
};

// A NaN has the largest key.
template <class T, class Key>
std::optional<std::int64_t> first_nan(const Items<Key>& items) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [](const Item<Key>& item) { return item.key == Key{~KeyOf<T>{0}}; });
  if (found == items.end()) return std::nullopt;
  return static_cast<std::int64_t>(found->position);
}

// Calls pick(row, out) for every row along dim, where out takes `picks` positions; answers those as
// (..., picks, ...), dim keeping its place.
template <class Pick>
Tensor pick_positions(const char* operation, const Tensor& x, int d, std::int64_t picks, Pick pick) {
  const NoGrad no_grad;
  const Tensor rows = (x.dim() == 0 ? x.detach().reshape({1}) : movedim(x.detach(), d, -1)).contiguous();
  const std::int64_t n = rows.size(-1);
  Shape shape = rows.sizes();
  shape[shape.size() - 1] = picks;
  const Tensor positions = empty(shape, int64);
  const std::int64_t count = positions.numel() / picks;
  const auto work = [&]<class Key, class T>(const T* data) {
    parallel_for(count, std::max<std::int64_t>(parallel::grain / (8 * n + 1), 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   Row<Key> row;
                   for (std::int64_t r = begin; r < end; ++r) {
                     read_items(data + r * n, n, row.items);
                     if constexpr (is_floating(dtype_of<T>)) row.nan = first_nan<T>(row.items);
                     pick(row, positions.data<std::int64_t>() + r * picks);
                   }
                 });
  };
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_complex(dtype_of<T>)) {
      throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype_of<T>)));
    } else if (n <= INT64_C(1) << 32) {
      work.template operator()<KeyOf<T>>(rows.data<T>());
    } else {
      work.template operator()<std::uint64_t>(rows.data<T>());
    }
  });
  return x.dim() == 0 ? positions.reshape({}) : movedim(positions, -1, d);
}

template <class Items>
auto at(Items& items, std::int64_t i) {
  return items.begin() + static_cast<std::ptrdiff_t>(i);
}

// From so many items on counting digits beats comparing.
constexpr std::size_t many = 4096;

// The position of the k-th item of the order, digit after digit of its key, the highest first: how often each
// value occurs tells which one the k-th has. The items stay where they are.
template <class Key>
std::int64_t select_by_digits(const Items<Key>& items, std::size_t k) {
  constexpr int bits = 11, values = 1 << bits;
  Key prefix = 0, mask = 0;
  for (int left = 8 * sizeof(Key); left > 0;) {
    const int width = std::min(bits, left);
    left -= width;
    std::vector<std::size_t> counts(values);
    const Key digit = static_cast<Key>((Key{1} << width) - 1);
    for (const Item<Key>& item : items) {
      if ((item.key & mask) == prefix) ++counts[static_cast<std::size_t>(item.key >> left & digit)];
    }
    std::size_t value = 0;
    for (; k >= counts[value]; ++value) k -= counts[value];
    prefix = static_cast<Key>(prefix | static_cast<Key>(value) << left);
    mask = static_cast<Key>(mask | digit << left);
    if (counts[value] == 1) break;
  }
  // Of equal keys the k-th.
  for (const Item<Key>& item : items) {
    if ((item.key & mask) == prefix && k-- == 0) return static_cast<std::int64_t>(item.position);
  }
  return -1;  // not reached: k is below the number of items
}

// The position of the k-th item of the order, counted from 0. The items may change places.
template <class Key>
std::int64_t select_item(Items<Key>& items, std::int64_t k) {
  if (items.size() <= very_few) {
    insertion_sort(items);
    return static_cast<std::int64_t>(at(items, k)->position);
  }
  if (items.size() >= many) return select_by_digits(items, static_cast<std::size_t>(k));
  std::nth_element(items.begin(), at(items, k), items.end());
  return static_cast<std::int64_t>(at(items, k)->position);
}

std::int64_t row_length(const char* operation, const Tensor& x, int d) {
  const std::int64_t n = x.dim() == 0 ? 1 : x.sizes()[d];
  if (n == 0) {
    throw ShapeError(std::string(operation) + ": dimension " + std::to_string(d) + " of shape " +
                     to_string(x.sizes()) + " has no elements");
  }
  return n;
}

ValuesIndices pick_one(const Tensor& x, int d, const Tensor& positions, bool keepdim) {
  const Tensor values = gather(x, d, positions);
  return keepdim ? ValuesIndices{values, positions} : ValuesIndices{values.squeeze(d), positions.squeeze(d)};
}

}  // namespace

ValuesIndices median(const Tensor& x, std::int64_t dim, bool keepdim) {
  if (x.dtype() == boolean) throw DTypeError("median is not defined for bool");
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t n = row_length("median", x, d);
  const Tensor positions = pick_positions("median", x, d, 1, [n](auto& row, std::int64_t* out) {
    *out = row.nan ? *row.nan : select_item(row.items, (n - 1) / 2);
  });
  return pick_one(x, d, positions, keepdim);
}

Tensor median(const Tensor& x) {
  if (x.numel() == 0 && is_floating(x.dtype())) return full({}, std::nan(""), x.dtype());
  return median(x.flatten(), 0).values;
}

ValuesIndices kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim, bool keepdim) {
  if (x.dtype() == boolean) throw DTypeError("kthvalue is not defined for bool");
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t n = row_length("kthvalue", x, d);
  if (k < 1 || k > n) {
    throw IndexError("kthvalue: k must be from 1 to " + std::to_string(n) + ", " + std::to_string(k) +
                     " was given");
  }
  const Tensor positions = pick_positions(
      "kthvalue", x, d, 1, [k](auto& row, std::int64_t* out) { *out = select_item(row.items, k - 1); });
  return pick_one(x, d, positions, keepdim);
}

ValuesIndices mode(const Tensor& x, std::int64_t dim, bool keepdim) {
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t n = row_length("mode", x, d);
  const Tensor positions = pick_positions("mode", x, d, 1, [n](auto& row, std::int64_t* out) {
    auto& items = row.items;
    if (items.size() <= very_few) {
      insertion_sort(items);
    } else {
      std::sort(items.begin(), items.end());
    }
    std::int64_t best = 0;
    for (std::int64_t i = 0, end; i < n; i = end) {
      end = i + 1;
      while (end < n && at(items, end)->key == at(items, i)->key) ++end;
      if (end - i > best) {
        best = end - i;
        *out = static_cast<std::int64_t>(at(items, end - 1)->position);
      }
    }
  });
  return pick_one(x, d, positions, keepdim);
}

Tensor mode(const Tensor& x) { return mode(x.flatten(), 0).values; }

Tensor quantile(const Tensor& x, double q, std::int64_t dim, bool keepdim) {
  if (x.dtype() != float32 && x.dtype() != float64) {
    throw DTypeError("quantile() input tensor must be either float32 or float64, " +
                     std::string(name(x.dtype())) + " was given");
  }
  if (!(q >= 0 && q <= 1))
    throw Error("quantile() q must be in the range [0, 1], " + to_string(q) + " was given");
  const int d = wrap_dim(dim, x.dim());
  if (x.dim() == 0) return quantile(x.reshape({1}), q, 0, false);
  if (x.sizes()[d] == 0) {
    throw ShapeError("quantile() input tensor must have elements, shape " + to_string(x.sizes()) +
                     " was given");
  }
  // PyTorch computes the position in the tensor's own precision.
  const auto last = static_cast<double>(x.sizes()[d] - 1);
  const double rank = x.dtype() == float32 ? static_cast<float>(q) * static_cast<float>(last) : q * last;
  const auto below = static_cast<std::int64_t>(rank);
  const std::int64_t above = std::min(below + 1, x.sizes()[d] - 1);
  const Tensor positions = pick_positions("quantile", x, d, 2, [=](auto& row, std::int64_t* out) {
    if (row.nan) {
      out[0] = out[1] = *row.nan;
      return;
    }
    out[0] = select_item(row.items, below);
    out[1] = above == below ? out[0] : select_item(row.items, above);
  });
  const Tensor pair = gather(x, d, positions);
  const Tensor low = narrow(pair, d, 0, 1), high = narrow(pair, d, 1, 1);
  // Between equal neighbours there is nothing to interpolate: infinities would give NaN.
  const double weight = rank - static_cast<double>(below);
  // Half the distance, which is exact and does not overflow.
  const Tensor step = where(eq(low, high), scalar_tensor(0, x.dtype()), sub(mul(high, 0.5), mul(low, 0.5)));
  Tensor out = weight == 0    ? low
               : weight < 0.5 ? add(low, mul(step, 2 * weight))
                              : sub(high, mul(step, 2 * (1 - weight)));
  // Between a number and an infinity lies the infinity.
  if (weight != 0) out = where(logical_or(isinf(low), isinf(high)), add(low, high), out);
  return keepdim ? out : out.squeeze(d);
}

Tensor quantile(const Tensor& x, double q) { return quantile(x.flatten(), q, 0); }

namespace {

// The distinct keys of a list while they are few: found by hashing, numbered as they come.
template <class Key>
class FewKeys {
 public:
  static constexpr std::size_t most = 2048;

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  // The number of the key, which gets the next one when it is new; none when there are too many.
  std::uint32_t number(Key key, std::int64_t position) {
    std::size_t at = static_cast<std::size_t>(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits));
    for (;; at = (at + 1) % slots_.size()) {
      const Slot& slot = slots_[at];
      if (slot.key == key && slot.number != none) return slot.number;
      if (slot.number == none) break;
    }
    if (keys_.size() == most) return none;
    slots_[at] = {key, static_cast<std::uint32_t>(keys_.size())};
    keys_.push_back(key);
    firsts.push_back(position);
    return slots_[at].number;
  }

  // The numbers in the order of their keys.
  std::vector<std::uint32_t> in_order() const {
    std::vector<std::uint32_t> order(keys_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return keys_[a] < keys_[b]; });
    return order;
  }

  std::vector<std::int64_t> firsts;  // by number: where the key was first met

 private:
  struct Slot {
    Key key = 0;
    std::uint32_t number = none;
  };
  static constexpr int bits = 13;
  std::vector<Slot> slots_ = std::vector<Slot>(std::size_t{1} << bits);
  std::vector<Key> keys_;
};

// unique of a contiguous tensor with few distinct elements and no NaN; nothing otherwise.
template <class T>
std::optional<UniqueResult> unique_of_few(const Tensor& x, bool return_inverse, bool return_counts) {
  using Key = KeyOf<T>;
  const std::int64_t n = x.numel();
  const T* data = x.data<T>();
  FewKeys<Key> keys;
  std::vector<std::int64_t> counts(FewKeys<Key>::most);
  UniqueResult out;
  if (return_inverse) out.inverse = empty(x.sizes(), int64);
  auto* numbers = return_inverse ? out.inverse.data<std::int64_t>() : nullptr;
  for (std::int64_t i = 0; i < n; ++i) {
    const Key key = key_of(data[i]);
    if constexpr (is_floating(dtype_of<T>)) {
      if (key == Key{~KeyOf<T>{0}}) return std::nullopt;  // each NaN is a value of its own
    }
    const std::uint32_t number = keys.number(key, i);
    if (number == keys.none) return std::nullopt;
    if (return_counts) ++counts[number];
    if (numbers) numbers[i] = number;
  }
  const auto order = keys.in_order();
  const auto size = static_cast<std::int64_t>(order.size());
  out.values = empty({size}, x.dtype());
  if (return_counts) out.counts = empty({size}, int64);
  std::vector<std::int64_t> places(order.size());
  for (std::int64_t i = 0; i < size; ++i) {
    const std::uint32_t number = order[static_cast<std::size_t>(i)];
    out.values.template data<T>()[i] = data[keys.firsts[number]];
    if (return_counts) out.counts.template data<std::int64_t>()[i] = counts[number];
    places[number] = i;
  }
  for (std::int64_t i = 0; numbers && i < n; ++i) numbers[i] = places[static_cast<std::size_t>(numbers[i])];
  return out;
}

// unique of a contiguous tensor of integers that lie so close together that a table of all of them is short;
// nothing otherwise.
template <class T>
std::optional<UniqueResult> unique_of_close(const Tensor& x, bool return_inverse, bool return_counts) {
  constexpr std::uint64_t longest = 1 << 16;
  const std::int64_t n = x.numel();
  if (n == 0) return std::nullopt;
  const auto low = static_cast<std::uint64_t>(min(x).item().to_int());
  const std::uint64_t span = static_cast<std::uint64_t>(max(x).item().to_int()) - low;
  if (span >= longest || span > static_cast<std::uint64_t>(n)) return std::nullopt;
  const T* data = x.data<T>();
  const auto slot = [low](T value) {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(value) - low);
  };
  std::vector<std::int64_t> table(static_cast<std::size_t>(span) + 1);  // counts, then places
  for (std::int64_t i = 0; i < n; ++i) ++table[slot(data[i])];
  const auto size = static_cast<std::int64_t>(table.size()) - std::count(table.begin(), table.end(), 0);
  UniqueResult out;
  out.values = empty({size}, x.dtype());
  if (return_counts) out.counts = empty({size}, int64);
  std::int64_t place = 0;
  for (std::size_t s = 0; s < table.size(); ++s) {
    if (table[s] == 0) continue;
    out.values.template data<T>()[place] = static_cast<T>(low + s);
    if (return_counts) out.counts.template data<std::int64_t>()[place] = table[s];
    table[s] = place++;
  }
  if (return_inverse) {
    out.inverse = empty(x.sizes(), int64);
    auto* places = out.inverse.template data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i) places[i] = table[slot(data[i])];
  }
  return out;
}

}  // namespace

UniqueResult unique(const Tensor& x, bool, bool return_inverse, bool return_counts) {
  if (is_complex(x.dtype())) throw DTypeError("unique is not defined for " + std::string(name(x.dtype())));
  const NoGrad no_grad;
  const auto few = dispatch(x.dtype(), [&]<class T>(TypeTag<T>) -> std::optional<UniqueResult> {
    if constexpr (is_complex(dtype_of<T>)) {
      return std::nullopt;
    } else {
      const Tensor elements = x.detach().contiguous();
      if constexpr (std::is_integral_v<T>) {
        if (auto close = unique_of_close<T>(elements, return_inverse, return_counts)) return close;
      }
      return unique_of_few<T>(elements, return_inverse, return_counts);
    }
  });
  if (few) return *few;
  const auto [sorted, positions] = sort(x.detach().flatten(), 0);
  const std::int64_t n = sorted.numel();
  // Where runs of equal elements begin; a NaN equals nothing.
  Tensor begins = full({n}, true, boolean);
  if (n > 0) narrow(begins, 0, 1, n - 1).copy_(ne(narrow(sorted, 0, 1, n - 1), narrow(sorted, 0, 0, n - 1)));
  const Tensor firsts = nonzero(begins).select(1, 0);
  UniqueResult out;
  out.values = gather(sorted, 0, firsts);
  if (return_inverse) {
    const Tensor places = sub(cumsum(begins, 0), 1);
    out.inverse = scatter(zeros({n}, int64), 0, positions, places).reshape(x.sizes());
  }
  if (return_counts) out.counts = diff(cat({firsts, full({1}, n, int64)}));
  return out;
}

}  // namespace wick
