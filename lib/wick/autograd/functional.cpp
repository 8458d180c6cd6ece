#include "wick/autograd/functional.h"

#include <cmath>
#include <unordered_set>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/suspend_autocast.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/random.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick::autograd {
namespace {

void check_input(const char* name, const Tensor& x) {
  if (!is_differentiable(x.dtype())) {
    fail<DTypeError>(name, "inputs are floating point or complex, not {}", x.dtype());
  }
}

// The input as the function gets it: with its history, one operation further on, if that is to go on.
Tensor source(const char* name, const Tensor& x, bool create_graph) {
  check_input(name, x);
  if (create_graph && x.requires_grad()) return identity(x);
  return x.detach().requires_grad_();
}

Tensor or_zeros(const Tensor& gradient, const Tensor& like) {
  return gradient.defined() ? gradient : zeros_like(like.detach());
}

Tensor left(const Tensor& result, bool create_graph) { return create_graph ? result : result.detach(); }

// The gradients of y's elements one by one, each of an input stacked in y's shape.
Tensors rows_of(const Tensor& y, const Tensors& sources, bool create_graph) {
  std::vector<Tensors> rows(sources.size());
  const std::int64_t count = y.numel();
  for (std::int64_t i = 0; i < count; ++i) {
    check_interrupt({i, count});
    const Tensor unit = zeros({count}, y.dtype());
    unit.select(0, i).fill_(1);
    Tensors found(sources.size());
    if (y.requires_grad()) found = grad({y}, sources, {unit.reshape(y.sizes())}, true, create_graph);
    for (std::size_t k = 0; k < sources.size(); ++k) rows[k].push_back(or_zeros(found[k], sources[k]));
  }
  Tensors out;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    Shape shape = y.sizes();
    for (const std::int64_t size : sources[k].sizes()) shape.push_back(size);
    out.push_back(rows[k].empty() ? zeros(shape, sources[k].dtype())
                                  : left(stack(rows[k]).reshape(shape), create_graph));
  }
  return out;
}

// The gradient of y with the weights v, which y's shape fits.
Tensor product_with(const Tensor& y, const Tensor& x, const Tensor& v, bool recorded) {
  if (!y.requires_grad()) return zeros_like(x.detach());
  return or_zeros(grad({y}, {x}, {v}, true, recorded)[0], x);
}

}  // namespace

std::vector<Tensors> jacobian(const TensorsFunction& f, const Tensors& inputs, bool create_graph) {
  const EnableGrad enable;
  Tensors sources;
  for (const Tensor& x : inputs) sources.push_back(source("jacobian", x, create_graph));
  std::vector<Tensors> out;
  for (const Tensor& y : f(sources)) out.push_back(rows_of(y, sources, create_graph));
  return out;
}

Tensor jacobian(const TensorFunction& f, const Tensor& x, bool create_graph) {
  const auto wrapped = [&](const Tensors& inputs) { return Tensors{f(inputs[0])}; };
  return jacobian(TensorsFunction(wrapped), Tensors{x}, create_graph)[0][0];
}

Tensor hessian(const TensorFunction& f, const Tensor& x, bool create_graph) {
  check_input("hessian", x);
  const auto gradient = [&](const Tensor& at) {
    const Tensor y = f(at);
    if (y.numel() != 1) {
      fail<ShapeError>("hessian", "the function must give one element, not shape {}", y.sizes());
    }
    return product_with(y, at, ones(y.sizes(), y.dtype()), true);
  };
  return jacobian(TensorFunction(gradient), x, create_graph);
}

FunctionProduct vjp(const TensorFunction& f, const Tensor& x, const Tensor& v, bool create_graph) {
  const EnableGrad enable;
  const Tensor in = source("vjp", x, create_graph), y = f(in);
  if (!v.defined() && y.numel() != 1) {
    fail<ShapeError>("vjp", "a vector v is needed for a result of shape {}", y.sizes());
  }
  if (v.defined() && v.sizes() != y.sizes()) {
    fail<ShapeError>("vjp", "v has shape {}, the function's result {}", v.sizes(), y.sizes());
  }
  const Tensor weights = v.defined() ? v.to(y.dtype()) : ones(y.sizes(), y.dtype());
  return {left(y, create_graph), left(product_with(y, in, weights, create_graph), create_graph)};
}

