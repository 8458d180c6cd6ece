#include "wick/ops/extrema.h"

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/reduction.h"

namespace wick {

using kernels::Extreme;

namespace {

// Positions count in x flattened.
Tensor flattened(const char* operation, const Tensor& x) {
  if (x.numel() == 0) fail<ShapeError>(operation, "shape {} has no elements", x.sizes());
  return x.detach().flatten();
}

}  // namespace

Tensor argmax(const Tensor& x) {
  return extreme_along("argmax", Extreme::Max, flattened("argmax", x), 0, false).indices;
}
Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("argmax", Extreme::Max, x.detach(), dim, keepdim).indices;
}
Tensor argmin(const Tensor& x) {
  return extreme_along("argmin", Extreme::Min, flattened("argmin", x), 0, false).indices;
}
Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("argmin", Extreme::Min, x.detach(), dim, keepdim).indices;
}

namespace {

Tensor where_true(const Tensor& condition, const Tensor& g) {
  return where(condition, g, scalar_tensor(0, g.dtype()));
}

// One bound: the gradient is that of what is taken, of x where both are equal. NaN has none.
Tensor bounded(const Tensor& x, const Tensor& bound, bool is_low) {
  const Tensor out = is_low ? maximum(x.detach(), bound.detach()) : minimum(x.detach(), bound.detach());
  return record("clamp", out,
                wrt(x, saving(x.detach(), bound.detach(), is_low),
                    [](const Tensor& g, const Tensor& in, const Tensor& limit, bool low) {
                      return where_true(low ? ge(in, limit) : le(in, limit), g);
                    }),
                wrt(bound, saving(x.detach(), bound.detach(), is_low),
                    [](const Tensor& g, const Tensor& in, const Tensor& limit, bool low) {
                      return where_true(low ? lt(in, limit) : gt(in, limit), g);
                    }));
}

// A number as a 0-d tensor that promotes as the number does; undefined where it cannot bind, as it lies below
// or above all that the dtype holds.
Tensor as_bound(const Tensor& x, const std::optional<Scalar>& bound, bool is_low) {
  if (!bound) return {};
  const DType dtype = result_type(x, *bound);
  if (fits(*bound, dtype)) return scalar_tensor(*bound, dtype);
  if ((bound->to_double() < 0) == is_low) return {};
  fail("clamp", "{} is outside the range of {}", *bound, dtype);
}

Tensor clamped(const Tensor& x, const Tensor& low, const Tensor& high) {
  if (is_complex(x.dtype())) fail<DTypeError>("clamp", "not defined for {}", x.dtype());
  Tensor out = x;
  if (low.defined()) out = bounded(out, low, true);
  if (high.defined()) out = bounded(out, high, false);
  return out;
}

}  // namespace

Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high) {
  if (!low.defined() && !high.defined()) fail("clamp", "at least one of the two bounds must be given");
  return clamped(x, low, high);
}

Tensor clamp(const Tensor& x, const std::optional<Scalar>& low, const std::optional<Scalar>& high) {
  if (!low && !high) fail("clamp", "at least one of the two bounds must be given");
  return clamped(x, as_bound(x, low, true), as_bound(x, high, false));
}

const Tensor& Tensor::clamp_(const std::optional<Scalar>& low, const std::optional<Scalar>& high) const {
  return change_in_place("clamp_", *this, {}, [&](const Tensor& x) { return wick::clamp(x, low, high); });
}

}  // namespace wick
