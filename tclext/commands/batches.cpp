// Data for training: mini-batches, and shares of several processes.

#include <iterator>
#include <memory>

#include "tclext/commands/training.h"
#include "wick/data/batches.h"
#include "wick/data/sampler.h"
#include "wick/nn/distributed_data_parallel.h"
#include "wick/ops/generator.h"

namespace commands {
namespace {

// One pass through the batches, which come into variables of the caller.
class Pass {
 public:
  Pass(std::vector<binding::ObjRef> names, const Tensors& tensors, wick::BatchOptions options,
       optional<std::int64_t> seed)
      : names_(std::move(names)),
        generator_(static_cast<std::uint64_t>(seed.value_or(0))),
        batches_(tensors, with_generator(options, seed.has_value())),
        at_(batches_.begin()) {}
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  // Sets the variables to the next batch, and answers whether there was one.
  bool next(binding::State& state) {
    if (at_ == batches_.end() || !state.interp()) return false;
    const Tensors batch = *at_;
    ++at_;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const binding::ObjRef handle(binding::new_handle(state, batch[i]));
      if (!Tcl_ObjSetVar2(state.interp(), names_[i].get(), nullptr, handle.get(), TCL_LEAVE_ERR_MSG))
        throw binding::ScriptError{TCL_ERROR};
    }
    return true;
  }

 private:
  wick::BatchOptions with_generator(wick::BatchOptions options, bool seeded) {
    if (seeded) options.generator = &generator_;
    return options;
  }

  std::vector<binding::ObjRef> names_;
  wick::Generator generator_;
  wick::Batches batches_;
  wick::Batches::Iterator at_;
};

binding::Evaluation each_batch(Call& call, const binding::Value& variables, const Tensors& tensors,
                               binding::Script body, const wick::BatchOptions& options,
                               optional<std::int64_t> seed) {
  std::vector<binding::ObjRef> names;
  for (Tcl_Obj* name : binding::elements_of(variables.object)) {
    if (binding::holds_handle(name))
      throw binding::invalid_value("variables", variables.object, "a list of names of variables");
    names.emplace_back(name);
  }
  if (names.size() != tensors.size()) {
    wick::fail("batches", "{} names were given for {} tensors", static_cast<std::int64_t>(names.size()),
               static_cast<std::int64_t>(tensors.size()));
  }
  const auto pass = std::make_shared<Pass>(std::move(names), tensors, options, seed);
  if (!pass->next(call.state)) return {};
  return {.script = body.object, .again = [pass](binding::State& state) { return pass->next(state); }};
}

using DataParallel = wick::nn::DistributedDataParallel;

// The script runs without the averaging of gradients.
binding::Evaluation without_sync(const Module& module, binding::Script script) {
  const wick::Ref<DataParallel> model(dynamic_cast<DataParallel*>(module.get()));
  if (!model)
    wick::fail("no_sync", "the module is a {}, not one of distributed_data_parallel", module->kind());
  // Ends with the function that is called after the script.
  const auto paused = std::make_shared<DataParallel::NoSync>(model);
  return {.script = script.object, .after = [paused](binding::State&) {}};
}

std::vector<Command> parallel_commands() {
  return {
      Command{
          .name = "distributed_data_parallel",
          .summary = "A module that trains on several processes at once, each with its own part of the data.",
          .details =
              "Parameters and buffers become those of rank 0, and tensor_backward averages gradients over "
              "all ranks "
              "while it goes on, in buckets from the last layer on. Every rank goes backward equally often. "
              "Models that differ, and parameters that a rank did not use, are an error on every rank that "
              "names them. In a lone process the module only passes on.",
          .params = {{"module", required, "a layer or a container"},
                     {"group", "", "group of processes; all when empty"},
                     {"bucketBytes bucket_bytes", std::int64_t{25 << 20},
                      "gradients of so many bytes travel together", at_least(1)}},
          .positional = {"module ?group?"},
          .trusted_only = true,
          .returns = "a module around the one given",
          .call = bind([](const Module& module, std::string_view group, std::int64_t bytes) {
            return Module(new DataParallel(module, {.group = std::string(group), .bucket_bytes = bytes}));
          })},
      Command{.name = "no_sync",
              .summary = "Evaluates a script in which gradients of a data parallel module are summed up on "
                         "each rank alone.",
              .details = "The next tensor_backward after it averages the sums.",
              .params = {{"module", required, "what distributed_data_parallel gave"},
                         {"script", required, "what to evaluate in the caller's context"}},
              .positional = {"module script"},
              .trusted_only = true,
              .returns = "the script's result",
              .call = bind(
                  [](const Module& module, binding::Script script) { return without_sync(module, script); })},
  };
}

std::vector<Command> data_commands() {
  return {
      Command{
          .name = "batches",
          .summary = "A loop over mini-batches of several tensors, such as samples and their labels.",
          .details = "Tensors of one first size are cut along it, and each variable holds its tensor's part, "
                     "for one "
                     "round of the body. The data set is never copied as a whole: without -shuffle and "
                     "-indices the parts "
                     "share its memory, else the rows of one batch are gathered when its turn comes. break "
                     "and continue "
                     "do what they do in foreach.",
          .params = {{"variables", required, "a list of names of variables"},
                     {"tensors", required, "as many tensors"},
                     {"body", required, "a script"},
                     {"size", std::int64_t{64}, "rows in a batch; the last one may have fewer", at_least(1)},
                     {"shuffle", false, "whether rows come in an order that is drawn for each loop"},
                     {"seed", omittable,
                      "what the order is drawn from; else the random generator of the process", at_least(0)},
                     {"dropLast drop_last", false, "whether a last batch that is not full is left out"},
                     {"indices", omittable,
                      "Int64: these rows and no others, as distributed_sampler gives them"}},
          .positional = {"variables tensors body"},
          .returns = "nothing",
          .call = bind([](Call& call, binding::Value variables, const Tensors& tensors, binding::Script body,
                          std::int64_t size, bool shuffle, optional<std::int64_t> seed, bool drop_last,
                          const optional<Tensor>& indices) {
            const wick::BatchOptions options{.batch_size = size,
                                             .shuffle = shuffle,
                                             .drop_last = drop_last,
                                             .indices = indices.value_or(Tensor())};
            return each_batch(call, variables, tensors, body, options, seed);
          })},
      Command{
          .name = "distributed_sampler",
          .summary = "This process's share of the rows 0 to count - 1, every rank a part of one order.",
          .details = "The order is the same on all ranks without any exchange, that of PyTorch's "
                     "DistributedSampler. "
                     "Ranks get equally many rows: some come twice, or are left out with -dropLast.",
          .params = {{"count n", required, "number of rows", at_least(0)},
                     {"shuffle", true, "whether the order is drawn"},
                     {"seed", std::int64_t{0}, "what it is drawn from, the same on every rank", at_least(0)},
                     {"epoch", std::int64_t{0}, "another order for each", at_least(0)},
                     {"dropLast drop_last", false, "whether rows are left out rather than taken twice"}},
          .positional = {"count"},
          .trusted_only = true,
          .returns = "an Int64 tensor of row numbers",
          .call = bind(
              [](std::int64_t count, bool shuffle, std::int64_t seed, std::int64_t epoch, bool drop_last) {
                return wick::distributed_sampler(count, {.shuffle = shuffle,
                                                         .seed = static_cast<std::uint64_t>(seed),
                                                         .epoch = epoch,
                                                         .drop_last = drop_last});
              })},
  };
}

}  // namespace

std::vector<Command> batch_commands() { return joined({data_commands(), parallel_commands()}); }

}  // namespace commands
