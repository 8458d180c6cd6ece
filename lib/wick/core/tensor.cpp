#include "wick/core/tensor.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "wick/autograd/in_place.h"
#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"

namespace wick {

TensorBody::~TensorBody() { delete gradient; }

void Tensor::undefined() { throw Error("an undefined tensor was used where one with elements is needed"); }

int Tensor::own_dim(std::int64_t d) const {
  if (dim() == 0) fail<IndexError>("size", "dimension {} was asked for, but a 0-d tensor has none", d);
  return wrap_dim(d, dim());
}

void Tensor::wrong_type(DType asked) const {
  fail<DTypeError>("data", "the tensor holds {}, its elements were asked for as {}", dtype(), asked);
}

void Tensor::wrong_rank(int asked) const {
  fail<ShapeError>("accessor", "the tensor has {} dimensions, {} were asked for", dim(), asked);
}

void Tensor::not_contiguous() const {
  fail<ShapeError>("span", "a contiguous tensor is needed, shape {} has strides {}", sizes(), strides());
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

// Where the bytes of a tensor's elements begin and end, counted from its first element.
__extension__ using Wide = __int128;
struct ByteRange {
  Wide begin = 0, end = 0;
};
ByteRange byte_range(const TensorBody& body) {
  if (body.numel == 0) return {};
  ByteRange range{0, size_of(body.dtype)};
  for (int d = 0; d < body.shape.size(); ++d) {
    // Sizes and strides may come from outside. What is beyond 2^100 is too far whatever it is, and its bytes
    // can be counted.
    constexpr Wide farthest = Wide{1} << 100;
    const Wide elements =
        std::clamp(static_cast<Wide>(body.shape[d] - 1) * body.strides[d], -farthest, farthest);
    const Wide reach = elements * size_of(body.dtype);
    (reach < 0 ? range.begin : range.end) += reach;
  }
  return range;
}

// ShapeError unless all elements lie within the storage.
void check_extent(const char* operation, const TensorBody& body) {
  if (body.shape.size() != body.strides.size()) {
    fail<ShapeError>(operation, "shape {} and strides {} must have the same length", body.shape,
                     body.strides);
  }
  if (body.numel == 0) return;
  const ByteRange range = byte_range(body);
  const Wide before = body.data - body.storage->data();
  if (before + range.begin < 0 || before + range.end > static_cast<Wide>(body.storage->bytes())) {
    fail<ShapeError>(operation, "shape {} with strides {} leads out of a memory of {} bytes", body.shape,
                     body.strides, body.storage->bytes());
  }
}

// The strides of a dense tensor in row-major order, and its number of elements.
std::int64_t dense_layout(const Shape& shape, Strides& strides) {
  if (shape.size() > max_rank) return numel(shape);  // which refuses
  strides = Strides::filled(shape.size(), 1);
  std::int64_t extent = 1;  // with empty dimensions counted as 1
  bool none = false;
  for (int i = shape.size() - 1; i >= 0; --i) {
    strides[i] = extent;
    none = none || shape[i] == 0;
    const std::int64_t size = std::max<std::int64_t>(shape[i], 1);
    if (shape[i] < 0 || __builtin_mul_overflow(extent, size, &extent)) return numel(shape);
  }
  return none ? 0 : extent;
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype) {
  Strides strides;
  const std::int64_t count = dense_layout(shape, strides);
  auto storage = Storage::allocate(byte_count(count, shape, dtype));
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.data = storage->data();
  body.storage = std::move(storage);
  body.shape = shape;
  body.strides = std::move(strides);
  body.numel = count;
  body.dtype = dtype;
  return out;
}

Tensor empty_strided(const Shape& shape, const Strides& strides, DType dtype) {
  Tensor out = empty(shape, dtype);
  out.body()->strides = strides;
  out.body()->contiguous = is_contiguous(shape, strides);
  check_extent("empty_strided", *out.body());
  return out;
}

Tensor make_view(const Tensor& base, Shape shape, Strides strides, char* data) {
  return make_view(base, std::move(shape), std::move(strides), data, base.dtype());
}

Tensor make_view(const Tensor& base, Shape shape, Strides strides, char* data, DType dtype) {
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.storage = base.storage();
  body.data = data;
  body.numel = numel(shape);
  body.contiguous = is_contiguous(shape, strides);
  body.shape = std::move(shape);
  body.strides = std::move(strides);
  body.dtype = dtype;
  check_extent("make_view", body);
  return out;
}

Tensor from_blob(Blob data, const Shape& sizes, DType dtype) {
  numel(sizes);  // a ShapeError before strides are computed
  return from_blob(data, sizes, contiguous_strides(sizes), Deleter(), dtype);
}

Tensor from_blob(Blob data, const Shape& sizes, const Strides& strides, DType dtype) {
  return from_blob(data, sizes, strides, Deleter(), dtype);
}

namespace {

// A deleter with what it is given.
struct Ending {
  Deleter deleter;
  void* data;
  static void run(void* context) {
    const std::unique_ptr<Ending> ending(static_cast<Ending*>(context));
    ending->deleter(ending->data);
  }
};

}  // namespace

Tensor from_blob(Blob data, const Shape& sizes, const Strides& strides, Deleter deleter, DType dtype) {
  constexpr const char* operation = "from_blob";
  const std::int64_t count = numel(sizes);
  if (sizes.size() != strides.size())
    fail<ShapeError>(operation, "sizes {} and strides {} must have the same length", sizes, strides);
  Tensor out = Tensor::from_body(new TensorBody);
  TensorBody& body = *out.body();
  body.data = static_cast<char*>(data.data());
  body.shape = sizes;
  body.strides = strides;
  body.numel = count;
  body.contiguous = is_contiguous(sizes, strides);
  body.dtype = dtype;
  const ByteRange range = byte_range(body);
  const Wide place = reinterpret_cast<std::uintptr_t>(body.data);
  if (range.end - range.begin > std::numeric_limits<std::int64_t>::max() || place + range.begin < 0 ||
      place + range.end > std::numeric_limits<std::uintptr_t>::max()) {
    fail<ShapeError>(operation, "sizes {} with strides {} reach over more bytes than can be counted", sizes,
                     strides);
  }
  std::unique_ptr<Ending> ending(deleter ? new Ending{std::move(deleter), data.data()} : nullptr);
  body.storage = Storage::wrap(body.data + static_cast<std::int64_t>(range.begin),
                               static_cast<std::size_t>(range.end - range.begin),
                               ending ? Ending::run : nullptr, ending.get(), data.read_only());
  ending.release();
  return out;
}

Scalar Tensor::item() const {
  if (numel() != 1)
    fail<ShapeError>("item", "a tensor with one element is needed, shape {} has {}", sizes(), numel());
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
  if (autograd::in_place_recorded("copy_", *this, {source})) {
    source.detach().expand(sizes());  // a ShapeError before anything else
    return change_in_place("copy_", *this, {source}, [&](const Tensor& before) {
      const Tensor out = empty_like(before, dtype());
      copy_into(out, source);
      return record("copy_", out, wrt(before, [](const Tensor& g) { return zeros_like(g); }),
                    wrt(source, [](const Tensor& g) { return g; }));
    });
  }
  const NoGrad no_grad;
  const Tensor from = begin_in_place("copy_", *this, source);
  const Uninterrupted whole;
  copy_into(*this, from);
  return *this;
}

const Tensor& Tensor::fill_(const Scalar& value) const {
  check_fill_value("fill_", value, dtype());
  if (autograd::in_place_recorded("fill_", *this, {})) {
    return change_in_place("fill_", *this, {}, [&](const Tensor& before) {
      return record("fill_", full_like(before, value, dtype()), {before},
                    [](const Tensor& g) { return zeros_like(g); });
    });
  }
  const NoGrad no_grad;
  begin_in_place("fill_", *this);
  const Uninterrupted whole;
  fill_into(*this, value);
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
