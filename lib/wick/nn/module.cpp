#include "wick/nn/module.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "wick/autograd/in_place.h"
#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/io/checkpoint.h"

namespace wick::nn {
namespace {

// forward(), state_dict() and the destructor recurse.
constexpr int most_levels = 200;

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// "a, b and 3 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) out += (i ? ", " : "") + names[i];
  if (names.size() > shown) out += " and " + std::to_string(names.size() - shown) + " more";
  return out;
}

}  // namespace

Module::~Module() = default;

Tensor Module::forward(const Tensor&) { fail(kind(), "this module does not compute with one tensor alone"); }

void Module::check_name(std::string_view name) const {
  if (name.empty() || name.find('.') != std::string_view::npos) {
    fail(kind(), "\"{}\" is no name for a member: it must not be empty or have dots", name);
  }
  const auto taken = [&](const auto& list, auto name_of) {
    return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return name_of(entry) == name; });
  };
  if (taken(slots_, [](const Slot& slot) -> const std::string& { return slot.name; }) ||
      taken(children_, [](const auto& entry) -> const std::string& { return entry.first; })) {
    fail(kind(), "there is a member \"{}\" already", name);
  }
}

Tensor Module::forward_all(const Tensors& inputs) {
  if (inputs.size() == 1) return forward(inputs[0]);
  fail(kind(), "does not take {} tensors", inputs.size());
}

Tensor& Module::add_slot(std::string_view name, const Tensor& initial, bool trained) {
  slots_.push_back({std::string(name), initial, trained});
  return slots_.back().tensor;
}

Tensor& Module::parameter(std::string_view name, const Tensor& initial) {
  check_name(name);
  if (!initial.defined()) return add_slot(name, initial, true);
  const Tensor kept = initial.is_leaf() ? initial : initial.detach();
  kept.requires_grad_();  // or an error, before there is a member of that name
  return add_slot(name, kept, true);
}

Tensor& Module::buffer(std::string_view name, const Tensor& initial) {
  check_name(name);
  return add_slot(name, initial, false);
}

Module& Module::add_child(std::string_view name, const Ref<Module>& module) {
  if (!module) fail(kind(), "no module was given for \"{}\"", name);
  check_name(name);
  // The modules below that would stand deeper than they do. One that stands as deep already needs no visit:
  // those below it do so too, and this module, which stands higher, is not among them.
  std::unordered_map<Module*, int> deeper;
  std::vector<std::pair<Module*, int>> pending{{module.get(), depth_ + 1}};
  while (!pending.empty()) {
    const auto [at, depth] = pending.back();
    pending.pop_back();
    if (at == this) fail(kind(), "\"{}\" would be within itself", name);
    int& known = deeper.try_emplace(at, at->depth_).first->second;
    if (known >= depth) continue;
    if (depth >= most_levels) {
      fail(kind(), "with \"{}\" modules would be nested more than {} levels deep", name, most_levels);
    }
    known = depth;
    for (const auto& entry : at->children_) pending.emplace_back(entry.second.get(), depth + 1);
  }
  children_.emplace_back(std::string(name), module);
  for (const auto& [at, depth] : deeper) at->depth_ = depth;
  return *module;
}

// This module and those below it, depth first and in the order of declaration, with their paths. One that
// stands several times is there once, under its first path, or as often as it stands.
std::vector<std::pair<std::string, Module*>> Module::walk(bool repeated) const {
  std::vector<std::pair<std::string, Module*>> out;
  // What is done with the modules is the caller's concern.
  std::vector<std::pair<std::string, Module*>> pending{{"", const_cast<Module*>(this)}};
  std::unordered_set<const Module*> seen;
  while (!pending.empty()) {
    auto [path, module] = std::move(pending.back());
    pending.pop_back();
    if (!repeated && !seen.insert(module).second) continue;
    for (auto it = module->children_.rbegin(); it != module->children_.rend(); ++it) {
      pending.emplace_back(below(path, it->first), it->second.get());
    }
    out.emplace_back(std::move(path), module);
  }
  return out;
}

// Calls f(path, slot) for the defined tensors of the modules of a walk.
template <class F>
void Module::each_slot(bool repeated, F f) const {
  for (const auto& [path, module] : walk(repeated)) {
    for (const bool trained : {true, false}) {
      for (Slot& slot : module->slots_) {
        if (slot.trained == trained && slot.tensor.defined()) f(below(path, slot.name), slot);
      }
    }
  }
}

NamedTensors Module::named(bool trained) const {
  NamedTensors out;
  std::unordered_set<const TensorBody*> seen;
  each_slot(false, [&](std::string path, const Slot& slot) {
    if (slot.trained == trained && seen.insert(slot.tensor.body()).second) {
      out.emplace_back(std::move(path), slot.tensor);
    }
  });
  return out;
}

NamedTensors Module::named_parameters() const { return named(true); }
NamedTensors Module::named_buffers() const { return named(false); }

namespace {

Tensors without_names(NamedTensors named) {
  Tensors out;
  out.reserve(named.size());
  for (auto& entry : named) out.push_back(std::move(entry.second));
  return out;
}

}  // namespace

Tensors Module::parameters() const { return without_names(named(true)); }
Tensors Module::buffers() const { return without_names(named(false)); }

