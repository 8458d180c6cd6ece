#pragma once

#include "support.h"

namespace wick::test {

// A function of tensors to be differentiated.
using Function = std::function<Tensor(const Tensors&)>;

// Compares gradients of f, and gradients of its gradients, with central differences. The inputs are float64
// or complex128, of any strides but none of 0, and lie where f is smooth. A failed check names `what`.
void check_gradients(const std::string& what, const Function& f, const Tensors& inputs);

// Distinct values of both signs, none near 0, between 0.3 and 2.3.
inline double apart(std::int64_t i) {
  const double magnitude = 0.3 + 2 * static_cast<double>((i * 37 + 11) % 101) / 101;
  return i % 2 ? -magnitude : magnitude;
}

inline Tensor values(const Shape& shape, std::int64_t from = 0) {
  return filled(shape, float64, [=](std::int64_t i) { return apart(from + i); });
}
inline Tensor positive(const Shape& shape, std::int64_t from = 0) {
  return filled(shape, float64, [=](std::int64_t i) { return std::abs(apart(from + i)); });
}
inline Tensor complex_values(const Shape& shape, std::int64_t from = 0) {
  const Tensor out = empty(shape, complex128);
  real(out).copy_(values(shape, from));
  imag(out).copy_(values(shape, from + 57));
  return out;
}

// The same values in other memory orders.
inline Tensors orders(const Tensor& x) {
  Tensors out{x};
  if (x.dim() < 2) return out;
  const Tensor turned = x.transpose(0, -1).contiguous().transpose(0, -1);
  Shape larger = x.sizes();
  for (auto& size : larger) size = size * 2 + 1;
  Tensor sparse = zeros(larger, x.dtype());
  for (int d = 0; d < x.dim(); ++d) sparse = sparse.slice(d, 1, larger[d], 2);
  sparse.copy_(x);
  out.push_back(turned);
  out.push_back(sparse);
  return out;
}

}  // namespace wick::test
