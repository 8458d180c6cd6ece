#include "wick/sparse/sparse_tensor.h"

#include <algorithm>
#include <array>
#include <ostream>

#include "wick/core/fail.h"
#include "wick/core/print.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/infer_size.h"
#include "wick/ops/reduction.h"
#include "wick/ops/scatter.h"
#include "wick/ops/views.h"
#include "wick/sparse/pattern.h"

namespace wick {

using sparse::Pattern;
using sparse::PatternPtr;

std::string_view name(Layout layout) {
  constexpr std::array<std::string_view, 3> names{"coo", "csr", "csc"};
  return names[static_cast<std::size_t>(layout)];
}

// --- What there is of a tensor

const Pattern& SparseTensor::pattern() const {
  if (!pattern_) throw Error("an undefined sparse tensor was used where one with elements is needed");
  return *pattern_;
}

Layout SparseTensor::layout() const { return pattern().layout(); }
const Shape& SparseTensor::sizes() const { return pattern().shape(); }
std::int64_t SparseTensor::size(std::int64_t d) const {
  if (dim() == 0) fail<IndexError>("size", "dimension {} was asked for, but a 0-d tensor has none", d);
  return sizes()[wrap_dim(d, dim())];
}
std::int64_t SparseTensor::numel() const { return wick::numel(sizes()); }
int SparseTensor::sparse_dim() const { return pattern().sparse_dims(); }
std::int64_t SparseTensor::nnz() const { return pattern().nnz(); }
bool SparseTensor::is_coalesced() const { return pattern().is_coalesced(); }
Tensor SparseTensor::indices() const { return pattern().indices(); }

const Tensor& SparseTensor::values() const {
  pattern();
  return values_;
}

const Tensor& SparseTensor::compressed(Layout layout, bool pointers, const char* what) const {
  if (this->layout() != layout)
    fail(what, "the layout must be {}, that of this tensor is {}", name(layout), name(this->layout()));
  return pointers ? pattern().pointers() : pattern().inner();
}
Tensor SparseTensor::crow_indices() const { return compressed(Layout::Csr, true, "crow_indices"); }
Tensor SparseTensor::col_indices() const { return compressed(Layout::Csr, false, "col_indices"); }
Tensor SparseTensor::ccol_indices() const { return compressed(Layout::Csc, true, "ccol_indices"); }
Tensor SparseTensor::row_indices() const { return compressed(Layout::Csc, false, "row_indices"); }

SparseTensor SparseTensor::with_values(const Tensor& values) const {
  const Shape shape = pattern().values_shape();
  if (values.sizes() != shape)
    fail<ShapeError>("with_values", "values of shape {} are needed, {} were given", shape, values.sizes());
  return SparseTensor(pattern_, values);
}

const SparseTensor& SparseTensor::requires_grad_(bool wanted) const {
  values().requires_grad_(wanted);
  return *this;
}

SparseTensor SparseTensor::grad() const {
  const Tensor gradient = values().grad();
  return gradient.defined() ? with_values(gradient) : SparseTensor();
}

// --- How one is made

namespace {

using Place = std::int64_t;

// The places as int64 without gaps, in memory of their own.
Tensor own_places(const char* operation, const char* what, const Tensor& x, int rank) {
  if (x.dim() != rank) {
    fail<ShapeError>(operation, "{} must have {} dimension{}, shape {} was given", what, rank,
                     rank == 1 ? "" : "s", x.sizes());
  }
  if (x.dtype() != int64 && x.dtype() != int32)
    fail<DTypeError>(operation, "{} must be int64 or int32, {} was given", what, x.dtype());
  const NoGrad no_grad;
  const Tensor out = empty(x.sizes(), int64);
  out.copy_(x.detach());
  return out;
}

// The size that the coordinates along a dimension ask for.
Place extent(const Place* p, std::int64_t n) { return n == 0 ? 0 : *std::max_element(p, p + n) + 1; }

void check_coordinates(const char* operation, const Tensor& indices, const Shape& size) {
  const std::int64_t n = indices.size(1);
  for (int d = 0; d < indices.size(0); ++d) {
    const Place* p = indices.data<Place>() + d * n;
    const auto found = std::find_if(p, p + n, [&](Place i) { return i < 0 || i >= size[d]; });
    if (found != p + n) {
      fail<IndexError>(operation,
                       "size is inconsistent with indices: index {} is out of range for size {} of "
                       "dimension {}",
                       *found, size[d], d);
    }
  }
}

void check_values(const char* operation, const PatternPtr& pattern, const Tensor& values) {
  if (values.dim() == 0 || values.size(0) != pattern->nnz()) {
    fail<ShapeError>(operation,
                     "indices and values must have same nnz: there are {} places, and values of {}",
                     pattern->nnz(), values.sizes());
  }
  if (values.sizes() != pattern->values_shape()) {
    fail<ShapeError>(operation, "values of shape {} are needed for size {}, {} were given",
                     pattern->values_shape(), pattern->shape(), values.sizes());
  }
}

struct CompressedNames {
  const char *operation, *pointers, *inner, *line, *place;
};
constexpr CompressedNames csr_names{"sparse_csr_tensor", "crow_indices", "col_indices", "row", "column"};
constexpr CompressedNames csc_names{"sparse_csc_tensor", "ccol_indices", "row_indices", "column", "row"};

SparseTensor compressed_tensor(Layout layout, const Tensor& given_pointers, const Tensor& given_inner,
                               const Tensor& values, const std::optional<Shape>& asked) {
  const CompressedNames& names = layout == Layout::Csr ? csr_names : csc_names;
  const Tensor pointers = own_places(names.operation, names.pointers, given_pointers, 1);
  const Tensor inner = own_places(names.operation, names.inner, given_inner, 1);
  const std::int64_t lines = pointers.numel() - 1, n = inner.numel();
  const Place *p = pointers.data<Place>(), *q = inner.data<Place>();
  if (lines < 0) fail<ShapeError>(names.operation, "{} must not be empty", names.pointers);
  Shape size;
  if (asked) {
    size = *asked;
  } else {
    const std::int64_t across = extent(q, n);
    size = layout == Layout::Csr ? Shape{lines, across} : Shape{across, lines};
  }
  if (size.size() != 2)
    fail<ShapeError>(names.operation, "the size must have two numbers, {} was given", size);
  numel(size);  // a ShapeError
  const std::int64_t across = size[layout == Layout::Csr ? 1 : 0];
  if (size[layout == Layout::Csr ? 0 : 1] != lines) {
    fail<ShapeError>(names.operation,
                     "{} must have an element more than there are {}s: there are {} for size {}",
                     names.pointers, names.line, pointers.numel(), size);
  }
  if (p[0] != 0 || p[lines] != n) {
    fail<ShapeError>(names.operation,
                     "{} must begin with 0 and end with the number of entries {}, not {} and {}",
                     names.pointers, n, p[0], p[lines]);
  }
  for (std::int64_t i = 0; i < lines; ++i) {
    if (p[i] > p[i + 1])
      fail<ShapeError>(names.operation, "{} must ascend, but {} follows {}", names.pointers, p[i + 1], p[i]);
  }
  for (std::int64_t i = 0; i < lines; ++i) {
    for (std::int64_t e = p[i]; e < p[i + 1]; ++e) {
      if (q[e] < 0 || q[e] >= across)
        fail<IndexError>(names.operation, "{} {} is out of range for size {}", names.place, q[e], size);
      if (e > p[i] && q[e] <= q[e - 1]) {
        fail<ShapeError>(names.operation, "{} must ascend within a {}, but {} follows {} in {} {}",
                         names.inner, names.line, q[e], q[e - 1], names.line, i);
      }
    }
  }
  const PatternPtr pattern = Pattern::compressed(layout, size, pointers, inner);
  check_values(names.operation, pattern, values);
  return SparseTensor(pattern, values);
}

}  // namespace

SparseTensor sparse_coo_tensor(const Tensor& given_indices, const Tensor& values,
                               const std::optional<Shape>& asked) {
  constexpr const char* operation = "sparse_coo_tensor";
  const Tensor indices = own_places(operation, "indices", given_indices, 2);
  const auto dims = static_cast<int>(std::min<std::int64_t>(indices.size(0), max_rank + 1));
  Shape size;
  if (asked) {
    size = *asked;
  } else {
    const std::int64_t n = indices.size(1);
    for (int d = 0; d < dims; ++d) size.push_back(extent(indices.data<Place>() + d * n, n));
    for (int d = 1; d < values.dim(); ++d) size.push_back(values.size(d));
  }
  numel(size);  // a ShapeError
  if (dims > size.size()) {
    fail<ShapeError>(operation, "indices of {} rows need as many dimensions, size {} was given",
                     indices.size(0), size);
  }
  check_coordinates(operation, indices, size);
  const PatternPtr pattern = Pattern::coo(size, indices, false);
  check_values(operation, pattern, values);
  return SparseTensor(pattern, values);
}

SparseTensor sparse_csr_tensor(const Tensor& crow_indices, const Tensor& col_indices, const Tensor& values,
                               const std::optional<Shape>& size) {
  return compressed_tensor(Layout::Csr, crow_indices, col_indices, values, size);
}

SparseTensor sparse_csc_tensor(const Tensor& ccol_indices, const Tensor& row_indices, const Tensor& values,
                               const std::optional<Shape>& size) {
  return compressed_tensor(Layout::Csc, ccol_indices, row_indices, values, size);
}

SparseTensor to_sparse(const Tensor& x, Layout layout, int dense_dim) {
  if (dense_dim < 0 || dense_dim > x.dim()) {
    fail<ShapeError>("to_sparse", "the dense dimensions must be from 0 to {}, {} were given", x.dim(),
                     dense_dim);
  }
  const int sparse_dims = x.dim() - dense_dim;
  const Shape sparse_shape(std::span(x.sizes().begin(), static_cast<std::size_t>(sparse_dims)));
  Shape rows(std::span(x.sizes().begin() + sparse_dims, x.sizes().end()));
  rows.insert(0, numel(sparse_shape));
  const Tensor flat = x.reshape(rows);
  Tensor found = ne(flat.detach(), scalar_tensor(0, x.dtype()));
  for (int d = found.dim() - 1; d > 0; --d) found = any(found, {d});
  const Tensor keys = nonzero(found).reshape({-1});
  const PatternPtr pattern = Pattern::coo(x.sizes(), sparse::coordinates_of(keys, sparse_shape), true);
  return SparseTensor(pattern, index_select(flat, 0, keys)).to_sparse(layout);
}

// --- Other forms

Tensor SparseTensor::to_dense() const {
  const Pattern& p = pattern();
  Shape flat = p.dense_shape();
  flat.insert(0, wick::numel(p.sparse_shape()));
  if (!p.is_coalesced()) return index_add(zeros(flat, dtype()), 0, p.keys(), values()).reshape(sizes());
  Shape column = Shape::filled(values().dim(), 1);
  column[0] = nnz();
  const Tensor positions = p.keys().reshape(column).expand(values().sizes());
  return scatter_to_zeros(flat, 0, positions, values()).reshape(sizes());
}

SparseTensor SparseTensor::coalesce() const {
  if (is_coalesced()) return *this;
  return SparseTensor(pattern().coalesce().pattern, sparse::coalesced_values(*this));
}

SparseTensor SparseTensor::to_sparse(Layout target) const {
  if (target == layout()) return *this;
  if (target == Layout::Coo) {
    // In row-major order: that of a Csr tensor's entries.
    const bool ordered = layout() == Layout::Csr;
    const PatternPtr coo = Pattern::coo(sizes(), pattern().indices(), ordered);
    return SparseTensor(coo, values()).coalesce();
  }
  sparse::check_matrix("to_sparse", *this);
  const SparseTensor from = coalesce();
  const sparse::Compressed& lines =
      target == Layout::Csr ? from.pattern().by_rows() : from.pattern().by_columns();
  return SparseTensor(Pattern::compressed(target, sizes(), lines.pointers, lines.columns),
                      lines.order.defined() ? index_select(from.values(), 0, lines.order) : from.values());
}

SparseTensor SparseTensor::transpose(std::int64_t dim0, std::int64_t dim1) const {
  const int a = wrap_dim(dim0, dim()), b = wrap_dim(dim1, dim());
  if (std::max(a, b) >= sparse_dim()) {
    fail<ShapeError>(
        "transpose",
        "only sparse dimensions can be exchanged, {} and {} were given for a tensor with {} of them", dim0,
        dim1, sparse_dim());
  }
  if (a == b) return *this;
  Shape shape = sizes();
  std::swap(shape[a], shape[b]);
  if (layout() != Layout::Coo) {
    const Layout other = layout() == Layout::Csr ? Layout::Csc : Layout::Csr;
    return SparseTensor(Pattern::compressed(other, shape, pattern().pointers(), pattern().inner()), values());
  }
  const Tensor turned = pattern().indices().clone();
  std::swap_ranges(turned.data<Place>() + a * nnz(), turned.data<Place>() + (a + 1) * nnz(),
                   turned.data<Place>() + b * nnz());
  return SparseTensor(Pattern::coo(shape, turned, false), values());
}

SparseTensor SparseTensor::t() const {
  if (dim() < 2 && sparse_dim() == dim()) return *this;
  if (dim() != 2)
    fail<ShapeError>("t", "at most two dimensions can be exchanged, shape {} was given", sizes());
  return transpose(0, 1);
}

SparseTensor SparseTensor::reshape(const Shape& asked) const {
  if (layout() != Layout::Coo || dense_dim() != 0) {
    fail<ShapeError>("reshape",
                     "a coo tensor without dense dimensions is needed, a {} tensor with {} was given",
                     name(layout()), dense_dim());
  }
  const Shape shape = infer_size(numel(), asked);
  return SparseTensor(Pattern::coo(shape, sparse::coordinates_of(pattern().keys(), shape), is_coalesced()),
                      values());
}

// --- Text

std::string to_string(const SparseTensor& x) {
  const auto part = [](const char* label, const Tensor& t) {
    return std::string(label) + "=" + to_string(t) + ",\n       ";
  };
  std::string out = "tensor(";
  if (x.layout() == Layout::Coo) {
    out += part("indices", x.indices());
  } else {
    const bool rows = x.layout() == Layout::Csr;
    out += part(rows ? "crow_indices" : "ccol_indices", x.pattern().pointers());
    out += part(rows ? "col_indices" : "row_indices", x.pattern().inner());
  }
  out += part("values", x.values());
  return out + "size=" + to_string(x.sizes()) + ", nnz=" + std::to_string(x.nnz()) +
         ", layout=" + std::string(name(x.layout())) + ")";
}

std::ostream& operator<<(std::ostream& out, const SparseTensor& x) { return out << to_string(x); }

}  // namespace wick
