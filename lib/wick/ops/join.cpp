#include "wick/ops/join.h"

#include <algorithm>

#include "wick/autograd/in_place.h"
#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {

void gather_into(const Tensor& destination, std::span<const Tensor> sources) {
  const auto count = static_cast<std::int64_t>(sources.size());
  if (destination.dim() == 0 || destination.sizes()[0] != count) {
    throw ShapeError("gather_into: a destination of shape " + to_string(destination.sizes()) +
                     " cannot hold " + std::to_string(count) + " tensors");
  }
  Shape slot = destination.sizes();
  slot.erase(0);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].sizes() == slot) continue;
    throw ShapeError("stack expects each tensor to be equal size, but got " + to_string(slot) +
                     " at entry 0 and " + to_string(sources[i].sizes()) + " at entry " + std::to_string(i));
  }
  const Tensors safe = begin_in_place("gather_into", destination, sources);
  const NoGrad no_grad;
  const Uninterrupted whole;
  const auto copy_one = [&](std::int64_t i) {
    copy_into(destination.select(0, i), safe[static_cast<std::size_t>(i)]);
  };
  const std::int64_t each = count > 0 ? destination.numel() / count : 0;
  if (each >= parallel::grain) {
    // Each copy uses the threads itself.
    for (std::int64_t i = 0; i < count; ++i) copy_one(i);
    return;
  }
  parallel_for(count, std::max<std::int64_t>(parallel::grain / std::max<std::int64_t>(each, 1), 1),
               [&](std::int64_t begin, std::int64_t end) {
                 const NoGrad also_in_this_thread;
                 for (std::int64_t i = begin; i < end; ++i) copy_one(i);
               });
}

namespace {

DType common_type(const Tensors& tensors) {
  DType dtype = tensors.front().dtype();
  for (const Tensor& t : tensors) dtype = promote_types(dtype, t.dtype());
  return dtype;
}

}  // namespace

Tensor stack(const Tensors& tensors, std::int64_t dim) {
  if (tensors.empty()) throw ShapeError("stack: one tensor at least is needed, the list is empty");
  Shape shape = tensors.front().sizes();
  const int d = wrap_dim(dim, shape.size() + 1);
  shape.insert(d, static_cast<std::int64_t>(tensors.size()));
  const Tensor out = empty(shape, common_type(tensors));
  {
    const NoGrad no_grad;
    gather_into(d == 0 ? out : movedim(out, d, 0), tensors);
  }
  record_all("stack", {out}, tensors, saving(d), [](const Tensors& g, int along) {
    Tensors grads;
    for (std::int64_t i = 0; i < g[0].size(along); ++i) grads.push_back(select(g[0], along, i));
    return grads;
  });
  return out;
}

namespace {

bool skipped_in_cat(const Tensor& t) { return t.dim() == 1 && t.numel() == 0; }

// The joined shape, after seeing to it that all others fit the first that counts.
Shape cat_shape(const Tensors& tensors, std::int64_t dim, int& d) {
  const Tensor* first = nullptr;
  for (const Tensor& t : tensors) {
    if (t.dim() == 0) throw ShapeError("cat: zero-dimensional tensors cannot be concatenated");
    if (!first && !skipped_in_cat(t)) first = &t;
  }
  if (!first) first = &tensors.front();
  d = wrap_dim(dim, first->dim());
  Shape shape = first->sizes();
  shape[d] = 0;
  for (const Tensor& t : tensors) {
    if (skipped_in_cat(t)) continue;
    bool fits = t.dim() == shape.size();
    for (int i = 0; fits && i < shape.size(); ++i) fits = i == d || t.sizes()[i] == shape[i];
    if (!fits) {
      throw ShapeError("cat: sizes must match except in dimension " + std::to_string(d) + ", got " +
                       to_string(first->sizes()) + " and " + to_string(t.sizes()));
    }
    if (__builtin_add_overflow(shape[d], t.sizes()[d], &shape[d])) {
      throw ShapeError("cat: the size of dimension " + std::to_string(d) + " cannot be counted");
    }
  }
  return shape;
}

}  // namespace

Tensor cat(const Tensors& tensors, std::int64_t dim) {
  if (tensors.empty()) throw ShapeError("cat: one tensor at least is needed, the list is empty");
  int d;
  const Tensor out = empty(cat_shape(tensors, dim, d), common_type(tensors));
  {
    const NoGrad no_grad;
    std::int64_t start = 0;
    for (const Tensor& t : tensors) {
      if (skipped_in_cat(t)) continue;
      copy_into(narrow(out, d, start, t.sizes()[d]), t);
      start += t.sizes()[d];
    }
  }
  Dims lengths;  // -1 for what is skipped
  for (const Tensor& t : tensors) lengths.push_back(skipped_in_cat(t) ? -1 : t.sizes()[d]);
  record_all("cat", {out}, tensors, saving(d, lengths), [](const Tensors& g, int along, const Dims& counts) {
    Tensors grads;
    std::int64_t start = 0;
    for (const auto count : counts) {
      grads.push_back(count >= 0 ? narrow(g[0], along, start, count) : zeros({0}, g[0].dtype()));
      start += std::max<std::int64_t>(count, 0);
    }
    return grads;
  });
  return out;
}

