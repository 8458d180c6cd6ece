#include "wick/distributed/distributed.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/distributed/collective.h"
#include "wick/distributed/combine.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick::distributed {
namespace {

// A group's name outlives the call in gradients.
class Where {
 public:
  explicit Where(const Context& c) : group_(c.group), timeout_(c.timeout) {}
  operator Context() const { return {group_, timeout_}; }

 private:
  std::string group_;
  std::optional<double> timeout_;
};

// What one process alone gets: a copy, for results never share storage with the argument.
Tensor own_copy(const Tensor& x) { return x.detach().clone(); }

}  // namespace
}  // namespace wick::distributed

template <>
inline constexpr bool wick::autograd::saved_by_value<wick::distributed::Where> = true;

namespace wick::distributed {
namespace {

// The tensor that a result is recorded to depend on: x, or a stand-in of its shape where only other ranks
// want gradients. All ranks record, for they have to meet again on the way back.
Tensor recorded_input(const Tensor& x) {
  if (x.requires_grad() || !grad_enabled()) return x;
  const NoGrad no_grad;
  return zeros({}, is_differentiable(x.dtype()) ? x.dtype() : float32).expand(x.sizes()).requires_grad_();
}

// A collective that has ended.
struct Outcome {
  Tensor result;
  bool wants_gradient;
};

Outcome call(Ask ask, const Context& context) {
  const auto collective = start(std::move(ask), context);
  return {run_to_end(*collective), collective->wants_gradient()};
}

// Records the result of a collective once it has come.
class Recording : public Work {
 public:
  using Record = std::function<Tensor(const Tensor& result)>;
  Recording(std::shared_ptr<Collective> collective, Record record)
      : collective_(std::move(collective)), record_(std::move(record)) {}
  bool advance() override { return collective_->advance(); }
  bool busy() const override { return collective_->busy(); }
  Tensor result() override {
    const Lock lock;  // several threads may wait for one collective
    if (!recorded_.defined()) {
      const Tensor result = collective_->result();
      const GradMode mode(recording_);  // that of the call
      recorded_ = collective_->wants_gradient() ? record_(result) : result;
    }
    return recorded_;
  }

 private:
  std::shared_ptr<Collective> collective_;
  Record record_;
  bool recording_ = grad_enabled();
  Tensor recorded_;
};

// Already at its end, as everything is in a lone process.
class Finished : public Work {
 public:
  explicit Finished(Tensor result) : result_(std::move(result)) {}
  bool advance() override { return true; }
  Tensor result() override { return result_; }

