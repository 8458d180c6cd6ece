#include "wick/autograd/in_place.h"

#include <algorithm>
#include <array>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

struct Range {
  const char* begin;
  const char* end;
};

// The memory from the first to the last element of a tensor that has some.
Range memory_of(const Tensor& x) {
  Range range{x.raw_data(), x.raw_data() + x.itemsize()};
  for (int d = 0; d < x.dim(); ++d) {
    const std::int64_t reach = (x.sizes()[d] - 1) * x.strides()[d] * x.itemsize();
    (reach < 0 ? range.begin : range.end) += reach;
  }
  return range;
}

bool meet(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0 || b.numel() == 0) return false;
  const Range x = memory_of(a), y = memory_of(b);
  return x.begin < y.end && y.begin < x.end;
}

bool same_layout(const Tensor& a, const Tensor& b) {
  return a.raw_data() == b.raw_data() && a.dtype() == b.dtype() && a.sizes() == b.sizes() &&
         a.strides() == b.strides();
}

// Whether two positions may be one element: from the smallest stride on, each must reach over all that lies
// below.
bool overlaps_itself(const Tensor& x) {
  if (x.is_contiguous() || x.numel() == 0) return false;
  std::array<std::pair<std::int64_t, std::int64_t>, max_rank> dims;  // stride, size
  std::size_t count = 0;
  for (int d = 0; d < x.dim(); ++d) {
    if (x.sizes()[d] > 1) dims[count++] = {std::abs(x.strides()[d]), x.sizes()[d]};
  }
  std::sort(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(count));
  std::int64_t covered = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (dims[i].first <= covered) return true;
    covered += dims[i].first * (dims[i].second - 1);
  }
  return false;
}

void check_lost_gradient(const char* operation, const Tensor& target, const Tensor& source) {
  if (!grad_enabled() || !source.requires_grad() || !is_differentiable(target.dtype())) return;
  fail<GradientError>(operation,
                      "this change in place is not recorded: the source requires a gradient, which would be "
                      "lost; detach it, or switch recording off");
}

Tensor root_of(const Tensor& x) { return x.body()->base ? Tensor::from_body(x.body()->base.get()) : x; }

// Where a view lies in the memory of its root.
struct Region {
  Shape root_shape;
  Strides root_strides;
  DType root_dtype;
  Shape shape;
  Strides strides;
  DType dtype;
  std::int64_t offset;  // in bytes, from the root's first element
};

}  // namespace

template <>
inline constexpr bool autograd::saved_by_value<Region> = true;

namespace {

Region region_of(const Tensor& root, const Tensor& view) {
  return {root.sizes(),
          root.strides(),
          root.dtype(),
          view.sizes(),
          view.strides(),
          view.dtype(),
          view.raw_data() - root.raw_data()};
}

// A tensor with memory of its own in which the root's layout, gaps and order included, is that of the region.
Tensor empty_root(const Region& region) {
  if (numel(region.root_shape) == 0) return empty(region.root_shape, region.root_dtype);
  std::int64_t lowest = 0, highest = 1;
  for (int d = 0; d < region.root_shape.size(); ++d) {
    const std::int64_t reach = (region.root_shape[d] - 1) * region.root_strides[d];
    (reach < 0 ? lowest : highest) += reach;
  }
  const Tensor memory = empty({highest - lowest}, region.root_dtype);
  return make_view(memory, region.root_shape, region.root_strides,
                   memory.raw_data() - lowest * memory.itemsize());
}

Tensor part_of(const Tensor& root, const Region& region) {
  return make_view(root, region.shape, region.strides, root.raw_data() + region.offset, region.dtype);
}

Tensor with_root_layout(const Tensor& g, const Region& region) {
  const Tensor root = empty_root(region);
  copy_into(root, g);
  return root;
}

Tensor put(const Tensor& g, const Region& region);

// The region of g, a tensor of the root's shape.
Tensor take(const Tensor& g, const Region& region) {
  const Tensor out = part_of(with_root_layout(g.detach(), region), region).clone();
  return record("view", out, {g}, saving(region),
                [](const Tensor& h, const Region& back) { return put(h, back); });
}

// Zeros of the root's shape, but g in the region. Where one element of the root stands at many positions of
// the region it gets the sum of theirs.
Tensor put(const Tensor& g, const Region& region) {
  const Tensor root = empty_root(region);
  fill_into(root, 0);
  Region single = region;
  for (int d = 0; d < region.shape.size(); ++d) {
    if (region.strides[d] == 0 && region.shape[d] > 1) single.shape[d] = 1;
  }
  copy_into(part_of(root, single), sum_to(g.detach(), single.shape));
  return record("embed", root, {g}, saving(region),
                [](const Tensor& h, const Region& back) { return take(h, back); });
}

// g with zeros in the region.
Tensor without(const Tensor& g, const Region& region) {
  const Tensor root = with_root_layout(g.detach(), region);
  fill_into(part_of(root, region), 0);
  return record("without", root, {g}, saving(region),
                [](const Tensor& h, const Region& back) { return without(h, back); });
}

// Makes the elements of `root`, which have just been changed in the region of a view, the result of an
// operation on those that they were and on the new ones.
void rebase(const char* operation, const Tensor& root, const Region& region, const Tensor& change) {
  record(operation, root, {root, change}, saving(region), [](const Tensor& g, const Region& changed) {
    return Tensors{without(g, changed), take(g, changed)};
  });
}

// The change's history becomes the tensor's.
void adopt_history(const Tensor& target, const Tensor& change) {
  const GradientState* from = change.requires_grad() ? change.body()->gradient : nullptr;
  if (from || target.body()->gradient)
    autograd::attach(target, from ? from->node : Ref<Node>(), from ? from->output : 0);
}

}  // namespace

