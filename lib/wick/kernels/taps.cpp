#include "wick/kernels/taps.h"

#include "wick/kernels/registration.h"
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
void rows(const TapsArguments& a) {
  const Taps& taps = *a.taps;
  const T* weights = static_cast<const T*>(taps.weights);
  for (int64_t l = 0; l < a.lines; ++l) {
    const T* in = static_cast<const T*>(a.in) + l * a.in_step;
    T* out = static_cast<T*>(a.out) + l * a.out_step;
    for (int64_t i = 0; i < taps.results; ++i) {
      const T* x = in + taps.first[i];
      const T* w = weights + taps.start[i];
      const int64_t n = taps.start[i + 1] - taps.start[i];
      if (n == 2) {
        out[i] = w[0] * x[0] + w[1] * x[1];
      } else if (n <= few_taps) {
        T sum = 0;
        for (int64_t t = 0; t < n; ++t) sum += w[t] * x[t];
        out[i] = sum;
      } else {
        out[i] = long_sum(x, w, n);
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
    const int64_t n = taps.start[i + 1] - taps.start[i];
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
