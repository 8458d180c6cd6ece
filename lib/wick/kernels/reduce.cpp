#include "wick/kernels/lane_sums.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

// Sums and other summaries of the rows of a block, or of its columns.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Reduce;
using kernels::ReduceFinish;
using kernels::ReduceLoops;

// clang-format off
// What sums are gathered in: wider than the elements, so that long sums keep their digits and do not overflow.
// Integers wrap.
template <class T> struct SumType { using type = unsigned long; };
template <> struct SumType<Half> { using type = float; };
template <> struct SumType<BFloat16> { using type = float; };
template <> struct SumType<float> { using type = double; };
template <> struct SumType<double> { using type = double; };
template <class T> struct SumType<Complex<T>> { using type = Complex<double>; };

// What maxima are gathered in: what vectors compare.
template <class T> struct ExtremeType { using type = WithoutHalf<T>; };
template <> struct ExtremeType<bool> { using type = uint8_t; };

// What the sums of bytes, with or without a sign, begin in.
template <bool has_sign> struct LaneOfBytes { using type = int16_t; };
template <> struct LaneOfBytes<false> { using type = uint16_t; };

// What a sum of T is stored as.
template <class T> struct StoredSum { using type = T; };
template <> struct StoredSum<bool> { using type = int64_t; };
template <> struct StoredSum<uint8_t> { using type = int64_t; };
template <> struct StoredSum<int8_t> { using type = int64_t; };
template <> struct StoredSum<int16_t> { using type = int64_t; };
template <> struct StoredSum<int32_t> { using type = int64_t; };
// clang-format on

// Partial results of one line or, side by side in vectors, of several.
template <class V, int parts>
struct State {
  V part[parts];
};

// What most operations have.
struct OnePart {
  static constexpr int parts = 1;
  static constexpr bool centered = false;
  static constexpr bool has_wide_result = false;
  template <class V>
  static WICK_INLINE State<V, 1> start(V x, V) {
    return {{x}};
  }
};

// An operation: start() makes a state of one element, merge() adds another state. The elements are single
// ones or vectors. `center` is operand 2, for operations that have it.
template <class T>
struct SumOf : OnePart {
  using A = typename SumType<T>::type;
  using Result = typename StoredSum<T>::type;
  static constexpr bool has_wide_result = class_of<T> == Class::Half || class_of<T> == Class::Real;
  template <class V>
  static WICK_INLINE void merge(State<V, 1>& s, const State<V, 1>& other) {
    s.part[0] = s.part[0] + other.part[0];
  }
  static WICK_INLINE Result result(const State<A, 1>& s, const ReduceFinish& finish) {
    if constexpr (class_of<T> == Class::Complex) {
      return cast<T>(A{s.part[0].re / finish.divisor, s.part[0].im / finish.divisor});
    } else if constexpr (is_whole<T>) {
      return static_cast<Result>(s.part[0]);
    } else {
      return cast<T>(s.part[0] / static_cast<A>(finish.divisor));
    }
  }
};

// NaN counts as 0.
template <class T>
struct NanSumOf : SumOf<T> {
  template <class V>
  static WICK_INLINE State<V, 1> start(V x, V) {
    return {{x == x ? x : V{}}};
  }
};

template <class T>
struct ProdOf : OnePart {
  using A = typename SumType<T>::type;
  using Result = typename StoredSum<T>::type;
  template <class V>
  static WICK_INLINE void merge(State<V, 1>& s, const State<V, 1>& other) {
    s.part[0] = s.part[0] * other.part[0];
  }
  static WICK_INLINE Result result(const State<A, 1>& s, const ReduceFinish&) {
    return cast<Result>(s.part[0]);
  }
};

