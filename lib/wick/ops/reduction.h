#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "wick/core/tensor.h"

// Sums and other summaries over all elements, or over dimensions, which are dropped unless `keepdim`.
// Dimensions may be counted from the end. All are differentiable on floating point dtypes.

namespace WICK_API wick {

// Integers and bool are summed in int64 unless a dtype is given; the sum of nothing is 0. No dims: all.
Tensor sum(const Tensor& x, const Dims& dims, bool keepdim = false,
           std::optional<DType> dtype = std::nullopt);
inline Tensor sum(const Tensor& x) { return sum(x, Dims{}); }
// A template, so that {} is a list of dims and no dtype.
inline Tensor sum(const Tensor& x, std::same_as<DType> auto dtype) { return sum(x, Dims{}, false, dtype); }

// Floating point and complex only; the mean of nothing is NaN.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Dims& dims, bool keepdim = false);

// The sum of squared deviations from the mean over n - 1 (unbiased) or n. Floating point and complex only;
// real in either case.
Tensor var(const Tensor& x);
Tensor var(const Tensor& x, const Dims& dims, bool unbiased = true, bool keepdim = false);
Tensor var(const Tensor& x, std::same_as<bool> auto unbiased) { return var(x, Dims{}, unbiased); }
Tensor std(const Tensor& x);
Tensor std(const Tensor& x, const Dims& dims, bool unbiased = true, bool keepdim = false);
Tensor std(const Tensor& x, std::same_as<bool> auto unbiased) { return std(x, Dims{}, unbiased); }

// The product, 1 of nothing; of integers and bool in int64 unless a dtype is given. No dims: of all elements.
Tensor prod(const Tensor& x, const Dims& dims, bool keepdim = false,
            std::optional<DType> dtype = std::nullopt);
inline Tensor prod(const Tensor& x) { return prod(x, Dims{}); }
inline Tensor prod(const Tensor& x, std::same_as<DType> auto dtype) { return prod(x, Dims{}, false, dtype); }

// sum and mean of the elements that are not NaN; of none 0 and NaN. Not for complex dtypes; nanmean for
// floating point only.
Tensor nansum(const Tensor& x, const Dims& dims = {}, bool keepdim = false,
              std::optional<DType> dtype = std::nullopt);
Tensor nanmean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

// log(sum(exp(x))) without leaving the range; minus infinity of nothing. Integers give float32; not for
// complex dtypes.
Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim = false);

// Whether some, whether all elements are not 0 (NaN is not); of nothing false and true. bool, of uint8 in
// uint8 as in PyTorch.
Tensor any(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
// How many elements are not 0: int64.
Tensor count_nonzero(const Tensor& x, const Dims& dims = {});

// The largest, the smallest element over dims, or of all; NaN when there is one. ShapeError without elements.
// Equal elements share the gradient.
Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

// The largest, the smallest element; NaN when there is one. ShapeError without elements. Equal elements share
// the gradient.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);

struct ValuesIndices {
  Tensor values;
  Tensor indices;  // int64
};
// Along one dimension, with the position of the first such element.
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false);
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false);

}  // namespace wick
