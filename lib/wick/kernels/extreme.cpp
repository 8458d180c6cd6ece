#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

// The largest or smallest element of each row or column of a block, with its position.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Extreme;

// clang-format off
// What elements are compared in, with positions of the same size, so that both fill vectors alike.
template <class T> struct KeyType { using type = int32_t; };
template <> struct KeyType<int64_t> { using type = int64_t; };
template <> struct KeyType<Half> { using type = float; };
template <> struct KeyType<BFloat16> { using type = float; };
template <> struct KeyType<float> { using type = float; };
template <> struct KeyType<double> { using type = double; };
template <int size> struct PositionType { using type = int32_t; };
template <> struct PositionType<8> { using type = int64_t; };
// clang-format on
template <class C>
using Position = typename PositionType<sizeof(C)>::type;

// Positions within this many rows fit both types.
constexpr int64_t segment = INT64_C(1) << 30;

template <class C>
struct Found {
  C value;
  int64_t position;
};

// The better one; of equal ones, and of NaN, the first.
template <bool largest, class C>
WICK_INLINE Found<C> merge(Found<C> a, Found<C> b) {
  const bool equal = a.value == b.value || (a.value != a.value && b.value != b.value);
  const bool second = equal ? b.position < a.position : better<largest>(b.value, a.value);
  return second ? b : a;
}

// The same for the lanes of vectors.
template <bool largest, class V, class P>
WICK_INLINE void merge_lanes(V& best, P& position, V other, P other_position) {
  const auto equal = (best == other) | ((best != best) & (other != other));
  const auto second = equal ? other_position < position : better<largest>(other, best);
  best = second ? other : best;
  position = second ? other_position : position;
}

// The best of the lanes of one vector.
template <bool largest, class C, class V, class P>
WICK_INLINE Found<C> join_lanes(V best, P position) {
  constexpr int n = sizeof(V) / sizeof(C);
  if constexpr (n == 2) {
    return merge<largest, C>({best[0], position[0]}, {best[1], position[1]});
  } else {
    typename VectorOf<C, n / 2>::type values[2];
    typename VectorOf<Position<C>, n / 2>::type places[2];
    __builtin_memcpy(values, &best, sizeof best);
    __builtin_memcpy(places, &position, sizeof position);
    merge_lanes<largest>(values[0], places[0], values[1], places[1]);
    return join_lanes<largest, C>(values[0], places[0]);
  }
}

template <bool largest, class T>
Found<typename KeyType<T>::type> find_strided(const char* in, int64_t step, int64_t n) {
  using C = typename KeyType<T>::type;
  C best = cast<C>(*reinterpret_cast<const T*>(in));
  int64_t position = 0;
  for (int64_t i = 1; i < n; ++i) {
    const C x = cast<C>(*reinterpret_cast<const T*>(in + i * step));
    const bool take = better<largest>(x, best);
    best = take ? x : best;
    position = take ? i : position;
  }
  return {best, position};
}

// Vectors side by side, each with the best elements of its lanes.
constexpr int vectors = 4;
template <bool largest, class C, int count>
struct Lanes {
  using V = Vector<C>;
  using P = Vector<Position<C>>;
  V best[count];
  P position[count];

  template <class T>
  WICK_INLINE void start(const T* x) {
    WICK_UNROLL
    for (int j = 0; j < count; ++j) {
      best[j] = widen<C>(x + j * vector_width<C>);
      position[j] = P{};
    }
  }
  // Elements of row or step number i.
  template <class T>
  WICK_INLINE void take(const T* x, Position<C> i) {
    WICK_UNROLL
    for (int j = 0; j < count; ++j) {
      const V v = widen<C>(x + j * vector_width<C>);
      const auto mask = better<largest>(v, best[j]);
      best[j] = mask ? v : best[j];
      position[j] = mask ? P{} + i : position[j];
    }
  }
};

template <bool largest, class T>
Found<typename KeyType<T>::type> find_dense(const T* x, int64_t n) {
  using C = typename KeyType<T>::type;
  constexpr int stride = vectors * vector_width<C>;
  if (n < 2 * stride) return find_strided<largest, T>(reinterpret_cast<const char*>(x), sizeof(T), n);
  Lanes<largest, C, vectors> lanes;
  lanes.start(x);
  const int64_t whole = n / stride;
  for (int64_t i = 1; i < whole; ++i) lanes.take(x + i * stride, static_cast<Position<C>>(i));
  using P = typename Lanes<largest, C, vectors>::P;
  P lane;
  for (int l = 0; l < vector_width<C>; ++l) lane[l] = l;
  WICK_UNROLL
  for (int j = 0; j < vectors; ++j)
    lanes.position[j] = lanes.position[j] * stride + (lane + j * vector_width<C>);
  WICK_UNROLL
  for (int w = vectors / 2; w > 0; w /= 2) {
    WICK_UNROLL
    for (int j = 0; j < w; ++j)
      merge_lanes<largest>(lanes.best[j], lanes.position[j], lanes.best[j + w], lanes.position[j + w]);
  }
  Found<C> found = join_lanes<largest, C>(lanes.best[0], lanes.position[0]);
  if (const int64_t rest = whole * stride; rest < n) {
    auto last = find_strided<largest, T>(reinterpret_cast<const char*>(x + rest), sizeof(T), n - rest);
    last.position += rest;
    found = merge<largest, C>(found, last);
  }
  return found;
}

template <class T, class C>
WICK_INLINE void put(const Block& b, int64_t r, int64_t i, Found<C> found) {
  *reinterpret_cast<T*>(b.data[0] + r * b.row_step[0] + i * b.step[0]) = cast<T>(found.value);
  *reinterpret_cast<int64_t*>(b.data[1] + r * b.row_step[1] + i * b.step[1]) = found.position;
}