template <class T, bool largest>
struct ExtremeOf : OnePart {
  using A = typename ExtremeType<T>::type;
  using Result = T;
  template <class V>
  static WICK_INLINE void merge(State<V, 1>& s, const State<V, 1>& other) {
    const V x = other.part[0], best = s.part[0];
    s.part[0] = better<largest>(x, best) ? x : best;
  }
  static WICK_INLINE T result(const State<A, 1>& s, const ReduceFinish&) { return cast<T>(s.part[0]); }
};

template <class T>
struct SquaresOf : OnePart {
  using A = double;
  using Result = double;
  template <class V>
  static WICK_INLINE State<V, 1> start(V x, V) {
    return {{x * x}};
  }
  template <class V>
  static WICK_INLINE void merge(State<V, 1>& s, const State<V, 1>& other) {
    s.part[0] += other.part[0];
  }
  static WICK_INLINE double result(const State<double, 1>& s, const ReduceFinish& finish) {
    return s.part[0] / finish.divisor;
  }
};

// The sums of the deviations from the center and of their squares.
template <class T>
struct DeviationsOf {
  using A = double;
  using Result = double;
  static constexpr int parts = 2;
  static constexpr bool centered = true;
  static constexpr bool has_wide_result = false;
  template <class V>
  static WICK_INLINE State<V, 2> start(V x, V center) {
    const V d = x - center;
    return {{d, d * d}};
  }
  template <class V>
  static WICK_INLINE void merge(State<V, 2>& s, const State<V, 2>& other) {
    s.part[0] += other.part[0];
    s.part[1] += other.part[1];
  }
  // The first sum corrects the second for what rounding took from the center: it would be 0.
  static WICK_INLINE double result(const State<double, 2>& s, const ReduceFinish& finish) {
    const double squares = s.part[1] - s.part[0] * s.part[0] / finish.count;
    return (squares > 0 || squares != squares ? squares : 0) / finish.divisor;
  }
};

template <class Op>
using StateOf = State<typename Op::A, Op::parts>;

// Adds an element.
template <class Op, class V>
WICK_INLINE void take(State<V, Op::parts>& s, V x, V center) {
  Op::merge(s, Op::start(x, center));
}

template <class T>
WICK_INLINE T at(const char* address) {
  return *reinterpret_cast<const T*>(address);
}

// Independent partial results hide the latency of the operation and keep sums accurate.
constexpr int lanes = 8;
// No lane takes more than this in one go: what is longer is halved, so that the error of a sum grows with the
// logarithm of its length.
constexpr int64_t straight = 128;
// Shorter rows are folded four at a time where that is possible.
constexpr int64_t short_row = 128;

template <class Op, class T>
StateOf<Op> fold_strided(const char* in, int64_t step, int64_t n, typename Op::A center) {
  using A = typename Op::A;
  // The first elements start the lanes: maxima have no identity.
  if (n < 2 * lanes) {
    auto total = Op::start(cast<A>(at<T>(in)), center);
    for (int64_t i = 1; i < n; ++i) take<Op>(total, cast<A>(at<T>(in + i * step)), center);
    return total;
  }
  StateOf<Op> lane[lanes];
  WICK_UNROLL
  for (int j = 0; j < lanes; ++j) lane[j] = Op::start(cast<A>(at<T>(in + j * step)), center);
  int64_t i = lanes;
  for (; i + lanes <= n; i += lanes) {
    WICK_UNROLL
    for (int j = 0; j < lanes; ++j) take<Op>(lane[j], cast<A>(at<T>(in + (i + j) * step)), center);
  }
  for (int j = 0; i < n; ++i, ++j) take<Op>(lane[j], cast<A>(at<T>(in + i * step)), center);
  for (int width = lanes / 2; width > 0; width /= 2) {
    WICK_UNROLL
    for (int j = 0; j < width; ++j) Op::merge(lane[j], lane[j + width]);
  }
  return lane[0];
}