 private:
  Tensor result_;
};

Tensor record_gather(const Tensor& out, const Tensor& x, std::int64_t destination, const Where& where) {
  const Tensor input = recorded_input(x);
  return record("distributed_gather", out, {input}, saving(destination, where, x.sizes()),
                [](const Tensor& g, std::int64_t root, const Where& context, const Shape& shape) {
                  if (root == -1) return reduce_scatter(g, Reduction::Sum, context).reshape(shape);
                  // Ranks without the result pass a tensor that does not count.
                  return scatter(g, root, context).reshape(shape);
                });
}

// The product of what the other ranks passed.
Tensor product_of_others(const Tensor& x, const Context& context) {
  const Tensor all = all_gather(x, context);
  const int own = find_group("distributed_all_reduce", context.group).rank;
  Tensor product = ones(x.sizes(), x.dtype());
  for (int r = 0; r < all.size(0); ++r) {
    if (r != own) product = mul(product, all[r]);
  }
  return product;
}

// Which gradients read the result of the reduction, and which the contribution. The others keep neither.
bool reads_result(Reduction reduction) { return reduction == Reduction::Min || reduction == Reduction::Max; }
bool reads_contribution(Reduction reduction) {
  return reduction == Reduction::Product || reads_result(reduction);
}
Tensor kept_if(bool read, const Tensor& x) { return read ? x : Tensor(); }

// The gradient of contribution x, where g is that of the combination and `result` the combination: both the
// same on every rank, for g has been summed over them. x and result are defined where they are read.
Tensor contribution_gradient(Reduction reduction, const Tensor& g, const Tensor& x, const Tensor& result,
                             const Context& context) {
  switch (reduction) {
    case Reduction::Sum:
      return g;
    case Reduction::Mean:
      return div(g, find_group("distributed_all_reduce", context.group).size());
    case Reduction::Product:
      return mul(g, conj(product_of_others(x, context)));
    default: {
      // Ranks that share the extreme value share the gradient.
      const Tensor mask = eq(x.detach(), result.detach()).to(g.dtype());
      return mul(div(g, all_reduce(mask, Reduction::Sum, context)), mask);
    }
  }
}

Tensor record_all_reduce(const Tensor& out, const Tensor& x, Reduction reduction, const Where& where) {
  const Tensor input = recorded_input(x);
  return record(
      "distributed_all_reduce", out, {input},
      saving(reduction, where, kept_if(reads_contribution(reduction), x),
             kept_if(reads_result(reduction), out)),
      [](const Tensor& g, Reduction how, const Where& context, const Tensor& own, const Tensor& result) {
        // The mean of gradients is combined as one: their sum may overflow.
        if (how == Reduction::Mean) return all_reduce(g, Reduction::Mean, context);
        const Tensor total = all_reduce(g, Reduction::Sum, context);
        return contribution_gradient(how, total, own, result, context);
      });
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t destination, const Context& context) {
  if (world().alone()) return stack({x});
  const Outcome out = call({.kind = Kind::Gather, .input = x, .root = destination}, context);
  return out.wants_gradient ? record_gather(out.result, x, destination, Where(context)) : out.result;
}

Tensor all_gather(const Tensor& x, const Context& context) { return gather(x, -1, context); }

Tensor scatter(const Tensor& x, std::int64_t source, const Context& context) {
  const bool lone = world().alone();
  const Outcome out = lone ? Outcome{own_copy(x), autograd::wanted({x})}
                           : call({.kind = Kind::Scatter, .input = x, .root = source}, context);
  if (!out.wants_gradient) return out.result;
  const Tensor input = recorded_input(x);
  return record("distributed_scatter", out.result, {input}, saving(source, lone, Where(context), x.sizes()),
                [](const Tensor& g, std::int64_t root, bool alone, const Where& where, const Shape& shape) {
                  if (alone) return g;
                  const Tensor parts = gather(g, root, where);
                  return rank() == root ? parts.reshape(shape) : zeros(shape, g.dtype());
                });
}

Tensor broadcast(const Tensor& x, std::int64_t source, const Context& context) {
  const bool lone = world().alone();
  const Outcome out = lone ? Outcome{own_copy(x), autograd::wanted({x})}
                           : call({.kind = Kind::Broadcast, .input = x, .root = source}, context);
  if (!out.wants_gradient) return out.result;
  const Tensor input = recorded_input(x);
  return record("distributed_broadcast", out.result, {input}, saving(source, lone, Where(context)),
                [](const Tensor& g, std::int64_t root, bool alone, const Where& where) {
                  if (alone) return g;
                  const Tensor total = reduce(g, root, Reduction::Sum, where);
                  return rank() == root ? total : zeros_like(g);
                });
}

Tensor all_reduce(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) {
    if (const std::string why = why_not(reduction, x.dtype()); !why.empty()) {
      fail<DTypeError>("distributed_all_reduce", "{}", why);
    }
    const Tensor copy = x.clone();
    return reduction == Reduction::Mean && is_integral(x.dtype()) ? copy.to(float32) : copy;
  }
  const Outcome out = call({.kind = Kind::AllReduce, .input = x, .reduction = reduction}, context);
  return out.wants_gradient ? record_all_reduce(out.result, x, reduction, Where(context)) : out.result;
}

Tensor reduce(const Tensor& x, std::int64_t destination, Reduction reduction, const Context& context) {
  if (world().alone()) return all_reduce(x.detach(), reduction, context);
  return call({.kind = Kind::Reduce, .input = x.detach(), .root = destination, .reduction = reduction},
              context)
      .result;
}

Tensor reduce_scatter(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) return all_reduce(x, reduction, context);
  const Outcome out = call({.kind = Kind::ReduceScatter, .input = x, .reduction = reduction}, context);
  if (!out.wants_gradient) return out.result;
  const Tensor input = recorded_input(x);
  return record("distributed_reduce_scatter", out.result, {input},
                saving(reduction, Where(context), x.sizes(), kept_if(reads_contribution(reduction), x),
                       kept_if(reads_result(reduction), out.result)),
                [](const Tensor& g, Reduction how, const Where& where, const Shape& shape, const Tensor& own,
                   const Tensor& result) {
                  const auto whole = [&](const Tensor& part) {
                    return all_gather(part, where).reshape(shape);
                  };
                  // One after the other: all ranks gather in this order.
                  const Tensor spread = whole(g);
                  const Tensor combined = result.defined() ? whole(result.detach()) : Tensor();
                  return contribution_gradient(how, spread, own, combined, where);
                });
}

