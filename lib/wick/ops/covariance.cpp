#include "wick/ops/covariance.h"

#include "wick/core/fail.h"
#include "wick/linalg/diagonals.h"
#include "wick/linalg/products.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/fold.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_weights(const char* name, const Tensor& weights, std::int64_t observations) {
  if (!weights.defined()) return;
  if (weights.dim() != 1 || weights.size(0) != observations) {
    fail<ShapeError>("cov", "{} must have shape [{}], one for each observation; {} was given", name,
                     observations, weights.sizes());
  }
  if (weights.numel() > 0 && min(weights.detach()).item().to_double() < 0)
    fail("cov", "{} must not be negative", name);
}

DType result_dtype(const Tensor& x) {
  return is_floating(x.dtype()) || is_complex(x.dtype()) ? x.dtype() : float32;
}

// Of integers the distances from the first one of each row, which float64 holds where it may not hold them.
Tensor from_first(const Tensor& x) {
  if (x.dtype() != int64 || x.numel() == 0 || x.dim() == 0 || x.dim() > 2) return x;
  const double span = max(x).item().to_double() - min(x).item().to_double();
  return span < 0x1p62 ? sub(x, narrow(x, -1, 0, 1)) : x;
}

// A vector as one row, in double precision.
Tensor wide_rows(const Tensor& x) {
  return (x.dim() < 2 ? x.reshape({1, -1}) : x).to(is_complex(x.dtype()) ? complex128 : float64);
}

// In double precision, of shape (variables, variables).
Tensor wide_cov(const char* operation, const Tensor& x, std::int64_t correction, const Tensor& fweights,
                const Tensor& aweights) {
  if (x.dim() > 2)
    fail<ShapeError>(operation, "at most 2 dimensions are expected, shape {} has more", x.sizes());
  const Tensor rows = wide_rows(x);
  const std::int64_t observations = rows.size(1);
  check_weights("fweights", fweights, observations);
  check_weights("aweights", aweights, observations);
  if (fweights.defined() && !is_integral(fweights.dtype()))
    fail<DTypeError>("cov", "fweights must hold integers, {} was given", fweights.dtype());
  Tensor weights = ones({observations}, float64);
  if (fweights.defined()) weights = mul(weights, fweights);
  if (aweights.defined()) weights = mul(weights, aweights.to(float64));
  const Tensor total = sum(weights);
  Tensor taken = scalar_tensor(static_cast<double>(correction), float64);
  if (aweights.defined() && correction != 0)
    taken = mul(div(sum(mul(weights, aweights.to(float64))), total), taken);
  const Tensor means = div(sum(mul(rows, weights), Dims{1}, true), total);
  const Tensor deviations = sub(rows, means);
  const Tensor products = matmul(mul(deviations, weights), conj(deviations.transpose(0, 1)));
  return div(products, clamp(sub(total, taken), 0.0, std::nullopt));
}

// Each row over its largest element: that does not change how rows correlate, and squares stay in range.
Tensor near_one(const Tensor& x) {
  if (x.dim() > 2 || x.numel() == 0) return x;
  const Tensor rows = wide_rows(x), sizes = abs(rows.detach());
  return div(rows, as_scale(reduce(kernels::Reduce::Max, sizes, ReducedDims(sizes, {1}))));
}

}  // namespace

Tensor cov(const Tensor& x, std::int64_t correction, const Tensor& fweights, const Tensor& aweights) {
  const Tensor matrix = wide_cov("cov", from_first(x), correction, fweights, aweights).to(result_dtype(x));
  return x.dim() < 2 ? matrix.reshape({}) : matrix;
}

Tensor corrcoef(const Tensor& x) {
  const Tensor matrix = wide_cov("corrcoef", near_one(from_first(x)), 1, {}, {});
  const Tensor spreads = sqrt(real(diagonal(matrix)));
  Tensor out = div(div(matrix, spreads.unsqueeze(1)), spreads.unsqueeze(0));
  if (!is_complex(out.dtype())) out = clamp(out, -1.0, 1.0);
  out = out.to(result_dtype(x));
  return x.dim() < 2 ? out.reshape({}) : out;
}

}  // namespace wick