// The states that lie side by side in vectors, as one.
template <class Op, class V>
WICK_INLINE StateOf<Op> fold_lanes(const State<V, Op::parts>& vectors) {
  using A = typename Op::A;
  constexpr int width = vector_width<A>;
  A single[Op::parts][width];
  __builtin_memcpy(single, &vectors, sizeof single);
  StateOf<Op> lane[width];
  WICK_UNROLL
  for (int j = 0; j < width; ++j) {
    for (int p = 0; p < Op::parts; ++p) lane[j].part[p] = single[p][j];
  }
  for (int w = width / 2; w > 0; w /= 2) {
    WICK_UNROLL
    for (int j = 0; j < w; ++j) Op::merge(lane[j], lane[j + w]);
  }
  return lane[0];
}

template <class Op, class T>
StateOf<Op> fold_dense(const T* x, int64_t n, typename Op::A center) {
  using A = typename Op::A;
  using V = Vector<A>;
  constexpr int width = vector_width<A>, vectors = 8 / Op::parts, stride = width * vectors;
  if (n < width) return fold_strided<Op, T>(reinterpret_cast<const char*>(x), sizeof(T), n, center);
  const V centers = center - V{};
  auto total = Op::start(widen<A>(x), centers);
  int64_t i = width;
  if (n >= stride) {
    State<V, Op::parts> lane[vectors];
    lane[0] = total;
    WICK_UNROLL
    for (int j = 1; j < vectors; ++j) lane[j] = Op::start(widen<A>(x + j * width), centers);
    for (i = stride; i + stride <= n; i += stride) {
      WICK_UNROLL
      for (int j = 0; j < vectors; ++j) take<Op>(lane[j], widen<A>(x + i + j * width), centers);
    }
    for (int w = vectors / 2; w > 0; w /= 2) {
      WICK_UNROLL
      for (int j = 0; j < w; ++j) Op::merge(lane[j], lane[j + w]);
    }
    total = lane[0];
  }
  for (; i + width <= n; i += width) take<Op>(total, widen<A>(x + i), centers);
  auto single = fold_lanes<Op>(total);
  for (; i < n; ++i) take<Op>(single, cast<A>(x[i]), center);
  return single;
}

template <class Op, class T>
constexpr bool is_plain_sum = same<Op, SumOf<T>> || same<Op, NanSumOf<T>>;

// Sums of float: eight vectors are added as they are, two by two, which is exact for equal numbers, and these
// sums in double.
template <class Op, class T>
constexpr bool in_eights = is_plain_sum<Op, T>&& same<T, float>;

WICK_INLINE bool is_finite(double x) { return x - x == 0; }

// Adds vectors of float, `step` bytes from one to the next, to two of double. `count` is a power of two.
template <int count, class Op>
WICK_INLINE void add_floats(const char* from, int64_t step, Vector<double>* to) {
  using V = Vector<float>;
  V sum[count];
  WICK_UNROLL
  for (int i = 0; i < count; ++i) sum[i] = Op::start(load_as<V>(from + i * step), V{}).part[0];
  WICK_UNROLL
  for (int w = count / 2; w > 0; w /= 2) {
    WICK_UNROLL
    for (int i = 0; i < w; ++i) sum[i] += sum[i + w];
  }
  add_as_doubles(sum[0], to[0], to[1]);
}

template <class Op>
double fold_eights(const float* x, int64_t n) {
  constexpr int width = vector_width<float>, stride = 16 * width;
  Vector<double> lane[4] = {};
  int64_t i = 0;
  const auto add = [&](int64_t at, Vector<double>* to) {
    add_floats<8, Op>(reinterpret_cast<const char*>(x + at), vector_bytes, to);
  };
  for (; i + stride <= n; i += stride) {
    add(i, lane);
    add(i + 8 * width, lane + 2);
  }
  if (i + 8 * width <= n) {
    add(i, lane);
    i += 8 * width;
  }
  for (; i + width <= n; i += width) add_floats<1, Op>(reinterpret_cast<const char*>(x + i), 0, lane + 2);
  const State<Vector<double>, 1> all{{(lane[0] + lane[1]) + (lane[2] + lane[3])}};
  double total = fold_lanes<Op>(all).part[0];
  for (; i < n; ++i) total += Op::start(static_cast<double>(x[i]), 0.0).part[0];
  return total;
}

