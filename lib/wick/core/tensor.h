#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "wick/core/dims.h"
#include "wick/core/dtype.h"
#include "wick/core/error.h"
#include "wick/core/scalar.h"
#include "wick/core/storage.h"

namespace wick {
struct GradientState;  // autograd/node.h
}

namespace WICK_API wick {

template <class T, int rank>
class Accessor;        // core/accessor.h
class TensorIterator;  // core/accessor.h
class Operand;         // core/operand.h
class Subscript;       // ops/subscript.h
class Tensor;
struct ValuesIndices;  // ops/reduction.h

namespace indexing {
class TensorIndex;  // ops/subscript.h
}
using indexing::TensorIndex;

using Tensors = std::vector<Tensor>;
// In an order: the arrays of an archive, a state dict.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// What a Tensor refers to: a strided view of a storage. Fixed once made, but for the gradient's state.
struct TensorBody : RefCounted {
  Ref<Storage> storage;
  char* data = nullptr;  // of the first element
  Shape shape;
  Strides strides;
  std::int64_t numel = 0;
  DType dtype = float32;
  bool contiguous = true;
  GradientState* gradient = nullptr;  // owned; null while no gradient is wanted

  // Of a view the tensor at the root of it, whose history is the view's as well; see autograd/in_place.h. Of
  // a root, how often its elements were changed in place by an operation that is recorded; of a view, which
  // of these changes its own history takes in.
  Ref<TensorBody> base;
  std::atomic<std::uint32_t> changes{0};

  ~TensorBody();
};

// A strided, dtype-tagged array, or a view of one. A Tensor is a reference: copies share the elements;
// clone() copies them. A default-constructed Tensor is undefined: good for defined(), is_same() and
// assignment; anything else is an Error.
class Tensor {
 public:
  Tensor() noexcept = default;
  Tensor(const Tensor&) noexcept = default;
  Tensor(Tensor&&) noexcept = default;
  // A variable then refers to another tensor.
  Tensor& operator=(const Tensor&) & noexcept = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  // What is not a variable, such as x[0] or x.slice(1, 0, 2), gets the elements, as by copy_ and fill_.
  const Tensor& operator=(const Tensor& source) && { return copy_(source); }
  const Tensor& operator=(Tensor&& source) && { return copy_(source); }
  const Tensor& operator=(const Scalar& value) && { return fill_(value); }

  bool defined() const noexcept { return static_cast<bool>(body_); }
  int dim() const { return get().shape.size(); }
  std::int64_t numel() const { return get().numel; }
  const Shape& sizes() const& { return get().shape; }
  Shape sizes() && { return get().shape; }
  const Shape& shape() const& { return get().shape; }
  Shape shape() && { return get().shape; }
  // IndexError on a 0-d tensor, and outside [-dim(), dim()-1].
  std::int64_t size(std::int64_t d) const { return get().shape[own_dim(d)]; }
  const Strides& strides() const& { return get().strides; }
  Strides strides() && { return get().strides; }
  std::int64_t stride(std::int64_t d) const { return get().strides[own_dim(d)]; }
  DType dtype() const { return get().dtype; }
  std::int64_t itemsize() const { return size_of(get().dtype); }
  bool is_contiguous() const { return get().contiguous; }
  bool is_same(const Tensor& other) const noexcept { return body_ == other.body_; }

  // The elements, in the order that strides() tells. DTypeError when T, const or not, is not the tensor's
  // type.
  template <class T>
  T* data() const {
    if (dtype_of<std::remove_const_t<T>> != dtype()) wrong_type(dtype_of<std::remove_const_t<T>>);
    return reinterpret_cast<T*>(get().data);
  }
  template <class T>
  T* data_ptr() const {
    return data<T>();
  }
  // Those of a contiguous tensor in row-major order; ShapeError for another.
  template <class T>
  std::span<T> span() const {
    if (!is_contiguous()) not_contiguous();
    return {data<T>(), static_cast<std::size_t>(numel())};
  }
  // Of any strides: x.accessor<float, 2>()[i][j]. ShapeError unless the tensor has that many dimensions. See
  // core/accessor.h.
  template <class T, int rank>
  Accessor<T, rank> accessor() const;
  // Views of the positions along the first dimension: for (const Tensor& row : x).
  TensorIterator begin() const;
  TensorIterator end() const;
  char* raw_data() const { return get().data; }
  const Ref<Storage>& storage() const& { return get().storage; }
  Ref<Storage> storage() && { return get().storage; }

