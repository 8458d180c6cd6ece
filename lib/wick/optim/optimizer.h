#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wick/nn/module.h"

// Optimizers: what changes parameters by their gradients.
//
//   optim::Adam adam(net.parameters(), {.lr = 1e-3});
//   for (...) {
//     adam.zero_grad();
//     cross_entropy(net(x), y).backward();
//     adam.step();
//   }
//
// An optimizer is never copied. It may be a variable; one with several owners is made with nn::make.

namespace WICK_API wick {
namespace optim {

// Computes the loss anew: clears the gradients, calls backward() and returns the loss.
using Closure = std::function<Tensor()>;

// Parameters that share their options, as they are given.
template <class Options>
struct Group {
  Tensors parameters;
  Options options;
};

class StateReader;

// What an optimizer remembers of one parameter.
struct ParameterState {
  std::int64_t step = 0;  // updates so far
  double product = 1;     // of NAdam's momenta
  std::vector<Tensor> tensors;
};

class Optimizer : public RefCounted {
 public:
  virtual ~Optimizer();

  // One update of every parameter that has a gradient; the others stay as they are, without decay. Values
  // change in place. GradientError, before anything changes, for a parameter that Module::to has replaced by
  // another one; ShapeError for one whose elements share memory.
  virtual void step();
  // Calls the closure, while gradients are recorded, then does the same, and returns the loss. L-BFGS calls
  // it as often as it has to and returns the first loss.
  virtual Tensor step(const Closure& closure);

  // Takes the gradients of all parameters away, or fills those that there are with zeros; as nn::zero_grad.
  void zero_grad(bool set_to_none = true);

  // "adam"; state of one kind does not fit another.
  const char* kind() const noexcept { return kind_; }

  // Another number for each optimizer that the process makes; an address is used again.
  std::uint64_t id() const noexcept { return id_; }

  // Groups are counted from 0; IndexError for one that there is not.
  std::int64_t group_count() const noexcept { return std::ssize(groups_); }
  const Tensors& parameters(std::int64_t group) const;
  Tensors parameters() const;  // of all groups
  double lr(std::int64_t group = 0) const;
  void set_lr(double rate);  // of all groups
  void set_lr(std::int64_t group, double rate);
  // The rate that schedulers start from: what lr() was when the first of them was made.
  double initial_lr(std::int64_t group) const;
  void keep_initial_lr();
  void set_initial_lr(std::int64_t group, double rate);

  // What is remembered, copied, under PyTorch's names: "state.0.exp_avg" belongs to the first parameter. Step
  // counts are 0-d float32 tensors.
  NamedTensors state_dict() const;
  // Puts it back. Learning rates and other options stay as they are. Error for names that do not belong
  // here, and ShapeError for tensors that do not fit; nothing is changed then.
  void load_state_dict(const NamedTensors& state);

  static void destroy(Optimizer* optimizer) noexcept { delete optimizer; }

 protected:
  struct ParameterGroup {
    Tensors parameters;
    double lr;
    double initial_lr = -1;  // none yet
  };

  // GradientError for a parameter that is the result of an operation, and Error for one that stands twice;
  // DTypeError unless they are floating point. Error for a rate that is negative or not finite.
  Optimizer(const char* kind, std::vector<ParameterGroup> groups);

  // A parameter that has a gradient.
  struct Item {
    std::size_t group, index;  // among all parameters
    Tensor parameter, gradient;
  };
  virtual void update(const std::vector<Item>& items) = 0;
  std::vector<Item> with_gradient() const;
  // Those that are to be changed.
  static void begin_change(const std::vector<Item>& items);

  // The names of the tensors remembered of a parameter in group g, and what is beside them.
  virtual std::vector<std::string> state_names(std::size_t group) const = 0;
  virtual bool counts_steps() const { return true; }
  virtual bool has_product() const { return false; }
  // The shape of such a tensor; a ShapeError when loading another.
  virtual Shape state_shape(std::size_t group, const Tensor& parameter, std::size_t which) const;
  // Its dtype, to which others are converted when loading.
  virtual DType state_dtype(const Tensor& parameter) const;
  // What PyTorch remembers of a parameter as well, and this optimizer computes: taken when loading, and
  // dropped.
  virtual std::vector<std::string> computed_names() const { return {}; }
  // What is remembered of all parameters together, and how to put it back: all of it, under names that begin
  // with "state.0.", or an Error, also for what is left then.
  virtual NamedTensors own_state() const { return {}; }
  virtual void load_own_state(StateReader& state);

  const ParameterGroup& group_at(std::int64_t group) const;

  std::vector<ParameterGroup> groups_;
  std::vector<ParameterState> states_;  // of all parameters, in order

 private:
  const Tensor& parameter_at(std::size_t index, std::size_t& group) const;

  const char* kind_;
  const std::uint64_t id_;
};

// An optimizer whose groups have options of that type, with a member lr.
template <class Options>
class OptimizerOf : public Optimizer {
 public:
  // The options of a group, but for the learning rate, which is lr().
  const Options& options(std::int64_t group = 0) const {
    this->group_at(group);
    return options_[static_cast<std::size_t>(group)];
  }

 protected:
  OptimizerOf(const char* kind, const std::vector<Group<Options>>& groups)
      : Optimizer(kind, without_options(groups)) {
    for (const Group<Options>& group : groups) options_.push_back(group.options);
  }
  std::vector<Options> options_;

 private:
  static std::vector<ParameterGroup> without_options(const std::vector<Group<Options>>& groups) {
    std::vector<ParameterGroup> out;
    for (const Group<Options>& group : groups) out.push_back({group.parameters, group.options.lr});
    return out;
  }
};

}  // namespace optim
}  // namespace wick
