#include "wick/kernels/taps.h"

#include "wick/kernels/registration.h"
#include "wick/kernels/transpose.h"
#include "wick/kernels/vector.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Taps;
using kernels::TapsArguments;

// The most taps that a short sum has: those of linear and cubic interpolation.
constexpr int64_t few_taps = 4;

template <class T>
WICK_INLINE T long_sum(const T* x, const T* w, int64_t n) {
  constexpr int lanes = vector_width<T>;
  Vector<T> sums[2] = {};
  int64_t t = 0;
  for (; t + 2 * lanes <= n; t += 2 * lanes) {
    sums[0] += load_vector(x + t) * load_vector(w + t);
    sums[1] += load_vector(x + t + lanes) * load_vector(w + t + lanes);
  }
  sums[0] += sums[1];
  T sum = 0;
  for (int i = 0; i < lanes; ++i) sum += sums[0][i];
  for (; t < n; ++t) sum += x[t] * w[t];
  return sum;
}

template <class T>
WICK_INLINE T short_sum(const T* x, const T* w, int64_t n) {
  T sum = 0;
  for (int64_t t = 0; t < n; ++t) sum += w[t] * x[t];
  return sum;
}

WICK_INLINE int64_t taps_of(const Taps& taps, int64_t i) { return taps.start[i + 1] - taps.start[i]; }

// Results, which read places [low, high).
struct Run {
  int64_t begin, end, low, high;
};

// Extends places [low, high), none if both are alike, to n more from the first one on.
WICK_INLINE void include(int64_t first, int64_t n, int64_t& low, int64_t& high) {
  const bool none = low == high;
  low = none || first < low ? first : low;
  high = none || first + n > high ? first + n : high;
}

// From result i on those that read so many places at the most.
WICK_INLINE Run run_from(const Taps& taps, int64_t i, int64_t most) {
  Run run{i, i, 0, 0};
  for (; run.end < taps.results && run.end - i < most; ++run.end) {
    const int64_t n = taps_of(taps, run.end);
    if (n == 0) continue;
    int64_t low = run.low, high = run.high;
    include(taps.first[run.end], n, low, high);
    if (high - low > most) break;
    run.low = low;
    run.high = high;
  }
  return run;
}

// Places, and results, of a run of lines side by side.
constexpr int64_t run_size = 128;

// Whether several lines are better done side by side: where sums are short, and few places are copied in
// vain. The places before the first one do not count: the table may be a piece of a longer one.
WICK_INLINE bool are_dense(const Taps& taps) {
  int64_t low = 0, high = 0;
  for (int64_t i = 0; i < taps.results; ++i) {
    const int64_t n = taps_of(taps, i), first = taps.first[i];
    if (n > few_taps) return false;
    if (n > 0) include(first, n, low, high);
  }
  return high - low <= 3 * taps.results;
}

// A run for as many lines as a vector has elements: the lines side by side, in a buffer each for places and
// results.
template <class T>
WICK_INLINE void sum_side_by_side(const Taps& taps, const Run& run, const T* in, int64_t in_step, T* out,
                                  int64_t out_step, int64_t lines, T* places, T* results) {
  constexpr int64_t lanes = vector_width<T>;
  copy_transposed<T>(places, lanes, in + run.low, in_step, run.high - run.low, lines);
  for (int64_t i = run.begin; i < run.end; ++i) {
    const T* w = static_cast<const T*>(taps.weights) + taps.start[i];
    const T* x = places + (taps.first[i] - run.low) * lanes;
    const int64_t n = taps_of(taps, i);
    Vector<T> sum = {};
    for (int64_t t = 0; t < n; ++t) sum += load_vector(x + t * lanes) * w[t];
    store_vector(results + (i - run.begin) * lanes, sum);
  }
  copy_transposed<T>(out + run.begin, out_step, results, lanes, lines, run.end - run.begin);
}

// The way depends on the taps alone, so that the bits of a result do not depend on how many lines there are.
template <class T>
void rows(const TapsArguments& a) {
  constexpr int64_t lanes = vector_width<T>;
  const Taps& taps = *a.taps;
  const T* in = static_cast<const T*>(a.in);
  T* out = static_cast<T*>(a.out);
  if (are_dense(taps)) {
    T places[run_size * lanes] = {}, results[run_size * lanes];
    for (int64_t l = 0; l < a.lines; l += lanes) {
      const int64_t lines = a.lines - l < lanes ? a.lines - l : lanes;
      for (int64_t i = 0; i < taps.results;) {
        const Run run = run_from(taps, i, run_size);
        sum_side_by_side(taps, run, in + l * a.in_step, a.in_step, out + l * a.out_step, a.out_step, lines,
                         places, results);
        i = run.end;
      }
    }
    return;
  }
  const T* weights = static_cast<const T*>(taps.weights);
  for (int64_t l = 0; l < a.lines; ++l) {
    for (int64_t i = 0; i < taps.results; ++i) {
      const T* x = in + l * a.in_step + taps.first[i];
      const T* w = weights + taps.start[i];
      const int64_t n = taps_of(taps, i);
      T& to = out[l * a.out_step + i];
      if (n == 2) {
        to = w[0] * x[0] + w[1] * x[1];
      } else {
        to = n <= few_taps ? short_sum(x, w, n) : long_sum(x, w, n);
      }
    }
  }
}

// One result for `vectors` vectors of columns.
template <class T, int vectors>
WICK_INLINE void sum_rows(const T* x, int64_t step, const T* w, int64_t n, T* out) {
  constexpr int lanes = vector_width<T>;
  Vector<T> sums[vectors] = {};
  for (int64_t t = 0; t < n; ++t) {
    const T factor = w[t];
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) sums[v] += load_vector(x + t * step + v * lanes) * factor;
  }
  WICK_UNROLL
  for (int v = 0; v < vectors; ++v) store_vector(out + v * lanes, sums[v]);
}

template <class T>
void columns(const TapsArguments& a) {
  constexpr int64_t lanes = vector_width<T>;
  const Taps& taps = *a.taps;
  for (int64_t i = 0; i < taps.results; ++i) {
    const T* x = static_cast<const T*>(a.in) + taps.first[i] * a.in_step;
    const T* w = static_cast<const T*>(taps.weights) + taps.start[i];
    T* out = static_cast<T*>(a.out) + i * a.out_step;
    const int64_t n = taps_of(taps, i);
    int64_t c = 0;
    for (; c + 4 * lanes <= a.lines; c += 4 * lanes) sum_rows<T, 4>(x + c, a.in_step, w, n, out + c);
    for (; c + lanes <= a.lines; c += lanes) sum_rows<T, 1>(x + c, a.in_step, w, n, out + c);
    for (; c < a.lines; ++c) {
      T sum = 0;
      for (int64_t t = 0; t < n; ++t) sum += x[t * a.in_step + c] * w[t];
      out[c] = sum;
    }
  }
}

constexpr kernels::TapsKernels taps_kernels{{rows<float>, columns<float>}, {rows<double>, columns<double>}};

}  // namespace

void add_taps(kernels::Table& table) { table.taps = &taps_kernels; }

}  // namespace WICK_LEVEL
}  // namespace wick
