#include "wick/ops/distance.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/linalg/products.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/norm_gradient.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_rows(const Tensor& a, const Tensor& b, double p) {
  check_same_dtype("cdist", a.dtype(), b.dtype());
  if (!is_floating(a.dtype())) checked_kernel(nullptr, "cdist", a.dtype());
  if (!(p >= 0)) fail("cdist", "p must be 0 or greater, {} was given", p);
  if (a.dim() < 2 || b.dim() < 2 || a.size(-1) != b.size(-1)) {
    fail<ShapeError>("cdist",
                     "both must be matrices with rows of one length, or batches of them, shapes {} "
                     "and {} were given",
                     a.sizes(), b.sizes());
  }
}

// (batch, n, m) and (batch, k, m) of float32 or float64.
Tensor run_distances(const Tensor& a, const Tensor& b, double p) {
  const Tensor out = empty({a.size(0), a.size(1), b.size(1)}, a.dtype());
  const auto kernel = kernels::table().distances[index_of(a.dtype())];
  // All rows of a, of which a piece may end within an entry of the batch.
  const std::int64_t n = a.size(1), k = b.size(1), m = a.size(2), unit = a.itemsize();
  const char *x = a.raw_data(), *y = b.raw_data();
  char* target = out.raw_data();
  parallel_for(out.numel() > 0 ? a.size(0) * n : 0,
               std::max<std::int64_t>(4 * parallel::grain / std::max<std::int64_t>(k * m, 1), 16),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t at = begin; at < end;) {
                   const std::int64_t entry = at / n, row = at % n, rows = std::min(n - row, end - at);
                   kernel({.n = rows,
                           .k = k,
                           .m = m,
                           .x = x + (entry * a.stride(0) + row * a.stride(1)) * unit,
                           .y = y + entry * b.stride(0) * unit,
                           .out = target + at * k * unit,
                           .x_row = a.stride(1),
                           .x_column = a.stride(2),
                           .y_row = b.stride(1),
                           .y_column = b.stride(2),
                           .p = p});
                   at += rows;
                 }
               });
  return out;
}

// Of points x, at distances d from the points y: for each the sum over y of (x - y) g / d. Both may be moved
// to where they are small.
Tensor pull(const Tensor& ratio, const Tensor& x, const Tensor& y, const Tensor& center) {
  return sub(mul(sub(x, center), sum(ratio, {-1}, true)), matmul(ratio, sub(y, center)));
}

Tensor euclidean(const Tensor& a, const Tensor& b) {
  const Tensor out = run_distances(a.detach(), b.detach(), 2);
  return record("cdist", out, {a, b}, saving(a, b, out),
                [](const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& distance) {
                  const Tensor none = eq(distance, scalar_tensor(0, distance.dtype()));
                  const Tensor zero = scalar_tensor(0, g.dtype()), one = scalar_tensor(1, g.dtype());
                  const Tensor ratio = where(none, zero, div(g, where(none, one, distance)));
                  const Tensor middle = mean(y.detach(), {-2}, true);
                  const Tensor center = where(isfinite(middle), middle, zero);
                  return Tensors{pull(ratio, x, y, center), pull(ratio.transpose(-1, -2), y, x, center)};
                });
}

// Of another order; the gradient has all the differences in memory.
Tensor of_order(const Tensor& a, const Tensor& b, double p) {
  const Tensor out = run_distances(a.detach(), b.detach(), p);
  return record("cdist", out, {a, b}, saving(a, b, out, p),
                [](const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& distance, double order) {
                  const Tensor pull = norm_gradient(g.unsqueeze(-1), sub(x.unsqueeze(-2), y.unsqueeze(-3)),
                                                    distance.unsqueeze(-1), order, {-1});
                  return Tensors{sum(pull, {-2}), neg(sum(pull, {-3}))};
                });
}

// (batch, rows, columns), where the batch has that shape.
Tensor as_batch(const Tensor& x, const Shape& batch) {
  Shape whole = batch;
  whole.push_back(x.size(-2));
  whole.push_back(x.size(-1));
  return x.expand(whole).reshape({numel(batch), x.size(-2), x.size(-1)});
}

}  // namespace

Tensor cdist(const Tensor& a, const Tensor& b, double p) {
  check_rows(a, b, p);
  if (is_half(a.dtype())) return cdist(a.to(float32), b.to(float32), p).to(a.dtype());
  const auto outer = [](const Tensor& x) { return without_dims(x.sizes(), {x.dim() - 2, x.dim() - 1}); };
  Shape shape = broadcast_shapes(outer(a), outer(b));
  const Tensor x = as_batch(a, shape), y = as_batch(b, shape);
  shape.push_back(x.size(1));
  shape.push_back(y.size(1));
  return (p == 2 ? euclidean(x, y) : of_order(x, y, p)).reshape(shape);
}

}  // namespace wick