// Sums of bytes: in lanes of 16 bits, which hold those of what fold() does not halve.
template <class Op, class T>
constexpr bool is_bytes = same<Op, SumOf<T>>&& is_whole<T> && sizeof(T) == 1;

template <class T>
unsigned long fold_bytes(const char* x, int64_t n) {
  constexpr bool has_sign = T(-1) < T(0) && !same<T, bool>;
  using Lane = typename LaneOfBytes<has_sign>::type;
  using V = Vector<Lane>;
  constexpr int vectors = 4, stride = vectors * vector_bytes;
  static_assert(straight * 8 * vector_width<unsigned long> / stride * 2 * 255 < 1 << 15);
  V sum[vectors] = {};
  int64_t i = 0;
  for (; i + stride <= n; i += stride) {
    WICK_UNROLL
    for (int j = 0; j < vectors; ++j) {
      const V pair = load_as<V>(x + i + j * vector_bytes);
      // The lower byte of each lane, with its sign, and the upper one.
      sum[j] += (has_sign ? (V)(pair << 8) >> 8 : pair & 0xff) + (pair >> 8);
    }
  }
  long total = 0;
  WICK_UNROLL
  for (int j = 0; j < vectors; ++j) {
    for (int l = 0; l < vector_width<Lane>; ++l) total += sum[j][l];
  }
  for (; i < n; ++i) total += static_cast<long>(reinterpret_cast<const T*>(x)[i]);
  return static_cast<unsigned long>(total);
}

template <class Op, class T>
constexpr bool is_extreme = same<Op, ExtremeOf<T, true>> || same<Op, ExtremeOf<T, false>>;

// The largest or smallest of many floating point numbers, with one comparison each; false where there is a
// NaN.
template <bool largest, class A, class T>
bool fold_numbers(const T* x, int64_t n, A& out) {
  using V = Vector<A>;
  constexpr int width = vector_width<A>, vectors = 4, stride = width * vectors;
  V best[vectors];
  decltype(V{} < V{}) nan[vectors] = {};
  const auto take = [&](const T* from, V& b, auto& bad) {
    const V v = widen<A>(from);
    b = (largest ? v > b : v < b) ? v : b;
    bad |= v != v;
  };
  WICK_UNROLL
  for (int j = 0; j < vectors; ++j) best[j] = widen<A>(x + j * width);
  // The last vectors overlap those before: taking an element twice changes nothing.
  for (int64_t i = 0; i < n; i += stride) {
    const T* from = x + (i + stride <= n ? i : n - stride);
    WICK_UNROLL
    for (int j = 0; j < vectors; ++j) take(from + j * width, best[j], nan[j]);
  }
  WICK_UNROLL
  for (int j = 1; j < vectors; ++j) {
    best[0] = (largest ? best[j] > best[0] : best[j] < best[0]) ? best[j] : best[0];
    nan[0] |= nan[j];
  }
  out = best[0][0];
  bool any = false;
  for (int l = 0; l < width; ++l) {
    out = (largest ? best[0][l] > out : best[0][l] < out) ? best[0][l] : out;
    any |= nan[0][l] != 0;
  }
  return !any;
}

