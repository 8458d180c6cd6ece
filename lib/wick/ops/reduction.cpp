#include "wick/ops/reduction.h"

#include <cmath>

#include "wick/autograd/node.h"
#include "wick/core/error.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
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

Tensor extreme(const char* operation, Reduce op, const Tensor& x) {
  if (is_complex(x.dtype())) checked_kernel(nullptr, operation, x.dtype());
  if (x.numel() == 0) {
    throw ShapeError(std::string(operation) + ": without a dim there must be elements, shape " +
                     to_string(x.sizes()) + " has none");
  }
  const Tensor out = reduce(op, x, ReducedDims(x, {})).reshape({});
  return record(operation, out, {x}, saving(x, out),
                [](const Tensor& g, const Tensor& in, const Tensor& result) {
                  const Tensor found = in.detach(), value = result.detach();
                  // A NaN equals nothing, not even the result; then the elements that are NaN share the
                  // gradient.
                  const double number = value.item().to_double();
                  const Tensor mask = number == number ? eq(found, value) : ne(found, found);
                  return where(mask, div(g, sum(mask).item()), scalar_tensor(0, g.dtype()));
                });
}

}  // namespace

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

Tensor max(const Tensor& x) { return extreme("max", Reduce::Max, x); }
Tensor min(const Tensor& x) { return extreme("min", Reduce::Min, x); }
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("max", kernels::Extreme::Max, x, dim, keepdim);
}
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme_along("min", kernels::Extreme::Min, x, dim, keepdim);
}

}  // namespace wick
