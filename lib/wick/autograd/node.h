#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/autograd/observer.h"

// How operations record themselves. An operation computes its result without thinking of gradients and hands
// it to record() with its inputs, what the backward pass needs, and its vector-Jacobian product: a function
// from the gradient of the result to those of the inputs, written with the library's own operations, so that
// it can be differentiated again.
//
//   record("flip", out, {x}, saving(dims), [](const Tensor& g, const Dims& dims) { return flip(g, dims); });
//
// The formula is a lambda without captures. All that it needs goes through saving(), which keeps tensors,
// also indices and masks, so that a change in place between the two passes is an error and not a wrong
// gradient. A result is saved like any other tensor: saving(out) makes no cycle. Nothing is kept, and no node
// is made, when no gradient is wanted.
//
// Where each input's gradient needs other tensors, each has a formula of its own, and what belongs to an
// input that wants no gradient is neither kept nor computed:
//
//   record("mul", out, wrt(a, saving(b), [](const Tensor& g, const Tensor& b) { return mul(g, conj(b)); }),
//          wrt(b, saving(a), [](const Tensor& g, const Tensor& a) { return mul(g, conj(a)); }));

namespace wick {

class Node;

// Where the gradient of an input goes: to the node that made it, or into the leaf itself; to neither when no
// gradient is wanted. The engine brings gradients to the input's shape (summing over what was broadcast) and
// dtype, so that formulas need not.
struct Edge {
  Ref<Node> node;
  Ref<TensorBody> leaf;
  int output = 0;  // which result of `node` the input was
  Shape shape;
  DType dtype = float32;

  bool wanted() const { return node || leaf; }
};

// A function that sees a gradient before it is used, see Tensor::register_hook. Of a node: that of a result.
struct TensorHook {
  struct State : RefCounted {
    std::atomic<bool> removed{false};
  };
  Ref<State> state;
  int output;
  std::function<Tensor(const Tensor&)> call;
};
// In the order in which they were given.
using TensorHooks = std::vector<TensorHook>;

// Where the gradient of a result is added up, see Tensor::retain_grad: shared by the tensor and its node.
struct Retained : RefCounted {
  std::mutex mutex;
  Tensor grad;
};

struct GradientState {
  bool leaf_wanted = false;  // requires_grad of a leaf
  bool replaced = false;     // a parameter whose module has another tensor now, see nn::Module::to
  Ref<Node> node;            // what made the tensor; null for a leaf
  int output = 0;
  Tensor grad;
  Ref<Retained> retained;                    // of a result
  TensorHooks hooks;                         // of a leaf
  Ref<autograd::GradientObserver> observer;  // of a leaf
  // By number, wherever they are: a tensor that was changed in place has hooks at the node before as well.
  std::vector<std::pair<std::uint64_t, Ref<TensorHook::State>>> given_hooks;
};

// One recorded operation.
class Node : public RefCounted {
 public:
  explicit Node(const char* name);
  virtual ~Node() = default;

  // The gradients of the inputs, in their order; undefined where there is none. `grads` are those of the
  // outputs, undefined for outputs that nothing depends on.
  virtual Tensors apply(const Tensors& grads) = 0;
  // Drops what was saved, if there are tensors among it, and answers whether there were: a second pass
  // through the node is an error then.
  virtual bool drop_saved() = 0;

  // Ends a node, and nodes that end with it, without recursion: graphs may be millions of nodes deep.
  static void destroy(Node* node) noexcept;

  const char* name;
  std::uint64_t sequence;  // later nodes have larger numbers
  std::vector<Edge> inputs;
  int outputs = 1;
  bool used_up = false;
  TensorHooks hooks;
  std::vector<std::pair<int, Ref<Retained>>> retained;  // by result
};

using Inputs = std::initializer_list<std::reference_wrapper<const Tensor>>;

namespace autograd {

// Whether an operation on these inputs has to be recorded. Of a list some may be undefined.
bool wanted(Inputs inputs);
bool wanted(const Tensors& inputs);

Edge edge_to(const Tensor& input);
// Gives a view the history of its root's elements, if these were changed in place since it had got its own.
void renew_history(const Tensor& view);
// Guards the grad() of a leaf, for several threads may go backward into one.
std::mutex& gradient_mutex(const Tensor& leaf);
// The gradient that the hooks of that result leave.
Tensor apply_hooks(const TensorHooks& hooks, int output, Tensor gradient);
// Makes `out` the result number `output` of the node.
void attach(const Tensor& out, const Ref<Node>& node, int output);

// What record() is about to attach to a node.
using Results = std::span<const Tensor>;

// A tensor kept for the backward pass, which finds out whether it was changed in place since. A result of the
// operation itself is kept without its history, which would be a cycle, and gets it back in get(). An
// undefined tensor stays undefined.
class SavedTensor {
 public:
  SavedTensor(const Tensor& tensor, Results results);
  // GradientError when the elements have changed since.
  Tensor get(Node& node) const;

