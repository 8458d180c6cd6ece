#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wick/core/tensor.h"

// Several processes that work together. In a lone process there is one rank, everything answers at once, and
// nothing has to be installed. Processes started by an MPI launcher form a world of as many ranks: every rank
// calls the same collectives in the same order. Before data moves the ranks agree on operation, dtype and
// shape; a mismatch is the same error on every rank, and the group still works afterwards. A rank that never
// comes is an error on the others after the timeout, and the group cannot be used from then on.
//
// The state is the process's, and any thread may call. Ranks meet in the order of the calls, so where several
// threads use one group, it is for them to see that this order is the same on every rank.

namespace WICK_API wick {

// Ranks that disagree, that are missing, or a group that cannot be used.
class DistributedError : public Error {
 public:
  using Error::Error;
};

namespace distributed {

struct Options {
  // What a launcher did not say, else what must agree with it.
  std::optional<std::int64_t> rank;
  std::optional<std::int64_t> world_size;
  double timeout = 300;  // seconds
};

// Joins the processes that a launcher started; a lone process becomes a world of one. Called by itself at the
// first collective under a launcher. DistributedError when MPI is needed and cannot be loaded.
void init(const Options& options = {});
// Leaves the world: waits for the others, for at most the timeout.
void finalize();

// Whether an MPI launcher has started this process, and whether it has started several.
bool under_launcher() noexcept;
bool launched() noexcept;
bool initialized() noexcept;
int rank();
int world_size();

// How contributions are combined. Mean is a true division: integers give float32. The last three are for
// integers and bool.
enum class Reduction { Sum, Mean, Product, Min, Max, BitAnd, BitOr, BitXor };
std::string_view name(Reduction reduction);
std::optional<Reduction> reduction_by_name(std::string_view name);

// Who takes part and how long to wait; every collective takes one.
struct Context {
  std::string_view group = "";    // all processes when empty
  std::optional<double> timeout;  // seconds; init's when left out
};

// A group of these ranks of the world, in this order. Called by all processes, also by those that are not in
// it.
void new_group(const std::vector<std::int64_t>& ranks, std::string_view name);

// The tensors of all ranks under a new first dimension, in rank order: on rank `destination`, or everywhere
// when it is -1. Other ranks get an empty tensor of shape (0, S...). Differentiable, as are all below but
// reduce.
Tensor gather(const Tensor& x, std::int64_t destination = 0, const Context& context = {});
Tensor all_gather(const Tensor& x, const Context& context = {});
// Rank `source`'s tensor cut along the first dimension, one equal part for each rank; x counts on that rank
// only.
Tensor scatter(const Tensor& x, std::int64_t source = 0, const Context& context = {});
// Rank `source`'s tensor on every rank; elsewhere x must have its shape and dtype.
Tensor broadcast(const Tensor& x, std::int64_t source = 0, const Context& context = {});
// All contributions combined, element by element, on every rank.
Tensor all_reduce(const Tensor& x, Reduction reduction = Reduction::Sum, const Context& context = {});
// The same on rank `destination` only; the others get their own tensor.
Tensor reduce(const Tensor& x, std::int64_t destination = 0, Reduction reduction = Reduction::Sum,
              const Context& context = {});
// All contributions combined, then cut along the first dimension; rank r gets part r.
Tensor reduce_scatter(const Tensor& x, Reduction reduction = Reduction::Sum, const Context& context = {});
// Each rank cuts its tensor along the first dimension; part j goes to rank j, in rank order.
Tensor all_to_all(const Tensor& x, const Context& context = {});
// Returns when all ranks have called it.
void barrier(const Context& context = {});

// Something under way. advance() moves it on without waiting; once it is true the operation has ended, and
// result() gives its tensor or throws its error.
class Work {
 public:
  virtual ~Work() = default;
  virtual bool advance() = 0;
  virtual Tensor result() = 0;
  // Whether large data is on its way, which moves only while somebody calls advance().
  virtual bool busy() const { return false; }
};
using WorkPtr = std::shared_ptr<Work>;

// Advances until the end.
Tensor wait(const WorkPtr& work);

// The collectives that can run while the program goes on.
WorkPtr gather_async(const Tensor& x, std::int64_t destination = 0, const Context& context = {});
WorkPtr all_reduce_async(const Tensor& x, Reduction reduction = Reduction::Sum, const Context& context = {});

// Messages. Those between a pair of ranks with one tag arrive in order. send returns when x may be changed
// again; isend keeps a copy of it, which is its result. A message is received in the sender's dtype;
// ShapeError when its number of elements is not that of `shape`. source -1: from any rank. Tags are from 0 to
// a limit of the MPI implementation, 2^28 - 1 at least where MPICH or Open MPI connect the ranks;
// DistributedError for others.
void send(const Tensor& x, std::int64_t destination, std::int64_t tag = 0,
          std::optional<double> timeout = std::nullopt);
Tensor recv(const Shape& shape, std::int64_t source = -1, std::int64_t tag = 0,
            std::optional<double> timeout = std::nullopt);
WorkPtr isend(const Tensor& x, std::int64_t destination, std::int64_t tag = 0,
              std::optional<double> timeout = std::nullopt);
WorkPtr irecv(const Shape& shape, std::int64_t source = -1, std::int64_t tag = 0,
              std::optional<double> timeout = std::nullopt);

}  // namespace distributed
}  // namespace wick