namespace autograd {

bool in_place_recorded(const char* operation, const Tensor& target, Inputs sources) {
  if (!grad_enabled() || !is_differentiable(target.dtype())) return false;
  bool recorded = target.requires_grad();
  if (recorded || target.body()->base) {
    const Tensor root = root_of(target);
    recorded = recorded || root.requires_grad();
    if (recorded && root.requires_grad() && root.is_leaf()) {
      fail<GradientError>(operation,
                          "a leaf that requires a gradient, or a view of one, cannot be changed in place "
                          "while operations are recorded: switch recording off, or clone() it first");
    }
  }
  for (const Tensor& source : sources) recorded = recorded || source.requires_grad();
  return recorded;
}

Tensor source_of_change(bool recorded, const Tensor& target, const Tensor& source) {
  return recorded && meet(target, source) ? source.clone() : source;
}

Tensor fit_change(const char* operation, const Tensor& target, const Tensor& result) {
  if (result.sizes() != target.sizes()) {
    fail<ShapeError>(operation, "the result has shape {}, the tensor that is to hold it {}", result.sizes(),
                     target.sizes());
  }
  if (kind(result.dtype()) > kind(target.dtype())) {
    fail<DTypeError>(operation, "the result is {}, which a {} tensor cannot hold", result.dtype(),
                     target.dtype());
  }
  return result.to(target.dtype());
}

void put_change(const char* operation, const Tensor& target, const Tensor& result, bool recorded) {
  check_writable(operation, target);
  const Tensor root = root_of(target);
  if (recorded) check_writable(operation, root);
  const Uninterrupted whole;
  target.storage()->bump_version();
  copy_into(target, result);
  if (!recorded) return;
  // The result of an operation that did nothing may be one of the tensors that it was given.
  const Tensor change = result.requires_grad() && result.is_leaf() ? result.clone() : result;
  if (!root.is_same(target)) rebase(operation, root, region_of(root, target), change);
  // The gradient that it retains is that of the new elements.
  if (const GradientState* state = target.body()->gradient; state && state->node) {
    std::erase_if(state->node->retained, [&](const auto& kept) { return kept.second == state->retained; });
  }
  adopt_history(target, change);
  const std::uint32_t changes = root.body()->changes.fetch_add(1, std::memory_order_relaxed) + 1;
  target.body()->changes.store(changes, std::memory_order_release);
}

void renew_history(const Tensor& view) {
  TensorBody& body = *view.body();
  if (!body.base) return;
  const std::uint32_t changes = body.base->changes.load(std::memory_order_acquire);
  if (body.changes.load(std::memory_order_acquire) == changes) return;
  const Tensor root = root_of(view);
  const Tensor renewed = view.detach();
  {
    const GradMode recording(true);
    const Region region = region_of(root, view);
    record("view", renewed, {root}, saving(region),
           [](const Tensor& g, const Region& back) { return put(g, back); });
  }
  Ref<Node> before;  // ends outside of the lock
  const std::lock_guard lock(gradient_mutex(root));
  if (body.changes.load(std::memory_order_relaxed) == changes) return;
  if (body.gradient) before = body.gradient->node;
  adopt_history(view, renewed);
  body.changes.store(changes, std::memory_order_release);
}

}  // namespace autograd

void check_writable(const char* operation, const Tensor& target) {
  if (target.storage()->read_only())
    fail(operation, "the target's memory is read-only: clone() the tensor first");
  if (!overlaps_itself(target)) return;
  fail<ShapeError>(operation,
                   "the target's elements share memory, as those of an expanded tensor do (shape {}, strides "
                   "{}): clone() it first",
                   target.sizes(), target.strides());
}

void begin_in_place(const char* operation, const Tensor& target) {
  begin_in_place(operation, target, std::span<const Tensor>{});
}

Tensor begin_in_place(const char* operation, const Tensor& target, const Tensor& source) {
  if (source.sizes() != target.sizes()) source.detach().expand(target.sizes());
  check_lost_gradient(operation, target, source);
  begin_in_place(operation, target);
  return meet(target, source) && !same_layout(target, source) ? source.detach().clone() : source;
}

Tensors begin_in_place(const char* operation, const Tensor& target, std::span<const Tensor> sources) {
  if (grad_enabled() && target.requires_grad()) {
    fail<GradientError>(operation,
                        "this change in place is not recorded: switch recording off to change a tensor that "
                        "requires a gradient");
  }
  check_writable(operation, target);
  Tensors out;
  out.reserve(sources.size());
  for (const Tensor& source : sources) {
    check_lost_gradient(operation, target, source);
    out.push_back(meet(target, source) ? source.detach().clone() : source);
  }
  target.storage()->bump_version();
  return out;
}

}  // namespace wick
