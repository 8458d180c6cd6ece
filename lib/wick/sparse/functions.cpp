#include "wick/sparse/functions.h"

#include <algorithm>
#include <limits>

#include "wick/core/fail.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/reduction.h"
#include "wick/ops/rule.h"
#include "wick/ops/views.h"
#include "wick/sparse/pattern.h"

namespace wick::sparse {
namespace {

using Place = std::int64_t;

// The layout of both, else Coo.
Layout common_layout(const SparseTensor& a, const SparseTensor& b) {
  return a.layout() == b.layout() ? a.layout() : Layout::Coo;
}

// alpha times the values, in that dtype.
Tensor scaled(const Tensor& values, const Scalar& alpha, DType dtype) {
  return mul(values.to(dtype), factor_for("add", "alpha", alpha, dtype)).to(dtype);
}

}  // namespace

// --- Sums

SparseTensor add(const SparseTensor& a, const SparseTensor& b, const Scalar& alpha) {
  check_same_shape("add", a.sizes(), b.sizes());
  if (a.sparse_dim() != b.sparse_dim()) {
    fail<ShapeError>("add", "both must have as many sparse dimensions, {} and {} were given", a.sparse_dim(),
                     b.sparse_dim());
  }
  const DType dtype = promote_types(a.dtype(), b.dtype());
  const Tensor places = cat({a.indices(), b.indices()}, 1);
  const Tensor values = cat({a.values().to(dtype), scaled(b.values(), alpha, dtype)}, 0);
  return SparseTensor(Pattern::coo(a.sizes(), places, false), values)
      .coalesce()
      .to_sparse(common_layout(a, b));
}

Tensor add(const Tensor& a, const SparseTensor& b, const Scalar& alpha) {
  check_same_shape("add", a.sizes(), b.sizes());
  const DType dtype = promote_types(a.dtype(), b.dtype());
  Shape flat = b.pattern().dense_shape();
  flat.insert(0, numel(b.pattern().sparse_shape()));
  return index_add(a.to(dtype).reshape(flat), 0, b.pattern().keys(), scaled(b.values(), alpha, dtype))
      .reshape(a.sizes());
}

Tensor add(const SparseTensor& a, const Tensor& b, const Scalar& alpha) {
  check_same_shape("add", a.sizes(), b.sizes());
  const DType dtype = promote_types(a.dtype(), b.dtype());
  return add(scaled(b, alpha, dtype), a);
}

Tensor sum(const SparseTensor& x) {
  // Two entries that are true count as one at the same place.
  if (x.dtype() == boolean) return wick::sum(x.coalesce().values());
  return wick::sum(x.values());
}

AnyTensor sum(const SparseTensor& given, const Dims& dims) {
  // Those of bool are true where one is.
  const SparseTensor x = given.to_sparse(Layout::Coo);
  const Dims over = wrap_dims(dims, x.dim());
  const Pattern& p = x.pattern();
  Shape places, dense;
  Dims within{};
  std::vector<Tensor> kept;
  for (int d = 0; d < x.dim(); ++d) {
    const bool dropped = std::find(over.begin(), over.end(), d) != over.end();
    if (d >= p.sparse_dims()) {
      if (dropped) within.push_back(1 + d - p.sparse_dims());
      if (!dropped) dense.push_back(x.size(d));
    } else if (!dropped) {
      places.push_back(x.size(d));
      kept.push_back(p.indices().select(0, d));
    }
  }
  Tensor values = within.empty() ? x.values() : wick::sum(x.values(), within, false, x.dtype());
  if (places.empty()) return wick::sum(values, {0}, false, x.dtype());
  Shape shape = places;
  for (const std::int64_t size : dense) shape.push_back(size);
  const bool as_before = places.size() == p.sparse_dims();
  return SparseTensor(
      Pattern::coo(shape, as_before ? p.indices() : stack(kept), as_before && x.is_coalesced()), values);
}

// --- Softmax

namespace {

// The largest of each group's rows of elements: (groups, elements of a row). NaN where there is one.
Tensor group_max(const Tensor& x, const Groups& groups) {
  Shape shape = x.sizes();
  shape[0] = groups.count;
  const Tensor out = full(shape, -std::numeric_limits<double>::infinity(), x.dtype()), dense = x.contiguous();
  const std::int64_t n = x.size(0), row = n == 0 ? 0 : x.numel() / n;
  const Place* group = groups.group.data<Place>();
  const auto run = [&]<class T>(TypeTag<T>) {
    const T* from = dense.data<T>();
    T* to = out.data<T>();
    for (std::int64_t e = 0; e < n; ++e) {
      for (std::int64_t j = 0; j < row; ++j) {
        const T value = from[e * row + j];
        T& best = to[group[e] * row + j];
        if (!(value <= best) && best == best) best = value;
      }
    }
  };
  x.dtype() == float64 ? run(TypeTag<double>{}) : run(TypeTag<float>{});
  return out;
}

// Over the entries that agree in all coordinates but one.
Tensor softmax_of_groups(const Tensor& given, const Groups& groups, bool logarithm) {
  const DType dtype = given.dtype();
  const Tensor x = is_half(dtype) ? given.to(float32) : given;
  const auto spread = [&](const Tensor& of_groups) { return index_select(of_groups, 0, groups.group); };
  // The derivative does not depend on what is taken off.
  const Tensor shifted = wick::sub(x, spread(group_max(x.detach(), groups)));
  const Tensor powers = exp(shifted);
  Shape shape = x.sizes();
  shape[0] = groups.count;
  const Tensor totals = index_add(zeros(shape, x.dtype()), 0, groups.group, powers);
  const Tensor out = logarithm ? wick::sub(shifted, spread(log(totals))) : wick::div(powers, spread(totals));
  return out.to(dtype);
}

SparseTensor softmax_along(const char* operation, const SparseTensor& given, std::int64_t dim,
                           bool logarithm) {
  const int d = wrap_dim(dim, given.dim());
  if (!is_floating(given.dtype()))
    fail<DTypeError>(operation, "a floating point tensor is needed, {} was given", given.dtype());
  const SparseTensor x = given.coalesce();
  const Pattern& p = x.pattern();
  if (d >= p.sparse_dims()) {
    const int own = 1 + d - p.sparse_dims();
    return x.with_values(logarithm ? wick::log_softmax(x.values(), own) : wick::softmax(x.values(), own));
  }
  Shape others;
  Tensors rows;
  for (int i = 0; i < p.sparse_dims(); ++i) {
    if (i == d) continue;
    others.push_back(p.shape()[i]);
    rows.push_back(p.indices().select(0, i));
  }
  const Tensor keys = rows.empty() ? zeros({x.nnz()}, int64) : linear_places(stack(rows), others);
  return x.with_values(softmax_of_groups(x.values(), group_by(keys, numel(others)), logarithm));
}

}  // namespace

SparseTensor softmax(const SparseTensor& x, std::int64_t dim) {
  return softmax_along("softmax", x, dim, false);
}
SparseTensor log_softmax(const SparseTensor& x, std::int64_t dim) {
  return softmax_along("log_softmax", x, dim, true);
}

// --- Masks

SparseTensor mask(const Tensor& x, const SparseTensor& given) {
  check_same_shape("mask", x.sizes(), given.sizes());
  const PatternPtr& places =
      given.is_coalesced() ? given.shared_pattern() : given.pattern().coalesce().pattern;
  Shape rows = places->dense_shape();
  rows.insert(0, numel(places->sparse_shape()));
  return SparseTensor(places, index_select(x.reshape(rows), 0, places->keys()));
}

SparseTensor mask(const SparseTensor& given, const SparseTensor& given_mask) {
  check_same_shape("mask", given.sizes(), given_mask.sizes());
  if (given.sparse_dim() != given_mask.sparse_dim()) {
    fail<ShapeError>("mask", "both must have as many sparse dimensions, {} and {} were given",
                     given.sparse_dim(), given_mask.sparse_dim());
  }
  const SparseTensor x = given.to_sparse(Layout::Coo).coalesce();
  const PatternPtr& places =
      given_mask.is_coalesced() ? given_mask.shared_pattern() : given_mask.pattern().coalesce().pattern;
  // Entry `from[i]` of x goes to place `to[i]` of the mask.
  const Place *have = x.pattern().keys().data<Place>(), *wanted = places->keys().data<Place>();
  const Tensor from = empty({places->nnz()}, int64), to = empty({places->nnz()}, int64);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < places->nnz(); ++i) {
    const Place* found = std::lower_bound(have, have + x.nnz(), wanted[i]);
    if (found == have + x.nnz() || *found != wanted[i]) continue;
    from.data<Place>()[count] = found - have;
    to.data<Place>()[count++] = i;
  }
  const Tensor picked = index_select(x.values(), 0, from.slice(0, 0, count));
  return SparseTensor(places,
                      index_add(zeros(places->values_shape(), x.dtype()), 0, to.slice(0, 0, count), picked));
}

}  // namespace wick::sparse