// Rows up to this length are brought side by side, this many of them.
constexpr int64_t narrow = 32, tile = 64;

template <class T, bool largest>
void narrow_rows(const Block& b) {
  using C = typename KeyType<T>::type;
  C best[tile] = {}, x[tile] = {};
  Position<C> position[tile] = {};
  for (int64_t first = 0; first < b.rows; first += tile) {
    const int64_t count = b.rows - first < tile ? b.rows - first : tile;
    const char* in = b.data[2] + first * b.row_step[2];
    for (int64_t r = 0; r < count; ++r) {
      best[r] = cast<C>(*reinterpret_cast<const T*>(in + r * b.row_step[2]));
      position[r] = 0;
    }
    for (int64_t i = 1; i < b.n; ++i) {
      in += b.step[2];
      for (int64_t r = 0; r < count; ++r) x[r] = cast<C>(*reinterpret_cast<const T*>(in + r * b.row_step[2]));
      const auto here = static_cast<Position<C>>(i);
      WICK_IVDEP
      for (int64_t r = 0; r < tile; ++r) {
        const bool take = better<largest>(x[r], best[r]);
        position[r] = take ? here : position[r];
        best[r] = take ? x[r] : best[r];
      }
    }
    for (int64_t r = 0; r < count; ++r) put<T>(b, first + r, 0, Found<C>{best[r], position[r]});
  }
}

template <class T, bool largest>
void rows(const Block& b, const void*) {
  using C = typename KeyType<T>::type;
  if (b.n <= narrow && b.rows >= 16) return narrow_rows<T, largest>(b);
  for (int64_t r = 0; r < b.rows; ++r) {
    const char* in = b.data[2] + r * b.row_step[2];
    Found<C> found;
    for (int64_t i = 0; i < b.n; i += segment) {
      const int64_t n = b.n - i < segment ? b.n - i : segment;
      const char* from = in + i * b.step[2];
      auto part = b.step[2] == sizeof(T) ? find_dense<largest, T>(reinterpret_cast<const T*>(from), n)
                                         : find_strided<largest, T>(from, b.step[2], n);
      part.position += i;
      found = i == 0 ? part : merge<largest, C>(found, part);
    }
    put<T>(b, r, 0, found);
  }
}

// `count` vectors of columns; `together` rows without gaps between them are looked at as one.
template <class T, bool largest, int count>
void strip(const Block& b, int64_t column, int columns, int together) {
  using C = typename KeyType<T>::type;
  constexpr int width = count * vector_width<C>;
  Found<C> found[width];
  const char* in = b.data[2] + column * sizeof(T);
  const int64_t rows = b.rows / together;
  for (int64_t begin = 0; begin < rows; begin += segment) {
    const int64_t end = rows - begin < segment ? rows : begin + segment;
    const auto row = [&](int64_t r) { return reinterpret_cast<const T*>(in + r * together * b.row_step[2]); };
    Lanes<largest, C, count> lanes;
    lanes.start(row(begin));
    for (int64_t r = begin + 1; r < end; ++r) lanes.take(row(r), static_cast<Position<C>>(r - begin));
    C best[width];
    Position<C> position[width];
    __builtin_memcpy(best, lanes.best, sizeof best);
    __builtin_memcpy(position, lanes.position, sizeof position);
    for (int j = 0; j < width; ++j) {
      const Found<C> part{best[j], (begin + position[j]) * together + j / columns};
      found[j] = begin == 0 ? part : merge<largest, C>(found[j], part);
    }
  }
  for (int j = 0; j < columns; ++j) {
    for (int k = j + columns; k < width; k += columns) found[j] = merge<largest, C>(found[j], found[k]);
    if (const int64_t left = b.rows % together; left > 0) {
      auto last =
          find_strided<largest, T>(in + (b.rows - left) * b.row_step[2] + j * b.step[2], b.row_step[2], left);
      last.position += b.rows - left;
      found[j] = merge<largest, C>(found[j], last);
    }
    put<T>(b, 0, column + j, found[j]);
  }
}

template <class T, bool largest>
void columns(const Block& b, const void*) {
  using C = typename KeyType<T>::type;
  constexpr int width = vector_width<C>;
  const bool dense = b.step[2] == sizeof(T);
  // Rows that lie side by side without gaps and together fill vectors.
  if (dense && b.row_step[2] == b.n * static_cast<int64_t>(sizeof(T)) && b.rows >= 64) {
    if (b.n < width && width % b.n == 0) {
      return strip<T, largest, vectors>(b, 0, static_cast<int>(b.n), static_cast<int>(vectors * width / b.n));
    }
    if (b.n == 3) return strip<T, largest, 3>(b, 0, 3, width);
    if (b.n == 5) return strip<T, largest, 5>(b, 0, 5, width);
    if (b.n == 6) return strip<T, largest, 3>(b, 0, 6, width / 2);
    if (b.n == 7) return strip<T, largest, 7>(b, 0, 7, width);
  }
  int64_t j = 0;
  if (dense) {
    for (; j + vectors * width <= b.n; j += vectors * width)
      strip<T, largest, vectors>(b, j, vectors * width, 1);
    for (; j + width <= b.n; j += width) strip<T, largest, 1>(b, j, width, 1);
  }
  for (; j < b.n; ++j)
    put<T>(b, 0, j, find_strided<largest, T>(b.data[2] + j * b.step[2], b.row_step[2], b.rows));
}

}  // namespace

void add_extremes(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> != Class::Complex) {
      table.extreme[Extreme::Max][i] = {rows<T, true>, columns<T, true>};
      table.extreme[Extreme::Min][i] = {rows<T, false>, columns<T, false>};
    }
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
