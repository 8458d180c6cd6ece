#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Arg;
using kernels::Reduce;
using kernels::ReduceLoops;

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

// clang-format off
// How two partial results combine. `step` takes vectors of lanes as well as single values.
struct SumOf {
  template <class V> static WICK_INLINE V step(V a, V x) { return a + x; }
};
struct MaxOf {
  template <class A> static WICK_INLINE A step(A a, A x) { return a != a ? a : (x > a || x != x) ? x : a; }
};
struct MinOf {
  template <class A> static WICK_INLINE A step(A a, A x) { return a != a ? a : (x < a || x != x) ? x : a; }
};
// clang-format on

// Eight independent partial results hide the latency of the operation and keep sums accurate.
constexpr int lanes = 8;
// No lane adds up more than this in one go: what is longer is halved, so that the error of a sum grows with
// the logarithm of its length.
constexpr int64_t straight = 128;

template <class Op, class A, class T>
A fold_straight(const char* in, int64_t step, int64_t n) {
  // The first elements start the lanes: maxima have no identity.
  if (n < lanes) {
    A total = cast<A>(*reinterpret_cast<const T*>(in));
    for (int64_t i = 1; i < n; ++i)
      total = Op::step(total, cast<A>(*reinterpret_cast<const T*>(in + i * step)));
    return total;
  }
  A lane[lanes];
  WICK_UNROLL
  for (int j = 0; j < lanes; ++j) lane[j] = cast<A>(*reinterpret_cast<const T*>(in + j * step));
  int64_t i = lanes;
  for (; i + lanes <= n; i += lanes) {
    WICK_UNROLL
    for (int j = 0; j < lanes; ++j)
      lane[j] = Op::step(lane[j], cast<A>(*reinterpret_cast<const T*>(in + (i + j) * step)));
  }
  for (int j = 0; i < n; ++i, ++j)
    lane[j] = Op::step(lane[j], cast<A>(*reinterpret_cast<const T*>(in + i * step)));
  for (int width = lanes / 2; width > 0; width /= 2) {
    WICK_UNROLL
    for (int j = 0; j < width; ++j) lane[j] = Op::step(lane[j], lane[j + width]);
  }
  return lane[0];
}

// The same on dense elements that are folded in their own type, with whole vectors as lanes.
template <class T>
struct Vector {
  typedef T type __attribute__((vector_size(vector_bytes)));
  static constexpr int width = vector_bytes / sizeof(T);
};
template <class A, class T>
constexpr bool in_vectors = same<A, T> && (class_of<T> == Class::Real || class_of<T> == Class::Integer);
constexpr int vectors = 8;
template <class T>
constexpr int dense_lanes = vectors* vector_bytes / static_cast<int>(sizeof(T));

