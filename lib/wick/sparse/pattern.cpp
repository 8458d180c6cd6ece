#include "wick/sparse/pattern.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/indexing.h"

namespace wick::sparse {
namespace {

using Place = std::int64_t;

const Place* places(const Tensor& x) { return x.data<Place>(); }

// The same elements, which nobody may change in place.
Tensor read_only(const Tensor& x) {
  return from_blob(
      static_cast<const void*>(x.raw_data()), x.sizes(), [x](void*) {}, x.dtype());
}

// Whether each is larger than the one before, or at least as large.
bool ascending(const Place* p, std::int64_t n, bool strictly) {
  bool so = true;
  for (std::int64_t i = 1; i < n; ++i) so &= strictly ? p[i - 1] < p[i] : p[i - 1] <= p[i];
  return so;
}

// Where each of the `count` lines begins, of sorted lines of entries.
Tensor pointers_of(const Place* lines, std::int64_t n, std::int64_t count) {
  if (count == INT64_MAX) fail<ShapeError>("sparse", "a dimension of {} has too many lines", count);
  const Tensor out = zeros({count + 1}, int64);
  Place* p = out.data<Place>();
  for (std::int64_t e = 0; e < n; ++e) ++p[lines[e] + 1];
  for (std::int64_t i = 0; i < count; ++i) p[i + 1] += p[i];
  return out;
}

// The line of each entry.
void fill_lines(const Tensor& pointers, Place* lines) {
  const Place* p = places(pointers);
  for (std::int64_t i = 0; i + 1 < pointers.numel(); ++i) std::fill(lines + p[i], lines + p[i + 1], i);
}

// --- Sorting by place

// A place with the number of its entry: in one word where both fit into halves of it.
struct WideItem {
  std::uint64_t place, entry;
};
struct NarrowItem {
  std::uint64_t both;
};
std::uint64_t place_of(const WideItem& x) { return x.place; }
std::uint64_t place_of(const NarrowItem& x) { return x.both >> 32; }
std::uint64_t entry_of(const WideItem& x) { return x.entry; }
std::uint64_t entry_of(const NarrowItem& x) { return x.both & 0xffffffff; }

// By digits of eleven bits, the lowest first.
template <class Item>
void sort_items(Item* items, Item* spare, std::int64_t n, int bits, Place* order) {
  constexpr int digit = 11;
  constexpr std::uint64_t values = std::uint64_t{1} << digit;
  for (int shift = 0; shift < bits; shift += digit) {
    std::int64_t counts[values] = {};
    for (std::int64_t i = 0; i < n; ++i) ++counts[place_of(items[i]) >> shift & (values - 1)];
    std::int64_t start = 0;
    for (std::int64_t& count : counts) start += std::exchange(count, start);
    for (std::int64_t i = 0; i < n; ++i)
      spare[counts[place_of(items[i]) >> shift & (values - 1)]++] = items[i];
    std::swap(items, spare);
  }
  for (std::int64_t i = 0; i < n; ++i) order[i] = static_cast<Place>(entry_of(items[i]));
}

// The entries in the order of their places, which are below `limit`; those at one place in their own order.
Tensor order_of(const Tensor& x, std::int64_t limit) {
  const std::int64_t n = x.numel();
  const Tensor out = empty({n}, int64);
  const auto bits =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<Place>(limit - 1, 0))));
  const Place* p = places(x);
  if (bits <= 32 && n <= INT64_C(1) << 32) {
    const Tensor buffers = empty({2, n}, int64);
    auto* items = reinterpret_cast<NarrowItem*>(buffers.raw_data());
    for (std::int64_t i = 0; i < n; ++i)
      items[i] = {static_cast<std::uint64_t>(p[i]) << 32 | static_cast<std::uint64_t>(i)};
    sort_items(items, items + n, n, bits, out.data<Place>());
  } else {
    const Tensor buffers = empty({4, n}, int64);
    auto* items = reinterpret_cast<WideItem*>(buffers.raw_data());
    for (std::int64_t i = 0; i < n; ++i)
      items[i] = {static_cast<std::uint64_t>(p[i]), static_cast<std::uint64_t>(i)};
    sort_items(items, items + n, n, bits, out.data<Place>());
  }
  return out;
}

}  // namespace

PatternPtr Pattern::coo(const Shape& shape, const Tensor& indices, bool coalesced) {
  const std::shared_ptr<Pattern> out(new Pattern);
  out->shape_ = shape;
  out->sparse_dims_ = static_cast<int>(indices.size(0));
  out->nnz_ = indices.size(1);
  out->indices_ = read_only(indices);
  if (!coalesced) {
    const NoGrad no_grad;
    coalesced = ascending(places(out->keys()), out->nnz_, true);
  }
  out->coalesced_ = coalesced;
  return out;
}

PatternPtr Pattern::compressed(Layout layout, const Shape& shape, const Tensor& pointers,
                               const Tensor& inner) {
  const std::shared_ptr<Pattern> out(new Pattern);
  out->layout_ = layout;
  out->shape_ = shape;
  out->sparse_dims_ = 2;
  out->nnz_ = inner.numel();
  out->pointers_ = read_only(pointers);
  out->inner_ = read_only(inner);
  out->coalesced_ = true;
  return out;
}

