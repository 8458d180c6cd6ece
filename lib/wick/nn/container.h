#pragma once

#include <concepts>
#include <initializer_list>

#include "wick/nn/module.h"

namespace WICK_API wick {
namespace nn {

// A plain function as a module; it has no parameters.
class Function : public Module {
 public:
  using Call = std::function<Tensor(const Tensor&)>;
  explicit Function(Call call);
  Tensor forward(const Tensor& x) override { return call_(x); }
  const char* kind() const override { return "function"; }

 private:
  Call call_;
};

// Modules one after another, named "0", "1", ...; functions stand among them and count as well:
//
//   nn::Sequential net{nn::make<nn::Linear>(64, 128), relu, nn::make<nn::Linear>(128, 10)};
//
// Within braces the modules are made, and their values drawn, from the first to the last. C++ leaves the
// order open within parentheses.
class Sequential : public Module {
 public:
  template <class... Parts>
  explicit Sequential(const Parts&... parts) {
    (push_back(parts), ...);
  }
  Tensor forward(const Tensor& x) override;
  const char* kind() const override { return "sequential"; }

  void push_back(const Ref<Module>& module) { append(module); }
  template <class F>
  requires std::invocable<const F&, const Tensor&>
  void push_back(const F& function) { append(Ref<Module>(new Function(function))); }

  std::int64_t size() const noexcept { return std::ssize(parts_); }
  // IndexError outside of [-size(), size() - 1].
  Module& operator[](std::int64_t index) const;

 private:
  void append(const Ref<Module>& module);

  std::vector<Ref<Module>> parts_;
};

// Modules under names of one's choice, and what is computed with them; without a function an Error.
class ModuleDict : public Module {
 public:
  explicit ModuleDict(const std::vector<std::pair<std::string, Ref<Module>>>& modules,
                      Function::Call call = nullptr);
  Tensor forward(const Tensor& x) override;
  const char* kind() const override { return "module"; }
  // Error for a name that there is not.
  Module& operator[](std::string_view name) const;

 private:
  Function::Call call_;
};

// The dimensions from `start` to `end` in one.
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t start_dim = 1, std::int64_t end_dim = -1) : start(start_dim), end(end_dim) {}
  Tensor forward(const Tensor& x) override;
  const char* kind() const override { return "flatten"; }

  std::int64_t start, end;
};

}  // namespace nn
}  // namespace wick
