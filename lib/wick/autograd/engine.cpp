// The backward pass: nodes in falling order of their sequence numbers, each when all that depends on it is
// done.

#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "wick/autograd/node.h"
#include "wick/core/interrupt.h"
#include "wick/core/profiler.h"
#include "wick/core/suspend_autocast.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"

namespace wick {
namespace {

// Gradients that meet, added up: those of half precision in float32, so that they are rounded once.
class Sum {
 public:
  bool defined() const { return total_.defined(); }
  void add(Tensor g) {
    if (!defined()) {
      dtype_ = g.dtype();
      total_ = std::move(g);
    } else {
      total_ = wick::add(is_half(dtype_) ? total_.to(float32) : total_, g);
    }
  }
  Tensor value() const { return total_.defined() ? total_.to(dtype_) : total_; }
  // Undefined when nothing has come. Leaves nothing behind.
  Tensor take() {
    const Tensor total = std::move(total_);
    return total.defined() ? total.to(dtype_) : total;
  }

 private:
  Tensor total_;
  DType dtype_ = float32;
};

// Whether nobody else can see the elements: not even through the tensor that g is a view of.
bool sole_owner(const Tensor& g) {
  const TensorBody& body = *g.body();
  if (body.use_count() != 1) return false;
  if (!body.base) return body.storage->use_count() == 1;
  return body.base->use_count() == 1 && body.storage->use_count() == 2;
}

// The observers of leaves, while a pass goes on: how many gradients each leaf still waits for, and who is
// told of the end.
class Observed {
 public:
  ~Observed() {
    for (const auto& observer : observers_) observer->abandon();
  }

  // Counts the edges below the roots that lead into observed leaves. Without recursion.
  void count(const std::vector<Edge>& roots) {
    std::unordered_set<const Node*> seen;
    std::vector<const Node*> stack;
    const auto visit = [&](const Edge& edge) {
      if (edge.leaf) expect(*edge.leaf);
      if (edge.node && seen.insert(edge.node.get()).second) stack.push_back(edge.node.get());
    };
    for (const Edge& root : roots) visit(root);
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      for (const Edge& edge : node->inputs) visit(edge);
    }
  }

  // One more gradient has come to the leaf; `sum` is what there is.
  void came(const Ref<TensorBody>& leaf, const Sum& sum) {
    const auto it = awaited_.find(leaf.get());
    if (it == awaited_.end() || --it->second > 0 || !leaf->gradient->hooks.empty()) return;
    const Ref<autograd::GradientObserver> observer = leaf->gradient->observer;
    if (observer) observer->complete(Tensor::from_body(leaf.get()), sum.value());
  }

  void finish(const std::vector<Ref<TensorBody>>& bodies) {
    if (observers_.empty()) return;
    Tensors leaves;
    for (const Ref<TensorBody>& body : bodies) leaves.push_back(Tensor::from_body(body.get()));
    while (!observers_.empty()) {
      observers_.back()->finish(leaves);
      observers_.pop_back();
    }
  }

 private:
  void expect(const TensorBody& leaf) {
    if (!leaf.gradient || !leaf.gradient->observer) return;
    ++awaited_[&leaf];
    for (const auto& known : observers_) {
      if (known.get() == leaf.gradient->observer.get()) return;
    }
    observers_.push_back(leaf.gradient->observer);
  }

  std::unordered_map<const TensorBody*, std::int64_t> awaited_;
  std::vector<Ref<autograd::GradientObserver>> observers_;
};

// Counts the passes of this thread that are under way, one within another.
class Nesting {
 public:
  Nesting() { ++depth; }
  ~Nesting() { --depth; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  static bool outermost() { return depth == 1; }

 private:
  inline static thread_local int depth = 0;
};

class Pass {
 public:
  Pass(bool retain_graph, bool create_graph, const Tensors* inputs)
      : retain_(retain_graph || create_graph), create_(create_graph), inputs_(inputs) {
    if (inputs_) {
      found_.resize(inputs_->size());
      at_leaves_.resize(inputs_->size());
    }
  }

  void seed(const Tensor& output, const Tensor& gradient) {
    Edge edge = autograd::edge_to(output);
    Tensor g = gradient;
    if (!g.defined()) {
      g = ones(output.sizes(), output.dtype());
    } else if (g.sizes() != output.sizes()) {
      throw ShapeError("the gradient of an output of shape " + to_string(output.sizes()) +
                       " cannot have shape " + to_string(g.sizes()));
    }
    roots_.push_back(edge);
    deliver(edge, g);
  }

