#include "wick/data/batches.h"

#include <algorithm>
#include <utility>

#include "wick/core/fail.h"
#include "wick/ops/indexing.h"
#include "wick/ops/random.h"

namespace wick {
namespace {

constexpr const char* operation = "batches";

// Contiguous, without history.
Tensor checked_indices(const Tensor& given, std::int64_t n) {
  if (given.dtype() != int64) fail<DTypeError>(operation, "indices must be int64, not {}", given.dtype());
  if (given.dim() != 1)
    fail<ShapeError>(operation, "indices must have one dimension, shape {} was given", given.sizes());
  const Tensor indices = given.contiguous();
  for (const std::int64_t i : indices.span<const std::int64_t>()) {
    if (i < 0 || i >= n) fail<IndexError>(operation, "index {} is out of range for size {}", i, n);
  }
  return indices;
}

}  // namespace

Batches::Batches(Tensors tensors, const BatchOptions& options)
    : tensors_(std::move(tensors)), options_(options) {
  if (tensors_.empty()) fail(operation, "one tensor at least is needed");
  if (options_.batch_size < 1)
    fail(operation, "batch_size must be 1 or greater, {} was given", options_.batch_size);
  for (const Tensor& x : tensors_) {
    if (x.dim() == 0) fail<ShapeError>(operation, "a tensor without dimensions cannot be cut");
    if (x.size(0) != tensors_[0].size(0)) {
      fail<ShapeError>(operation, "the first sizes must be equal, shapes {} and {} were given",
                       tensors_[0].sizes(), x.sizes());
    }
  }
  if (options_.indices.defined()) options_.indices = checked_indices(options_.indices, tensors_[0].size(0));
}

std::int64_t Batches::positions() const {
  const std::int64_t n = options_.indices.defined() ? options_.indices.numel() : tensors_[0].size(0);
  return options_.drop_last ? n - n % options_.batch_size : n;
}

std::int64_t Batches::size() const {
  const std::int64_t n = positions();
  return n / options_.batch_size + (n % options_.batch_size != 0);
}

Batches::Iterator Batches::begin() const {
  Tensor order = options_.indices;
  if (options_.shuffle) {
    const std::int64_t n = order.defined() ? order.numel() : tensors_[0].size(0);
    const Tensor drawn = randperm(n, options_.generator ? *options_.generator : default_generator());
    order = order.defined() ? index_select(order, 0, drawn) : drawn;
  }
  return {this, order};
}

Tensors Batches::at(const Tensor& order, std::int64_t number) const {
  const std::int64_t begin = number * options_.batch_size;
  const std::int64_t end = begin + std::min(options_.batch_size, positions() - begin);
  Tensors batch;
  batch.reserve(tensors_.size());
  const Tensor picked = order.defined() ? order.slice(0, begin, end) : Tensor();
  for (const Tensor& x : tensors_)
    batch.push_back(picked.defined() ? index_select(x, 0, picked) : x.slice(0, begin, end));
  return batch;
}

}  // namespace wick