FunctionProduct jvp(const TensorFunction& f, const Tensor& x, const Tensor& v, bool create_graph) {
  const EnableGrad enable;
  if (v.sizes() != x.sizes()) {
    fail<ShapeError>("jvp", "v has shape {}, the input {}", v.sizes(), x.sizes());
  }
  const Tensor in = source("jvp", x, create_graph), y = f(in);
  const Tensor weights = zeros(y.sizes(), y.dtype());
  weights.requires_grad_();
  const Tensor backward = product_with(y, in, weights, true);
  Tensor product = zeros(y.sizes(), y.dtype());
  if (backward.requires_grad()) {
    product = or_zeros(grad({backward}, {weights}, {v.to(x.dtype())}, true, create_graph)[0], weights);
  }
  return {left(y, create_graph), left(product, create_graph)};
}

Tensor vmap(const TensorFunction& f, const Tensor& x, std::int64_t in_dim, std::int64_t out_dim) {
  if (x.dim() == 0) fail<ShapeError>("vmap", "a 0-d tensor has no dimension to go along");
  const std::int64_t count = x.size(in_dim);
  if (count == 0) {
    fail<ShapeError>("vmap", "an input of shape {} has nothing along dimension {}", x.sizes(), in_dim);
  }
  Tensors results;
  for (std::int64_t i = 0; i < count; ++i) {
    check_interrupt({i, count});
    results.push_back(f(x.select(in_dim, i)));
  }
  return stack(results, out_dim);
}

namespace {

// d result / d input by central differences, (elements of the input, elements of the result), in float64.
Tensor numeric_rows(const TensorsFunction& f, const Tensors& inputs, std::size_t input, std::size_t result,
                    double eps) {
  const NoGrad no_grad;
  Tensors given;
  for (const Tensor& t : inputs) given.push_back(t.detach());
  const std::int64_t count = inputs[input].numel();
  Tensors rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto moved = [&](double by) {
      const Tensor flat = inputs[input].detach().reshape({-1}).clone();
      const Tensor element = flat.select(0, i);
      element.fill_(element.item<double>() + by);
      given[input] = flat.reshape(inputs[input].sizes());
      return f(given)[result].detach().to(float64).reshape({-1});
    };
    rows.push_back(div(sub(moved(eps), moved(-eps)), 2 * eps));
  }
  return stack(rows);
}

bool compare(const Tensor& analytic, const Tensor& numeric, const GradcheckOptions& o, std::size_t result,
             std::size_t input) {
  if (allclose(analytic, numeric, o.rtol, o.atol, true)) return true;
  if (!o.raise_exception) return false;
  const Tensor bad = logical_not(isclose(analytic, numeric, o.rtol, o.atol, true));
  const auto wrong = to_vector<bool>(bad);
  const auto found = to_vector<double>(analytic), wanted = to_vector<double>(numeric);
  std::size_t at = 0;
  while (!wrong[at]) ++at;
  const auto columns = static_cast<std::size_t>(analytic.size(1));
  fail<GradientError>(
      "gradcheck",
      "the derivative of element {} of result {} with respect to element {} of input {} is {}, "
      "by differences {}",
      at % columns, result, at / columns, input, found[at], wanted[at]);
}

// Complex numbers as pairs in a last dimension, and the other way.
Tensor as_pairs(const Tensor& x) { return is_complex(x.dtype()) ? stack({real(x), imag(x)}, -1) : x; }
Tensor from_pairs(const Tensor& pairs) { return complex(pairs.select(-1, 0), pairs.select(-1, 1)); }

