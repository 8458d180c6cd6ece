#include "wick/nn/embedding.h"

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/masked.h"
#include "wick/ops/norm.h"
#include "wick/ops/random.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_table(const char* name, const Tensor& indices, const Tensor& weight) {
  if (indices.dtype() != int64 && indices.dtype() != int32) {
    fail<DTypeError>(name, "indices are int64 or int32, not {}", indices.dtype());
  }
  if (weight.dim() != 2) fail<ShapeError>(name, "the table must be (num, dim), not {}", weight.sizes());
  if (!is_floating(weight.dtype())) fail<DTypeError>(name, "a table cannot be {}", weight.dtype());
}

// int64 and 1-d, all of them rows of the table.
Tensor checked_rows(const char* name, const Tensor& indices, std::int64_t num) {
  const Tensor rows = indices.to(int64).reshape({-1}).contiguous();
  for (const std::int64_t row : rows.span<std::int64_t>()) {
    if (row < 0 || row >= num)
      fail<IndexError>(name, "index out of range: {} in a table of {} rows", row, num);
  }
  return rows;
}

// -1 for none.
std::int64_t padding_row(const char* name, std::optional<std::int64_t> given, std::int64_t num) {
  if (!given) return -1;
  if (*given < -num || *given >= num) {
    fail<IndexError>(name, "padding_idx {} is out of range for a table of {} rows", *given, num);
  }
  return *given < 0 ? *given + num : *given;
}

void renormalize(const char* name, const Tensor& weight, const Tensor& rows, double max_norm, double p) {
  if (rows.numel() == 0) return;
  if (grad_enabled() && weight.requires_grad() && !weight.is_leaf()) {
    fail<GradientError>(name, "max_norm changes the table, which must be a leaf");
  }
  const NoGrad no_grad;
  const Tensor table = weight.detach();
  // Of a row that is used several times each computes the same.
  const Tensor used = index_select(table, 0, rows), length = norm(used, p, {1}, true);
  const Tensor large = gt(length, scalar_tensor(max_norm, length.dtype()));
  const Tensor factor = div(scalar_tensor(max_norm, length.dtype()), add(length, 1e-7));
  index_put_(table, {rows}, where(large, mul(used, factor), used));
}

// A factor for each use: 1 / how often its row is used.
Tensor by_frequency(const Tensor& rows, std::int64_t num, DType dtype) {
  const Tensor counts = index_add(zeros({num}, float64), 0, rows, ones(rows.sizes(), float64));
  return reciprocal(index_select(counts, 0, rows)).to(dtype);
}

// The rows of the table, without those of the padding in the gradient: linear in the table, and in g.
Tensor looked_up(const Tensor& weight, const Tensor& rows, const Tensor& factor) {
  const Tensor out = index_select(weight.detach(), 0, rows);
  return record("embedding", out, {weight}, saving(rows, factor, weight.size(0)),
                [](const Tensor& g, const Tensor& at, const Tensor& each, std::int64_t num) {
                  const Tensor counted = each.defined() ? mul(g, each.to(g.dtype())) : g;
                  return index_add(zeros({num, g.size(1)}, g.dtype()), 0, at, counted);
                });
}

// What each use counts in the gradient; undefined where all count fully.
Tensor gradient_factor(const Tensor& rows, std::int64_t padding, bool frequency, const Tensor& weight) {
  if (!weight.requires_grad() || !grad_enabled()) return {};
  const NoGrad no_grad;
  Tensor factor;
  if (frequency) factor = by_frequency(rows, weight.size(0), weight.dtype());
  if (padding >= 0) {
    const Tensor counts = ne(rows, scalar_tensor(padding, int64)).to(weight.dtype());
    factor = factor.defined() ? mul(factor, counts) : counts;
  }
  return factor.defined() ? factor.unsqueeze(1) : factor;
}

}  // namespace

