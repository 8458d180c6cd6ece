#pragma once

#include <variant>

#include "wick/sparse/sparse_tensor.h"

// Functions of sparse tensors, with the names of torch.sparse. Dense dimensions and dtypes are as with the
// functions of dense tensors, which have the same names in namespace wick.

namespace WICK_API wick {
namespace sparse {

// Dense where no sparse dimension is left, else sparse.
using AnyTensor = std::variant<Tensor, SparseTensor>;

// a + alpha b in the promoted dtype, of equal shapes: a coalesced tensor, in the layout of both or else Coo.
// Error for a fractional alpha beside integers.
SparseTensor add(const SparseTensor& a, const SparseTensor& b, const Scalar& alpha = 1);
// Dense; the shapes are equal, nothing is broadcast.
Tensor add(const Tensor& a, const SparseTensor& b, const Scalar& alpha = 1);
Tensor add(const SparseTensor& a, const Tensor& b, const Scalar& alpha = 1);

// Matrix products, of one dtype but bool. Of two sparse matrices a coalesced one, in the layout of both or
// else Coo; it has an entry wherever two entries meet, also where their products add up to 0.
Tensor mm(const SparseTensor& a, const Tensor& b);
Tensor mm(const Tensor& a, const SparseTensor& b);
SparseTensor mm(const SparseTensor& a, const SparseTensor& b);
// With a vector.
Tensor mv(const SparseTensor& a, const Tensor& x);
// The dense product of (n, k) and (k, m) at the places of the (n, m) mask alone, which is what is computed;
// the mask's own values do not matter. It is the gradient of mm with respect to the values.
SparseTensor sampled_mm(const SparseTensor& mask, const Tensor& a, const Tensor& b);

// The sum of all elements: 0-d, int64 for integers and bool.
Tensor sum(const SparseTensor& x);
// Over dimensions, which are dropped; in the dtype of x. Sparse results are Coo.
AnyTensor sum(const SparseTensor& x, const Dims& dims);

// softmax over the entries along dim alone: places without one count as minus infinity, and stay empty. The
// result is coalesced and has the layout of x. Floating point only.
SparseTensor softmax(const SparseTensor& x, std::int64_t dim);
SparseTensor log_softmax(const SparseTensor& x, std::int64_t dim);

// The elements of x at the places of the mask, each once: the mask's shape, layout and places, coalesced.
SparseTensor mask(const Tensor& x, const SparseTensor& mask);
// Where x has no entry the value is 0.
SparseTensor mask(const SparseTensor& x, const SparseTensor& mask);

}  // namespace sparse
}  // namespace wick
