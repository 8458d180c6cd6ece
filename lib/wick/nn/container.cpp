#include "wick/nn/container.h"

#include "wick/core/fail.h"
#include "wick/ops/views.h"

namespace wick::nn {

Function::Function(Call call) : call_(std::move(call)) {
  if (!call_) fail("function", "no function was given");
}

void Sequential::append(const Ref<Module>& module) {
  add_child(std::to_string(parts_.size()), module);
  parts_.push_back(module);
}

Module& Sequential::operator[](std::int64_t index) const {
  const std::int64_t at = index < 0 ? index + size() : index;
  if (at < 0 || at >= size()) {
    fail<IndexError>("sequential", "there is no module {} among {}", index, size());
  }
  return *parts_[static_cast<std::size_t>(at)];
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  // By position: a part may add others.
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Ref<Module> part = parts_[i];
    y = part->forward(y);
  }
  return y;
}

ModuleDict::ModuleDict(const std::vector<std::pair<std::string, Ref<Module>>>& modules, Function::Call call)
    : call_(std::move(call)) {
  for (const auto& [name, module] : modules) add_child(name, module);
}

Tensor ModuleDict::forward(const Tensor& x) {
  if (!call_) fail(kind(), "no function was given that says what these modules compute");
  return call_(x);
}

Module& ModuleDict::operator[](std::string_view name) const {
  for (const auto& [own, module] : children()) {
    if (own == name) return *module;
  }
  fail("module", "there is no \"{}\"", name);
}

Tensor Flatten::forward(const Tensor& x) { return flatten(x, start, end); }

}  // namespace wick::nn