Tensor embedding(const Tensor& indices, const Tensor& weight, const EmbeddingOptions& o) {
  constexpr const char* name = "embedding";
  check_table(name, indices, weight);
  const Tensor rows = checked_rows(name, indices, weight.size(0));
  const std::int64_t padding = padding_row(name, o.padding_idx, weight.size(0));
  if (o.max_norm) renormalize(name, weight, rows, *o.max_norm, o.norm_type);
  Shape shape = indices.sizes();
  shape.push_back(weight.size(1));
  const Tensor factor = gradient_factor(rows, padding, o.scale_grad_by_freq, weight);
  return looked_up(weight, rows, factor).reshape(shape);
}

namespace {

struct Bags {
  std::int64_t count;
  Tensor of;  // the bag of each index, int64 (n)
};

Bags bags_of(const char* name, const Tensor& indices, const Tensor& offsets, const EmbeddingBagOptions& o) {
  std::vector<std::int64_t> begin;
  if (indices.dim() == 2) {
    if (offsets.defined()) fail(name, "indices of shape {} take no offsets", indices.sizes());
    for (std::int64_t i = 0; i < indices.size(0); ++i) begin.push_back(i * indices.size(1));
  } else {
    if (indices.dim() != 1) {
      fail<ShapeError>(name, "indices have 1 or 2 dimensions, not shape {}", indices.sizes());
    }
    if (!offsets.defined()) fail(name, "1-d indices need offsets");
    if (offsets.dim() != 1) fail<ShapeError>(name, "offsets are 1-d, not of shape {}", offsets.sizes());
    if (offsets.dtype() != int64 && offsets.dtype() != int32) {
      fail<DTypeError>(name, "offsets are int64 or int32, not {}", offsets.dtype());
    }
    begin = to_vector<std::int64_t>(offsets);
    if (o.include_last_offset && begin.empty()) fail(name, "include_last_offset needs an offset");
  }
  const std::int64_t total = indices.numel();
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (i == 0 && begin[0] != 0) fail(name, "the first offset must be 0, {} was given", begin[0]);
    if (begin[i] > total || (i > 0 && begin[i] < begin[i - 1])) {
      fail(name, "the offset {} does not follow those before it within {} indices", begin[i], total);
    }
  }
  std::int64_t end = total;
  if (o.include_last_offset && indices.dim() == 1) {
    end = begin.back();
    begin.pop_back();
  }
  if (end != total) fail(name, "the last offset {} is not the number of indices, {}", end, total);
  Bags out{std::ssize(begin), zeros({total}, int64)};
  std::int64_t* of = out.of.data<std::int64_t>();
  for (std::size_t b = 0; b < begin.size(); ++b) {
    const std::int64_t last = b + 1 < begin.size() ? begin[b + 1] : end;
    for (std::int64_t i = begin[b]; i < last; ++i) of[i] = static_cast<std::int64_t>(b);
  }
  return out;
}

// Where in the list of rows each bag's largest elements are; -1 in bags without rows.
Tensor largest_places(const Tensor& values, const Bags& bags, const Tensor& counted) {
  const std::int64_t dim = values.size(1);
  const Tensor places = full({bags.count, dim}, -1, int64), wide = values.detach().to(float64).contiguous();
  const double* x = wide.data<double>();
  const std::int64_t* of = bags.of.data<std::int64_t>();
  std::int64_t* best = places.data<std::int64_t>();
  const auto counts = counted.defined() ? to_vector<bool>(counted) : std::vector<bool>();
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    if (!counts.empty() && !counts[static_cast<std::size_t>(i)]) continue;
    for (std::int64_t d = 0; d < dim; ++d) {
      std::int64_t& at = best[of[i] * dim + d];
      if (at < 0 || x[i * dim + d] > x[at * dim + d] ||
          (x[i * dim + d] != x[i * dim + d] && x[at * dim + d] == x[at * dim + d])) {
        at = i;
      }
    }
  }
  return places;
}

}  // namespace

