#include "wick/ops/reduction.h"

#include <algorithm>
#include <cmath>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/scan.h"
#include "wick/ops/scatter.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Reduce;
using kernels::ReduceFinish;

namespace {

// The gradient of a reduction, spread over x again.
Tensor expand_back(const Tensor& g, const Shape& kept, const Shape& whole) {
  return g.reshape(kept).expand(whole);
}

// Of a new tensor, which has no gaps.
bool all_finite(const Tensor& x) {
  bool finite = true;
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_floating_point_v<T>) {
      const T* data = x.data<T>();
      for (std::int64_t i = 0; i < x.numel(); ++i) finite &= data[i] - data[i] == 0;
    } else if constexpr (is_differentiable(dtype_of<T>)) {
      finite = x.numel() == 0 || min(isfinite(x)).item().to_bool();
    }
  });
  return finite;
}

// The sum, or with its share of the count the mean.
Tensor summed(const char* operation, const Tensor& x, const ReducedDims& s, bool keepdim, double divisor) {
  Tensor out = reduce(Reduce::Sum, x, s, {divisor, s.count});
  // A mean may be in the range where the sum is not.
  if (divisor > 1 && !all_finite(out)) {
    const NoGrad no_grad;
    const Tensor wide = is_half(x.dtype()) ? x.to(float32) : x.detach();
    out = where(isfinite(out), out, reduce(Reduce::Sum, div(wide, divisor), s).to(out.dtype()));
  }
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record(operation, out, {x}, saving(s.kept, x.sizes(), divisor),
                [](const Tensor& g, const Shape& kept, const Shape& whole, double by) {
                  return expand_back(by == 1 ? g : div(g, by), kept, whole);
                });
}

void check_floating(const char* operation, const Tensor& x) {
  if (is_integral(x.dtype())) {
    throw DTypeError(std::string(operation) + "(): input dtype should be either floating point or complex, " +
                     std::string(name(x.dtype())) + " was given");
  }
}

}  // namespace

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  if (dtype && *dtype != x.dtype()) {
    // Integers of any size are added up in int64.
    if (is_integral(*dtype) && is_integral(x.dtype()) && *dtype != boolean) {
      return sum(x, dims, keepdim).to(*dtype);
    }
    return sum(x.to(*dtype), dims, keepdim, dtype);
  }
  const Tensor out = summed("sum", x, ReducedDims(x, dims), keepdim, 1);
  return dtype ? out.to(*dtype) : out;
}

namespace {

// For each element of x the product of the others over the dims.
Tensor products_of_others(const Tensor& x, const ReducedDims& s) {
  if (s.dims.size() == 1 || x.dim() == 0)
    return products_of_others(x, x.dim() == 0 ? 0 : static_cast<int>(s.dims[0]));
  // The reduced dimensions last, then as one.
  Dims order, back = x.sizes();
  Shape lines;
  for (const bool reduced : {false, true}) {
    for (int d = 0; d < x.dim(); ++d) {
      if ((std::ranges::find(s.dims, d) != s.dims.end()) == reduced) {
        back[d] = order.size();
        order.push_back(d);
        if (!reduced) lines.push_back(x.sizes()[d]);
      }
    }
  }
  lines.push_back(static_cast<std::int64_t>(s.count));
  const Tensor ordered = x.permute(order);
  const int last = static_cast<int>(lines.size()) - 1;
  return products_of_others(ordered.reshape(lines), last).reshape(ordered.sizes()).permute(back);
}

}  // namespace

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  if (dtype && *dtype != x.dtype()) {
    if (is_integral(*dtype) && is_integral(x.dtype()) && *dtype != boolean)
      return prod(x, dims, keepdim).to(*dtype);
    return prod(x.to(*dtype), dims, keepdim, dtype);
  }
  const ReducedDims s(x, dims);
  Tensor out = reduce(Reduce::Prod, x, s);
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  record("prod", out, {x}, saving(x, out, s.dims),
         [](const Tensor& g, const Tensor& in, const Tensor& product, const Dims& along) {
           if (in.numel() == 0) return zeros_like(in);
           const ReducedDims over(in, along);
           const Tensor spread = g.reshape(over.kept), whole = product.reshape(over.kept);
           // Subnormal products have lost digits.
           const Tensor size = abs(whole.detach());
           const Tensor has_all_digits = ge(size, scalar_tensor(smallest_normal(size.dtype()), size.dtype()));
           const Tensor usable = bitwise_and(isfinite(whole), has_all_digits);
           const bool divides = all(usable).item().to_bool();
           return mul(spread, conj(divides ? div(whole, in) : products_of_others(in, over)));
         });
  return dtype ? out.to(*dtype) : out;
}

