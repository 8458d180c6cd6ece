#include "wick/autograd/gradient.h"
#include "wick/core/interrupt.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Reduce;

namespace {

// Elements that are looked at before a search may end.
constexpr std::int64_t between_looks = std::int64_t{1} << 18;

// Whether any element of the bool vector that piece(start, end) makes is `wanted`.
template <class F>
bool occurs(bool wanted, std::int64_t count, F piece) {
  const NoGrad no_grad;
  const Reduce op = wanted ? Reduce::Max : Reduce::Min;
  for (std::int64_t start = 0; start < count; start += between_looks) {
    check_interrupt();
    const Tensor part = piece(start, std::min(start + between_looks, count));
    if (reduce(op, part, ReducedDims(part, {})).item().to_bool() == wanted) return true;
  }
  return false;
}

// Whether some elements are true (Max), or all are (Min).
Tensor summarized(Reduce op, const Tensor& given, const Dims& dims, bool keepdim) {
  const Tensor x = given.detach();
  const ReducedDims s(x, dims);
  const Shape shape = keepdim ? s.kept : without_dims(x.sizes(), s.dims);
  const DType dtype = x.dtype() == uint8 ? uint8 : boolean;
  const bool any = op == Reduce::Max;
  if (x.numel() == 0) return full(shape, !any, dtype);
  if (numel(shape) == 1 && x.numel() > between_looks && x.is_contiguous()) {
    const Tensor flat = x.flatten();
    const bool found = occurs(any, flat.numel(), [&](std::int64_t start, std::int64_t end) {
      return flat.slice(0, start, end).to(boolean);
    });
    return full(shape, found == any, dtype);
  }
  return reduce(op, x.to(boolean), s).reshape(shape).to(dtype);
}

}  // namespace

Tensor any(const Tensor& x, const Dims& dims, bool keepdim) {
  return summarized(Reduce::Max, x, dims, keepdim);
}
Tensor all(const Tensor& x, const Dims& dims, bool keepdim) {
  return summarized(Reduce::Min, x, dims, keepdim);
}

Tensor count_nonzero(const Tensor& x, const Dims& dims) {
  const ReducedDims s(x, dims);
  return reduce(Reduce::Sum, x.detach().to(boolean), s).reshape(without_dims(x.sizes(), s.dims));
}

bool equal(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  if (!a.is_contiguous() || !b.is_contiguous()) return all(eq(a.detach(), b.detach())).item().to_bool();
  const Tensor x = a.detach().flatten(), y = b.detach().flatten();
  return !occurs(false, x.numel(), [&](std::int64_t start, std::int64_t end) {
    return eq(x.slice(0, start, end), y.slice(0, start, end));
  });
}

}  // namespace wick
