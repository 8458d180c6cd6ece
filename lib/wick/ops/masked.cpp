#include "wick/ops/masked.h"

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_mask(const char* operation, const Tensor& mask) {
  if (mask.dtype() != boolean)
    fail<DTypeError>(operation, "the mask must be bool, {} was given", mask.dtype());
}

// The value as a 0-d tensor of x's dtype.
Tensor fill_value(const Tensor& x, const Operand& value) {
  if (!value.is_tensor()) {
    if (value.number().kind() > kind(x.dtype()))
      fail<DTypeError>("masked_fill", "{} cannot be held by {}", value.number(), x.dtype());
    check_fill_value("masked_fill", value.number(), x.dtype());
    return scalar_tensor(value.number(), x.dtype());
  }
  const Tensor& tensor = value.tensor();
  if (tensor.dim() > 0) {
    fail<ShapeError>("masked_fill", "the value must be a number or a 0-d tensor, one of shape {} was given",
                     tensor.sizes());
  }
  if (kind(tensor.dtype()) > kind(x.dtype()))
    fail<DTypeError>("masked_fill", "a {} value cannot be held by {}", tensor.dtype(), x.dtype());
  return tensor.to(x.dtype());
}

}  // namespace

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value) {
  check_mask("masked_fill", mask);
  const Tensor filling = fill_value(x, value);
  return where(mask, filling, x);
}

const Tensor& Tensor::masked_fill_(const Tensor& mask, const Operand& value) const {
  check_mask("masked_fill", mask);
  const Tensor filling = fill_value(*this, value);
  return change_in_place("masked_fill_", *this, {filling},
                         [&](const Tensor& x) { return where(mask, filling, x); });
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask("masked_select", mask);
  const Shape shape = broadcast_shapes(x.sizes(), mask.sizes());
  return index(x.expand(shape), {mask.expand(shape)});
}

Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source) {
  check_mask("masked_scatter", mask);
  check_same_dtype("masked_scatter", x.dtype(), source.dtype());
  const Shape shape = broadcast_shapes(x.sizes(), mask.sizes());
  const std::int64_t count = sum(mask.expand(shape)).item().to_int();
  if (source.numel() < count) {
    fail<ShapeError>("masked_scatter", "{} places are chosen, the source has only {} elements", count,
                     source.numel());
  }
  return index_put(x.expand(shape), {mask.expand(shape)}, source.flatten().slice(0, 0, count));
}

}  // namespace wick
