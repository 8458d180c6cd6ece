#include "wick/core/tensor.h"

#include "wick/autograd/node.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"

namespace wick {

TensorBody::~TensorBody() { delete gradient; }

int Tensor::own_dim(std::int64_t d) const {
  if (dim() == 0)
    throw IndexError("dimension " + std::to_string(d) + " was asked for, but a 0-d tensor has none");
  return wrap_dim(d, dim());
}

void Tensor::wrong_type(DType asked) const {
  throw DTypeError("the tensor holds " + std::string(name(dtype())) + ", its data was asked for as " +
                   std::string(name(asked)));
}

namespace {

std::size_t byte_count(std::int64_t elements, const Shape& shape, DType dtype) {
  std::int64_t bytes;
  if (__builtin_mul_overflow(elements, size_of(dtype), &bytes)) {
    throw ShapeError("shape " + to_string(shape) + " of " + std::string(name(dtype)) +
                     " is too large: its bytes cannot be counted");
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype) {
  const std::int64_t count = numel(shape);
  auto storage = Storage::allocate(byte_count(count, shape, dtype));
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.data = storage->data();
  body.storage = std::move(storage);
  body.shape = shape;
  body.strides = contiguous_strides(shape);
  body.numel = count;
  body.dtype = dtype;
  return out;
}

Tensor empty_strided(const Shape& shape, const Strides& strides, DType dtype) {
  Tensor out = empty(shape, dtype);
  out.body()->strides = strides;
  out.body()->contiguous = is_contiguous(shape, strides);
  return out;
}

Tensor make_view(const Tensor& base, Shape shape, Strides strides, char* data) {
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.storage = base.storage();
  body.data = data;
  body.numel = numel(shape);
  body.contiguous = is_contiguous(shape, strides);
  body.shape = std::move(shape);
  body.strides = std::move(strides);
  body.dtype = base.dtype();
  return out;
}

Tensor from_blob(void* data, const Shape& shape, DType dtype, void (*release)(void*), void* context) {
  const std::int64_t count = numel(shape);
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.storage = Storage::wrap(data, byte_count(count, shape, dtype), release, context);
  body.data = static_cast<char*>(data);
  body.shape = shape;
  body.strides = contiguous_strides(shape);
  body.numel = count;
  body.dtype = dtype;
  return out;
}

Scalar Tensor::item() const {
  if (numel() != 1) {
    throw ShapeError("a tensor with one element is needed, shape " + to_string(sizes()) + " has " +
                     std::to_string(numel()));
  }
  return dispatch(dtype(), [&]<class T>(TypeTag<T>) -> Scalar {
    const T value = *reinterpret_cast<const T*>(body_->data);
    if constexpr (is_complex(dtype_of<T>)) {
      return std::complex<double>(value);
    } else if constexpr (is_floating(dtype_of<T>)) {
      return static_cast<double>(value);
    } else {
      return value;
    }
  });
}

Tensor Tensor::detach() const { return make_view(*this, sizes(), strides(), raw_data()); }

const Tensor& Tensor::copy_(const Tensor& source) const {
  check_in_place(*this);
  const bool overlaps = source.storage() == storage() && !source.is_same(*this);
  copy_into(*this, (overlaps ? source.detach().clone() : source).expand(sizes()));
  storage()->bump_version();
  return *this;
}

const Tensor& Tensor::fill_(const Scalar& value) const {
  check_in_place(*this);
  fill_into(*this, value);
  storage()->bump_version();
  return *this;
}

Tensor Tensor::to(DType target) const {
  if (target == dtype()) return *this;
  Tensor out = empty_like(*this, target);
  copy_into(out, *this);
  if (!is_differentiable(target)) return out;
  // The engine converts the gradient back to this tensor's dtype.
  return record("to", out, {*this}, [](const Tensor& g) { return g; });
}

Tensor Tensor::clone() const {
  Tensor out = empty_like(*this, dtype());
  copy_into(out, *this);
  return record("clone", out, {*this}, [](const Tensor& g) { return g; });
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  Tensor out = empty(sizes(), dtype());
  copy_into(out, *this);
  return record("contiguous", out, {*this}, [](const Tensor& g) { return g; });
}

}  // namespace wick
