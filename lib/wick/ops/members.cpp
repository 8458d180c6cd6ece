// Functions as members of Tensor.

#include "wick/linalg/products.h"
#include "wick/ops/activation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/indexing.h"
#include "wick/ops/masked.h"
#include "wick/ops/norm.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/reduction.h"
#include "wick/ops/scan.h"
#include "wick/ops/sort.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

Tensor beside(const Tensor& x, const Operand& y) {
  return y.is_tensor() ? y.tensor() : number_beside(x, y.number());
}

}  // namespace

// clang-format off
Tensor Tensor::add(const Operand& y, const Scalar& alpha) const { return wick::add(*this, beside(*this, y), alpha); }
Tensor Tensor::sub(const Operand& y, const Scalar& alpha) const { return wick::sub(*this, beside(*this, y), alpha); }
Tensor Tensor::mul(const Operand& y) const { return wick::mul(*this, y); }
Tensor Tensor::div(const Operand& y) const { return wick::div(*this, y); }
Tensor Tensor::pow(const Operand& exponent) const { return wick::pow(*this, exponent); }
Tensor Tensor::maximum(const Operand& y) const { return wick::maximum(*this, y); }
Tensor Tensor::minimum(const Operand& y) const { return wick::minimum(*this, y); }
Tensor Tensor::eq(const Operand& y) const { return wick::eq(*this, y); }
Tensor Tensor::ne(const Operand& y) const { return wick::ne(*this, y); }
Tensor Tensor::lt(const Operand& y) const { return wick::lt(*this, y); }
Tensor Tensor::le(const Operand& y) const { return wick::le(*this, y); }
Tensor Tensor::gt(const Operand& y) const { return wick::gt(*this, y); }
Tensor Tensor::ge(const Operand& y) const { return wick::ge(*this, y); }
Tensor Tensor::clamp(const std::optional<Scalar>& low, const std::optional<Scalar>& high) const { return wick::clamp(*this, low, high); }
Tensor Tensor::abs() const { return wick::abs(*this); }
Tensor Tensor::exp() const { return wick::exp(*this); }
Tensor Tensor::log() const { return wick::log(*this); }
Tensor Tensor::sqrt() const { return wick::sqrt(*this); }
Tensor Tensor::sigmoid() const { return wick::sigmoid(*this); }
Tensor Tensor::tanh() const { return wick::tanh(*this); }
Tensor Tensor::relu() const { return wick::relu(*this); }
Tensor Tensor::sin() const { return wick::sin(*this); }
Tensor Tensor::cos() const { return wick::cos(*this); }
Tensor Tensor::floor() const { return wick::floor(*this); }
Tensor Tensor::ceil() const { return wick::ceil(*this); }
Tensor Tensor::round() const { return wick::round(*this); }
Tensor Tensor::isnan() const { return wick::isnan(*this); }
bool Tensor::equal(const Tensor& y) const { return wick::equal(*this, y); }
bool Tensor::allclose(const Tensor& y, double rtol, double atol, bool equal_nan) const { return wick::allclose(*this, y, rtol, atol, equal_nan); }
Tensor Tensor::sum(const Dims& dims, bool keepdim, std::optional<DType> dtype) const { return wick::sum(*this, dims, keepdim, dtype); }
Tensor Tensor::prod(const Dims& dims, bool keepdim, std::optional<DType> dtype) const { return wick::prod(*this, dims, keepdim, dtype); }
Tensor Tensor::mean(const Dims& dims, bool keepdim) const { return wick::mean(*this, dims, keepdim); }
Tensor Tensor::var(const Dims& dims, bool unbiased, bool keepdim) const { return wick::var(*this, dims, unbiased, keepdim); }
Tensor Tensor::std(const Dims& dims, bool unbiased, bool keepdim) const { return wick::std(*this, dims, unbiased, keepdim); }
Tensor Tensor::any(const Dims& dims, bool keepdim) const { return wick::any(*this, dims, keepdim); }
Tensor Tensor::all(const Dims& dims, bool keepdim) const { return wick::all(*this, dims, keepdim); }
Tensor Tensor::norm(double p, const Dims& dims, bool keepdim) const { return wick::norm(*this, p, dims, keepdim); }
Tensor Tensor::max() const { return wick::max(*this); }
Tensor Tensor::min() const { return wick::min(*this); }
ValuesIndices Tensor::max(std::int64_t dim, bool keepdim) const { return wick::max(*this, dim, keepdim); }
ValuesIndices Tensor::min(std::int64_t dim, bool keepdim) const { return wick::min(*this, dim, keepdim); }
Tensor Tensor::argmax(std::optional<std::int64_t> dim, bool keepdim) const { return dim ? wick::argmax(*this, *dim, keepdim) : wick::argmax(*this); }
Tensor Tensor::argmin(std::optional<std::int64_t> dim, bool keepdim) const { return dim ? wick::argmin(*this, *dim, keepdim) : wick::argmin(*this); }
Tensor Tensor::softmax(std::int64_t dim) const { return wick::softmax(*this, dim); }
Tensor Tensor::log_softmax(std::int64_t dim) const { return wick::log_softmax(*this, dim); }
Tensor Tensor::cumsum(std::int64_t dim) const { return wick::cumsum(*this, dim); }
ValuesIndices Tensor::sort(std::int64_t dim, bool descending) const { return wick::sort(*this, dim, descending); }
ValuesIndices Tensor::topk(std::int64_t k, std::int64_t dim, bool largest) const { return wick::topk(*this, k, dim, largest); }
Tensor Tensor::matmul(const Tensor& y) const { return wick::matmul(*this, y); }
Tensor Tensor::mm(const Tensor& y) const { return wick::mm(*this, y); }
Tensor Tensor::dot(const Tensor& y) const { return wick::dot(*this, y); }
Tensor Tensor::movedim(std::int64_t source, std::int64_t destination) const { return wick::movedim(*this, source, destination); }
Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const { return wick::narrow(*this, dim, start, length); }
Tensor Tensor::diagonal(std::int64_t offset, std::int64_t dim1, std::int64_t dim2) const { return wick::diagonal(*this, offset, dim1, dim2); }
Tensor Tensor::flip(const Dims& dims) const { return wick::flip(*this, dims); }
Tensors Tensor::split(std::int64_t size, std::int64_t dim) const { return wick::split(*this, size, dim); }
Tensors Tensor::split(const Dims& sizes, std::int64_t dim) const { return wick::split(*this, sizes, dim); }
Tensors Tensor::chunk(std::int64_t chunks, std::int64_t dim) const { return wick::chunk(*this, chunks, dim); }
Tensors Tensor::unbind(std::int64_t dim) const { return wick::unbind(*this, dim); }
Tensor Tensor::index_select(std::int64_t dim, const Tensor& index) const { return wick::index_select(*this, dim, index); }
Tensor Tensor::gather(std::int64_t dim, const Tensor& index) const { return wick::gather(*this, dim, index); }
Tensor Tensor::masked_fill(const Tensor& mask, const Operand& value) const { return wick::masked_fill(*this, mask, value); }
Tensor Tensor::masked_select(const Tensor& mask) const { return wick::masked_select(*this, mask); }
// clang-format on

}  // namespace wick
