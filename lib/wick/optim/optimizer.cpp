#include "wick/optim/optimizer.h"

#include <atomic>
#include <unordered_set>

#include "wick/autograd/gradient.h"
#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/ops/creation.h"
#include "wick/optim/check_options.h"
#include "wick/optim/state_reader.h"

namespace wick::optim {
namespace {

void check_rate(const char* kind, double rate) { check_not_negative(kind, "a learning rate", rate); }

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string entry(std::size_t index, const std::string& name) {
  return "state." + std::to_string(index) + "." + name;
}

}  // namespace

Optimizer::Optimizer(const char* kind, std::vector<ParameterGroup> groups)
    : groups_(std::move(groups)), kind_(kind), id_(next_id()) {
  std::unordered_set<const TensorBody*> seen;
  for (const ParameterGroup& group : groups_) {
    check_rate(kind, group.lr);
    for (const Tensor& p : group.parameters) {
      if (!p.defined()) fail(kind, "a parameter is undefined");
      if (!p.is_leaf()) {
        fail<GradientError>(
            kind, "cannot optimize a non-leaf tensor: a parameter of shape {} is the result of an operation",
            p.sizes());
      }
      if (!is_floating(p.dtype()))
        fail<DTypeError>(kind, "a parameter must be floating point, not {}", p.dtype());
      if (!seen.insert(p.body()).second) fail(kind, "a parameter of shape {} was given twice", p.sizes());
    }
  }
  states_.resize(seen.size());
  if (seen.empty()) fail(kind, "there are no parameters");
}

Optimizer::~Optimizer() = default;

std::vector<Optimizer::Item> Optimizer::with_gradient() const {
  std::vector<Item> items;
  std::size_t index = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (const Tensor& p : groups_[g].parameters) {
      const GradientState* state = p.body()->gradient;
      if (state && state->replaced) {
        fail<GradientError>(
            kind_,
            "the optimizer was made before Module::to, which has replaced its parameters: make it anew");
      }
      Tensor gradient = p.grad();
      if (gradient.defined()) items.push_back({g, index, p, std::move(gradient)});
      ++index;
    }
  }
  return items;
}

void Optimizer::begin_change(const std::vector<Item>& items) {
  // An error comes before the first change.
  for (const Item& item : items) begin_in_place("optimizer", item.parameter);
}

void Optimizer::step() {
  const NoGrad no_grad;
  const std::vector<Item> items = with_gradient();
  if (items.empty()) return;
  begin_change(items);
  const Uninterrupted whole;
  update(items);
}

Tensor Optimizer::step(const Closure& closure) {
  const Tensor loss = [&] {
    const EnableGrad enable;
    return closure();
  }();
  step();
  return loss;
}

void Optimizer::zero_grad(bool set_to_none) { nn::zero_grad(parameters(), set_to_none); }

const Optimizer::ParameterGroup& Optimizer::group_at(std::int64_t group) const {
  if (group < 0 || group >= group_count()) {
    fail<IndexError>(kind_, "there is no group {} among {}", group, group_count());
  }
  return groups_[static_cast<std::size_t>(group)];
}

const Tensors& Optimizer::parameters(std::int64_t group) const { return group_at(group).parameters; }

Tensors Optimizer::parameters() const {
  Tensors out;
  for (const ParameterGroup& group : groups_) {
    out.insert(out.end(), group.parameters.begin(), group.parameters.end());
  }
  return out;
}

double Optimizer::lr(std::int64_t group) const { return group_at(group).lr; }

void Optimizer::set_lr(double rate) {
  check_rate(kind_, rate);
  for (ParameterGroup& group : groups_) group.lr = rate;
}

void Optimizer::set_lr(std::int64_t group, double rate) {
  group_at(group);
  check_rate(kind_, rate);
  groups_[static_cast<std::size_t>(group)].lr = rate;
}

double Optimizer::initial_lr(std::int64_t group) const {
  const ParameterGroup& found = group_at(group);
  return found.initial_lr < 0 ? found.lr : found.initial_lr;
}

void Optimizer::keep_initial_lr() {
  for (ParameterGroup& group : groups_) {
    if (group.initial_lr < 0) group.initial_lr = group.lr;
  }
}

void Optimizer::set_initial_lr(std::int64_t group, double rate) {
  group_at(group);
  check_rate(kind_, rate);
  groups_[static_cast<std::size_t>(group)].initial_lr = rate;
}

// --- State

Shape Optimizer::state_shape(std::size_t, const Tensor& parameter, std::size_t) const {
  return parameter.sizes();
}

DType Optimizer::state_dtype(const Tensor& parameter) const { return parameter.dtype(); }

const Tensor& Optimizer::parameter_at(std::size_t index, std::size_t& group) const {
  for (group = 0; index >= groups_[group].parameters.size(); ++group) {
    index -= groups_[group].parameters.size();
  }
  return groups_[group].parameters[index];
}

NamedTensors Optimizer::state_dict() const {
  NamedTensors out;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const ParameterState& state = states_[i];
    if (state.tensors.empty() && state.step == 0) continue;
    std::size_t group = 0;
    parameter_at(i, group);
    if (counts_steps()) out.emplace_back(entry(i, "step"), scalar_tensor(state.step, float32));
    if (has_product()) out.emplace_back(entry(i, "mu_product"), scalar_tensor(state.product, float64));
    const std::vector<std::string> names = state_names(group);
    for (std::size_t k = 0; k < state.tensors.size(); ++k) {
      if (state.tensors[k].defined()) out.emplace_back(entry(i, names[k]), state.tensors[k].clone());
    }
  }
  for (const auto& [name, tensor] : own_state()) out.emplace_back("state.0." + name, tensor.clone());
  return out;
}

void Optimizer::load_own_state(StateReader& state) { state.refuse_rest(); }

void Optimizer::load_state_dict(const NamedTensors& given) {
  const NoGrad no_grad;
  StateReader reader(given, kind_);
  std::vector<ParameterState> fresh(states_.size());
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    std::size_t group = 0;
    const Tensor& p = parameter_at(i, group);
    const std::vector<std::string> names = state_names(group);
    ParameterState state;
    bool any = false;
    state.tensors.resize(names.size());
    for (std::size_t k = 0; k < names.size(); ++k) {
      const Tensor value = reader.take(entry(i, names[k]));
      if (!value.defined()) continue;
      any = true;
      const Shape wanted = state_shape(group, p, k);
      if (value.sizes() != wanted) {
        fail<ShapeError>("load_state_dict", "\"{}\" needs shape {}, not {}", entry(i, names[k]), wanted,
                         value.sizes());
      }
      state.tensors[k] = value.detach().to(state_dtype(p)).clone().contiguous();
    }
    if (counts_steps()) {
      state.step = reader.count(entry(i, "step"), 0);
      any = any || state.step > 0;
    } else if (any) {
      state.step = 1;
    }
    if (has_product()) state.product = reader.number(entry(i, "mu_product"), 1);
    for (const std::string& name : computed_names()) reader.take(entry(i, name));
    if (any) fresh[i] = std::move(state);
  }
  load_own_state(reader);
  states_ = std::move(fresh);
}

}  // namespace wick::optim
