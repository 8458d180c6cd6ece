#include "wick/autograd/node.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "wick/core/fail.h"
#include "wick/ops/reduction.h"

namespace wick {

namespace {

thread_local bool recording = true;
std::atomic<std::uint64_t> next_sequence{0};

GradientState& state_of(const Tensor& tensor) {
  TensorBody& body = *tensor.body();
  if (!body.gradient) body.gradient = new GradientState;
  return *body.gradient;
}

}  // namespace

std::mutex& autograd::gradient_mutex(const Tensor& leaf) {
  static std::mutex mutexes[64];
  return mutexes[reinterpret_cast<std::uintptr_t>(leaf.body()) / 64 % 64];
}

bool grad_enabled() noexcept { return recording; }
void set_grad_enabled(bool enabled) noexcept { recording = enabled; }

Node::Node(const char* node_name)
    : name(node_name), sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

void Node::destroy(Node* node) noexcept {
  thread_local std::vector<Node*>* ending = nullptr;
  if (ending) {
    ending->push_back(node);
    return;
  }
  std::vector<Node*> queue;
  ending = &queue;
  delete node;
  while (!queue.empty()) {
    Node* next = queue.back();
    queue.pop_back();
    delete next;
  }
  ending = nullptr;
}

namespace autograd {

bool wanted(Inputs inputs) {
  for (const Tensor& t : inputs) {
    if (t.requires_grad()) return recording;
  }
  return false;
}

bool wanted(const Tensors& inputs) {
  for (const Tensor& t : inputs) {
    if (t.defined() && t.requires_grad()) return recording;
  }
  return false;
}

Edge edge_to(const Tensor& input) {
  Edge edge;
  if (!input.defined() || !input.requires_grad()) return edge;
  const GradientState& state = *input.body()->gradient;
  if (state.node) {
    edge.node = state.node;
    edge.output = state.output;
  } else {
    edge.leaf = Ref<TensorBody>(input.body());
  }
  edge.shape = input.sizes();
  edge.dtype = input.dtype();
  return edge;
}

void attach(const Tensor& out, const Ref<Node>& node, int output) {
  GradientState& state = state_of(out);
  if (state.retained && node) node->retained.emplace_back(output, state.retained);
  // What it had before ends last: memory whose release calls the user's code may hang on it.
  const Ref<Node> before = std::exchange(state.node, node);
  state.output = output;
}

SavedTensor::SavedTensor(const Tensor& tensor, Results results) {
  if (!tensor.defined()) return;
  version_ = tensor.storage()->version();
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].is_same(tensor)) continue;
    output_ = static_cast<int>(i);
    tensor_ = tensor.detach();
    return;
  }
  if (!tensor.requires_grad()) {
    tensor_ = tensor.detach();
  } else if (tensor.is_leaf()) {
    tensor_ = tensor;
  } else {
    // With the history that it has now. The tensor itself may become the result of a later operation in
    // place, which would then be kept by what it keeps.
    tensor_ = tensor.detach();
    attach(tensor_, tensor.body()->gradient->node, tensor.body()->gradient->output);
  }
}

Tensor SavedTensor::get(Node& node) const {
  if (!tensor_.defined()) return tensor_;
  if (tensor_.storage()->version() != version_) {
    fail<GradientError>(node.name,
                        "a tensor that the gradient needs was changed in place after it had been used");
  }
  if (output_ < 0) return tensor_;
  Tensor out = tensor_.detach();
  attach(out, Ref<Node>(&node), output_);
  return out;
}

SavedTensors::SavedTensors(const Tensors& tensors, Results results) {
  saved_.reserve(tensors.size());
  for (const Tensor& t : tensors) saved_.emplace_back(t, results);
}

Tensors SavedTensors::get(Node& node) const {
  Tensors out;
  out.reserve(saved_.size());
  for (const SavedTensor& saved : saved_) out.push_back(saved.get(node));
  return out;
}

namespace {

template <class List>
void connect_to(Node* node, const List& inputs, Results results) {
  const Ref<Node> owner(node);
  node->inputs.reserve(inputs.size());
  for (const Tensor& t : inputs) node->inputs.push_back(edge_to(t));
  node->outputs = static_cast<int>(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (is_differentiable(results[i].dtype())) attach(results[i], owner, static_cast<int>(i));
  }
}

}  // namespace

void connect(Node* node, Inputs inputs, Results results) { connect_to(node, inputs, results); }
void connect(Node* node, const Tensors& inputs, Results results) { connect_to(node, inputs, results); }

}  // namespace autograd

Tensor sum_to(const Tensor& tensor, const Shape& shape) {
  if (tensor.sizes() == shape) return tensor;
  const int added = tensor.dim() - shape.size();
  Dims dims;
  for (int i = 0; i < tensor.dim(); ++i) {
    if (i < added || (shape[i - added] == 1 && tensor.sizes()[i] != 1)) dims.push_back(i);
  }
  return sum(tensor, dims, true).reshape(shape);
}