Shape Pattern::sparse_shape() const {
  return Shape(std::span<const std::int64_t>(shape_.begin(), static_cast<std::size_t>(sparse_dims_)));
}

Shape Pattern::dense_shape() const {
  return Shape(std::span<const std::int64_t>(shape_.begin() + sparse_dims_, shape_.end()));
}

Shape Pattern::values_shape() const {
  Shape shape = dense_shape();
  shape.insert(0, nnz_);
  return shape;
}

const Tensor& Pattern::indices() const {
  const std::lock_guard lock(mutex_);
  if (!indices_.defined()) {
    const Tensor out = empty({2, nnz_}, int64);
    const int line = layout_ == Layout::Csr ? 0 : 1;
    fill_lines(pointers_, out.data<Place>() + line * nnz_);
    std::copy_n(places(inner_), nnz_, out.data<Place>() + (1 - line) * nnz_);
    indices_ = read_only(out);
  }
  return indices_;
}

const Tensor& Pattern::keys() const {
  const std::lock_guard lock(mutex_);
  if (!keys_.defined()) keys_ = read_only(linear_places(indices(), sparse_shape()));
  return keys_;
}

const Coalesced& Pattern::coalesce() const {
  const std::lock_guard lock(mutex_);
  if (!coalesced_form_) {
    const NoGrad no_grad;
    Groups groups = group_by(keys(), numel(sparse_shape()));
    const Tensor first = empty({groups.count}, int64);  // an entry of each group
    const Place *order = places(groups.order), *group = places(groups.group);
    for (std::int64_t i = nnz_ - 1; i >= 0; --i) first.data<Place>()[group[order[i]]] = order[i];
    const Tensor indices_of_first = index_select(indices(), 1, first);
    coalesced_form_ = Coalesced{coo(shape_, indices_of_first, true), groups.order, groups.group};
  }
  return *coalesced_form_;
}

Compressed Pattern::compress(int along) const {
  const NoGrad no_grad;
  const Tensor lines = indices().select(0, along), others = indices().select(0, 1 - along);
  Compressed out;
  const bool ordered = ascending(places(lines), nnz_, false);
  if (!ordered) out.order = order_of(lines, shape_[along]);
  const Tensor sorted = ordered ? lines : index_select(lines, 0, out.order);
  out.pointers = pointers_of(places(sorted), nnz_, shape_[along]);
  out.columns = ordered ? others : index_select(others, 0, out.order);
  return out;
}

const Compressed& Pattern::by_rows() const {
  const std::lock_guard lock(mutex_);
  if (!rows_) rows_ = layout_ == Layout::Csr ? Compressed{pointers_, inner_, {}} : compress(0);
  return *rows_;
}

const Compressed& Pattern::by_columns() const {
  const std::lock_guard lock(mutex_);
  if (!columns_) columns_ = layout_ == Layout::Csc ? Compressed{pointers_, inner_, {}} : compress(1);
  return *columns_;
}

Tensor linear_places(const Tensor& coordinates, const Shape& shape) {
  const std::int64_t n = coordinates.size(1);
  const Tensor out = zeros({n}, int64);
  Place* to = out.data<Place>();
  for (int d = 0; d < shape.size(); ++d) {
    const Place* from = places(coordinates) + d * n;
    for (std::int64_t i = 0; i < n; ++i) to[i] = to[i] * shape[d] + from[i];
  }
  return out;
}

Tensor coordinates_of(const Tensor& places_in_all, const Shape& shape) {
  const std::int64_t n = places_in_all.numel();
  const Tensor rest = places_in_all.clone(), out = empty({shape.size(), n}, int64);
  Place* left = rest.data<Place>();
  for (int d = shape.size() - 1; d >= 0; --d) {
    Place* to = out.data<Place>() + d * n;
    for (std::int64_t i = 0; i < n; ++i) {
      const Place quotient = left[i] / shape[d];
      to[i] = left[i] - quotient * shape[d];
      left[i] = quotient;
    }
  }
  return out;
}

Groups group_by(const Tensor& keys, std::int64_t limit) {
  const NoGrad no_grad;
  const std::int64_t n = keys.numel();
  Groups out{order_of(keys, limit), empty({n}, int64), 0};
  const Place *key = places(keys), *order = places(out.order);
  Place* group = out.group.data<Place>();
  std::int64_t at = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (i == 0 || key[order[i]] != key[order[i - 1]]) ++at;
    group[order[i]] = at;
  }
  out.count = at + 1;
  return out;
}

Tensor coalesced_values(const SparseTensor& x) {
  const Coalesced& form = x.pattern().coalesce();
  if (form.pattern->nnz() == x.nnz()) return index_select(x.values(), 0, form.order);
  return index_add(zeros(form.pattern->values_shape(), x.dtype()), 0, form.group, x.values());
}

void check_matrix(const char* operation, const SparseTensor& x) {
  if (x.sparse_dim() != 2 || x.dense_dim() != 0) {
    fail<ShapeError>(operation,
                     "a matrix of two sparse dimensions is needed, shape {} with {} sparse dimensions "
                     "was given",
                     x.sizes(), x.sparse_dim());
  }
}

void check_same_shape(const char* operation, const Shape& a, const Shape& b) {
  if (a != b) fail<ShapeError>(operation, "the shapes must be equal, {} and {} were given", a, b);
}

}  // namespace wick::sparse