template <class Op, class T>
StateOf<Op> fold(const char* in, int64_t step, int64_t n, typename Op::A center) {
  const bool dense = has_vectors<T> && step == sizeof(T);
  if (n > straight * (dense ? 8 * vector_width<typename Op::A> : lanes)) {
    const int64_t half = (n / 2 + 63) / 64 * 64;
    auto left = fold<Op, T>(in, step, half, center);
    Op::merge(left, fold<Op, T>(in + half * step, step, n - half, center));
    return left;
  }
  if constexpr (has_vectors<T>) {
    if constexpr (in_eights<Op, T>) {
      if (dense && n >= short_row) {
        const double total = fold_eights<Op>(reinterpret_cast<const float*>(in), n);
        if (is_finite(total)) return {{total}};
        // Eight large numbers together may leave the range of float.
      }
    }
    if constexpr (is_bytes<Op, T>) {
      if (dense) return {{fold_bytes<T>(in, n)}};
    }
    if constexpr (is_extreme<Op, T> && !is_whole<T>) {
      constexpr bool largest = same<Op, ExtremeOf<T, true>>;
      typename Op::A found;
      if (dense && n >= short_row && fold_numbers<largest>(reinterpret_cast<const T*>(in), n, found))
        return {{found}};
    }
    if (dense) return fold_dense<Op, T>(reinterpret_cast<const T*>(in), n, center);
  }
  return fold_strided<Op, T>(in, step, n, center);
}

// Writes the result of a line, or adds its state to those that `out` holds.
template <class Op>
WICK_INLINE void put(char* out, const StateOf<Op>& state, const ReduceFinish* finish) {
  if (finish) {
    if constexpr (Op::has_wide_result) {
      if (finish->wide) {
        *reinterpret_cast<double*>(out) = static_cast<double>(state.part[0]) / finish->divisor;
        return;
      }
    }
    *reinterpret_cast<typename Op::Result*>(out) = Op::result(state, *finish);
  } else {
    Op::merge(*reinterpret_cast<StateOf<Op>*>(out), state);
  }
}

// Sums, and those of squares: zeros change nothing.
template <class Op, class T>
constexpr bool is_sum = has_vectors<T> && (is_plain_sum<Op, T> || same<Op, SquaresOf<T>>);

// Four dense rows of vector_width<A> <= n < short_row elements at a time. A row's sum does not depend on the
// others: where fewer are left the last one takes their places.
template <class Op, class T>
void inner_short(const Block& b, const ReduceFinish* finish) {
  using A = typename Op::A;
  using V = Vector<A>;
  constexpr int width = vector_width<A>;
  const int64_t n = b.n;
  for (int64_t r = 0; r < b.rows; r += 4) {
    const T* rows[4];
    const int count = b.rows - r < 4 ? static_cast<int>(b.rows - r) : 4;
    WICK_UNROLL
    for (int k = 0; k < 4; ++k)
      rows[k] = reinterpret_cast<const T*>(b.data[1] + (r + (k < count ? k : count - 1)) * b.row_step[1]);
    State<V, 1> lane[4] = {};
    int64_t i = 0;
    for (; i + width <= n; i += width) {
      WICK_UNROLL
      for (int k = 0; k < 4; ++k) take<Op>(lane[k], widen<A>(rows[k] + i), V{});
    }
    if (i < n) {
      WICK_UNROLL
      for (int k = 0; k < 4; ++k)
        take<Op>(lane[k], last_elements<width>(widen<A>(rows[k] + n - width), n - i), V{});
    }
    const V sums[4] = {lane[0].part[0], lane[1].part[0], lane[2].part[0], lane[3].part[0]};
    A totals[4];
    sums_of_lanes<A>(sums, totals);
    for (int k = 0; k < count; ++k)
      put<Op>(b.data[0] + (r + k) * b.row_step[0], StateOf<Op>{{totals[k]}}, finish);
  }
}

