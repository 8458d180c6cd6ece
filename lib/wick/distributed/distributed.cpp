#include "wick/distributed/distributed.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/creation.h"
#include "wick/distributed/collective.h"
#include "wick/distributed/combine.h"
#include "wick/elementwise.h"
#include "wick/gather.h"
#include "wick/views.h"

namespace wick::distributed {
namespace {

// A group's name outlives the call in gradients.
struct Where {
  std::string group;
  std::optional<double> timeout;
  explicit Where(const Context& c) : group(c.group), timeout(c.timeout) {}
  Context context() const { return {group, timeout}; }
};

// What one process alone gets: a copy, for results never share storage with the argument.
Tensor own_copy(const Tensor& x) { return x.detach().clone(); }

int size_of_group(const Context& context) {
  return world().alone() ? 1 : find_group("distributed", context.group).size();
}

}  // namespace

Tensor gather(const Tensor& x, int destination, const Context& context) {
  if (world().alone()) return stack({x});
  const Tensor out = call({Kind::Gather, x, destination}, context);
  if (!autograd::wanted({x})) return out;
  return record("distributed_gather", out, {x},
                [destination, where = Where(context), shape = x.sizes(), size = size_of_group(context)](const Tensor& g) {
                  if (destination == -1) {
                    return Tensors{reduce_scatter(g, Reduction::Sum, where.context()).reshape(shape)};
                  }
                  // Ranks without the result pass a tensor that does not count.
                  return Tensors{scatter(g, destination, where.context()).reshape(shape)};
                });
}

Tensor all_gather(const Tensor& x, const Context& context) { return gather(x, -1, context); }

Tensor scatter(const Tensor& x, int source, const Context& context) {
  const bool lone = world().alone();
  const Tensor out = lone ? own_copy(x) : call({Kind::Scatter, x, source}, context);
  if (!autograd::wanted({x})) return out;
  return record("distributed_scatter", out, {x}, [source, lone, where = Where(context), shape = x.sizes()](const Tensor& g) {
    if (lone) return Tensors{g};
    const Tensor parts = gather(g, source, where.context());
    return Tensors{rank() == source ? parts.reshape(shape) : zeros(shape, g.dtype())};
  });
}

Tensor broadcast(const Tensor& x, int source, const Context& context) {
  const bool lone = world().alone();
  const Tensor out = lone ? own_copy(x) : call({Kind::Broadcast, x, source}, context);
  if (!autograd::wanted({x})) return out;
  return record("distributed_broadcast", out, {x}, [source, lone, where = Where(context)](const Tensor& g) {
    if (lone) return Tensors{g};
    const Tensor total = reduce(g, source, Reduction::Sum, where.context());
    return Tensors{rank() == source ? total : zeros_like(g)};
  });
}

Tensor all_reduce(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) {
    if (const std::string why = why_not(reduction, x.dtype()); !why.empty()) throw DTypeError("distributed_all_reduce: " + why);
    const Tensor copy = x.clone();
    return reduction == Reduction::Mean && is_integral(x.dtype()) ? copy.to(float32) : copy;
  }
  const Tensor out = call({Kind::AllReduce, x, 0, reduction}, context);
  if (!autograd::wanted({x})) return out;
  const auto total = [where = Where(context)](const Tensor& t) { return all_reduce(t, Reduction::Sum, where.context()); };
  switch (reduction) {
    case Reduction::Sum:
      return record("distributed_all_reduce", out, {x}, [total](const Tensor& g) { return Tensors{total(g)}; });
    case Reduction::Mean:
      return record("distributed_all_reduce", out, {x}, [total, size = size_of_group(context)](const Tensor& g) {
        return Tensors{div(total(g), size)};
      });
    case Reduction::Product:
      return record("distributed_all_reduce", out, {x}, [total, saved = Saved(x)](const Tensor& g, const Tensor& result) {
        return Tensors{div(mul(total(g), result), saved.get())};
      });
    default:
      // Ranks that share the extreme value share the gradient.
      return record("distributed_all_reduce", out, {x}, [total, saved = Saved(x)](const Tensor& g, const Tensor& result) {
        const Tensor mask = eq(saved.get().detach(), result.detach()).to(g.dtype());
        return Tensors{mul(div(total(g), total(mask)), mask)};
      });
  }
}