NamedTensors Module::state_dict() const {
  NamedTensors out;
  each_slot(true,
            [&](std::string path, const Slot& slot) { out.emplace_back(std::move(path), slot.tensor); });
  return out;
}

IncompatibleKeys Module::load_state_dict(const NamedTensors& state, bool strict) {
  constexpr const char* operation = "load_state_dict";
  std::unordered_map<std::string_view, const Tensor*> given;
  for (const auto& [name, tensor] : state) {
    if (!tensor.defined()) fail(operation, "\"{}\" is an undefined tensor", name);
    if (!given.emplace(name, &tensor).second) fail(operation, "\"{}\" was given twice", name);
  }
  IncompatibleKeys keys;
  NamedTensors targets;
  for (const auto& [name, own] : state_dict()) {
    const auto found = given.find(name);
    if (found == given.end()) {
      keys.missing.push_back(name);
      continue;
    }
    targets.emplace_back(name, own);
    given.erase(found);
  }
  for (const auto& [name, tensor] : state) {
    if (given.contains(name)) keys.unexpected.push_back(name);
  }
  if (strict && (!keys.missing.empty() || !keys.unexpected.empty())) {
    std::string what;
    if (!keys.missing.empty()) what += "missing in the state dict: " + listed(keys.missing);
    if (!keys.unexpected.empty()) {
      what += (what.empty() ? "" : "; ") + ("not in the module: " + listed(keys.unexpected));
    }
    fail(operation, "{}", what);
  }
  restore(targets, state, {.strict = false, .operation = operation});
  return keys;
}

void Module::train(bool on) {
  each([=](const std::string&, Module& module) { module.training_ = on; });
}

void Module::requires_grad_(bool wanted) {
  for (const Tensor& t : parameters()) t.requires_grad_(wanted);
}

void Module::zero_grad(bool set_to_none) { nn::zero_grad(parameters(), set_to_none); }

void zero_grad(const Tensors& parameters, bool set_to_none) {
  const NoGrad no_grad;
  Tensors gradients;
  for (const Tensor& p : parameters) {
    gradients.push_back(p.grad());
    if (!set_to_none && gradients.back().defined()) check_writable("zero_grad", gradients.back());
  }
  const Uninterrupted whole;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!gradients[i].defined()) continue;
    if (set_to_none) {
      parameters[i].set_grad({});
      continue;
    }
    gradients[i].zero_();
    // Of a gradient that was recorded itself the history ends here.
    if (gradients[i].requires_grad()) parameters[i].set_grad(gradients[i].detach());
  }
}

void Module::to(DType dtype) {
  if (!is_floating(dtype)) fail<DTypeError>("to", "a module's parameters cannot be {}", dtype);
  const NoGrad no_grad;
  // A tensor that stands in several slots stays one.
  std::unordered_map<const TensorBody*, Tensor> converted;
  Tensors before;  // so that no address is used again meanwhile
  each_slot(false, [&](const std::string&, const Slot& slot) {
    const Tensor& t = slot.tensor;
    if (!is_floating(t.dtype()) || t.dtype() == dtype || converted.contains(t.body())) return;
    const Tensor made = t.detach().to(dtype);
    if (t.requires_grad()) made.requires_grad_();
    if (const Tensor gradient = t.grad(); gradient.defined()) made.set_grad(gradient.detach().to(dtype));
    before.push_back(t);
    converted.emplace(t.body(), made);
  });
  each_slot(false, [&](const std::string&, Slot& slot) {
    const auto found = converted.find(slot.tensor.body());
    if (found == converted.end()) return;
    if (GradientState* state = slot.tensor.body()->gradient) state->replaced = true;
    slot.tensor = found->second;
  });
}

void Module::each(const std::function<void(const std::string&, Module&)>& f) {
  for (const auto& [path, module] : walk(false)) f(path, *module);
}

// Tensors in a module's slots for a while.
class SwappedTensors {
 public:
  SwappedTensors(Module& module, const NamedTensors& tensors) {
    std::unordered_map<std::string, Module::Slot*> slots;
    module.each_slot(true, [&](const std::string& path, Module::Slot& slot) { slots.emplace(path, &slot); });
    for (const auto& [name, tensor] : tensors) {
      if (!slots.contains(name)) fail("functional_call", "the module has no tensor \"{}\"", name);
    }
    before_.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
      Module::Slot* slot = slots.at(name);
      before_.emplace_back(slot, std::exchange(slot->tensor, tensor));
    }
  }
  SwappedTensors(const SwappedTensors&) = delete;
  SwappedTensors& operator=(const SwappedTensors&) = delete;
  ~SwappedTensors() {
    // The last one first, for a name may stand twice.
    for (auto it = before_.rbegin(); it != before_.rend(); ++it) it->first->tensor = std::move(it->second);
  }

 private:
  std::vector<std::pair<Module::Slot*, Tensor>> before_;
};

Tensor functional_call(Module& module, const NamedTensors& tensors, const std::function<Tensor()>& call) {
  const SwappedTensors swapped(module, tensors);
  return call();
}

Tensor functional_call(Module& module, const NamedTensors& tensors, const Tensor& x) {
  return functional_call(module, tensors, [&] { return module.forward(x); });
}

}  // namespace wick::nn