Tensor repeat(const Tensor& x, const Dims& repeats) {
  const int added = repeats.size() - x.dim();
  if (added < 0) {
    throw ShapeError("repeat: number of repeat dims can not be smaller than the number of dimensions, " +
                     to_string(repeats) + " was given for shape " + to_string(x.sizes()));
  }
  // Each dimension becomes two, the count and the size; the count's has step 0.
  Shape paired, spread, merged;
  for (int i = 0; i < repeats.size(); ++i) {
    const std::int64_t size = i < added ? 1 : x.sizes()[i - added];
    std::int64_t total;
    if (repeats[i] < 0 || __builtin_mul_overflow(repeats[i], size, &total)) {
      throw ShapeError("repeat: counts must not be negative or overflow the size, " + to_string(repeats) +
                       " was given");
    }
    paired.push_back(1);
    paired.push_back(size);
    spread.push_back(repeats[i]);
    spread.push_back(size);
    merged.push_back(total);
  }
  if (paired.size() > max_rank) throw ShapeError("repeat: at most 32 dimensions are supported");
  numel(merged);
  const Tensor repeated = x.reshape(paired).expand(spread);
  return (repeated.is_contiguous() ? repeated.clone() : repeated.contiguous()).reshape(merged);
}

Tensor tile(const Tensor& x, const Dims& repeats) {
  Dims all = repeats;
  while (all.size() < x.dim()) all.insert(0, 1);
  return repeat(x, all);
}

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<std::int64_t> dim) {
  if (!dim) return repeat_interleave(x.flatten(), repeats, 0);
  if (x.dim() == 0) return repeat_interleave(x.reshape({1}), repeats, *dim);
  if (repeats < 0) fail("repeat_interleave", "repeats must not be negative, {} was given", repeats);
  const int d = wrap_dim(*dim, x.dim());
  Shape spread = x.sizes(), merged = x.sizes();
  spread.insert(d + 1, repeats);
  if (__builtin_mul_overflow(merged[d], repeats, &merged[d]))
    fail<ShapeError>("repeat_interleave", "{} times dimension {} of shape {} cannot be counted", repeats, d,
                     x.sizes());
  numel(merged);
  const Tensor repeated = x.unsqueeze(d + 1).expand(spread);
  return (repeated.is_contiguous() ? repeated.clone() : repeated.contiguous()).reshape(merged);
}

namespace {

void check_repeats(const Tensor& repeats) {
  if (repeats.dtype() != int64 && repeats.dtype() != int32) {
    fail<DTypeError>("repeat_interleave", "repeats must be int64 or int32, {} was given", repeats.dtype());
  }
  if (repeats.dim() > 1)
    fail<ShapeError>("repeat_interleave", "repeats must be 1-d, shape {} was given", repeats.sizes());
}

}  // namespace

Tensor repeat_interleave(const Tensor& repeats) {
  check_repeats(repeats);
  const Tensor counts = repeats.to(int64).contiguous();
  const std::int64_t* count = counts.data<std::int64_t>();
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < counts.numel(); ++i) {
    if (count[i] < 0) fail("repeat_interleave", "repeats must not be negative, {} was given", count[i]);
    if (__builtin_add_overflow(total, count[i], &total))
      fail<ShapeError>("repeat_interleave", "the repeats together cannot be counted");
  }
  const Tensor out = empty({total}, int64);
  std::int64_t* to = out.data<std::int64_t>();
  for (std::int64_t i = 0; i < counts.numel(); ++i) to = std::fill_n(to, count[i], i);
  return out;
}

Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<std::int64_t> dim) {
  if (!dim) return repeat_interleave(x.flatten(), repeats, 0);
  if (x.dim() == 0) return repeat_interleave(x.reshape({1}), repeats, *dim);
  const std::int64_t size = x.size(*dim);
  check_repeats(repeats);
  if (repeats.numel() == 1) return repeat_interleave(x, repeats.item().to_int(), *dim);
  const Tensor index = repeat_interleave(repeats);
  if (repeats.numel() != size) {
    fail<ShapeError>("repeat_interleave", "{} repeats were given for the {} positions along dimension {}",
                     repeats.numel(), size, *dim);
  }
  return index_select(x, *dim, index);
}

}  // namespace wick