Tensor reduce(const Tensor& x, int destination, Reduction reduction, const Context& context) {
  if (world().alone()) return all_reduce(x.detach(), reduction, context);
  return call({Kind::Reduce, x, destination, reduction}, context);
}

Tensor reduce_scatter(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) return all_reduce(x, reduction, context);
  const Tensor out = call({Kind::ReduceScatter, x, 0, reduction}, context);
  if (!autograd::wanted({x})) return out;
  if (reduction != Reduction::Sum && reduction != Reduction::Mean) {
    throw GradientError("distributed_reduce_scatter: gradients pass through op sum and mean only");
  }
  const double factor = reduction == Reduction::Mean ? 1.0 / size_of_group(context) : 1.0;
  return record("distributed_reduce_scatter", out, {x}, [factor, where = Where(context), shape = x.sizes()](const Tensor& g) {
    return Tensors{mul(all_gather(g, where.context()).reshape(shape), factor)};
  });
}

Tensor all_to_all(const Tensor& x, const Context& context) {
  const Tensor out = world().alone() ? own_copy(x) : call({Kind::AllToAll, x}, context);
  if (!autograd::wanted({x})) return out;
  return record("distributed_all_to_all", out, {x}, [where = Where(context)](const Tensor& g) {
    return Tensors{all_to_all(g, where.context())};
  });
}

void barrier(const Context& context) {
  if (!world().alone()) call({Kind::Barrier, zeros({0}, uint8)}, context);
}

void new_group(const std::vector<int>& ranks, std::string_view name) {
  World& w = world();
  std::string why;
  if (name.empty() || w.groups.contains(name)) why = "the name \"" + std::string(name) + "\" is taken or empty";
  if (ranks.empty()) why = "a group has one rank at least";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] < 0 || ranks[i] >= w.size || std::count(ranks.begin(), ranks.end(), ranks[i]) > 1) {
      why = "rank " + std::to_string(ranks[i]) + " does not exist or is named twice";
    }
  }
  auto group = std::make_unique<Group>();
  group->name = name;
  group->ranks = ranks;
  const auto own = std::find(ranks.begin(), ranks.end(), w.rank);
  group->rank = own == ranks.end() ? -1 : static_cast<int>(own - ranks.begin());
  if (!w.alone()) {
    const Tensor list = empty({static_cast<std::int64_t>(ranks.size())}, int32);
    std::copy(ranks.begin(), ranks.end(), list.data<std::int32_t>());
    const Tensor lists = call({.kind = Kind::NewGroup, .input = list, .refused = why}, {});
    for (int r = 0; why.empty() && r < w.size; ++r) {
      if (!std::equal(ranks.begin(), ranks.end(), lists.data<std::int32_t>() + r * list.numel())) {
        why = "rank " + std::to_string(r) + " names other ranks than rank " + std::to_string(w.rank);
      }
    }
    if (why.empty() && group->rank >= 0) {
      if (const int error = w.transport->group(ranks.data(), group->size(), &group->id)) transport_failed(error);
    }
  }
  if (!why.empty()) throw DistributedError("distributed_new_group: " + why);
  w.groups[std::string(name)] = std::move(group);
}

void finalize() {
  World& w = world();
  if (!w.alone()) {
    try {
      barrier();
    } catch (const DistributedError&) {
      return;  // Somebody is gone: leaving without them is all that can be done.
    }
    w.transport->close();
    w.transport = nullptr;
    w.rank = 0;
    w.size = 1;
    w.groups.clear();
  }
  w.initialized = false;
}

namespace {

// Already at its end, as everything is in a lone process.
class Finished : public Work {
 public:
  explicit Finished(Tensor result) : result_(std::move(result)) {}
  bool advance() override { return true; }
  Tensor result() override { return result_; }

 private:
  Tensor result_;
};

}  // namespace

WorkPtr gather_async(const Tensor& x, int destination, const Context& context) {
  if (world().alone()) return std::make_shared<Finished>(gather(x, destination, context));
  return start({Kind::Gather, x.detach().clone(), destination}, context);
}

WorkPtr all_reduce_async(const Tensor& x, Reduction reduction, const Context& context) {
  if (world().alone()) return std::make_shared<Finished>(all_reduce(x, reduction, context));
  return start({Kind::AllReduce, x.detach().clone(), 0, reduction}, context);
}

}  // namespace wick::distributed