Tensor all_to_all(const Tensor& x, const Context& context) {
  const bool lone = world().alone();
  const Outcome out = lone ? Outcome{own_copy(x), autograd::wanted({x})}
                           : call({.kind = Kind::AllToAll, .input = x}, context);
  if (!out.wants_gradient) return out.result;
  const Tensor input = recorded_input(x);
  return record("distributed_all_to_all", out.result, {input}, saving(Where(context)),
                [](const Tensor& g, const Where& where) { return all_to_all(g, where); });
}

void barrier(const Context& context) {
  if (!world().alone()) call({.kind = Kind::Barrier, .input = empty({0}, uint8)}, context);
}

namespace {

// What is wrong with a call of new_group on this rank; empty when nothing is.
std::string why_no_group(const std::vector<std::int64_t>& ranks, std::string_view name) {
  const World& w = world();
  if (name.empty() || w.groups.contains(name))
    return "the name \"" + std::string(name) + "\" is taken or empty";
  if (ranks.empty()) return "a group has one rank at least";
  for (const std::int64_t rank : ranks) {
    if (rank < 0 || rank >= w.size || std::count(ranks.begin(), ranks.end(), rank) > 1) {
      return "rank " + std::to_string(rank) + " does not exist or is named twice";
    }
  }
  return "";
}

}  // namespace

void new_group(const std::vector<std::int64_t>& ranks, std::string_view name) {
  const World& w = world();
  const std::string why = why_no_group(ranks, name);
  const auto members = [&] {
    std::vector<int> world_ranks;
    for (const std::int64_t rank : ranks) world_ranks.push_back(static_cast<int>(rank));
    return world_ranks;
  };
  if (w.alone()) {
    if (!why.empty()) fail<DistributedError>("distributed_new_group", "{}", why);
    add_group(members(), name, 0);
    return;
  }
  std::string text = "group \"" + std::string(name) + "\" of ranks";
  for (const std::int64_t rank : ranks) text += " " + std::to_string(rank);
  call({.kind = Kind::NewGroup, .input = empty({0}, uint8), .text = text, .refused = why}, {});
  const bool member = std::find(ranks.begin(), ranks.end(), w.rank) != ranks.end();
  add_group(members(), name, member ? join_group(members()) : -1);
}

Tensor wait(const WorkPtr& work) { return run_to_end(*work); }

WorkPtr gather_async(const Tensor& x, std::int64_t destination, const Context& context) {
  if (world().alone()) return std::make_shared<Finished>(gather(x, destination, context));
  Ask ask{.kind = Kind::Gather, .input = x.clone(), .root = destination};
  return std::make_shared<Recording>(start(std::move(ask), context),
                                     [x, destination, where = Where(context)](const Tensor& out) {
                                       return record_gather(out, x, destination, where);
                                     });
}

WorkPtr all_reduce_async(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) return std::make_shared<Finished>(all_reduce(x, reduction, context));
  Ask ask{.kind = Kind::AllReduce, .input = x.clone(), .reduction = reduction};
  return std::make_shared<Recording>(start(std::move(ask), context),
                                     [x, reduction, where = Where(context)](const Tensor& out) {
                                       return record_all_reduce(out, x, reduction, where);
                                     });
}

}  // namespace wick::distributed
