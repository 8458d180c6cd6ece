#include <atomic>
#include <climits>
#include <mutex>

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/pending.h"

namespace wd = wick::distributed;

template <>
inline constexpr binding::Word<wd::Reduction> binding::words<wd::Reduction>[] = {
    {"sum", wd::Reduction::Sum},   {"mean", wd::Reduction::Mean},  {"product", wd::Reduction::Product},
    {"min", wd::Reduction::Min},   {"max", wd::Reduction::Max},    {"band", wd::Reduction::BitAnd},
    {"bor", wd::Reduction::BitOr}, {"bxor", wd::Reduction::BitXor}};

namespace commands {
namespace {

const Param contribution{"tensor", required, "what this process contributes"};
const Param group{"group", "", "which processes take part; empty means all"};
const Param timeout{"timeout", omittable, "seconds to wait for the others; distributed_init's when left out"};
const Param op{"op", "sum", "how the contributions are combined"};
const Param operation{"operation", "sum", "how the contributions are combined"};
const Param tag{"tag", std::int64_t{0}, "only a receive with the same tag gets the message"};
const Param command{
    "command", omittable,
    "returns at once; the command prefix is called with the words ok and the result, or error and "
    "a message, when the event loop runs"};

// What distributed_init announced to a process that no launcher has started.
struct Announced {
  bool called = false;
  std::int64_t rank = 0;
  std::int64_t world_size = 1;
};

// The process's, for all its threads.
class Announcement {
 public:
  Announced get() const {
    const std::lock_guard lock(mutex_);
    return announced_;
  }
  void set(const Announced& announced) {
    const std::lock_guard lock(mutex_);
    announced_ = announced;
  }

