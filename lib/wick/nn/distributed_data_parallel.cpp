#include "wick/nn/distributed_data_parallel.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/nn/reducer.h"
#include "wick/ops/creation.h"

namespace wick::nn {
namespace {

constexpr const char* operation = "distributed_data_parallel";

// Names, dtypes and shapes of a model, and which tensors are trained, as bytes.
Tensor description(const NamedTensors& tensors) {
  std::string text;
  for (const auto& [name, tensor] : tensors) {
    text += name + " " + std::string(dtypes::name(tensor.dtype())) + to_string(tensor.sizes());
    text += tensor.requires_grad() ? " trained\n" : "\n";
  }
  const Tensor bytes = zeros({std::ssize(text)}, uint8);
  std::copy(text.begin(), text.end(), bytes.data<std::uint8_t>());
  return bytes;
}

std::string text_of(const Tensor& bytes) {
  const auto* begin = bytes.data<std::uint8_t>();
  return {begin, begin + bytes.numel()};
}

// The first line of the one that the other has not.
std::string difference(const std::string& own, const std::string& other) {
  const auto at = std::mismatch(own.begin(), own.end(), other.begin(), other.end());
  const auto line = [](const std::string& text, std::size_t position) {
    if (position >= text.size()) return std::string("nothing");
    const std::size_t start = position == 0 ? std::string::npos : text.rfind('\n', position - 1);
    const std::size_t begin = start == std::string::npos ? 0 : start + 1;
    return text.substr(begin, text.find('\n', position) - begin);
  };
  const auto position = static_cast<std::size_t>(at.first - own.begin());
  return line(own, position) + " here, " + line(other, position) + " on rank 0";
}

// DistributedError on every rank unless all models are alike.
void check_alike(const NamedTensors& state, const distributed::Context& context) {
  const Tensor own = description(state);
  const Tensor length = tensor({own.numel()});
  const Tensor wanted_length = distributed::broadcast(length, 0, context);
  const std::int64_t size = wanted_length[0].item<std::int64_t>();
  Tensor bytes = zeros({size}, uint8);
  if (own.numel() == size) bytes = own;
  const Tensor wanted = distributed::broadcast(bytes, 0, context);
  const std::string here = text_of(own), there = text_of(wanted);
  const Tensor differs = tensor({std::int64_t{here != there}});
  const Tensor any = distributed::all_reduce(differs, distributed::Reduction::Max, context);
  if (any[0].item<std::int64_t>() == 0) return;
  fail<DistributedError>(
      operation, "the models of the ranks differ: {}",
      here == there ? std::string("another rank's is not that of rank 0") : difference(here, there));
}

NamedTensors trained(const Module& module) {
  NamedTensors parameters = module.named_parameters();
  std::erase_if(parameters, [](const auto& named) { return !named.second.requires_grad(); });
  return parameters;
}

void broadcast_into(const Tensor& tensor, const distributed::Context& context) {
  tensor.copy_(distributed::broadcast(tensor.detach(), 0, context));
}

}  // namespace

DistributedDataParallel::DistributedDataParallel(const Ref<Module>& module, const Options& options)
    : options_(options) {
  if (!module) fail(operation, "no module was given");
  if (options_.bucket_bytes < 1)
    fail(operation, "bucket_bytes must be 1 or greater, {} was given", options_.bucket_bytes);
  add_child("module", module);
  module_ = module;
  if (!distributed::initialized()) distributed::init();  // whose timeout stays
  const distributed::Context context{options_.group, std::nullopt};
  const NamedTensors parameters = trained(*module);
  if (parameters.empty()) fail(operation, "the module has no parameters that require gradients");
  if (distributed::world_size() == 1) return;
  const NoGrad no_grad;
  const NamedTensors state = module->state_dict();
  check_alike(state, context);
  for (const auto& [name, tensor] : state) broadcast_into(tensor, context);
  reducer_ = Ref<Reducer>(new Reducer(parameters, options_.group, options_.bucket_bytes));
  reducer_->attach();
}

DistributedDataParallel::~DistributedDataParallel() {
  if (reducer_) reducer_->detach();
}

void DistributedDataParallel::broadcast_buffers() const {
  const NoGrad no_grad;
  for (const Tensor& buffer : module_->buffers()) broadcast_into(buffer, {options_.group, std::nullopt});
}

Tensor DistributedDataParallel::forward_all(const Tensors& inputs) {
  if (!reducer_) return module_->forward_all(inputs);
  for (const auto& [name, parameter] : reducer_->parameters()) {
    if (parameter.body()->gradient && parameter.body()->gradient->replaced)
      fail(operation, "{} has been replaced since, by Module::to", name);
  }
  if (grad_enabled()) reducer_->expected = reducer_->sync;
  if (options_.broadcast_buffers && is_training() && grad_enabled() && reducer_->sync) broadcast_buffers();
  return module_->forward_all(inputs);
}

bool DistributedDataParallel::set_sync(bool on) {
  return reducer_ ? std::exchange(reducer_->sync, on) : true;
}

}  // namespace wick::nn
