// Sparse tensors.

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/data.h"
#include "tclext/commands/kinds.h"

namespace sparse = wick::sparse;

namespace commands {
namespace {

constexpr const char* sparse_or_dense = "a sparse or a dense tensor";

const Param values{"values", required, "the value of each entry"};
const Param size{"size", required, "size of each dimension"};
const Param new_dtype{"dtype", omittable, "element type; that of the values when left out"};
const Param leaf_wanted{"requires_grad requiresGrad", false,
                        "whether the values are a leaf whose gradient is tracked"};

// A new leaf, where it is to be one, of the values in a dtype.
SparseTensor finished(const SparseTensor& x, optional<DType> dtype, bool wants_gradient) {
  const SparseTensor converted = dtype ? x.to(*dtype) : x;
  if (!wants_gradient) return converted;
  const SparseTensor leaf = converted.detach();
  leaf.requires_grad_();
  return leaf;
}

// Rows for dimensions, or a row for each entry, which is then turned.
Tensor by_dimension(const Tensor& indices, const Shape& shape) {
  const std::int64_t dims = shape.size();
  if (indices.dim() == 2 && indices.size(0) != dims && indices.size(1) == dims) return indices.t();
  if (indices.dim() == 2 && indices.size(0) == dims) return indices;
  wick::fail<wick::ShapeError>("sparse_tensor_create",
                               "Indices tensor has incorrect shape: {} for a size of {} dimensions",
                               indices.sizes(), dims);
}

Command compressed(const char* name, const char* summary, const Param& pointers, const Param& inner,
                   const char* order, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .details =
                     "Both tensors of places are int64 or int32, and are checked: offsets begin with 0, "
                     "ascend and end with "
                     "the number of entries; places ascend, and none occurs twice.",
                 .params = {pointers, inner, values, size, new_dtype, device, leaf_wanted},
                 .positional = {order},
                 .returns = "the sparse tensor",
                 .call = std::move(call)};
}

std::vector<Command> making() {
  return {
      Command{.name = "sparse_coo_tensor",
              .summary = "A sparse tensor of entries that each have coordinates.",
              .details = "Entry e has the coordinates in column e of indices (int64 or int32, a row for each "
                         "sparse dimension) "
                         "and the value values[e]. Entries at one place count as their sum. Dimensions "
                         "beyond the rows of "
                         "indices are dense: the values then have them too. Operations are functions of the "
                         "values and are "
                         "recorded for gradients as such. Most other commands take dense tensors alone: see "
                         "sparse_to_dense.",
              .params = {{"indices", required, "coordinates: sparse dimensions by entries"},
                         values,
                         size,
                         new_dtype,
                         device,
                         leaf_wanted},
              .positional = {"indices values size ?dtype? ?device? ?requires_grad?"},
              .returns = "the sparse tensor, in the layout coo",
              .call = bind([](const Tensor& places, const Tensor& entries, const Shape& given,
                              optional<DType> dtype, Device, bool wants_gradient) {
                return finished(wick::sparse_coo_tensor(places, entries, given), dtype, wants_gradient);
              })},
      compressed(
          "sparse_csr_tensor", "A sparse matrix whose entries are given row by row.",
          {"crow_indices", required, "where the entries of each row begin, and their number at the end"},
          {"col_indices", required, "the column of each entry, ascending within a row"},
          "crow_indices col_indices values size ?dtype? ?device? ?requires_grad?",
          bind([](const Tensor& pointers, const Tensor& columns, const Tensor& entries, const Shape& given,
                  optional<DType> dtype, Device, bool wants_gradient) {
            return finished(wick::sparse_csr_tensor(pointers, columns, entries, given), dtype,
                            wants_gradient);
          })),
      compressed(
          "sparse_csc_tensor", "A sparse matrix whose entries are given column by column.",
          {"ccol_indices", required, "where the entries of each column begin, and their number at the end"},
          {"row_indices", required, "the row of each entry, ascending within a column"},
          "ccol_indices row_indices values size ?dtype? ?device? ?requires_grad?",
          bind([](const Tensor& pointers, const Tensor& rows, const Tensor& entries, const Shape& given,
                  optional<DType> dtype, Device, bool wants_gradient) {
            return finished(wick::sparse_csc_tensor(pointers, rows, entries, given), dtype, wants_gradient);
          })),
      Command{.name = "sparse_tensor_create",
              .summary = "A sparse tensor of entries that each have coordinates, given either way.",
              .details = "As sparse_coo_tensor without dense dimensions, but the indices may also have a row "
                         "for each entry; "
                         "where both are possible, rows are dimensions.",
              .params = {{"indices", required, "coordinates: dimensions by entries, or the other way"},
                         {"values", required, "the value of each entry"},
                         size},
              .positional = {"indices values size"},
              .returns = "the sparse tensor, in the layout coo",
              .call = bind([](const Tensor& places, const Tensor& entries, const Shape& given) {
                return wick::sparse_coo_tensor(by_dimension(places, given), entries, given);
              })},
      Command{
          .name = "dense_to_sparse",
          .summary = "A sparse tensor of the elements that are not 0.",
          .details = "The derivative is that of picking these elements.",
          .params = {{"input", required, "a dense tensor"},
                     {"layout", "coo", "coo, or for matrices csr (row by row) or csc (column by column)"}},
          .positional = {"input ?layout?"},
          .returns = "the sparse tensor",
          .call = bind([](const Tensor& x, wick::Layout layout) { return wick::to_sparse(x, layout); })},
  };
}

template <class Result>
Command reader(const char* name, const char* summary, const char* returns, Result call) {
  return Command{.name = name,
                 .summary = summary,
                 .params = {{"input", required, "a sparse tensor"}},
                 .positional = {"input"},
                 .returns = returns,
                 .call = bind(call)};
}

std::vector<Command> reading() {
  return {
      Command{
          .name = "sparse_to_dense",
          .summary = "The dense tensor with the same elements.",
          .details = "Values at one place are added up (of bool: or). A dense tensor comes back as it is.",
          .params = {{"input", required, sparse_or_dense}},
          .positional = {"input"},
          .returns = "a dense tensor of the same shape and dtype",
          .call = bind([](const SparseOrDense& x) {
            return std::visit(Cases{[](const Tensor& dense) { return dense; },
                                    [](const SparseTensor& entries) { return entries.to_dense(); }},
                              x);
          })},
      reader("sparse_values", "The values of a sparse tensor's entries.",
             "a tensor with a value for each entry, and further dimensions where some are dense; shared",
             [](const SparseTensor& x) { return x.values(); }),
      reader("sparse_indices", "The coordinates of a sparse tensor's entries, in any layout.",
             "int64: sparse dimensions by entries", [](const SparseTensor& x) { return x.indices(); }),
      reader("sparse_nnz", "The number of a sparse tensor's entries; zeros among them count.", "the number",
             [](const SparseTensor& x) { return x.nnz(); }),
      reader("sparse_layout", "How a sparse tensor says where its entries are.", "coo, csr or csc",
             [](const SparseTensor& x) { return wick::name(x.layout()); }),
  };
}

Command along_dim(const char* name, const char* summary, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .details =
                     "Of a sparse tensor over the entries along dim alone: places without one count as minus "
                     "infinity and "
                     "stay empty, and the result is coalesced and has the layout of the input.",
                 .params = {{"input", required, "a sparse or a dense tensor, floating point"},
                            {"dim", required, "the dimension, negative counts from the end"}},
                 .positional = {"input dim"},
                 .returns = "same shape, layout and dtype",
                 .call = std::move(call)};
}