 private:
  Tensor tensor_;
  std::uint32_t version_ = 0;
  int output_ = -1;  // which result of the node it is
};

class SavedTensors {
 public:
  SavedTensors(const Tensors& tensors, Results results);
  Tensors get(Node& node) const;

 private:
  std::vector<SavedTensor> saved_;
};

// Which types may be saved by value: those that neither hold tensors nor point to what may be gone. A struct
// of such members has a specialization where it is defined.
template <class T>
inline constexpr bool saved_by_value = std::is_trivially_copyable_v<T> &&
                                       (!std::is_pointer_v<T> || std::is_same_v<T, const char*>);
template <>
inline constexpr bool saved_by_value<Dims> = true;
template <>
inline constexpr bool saved_by_value<std::string> = true;
template <>
inline constexpr bool saved_by_value<std::string_view> = false;
template <class T, std::size_t n>
inline constexpr bool saved_by_value<std::span<T, n>> = false;
template <class T>
inline constexpr bool saved_by_value<std::vector<T>> = saved_by_value<T>;
template <class T>
inline constexpr bool saved_by_value<std::optional<T>> = saved_by_value<T>;
template <class A, class B>
inline constexpr bool saved_by_value<std::pair<A, B>> = saved_by_value<A>&& saved_by_value<B>;

template <class T>
class SavedValue {
  static_assert(saved_by_value<T>, "a formula saves tensors, lists of tensors, and plain values");

 public:
  SavedValue(const T& value, Results) : value_(value) {}
  const T& get(Node&) const { return value_; }

 private:
  T value_;
};

template <class T>
using SavedAs =
    std::conditional_t<std::is_same_v<T, Tensor>, SavedTensor,
                       std::conditional_t<std::is_same_v<T, Tensors>, SavedTensors, SavedValue<T>>>;

// The arguments of saving(), not yet kept.
template <class... T>
struct Saving {
  std::tuple<const T&...> values;
  static constexpr bool tensors = ((std::is_same_v<T, Tensor> || std::is_same_v<T, Tensors>) || ...);

  using Kept = std::tuple<SavedAs<T>...>;
  Kept keep([[maybe_unused]] Results results) const {
    return std::apply([&](const T&... value) { return Kept(SavedAs<T>(value, results)...); }, values);
  }
};

template <class Formula>
constexpr void check_formula() {
  static_assert(std::is_empty_v<Formula>,
                "a gradient's formula captures nothing: name what it needs in saving()");
}

// Calls the formula with the gradient, or the gradients where it takes a list, and what was kept.
template <class Formula, class Kept>
auto call_formula(Node& node, const Tensors& grads, const Kept& kept) {
  return std::apply(
      [&](const auto&... saved) {
        if constexpr (std::is_invocable_v<Formula, const Tensor&, decltype(saved.get(node))...>) {
          return Formula{}(grads[0], saved.get(node)...);
        } else {
          return Formula{}(grads, saved.get(node)...);
        }
      },
      kept);
}

// One formula for the gradients of all inputs; for that of a single one it may give a Tensor.
template <class Formula, class Saving>
class FormulaNode final : public Node {
 public:
  FormulaNode(const char* operation, const Saving& saving, Results results)
      : Node(operation), kept_(saving.keep(results)) {}
  Tensors apply(const Tensors& grads) override {
    return Tensors{call_formula<Formula>(*this, grads, *kept_)};
  }
  bool drop_saved() override {
    if (Saving::tensors) kept_.reset();
    return Saving::tensors;
  }

 private:
  std::optional<typename Saving::Kept> kept_;
};

// The gradient of one input.
template <class Formula, class Saving>
struct WithRespectTo {
  const Tensor& input;
  Saving saving;

