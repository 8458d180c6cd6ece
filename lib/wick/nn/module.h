#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wick/core/tensor.h"

// Models. A module is an object with parameters (tensors to be trained), buffers (tensors that belong to its
// state but are not trained) and modules within it. Members register themselves:
//
//   struct Net : nn::Module {
//     nn::Linear& hidden = child<nn::Linear>("hidden", 64, 128);
//     nn::Linear& out = child<nn::Linear>("out", 128, 10);
//     Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
//   };
//
// Names and their order are PyTorch's where the members are named and declared as there: "hidden.weight",
// "hidden.bias", "out.weight", ... So are the random numbers that initial values are made of. A module is
// never copied. It may be a variable; one that several owners share is made with nn::make<Net>().

namespace WICK_API wick {

namespace nn {

// The names that a module and a state dict do not have in common.
struct IncompatibleKeys {
  std::vector<std::string> missing;     // in the state dict
  std::vector<std::string> unexpected;  // in the module
};

class Module : public RefCounted {
 public:
  Module() = default;
  virtual ~Module();

  // What the module computes. An Error for modules that take other arguments than one tensor.
  virtual Tensor forward(const Tensor& x);
  Tensor operator()(const Tensor& x) { return forward(x); }
  // The same of all that the module takes: query, key and value of attention, a decoder's sequence and its
  // memory. An Error for another number of tensors.
  virtual Tensor forward_all(const Tensors& inputs);
  // "linear", "sequential", ...
  virtual const char* kind() const { return "module"; }

  // Parameters and buffers by name: those of this module, then those of the modules within it, in the order
  // of their declaration. Each tensor stands once, under its first name.
  NamedTensors named_parameters() const;
  NamedTensors named_buffers() const;
  Tensors parameters() const;
  Tensors buffers() const;

  // The tensors themselves, not copies, under all their names: of each module its parameters, its buffers,
  // then the modules within it.
  NamedTensors state_dict() const;
  // Puts the values of `state` into this module's tensors, in place, converted to their dtypes. An Error that
  // names them all if a tensor is missing or, with `strict`, one is not among the module's; ShapeError for
  // one of another shape, DTypeError for complex values of a real tensor, and the errors of every change in
  // place for a tensor of the module that cannot be written. Nothing is changed then. Without `strict` what
  // is missing keeps its values. `state` may share memory with the module.
  IncompatibleKeys load_state_dict(const NamedTensors& state, bool strict = true);

  // Dropout and the like behave differently in training, which is how modules begin, and in evaluation.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const noexcept { return training_; }

  void requires_grad_(bool wanted = true);
  // Takes all gradients away, or fills them with zeros; as nn::zero_grad below.
  void zero_grad(bool set_to_none = true);
  // Floating point parameters and buffers, and gradients, become tensors of that dtype; integers stay. A
  // tensor that had another dtype is replaced: an optimizer made before refuses its next step, and hooks that
  // were registered on the old parameter are not on the new one. DTypeError for a dtype that is not floating
  // point.
  void to(DType dtype);

  // Calls f(path, module) for this module, whose path is empty, and each below, once, under its first path in
  // the order of named_parameters().
  void each(const std::function<void(const std::string& path, Module& module)>& f);

  // The modules right within this one.
  std::vector<std::pair<std::string, Ref<Module>>> children() const { return children_; }

  // Ends a module; for Ref.
  static void destroy(Module* module) noexcept { delete module; }

 protected:
  // Registers a parameter or a buffer under a name without dots, and gives the tensor as it is kept. An
  // undefined one is none. Error for a name that is taken.
  Tensor& parameter(std::string_view name, const Tensor& initial);
  Tensor& buffer(std::string_view name, const Tensor& initial);
  // Makes a module within this one.
  template <class M, class... A>
  M& child(std::string_view name, A&&... arguments) {
    M* module = new M(std::forward<A>(arguments)...);
    add_child(name, Ref<Module>(module));
    return *module;
  }
  // Registers one that may have other owners. Error for one that this module is within, and where modules
  // would be nested more than 200 levels deep.
  Module& add_child(std::string_view name, const Ref<Module>& module);

 private:
  friend class SwappedTensors;
  struct Slot {
    std::string name;
    Tensor tensor;
    bool trained;  // a parameter
  };

  Tensor& add_slot(std::string_view name, const Tensor& initial, bool trained);
  void check_name(std::string_view name) const;
  std::vector<std::pair<std::string, Module*>> walk(bool repeated) const;
  template <class F>
  void each_slot(bool repeated, F f) const;
  NamedTensors named(bool trained) const;

  // A deque, for members refer to the tensors in it.
  std::deque<Slot> slots_;
  std::vector<std::pair<std::string, Ref<Module>>> children_;
  bool training_ = true;
  // How many modules this one stands within at most. It does not shrink when one of them ends.
  int depth_ = 0;
};

// A module on the heap, with an owner that can be copied.
template <class M, class... A>
Ref<M> make(A&&... arguments) {
  return Ref<M>(new M(std::forward<A>(arguments)...));
}

// Takes the gradients of the parameters away or, without `set_to_none`, fills those that there are with zeros
// in place and detaches them. Errors of a change in place for one that cannot be written, before the first
// change.
void zero_grad(const Tensors& parameters, bool set_to_none = true);

// What `call` gives while the module computes with the given tensors in place of those of the same names;
// afterwards it has its own again. Gradients reach the tensors given. Error for a name that the module has
// not.
Tensor functional_call(Module& module, const NamedTensors& tensors, const std::function<Tensor()>& call);
Tensor functional_call(Module& module, const NamedTensors& tensors, const Tensor& x);

}  // namespace nn
}  // namespace wick
