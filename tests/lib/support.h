#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <doctest/doctest.h>

#include "wick/wick.h"

// What several tests share.

namespace wick::test {

inline constexpr DType all_dtypes[] = {boolean, uint8,    int8,    int16,   int32,     int64,
                                       float16, bfloat16, float32, float64, complex64, complex128};

// A permutation or a slice as a leaf of its own; fresh memory order for tests of strides.
// (2, 3, 4) permuted to (4, 2, 3), filled by `value(i)` in row-major order of the result.
Tensor permuted(DType dtype, const std::function<double(std::int64_t)>& value);

// The tensor with elements value(0), value(1), ... in row-major order.
Tensor filled(const Shape& shape, DType dtype, const std::function<double(std::int64_t)>& value);

// A repeatable sequence of whole numbers in [-range, range].
double scattered(std::int64_t i, std::int64_t range = 50);

// Calls f(index) for every position in row-major order.
void each_index(const Shape& shape, const std::function<void(const Dims&)>& f);

// Address of the element at that position.
char* element_address(const Tensor& x, const Dims& index);

// The elements in row-major order, unconverted.
template <class T>
std::vector<T> elements(const Tensor& x) {
  std::vector<T> out;
  each_index(x.sizes(),
             [&](const Dims& index) { out.push_back(*reinterpret_cast<T*>(element_address(x, index))); });
  return out;
}

// Equal dtype, shape and bytes of elements; any NaN equals any NaN.
bool identical(const Tensor& a, const Tensor& b);

// Equal dtype, shape and numbers; 0 equals -0. An object, so that the library's function of that name is not
// looked up for tensors.
struct Equal {
  bool operator()(const Tensor& a, const Tensor& b) const;
};
inline constexpr Equal equal;

// How many of the numbers of that dtype lie between two values; 0 for equal values and for two NaNs.
double ulp_distance(double a, double b, DType dtype);
// The largest ulp_distance of two tensors of one real dtype and shape.
double ulp_distance(const Tensor& a, const Tensor& b);

// As many threads as that while it lives.
struct Threads {
  explicit Threads(int count) : before(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before); }
  int before;
};
template <class F>
auto with_threads(int count, const F& f) {
  const Threads limit(count);
  return f();
}

}  // namespace wick::test