std::vector<Command> computing() {
  return {
      Command{
          .name = "sparse_add",
          .summary = "tensor1 + alpha * tensor2.",
          .details = "Two sparse tensors of equal shape give a sparse one, coalesced, in the layout of both "
                     "or else coo. A "
                     "dense and a sparse one of equal shape give a dense one; two dense ones are broadcast.",
          .params = {{"tensor1", required, sparse_or_dense},
                     {"tensor2", required, sparse_or_dense},
                     {"alpha", 1.0, "factor of tensor2; whole beside integers"}},
          .positional = {"tensor1 tensor2 ?alpha?"},
          .returns = "sparse when both are, else dense; in the promoted dtype",
          .call = bind([](const SparseOrDense& a, const SparseOrDense& b, const Number& factor) {
            return std::visit(
                Cases{
                    [&](const Tensor& x, const Tensor& y) { return SparseOrDense(wick::add(x, y, factor)); },
                    [&](const auto& x, const auto& y) { return SparseOrDense(sparse::add(x, y, factor)); }},
                a, b);
          })},
      Command{.name = "sparse_mm",
              .summary = "The matrix product of two matrices, sparse or dense.",
              .params = {{"sparse_tensor", required, "n by m, sparse or dense"},
                         {"dense_tensor", required, "m by p, sparse or dense, of the same dtype"}},
              .positional = {"sparse_tensor dense_tensor"},
              .returns = "n by p: sparse when both are (in the layout of both or else coo), else dense",
              .call = bind([](const SparseOrDense& a, const SparseOrDense& b) {
                return std::visit(
                    Cases{[](const Tensor& x, const Tensor& y) { return SparseOrDense(wick::mm(x, y)); },
                          [](const auto& x, const auto& y) { return SparseOrDense(sparse::mm(x, y)); }},
                    a, b);
              })},
      Command{
          .name = "sparse_sum",
          .summary = "The sum of all elements, or along a dimension.",
          .details = "The sum of all integers is int64.",
          .params = {{"input", required, sparse_or_dense},
                     {"dim", omittable, "the dimension, negative counts from the end; all when left out"}},
          .positional = {"input ?dim?"},
          .returns =
              "without dim a 0-d tensor; with dim a sparse one without that dimension, of dense input too, "
              "and dense where no sparse dimension is left",
          .call = bind([](const SparseOrDense& x, optional<std::int64_t> dim) {
            return std::visit(
                Cases{[&](const Tensor& dense) {
                        if (!dim) return SparseOrDense(wick::sum(dense));
                        const Tensor sums = wick::sum(dense, {*dim});
                        return sums.dim() == 0 ? SparseOrDense(sums) : SparseOrDense(wick::to_sparse(sums));
                      },
                      [&](const SparseTensor& entries) {
                        return dim ? sparse::sum(entries, {*dim}) : SparseOrDense(sparse::sum(entries));
                      }},
                x);
          })},
      along_dim("sparse_softmax", "exp(x) over its sum along a dimension.",
                bind([](const SparseOrDense& x, std::int64_t dim) {
                  return std::visit(
                      Cases{[&](const Tensor& dense) { return SparseOrDense(wick::softmax(dense, dim)); },
                            [&](const SparseTensor& s) { return SparseOrDense(sparse::softmax(s, dim)); }},
                      x);
                })),
      along_dim("sparse_log_softmax", "The logarithm of softmax along a dimension.",
                bind([](const SparseOrDense& x, std::int64_t dim) {
                  return std::visit(
                      Cases{
                          [&](const Tensor& dense) { return SparseOrDense(wick::log_softmax(dense, dim)); },
                          [&](const SparseTensor& s) { return SparseOrDense(sparse::log_softmax(s, dim)); }},
                      x);
                })),
      Command{.name = "sparse_mask",
              .summary = "The elements of a tensor at the places of a sparse tensor's entries.",
              .details = "The mask's own values do not matter, and each of its places counts once. Where a "
                         "sparse tensor has no "
                         "entry, the value is 0.",
              .params = {{"tensor", required, sparse_or_dense},
                         {"mask", required, "a sparse tensor of the same shape"}},
              .positional = {"tensor mask"},
              .returns = "sparse: the mask's shape, layout and places, in the tensor's dtype",
              .call = bind([](const SparseOrDense& x, const SparseTensor& mask) {
                return std::visit([&](const auto& from) { return sparse::mask(from, mask); }, x);
              })},
  };
}

