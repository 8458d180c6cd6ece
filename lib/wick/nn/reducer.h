#pragma once

// Private: averages the gradients of a model over the ranks of a group while a backward pass is under way.

#include <string>
#include <unordered_map>
#include <vector>

#include "wick/autograd/observer.h"
#include "wick/distributed/distributed.h"
#include "wick/nn/module.h"

namespace wick::nn {

// Gradients are copied into buckets, flat tensors of one dtype, in the reverse order of the parameters, which
// is about the order in which backward gets to them. A bucket is reduced when its last gradient has come, and
// all buckets before it have: so all ranks reduce the same buckets in the same order. Behind the gradients of
// the last bucket stand as many numbers as there are parameters, 1 for each that this rank has used; of their
// means all ranks see whether somebody left one out.
class Reducer final : public autograd::GradientObserver {
 public:
  Reducer(NamedTensors parameters, std::string group, std::int64_t bucket_bytes);
  // Sets itself on the parameters; detach() ends that, and with it the cycle of references.
  void attach();
  void detach() noexcept;

  void complete(const Tensor& leaf, const Tensor& gradient) override;
  void finish(std::span<const Tensor> leaves) override;
  void abandon() noexcept override;

  bool sync = true;
  // Whether the parallel model has computed something whose gradients are to be averaged; not after a
  // failure, so that the module within can be trained alone.
  bool expected = false;
  const NamedTensors& parameters() const { return parameters_; }

 private:
  struct Place {
    std::size_t bucket;
    std::int64_t offset;
    bool ready;
  };
  struct Bucket {
    DType dtype;
    std::int64_t size, members, waiting;
    Tensor flat;
    distributed::WorkPtr work;
  };

  void begin();
  void put(std::size_t parameter, const Tensor& gradient);
  void reduce_ready(bool all);
  void take_means();
  std::string unused(const Tensor& used) const;
  Tensor part(const Tensor& flat, std::size_t parameter) const;

  NamedTensors parameters_;
  std::unordered_map<const TensorBody*, std::size_t> index_;
  std::vector<Place> places_;  // of each parameter
  std::vector<Bucket> buckets_;
  std::string group_;
  std::size_t reduced_ = 0;  // buckets that are on their way
  bool active_ = false;      // within a pass
};

}  // namespace wick::nn