  // The only element, as a number. ShapeError when there is not exactly one.
  Scalar item() const;
  // The same as a C++ number: an Error for one that an integer type T cannot hold.
  template <class T>
  T item() const {
    return item().template to<T>();
  }

  // The elements converted, or this very tensor when it has that dtype already. Differentiable between
  // floating point and complex dtypes. Floating point to integer truncates towards zero.
  Tensor to(DType dtype) const;
  // A copy in memory of its own; dense tensors keep their memory order, others become contiguous.
  Tensor clone() const;
  // This tensor if it is contiguous, else a row-major copy.
  Tensor contiguous() const;
  // The same elements, without history.
  Tensor detach() const;

  // Views; see views.h.
  Tensor reshape(const Shape& shape) const;
  Tensor permute(const Dims& dims) const;
  Tensor transpose(std::int64_t dim0, std::int64_t dim1) const;
  Tensor t() const;
  Tensor expand(const Shape& shape) const;
  Tensor unsqueeze(std::int64_t dim) const;
  Tensor squeeze(std::int64_t dim) const;
  Tensor select(std::int64_t dim, std::int64_t index) const;
  Tensor slice(std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step = 1) const;
  Tensor flatten() const { return reshape({-1}); }
  Tensor operator[](std::int64_t index) const { return select(0, index); }
  // x[{0, Slice(1, 3), mask}]; see ops/subscript.h.
  Subscript operator[](std::initializer_list<TensorIndex> indices) const;
  Subscript index(std::initializer_list<TensorIndex> indices) const;
  const Tensor& index_put_(std::initializer_list<TensorIndex> indices, const Operand& values,
                           bool accumulate = false) const;