template <class Op, class T>
void inner(const Block& b, const void* parameters) {
  const auto* finish = static_cast<const ReduceFinish*>(parameters);
  using A = typename Op::A;
  if (b.n == 0) return;
  if constexpr (is_sum<Op, T>) {
    if (b.step[1] == sizeof(T) && b.n >= vector_width<A> && b.n < short_row)
      return inner_short<Op, T>(b, finish);
  }
  const bool brief = b.n < 2 * lanes;  // one after another; neighbouring rows overlap in the processor
  for (int64_t r = 0; r < b.rows; ++r) {
    A center{};
    if constexpr (Op::centered) center = at<A>(b.data[2] + r * b.row_step[2]);
    const char* in = b.data[1] + r * b.row_step[1];
    char* out = b.data[0] + r * b.row_step[0];
    if (brief) {
      auto total = Op::start(cast<A>(at<T>(in)), center);
      for (int64_t i = 1; i < b.n; ++i) take<Op>(total, cast<A>(at<T>(in + i * b.step[1])), center);
      put<Op>(out, total, finish);
    } else {
      put<Op>(out, fold<Op, T>(in, b.step[1], b.n, center), finish);
    }
  }
}

// Columns are folded side by side, up to so many.
template <class Op>
constexpr int group = 8 * vector_width<typename Op::A> > 128 ? 8 * vector_width<typename Op::A> : 128;

template <class Op>
struct Columns {
  typename Op::A part[Op::parts][group<Op>];

  StateOf<Op> get(int j) const {
    StateOf<Op> s;
    for (int p = 0; p < Op::parts; ++p) s.part[p] = part[p][j];
    return s;
  }
  void set(int j, const StateOf<Op>& s) {
    for (int p = 0; p < Op::parts; ++p) part[p][j] = s.part[p];
  }
  void merge(int j, const StateOf<Op>& other) {
    StateOf<Op> s = get(j);
    Op::merge(s, other);
    set(j, s);
  }
};

// The rows of a group of columns.
struct Rows {
  const char* data;
  int64_t step, row_step, count;
};

// `vectors` side by side, which stay in registers.
template <int vectors, class Op, class T>
WICK_INLINE void fold_strip(Columns<Op>& out, int column, const Rows& rows, const typename Op::A* centers) {
  using A = typename Op::A;
  using V = Vector<A>;
  constexpr int width = vector_width<A>;
  const char* in = rows.data + column * sizeof(T);
  V center[vectors];
  State<V, Op::parts> lane[vectors];
  WICK_UNROLL
  for (int j = 0; j < vectors; ++j) {
    center[j] = load_vector(centers + column + j * width);
    lane[j] = Op::start(widen<A>(reinterpret_cast<const T*>(in) + j * width), center[j]);
  }
  for (int64_t r = 1; r < rows.count; ++r) {
    in += rows.row_step;
    WICK_UNROLL
    for (int j = 0; j < vectors; ++j)
      take<Op>(lane[j], widen<A>(reinterpret_cast<const T*>(in) + j * width), center[j]);
  }
  WICK_UNROLL
  for (int j = 0; j < vectors; ++j) {
    WICK_UNROLL
    for (int p = 0; p < Op::parts; ++p)
      __builtin_memcpy(&out.part[p][column + j * width], &lane[j].part[p], sizeof(V));
  }
}

// Eight rows at a time of `vectors` vectors of float side by side. False when a sum leaves the range of
// float.
template <int vectors, class Op>
WICK_INLINE bool fold_strip_eights(Columns<Op>& out, int column, const Rows& rows) {
  constexpr int half = vector_width<double>;
  Vector<double> lane[2 * vectors] = {};
  const char* in = rows.data + column * sizeof(float);
  const int64_t step = rows.row_step, whole = rows.count / 8 * 8;
  for (int64_t r = 0; r < whole; r += 8, in += 8 * step) {
    WICK_UNROLL
    for (int j = 0; j < vectors; ++j) add_floats<8, Op>(in + j * vector_bytes, step, lane + 2 * j);
  }
  for (int64_t r = whole; r < rows.count; ++r, in += step) {
    WICK_UNROLL
    for (int j = 0; j < vectors; ++j) add_floats<1, Op>(in + j * vector_bytes, 0, lane + 2 * j);
  }
  Vector<double> check = lane[0] - lane[0];
  WICK_UNROLL
  for (int j = 1; j < 2 * vectors; ++j) check += lane[j] - lane[j];
  double zeros[half];
  __builtin_memcpy(zeros, &check, sizeof zeros);
  bool finite = true;
  for (int j = 0; j < half; ++j) finite &= zeros[j] == 0;
  __builtin_memcpy(&out.part[0][column], lane, sizeof lane);
  return finite;
}

