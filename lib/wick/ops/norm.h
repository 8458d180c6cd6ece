#pragma once

#include <concepts>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// (sum |x|^p)^(1/p) over all elements or over the dims, which are dropped unless `keepdim`; no dims mean all.
// p = 0 counts the elements that are not 0, inf and -inf give the largest and the smallest |x|. The norm of
// nothing is 0. Floating point, and complex with a real result; DTypeError otherwise. Differentiable; where
// the derivative does not exist it is 0.
Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim = false);
inline Tensor norm(const Tensor& x) { return norm(x, 2, Dims{}); }
// Templates, so that 2 is an order, {0} a list of dims and true no order.
template <class P>
requires(std::floating_point<P> || (std::integral<P> && !std::same_as<P, bool>)) Tensor
    norm(const Tensor& x, P p) {
  return norm(x, static_cast<double>(p), Dims{});
}
inline Tensor norm(const Tensor& x, const Dims& dims) { return norm(x, 2, dims); }
inline Tensor norm(const Tensor& x, const Dims& dims, std::same_as<bool> auto keepdim) {
  return norm(x, 2, dims, keepdim);
}

}  // namespace wick
