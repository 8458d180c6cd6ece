#include "wick/nn/reducer.h"

#include <algorithm>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"

namespace wick::nn {

Reducer::Reducer(NamedTensors parameters, std::string group, std::int64_t bucket_bytes)
    : parameters_(std::move(parameters)), places_(parameters_.size()), group_(std::move(group)) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) index_[parameters_[i].second.body()] = i;
  for (std::size_t i = parameters_.size(); i-- > 0;) {
    const Tensor& p = parameters_[i].second;
    const bool fits = !buckets_.empty() && buckets_.back().dtype == p.dtype() &&
                      (buckets_.back().size + p.numel()) * size_of(p.dtype()) <= bucket_bytes;
    if (!fits) buckets_.push_back({p.dtype(), 0, 0, 0, {}, nullptr});
    Bucket& bucket = buckets_.back();
    places_[i] = {buckets_.size() - 1, bucket.size, false};
    bucket.size += p.numel();
    ++bucket.members;
  }
}

void Reducer::attach() {
  const Ref<GradientObserver> self(this);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    try {
      autograd::observe(parameters_[i].second, self);
    } catch (...) {
      while (i-- > 0) autograd::observe(parameters_[i].second, {});
      throw;
    }
  }
}

void Reducer::detach() noexcept {
  for (const auto& [name, parameter] : parameters_) autograd::observe(parameter, {});
}

void Reducer::begin() {
  if (active_) return;
  for (Bucket& bucket : buckets_) {
    const bool last = &bucket == &buckets_.back();
    const std::int64_t flags = last ? std::ssize(parameters_) : 0;
    bucket.flat = zeros({bucket.size + flags}, bucket.dtype);
    bucket.waiting = bucket.members;
    bucket.work = nullptr;
  }
  for (Place& place : places_) place.ready = false;
  reduced_ = 0;
  active_ = true;
}

Tensor Reducer::part(const Tensor& flat, std::size_t parameter) const {
  const Tensor& p = parameters_[parameter].second;
  const std::int64_t begin = places_[parameter].offset;
  return flat.slice(0, begin, begin + p.numel()).reshape(p.sizes());
}

void Reducer::put(std::size_t parameter, const Tensor& gradient) {
  Place& place = places_[parameter];
  Bucket& bucket = buckets_[place.bucket];
  Bucket& last = buckets_.back();
  part(bucket.flat, parameter).copy_(gradient);
  const std::int64_t flag = last.size + static_cast<std::int64_t>(parameter);
  last.flat.slice(0, flag, flag + 1).fill_(1);
  place.ready = true;
  --bucket.waiting;
}

void Reducer::reduce_ready(bool all) {
  for (; reduced_ < buckets_.size() && (all || buckets_[reduced_].waiting == 0); ++reduced_) {
    Bucket& bucket = buckets_[reduced_];
    bucket.work =
        distributed::all_reduce_async(bucket.flat, distributed::Reduction::Mean, {group_, std::nullopt});
  }
  // What is under way moves on while somebody asks.
  for (std::size_t i = 0; i < reduced_; ++i) buckets_[i].work->advance();
}

void Reducer::complete(const Tensor& leaf, const Tensor& gradient) {
  if (!sync || !expected) return;
  const NoGrad no_grad;
  begin();
  const Tensor before = leaf.grad();
  put(index_.at(leaf.body()), before.defined() ? add(before, gradient) : gradient);
  reduce_ready(false);
}

void Reducer::finish(std::span<const Tensor> leaves) {
  if (!sync || !expected) return;
  const NoGrad no_grad;
  begin();
  for (const Tensor& leaf : leaves) {
    const auto it = index_.find(leaf.body());
    if (it != index_.end() && !places_[it->second].ready) put(it->second, leaf.grad());
  }
  reduce_ready(true);
  take_means();
}

std::string Reducer::unused(const Tensor& used) const {
  std::string names;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const double share = used[static_cast<std::int64_t>(i)].item<double>();
    if (share == 1) continue;
    names += (names.empty() ? "" : ", ") + parameters_[i].first + (share == 0 ? "" : " (on some ranks)");
  }
  return names;
}

void Reducer::take_means() {
  Tensors means;
  for (const Bucket& bucket : buckets_) means.push_back(distributed::wait(bucket.work));
  active_ = false;
  for (Bucket& bucket : buckets_) {
    bucket.flat = {};
    bucket.work = nullptr;
  }
  const std::int64_t size = buckets_.back().size;
  const std::string names = unused(means.back().slice(0, size, size + std::ssize(parameters_)));
  if (!names.empty()) {
    fail<DistributedError>("distributed_data_parallel", "parameters without a gradient: {}", names);
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i].second;
    p.grad().copy_(part(means[places_[i].bucket], i));
  }
}

void Reducer::abandon() noexcept {
  active_ = false;
  expected = false;
  for (Bucket& bucket : buckets_) {
    bucket.flat = {};
    bucket.work = nullptr;
  }
}

}  // namespace wick::nn