// One vector at a time: a copy of several goes through narrower registers and memory.
template <class T>
WICK_INLINE typename Vector<T>::type load(const void* from) {
  typename Vector<T>::type v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

template <class V>
WICK_INLINE V vector_step(SumOf, V a, V x) {
  return a + x;
}
template <class V>
WICK_INLINE V vector_step(MaxOf, V a, V x) {
  return ((x > a) | (x != x)) & (a == a) ? x : a;
}
template <class V>
WICK_INLINE V vector_step(MinOf, V a, V x) {
  return ((x < a) | (x != x)) & (a == a) ? x : a;
}

template <class Op, class T>
T fold_dense(const T* x, int64_t n) {
  using V = typename Vector<T>::type;
  constexpr int width = Vector<T>::width;
  constexpr int64_t stride = dense_lanes<T>;
  if (n < width) return fold_straight<Op, T, T>(reinterpret_cast<const char*>(x), sizeof(T), n);
  V total = load<T>(x);
  int64_t i = width;
  if (n >= stride) {
    V lane[vectors];
    lane[0] = total;
    WICK_UNROLL
    for (int j = 1; j < vectors; ++j) lane[j] = load<T>(x + j * width);
    for (i = stride; i + stride <= n; i += stride) {
      WICK_UNROLL
      for (int j = 0; j < vectors; ++j) lane[j] = vector_step(Op{}, lane[j], load<T>(x + i + j * width));
    }
    for (int w = vectors / 2; w > 0; w /= 2) {
      WICK_UNROLL
      for (int j = 0; j < w; ++j) lane[j] = vector_step(Op{}, lane[j], lane[j + w]);
    }
    total = lane[0];
  }
  for (; i + width <= n; i += width) total = vector_step(Op{}, total, load<T>(x + i));
  T single[width];
  __builtin_memcpy(single, &total, sizeof single);
  for (int w = width / 2; w > 0; w /= 2) {
    WICK_UNROLL
    for (int j = 0; j < w; ++j) single[j] = Op::step(single[j], single[j + w]);
  }
  if (i == n) return single[0];
  return Op::step(single[0], fold_straight<Op, T, T>(reinterpret_cast<const char*>(x + i), sizeof(T), n - i));
}

template <class Op, class A, class T>
A fold(const char* in, int64_t step, int64_t n) {
  const bool dense = in_vectors<A, T> && step == sizeof(T);
  if (n > straight * (dense ? dense_lanes<T> : lanes)) {
    const int64_t half = (n / 2 + 63) / 64 * 64;
    const A left = fold<Op, A, T>(in, step, half);
    return Op::step(left, fold<Op, A, T>(in + half * step, step, n - half));
  }
  if constexpr (in_vectors<A, T>) {
    if (dense) return fold_dense<Op, T>(reinterpret_cast<const T*>(in), n);
  }
  // Known to be dense the loop can be vectorized with its conversion.
  return step == sizeof(T) ? fold_straight<Op, A, T>(in, sizeof(T), n) : fold_straight<Op, A, T>(in, step, n);
}

template <class Op, class A, class T>
void inner(const Block& b, const void*) {
  if (b.n == 0) return;
  for (int64_t r = 0; r < b.rows; ++r) {
    A* out = reinterpret_cast<A*>(b.data[0] + r * b.row_step[0]);
    *out = Op::step(*out, fold<Op, A, T>(b.data[1] + r * b.row_step[1], b.step[1], b.n));
  }
}

// Columns are folded in strips; many rows are halved. A strip of dense vectors stays in registers.
constexpr int strip = 64, strip_vectors = 8;

template <class Op, class T>
void fold_vectors(T* total, const char* in, int64_t row_step, int64_t rows) {
  using V = typename Vector<T>::type;
  V lane[strip_vectors];
  WICK_UNROLL
  for (int j = 0; j < strip_vectors; ++j) lane[j] = load<T>(in + j * vector_bytes);
  for (int64_t r = 1; r < rows; ++r) {
    in += row_step;
    WICK_UNROLL
    for (int j = 0; j < strip_vectors; ++j)
      lane[j] = vector_step(Op{}, lane[j], load<T>(in + j * vector_bytes));
  }
  __builtin_memcpy(total, lane, sizeof lane);
}

template <class Op, class A, class T>
void fold_columns(A* total, const char* in, int64_t step, int64_t row_step, int64_t rows, int columns) {
  for (int j = 0; j < columns; ++j) total[j] = cast<A>(*reinterpret_cast<const T*>(in + j * step));
  for (int64_t r = 1; r < rows; ++r) {
    const char* row = in + r * row_step;
    if (step == sizeof(T) && columns == strip) {
      const T* x = reinterpret_cast<const T*>(row);
      WICK_IVDEP
      for (int j = 0; j < strip; ++j) total[j] = Op::step(total[j], cast<A>(x[j]));
    } else {
      for (int j = 0; j < columns; ++j) {
        total[j] = Op::step(total[j], cast<A>(*reinterpret_cast<const T*>(row + j * step)));
      }
    }
  }
}

// A strip of vectors has this many columns.
template <class T>
constexpr int vector_columns = strip_vectors* Vector<T>::width;

template <class Op, class A, class T>
void fold_rows(A* total, const char* in, int64_t step, int64_t row_step, int64_t rows, int columns,
               bool dense) {
  if (rows > straight) {
    A other[strip_vectors * vector_bytes / sizeof(A) > strip ? strip_vectors * vector_bytes / sizeof(A)
                                                             : strip];
    fold_rows<Op, A, T>(total, in, step, row_step, rows / 2, columns, dense);
    fold_rows<Op, A, T>(other, in + rows / 2 * row_step, step, row_step, rows - rows / 2, columns, dense);
    for (int j = 0; j < columns; ++j) total[j] = Op::step(total[j], other[j]);
    return;
  }
  if constexpr (in_vectors<A, T>) {
    if (dense) return fold_vectors<Op, T>(total, in, row_step, rows);
  }
  fold_columns<Op, A, T>(total, in, step, row_step, rows, columns);
}

template <class Op, class A, class T>
void outer(const Block& b, const void*) {
  if (b.rows == 0) return;
  A total[strip_vectors * vector_bytes / sizeof(A) > strip ? strip_vectors * vector_bytes / sizeof(A)
                                                           : strip];
  int columns;
  for (int64_t i = 0; i < b.n; i += columns) {
    bool dense = false;
    columns = static_cast<int>(b.n - i < strip ? b.n - i : strip);
    if constexpr (in_vectors<A, T>) {
      dense = b.step[1] == sizeof(T) && b.n - i >= vector_columns<T>;
      if (dense) columns = vector_columns<T>;
    }
    fold_rows<Op, A, T>(total, b.data[1] + i * b.step[1], b.step[1], b.row_step[1], b.rows, columns, dense);
    for (int j = 0; j < columns; ++j) {
      A* out = reinterpret_cast<A*>(b.data[0] + (i + j) * b.step[0]);
      *out = Op::step(*out, total[j]);
    }
  }
}

template <class Op, class A, class T>
constexpr ReduceLoops loops() {
  return {inner<Op, A, T>, outer<Op, A, T>};
}

// Where the first element lies that is `value`, or a NaN when that is one. Looked for in blocks, whose inside
// has no branch.
template <class T>
int64_t find(const T* x, int64_t n, T value) {
  constexpr int64_t block = 64;
  const bool nan = value != value;
  int64_t i = 0;
  for (; i + block <= n; i += block) {
    unsigned any = 0;
    WICK_IVDEP
    for (int64_t j = 0; j < block; ++j) any |= (x[i + j] == value) | (nan & (x[i + j] != x[i + j]));
    if (any) break;
  }
  while (!(x[i] == value || (nan && x[i] != x[i]))) ++i;
  return i;
}

template <class T, bool largest>
void arg(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    const char* in = b.data[1] + r * b.row_step[1];
    int64_t& out = *reinterpret_cast<int64_t*>(b.data[0] + r * b.row_step[0]);
    if constexpr (in_vectors<T, T>) {
      if (b.step[1] == sizeof(T)) {
        const T* x = reinterpret_cast<const T*>(in);
        if constexpr (largest) {
          out = find(x, b.n, fold<MaxOf, T, T>(in, sizeof(T), b.n));
        } else {
          out = find(x, b.n, fold<MinOf, T, T>(in, sizeof(T), b.n));
        }
        continue;
      }
    }
    using C = Compared<T>;
    int64_t best = 0;
    C value = cast<C>(*reinterpret_cast<const T*>(in));
    for (int64_t i = 1; i < b.n && value == value; ++i) {
      const C x = cast<C>(*reinterpret_cast<const T*>(in + i * b.step[1]));
      if ((largest ? x > value : x < value) || x != x) {
        best = i;
        value = x;
      }
    }
    out = best;
  }
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (same<T, int64_t>) {
    t.reduce[static_cast<int>(Reduce::Sum)][dtype] = loops<SumOf, Sum<T>, Sum<T>>();
  } else {
    t.reduce[static_cast<int>(Reduce::Sum)][dtype] = loops<SumOf, Sum<T>, T>();
  }
  if constexpr (class_of<T> != Class::Complex) {
    t.reduce[static_cast<int>(Reduce::Max)][dtype] = loops<MaxOf, T, T>();
    t.reduce[static_cast<int>(Reduce::Min)][dtype] = loops<MinOf, T, T>();
    t.arg[static_cast<int>(Arg::Max)][dtype] = arg<T, true>;
    t.arg[static_cast<int>(Arg::Min)][dtype] = arg<T, false>;
  }
}

}  // namespace

void add_reductions(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