template <class Op, class T>
void fold_columns(Columns<Op>& out, const Rows& rows, int columns, const typename Op::A* centers) {
  using A = typename Op::A;
  if (rows.count > straight) {
    Columns<Op> other;
    const int64_t half = rows.count / 2;
    fold_columns<Op, T>(out, {rows.data, rows.step, rows.row_step, half}, columns, centers);
    fold_columns<Op, T>(other,
                        {rows.data + half * rows.row_step, rows.step, rows.row_step, rows.count - half},
                        columns, centers);
    for (int j = 0; j < columns; ++j) out.merge(j, other.get(j));
    return;
  }
  int j = 0;
  if constexpr (has_vectors<T>) {
    constexpr int width = vector_width<A>;
    if (rows.step == sizeof(T)) {
      if constexpr (in_eights<Op, T>) {
        for (; j + 8 * width <= columns && fold_strip_eights<4>(out, j, rows); j += 8 * width) {
        }
        for (; j + 2 * width <= columns && fold_strip_eights<1>(out, j, rows); j += 2 * width) {
        }
      }
      if constexpr (Op::parts == 1) {
        for (; j + 8 * width <= columns; j += 8 * width) fold_strip<8, Op, T>(out, j, rows, centers);
      }
      for (; j + 4 * width <= columns; j += 4 * width) fold_strip<4, Op, T>(out, j, rows, centers);
      for (; j + width <= columns; j += width) fold_strip<1, Op, T>(out, j, rows, centers);
    }
  }
  for (; j < columns; ++j) {
    const char* in = rows.data + j * rows.step;
    auto total = Op::start(cast<A>(at<T>(in)), centers[j]);
    for (int64_t r = 1; r < rows.count; ++r) take<Op>(total, cast<A>(at<T>(in += rows.row_step)), centers[j]);
    out.set(j, total);
  }
}

// The results of columns.
template <class Op, class T>
WICK_INLINE void put_columns(const Block& b, int64_t first, const Columns<Op>& total, int columns,
                             const ReduceFinish* finish) {
  char* out = b.data[0] + first * b.step[0];
  if constexpr (is_plain_sum<Op, T> && (class_of<T> == Class::Half || class_of<T> == Class::Real)) {
    if (finish && !finish->wide && b.step[0] == sizeof(T)) {
      T* to = reinterpret_cast<T*>(out);
      const auto divisor = static_cast<typename Op::A>(finish->divisor);
      if (divisor == 1) {
        WICK_IVDEP
        for (int j = 0; j < columns; ++j) to[j] = cast<T>(total.part[0][j]);
      } else {
        WICK_IVDEP
        for (int j = 0; j < columns; ++j) to[j] = cast<T>(total.part[0][j] / divisor);
      }
      return;
    }
  }
  for (int j = 0; j < columns; ++j) put<Op>(out + j * b.step[0], total.get(j), finish);
}

// How many rows without gaps between them are folded as one, so that narrow rows fill vectors.
template <class Op, class T>
int rows_at_once(const Block& b) {
  constexpr int64_t width = vector_width<typename Op::A>;
  const bool gapless = b.step[1] == sizeof(T) && b.row_step[1] == b.n * static_cast<int64_t>(sizeof(T));
  if (!has_vectors<T> || !gapless || b.n >= 8 * width || b.rows < 64) return 1;
  int64_t k = 1;
  const int64_t least = (in_eights<Op, T> ? 8 : 4) * width;  // what fold_columns takes at once
  while (k * b.n % width != 0 || k * b.n < least) k *= 2;
  while (k * b.n > group<Op>) k /= 2;
  return static_cast<int>(k);
}

