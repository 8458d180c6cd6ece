#include "wick/autograd/in_place.h"

#include <algorithm>
#include <array>

#include "wick/core/fail.h"
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

void check_source_gradient(const char* operation, const Tensor& target, const Tensor& source,
                           SourceGradient gradient) {
  if (!grad_enabled() || !source.requires_grad() || !is_differentiable(target.dtype())) return;
  if (gradient == SourceGradient::Refused) {
    fail<GradientError>(operation,
                        "changes in place are not recorded: the source requires a gradient, which would be "
                        "lost; detach it, or switch recording off");
  }
  // Views of the same memory would not know of it, nor would those who saved them.
  if (target.storage()->use_count() > 1) {
    fail<GradientError>(operation,
                        "the source requires a gradient and the target shares its memory with other tensors, "
                        "which would not know of it; detach the source, or join tensors instead");
  }
}

}  // namespace

void check_in_place(const char* operation, const Tensor& target) {
  if (grad_enabled() && target.requires_grad()) {
    fail<GradientError>(operation,
                        "changes in place are not recorded: switch recording off to change a tensor that "
                        "requires a gradient");
  }
}

void begin_in_place(const char* operation, const Tensor& target) {
  begin_in_place(operation, target, std::span<const Tensor>{});
}

Tensor begin_in_place(const char* operation, const Tensor& target, const Tensor& source,
                      SourceGradient gradient) {
  source.detach().expand(target.sizes());
  check_source_gradient(operation, target, source, gradient);
  begin_in_place(operation, target);
  return meet(target, source) && !same_layout(target, source) ? source.detach().clone() : source;
}

Tensors begin_in_place(const char* operation, const Tensor& target, std::span<const Tensor> sources) {
  check_in_place(operation, target);
  if (overlaps_itself(target)) {
    fail<ShapeError>(
        operation,
        "the target's elements share memory, as those of an expanded tensor do (shape {}, strides "
        "{}): clone() it first",
        target.sizes(), target.strides());
  }
  Tensors out;
  out.reserve(sources.size());
  for (const Tensor& source : sources) {
    check_source_gradient(operation, target, source, SourceGradient::Refused);
    out.push_back(meet(target, source) ? source.detach().clone() : source);
  }
  target.storage()->bump_version();
  return out;
}

}  // namespace wick