  Tensors run() {
    find_wanted();
    const GradMode mode(create_);
    const Nesting nesting;
    if (!inputs_ && Nesting::outermost() && autograd::observed()) observed_.count(roots_);
    while (!ready_.empty()) {
      Node* node = ready_.top().node;
      ready_.pop();
      const auto entry = buffers_.find(node);
      const Ref<Node> keep = std::move(entry->second.node);
      Tensors grads;
      for (Sum& sum : entry->second.sums) grads.push_back(sum.take());
      buffers_.erase(entry);
      check_interrupt();
      see(*keep, grads);
      step(*keep, grads);
    }
    Tensors leaf_grads;
    for (const Ref<TensorBody>& leaf : leaf_order_)
      leaf_grads.push_back(seen_by_leaf(*leaf, leaves_[leaf.get()]));
    add_to_leaves(leaf_grads);
    observed_.finish(leaf_order_);
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (at_leaves_[i].defined()) found_[i] = seen_by_leaf(*(*inputs_)[i].body(), at_leaves_[i]);
    }
    return std::move(found_);
  }

 private:
  struct Entry {
    Node* node;
    bool operator<(const Entry& other) const { return node->sequence < other.node->sequence; }
  };
  struct Buffer {
    Ref<Node> node;
    std::vector<Sum> sums;  // one for each of its results
  };

  // With chosen inputs only nodes above one of them are run.
  void find_wanted() {
    if (!inputs_) return;
    std::unordered_set<const Node*> targets;
    for (const Tensor& t : *inputs_) {
      if (t.requires_grad() && !t.is_leaf()) targets.insert(t.body()->gradient->node.get());
    }
    std::unordered_set<const TensorBody*> leaves;
    for (const Tensor& t : *inputs_) leaves.insert(t.body());

    // Depth first without recursion; a node is settled when all its inputs are.
    std::unordered_set<const Node*> seen;
    std::vector<std::pair<Node*, std::size_t>> stack;
    const auto enter = [&](Node* node) {
      if (node && seen.insert(node).second) stack.push_back({node, 0});
    };
    // Root by root: one may lie below another.
    for (const Edge& root : roots_) {
      enter(root.node.get());
      while (!stack.empty()) {
        auto& [node, at] = stack.back();
        if (at < node->inputs.size()) {
          enter(node->inputs[at++].node.get());
          continue;
        }
        for (const Edge& e : node->inputs) {
          if ((e.leaf && leaves.contains(e.leaf.get())) ||
              (e.node && (targets.contains(e.node.get()) || above_.contains(e.node.get())))) {
            above_.insert(node);
            break;
          }
        }
        stack.pop_back();
      }
    }
  }

  // Hooks first; what they leave is the gradient.
  void see(const Node& node, Tensors& grads) {
    if (node.hooks.empty() && node.retained.empty()) return;
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (grads[i].defined()) grads[i] = autograd::apply_hooks(node.hooks, static_cast<int>(i), grads[i]);
    }
    if (inputs_) return;
    for (const auto& [output, retained] : node.retained) {
      const Tensor& g = grads[static_cast<std::size_t>(output)];
      if (!g.defined()) continue;
      Tensor before;  // ends outside of the lock
      const std::lock_guard lock(retained->mutex);
      before = retained->grad;
      // A copy: the pass, and other tensors, hold this one.
      retained->grad = before.defined() ? add(before, g) : create_ ? g : g.detach().clone();
    }
  }

