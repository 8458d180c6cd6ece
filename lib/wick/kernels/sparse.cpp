#include "wick/kernels/sparse.h"

#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::SampledProduct;
using kernels::SparseProduct;

// Longer sums of float are taken in double.
constexpr int64_t longest_narrow_sum = 1024;

// --- Products with a dense matrix

// The entries of a row.
template <class T>
struct Entries {
  const int64_t* columns;
  const T* values;
  int64_t n;
};

// Columns [0, vectors * width of a vector) of one row.
template <int vectors, class T, class A>
WICK_INLINE void vector_columns(T* out, const Entries<T>& row, const T* dense, int64_t step) {
  constexpr int width = vector_width<A>;
  Vector<A> sums[vectors] = {};
  for (int64_t e = 0; e < row.n; ++e) {
    const T* x = dense + row.columns[e] * step;
    const A value = cast<A>(row.values[e]);
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] += value * widen<A>(x + v * width);
  }
  WICK_UNROLL
  for (int v = 0; v < vectors; ++v) {
    if constexpr (same<T, A>) {
      store_vector(out + v * width, sums[v]);
    } else {
      WICK_UNROLL
      for (int i = 0; i < width; ++i) out[v * width + i] = static_cast<T>(sums[v][i]);
    }
  }
}

// Few columns, one by one. Entries in turn go to several sums where these would wait for each other.
template <int columns, class T, class A>
WICK_INLINE void single_columns(T* out, const Entries<T>& row, const T* dense, int64_t step) {
  constexpr int turns = columns >= 4 ? 1 : 4;
  A sums[turns][columns] = {};
  int64_t e = 0;
  for (; e + turns <= row.n; e += turns) {
    WICK_UNROLL
    for (int s = 0; s < turns; ++s) {
      const T* x = dense + row.columns[e + s] * step;
      const A value = cast<A>(row.values[e + s]);
      WICK_UNROLL
      for (int j = 0; j < columns; ++j) sums[s][j] = sums[s][j] + value * cast<A>(x[j]);
    }
  }
  for (; e < row.n; ++e) {
    const T* x = dense + row.columns[e] * step;
    for (int j = 0; j < columns; ++j) sums[0][j] = sums[0][j] + cast<A>(row.values[e]) * cast<A>(x[j]);
  }
  WICK_UNROLL
  for (int j = 0; j < columns; ++j) {
    A sum = sums[0][j];
    for (int s = 1; s < turns; ++s) sum = sum + sums[s][j];
    out[j] = cast<T>(sum);
  }
}

template <class T, class A>
WICK_INLINE void product_row(T* out, const Entries<T>& row, const T* dense, int64_t step, int64_t width) {
  int64_t j = 0;
  if constexpr (class_of<T> != Class::Complex) {
    constexpr int64_t vector = vector_width<A>;
    for (; j + 8 * vector <= width; j += 8 * vector) vector_columns<8, T, A>(out + j, row, dense + j, step);
    for (; j + 2 * vector <= width; j += 2 * vector) vector_columns<2, T, A>(out + j, row, dense + j, step);
    for (; j + vector <= width; j += vector) vector_columns<1, T, A>(out + j, row, dense + j, step);
    if (j < width && width >= vector) {
      // The last vector again, which takes in what is left.
      j = width - vector;
      return vector_columns<1, T, A>(out + j, row, dense + j, step);
    }
  }
  for (; j + 4 <= width; j += 4) single_columns<4, T, A>(out + j, row, dense + j, step);
  for (; j + 2 <= width; j += 2) single_columns<2, T, A>(out + j, row, dense + j, step);
  if (j < width) single_columns<1, T, A>(out + j, row, dense + j, step);
}

template <class T>
void product(const SparseProduct& p) {
  const T* values = static_cast<const T*>(p.values);
  const T* dense = static_cast<const T*>(p.dense);
  T* out = static_cast<T*>(p.out);
  for (int64_t r = p.begin; r < p.end; ++r) {
    const int64_t first = p.pointers[r], n = p.pointers[r + 1] - first;
    const Entries<T> row{p.columns + first, values + first, n};
    T* to = out + r * p.width;
    if constexpr (!same<T, Wide<T>>) {
      if (n > longest_narrow_sum) {
        product_row<T, Wide<T>>(to, row, dense, p.dense_row, p.width);
        continue;
      }
    }
    product_row<T, T>(to, row, dense, p.dense_row, p.width);
  }
}

// --- Sampled products of dense matrices

template <class T, class A>
WICK_INLINE T dot(const T* a, const T* b, int64_t n) {
  int64_t k = 0;
  A sum{};
  if constexpr (class_of<T> != Class::Complex) {
    constexpr int width = vector_width<A>;
    Vector<A> sums[4] = {};
    for (; k + 4 * width <= n; k += 4 * width) {
      WICK_UNROLL
      for (int v = 0; v < 4; ++v) sums[v] += widen<A>(a + k + v * width) * widen<A>(b + k + v * width);
    }
    for (; k + width <= n; k += width) sums[0] += widen<A>(a + k) * widen<A>(b + k);
    const Vector<A> all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    WICK_UNROLL
    for (int i = 0; i < width; ++i) sum += all[i];
  }
  for (; k < n; ++k) sum = sum + cast<A>(a[k]) * cast<A>(b[k]);
  return cast<T>(sum);
}

template <class T>
void sampled(const SampledProduct& p) {
  const T* a = static_cast<const T*>(p.a);
  const T* b = static_cast<const T*>(p.b);
  T* out = static_cast<T*>(p.out);
  for (int64_t r = p.begin; r < p.end; ++r) {
    const T* row = a + r * p.a_row;
    for (int64_t e = p.pointers[r]; e < p.pointers[r + 1]; ++e) {
      const T* column = b + p.columns[e] * p.b_row;
      if constexpr (!same<T, Wide<T>>) {
        if (p.width > longest_narrow_sum) {
          out[e] = dot<T, Wide<T>>(row, column, p.width);
          continue;
        }
      }
      out[e] = dot<T, T>(row, column, p.width);
    }
  }
}

}  // namespace

void add_sparse(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Real || class_of<T> == Class::Complex || same<T, int64_t>) {
      using Element = Compute<T>;  // integers wrap
      table.sparse_product[i] = product<Element>;
      table.sampled_product[i] = sampled<Element>;
    }
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
