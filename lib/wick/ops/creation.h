#pragma once

#include <span>
#include <vector>

#include "wick/core/tensor.h"
#include "wick/ops/tensor_data.h"

// New tensors. Shapes are checked before memory is asked for: ShapeError for negative sizes and for counts
// that overflow, MemoryError when the memory cannot be had.

namespace WICK_API wick {

Tensor zeros(const Shape& shape, DType dtype = float32);
Tensor ones(const Shape& shape, DType dtype = float32);
Tensor full(const Shape& shape, const Scalar& value, DType dtype = float32);
// (n, m) with ones on the diagonal; m = -1 means n.
Tensor eye(std::int64_t n, std::int64_t m = -1, DType dtype = float32);

// start, start + step, ... before end; ceil((end - start) / step) elements. Integer dtypes truncate the three
// numbers, int64 before the elements are counted, the others after; integers are exact. Error when step is 0
// or points away from end; DTypeError for bool and complex.
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step = 1, DType dtype = float32);
inline Tensor arange(const Scalar& end, DType dtype = float32) { return arange(0, end, 1, dtype); }
// `steps` values evenly spaced from start to end, both exact. Integer dtypes truncate.
Tensor linspace(const Scalar& start, const Scalar& end, std::int64_t steps, DType dtype = float32);
// base to the power of linspace's values.
Tensor logspace(double start, double end, std::int64_t steps, double base = 10, DType dtype = float32);

// The values converted to dtype, in row-major order. tensor({{1, 2}, {3, 4}}) and tensor(vector) are in
// tensor_data.h.
Tensor tensor(std::span<const double> values, const Shape& shape, DType dtype = float32);
Tensor tensor(std::span<const std::int64_t> values, const Shape& shape, DType dtype = int64);
// 0-d.
Tensor scalar_tensor(const Scalar& value, DType dtype);

// Of x's shape and memory order, uninitialized or filled; of x's dtype unless one is given. full_like is an
// Error for a value that the dtype cannot hold.
Tensor empty_like(const Tensor& x, DType dtype);
Tensor full_like(const Tensor& x, const Scalar& value, DType dtype);
inline Tensor empty_like(const Tensor& x) { return empty_like(x, x.dtype()); }
inline Tensor full_like(const Tensor& x, const Scalar& value) { return full_like(x, value, x.dtype()); }
inline Tensor zeros_like(const Tensor& x, DType dtype) { return full_like(x, 0, dtype); }
inline Tensor zeros_like(const Tensor& x) { return zeros_like(x, x.dtype()); }
inline Tensor ones_like(const Tensor& x, DType dtype) { return full_like(x, 1, dtype); }
inline Tensor ones_like(const Tensor& x) { return ones_like(x, x.dtype()); }

// The elements in row-major order, converted: to bool, int64, double or complex<double>, as the dtype's kind
// is.
template <class T>
std::vector<T> to_vector(const Tensor& x);

}  // namespace wick