  // Functions as members: x.sum(0) is sum(x, 0). They are described in the headers of ops/ and linalg/. No
  // dims mean all.
  Tensor add(const Operand& y, const Scalar& alpha = 1) const;
  Tensor sub(const Operand& y, const Scalar& alpha = 1) const;
  Tensor mul(const Operand& y) const;
  Tensor div(const Operand& y) const;
  Tensor pow(const Operand& exponent) const;
  Tensor maximum(const Operand& y) const;
  Tensor minimum(const Operand& y) const;
  Tensor eq(const Operand& y) const;
  Tensor ne(const Operand& y) const;
  Tensor lt(const Operand& y) const;
  Tensor le(const Operand& y) const;
  Tensor gt(const Operand& y) const;
  Tensor ge(const Operand& y) const;
  Tensor clamp(const std::optional<Scalar>& low, const std::optional<Scalar>& high = std::nullopt) const;
  Tensor abs() const;
  Tensor exp() const;
  Tensor log() const;
  Tensor sqrt() const;
  Tensor sigmoid() const;
  Tensor tanh() const;
  Tensor relu() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor floor() const;
  Tensor ceil() const;
  Tensor round() const;
  Tensor isnan() const;
  bool equal(const Tensor& y) const;
  bool allclose(const Tensor& y, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) const;
  Tensor sum(const Dims& dims = {}, bool keepdim = false, std::optional<DType> dtype = std::nullopt) const;
  Tensor prod(const Dims& dims = {}, bool keepdim = false, std::optional<DType> dtype = std::nullopt) const;
  Tensor mean(const Dims& dims = {}, bool keepdim = false) const;
  Tensor var(const Dims& dims = {}, bool unbiased = true, bool keepdim = false) const;
  Tensor std(const Dims& dims = {}, bool unbiased = true, bool keepdim = false) const;
  Tensor any(const Dims& dims = {}, bool keepdim = false) const;
  Tensor all(const Dims& dims = {}, bool keepdim = false) const;
  Tensor norm(double p = 2, const Dims& dims = {}, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  ValuesIndices max(std::int64_t dim, bool keepdim = false) const;
  ValuesIndices min(std::int64_t dim, bool keepdim = false) const;
  Tensor argmax(std::optional<std::int64_t> dim = std::nullopt, bool keepdim = false) const;
  Tensor argmin(std::optional<std::int64_t> dim = std::nullopt, bool keepdim = false) const;
  Tensor softmax(std::int64_t dim) const;
  Tensor log_softmax(std::int64_t dim) const;
  Tensor cumsum(std::int64_t dim) const;
  ValuesIndices sort(std::int64_t dim = -1, bool descending = false) const;
  ValuesIndices topk(std::int64_t k, std::int64_t dim = -1, bool largest = true) const;
  Tensor matmul(const Tensor& y) const;
  Tensor mm(const Tensor& y) const;
  Tensor dot(const Tensor& y) const;
  Tensor view(const Shape& shape) const { return reshape(shape); }
  Tensor movedim(std::int64_t source, std::int64_t destination) const;
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  Tensor diagonal(std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1) const;
  Tensor flip(const Dims& dims) const;
  Tensors split(std::int64_t size, std::int64_t dim = 0) const;
  Tensors split(const Dims& sizes, std::int64_t dim = 0) const;
  Tensors chunk(std::int64_t chunks, std::int64_t dim = 0) const;
  Tensors unbind(std::int64_t dim = 0) const;
  Tensor index_select(std::int64_t dim, const Tensor& index) const;
  Tensor gather(std::int64_t dim, const Tensor& index) const;
  Tensor masked_fill(const Tensor& mask, const Operand& value) const;
  Tensor masked_select(const Tensor& mask) const;

  // Changes in place: `x.add_(y)` puts the elements of add(x, y) where those of x are, for x and all that
  // shares its memory, and returns x. What is written keeps x's shape and dtype: ShapeError when the result
  // has another shape (only other operands are broadcast), DTypeError when its kind (integer, floating ...)
  // is higher than x's. The operands may share memory with x; x may not have elements that share it, as those
  // of an expanded tensor do. Recorded as the operations that they are named after, also where x is a view:
  // the tensor that it is a view of, and other views of that, then depend on the new elements. GradientError
  // for a leaf that requires a gradient, or a view of one, while recording is on.
  const Tensor& copy_(const Tensor& source) const;  // broadcast and converted
  const Tensor& fill_(const Scalar& value) const;   // Error where the dtype cannot hold it
  const Tensor& zero_() const { return fill_(0); }
  const Tensor& add_(const Operand& y, const Scalar& alpha = 1) const;
  const Tensor& sub_(const Operand& y, const Scalar& alpha = 1) const;
  const Tensor& mul_(const Operand& y) const;
  const Tensor& div_(const Operand& y) const;
  const Tensor& pow_(const Operand& exponent) const;
  const Tensor& clamp_(const std::optional<Scalar>& low,
                       const std::optional<Scalar>& high = std::nullopt) const;
  const Tensor& masked_fill_(const Tensor& mask, const Operand& value) const;
  const Tensor& neg_() const;
  const Tensor& abs_() const;
  const Tensor& square_() const;
  const Tensor& reciprocal_() const;
  const Tensor& exp_() const;
  const Tensor& log_() const;
  const Tensor& sqrt_() const;
  const Tensor& relu_() const;
  const Tensor& sigmoid_() const;
  const Tensor& tanh_() const;
  const Tensor& floor_() const;
  const Tensor& ceil_() const;
  const Tensor& round_() const;
  const Tensor& trunc_() const;
  const Tensor& operator+=(const Operand& y) const { return add_(y); }
  const Tensor& operator-=(const Operand& y) const { return sub_(y); }
  const Tensor& operator*=(const Operand& y) const { return mul_(y); }
  const Tensor& operator/=(const Operand& y) const { return div_(y); }

  // Operators of a tensor and another, or a number on either side; see ops/elementwise.h.
  friend WICK_FRIEND Tensor operator+(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator-(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator*(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator/(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator%(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator&(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator|(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator^(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator==(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator!=(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator<(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator<=(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator>(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator>=(const Operand& a, const Operand& b);
  friend WICK_FRIEND Tensor operator-(const Tensor& x);
  friend WICK_FRIEND Tensor operator~(const Tensor& x);
  friend WICK_FRIEND Tensor operator!(const Tensor& x);

  // Gradients; see autograd/gradient.h.
  bool requires_grad() const { return (get().base || body_->gradient) && tracks_gradient(); }
  bool is_leaf() const;
  // Asks for gradients of this leaf. DTypeError unless floating point or complex; GradientError on a tensor
  // that was computed from others.
  const Tensor& requires_grad_(bool wanted = true) const;
  // What backward() has added up in this leaf; undefined before.
  Tensor grad() const;
  // Replaces the gradient; an undefined tensor clears it. ShapeError or DTypeError unless it has this
  // tensor's shape and dtype.
  void set_grad(const Tensor& gradient) const;
  // Adds to every leaf's grad() the derivative of this one-element tensor. The graph is used up unless
  // retain_graph; with create_graph the gradients can themselves be differentiated, and hold the graph with
  // the leaves in it until set_grad() clears them.
  void backward(bool retain_graph = false, bool create_graph = false) const;
  // Lets backward() add up the gradient of this result in grad(), as it does for leaves. GradientError unless
  // it requires one.
  void retain_grad() const;
  // Calls the function with every gradient of this tensor before it is used; a defined tensor that it returns
  // takes the gradient's place. GradientError unless the tensor requires a gradient; in the backward pass a
  // ShapeError or DTypeError for a replacement of another shape or dtype. Gives what remove_hook() takes.
  std::uint64_t register_hook(std::function<Tensor(const Tensor&)> hook) const;
  void remove_hook(std::uint64_t hook) const;

  // For the library's own operations.
  static Tensor from_body(TensorBody* body) { return Tensor(Ref<TensorBody>(body)); }
  TensorBody* body() const noexcept { return body_.get(); }

 private:
  explicit Tensor(Ref<TensorBody> body) noexcept : body_(std::move(body)) {}
  TensorBody& get() const {
    if (!body_) [[unlikely]]
      undefined();
    return *body_;
  }
  [[noreturn]] static void undefined();
  bool tracks_gradient() const;
  int own_dim(std::int64_t d) const;
  [[noreturn]] void wrong_type(DType asked) const;
  [[noreturn]] void wrong_rank(int asked) const;
  [[noreturn]] void not_contiguous() const;

  Ref<TensorBody> body_;
};

// Uninitialized, row-major. ShapeError or MemoryError when the shape cannot be had.
Tensor empty(const Shape& shape, DType dtype = float32);
// Uninitialized, with strides of a dense layout (a permutation of row-major ones). ShapeError for strides
// that lead out of its memory.
Tensor empty_strided(const Shape& shape, const Strides& strides, DType dtype);
// A view of `base`'s storage, of its dtype if none is given; `data` is the address of the first element.
// ShapeError when an element would lie outside of the storage.
Tensor make_view(const Tensor& base, Shape shape, Strides strides, char* data);
Tensor make_view(const Tensor& base, Shape shape, Strides strides, char* data, DType dtype);
// The address of memory that from_blob wraps. What is const is read-only: changes in place are an Error.
class Blob {
 public:
  Blob(void* data) : data_(data) {}
  Blob(std::nullptr_t) : data_(nullptr) {}  // of a tensor without elements
  Blob(const void* data) : data_(const_cast<void*>(data)), read_only_(true) {}
  void* data() const noexcept { return data_; }
  bool read_only() const noexcept { return read_only_; }

 private:
  void* data_;
  bool read_only_ = false;
};
using Deleter = std::function<void(void*)>;

// Memory owned elsewhere, without a copy: row-major, or with strides, which may be negative; `data` is the
// address of the first element. `deleter(data)` is called when the last view has gone, and may hold the
// owner; it must not throw. Without one the memory must outlive all views. ShapeError for sizes or strides
// that cannot be; the deleter is not called then.
Tensor from_blob(Blob data, const Shape& sizes, DType dtype = float32);
Tensor from_blob(Blob data, const Shape& sizes, const Strides& strides, DType dtype = float32);
Tensor from_blob(Blob data, const Shape& sizes, const Strides& strides, Deleter deleter,
                 DType dtype = float32);
// A template, for {0} is strides and no deleter.
template <std::convertible_to<Deleter> F>
Tensor from_blob(Blob data, const Shape& sizes, F deleter, DType dtype = float32) {
  numel(sizes);  // a ShapeError before strides are computed
  return from_blob(data, sizes, contiguous_strides(sizes), Deleter(std::move(deleter)), dtype);
}

// PyTorch's text of a tensor: "tensor([[1., 2.],\n        [3., 4.]])".
std::string to_string(const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace wick