  void step(Node& node, const Tensors& grads) {
    note(node, grads);
    if (inputs_ && !above_.contains(&node)) return;
    if (node.used_up) {
      throw GradientError(std::string("backward through the graph a second time: what ") + node.name +
                          " had saved is used up (retain_graph keeps it)");
    }
    Tensors results;
    {
      const profiler::Range range(node.name, ", backward");
      results = node.apply(grads);
    }
    if (!retain_ && node.drop_saved()) node.used_up = true;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].defined() && node.inputs[i].wanted()) deliver(node.inputs[i], std::move(results[i]));
    }
  }

  // Brings the gradient to the input's shape and dtype and adds it to what has come there before.
  void deliver(const Edge& edge, Tensor g) {
    if (g.sizes() != edge.shape) g = sum_to(g, edge.shape);
    if (g.dtype() != edge.dtype) g = g.to(edge.dtype);
    if (edge.leaf) {
      deliver_to_leaf(edge, std::move(g));
      return;
    }
    auto [it, fresh] = buffers_.try_emplace(edge.node.get());
    Buffer& buffer = it->second;
    if (fresh) {
      buffer.node = edge.node;
      buffer.sums.resize(static_cast<std::size_t>(edge.node->outputs));
      ready_.push({edge.node.get()});
    }
    buffer.sums[static_cast<std::size_t>(edge.output)].add(std::move(g));
  }

  void deliver_to_leaf(const Edge& edge, Tensor g) {
    if (inputs_) {
      for (std::size_t i = 0; i < inputs_->size(); ++i) {
        if ((*inputs_)[i].body() == edge.leaf.get()) at_leaves_[i].add(g);
      }
      return;
    }
    auto [it, fresh] = leaves_.try_emplace(edge.leaf.get());
    if (fresh) leaf_order_.push_back(edge.leaf);
    it->second.add(std::move(g));
    observed_.came(edge.leaf, it->second);
  }

  // What a leaf's hooks leave of the sum that has come there.
  static Tensor seen_by_leaf(const TensorBody& leaf, Sum& sum) {
    return autograd::apply_hooks(leaf.gradient->hooks, 0, sum.take());
  }

  // At the end, so that a pass that fails or is interrupted leaves all gradients as they were. Other threads
  // may go backward into the same leaf.
  void add_to_leaves(Tensors& grads) {
    const Uninterrupted whole;
    for (std::size_t i = 0; i < grads.size(); ++i) {
      const Ref<TensorBody>& body = leaf_order_[i];
      const Tensor leaf = Tensor::from_body(body.get());
      const Tensor g = std::move(grads[i]);
      Tensor replaced;  // ends outside of the lock
      const std::lock_guard lock(autograd::gradient_mutex(leaf));
      Tensor& sum = body->gradient->grad;
      if (!sum.defined()) {
        // Taken over when nobody else can see it, else copied.
        sum = create_ || (g.is_contiguous() && sole_owner(g)) ? g : g.detach().clone();
      } else if (create_ || sum.requires_grad() || !sum.is_contiguous() || sum.storage()->read_only()) {
        replaced = std::exchange(sum, add(sum, g));
      } else {
        add_into(sum, g);
      }
    }
  }

  // Gradients of inputs that are results themselves are complete when their node's turn comes.
  void note(const Node& node, const Tensors& grads) {
    if (!inputs_) return;
    for (std::size_t i = 0; i < inputs_->size(); ++i) {
      const Tensor& t = (*inputs_)[i];
      if (!t.requires_grad() || t.is_leaf()) continue;
      const GradientState& state = *t.body()->gradient;
      if (state.node.get() == &node) found_[i] = grads[static_cast<std::size_t>(state.output)];
    }
  }

  bool retain_;
  bool create_;
  const Tensors* inputs_;
  Tensors found_;
  std::vector<Sum> at_leaves_;  // of those inputs that are leaves
  std::vector<Edge> roots_;
  std::unordered_set<const Node*> above_;
  std::unordered_map<Node*, Buffer> buffers_;
  std::vector<Ref<TensorBody>> leaf_order_;
  std::unordered_map<TensorBody*, Sum> leaves_;
  std::priority_queue<Entry> ready_;
  Observed observed_;
};

void seed_all(Pass& pass, const Tensors& outputs, const Tensors& output_grads) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& out = outputs[i];
    if (!out.requires_grad()) throw GradientError("Tensor does not require gradients");
    const Tensor g = i < output_grads.size() ? output_grads[i] : Tensor();
    if (!g.defined() && out.numel() != 1) {
      throw GradientError("grad can be implicitly created only for scalar outputs, shape " +
                          to_string(out.sizes()) + " has " + std::to_string(out.numel()) + " elements");
    }
    pass.seed(out, g);
  }
}

}  // namespace

Tensors grad(const Tensors& outputs, const Tensors& inputs, const Tensors& output_grads, bool retain_graph,
             bool create_graph) {
  const autocast::Suspended as_recorded;
  Pass pass(retain_graph, create_graph, &inputs);
  seed_all(pass, outputs, output_grads);
  return pass.run();
}

void backward(const Tensors& outputs, const Tensors& output_grads, bool retain_graph, bool create_graph) {
  const autocast::Suspended as_recorded;
  Pass pass(retain_graph, create_graph, nullptr);
  seed_all(pass, outputs, output_grads);
  pass.run();
}

}  // namespace wick
