#include "wick/ops/tensor_data.h"

#include <cstring>

#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/join.h"

namespace wick {

namespace {

// The dtype that holds all numbers of a kind.
DType widest(Kind kind) {
  constexpr DType of_kind[] = {boolean, int64, float64, complex128};
  return of_kind[static_cast<int>(kind)];
}

}  // namespace

TensorData::TensorData(const Scalar& number)
    : values_(scalar_tensor(number, widest(number.kind()))), dtype_(number.dtype()) {}

TensorData::TensorData(std::initializer_list<TensorData> parts) : dtype_(float32) {
  if (parts.size() == 0) {
    values_ = empty({0}, float32);
    return;
  }
  const TensorData& first = *parts.begin();
  dtype_ = first.dtype_;
  Tensors tensors;
  for (const TensorData& part : parts) {
    if (part.values_.sizes() != first.values_.sizes()) {
      fail<ShapeError>("tensor", "the parts of a list need one shape, {} and {} were given",
                       first.values_.sizes(), part.values_.sizes());
    }
    dtype_ = promote_types(dtype_, part.dtype_);
    tensors.push_back(part.values_);
  }
  values_ = stack(tensors);
}

TensorData::TensorData(const std::vector<bool>& values)
    : values_(empty({std::ssize(values)}, boolean)), dtype_(boolean) {
  bool* out = values_.data<bool>();
  for (const bool value : values) *out++ = value;
}

Tensor TensorData::copy_of(const void* values, std::int64_t count, DType dtype) {
  const Tensor out = empty({count}, dtype);
  if (count > 0) std::memcpy(out.raw_data(), values, static_cast<std::size_t>(count * size_of(dtype)));
  return out;
}

Tensor TensorData::to_tensor(std::optional<DType> dtype) const { return values_.to(dtype.value_or(dtype_)); }

}  // namespace wick
