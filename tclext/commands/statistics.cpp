#include "tclext/commands/areas.h"
#include "tclext/commands/operand.h"

namespace commands {
namespace {

using std::int64_t;
using wick::NamedTensors;

const Param last_dim{"dim", int64_t{-1}, "dimension to sort along, negative counts from the end"};
const Param descending{"descending", false, "whether the largest come first"};
const Param bins{"bins", int64_t{100}, "how many intervals"};
constexpr const char* order =
    "nan counts as larger than any number, and equal elements keep their order. Not for complex dtypes.";

Command position(const char* name, const char* summary, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .details =
                     "Of equal elements the first; a nan counts as both the largest and the smallest. No "
                     "elements is an error. tensor_max and tensor_min give the values.",
                 .params = {input, dim_or_all, {"keepdim", false, "keep the reduced dimension with size 1"}},
                 .positional = {"input ?dim? ?keepdim?"},
                 .returns = "Int64, 0-d without dim: then the position in row-major order",
                 .call = std::move(call)};
}

std::vector<Command> ordering() {
  return {
      position("argmax", "The position of the largest element of all, or along a dimension.",
               bind([](const Tensor& x, optional<int64_t> dim, bool keepdim) {
                 return dim ? wick::argmax(x, *dim, keepdim) : wick::argmax(x);
               })),
      position("argmin", "The position of the smallest element of all, or along a dimension.",
               bind([](const Tensor& x, optional<int64_t> dim, bool keepdim) {
                 return dim ? wick::argmin(x, *dim, keepdim) : wick::argmin(x);
               })),
      Command{
          .name = "sort",
          .summary = "The elements in order along a dimension, and where each one was.",
          .details = order,
          .params = {input, last_dim, descending},
          .positional = {"input ?dim? ?descending?"},
          .returns = "the dict {values H1 indices H2}, both of the input's shape",
          .call = bind([](const Tensor& x, int64_t dim, bool down) {
            const auto [values, indices] = wick::sort(x, dim, down);
            return NamedTensors{{"values", values}, {"indices", indices}};
          }),
      },
      Command{
          .name = "argsort",
          .summary = "The positions that would sort the tensor along a dimension.",
          .details = order,
          .params = {input, last_dim, descending},
          .positional = {"input ?dim? ?descending?"},
          .returns = "Int64, the input's shape",
          .call = bind([](const Tensor& x, int64_t dim, bool down) { return wick::argsort(x, dim, down); }),
      },
      Command{
          .name = "topk",
          .summary = "The k largest (or smallest) elements along a dimension in order, and where they were.",
          .details = order,
          .params = {input,
                     {"k", required, "how many, up to the size of the dimension"},
                     {"dim", int64_t{-1}, "dimension to pick along, negative counts from the end"},
                     {"largest", true, "whether the largest are picked, falling; else the smallest, rising"}},
          .positional = {"input k ?dim? ?largest?"},
          .returns = "the dict {values H1 indices H2}; the size of dim is k",
          .call = bind([](const Tensor& x, int64_t k, int64_t dim, bool largest) {
            const auto [values, indices] = wick::topk(x, k, dim, largest);
            return NamedTensors{{"values", values}, {"indices", indices}};
          }),
      },
  };
}

optional<std::pair<double, double>> range_of(const optional<binding::Value>& given) {
  if (!given) return std::nullopt;
  const std::vector<Tcl_Obj*> words = binding::elements_of(given->object);
  if (words.empty()) return std::nullopt;
  const auto low = binding::number_of(words.front());
  const auto high = binding::number_of(words.back());
  if (words.size() != 2 || !low || !high)
    throw binding::invalid_value("range", given->object, "a list of two numbers");
  return std::pair{low->to_double(), high->to_double()};
}

Command summary(const char* name, const char* what, const char* details, const char* returns,
                binding::Function call) {
  return Command{
      .name = name,
      .summary = what,
      .details = details,
      .params = {input,
                 {"dim dims", "", "dimension, or list of dimensions, to reduce; all when left out"},
                 {"keepdim", false, "keep the reduced dimensions with size 1"}},
      .positional = {"input ?dim? ?keepdim?"},
      .returns = returns,
      .call = std::move(call)};
}

template <Tensor (*function)(const Tensor&, const wick::Dims&, bool)>
binding::Function over_dims() {
  return bind([](const Tensor& x, const Ints& dims, bool keepdim) { return function(x, dims, keepdim); });
}

std::vector<Command> summaries() {
  constexpr const char* returns = "the input's shape without the dims, or with size 1 there under keepdim";
  const auto totals = [&](const char* name, const char* what, const char* details, binding::Function call) {
    Command command = summary(name, what, details, returns, std::move(call));
    command.params.push_back({"dtype", omittable, "what the elements are converted to first"});
    command.positional = {"input ?dim? ?keepdim? ?dtype?"};
    return command;
  };
  return {
      summary("any", "Whether some elements are not 0.", "nan is not 0. Of no elements it is false.",
              "Bool, of UInt8 in UInt8", over_dims<wick::any>()),
      summary("all", "Whether all elements are not 0.", "nan is not 0. Of no elements it is true.",
              "Bool, of UInt8 in UInt8", over_dims<wick::all>()),
      Command{
          .name = "count_nonzero",
          .summary = "How many elements are not 0.",
          .details = "nan is not 0.",
          .params = {input,
                     {"dim dims", "", "dimension, or list of dimensions, to count along; all when left out"}},
          .positional = {"input ?dim?"},
          .returns = "Int64, the input's shape without the dims",
          .call = bind([](const Tensor& x, const Ints& dims) { return wick::count_nonzero(x, dims); }),
      },
      totals("prod", "The product of the elements.", "Of no elements it is 1. Integers and Bool give Int64.",
             bind([](const Tensor& x, const Ints& dims, bool keepdim, optional<DType> type) {
               return wick::prod(x, dims, keepdim, type);
             })),
      totals("nansum", "The sum of the elements that are not nan.",
             "Of none it is 0. Integers and Bool give Int64. Not for complex dtypes.",
             bind([](const Tensor& x, const Ints& dims, bool keepdim, optional<DType> type) {
               return wick::nansum(x, dims, keepdim, type);
             })),
      summary("nanmean", "The mean of the elements that are not nan.",
              "Of none it is nan. Floating point only.", returns, over_dims<wick::nanmean>()),
      summary("logsumexp", "The logarithm of the sum of the exponentials, without overflow on the way.",
              "Of no elements it is -inf. Integers give Float32. Not for complex dtypes.", returns,
              over_dims<wick::logsumexp>()),
      summary("amax", "The largest element.",
              "nan when there is one; equal elements share the gradient. Not for complex dtypes.", returns,
              over_dims<wick::amax>()),
      summary("amin", "The smallest element.",
              "nan when there is one; equal elements share the gradient. Not for complex dtypes.", returns,
              over_dims<wick::amin>()),
  };
}

std::vector<Command> searching() {
  const Param int32{"out_int32", false, "whether the places are Int32, else Int64"};
  const Param right{"right", false, "whether a value goes behind elements that it equals, else before them"};
  return {
      Command{
          .name = "searchsorted",
          .summary = "The places where values belong in a sorted sequence.",
          .details =
              "How many elements are less than the value or, with right, not greater; nan belongs behind "
              "everything. The sequence rises along its last dimension; one with several dimensions has the "
              "values' sizes in all but the last. Not for complex dtypes.",
          .params = {{"sorted_sequence", required, "what is searched"},
                     {"values", required, "what is looked for, a tensor or a number"},
                     int32,
                     right,
                     {"side", omittable, "left or right, in place of right"},
                     {"sorter", omittable, "what argsort gives of a sequence that is not sorted"}},
          .positional = {"sorted_sequence values ?out_int32? ?right? ?side? ?sorter?"},
          .returns = "of the values' shape",
          .call = bind([](const Tensor& sequence, const Operand& values, bool narrow, bool behind,
                          optional<std::string_view> side, optional<Tensor> sorter) {
            return wick::searchsorted(sequence, library_operand(values), narrow, behind, side,
                                      sorter.value_or(Tensor()));
          }),
      },
      Command{
          .name = "bucketize",
          .summary = "The numbers of the buckets between boundaries that values lie in.",
          .details =
              "Bucket i lies between boundaries i - 1 and i and has the upper one in it or, with right, "
              "the lower one; nan lies in the last one.",
          .params = {{"input", required, "the values, a tensor or a number"},
                     {"boundaries", required, "rising, one dimension"},
                     int32,
                     right},
          .positional = {"input boundaries ?out_int32? ?right?"},
          .returns = "of the input's shape",
          .call = bind([](const Operand& values, const Tensor& boundaries, bool narrow, bool behind) {
            return wick::bucketize(library_operand(values), boundaries, narrow, behind);
          }),
      },
  };
}

std::vector<Command> counting() {
  return {
      Command{
          .name = "bincount",
          .summary = "How often each number from 0 to the largest element occurs.",
          .details = "With weights the sum of the weights of the places where it occurs; differentiable with "
                     "respect to them.",
          .params = {{"input", required, "integers that are not negative, one dimension"},
                     {"weights", omittable, "of the input's shape"},
                     {"minlength", int64_t{0}, "how many elements the result has at least"}},
          .positional = {"input ?weights? ?minlength?"},
          .returns = "Int64, or floating point with weights",
          .call = bind([](const Tensor& x, optional<Tensor> weights, int64_t minlength) {
            return wick::bincount(x, weights.value_or(Tensor()), minlength);
          }),
      },
      Command{
          .name = "histc",
          .summary = "How many elements lie in each of equal intervals between min and max.",
          .details =
              "The upper end belongs to the last interval; elements outside and nan do not count. When min "
              "equals max, as when neither is given, the range is that of the elements. Floating point "
              "only.",
          .params = {input, bins, {"min", 0.0, "lower end"}, {"max", 0.0, "upper end"}},
          .positional = {"input ?bins? ?min? ?max?"},
          .returns = "bins elements, in the input's dtype",
          .call = bind([](const Tensor& x, int64_t n, double low, double high) {
            return wick::histc(x, n, low, high);
          }),
      },
      Command{
          .name = "histogram",
          .summary = "How many elements lie in each of equal intervals, and the ends of the intervals.",
          .details =
              "As histc, but a range of no length is widened by 0.5 on either side. With weights their sums "
              "in place of the counts; with density the result is divided by its sum and by the intervals' "
              "width. Floating point only.",
          .params = {input,
                     bins,
                     {"range", omittable, "the lower and the upper end; those of the elements when left out"},
                     {"weight", omittable, "of the input's shape"},
                     {"density", false, "whether the area below the result is 1"}},
          .positional = {"input ?bins? ?range? ?weight? ?density?"},
          .returns = "the dict {hist H1 bin_edges H2}, of bins and bins + 1 elements",
          .call = bind([](const Tensor& x, int64_t n, optional<binding::Value> range, optional<Tensor> weight,
                          bool density) {
            const auto [hist, edges] =
                wick::histogram(x, n, range_of(range), weight.value_or(Tensor()), density);
            return NamedTensors{{"hist", hist}, {"bin_edges", edges}};
          }),
      },
  };
}

std::vector<Command> relations() {
  return {
      Command{
          .name = "cov",
          .summary = "The covariances of variables, which are the rows, over observations, the columns.",
          .details =
              "The sum of products of deviations from the means, over the number of observations less the "
              "correction. Each observation counts fweights times and weighs aweights. Computed in double "
              "precision.",
          .params = {{"input", required, "variables by observations, or one variable"},
                     {"correction", int64_t{1}, "1 for a sample, 0 for a whole population"},
                     {"fweights", omittable, "integers, one for each observation"},
                     {"aweights", omittable, "weights that are not negative, one for each observation"}},
          .positional = {"input ?correction? ?fweights? ?aweights?"},
          .returns = "variables by variables, 0-d for one variable",
          .call = bind(
              [](const Tensor& x, int64_t correction, optional<Tensor> fweights, optional<Tensor> aweights) {
                return wick::cov(x, correction, fweights.value_or(Tensor()), aweights.value_or(Tensor()));
              }),
      },
      Command{
          .name = "corrcoef",
          .summary =
              "Pearson's correlations of variables, which are the rows, over observations, the columns.",
          .details =
              "The covariances over the product of the two standard deviations; nan for a variable that does "
              "not vary.",
          .params = {{"input", required, "variables by observations, or one variable"}},
          .positional = {"input"},
          .returns = "variables by variables, 0-d for one variable",
          .call = bind([](const Tensor& x) { return wick::corrcoef(x); }),
      },
  };
}

}  // namespace

const Area& statistics() {
  static const Area area{"statistics", "Order, counting and statistics",
                         joined({ordering(), summaries(), searching(), counting(), relations()})};
  return area;
}

}  // namespace commands