namespace {

Tensor zero_where(const Tensor& condition, const Tensor& x) {
  return where(condition, scalar_tensor(0, x.dtype()), x);
}

}  // namespace

Tensor nansum(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  if (dtype && *dtype != x.dtype()) return nansum(x.to(*dtype), dims, keepdim, dtype);
  if (is_complex(x.dtype())) checked_kernel(nullptr, "nansum", x.dtype());
  if (is_integral(x.dtype())) return sum(x, dims, keepdim, dtype);
  const ReducedDims s(x, dims);
  Tensor out = reduce(Reduce::NanSum, x, s);
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record("nansum", out, {x}, saving(x, s.kept),
                [](const Tensor& g, const Tensor& in, const Shape& kept) {
                  return zero_where(isnan(in), g.reshape(kept));
                });
}

Tensor nanmean(const Tensor& x, const Dims& dims, bool keepdim) {
  if (!is_floating(x.dtype())) checked_kernel(nullptr, "nanmean", x.dtype());
  const ReducedDims s(x, dims);
  const Tensor numbers = eq(x.detach(), x.detach());
  const Tensor count = reduce(Reduce::Sum, numbers, s).to(float64);
  Tensor out = div(reduce(Reduce::NanSum, x, s, {1, s.count, true}), count).to(x.dtype());
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record("nanmean", out, {x}, saving(numbers, count),
                [](const Tensor& g, const Tensor& counted, const Tensor& of) {
                  const Tensor share = div(g.reshape(of.sizes()).to(float64), of).to(g.dtype());
                  return where(counted, share, scalar_tensor(0, g.dtype()));
                });
}

namespace {

// The logarithms of the shares that exp(x) has in exp(total). An infinite total is shared by the elements
// that are infinite as well; of one that is 0 nobody has a share.
Tensor log_shares(const Tensor& x, const Tensor& total, const Dims& dims) {
  const Tensor end = total.detach();
  if (all_finite(end)) return sub(x, total);
  const Tensor same = bitwise_and(eq(x.detach(), end), isinf(end));
  const Tensor none = lt(end, scalar_tensor(0, end.dtype()));
  const Tensor shared = where(none, end, neg(log(sum(same, dims, true).to(float64))).to(end.dtype()));
  return where(same, shared, sub(x, total));
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim) {
  if (is_complex(x.dtype())) checked_kernel(nullptr, "logsumexp", x.dtype());
  if (is_integral(x.dtype())) return logsumexp(x.to(float32), dims, keepdim);
  const ReducedDims s(x, dims);
  Tensor out = full(s.kept, -HUGE_VAL, x.dtype());
  if (x.numel() > 0) {
    const NoGrad no_grad;
    const Tensor in = is_half(x.dtype()) ? x.to(float32) : x.detach();
    const Tensor largest = reduce(Reduce::Max, in, s);
    const Tensor shift = where(isfinite(largest), largest, zeros_like(largest));
    const Tensor powers = sub(in, shift);
    out = add(log(reduce(Reduce::Sum, powers.exp_(), s)), shift).to(x.dtype());
  }
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record("logsumexp", out, {x}, saving(x, out, s.dims),
                [](const Tensor& g, const Tensor& in, const Tensor& result, const Dims& along) {
                  const Shape kept = ReducedDims(in, along).kept;
                  const Tensor total = result.reshape(kept);
                  return mul(g.reshape(kept), exp(log_shares(in, total, along)));
                });
}

Tensor mean(const Tensor& x) { return mean(x, Dims{}); }

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check_floating("mean", x);
  const ReducedDims s(x, dims);
  return summed("mean", x, s, keepdim, s.count);
}