 private:
  mutable std::mutex mutex_;
  Announced announced_;
};
Announcement announcement;

bool alone() { return !wd::launched(); }

wd::Context context(std::string_view name, const optional<double>& seconds) {
  if (seconds && !(*seconds > 0)) {
    throw wick::Error("-timeout must be above 0 seconds, " + wick::to_string(Scalar(*seconds)) +
                      " was given");
  }
  return {name, seconds};
}

void require_not_negative(const char* option, std::int64_t value) {
  if (value < 0) {
    throw wick::Error(std::string("Required parameters missing: -") + option + " must be 0 or greater, " +
                      std::to_string(value) + " was given");
  }
}

void leave_at_exit(ClientData) {
  if (wd::initialized()) wd::finalize();
}

std::string init(optional<std::int64_t> rank, optional<std::int64_t> world_size,
                 optional<std::string_view> address, std::int64_t port, std::string_view backend,
                 optional<double> seconds) {
  const wd::Context limits = context("", seconds);
  wd::Options options;
  if (limits.timeout) options.timeout = *limits.timeout;
  if (wd::under_launcher()) {
    if (rank) options.rank = *rank;
    if (world_size) options.world_size = *world_size;
    wd::init(options);
    if (alone()) announcement.set({.called = true});
    return std::string("Distributed training initialized") + (alone() ? " (single GPU)" : "") +
           ": rank=" + std::to_string(wd::rank()) + ", world_size=" + std::to_string(wd::world_size()) +
           ", backend=" + std::string(backend);
  }
  if (!rank) throw binding::missing_parameter("rank");
  if (!world_size) throw binding::missing_parameter("worldSize");
  if (!address || address->empty()) throw binding::missing_parameter("masterAddr");
  require_not_negative("rank", *rank);
  if (*world_size < 1 || *world_size > INT_MAX || *rank > INT_MAX || port < 1) {
    throw wick::Error("Required parameters missing: -worldSize and -masterPort must be 1 or greater, " +
                      std::to_string(*world_size) + " and " + std::to_string(port) + " were given");
  }
  wd::init(options);
  const bool single = *world_size == 1;
  const Announced state{true, single ? 0 : *rank, *world_size};
  announcement.set(state);
  // A process that nobody launched together with others cannot find them: what it announces is emulated, and
  // says so.
  return std::string("Distributed training initialized (") + (single ? "single GPU" : "emulated multi-GPU") +
         "): rank=" + std::to_string(state.rank) + ", world_size=" + std::to_string(state.world_size) +
         ", backend=" + (single ? "" : "emulated_") + std::string(backend);
}

// A lone process has the values already, and the mean of one tensor is the tensor, whatever its dtype. In the
// emulation the mean is that of the input and of zeros.
Tensor reduce_alone(const Tensor& x, wd::Reduction reduction) {
  const bool mean = reduction == wd::Reduction::Mean;
  const Tensor own = wd::all_reduce(x, mean ? wd::Reduction::Sum : reduction);
  const std::int64_t size = announcement.get().world_size;
  return mean && size > 1 ? wick::div(own, size).to(x.dtype()) : own;
}

Command all_reduce(const char* name) {
  return Command{
      .name = name,
      .summary =
          "Combines the tensors of all processes element by element and gives every process the result.",
      .details =
          "All pass tensors of one shape and dtype. mean of integers is a true division and gives Float32, "
          "but for a single "
          "process, where the result equals the input for every operation. band, bor and bxor are for "
          "integers.",
      .params = {contribution, operation, group, timeout, command},
      .positional = {"tensor ?operation?"},
      .returns = "of the input's shape, the same values on every rank",
      .call = bind([](Call& call, const Tensor& x, wd::Reduction reduction, std::string_view name_of_group,
                      optional<double> seconds, optional<binding::Callback> callback) -> optional<Tensor> {
        if (callback) {
          const wd::WorkPtr work = alone()
                                       ? finished(reduce_alone(x, reduction))
                                       : wd::all_reduce_async(x, reduction, context(name_of_group, seconds));
          call_back(call.state, work, *callback);
          return std::nullopt;
        }
        if (alone()) return reduce_alone(x, reduction);
        return wd::all_reduce(x, reduction, context(name_of_group, seconds));
      })};
}

Command broadcast(const char* name) {
  return Command{
      .name = name,
      .summary = "Gives every process the values that one of them passed.",
      .details =
          "The others pass a tensor of the same shape and dtype, which is not changed. In a single process "
          "any root that is "
          "not negative is accepted.",
      .params = {{"tensor", required, "on root the data, elsewhere a tensor of the same shape and dtype"},
                 {"root", std::int64_t{0}, "rank whose values everyone gets"},
                 group,
                 timeout},
      .positional = {"tensor ?root?"},
      .returns = "shape, dtype and values of the tensor on root",
      .call = bind(
          [](const Tensor& x, std::int64_t root, std::string_view name_of_group, optional<double> seconds) {
            require_not_negative("root", root);
            return wd::broadcast(x, root, context(name_of_group, seconds));
          })};
}

std::vector<Command> world() {
  return {
      Command{
          .name = "distributed_init",
          .summary = "Makes this process a rank of a world of several.",
          .details = "Under an MPI launcher (mpirun) rank and world size are the launcher's: those given "
                     "must agree, and all may be "
                     "left out. A lone process needs them and the address; it becomes a world of one, or, "
                     "when it announces "
                     "several, an emulation that says so: each collective then answers at once from this "
                     "process's values.",
          .params = {{"rank", omittable, "this process's number, from 0; required without a launcher"},
                     {"worldSize", omittable, "number of processes, at least 1; required without a launcher"},
                     {"masterAddr", omittable,
                      "address of rank 0; required without a launcher, which finds it otherwise"},
                     {"masterPort", std::int64_t{29500}, "accepted for scripts that give it"},
                     {"backend", "nccl",
                      "any text, repeated in the answer; several processes are always connected over MPI"},
                     {"timeout", omittable,
                      "seconds that a collective waits for the others; 300 when left out"}},
          .positional = {"rank worldSize masterAddr ?masterPort? ?backend?"},
          .returns = "a sentence with rank=R, world_size=W and backend=B",
          .call = bind(
              [](optional<std::int64_t> rank, optional<std::int64_t> size, optional<std::string_view> address,
                 std::int64_t port, std::string_view backend,
                 optional<double> seconds) { return init(rank, size, address, port, backend, seconds); }),
      },
      Command{
          .name = "distributed_finalize",
          .summary = "Leaves the world: waits for the other ranks, for at most the timeout.",
          .details = "A script that ends does the same by itself.",
          .positional = {""},
          .returns = "ok",
          .call = bind([] {
            wd::finalize();
            announcement.set({});
            return "ok";
          }),
      },
      Command{
          .name = "distributed_new_group",
          .summary = "Makes a group of some ranks, for the -group of the other commands.",
          .details = "All processes call it with the same ranks, also those that are not in the group.",
          .params = {{"ranks", required, "ranks of the world, in the group's order"},
                     {"name", omittable, "a new name; one is made up when left out"}},
          .positional = {"ranks ?name?"},
          .returns = "the group's name",
          .call = bind([](Ints ranks, optional<std::string_view> wanted) {
            static std::atomic<int> made = 0;
            const std::string chosen = wanted ? std::string(*wanted) : "group" + std::to_string(++made);
            wd::new_group({ranks.begin(), ranks.end()}, chosen);
            return chosen;
          }),
      },
      Command{
          .name = "get_rank",
          .summary = "The rank of this process; 0 in a single process.",
          .positional = {""},
          .returns = "the rank, from 0",
          .call = bind([] { return alone() ? announcement.get().rank : wd::rank(); }),
      },
      Command{
          .name = "get_world_size",
          .summary = "The number of processes; 1 before distributed_init without a launcher.",
          .positional = {""},
          .returns = "the number",
          .call = bind([] { return alone() ? announcement.get().world_size : wd::world_size(); }),
      },
      Command{
          .name = "is_distributed",
          .summary = "Whether there are several processes.",
          .positional = {""},
          .returns = "1 or 0",
          .call = bind([] { return (alone() ? announcement.get().world_size : wd::world_size()) > 1; }),
      },
      Command{
          .name = "distributed_barrier",
          .summary = "Returns when all processes have called it.",
          .params = {group, timeout},
          .positional = {""},
          .returns = "a sentence beginning with Barrier synchronized; Distributed not initialized before "
                     "distributed_init",
          .call = bind([](std::string_view name_of_group, optional<double> seconds) {
            if (!alone()) {
              wd::barrier(context(name_of_group, seconds));
              return "Barrier synchronized";
            }
            const Announced state = announcement.get();
            return !state.called          ? "Distributed not initialized"
                   : state.world_size > 1 ? "Barrier synchronized (simulated multi-GPU)"
                                          : "Barrier synchronized (single GPU)";
          }),
      },
  };
}

std::vector<Command> collectives() {
  return {
      Command{
          .name = "distributed_gather",
          .summary = "Gathers one tensor from every process into a new leading dimension.",
          .details = "All processes call it with tensors of one shape and dtype. The first size of the "
                     "result is the number of "
                     "processes, and slice r is what rank r passed. Ranks other than dst get an empty "
                     "tensor; with dst -1 every "
                     "rank gets the whole. In a single process the result is a copy of the input under a new "
                     "dimension of size "
                     "1, and any dst and any group are accepted.",
          .params = {contribution,
                     {"dst", std::int64_t{0}, "rank that receives the result; -1 for all of them"},
                     group,
                     timeout,
                     command},
          .positional = {"tensor ?dst? ?group?"},
          .returns =
              "on rank dst the world size, then the input's shape; elsewhere 0, then the input's shape",
          .call =
              bind([](Call& call, const Tensor& x, std::int64_t dst, std::string_view name_of_group,
                      optional<double> seconds, optional<binding::Callback> callback) -> optional<Tensor> {
                const wd::Context limits = context(name_of_group, seconds);
                if (callback) {
                  call_back(call.state, wd::gather_async(x, dst, limits), *callback);
                  return std::nullopt;
                }
                return wd::gather(x, dst, limits);
              }),
      },
      Command{
          .name = "distributed_all_gather",
          .summary =
              "Gathers one tensor from every process, for every process: distributed_gather with dst -1.",
          .params = {contribution, group, timeout},
          .positional = {"tensor ?group?"},
          .returns = "the world size, then the input's shape",
          .call = bind([](const Tensor& x, std::string_view name_of_group, optional<double> seconds) {
            return wd::all_gather(x, context(name_of_group, seconds));
          }),
      },
      Command{
          .name = "distributed_scatter",
          .summary =
              "Cuts one process's tensor along the first dimension and gives each process an equal part.",
          .details = "The first size must be a multiple of the number of processes. The others pass any "
                     "tensor of theirs, which is "
                     "ignored.",
          .params = {{"tensor", required, "the tensor to hand out; only the one on rank src counts"},
                     {"src", std::int64_t{0}, "rank that owns the data"},
                     group,
                     timeout},
          .positional = {"tensor ?src? ?group?"},
          .returns = "this rank's part",
          .call = bind([](const Tensor& x, std::int64_t src, std::string_view name_of_group,
                          optional<double> seconds) {
            require_not_negative("src", src);
            return wd::scatter(x, src, context(name_of_group, seconds));
          }),
      },
      broadcast("distributed_broadcast"),
      broadcast("broadcast"),
      all_reduce("distributed_all_reduce"),
      all_reduce("all_reduce"),
      Command{
          .name = "distributed_reduce",
          .summary = "Combines the tensors of all processes element by element, for one of them.",
          .params =
              {contribution, {"dst", std::int64_t{0}, "rank that receives the result"}, op, group, timeout},
          .positional = {"tensor ?dst? ?op? ?group?"},
          .returns = "on rank dst the combined tensor, elsewhere the rank's own",
          .call = bind([](const Tensor& x, std::int64_t dst, wd::Reduction reduction,
                          std::string_view name_of_group, optional<double> seconds) {
            if (alone()) return reduce_alone(x.detach(), reduction);
            return wd::reduce(x, dst, reduction, context(name_of_group, seconds));
          }),
      },
      Command{
          .name = "distributed_reduce_scatter",
          .summary = "Combines the tensors of all processes, cuts the result along the first dimension and "
                     "gives each process its "
                     "part.",
          .details =
              "The first size must be a multiple of the number of processes. mean of integers gives Float32.",
          .params = {contribution, op, group, timeout},
          .positional = {"tensor ?op? ?group?"},
          .returns = "this rank's part of the combined tensor",
          .call = bind([](const Tensor& x, wd::Reduction reduction, std::string_view name_of_group,
                          optional<double> seconds) {
            return wd::reduce_scatter(x, reduction, context(name_of_group, seconds));
          }),
      },
      Command{
          .name = "distributed_all_to_all",
          .summary = "Each process cuts its tensor along the first dimension and sends part j to rank j.",
          .details = "The first size must be a multiple of the number of processes. The result is the "
                     "concatenation, in rank order, "
                     "of the parts meant for this rank.",
          .params = {{"tensor", required, "this process's data, part j being meant for rank j"},
                     group,
                     timeout},
          .positional = {"tensor ?group?"},
          .returns = "of the input's shape",
          .call = bind([](const Tensor& x, std::string_view name_of_group, optional<double> seconds) {
            return wd::all_to_all(x, context(name_of_group, seconds));
          }),
      },
  };
}

void check_receive(const Shape& size, std::int64_t src) {
  if (size.empty()) throw wick::Error("Required parameters missing: -shape must name one dimension at least");
  if (alone() || src < -1) require_not_negative("src", src);
}

std::vector<Command> messages() {
  const Param data{"tensor", required, "what to send"};
  const Param destination{"dst", required, "rank to send to"};
  const Param size{"shape", required, "shape of the tensor to receive, at least one dimension"};
  const Param source{"src", required, "rank to receive from; -1 for any of several"};
  const Param handle{"handle", required, "what distributed_isend or distributed_irecv returned"};
  return {
      Command{
          .name = "distributed_send",
          .summary = "Sends a tensor to a rank, and returns when it may be changed again.",
          .details = "Messages between one pair of ranks with one tag arrive in order. In a single process "
                     "there is nobody to send "
                     "to, and the call succeeds at once.",
          .params = {data, destination, tag, timeout},
          .positional = {"tensor dst ?tag?"},
          .returns = "send_completed",
          .call = bind([](const Tensor& x, std::int64_t dst, std::int64_t label, optional<double> seconds) {
            require_not_negative("dst", dst);
            const wd::Context limits = context("", seconds);
            if (!alone()) wd::send(x, dst, label, limits.timeout);
            return "send_completed";
          }),
      },
      Command{
          .name = "distributed_recv",
          .summary = "Waits for the next message of a rank with this tag.",
          .details = "The message must have as many elements as the shape; the dtype is the sender's. In a "
                     "single process the "
                     "result is Float32 zeros, at once.",
          .params = {size, source, tag, timeout},
          .positional = {"shape src ?tag?"},
          .returns = "a new tensor of that shape",
          .call = bind([](Shape wanted, std::int64_t src, std::int64_t label, optional<double> seconds) {
            check_receive(wanted, src);
            const wd::Context limits = context("", seconds);
            if (alone()) return wick::zeros(wanted);
            return wd::recv(wanted, src, label, limits.timeout);
          }),
      },
      Command{
          .name = "distributed_isend",
          .summary = "Starts to send a tensor, and returns at once.",
          .details = "The values are those at the time of the call.",
          .params = {data, destination, tag, timeout, command},
          .positional = {"tensor dst ?tag?"},
          .returns = "a handle for distributed_wait and distributed_test, isend_handle_dstD_tagT",
          .call = bind([](Call& call, const Tensor& x, std::int64_t dst, std::int64_t label,
                          optional<double> seconds, optional<binding::Callback> callback) {
            require_not_negative("dst", dst);
            const wd::Context limits = context("", seconds);
            const std::string name =
                "isend_handle_dst" + std::to_string(dst) + "_tag" + std::to_string(label);
            const wd::WorkPtr work = alone() ? finished(x) : wd::isend(x, dst, label, limits.timeout);
            const std::string added = alone() ? name : requests().add_send(name, work);
            if (callback) call_back(call.state, work, *callback, added);
            return added;
          }),
      },
      Command{
          .name = "distributed_irecv",
          .summary = "Posts a receive, and returns at once.",
          .details = "Receives posted for one source and tag are filled in the order of posting.",
          .params = {size, source, tag, timeout, command},
          .positional = {"shape src ?tag?"},
          .returns = "a handle for distributed_wait and distributed_test, irecv_handle_N",
          .call = bind([](Call& call, Shape wanted, std::int64_t src, std::int64_t label,
                          optional<double> seconds, optional<binding::Callback> callback) -> binding::Text {
            check_receive(wanted, src);
            const wd::Context limits = context("", seconds);
            if (alone()) {
              Tcl_Obj* posted = receive_alone(wanted);
              if (callback)
                call_back(call.state, finished(wick::zeros(wanted)), *callback,
                          std::string(binding::text_of(posted)));
              return {posted};
            }
            const wd::WorkPtr work = wd::irecv(wanted, src, label, limits.timeout);
            const std::string posted = requests().add_receive(work);
            if (callback) call_back(call.state, work, *callback, posted);
            return {binding::new_text(posted)};
          }),
      },
      Command{
          .name = "distributed_wait",
          .summary = "Waits until an operation is complete.",
          .details = "Waiting again for a finished operation answers the same. A handle that belongs to no "
                     "operation is judged by "
                     "its text: one that contains isend answers send_completed, one that contains irecv "
                     "Float32 zeros of shape "
                     "{2 2}, any other operation_completed.",
          .params = {handle},
          .positional = {"handle"},
          .dashed_values = true,
          .returns = "send_completed for a send, the tensor for a receive, else operation_completed",
          .call = bind([](Call& call, std::string_view name) -> Tcl_Obj* {
            if (const Shape* wanted = shape_received_alone(call.words[0]))
              return binding::new_handle(call.state, wick::zeros(*wanted));
            if (const auto received = requests().wait(name))
              return binding::new_handle(call.state, *received);
            if (is_send(name)) return binding::new_text("send_completed");
            if (name.find("irecv") != name.npos) return binding::new_handle(call.state, wick::zeros({2, 2}));
            return binding::new_text("operation_completed");
          }),
      },
      Command{
          .name = "distributed_test",
          .summary = "Tells without waiting whether an operation is complete.",
          .details = "A handle that belongs to no operation counts as complete.",
          .params = {handle},
          .positional = {"handle"},
          .dashed_values = true,
          .returns = "true or false",
          .call = bind([](std::string_view name) { return requests().test(name) ? "true" : "false"; }),
      },
  };
}

}  // namespace

const Area& distributed() {
  static const Area area = [] {
    // The world is left however it was joined, also by a first collective.
    if (wd::launched()) Tcl_CreateExitHandler(leave_at_exit, nullptr);
    Area all{"distributed", "Several processes", joined({world(), collectives(), messages()})};
    for (Command& command : all.commands) command.trusted_only = true;
    return all;
  }();
  return area;
}

}  // namespace commands