  class Kept {
   public:
    Kept(const WithRespectTo& part, Results results) {
      if (part.input.requires_grad()) kept_.emplace(part.saving.keep(results));
    }
    Tensor apply(Node& node, const Tensors& grads) const {
      return kept_ ? call_formula<Formula>(node, grads, *kept_) : Tensor();
    }
    bool drop() {
      const bool tensors = Saving::tensors && kept_;
      if (tensors) kept_.reset();
      return tensors;
    }

   private:
    std::optional<typename Saving::Kept> kept_;
  };
};

// A formula for each input.
template <class... Parts>
class PartsNode final : public Node {
 public:
  PartsNode(const char* operation, Results results, const Parts&... parts)
      : Node(operation), kept_(typename Parts::Kept(parts, results)...) {}
  Tensors apply(const Tensors& grads) override {
    return std::apply([&](const auto&... part) { return Tensors{part.apply(*this, grads)...}; }, kept_);
  }
  bool drop_saved() override {
    // All of them, not only up to the first that had something.
    return std::apply([](auto&... part) { return (int{part.drop()} | ... | 0) != 0; }, kept_);
  }

 private:
  std::tuple<typename Parts::Kept...> kept_;
};

// Gives the new node its inputs and results.
void connect(Node* node, Inputs inputs, Results results);
void connect(Node* node, const Tensors& inputs, Results results);

}  // namespace autograd

// What a formula needs, handed to it after the gradient, in this order: tensors as `const Tensor&`, lists of
// tensors as `const Tensors&`, other values as they are. Names things for the length of the call only.
template <class... T>
autograd::Saving<T...> saving(const T&... values) {
  return {std::tuple<const T&...>(values...)};
}

// "With respect to": the formula for the gradient of one input.
template <class... T, class Formula>
auto wrt(const Tensor& input, autograd::Saving<T...> saved, Formula) {
  autograd::check_formula<Formula>();
  return autograd::WithRespectTo<Formula, autograd::Saving<T...>>{input, saved};
}
template <class Formula>
auto wrt(const Tensor& input, Formula formula) {
  return wrt(input, saving(), formula);
}

// Records `out`, which depends on `inputs`, when one of them wants a gradient; returns it. The formula takes
// the gradient of `out` and what is saved; it gives the inputs' gradients as Tensors, or that of the only one
// as a Tensor.
template <class... T, class Formula>
Tensor record(const char* name, const Tensor& out, Inputs inputs, autograd::Saving<T...> saved, Formula) {
  autograd::check_formula<Formula>();
  if (autograd::wanted(inputs)) {
    const autograd::Results results(&out, 1);
    autograd::connect(new autograd::FormulaNode<Formula, autograd::Saving<T...>>(name, saved, results),
                      inputs, results);
  }
  return out;
}
template <class Formula>
Tensor record(const char* name, const Tensor& out, Inputs inputs, Formula formula) {
  return record(name, out, inputs, saving(), formula);
}

// The same with a formula for each input, made by wrt().
template <class... Formula, class... Saving>
Tensor record(const char* name, const Tensor& out, const autograd::WithRespectTo<Formula, Saving>&... parts) {
  if (autograd::wanted({parts.input...})) {
    const autograd::Results results(&out, 1);
    autograd::connect(
        new autograd::PartsNode<autograd::WithRespectTo<Formula, Saving>...>(name, results, parts...),
        {parts.input...}, results);
  }
  return out;
}

// The same for any number of inputs and results; the formula takes the results' gradients as Tensors,
// undefined where nothing depends on a result. Results of other dtypes, such as indices, have none.
template <class... T, class Formula>
void record_all(const char* name, const Tensors& outs, const Tensors& inputs, autograd::Saving<T...> saved,
                Formula) {
  autograd::check_formula<Formula>();
  if (!autograd::wanted(inputs)) return;
  autograd::connect(new autograd::FormulaNode<Formula, autograd::Saving<T...>>(name, saved, outs), inputs,
                    outs);
}
template <class Formula>
void record_all(const char* name, const Tensors& outs, const Tensors& inputs, Formula formula) {
  record_all(name, outs, inputs, saving(), formula);
}

// Sums over the dimensions that broadcasting added or stretched, back to `shape`.
Tensor sum_to(const Tensor& tensor, const Shape& shape);

}  // namespace wick