// Of inputs and results without complex ones.
bool real_gradcheck(const TensorsFunction& f, const Tensors& inputs, const GradcheckOptions& o) {
  Tensors given;
  std::vector<std::size_t> checked;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    given.push_back(inputs[i].detach());
    if (!inputs[i].requires_grad()) continue;
    given[i].requires_grad_();
    checked.push_back(i);
  }
  if (checked.empty()) fail("gradcheck", "no input requires a gradient");
  const Tensors results = f(given);
  Tensors sources;
  for (const std::size_t i : checked) sources.push_back(given[i]);
  for (std::size_t r = 0; r < results.size(); ++r) {
    const Tensor& y = results[r];
    if (!is_differentiable(y.dtype()) || y.numel() == 0) continue;
    const Tensors rows = rows_of(y, sources, false);
    for (std::size_t k = 0; k < checked.size(); ++k) {
      const std::int64_t count = sources[k].numel();
      if (count == 0) continue;
      const Tensor analytic = rows[k].to(float64).reshape({y.numel(), count}).t();
      if (!compare(analytic, numeric_rows(f, given, checked[k], r, o.eps), o, r, checked[k])) return false;
    }
  }
  return true;
}

}  // namespace

bool gradcheck(const TensorsFunction& f, const Tensors& inputs, const GradcheckOptions& o) {
  const EnableGrad enable;
  Tensors given;
  for (const Tensor& x : inputs) given.push_back(as_pairs(x.detach()).requires_grad_(x.requires_grad()));
  const auto of_pairs = [&](const Tensors& pairs) {
    Tensors in;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      in.push_back(is_complex(inputs[i].dtype()) ? from_pairs(pairs[i]) : pairs[i]);
    Tensors results = f(in);
    for (Tensor& y : results) y = as_pairs(y);
    return results;
  };
  return real_gradcheck(of_pairs, given, o);
}

bool gradgradcheck(const TensorsFunction& f, const Tensors& inputs, const GradcheckOptions& o) {
  // The gradients, as a function of the inputs and of what the results' gradients are.
  const auto gradients = [&](const Tensors& all) {
    const EnableGrad enable;
    Tensors given(all.begin(), all.begin() + std::ssize(inputs)), sources, outs, weights;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].requires_grad()) continue;
      if (!given[i].requires_grad()) given[i] = given[i].detach().requires_grad_();
      given[i] = identity(given[i]);
      sources.push_back(given[i]);
    }
    const Tensors results = f(given);
    for (std::size_t r = 0; r < results.size(); ++r) {
      if (!results[r].requires_grad()) continue;
      outs.push_back(results[r]);
      weights.push_back(all[inputs.size() + r]);
    }
    Tensors found = grad(outs, sources, weights, true, true);
    for (std::size_t i = 0; i < found.size(); ++i) found[i] = or_zeros(found[i], sources[i]);
    return found;
  };
  Tensors all = inputs;
  for (const Tensor& y : f(inputs)) {
    // Of no regularity that could hide an error.
    Tensor weights = ones(y.sizes(), y.dtype());
    if (is_differentiable(y.dtype())) {
      const DType type = real_dtype(y.dtype());
      weights = add(mul(sin(arange(0, y.numel(), 1, type)), 0.5), 1).reshape(y.sizes());
      if (is_complex(y.dtype())) weights = complex(weights, mul(weights, -0.7));
      weights.requires_grad_();
    }
    all.push_back(weights);
  }
  return gradcheck(gradients, all, o);
}

namespace {

// Runs the function again.
class CheckpointNode final : public Node {
 public:
  CheckpointNode(TensorsFunction f, const Tensors& given, const Tensors& leaves, const Tensor& random)
      : Node("checkpoint"), f_(std::move(f)), count_(given.size()), random_(random) {
    for (const Tensor& t : given) saved_.emplace_back(SavedTensor(t, {}));
    for (const Tensor& t : leaves) saved_.emplace_back(SavedTensor(t, {}));
  }