namespace {

// Means and variances with reduced dimensions of size 1, in float64.
struct Moments {
  Tensor mean, variance;
};

Moments moments(const Tensor& x, const ReducedDims& s, double divisor) {
  Moments m;
  m.mean = reduce(Reduce::Sum, x, s, {s.count, s.count, true});
  m.variance = reduce(Reduce::Deviations, x, s, {divisor, s.count}, &m.mean);
  return m;
}

double variance_divisor(const ReducedDims& s, bool unbiased) {
  return std::max(s.count - (unbiased ? 1 : 0), 0.0);
}

// (x - mean) * factor, where the mean is over the dims of s and the factor has their shape, with enough
// digits for differences of large numbers. Differentiable: then it is composed of operations on a wider
// dtype.
Tensor scaled_deviation(const Tensor& x, const Tensor& mean_of_x, const Tensor& factor,
                        const ReducedDims& s) {
  if (autograd::wanted({x, factor})) {
    const Tensor wide = x.to(float64);
    return mul(sub(wide, mean(wide, s.dims, true)), factor);
  }
  const Tensor out = empty_for({&x}, x.dtype());
  const Tensor by = factor.to(float64);
  const auto loop = kernels::table().scaled_deviation[index_of(x.dtype())];
  if (out.numel() > 0) run_loop(make_loop_nest({&out, &x, &mean_of_x, &by}), loop, nullptr, 2);
  return out;
}

}  // namespace

Tensor var(const Tensor& x) { return var(x, Dims{}); }

Tensor var(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  check_floating("var", x);
  if (is_complex(x.dtype()))
    return add(var(real(x), dims, unbiased, keepdim), var(imag(x), dims, unbiased, keepdim));
  const ReducedDims s(x, dims);
  const double divisor = variance_divisor(s, unbiased);
  const Moments m = moments(x, s, divisor);
  Tensor out = m.variance.to(x.dtype());
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record("var", out, {x}, saving(x, m.mean, s.dims, divisor),
                [](const Tensor& g, const Tensor& in, const Tensor& center, const Dims& along, double by) {
                  const ReducedDims over(in, along);
                  const Tensor factor = mul(g.reshape(over.kept).to(float64), 2 / by);
                  return scaled_deviation(in, center, factor, over);
                });
}

Tensor std(const Tensor& x) { return std(x, Dims{}); }

namespace {

// Where squares of the deviations leave the range of float64 the root of their sum, scaled by the largest
// deviation, does not.
Tensor deviation(const Tensor& x, const ReducedDims& s, double divisor, const Moments& m) {
  const Tensor root = sqrt(m.variance);
  if (x.dtype() != float64 || x.numel() == 0) return root;
  const double tiny = 1e-290, huge = 1e308;
  const Tensor out_of_range =
      logical_or(lt(m.variance, scalar_tensor(tiny, float64)), gt(m.variance, scalar_tensor(huge, float64)));
  if (!max(out_of_range).item().to_bool()) return root;
  const Tensor deviations = sub(x, m.mean);
  const Tensor scale = as_scale(reduce(Reduce::Max, abs(deviations), s));
  const Tensor squares = reduce(Reduce::Squares, div(deviations, scale), s, {divisor});
  return where(out_of_range, mul(sqrt(squares), scale), root);
}

// Of real and imaginary part together.
Tensor complex_std(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  const Tensor wide = x.to(complex128);
  const Tensor parts =
      complex(std(real(wide), dims, unbiased, keepdim), std(imag(wide), dims, unbiased, keepdim));
  return abs(parts).to(real_dtype(x.dtype()));
}

}  // namespace

