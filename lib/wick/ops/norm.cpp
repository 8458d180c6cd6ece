#include "wick/ops/norm.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "wick/autograd/node.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/join.h"
#include "wick/ops/norm_gradient.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

Tensor is_zero(const Tensor& x) { return eq(x, scalar_tensor(0, x.dtype())); }

// 1 in place of 0, so that dividing and taking powers goes on.
Tensor nonzero_or_one(const Tensor& x) { return where(is_zero(x), scalar_tensor(1, x.dtype()), x); }

// The parts of complex numbers along one more dimension, which is to be reduced as well.
Tensor parts_of(const Tensor& x) { return stack({real(x), imag(x)}, -1); }

// In float64: the squares of narrower dtypes neither overflow nor vanish there. Those of float64 are taken
// relative to the largest element where they do.
Tensor euclidean(const Tensor& x, const Dims& asked) {
  if (is_complex(x.dtype())) {
    Dims dims = asked;
    dims.push_back(x.dim());
    return euclidean(parts_of(x), dims).squeeze(-1);
  }
  const ReducedDims s(x, asked);
  const Tensor squares = reduce(kernels::Reduce::Squares, x, s), root = sqrt(squares);
  if (x.dtype() != float64) return root;
  const Tensor lost =
      logical_or(lt(squares, scalar_tensor(1e-280, float64)), eq(squares, scalar_tensor(INFINITY, float64)));
  if (!max(lost).item().to_bool()) return root;
  const Tensor scale = as_scale(reduce(kernels::Reduce::Max, abs(x), s));
  const Tensor scaled = mul(sqrt(reduce(kernels::Reduce::Squares, div(x, scale), s)), scale);
  return where(lost, scaled, root);
}

// Unrecorded, the dims kept with size 1.
Tensor compute(const Tensor& x, double p, const Dims& dims) {
  const NoGrad no_grad;
  const DType dtype = real_dtype(x.dtype());
  if (x.numel() == 0) return sum(zeros(x.sizes(), dtype), dims, true);
  if (p == 2) return euclidean(x.detach(), dims).to(dtype);
  const Tensor m = abs(is_half(dtype) ? x.detach().to(float32) : x.detach());
  const auto most = [&] {
    return reduce(p > 0 ? kernels::Reduce::Max : kernels::Reduce::Min, m, ReducedDims(m, dims));
  };
  if (std::isinf(p)) return most().to(dtype);
  if (p == 0) return sum(ne(m, scalar_tensor(0, m.dtype())).to(m.dtype()), dims, true).to(dtype);
  if (p == 1) return sum(m, dims, true).to(dtype);
  // Relative to the element that counts most, powers neither overflow nor vanish.
  const Tensor scale = as_scale(most());
  return mul(pow(sum(pow(div(m, scale), p), dims, true), 1 / p), scale).to(dtype);
}

}  // namespace

// d norm / dx = x / |x| * (|x| / norm)^(p - 1); of the largest or smallest the elements that equal it have
// equal shares. Where a denominator is 0 the derivative counts as 0.
Tensor norm_gradient(const Tensor& g, const Tensor& x, const Tensor& result, double p, const Dims& dims) {
  if (p == 0) return zeros_like(x);
  const Tensor zero = scalar_tensor(0, g.dtype());
  const Tensor share = where(is_zero(result), zero, g), divisor = nonzero_or_one(result);
  if (p == 2) return mul(x, div(share, divisor));
  const Tensor m = abs(x), direction = sgn(x);
  if (std::isinf(p)) {
    const Tensor found = m.detach(), value = result.detach();
    // A NaN equals nothing; then the elements that are NaN have the shares.
    const Tensor mask = where(eq(value, value), eq(found, value), ne(found, found)).to(g.dtype());
    return mul(direction, mul(div(g, sum(mask, dims, true)), mask));
  }
  if (p == 1) return mul(direction, g);
  return mul(direction, mul(share, pow(div(nonzero_or_one(m), divisor), p - 1)));
}

Tensor norm(const Tensor& x, double p, const Dims& asked, bool keepdim) {
  if (is_integral(x.dtype())) {
    throw DTypeError("norm: the dtype should be either floating point or complex, " +
                     std::string(name(x.dtype())) + " was given");
  }
  const Dims dims = wrap_dims(asked, x.dim());
  const Tensor out = compute(x, p, dims);
  record("norm", out, {x}, saving(x, out, p, dims),
         [](const Tensor& g, const Tensor& in, const Tensor& result, double order, const Dims& along) {
           return norm_gradient(g, in, result, order, along);
         });
  return keepdim ? out : out.reshape(without_dims(x.sizes(), dims));
}

}  // namespace wick