std::vector<Command> rearranging() {
  return {
      Command{.name = "sparse_transpose",
              .summary = "Two dimensions exchanged.",
              .details = "Of a sparse tensor with dense dimensions both have to be sparse ones.",
              .params = {{"tensor", required, sparse_or_dense},
                         {"dim0", required, "a dimension, negative counts from the end"},
                         {"dim1", required, "the other one"}},
              .positional = {"tensor dim0 dim1"},
              .returns = "sparse or dense as the tensor is; csr becomes csc, and the other way",
              .call = bind([](const SparseOrDense& x, std::int64_t dim0, std::int64_t dim1) {
                return std::visit([&](const auto& from) { return SparseOrDense(from.transpose(dim0, dim1)); },
                                  x);
              })},
      Command{.name = "sparse_coalesce",
              .summary = "The entries in row-major order, those at one place as their sum.",
              .params = {{"input", required, "a sparse tensor in the layout coo"}},
              .positional = {"input"},
              .returns = "the sparse tensor with one entry for each place",
              .call = bind([](const SparseTensor& x) {
                if (x.layout() != wick::Layout::Coo) {
                  wick::fail("sparse_coalesce", "the layout must be coo, that of this tensor is {}",
                             wick::name(x.layout()));
                }
                return x.coalesce();
              })},
      Command{.name = "sparse_reshape",
              .summary = "The entries under a new shape, each at its place in row-major order.",
              .params = {{"input", required, "a sparse tensor in the layout coo without dense dimensions"},
                         {"shape", required, "a shape of as many elements; one size may be -1"}},
              .positional = {"input shape"},
              .returns = "the sparse tensor in the layout coo",
              .call = bind([](const SparseTensor& x, const Shape& to) { return x.reshape(to); })},
  };
}

}  // namespace

const Area& sparse_tensors() {
  static const Area area{"sparse", "Sparse tensors",
                         joined({making(), reading(), computing(), rearranging()})};
  return area;
}

}  // namespace commands