template <class Op, class T>
void outer(const Block& b, const void* parameters) {
  using A = typename Op::A;
  const auto* finish = static_cast<const ReduceFinish*>(parameters);
  if (b.rows == 0) return;
  const int together = rows_at_once<Op, T>(b);
  Columns<Op> total, rest;
  A centers[group<Op>] = {};
  int columns;
  for (int64_t i = 0; i < b.n; i += columns) {
    columns = static_cast<int>(b.n - i < group<Op> ? b.n - i : group<Op>);
    if constexpr (Op::centered) {
      for (int j = 0; j < columns * together; ++j)
        centers[j] = at<A>(b.data[2] + (i + j % columns) * b.step[2]);
    }
    const Rows rows{b.data[1] + i * b.step[1], b.step[1], b.row_step[1] * together, b.rows / together};
    fold_columns<Op, T>(total, rows, columns * together, centers);
    for (int j = columns; j < columns * together; ++j) total.merge(j % columns, total.get(j));
    if (const int64_t left = b.rows % together; left > 0) {
      fold_columns<Op, T>(rest, {rows.data + (b.rows - left) * b.row_step[1], b.step[1], b.row_step[1], left},
                          columns, centers);
      for (int j = 0; j < columns; ++j) total.merge(j, rest.get(j));
    }
    put_columns<Op, T>(b, i, total, columns, finish);
  }
}

// The gradient of a variance.
template <class T>
void scaled_deviation(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    T* out = reinterpret_cast<T*>(b.data[0] + r * b.row_step[0]);
    const T* x = reinterpret_cast<const T*>(b.data[1] + r * b.row_step[1]);
    const double* center = reinterpret_cast<const double*>(b.data[2] + r * b.row_step[2]);
    const double* factor = reinterpret_cast<const double*>(b.data[3] + r * b.row_step[3]);
    const auto f = [](T from, double mean, double by) { return cast<T>((cast<double>(from) - mean) * by); };
    const bool dense = b.step[0] == sizeof(T) && b.step[1] == sizeof(T);
    if (dense && b.step[2] == 0 && b.step[3] == 0) {
      const double mean = *center, by = *factor;
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) out[i] = f(x[i], mean, by);
    } else if (dense && b.step[2] == sizeof(double) && b.step[3] == sizeof(double)) {
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) out[i] = f(x[i], center[i], factor[i]);
    } else {
      for (int64_t i = 0; i < b.n; ++i) {
        *reinterpret_cast<T*>(b.data[0] + r * b.row_step[0] + i * b.step[0]) =
            f(at<T>(b.data[1] + r * b.row_step[1] + i * b.step[1]),
              at<double>(b.data[2] + r * b.row_step[2] + i * b.step[2]),
              at<double>(b.data[3] + r * b.row_step[3] + i * b.step[3]));
      }
    }
  }
}

template <class Op, class T>
WICK_INLINE void register_operation(kernels::Table& t, Reduce op, int dtype) {
  t.reduce[op][dtype] = {inner<Op, T>, outer<Op, T>};
}

}  // namespace

void add_reductions(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    register_operation<SumOf<T>, T>(table, Reduce::Sum, i);
    register_operation<ProdOf<T>, T>(table, Reduce::Prod, i);
    if constexpr (class_of<T> != Class::Complex) {
      register_operation<ExtremeOf<T, true>, T>(table, Reduce::Max, i);
      register_operation<ExtremeOf<T, false>, T>(table, Reduce::Min, i);
    }
    if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
      register_operation<NanSumOf<T>, T>(table, Reduce::NanSum, i);
      register_operation<SquaresOf<T>, T>(table, Reduce::Squares, i);
      register_operation<DeviationsOf<T>, T>(table, Reduce::Deviations, i);
      table.scaled_deviation[i] = scaled_deviation<T>;
    }
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