  Tensors apply(const Tensors& grads) override {
    const bool recorded = grad_enabled();
    if (recorded && saved_.size() > count_) {
      fail<GradientError>(name,
                          "for gradients of gradients all that requires one has to be among the inputs");
    }
    const EnableGrad enable;
    Tensors given, sources;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < saved_.size(); ++i) {
      Tensor t = saved_[i]->get(*this);
      const bool wanted = inputs[i].wanted();
      if (i < count_) {
        t = !t.defined() ? t : !wanted ? t.detach() : recorded ? identity(t) : t.detach().requires_grad_();
        given.push_back(t);
      }
      if (!wanted) continue;
      sources.push_back(t);
      places.push_back(i);
    }
    const Tensors results = again(given);
    if (results.size() != grads.size()) fail<GradientError>(name, "the function gave other results");
    Tensors outs, weights;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!grads[i].defined() || !results[i].requires_grad()) continue;
      outs.push_back(results[i]);
      weights.push_back(grads[i]);
    }
    Tensors found(saved_.size());
    if (outs.empty()) return found;
    const Tensors gradients = grad(outs, sources, weights, recorded, recorded);
    for (std::size_t k = 0; k < places.size(); ++k) found[places[k]] = gradients[k];
    return found;
  }

  bool drop_saved() override {
    for (auto& saved : saved_) saved.reset();
    f_ = nullptr;
    return true;
  }

 private:
  // With the random numbers of the first time; the generator is then where it was.
  Tensors again(const Tensors& given) {
    struct Restored {
      Tensor now = get_rng_state();
      int suspended = std::exchange(autocast::Suspended::count(), 0);
      ~Restored() {
        set_rng_state(now);
        autocast::Suspended::count() = suspended;
      }
    } const restored;
    const autocast::Scope lowered(lowered_);
    set_rng_state(random_);
    return f_(given);
  }

  TensorsFunction f_;
  std::size_t count_;
  bool lowered_ = autocast::is_enabled() && autocast::Suspended::count() == 0;
  std::vector<std::optional<SavedTensor>> saved_;
  Tensor random_;
};

// The leaves that the results depend on, but for those inputs; nothing older than the node `since` is looked
// at.
Tensors captured_leaves(const Tensors& results, const Tensors& inputs, std::uint64_t since) {
  Tensors leaves;
  std::unordered_set<const TensorBody*> known;
  for (const Tensor& t : inputs) known.insert(t.body());
  std::unordered_set<const Node*> seen;
  std::vector<Ref<Node>> open;
  const auto follow = [&](const Edge& edge) {
    if (edge.leaf && known.insert(edge.leaf.get()).second)
      leaves.push_back(Tensor::from_body(edge.leaf.get()));
    if (!edge.node || !seen.insert(edge.node.get()).second) return;
    if (edge.node->sequence < since) {
      fail<GradientError>("checkpoint", "the function uses a result of {}, which has to be among its inputs",
                          edge.node->name);
    }
    open.push_back(edge.node);
  };
  for (const Tensor& t : results) {
    if (t.requires_grad()) follow(edge_to(t));
  }
  while (!open.empty()) {
    const Ref<Node> node = open.back();
    open.pop_back();
    for (const Edge& edge : node->inputs) follow(edge);
  }
  return leaves;
}

}  // namespace

Tensors checkpoint(const TensorsFunction& f, const Tensors& inputs) {
  if (!grad_enabled()) return f(inputs);
  Tensors given;
  for (const Tensor& t : inputs) {
    given.push_back(t.defined() ? t.detach() : t);
    if (t.defined() && t.requires_grad()) given.back().requires_grad_();
  }
  // A node of now: those that f makes are later.
  const Tensor now = identity(zeros({1}).requires_grad_());
  const std::uint64_t since = now.body()->gradient->node->sequence;
  const Tensor random = get_rng_state();
  // What is recorded tells what f captures, and ends right after.
  const Tensors recorded = f(given);
  const Tensors leaves = captured_leaves(recorded, given, since);
  Tensors results;
  bool wanted = false;
  for (const Tensor& t : recorded) {
    wanted = wanted || t.requires_grad();
    results.push_back(t.detach());
  }
  if (!wanted) return results;
  const Ref<Node> node(new CheckpointNode(f, inputs, leaves, random));
  for (const Tensor& t : inputs) node->inputs.push_back(t.defined() ? edge_to(t) : Edge());
  for (const Tensor& t : leaves) node->inputs.push_back(edge_to(t));
  node->outputs = static_cast<int>(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (recorded[i].requires_grad()) attach(results[i], node, static_cast<int>(i));
  }
  return results;
}

Tensor checkpoint(const TensorFunction& f, const Tensor& x) {
  const auto wrapped = [f](const Tensors& inputs) { return Tensors{f(inputs[0])}; };
  return checkpoint(TensorsFunction(wrapped), Tensors{x})[0];
}

}  // namespace wick::autograd