bool Tensor::tracks_gradient() const {
  autograd::renew_history(*this);
  return body_->gradient && (body_->gradient->leaf_wanted || body_->gradient->node);
}

bool Tensor::is_leaf() const { return !requires_grad() || !body_->gradient->node; }

const Tensor& Tensor::requires_grad_(bool wanted) const {
  if (!is_leaf()) {
    fail<GradientError>("requires_grad_",
                        "requires_grad can be set on leaf tensors only, not on the result of {}",
                        body_->gradient->node->name);
  }
  if (wanted && !is_differentiable(dtype())) {
    fail<DTypeError>("requires_grad_",
                     "only tensors of floating point and complex dtype can require gradients, not {}",
                     dtype());
  }
  if (wanted || body_->gradient) state_of(*this).leaf_wanted = wanted;
  // A leaf has no history, not even that of what it is a view of.
  if (wanted) body_->base = {};
  return *this;
}

Tensor autograd::apply_hooks(const TensorHooks& hooks, int output, Tensor gradient) {
  // A hook may give others, which are for later passes.
  const TensorHooks now = hooks;
  for (const TensorHook& hook : now) {
    if (hook.output != output || hook.state->removed) continue;
    const Tensor replaced = hook.call(gradient);
    if (!replaced.defined()) continue;
    if (replaced.sizes() != gradient.sizes()) {
      fail<ShapeError>("register_hook", "the hook gave a gradient of shape {} for one of shape {}",
                       replaced.sizes(), gradient.sizes());
    }
    check_same_dtype("register_hook", replaced.dtype(), gradient.dtype());
    gradient = replaced;
  }
  return gradient;
}

namespace autograd {
namespace {

std::atomic<std::int64_t> observed_leaves{0};

}  // namespace

void observe(const Tensor& leaf, const Ref<GradientObserver>& observer) {
  GradientState& state = state_of(leaf);
  if (state.observer && observer) fail("observe", "the tensor's gradient is observed already");
  observed_leaves += (observer ? 1 : 0) - (state.observer ? 1 : 0);
  state.observer = observer;
}

bool observed() noexcept { return observed_leaves > 0; }

}  // namespace autograd

void Tensor::retain_grad() const {
  if (!requires_grad()) fail<GradientError>("retain_grad", "the tensor does not require a gradient");
  GradientState& state = *body_->gradient;
  if (!state.node || state.retained) return;
  state.retained = Ref<Retained>(new Retained);
  state.node->retained.emplace_back(state.output, state.retained);
}

std::uint64_t Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) const {
  if (!requires_grad()) fail<GradientError>("register_hook", "the tensor does not require a gradient");
  static std::atomic<std::uint64_t> next{1};
  const std::uint64_t id = next.fetch_add(1, std::memory_order_relaxed);
  GradientState& state = *body_->gradient;
  const Ref<TensorHook::State> shared(new TensorHook::State);
  (state.node ? state.node->hooks : state.hooks).push_back({shared, state.output, std::move(hook)});
  state.given_hooks.emplace_back(id, shared);
  return id;
}

void Tensor::remove_hook(std::uint64_t hook) const {
  if (!get().gradient) return;
  GradientState& state = *body_->gradient;
  for (const auto& [id, shared] : state.given_hooks) {
    if (id == hook) shared->removed = true;
  }
  const auto removed = [](const auto& given) { return given.state->removed.load(); };
  std::erase_if(state.given_hooks, [&](const auto& given) { return given.first == hook; });
  std::erase_if(state.hooks, removed);
  if (state.node) std::erase_if(state.node->hooks, removed);
}

Tensor Tensor::grad() const {
  if (!get().gradient) return {};
  if (const Ref<Retained>& retained = body_->gradient->retained) {
    const std::lock_guard lock(retained->mutex);
    return retained->grad;
  }
  const std::lock_guard lock(autograd::gradient_mutex(*this));
  return body_->gradient->grad;
}

void Tensor::set_grad(const Tensor& gradient) const {
  if (!gradient.defined()) {
    if (!get().gradient) return;
  } else if (gradient.sizes() != sizes()) {
    fail<ShapeError>("set_grad", "the gradient of a tensor of shape {} cannot have shape {}", sizes(),
                     gradient.sizes());
  } else if (gradient.dtype() != dtype()) {
    fail<DTypeError>("set_grad", "the gradient of a {} tensor cannot be {}", dtype(), gradient.dtype());
  }
  GradientState& state = state_of(*this);
  Tensor before;  // ends outside of the lock
  if (state.retained) {
    const std::lock_guard lock(state.retained->mutex);
    before = std::exchange(state.retained->grad, gradient);
  } else {
    const std::lock_guard lock(autograd::gradient_mutex(*this));
    before = std::exchange(state.grad, gradient);
  }
}

void Tensor::backward(bool retain_graph, bool create_graph) const {
  wick::backward({*this}, {}, retain_graph, create_graph);
}

}  // namespace wick