Tensor embedding_bag(const Tensor& indices, const Tensor& weight, const Tensor& offsets,
                     const EmbeddingBagOptions& o, const Tensor& per_sample_weights) {
  constexpr const char* name = "embedding_bag";
  check_table(name, indices, weight);
  const Bags bags = bags_of(name, indices, offsets, o);
  const Tensor rows = checked_rows(name, indices, weight.size(0));
  const std::int64_t padding = padding_row(name, o.padding_idx, weight.size(0));
  const DType dtype = weight.dtype();
  if (per_sample_weights.defined()) {
    if (o.mode != Bag::Sum) fail(name, "per_sample_weights only supported with mode sum");
    if (per_sample_weights.sizes() != indices.sizes() || per_sample_weights.dtype() != dtype) {
      fail<ShapeError>(name, "per_sample_weights must be {} of shape {}, not {} of shape {}", dtype,
                       indices.sizes(), per_sample_weights.dtype(), per_sample_weights.sizes());
    }
  }
  if (o.max_norm) renormalize(name, weight, rows, *o.max_norm, o.norm_type);
  const Tensor factor = gradient_factor(rows, padding, o.scale_grad_by_freq, weight);
  const Tensor values = looked_up(weight, rows, factor);
  Tensor counted;
  if (padding >= 0) counted = ne(rows, scalar_tensor(padding, int64));
  const Shape shape{bags.count, weight.size(1)};
  if (bags.count == 0) return zeros(shape, dtype);
  if (o.mode == Bag::Max) {
    if (rows.numel() == 0) return zeros(shape, dtype);
    const Tensor places = largest_places(values, bags, counted);
    const Tensor none = lt(places, scalar_tensor(0, int64));
    const Tensor picked = gather(values, 0, where(none, zeros_like(places), places));
    return where(none, zeros(shape, dtype), picked);
  }
  // Half precision is added up in float32.
  const DType wide = is_half(dtype) ? float32 : dtype;
  Tensor terms = values.to(wide);
  if (per_sample_weights.defined()) terms = mul(terms, per_sample_weights.reshape({-1, 1}).to(wide));
  if (counted.defined()) terms = masked_fill(terms, logical_not(counted).unsqueeze(1), 0);
  Tensor out = index_add(zeros(shape, wide), 0, bags.of, terms);
  if (o.mode == Bag::Mean) {
    const Tensor each = counted.defined() ? counted.to(wide) : ones(rows.sizes(), wide);
    const Tensor sizes = index_add(zeros({bags.count}, wide), 0, bags.of, each);
    out = div(out, where(eq(sizes, 0), ones_like(sizes), sizes).unsqueeze(1));
  }
  return out.to(dtype);
}

namespace nn {
namespace {

Tensor drawn_table(const char* kind, std::int64_t num, std::int64_t dim, std::optional<std::int64_t> padding,
                   DType dtype) {
  if (num < 1 || dim < 1) {
    fail(kind, "num_embeddings and embedding_dim must be positive, {} and {} were given", num, dim);
  }
  const std::int64_t row = padding_row(kind, padding, num);
  const Tensor table = normal(0, 1, {num, dim}, dtype);
  if (row >= 0) table.select(0, row).fill_(0);
  return table;
}

}  // namespace

Embedding::Embedding(std::int64_t num, std::int64_t dim, const EmbeddingOptions& o, DType dtype)
    : num_embeddings(num),
      embedding_dim(dim),
      options(o),
      weight(parameter("weight", drawn_table("embedding", num, dim, o.padding_idx, dtype))) {}

EmbeddingBag::EmbeddingBag(std::int64_t num, std::int64_t dim, const EmbeddingBagOptions& o, DType dtype)
    : num_embeddings(num),
      embedding_dim(dim),
      options(o),
      weight(parameter("weight", drawn_table("embedding_bag", num, dim, o.padding_idx, dtype))) {}

}  // namespace nn
}  // namespace wick