Tensor std(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  check_floating("std", x);
  if (is_complex(x.dtype())) return complex_std(x, dims, unbiased, keepdim);
  const ReducedDims s(x, dims);
  const double divisor = variance_divisor(s, unbiased);
  Tensor wide, out, mean;
  {
    const NoGrad no_grad;
    const Moments m = moments(x.detach(), s, divisor);
    mean = m.mean;
    wide = deviation(x.detach(), s, divisor, m);
    out = wide.to(x.dtype());
    if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  }
  return record("std", out, {x}, saving(x, out, mean, wide, s.dims, divisor),
                [](const Tensor& g, const Tensor& in, const Tensor& result, const Tensor& center,
                   const Tensor& precise, const Dims& along, double by) {
                  const ReducedDims over(in, along);
                  // Equal elements have the gradient 0, where that of the root alone would be infinite.
                  const Tensor root =
                      autograd::wanted({result}) ? result.reshape(over.kept).to(float64) : precise;
                  const Tensor none = eq(root, scalar_tensor(0, float64));
                  const Tensor share =
                      div(g.reshape(over.kept).to(float64), mul(where(none, ones_like(root), root), by));
                  return scaled_deviation(in, center, where(none, zeros_like(root), share), over);
                });
}

namespace {

Tensor extreme_over(const char* operation, Reduce op, const Tensor& x, const Dims& dims, bool keepdim) {
  if (is_complex(x.dtype())) checked_kernel(nullptr, operation, x.dtype());
  const ReducedDims s(x, dims);
  if (x.numel() == 0 && numel(s.kept) > 0)
    fail<ShapeError>(operation, "there are no elements along dims {} of shape {}", s.dims, x.sizes());
  Tensor out = reduce(op, x, s);
  if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  return record(operation, out, {x}, saving(x, out, s.dims),
                [](const Tensor& g, const Tensor& in, const Tensor& result, const Dims& along) {
                  const Shape kept = ReducedDims(in, along).kept;
                  const Tensor found = in.detach();
                  // Where there are NaN, these share the gradient.
                  const Tensor mask = bitwise_or(eq(found, result.detach().reshape(kept)), isnan(found));
                  const Tensor share = div(g.reshape(kept).to(float64), sum(mask, along, true)).to(g.dtype());
                  return where(mask, share, scalar_tensor(0, g.dtype()));
                });
}

}  // namespace

Tensor amax(const Tensor& x, const Dims& dims, bool keepdim) {
  return extreme_over("amax", Reduce::Max, x, dims, keepdim);
}
Tensor amin(const Tensor& x, const Dims& dims, bool keepdim) {
  return extreme_over("amin", Reduce::Min, x, dims, keepdim);
}

ValuesIndices extreme_along(const char* operation, kernels::Extreme which, const Tensor& x, std::int64_t dim,
                            bool keepdim) {
  const kernels::LineLoops& loops = kernels::table().extreme[which][index_of(x.dtype())];
  checked_kernel(loops.rows, operation, x.dtype());
  const int d = wrap_dim(dim, x.dim());
  const ReducedDims s(x, {d});
  Tensor values = empty(s.kept, x.dtype());
  Tensor indices = empty(s.kept, int64);
  if (values.numel() > 0) {
    if (x.numel() == 0) {
      throw IndexError(std::string(operation) + ": dimension " + std::to_string(d) + " of shape " +
                       to_string(x.sizes()) + " has no elements");
    }
    const NoGrad no_grad;
    const Tensor value = values.expand(x.sizes()), index = indices.expand(x.sizes()), in = x.detach();
    run_lines(make_loop_nest({&value, &index, &in}), loops, 2);
  }
  if (!keepdim && x.dim() > 0) {
    const Shape shape = without_dims(x.sizes(), s.dims);
    values = values.reshape(shape);
    indices = indices.reshape(shape);
  }
  record(operation, values, {x}, saving(d, indices, s.kept, x.sizes()),
         [](const Tensor& g, int along, const Tensor& at, const Shape& kept, const Shape& shape) {
           return scatter_to_zeros(shape, along, at.reshape(kept), g.reshape(kept));
         });
  return {values, indices};
}

Tensor max(const Tensor& x) { return extreme_over("max", Reduce::Max, x, {}, false); }
Tensor min(const Tensor& x) { return extreme_over("min", Reduce::Min, x, {}, false); }
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("max", kernels::Extreme::Max, x, dim, keepdim);
}
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("min", kernels::Extreme::Min, x, dim, keepdim);
}

}  // namespace wick
