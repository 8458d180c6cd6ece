#include "wick/kernels/power.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Distances;

// A vector's lanes, one by one.
template <class T, class F>
WICK_INLINE Vector<T> each_lane(Vector<T> v, F f) {
  T lane[vector_width<T>];
  __builtin_memcpy(lane, &v, sizeof v);
  WICK_IVDEP
  for (int i = 0; i < vector_width<T>; ++i) lane[i] = f(lane[i]);
  return load_vector(lane);
}

template <class V>
WICK_INLINE V size_of(V d) {
  return d < 0 ? -d : d;
}

// add() takes the differences of one column into a sum, finish() makes distances of sums.
template <class T>
struct Count {
  explicit Count(T) {}
  using V = Vector<T>;
  V add(V sum, V d) const { return sum + (d != 0 ? V{} + T(1) : V{}); }
  V finish(V sum) const { return sum; }
};
template <class T>
struct Magnitudes {
  explicit Magnitudes(T) {}
  using V = Vector<T>;
  V add(V sum, V d) const { return sum + size_of(d); }
  V finish(V sum) const { return sum; }
};
template <class T>
struct Squares {
  explicit Squares(T) {}
  using V = Vector<T>;
  V add(V sum, V d) const { return sum + d * d; }
  V finish(V sum) const {
    return each_lane<T>(sum, [](T s) { return sqrt(s); });
  }
};
// A NaN stays.
template <class T>
struct Largest {
  explicit Largest(T) {}
  using V = Vector<T>;
  V add(V sum, V d) const {
    const V size = size_of(d);
    return better<true>(size, sum) ? size : sum;
  }
  V finish(V sum) const { return sum; }
};
template <class T>
struct Powers {
  T p;
  explicit Powers(T order) : p(order) {}
  using V = Vector<T>;
  V add(V sum, V d) const {
    const T order = p;
    return sum + each_lane<T>(size_of(d), [order](T size) { return pow(size, order); });
  }
  V finish(V sum) const {
    const T inverse = T(1) / p;
    return each_lane<T>(sum, [inverse](T s) { return pow(s, inverse); });
  }
};

constexpr int vectors = 2;                // of rows of y side by side
constexpr int rows_at_once = 4;           // of x
constexpr int64_t columns_at_once = 256;  // sums of so many are gathered before they are added up

// Columns [begin, end) of up to `strip` rows of y from row j on, a column after another; zeros where there
// are no more rows.
template <class T, int strip>
void pack(T* to, const Distances& a, int64_t j, int64_t begin, int64_t end) {
  const T* y = static_cast<const T*>(a.y);
  for (int64_t c = begin; c < end; ++c) {
    for (int l = 0; l < strip; ++l) *to++ = j + l < a.k ? y[(j + l) * a.y_row + c * a.y_column] : T(0);
  }
}

// `rows` rows from row i of x on against the packed ones.
template <int rows, class T, class Op>
WICK_INLINE void fold_rows(const Distances& a, const Op& op, const T* packed, int64_t i, int64_t j,
                           int64_t begin, int64_t end) {
  using V = Vector<T>;
  constexpr int width = vector_width<T>;
  const T* x = static_cast<const T*>(a.x);
  V sum[rows][vectors] = {};
  for (int64_t c = begin; c < end; ++c, packed += vectors * width) {
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) {
      const V from = V{} + x[(i + r) * a.x_row + c * a.x_column];
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) sum[r][v] = op.add(sum[r][v], from - load_vector(packed + v * width));
    }
  }
  const int count = a.k - j < vectors * width ? static_cast<int>(a.k - j) : vectors * width;
  for (int r = 0; r < rows; ++r) {
    T* out = static_cast<T*>(a.out) + (i + r) * a.k + j;
    T line[vectors * width] = {};
    if (begin > 0) __builtin_memcpy(line, out, count * sizeof(T));
    for (int v = 0; v < vectors; ++v) {
      V total = load_vector(line + v * width);
      if constexpr (same<Op, Largest<T>>) {
        total = better<true>(sum[r][v], total) ? sum[r][v] : total;
      } else {
        total += sum[r][v];
      }
      store_vector(line + v * width, end == a.m ? op.finish(total) : total);
    }
    __builtin_memcpy(out, line, count * sizeof(T));
  }
}

template <class T, class Op>
void distances_of(const Distances& a) {
  constexpr int strip = vectors * vector_width<T>;
  const Op op(static_cast<T>(a.p));
  T packed[columns_at_once * strip];
  for (int64_t j = 0; j < a.k; j += strip) {
    int64_t begin = 0;
    do {
      const int64_t end = a.m - begin < columns_at_once ? a.m : begin + columns_at_once;
      pack<T, strip>(packed, a, j, begin, end);
      int64_t i = 0;
      for (; i + rows_at_once <= a.n; i += rows_at_once)
        fold_rows<rows_at_once, T>(a, op, packed, i, j, begin, end);
      for (; i < a.n; ++i) fold_rows<1, T>(a, op, packed, i, j, begin, end);
      begin = end;
    } while (begin < a.m);
  }
}

template <class T>
void distances(const Distances& a) {
  if (a.p == 0) return distances_of<T, Count<T>>(a);
  if (a.p == 1) return distances_of<T, Magnitudes<T>>(a);
  if (a.p == 2) return distances_of<T, Squares<T>>(a);
  if (a.p == __builtin_inf()) return distances_of<T, Largest<T>>(a);
  distances_of<T, Powers<T>>(a);
}

}  // namespace

void add_distances(kernels::Table& table) {
  table.distances[8] = distances<float>;
  table.distances[9] = distances<double>;
}

}  // namespace WICK_LEVEL
}  // namespace wick
