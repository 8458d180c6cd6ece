#pragma once

#include <string>

#include "wick/autograd/gradient.h"
#include "wick/nn/module.h"

namespace wick::nn {

class Reducer;  // private

}  // namespace wick::nn

namespace WICK_API wick {
namespace nn {

struct DistributedDataParallelOptions {
  std::string group = {};                // of processes; all when empty
  std::int64_t bucket_bytes = 25 << 20;  // gradients of so many bytes travel together
  bool broadcast_buffers = true;         // rank 0's buffers count, in each forward() in training
};

// The same model on several processes, each with its own part of the data:
//
//   nn::DistributedDataParallel model(net);
//   cross_entropy(model(x), y).backward();  // gradients are the mean over all ranks
//   optimizer.step();
//
// Parameters and buffers become those of the group's rank 0 when it is made. While backward() goes on,
// gradients are averaged in buckets, from the last parameter on; at its end every rank has the same ones.
// Every rank has to go backward the same number of times. DistributedError on all ranks, which names them,
// for models that differ and for parameters that some rank, or all, did not use; gradients are then this
// rank's own. A gradient that was there before is averaged with what is added to it.
class DistributedDataParallel : public Module {
 public:
  using Options = DistributedDataParallelOptions;
  explicit DistributedDataParallel(const Ref<Module>& module, const Options& options = {});
  ~DistributedDataParallel() override;
  // Error after Module::to, which gives the module other parameters.
  Tensor forward(const Tensor& x) override { return forward_all({x}); }
  Tensor forward_all(const Tensors& inputs) override;
  const char* kind() const override { return "distributed_data_parallel"; }
  Module& module() const { return *module_; }

  // For a block in which gradients are summed up on this rank alone; the next backward() after it averages
  // the sums.
  class NoSync {
   public:
    // The model is a variable that outlives this, or one that this owns as well.
    explicit NoSync(DistributedDataParallel& model) : model_(&model), before_(model.set_sync(false)) {}
    explicit NoSync(const Ref<DistributedDataParallel>& model) : NoSync(*model) { owner_ = model; }
    ~NoSync() { model_->set_sync(before_); }
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    DistributedDataParallel* model_;
    Ref<DistributedDataParallel> owner_;
    bool before_;
  };
  // Whether backward() averages; what it was before.
  bool set_sync(bool on);

 private:
  void broadcast_buffers() const;

  Ref<Module> module_;
  Options options_;
  Ref<Reducer> reducer_;  // null in a world of one
};

}  // namespace nn
}  // namespace wick
