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

constexpr int vectors = 2;                 // of rows of y side by side
constexpr int rows_at_once = 4;            // of x
constexpr int64_t columns_at_once = 256;   // sums of so many are gathered before they are added up
constexpr int64_t packed_bytes = 1 << 15;  // of y at once, which the nearest cache holds

template <class T>
constexpr int strip = vectors* vector_width<T>;

// Columns [begin, end) of up to `strip` rows of y from row j on, a column after another; zeros where there
// are no more rows.
template <class T>
void pack(T* to, const Distances& a, int64_t j, int64_t begin, int64_t end) {
  const T* y = static_cast<const T*>(a.y);
  for (int64_t c = begin; c < end; ++c) {
    for (int l = 0; l < strip<T>; ++l) *to++ = j + l < a.k ? y[(j + l) * a.y_row + c * a.y_column] : T(0);
  }
}

// Adds sums of some columns to those of the columns before, `count` that lie side by side.
template <class T, class Op>
void put(T* out, const Op& op, const T* sums, int count, bool first, bool last) {
  constexpr int width = vector_width<T>;
  T line[strip<T>] = {};
  if (!first) __builtin_memcpy(line, out, count * sizeof(T));
  for (int l = 0; l < strip<T>; l += width) {
    const Vector<T> sum = load_vector(sums + l);
    Vector<T> total = load_vector(line + l);
    if constexpr (same<Op, Largest<T>>) {
      total = better<true>(sum, total) ? sum : total;
    } else {
      total += sum;
    }
    store_vector(line + l, last ? op.finish(total) : total);
  }
  __builtin_memcpy(out, line, count * sizeof(T));
}

// `rows` rows from row i of x on against the packed ones.
template <int rows, class T, class Op>
WICK_INLINE void fold_rows(const Distances& a, const Op& op, const T* packed, int64_t i, int64_t j,
                           int64_t begin, int64_t end) {
  using V = Vector<T>;
  constexpr int width = vector_width<T>;
  const T* x[rows];
  V sum[rows][vectors];
  WICK_UNROLL
  for (int r = 0; r < rows; ++r) {
    x[r] = static_cast<const T*>(a.x) + (i + r) * a.x_row + begin * a.x_column;
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) sum[r][v] = V{};
  }
  int64_t at = 0;
  for (int64_t c = begin; c < end; ++c, at += a.x_column, packed += strip<T>) {
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) {
      const V from = x[r][at] - V{};
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) sum[r][v] = op.add(sum[r][v], from - load_vector(packed + v * width));
    }
  }
  T* out = static_cast<T*>(a.out) + i * a.k + j;
  const bool first = begin == 0, last = end == a.m;
  if (first && last && a.k - j >= strip<T>) {
    WICK_UNROLL
    for (int r = 0; r < rows; ++r) {
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) store_vector(out + r * a.k + v * width, op.finish(sum[r][v]));
    }
    return;
  }
  T lines[rows][strip<T>];
  WICK_UNROLL
  for (int r = 0; r < rows; ++r) {
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) store_vector(lines[r] + v * width, sum[r][v]);
  }
  const int count = a.k - j < strip<T> ? static_cast<int>(a.k - j) : strip<T>;
  for (int r = 0; r < rows; ++r) put<T>(out + r * a.k, op, lines[r], count, first, last);
}

template <class T, class Op>
void distances_of(const Distances& a) {
  const Op op(static_cast<T>(a.p));
  constexpr int64_t room =
      packed_bytes / static_cast<int64_t>(sizeof(T)) / strip<T>;  // for columns of strips
  static_assert(room >= columns_at_once);
  T packed[room * strip<T>];
  const int64_t columns = a.m < columns_at_once ? a.m : columns_at_once;
  const int64_t panel = room / (columns > 0 ? columns : 1) * strip<T>;  // rows of y
  for (int64_t j = 0; j < a.k; j += panel) {
    const int64_t last = a.k - j < panel ? a.k : j + panel;
    int64_t begin = 0;
    do {
      const int64_t end = a.m - begin < columns ? a.m : begin + columns;
      const auto each_strip = [&](auto&& f) {
        T* at = packed;
        for (int64_t s = j; s < last; s += strip<T>, at += (end - begin) * strip<T>) f(s, at);
      };
      each_strip([&](int64_t s, T* to) { pack(to, a, s, begin, end); });
      int64_t i = 0;
      for (; i + rows_at_once <= a.n; i += rows_at_once) {
        each_strip([&](int64_t s, const T* y) { fold_rows<rows_at_once>(a, op, y, i, s, begin, end); });
      }
      for (; i < a.n; ++i)
        each_strip([&](int64_t s, const T* y) { fold_rows<1>(a, op, y, i, s, begin, end); });
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
