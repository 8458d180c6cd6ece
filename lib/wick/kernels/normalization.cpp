#include "wick/kernels/normalization.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::NormChannels;
using kernels::NormLines;

// A number in two parts, which are subtracted one after the other: the difference of close numbers is exact.
template <class T>
struct Split {
  T high, low;
};
template <class T>
WICK_INLINE Split<T> split(double x) {
  const T high = static_cast<T>(x);
  const double rest = x - static_cast<double>(high);
  return {high, rest == rest ? static_cast<T>(rest) : T(0)};
}
template <class T, class V>
WICK_INLINE V less(V x, Split<T> m) {
  return same<T, double> ? x - m.high : (x - m.high) - m.low;
}

// The sum of the lanes: pairs of halves, so that no long chain of additions is waited for.
template <int n>
WICK_INLINE double folded(const typename VectorOf<double, n>::type& x) {
  if constexpr (n == 2) {
    return x[0] + x[1];
  } else {
    typename VectorOf<double, n / 2>::type halves[2];
    __builtin_memcpy(halves, &x, sizeof x);
    return folded<n / 2>(halves[0] + halves[1]);
  }
}
WICK_INLINE double sum_of_lanes(const Vector<double>& x) { return folded<vector_width<double>>(x); }
WICK_INLINE double sum_of_lanes(const Vector<float>& x) {
  Vector<double> low{}, high{};
  add_as_doubles(x, low, high);
  return folded<vector_width<double>>(low + high);
}

// Sums of several terms over [0, n): f(V tag, i, sums) adds those of the elements from i on, one or as many
// as the vector V has. They are added up in T for `stretch` elements, which no digit of interest is lost in.
constexpr int64_t stretch = 1024;

template <class T, int terms, class F>
WICK_INLINE void totals(int64_t n, double (&out)[terms], F f) {
  using V = Vector<T>;
  constexpr int width = vector_width<T>, side_by_side = 4;
  for (int64_t from = 0; from < n; from += stretch) {
    const int64_t end = n - from < stretch ? n : from + stretch;
    V sums[side_by_side][terms] = {};
    T rest[terms] = {};
    int64_t i = from;
    for (; i + side_by_side * width <= end; i += side_by_side * width) {
      WICK_UNROLL
      for (int k = 0; k < side_by_side; ++k) f(V{}, i + k * width, sums[k]);
    }
    for (; i + width <= end; i += width) f(V{}, i, sums[0]);
    for (; i < end; ++i) f(T{}, i, rest);
    for (int k = 0; k < terms; ++k) {
      const V sum = (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
      out[k] += static_cast<double>(rest[k]) + sum_of_lanes(sum);
    }
  }
}

template <class V, class T>
WICK_INLINE V take(V, const T* from) {
  return load_as<V>(from);
}

template <class T>
WICK_NOINLINE double sum_of(const T* x, int64_t n) {
  double sum[1] = {};
  totals<T>(n, sum, [=](auto tag, int64_t i, auto* sums) { sums[0] += take(tag, x + i); });
  return sum[0];
}

// Adds the sums of the deviations from m and of their squares.
template <class T>
WICK_NOINLINE void deviations(const T* x, int64_t n, Split<T> m, double (&sums)[2]) {
  totals<T>(n, sums, [=](auto tag, int64_t i, auto* to) {
    const auto d = less(take(tag, x + i), m);
    to[0] += d;
    to[1] += d * d;
  });
}

// Adds the sums of g and of g times the deviation.
template <class T>
WICK_NOINLINE void products(const T* g, const T* x, int64_t n, Split<T> m, double (&sums)[2]) {
  totals<T>(n, sums, [=](auto tag, int64_t i, auto* to) {
    const auto h = take(tag, g + i);
    to[0] += h;
    to[1] += h * less(take(tag, x + i), m);
  });
}
template <class T>
WICK_NOINLINE void products(const T* g, const T* weight, const T* x, int64_t n, Split<T> m,
                            double (&sums)[2]) {
  totals<T>(n, sums, [=](auto tag, int64_t i, auto* to) {
    const auto h = take(tag, g + i) * take(tag, weight + i);
    to[0] += h;
    to[1] += h * less(take(tag, x + i), m);
  });
}

// The mean and the variance of `count` numbers with that sum: pass(m, sums) adds the sums of deviations and
// their squares. The mean is corrected by the deviations, which a sum in T may be off by.
struct Moments {
  double mean, var;
};
template <class T, class F>
WICK_INLINE Moments moments(double sum, double count, F pass) {
  const Split<T> m = split<T>(sum / count);
  double sums[2] = {};
  pass(m, sums);
  const double off = sums[0] / count, var = (sums[1] - sums[0] * off) / count;
  return {(static_cast<double>(m.high) + static_cast<double>(m.low)) + off, var < 0 ? 0 : var};
}

template <class T>
WICK_NOINLINE void affine(T* y, const T* x, int64_t n, Split<T> m, T scale, T shift) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) y[j] = less(x[j], m) * scale + shift;
}

// a g + b (x - m) + c
template <class T>
WICK_NOINLINE void combine(T* dx, const T* g, const T* x, int64_t n, Split<T> m, T a, T b, T c) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * a + (less(x[j], m) * b + c);
}

WICK_INLINE double reciprocal_root(double var, double eps) { return 1 / sqrt(var + eps); }

// --- Lines

template <class T>
WICK_NOINLINE void weighted(T* y, const T* x, const T* weight, const T* bias, int64_t n, Split<T> m, T rstd) {
  if (bias) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) y[j] = less(x[j], m) * rstd * weight[j] + bias[j];
  } else {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) y[j] = less(x[j], m) * rstd * weight[j];
  }
}

template <class T>
WICK_NOINLINE void weighted_gradient(T* dx, const T* g, const T* weight, const T* x, int64_t n, Split<T> m,
                                     T a, T b, T c) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * weight[j] * a + (less(x[j], m) * b + c);
}

template <class T>
WICK_NOINLINE void weight_gradient(double* dweight, double* dbias, const T* g, const T* x, int64_t n,
                                   Split<T> m, T rstd) {
  if (dweight) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) dweight[j] += static_cast<double>(g[j] * (less(x[j], m) * rstd));
  }
  if (dbias) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) dbias[j] += static_cast<double>(g[j]);
  }
}

template <class T>
void lines_forward(const NormLines& k) {
  const double count = static_cast<double>(k.n);
  const auto* weight = static_cast<const T*>(k.weight);
  const auto* bias = static_cast<const T*>(k.bias);
  const int64_t weights = k.n / k.run;
  for (int64_t i = 0; i < k.lines; ++i) {
    const T* x = static_cast<const T*>(k.x) + i * k.n;
    T* y = static_cast<T*>(k.y) + i * k.n;
    Moments found{0, 0};
    if (k.centered) {
      found = moments<T>(sum_of(x, k.n), count,
                         [=](Split<T> m, double(&sums)[2]) { deviations(x, k.n, m, sums); });
    } else {
      double sums[2] = {};
      deviations(x, k.n, Split<T>{T(0), T(0)}, sums);
      found.var = sums[1] / count;
    }
    const double rstd = reciprocal_root(found.var, k.eps);
    k.mean[i] = found.mean;
    k.rstd[i] = rstd;
    const Split<T> m = split<T>(found.mean);
    if (!weight && !bias) {
      affine(y, x, k.n, m, static_cast<T>(rstd), T(0));
      continue;
    }
    const int64_t first = i % k.period * weights;
    if (k.run == 1 && weight) {
      weighted(y, x, weight + first, bias ? bias + first : nullptr, k.n, m, static_cast<T>(rstd));
      continue;
    }
    for (int64_t c = 0; c < weights; ++c) {
      const double scale = weight ? rstd * static_cast<double>(weight[first + c]) : rstd;
      affine(y + c * k.run, x + c * k.run, k.run, m, static_cast<T>(scale), bias ? bias[first + c] : T(0));
    }
  }
}

template <class T>
void lines_backward(const NormLines& k) {
  const double count = static_cast<double>(k.n);
  const auto* weight = static_cast<const T*>(k.weight);
  const int64_t weights = k.n / k.run;
  for (int64_t i = 0; i < k.lines; ++i) {
    const T* x = static_cast<const T*>(k.x) + i * k.n;
    const T* g = static_cast<const T*>(k.g) + i * k.n;
    T* dx = k.dx ? static_cast<T*>(k.dx) + i * k.n : nullptr;
    const Split<T> m = split<T>(k.mean[i]);
    const double rstd = k.rstd[i];
    const int64_t first = i % k.period * weights;
    double sums[2] = {};
    if (k.run == 1) {
      if (dx && weight) products(g, weight + first, x, k.n, m, sums);
      if (dx && !weight) products(g, x, k.n, m, sums);
      weight_gradient(k.dweight ? k.dweight + first : nullptr, k.dbias ? k.dbias + first : nullptr, g, x, k.n,
                      m, static_cast<T>(rstd));
    } else {
      for (int64_t c = 0; c < weights; ++c) {
        double own[2] = {};
        products(g + c * k.run, x + c * k.run, k.run, m, own);
        const double w = weight ? static_cast<double>(weight[first + c]) : 1;
        sums[0] += w * own[0];
        sums[1] += w * own[1];
        if (k.dweight) k.dweight[first + c] += own[1] * rstd;
        if (k.dbias) k.dbias[first + c] += own[0];
      }
    }
    if (!dx) continue;
    // rstd (h - mean(h) - xhat mean(h xhat)) with h = g weight
    const T b = static_cast<T>(-rstd * rstd * rstd * sums[1] / count);
    const T c = k.centered ? static_cast<T>(-rstd * sums[0] / count) : T(0);
    if (!weight) {
      combine(dx, g, x, k.n, m, static_cast<T>(rstd), b, c);
    } else if (k.run == 1) {
      weighted_gradient(dx, g, weight + first, x, k.n, m, static_cast<T>(rstd), b, c);
    } else {
      for (int64_t j = 0; j < weights; ++j) {
        const double a = rstd * static_cast<double>(weight[first + j]);
        combine(dx + j * k.run, g + j * k.run, x + j * k.run, k.run, m, static_cast<T>(a), b, c);
      }
    }
  }
}

// --- Channels

// What the gradient of x is made of: a g + b (x - m) + c.
struct Factors {
  double a, b, c;
};
template <class T>
WICK_INLINE Factors factors(const NormChannels& k, int64_t channel, double g, double product, double count) {
  const double rstd = reciprocal_root(k.var[channel], k.eps);
  if (k.dweight) k.dweight[channel] = product * rstd;
  if (k.dbias) k.dbias[channel] = g;
  const double a = k.weight ? rstd * static_cast<double>(static_cast<const T*>(k.weight)[channel]) : rstd;
  return {a, -a * rstd * rstd * product / count, -a * g / count};
}

template <class T>
struct Affine {
  Split<T> m;
  T scale, shift;
};
template <class T>
WICK_INLINE Affine<T> affine_of(const NormChannels& k, int64_t channel) {
  const double rstd = reciprocal_root(k.var[channel], k.eps);
  const auto* weight = static_cast<const T*>(k.weight);
  const auto* bias = static_cast<const T*>(k.bias);
  const double scale = weight ? rstd * static_cast<double>(weight[channel]) : rstd;
  return {split<T>(k.mean[channel]), static_cast<T>(scale), bias ? bias[channel] : T(0)};
}

// Calls f(offset) for the stretches of a channel.
template <class F>
WICK_INLINE void each_stretch(const NormChannels& k, int64_t channel, F f) {
  for (int64_t r = 0; r < k.rows; ++r) f(r * k.row_step + channel * k.run);
}

template <class T>
void long_channels_forward(const NormChannels& k) {
  const auto* x = static_cast<const T*>(k.x);
  auto* y = static_cast<T*>(k.y);
  const double count = static_cast<double>(k.rows * k.run);
  for (int64_t c = 0; c < k.channels; ++c) {
    if (k.batch) {
      double sum = 0;
      each_stretch(k, c, [&](int64_t at) { sum += sum_of(x + at, k.run); });
      const Moments found = moments<T>(sum, count, [&](Split<T> m, double(&sums)[2]) {
        each_stretch(k, c, [&](int64_t at) { deviations(x + at, k.run, m, sums); });
      });
      k.mean[c] = found.mean;
      k.var[c] = found.var;
    }
    const Affine<T> own = affine_of<T>(k, c);
    each_stretch(k, c, [&](int64_t at) { affine(y + at, x + at, k.run, own.m, own.scale, own.shift); });
  }
}

template <class T>
void long_channels_backward(const NormChannels& k) {
  const auto* x = static_cast<const T*>(k.x);
  const auto* g = static_cast<const T*>(k.g);
  auto* dx = static_cast<T*>(k.dx);
  const double count = static_cast<double>(k.rows * k.run);
  for (int64_t c = 0; c < k.channels; ++c) {
    const Split<T> m = split<T>(k.mean[c]);
    double sums[2] = {};
    each_stretch(k, c, [&](int64_t at) { products(g + at, x + at, k.run, m, sums); });
    const Factors f = factors<T>(k, c, sums[0], sums[1], count);
    if (!dx || !k.batch) continue;
    each_stretch(k, c, [&](int64_t at) {
      combine(dx + at, g + at, x + at, k.run, m, static_cast<T>(f.a), static_cast<T>(f.b),
              static_cast<T>(f.c));
    });
  }
}

// Channels of short runs are taken side by side, up to `columns` elements of each row at a time: fewer of
// many rows, so that they stay in the cache from one pass to the next.
constexpr int64_t columns = 256, least_columns = 128, cached = 65536;

template <class T>
struct Columns {
  T high[columns], low[columns], a[columns], b[columns], c[columns];
  T part[2][columns];
  double sum[2][columns];

  WICK_INLINE void set_mean(int64_t j, double mean) {
    const Split<T> m = split<T>(mean);
    high[j] = m.high;
    low[j] = m.low;
  }
};

// Sums of each column over the rows, through sums in T of few rows: f(columns, offset) adds a row's.
template <class T, class F>
WICK_INLINE void column_sums(Columns<T>& s, const NormChannels& k, int64_t n, int64_t first, F f) {
  constexpr int64_t together = 16;
  for (int64_t j = 0; j < n; ++j) s.sum[0][j] = s.sum[1][j] = 0;
  for (int64_t r = 0; r < k.rows; r += together) {
    const int64_t end = k.rows - r < together ? k.rows : r + together;
    for (int64_t j = 0; j < n; ++j) s.part[0][j] = s.part[1][j] = 0;
    for (int64_t i = r; i < end; ++i) f(i * k.row_step + first);
    for (int64_t j = 0; j < n; ++j) {
      s.sum[0][j] += static_cast<double>(s.part[0][j]);
      s.sum[1][j] += static_cast<double>(s.part[1][j]);
    }
  }
}

template <class T>
WICK_NOINLINE void add_row(Columns<T>& s, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) s.part[0][j] += x[j];
}
template <class T>
WICK_NOINLINE void add_deviations(Columns<T>& s, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const T d = less(x[j], Split<T>{s.high[j], s.low[j]});
    s.part[0][j] += d;
    s.part[1][j] += d * d;
  }
}
template <class T>
WICK_NOINLINE void add_products(Columns<T>& s, const T* g, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    s.part[0][j] += g[j];
    s.part[1][j] += g[j] * less(x[j], Split<T>{s.high[j], s.low[j]});
  }
}
template <class T>
WICK_NOINLINE void affine_row(const Columns<T>& s, T* y, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) y[j] = less(x[j], Split<T>{s.high[j], s.low[j]}) * s.a[j] + s.c[j];
}
template <class T>
WICK_NOINLINE void combine_row(const Columns<T>& s, T* dx, const T* g, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j)
    dx[j] = g[j] * s.a[j] + (less(x[j], Split<T>{s.high[j], s.low[j]}) * s.b[j] + s.c[j]);
}

// The sum of the columns of a channel.
WICK_INLINE double together(const double* sums, int64_t run) {
  double sum = 0;
  for (int64_t i = 0; i < run; ++i) sum += sums[i];
  return sum;
}

// Calls f(first channel, channels) for as many as fit side by side.
template <class F>
WICK_INLINE void each_side_by_side(const NormChannels& k, F f) {
  const int64_t wanted = cached / (k.rows < 1 ? 1 : k.rows);
  const int64_t fit = (wanted < least_columns ? least_columns : wanted > columns ? columns : wanted) / k.run;
  for (int64_t c = 0; c < k.channels; c += fit) f(c, k.channels - c < fit ? k.channels - c : fit);
}

template <class T>
WICK_INLINE void short_statistics(Columns<T>& s, const NormChannels& k, int64_t from, int64_t channels) {
  const auto* x = static_cast<const T*>(k.x);
  const int64_t n = channels * k.run, first = from * k.run;
  const double count = static_cast<double>(k.rows * k.run);
  column_sums(s, k, n, first, [&](int64_t at) { add_row(s, x + at, n); });
  for (int64_t c = 0; c < channels; ++c) {
    const double mean = together(s.sum[0] + c * k.run, k.run) / count;
    for (int64_t i = 0; i < k.run; ++i) s.set_mean(c * k.run + i, mean);
  }
  column_sums(s, k, n, first, [&](int64_t at) { add_deviations(s, x + at, n); });
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t j = c * k.run;
    const Moments found = moments<T>((static_cast<double>(s.high[j]) + static_cast<double>(s.low[j])) * count,
                                     count, [&](Split<T>, double(&sums)[2]) {
                                       for (int t = 0; t < 2; ++t) sums[t] = together(s.sum[t] + j, k.run);
                                     });
    k.mean[from + c] = found.mean;
    k.var[from + c] = found.var;
  }
}

template <class T>
void short_channels_forward(const NormChannels& k) {
  Columns<T> s;
  const auto* x = static_cast<const T*>(k.x);
  auto* y = static_cast<T*>(k.y);
  each_side_by_side(k, [&](int64_t from, int64_t channels) {
    if (k.batch) short_statistics(s, k, from, channels);
    for (int64_t c = 0; c < channels; ++c) {
      const Affine<T> own = affine_of<T>(k, from + c);
      for (int64_t j = c * k.run; j < (c + 1) * k.run; ++j) {
        s.high[j] = own.m.high;
        s.low[j] = own.m.low;
        s.a[j] = own.scale;
        s.c[j] = own.shift;
      }
    }
    for (int64_t r = 0; r < k.rows; ++r) {
      const int64_t at = r * k.row_step + from * k.run;
      affine_row(s, y + at, x + at, channels * k.run);
    }
  });
}

template <class T>
void short_channels_backward(const NormChannels& k) {
  Columns<T> s;
  const auto* x = static_cast<const T*>(k.x);
  const auto* g = static_cast<const T*>(k.g);
  auto* dx = static_cast<T*>(k.dx);
  const double count = static_cast<double>(k.rows * k.run);
  each_side_by_side(k, [&](int64_t from, int64_t channels) {
    const int64_t n = channels * k.run;
    for (int64_t j = 0; j < n; ++j) s.set_mean(j, k.mean[from + j / k.run]);
    column_sums(s, k, n, from * k.run, [&](int64_t at) { add_products(s, g + at, x + at, n); });
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t first = c * k.run;
      const Factors f = factors<T>(k, from + c, together(s.sum[0] + first, k.run),
                                   together(s.sum[1] + first, k.run), count);
      for (int64_t j = first; j < first + k.run; ++j) {
        s.a[j] = static_cast<T>(f.a);
        s.b[j] = static_cast<T>(f.b);
        s.c[j] = static_cast<T>(f.c);
      }
    }
    if (!dx || !k.batch) return;
    for (int64_t r = 0; r < k.rows; ++r) {
      const int64_t at = r * k.row_step + from * k.run;
      combine_row(s, dx + at, g + at, x + at, n);
    }
  });
}

template <class T>
WICK_NOINLINE void scale_row(T* dx, const T* g, const T* scales, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * scales[j];
}

// By given statistics: the gradient of x is that of y, scaled.
template <class T>
void scaled_gradient(const NormChannels& k, bool long_runs) {
  const auto* g = static_cast<const T*>(k.g);
  auto* dx = static_cast<T*>(k.dx);
  if (long_runs) {
    for (int64_t c = 0; c < k.channels; ++c) {
      const T scale = affine_of<T>(k, c).scale;
      each_stretch(k, c, [&](int64_t at) { affine(dx + at, g + at, k.run, Split<T>{}, scale, T(0)); });
    }
    return;
  }
  T scales[columns];
  each_side_by_side(k, [&](int64_t from, int64_t channels) {
    const int64_t n = channels * k.run;
    for (int64_t c = 0; c < channels; ++c) {
      const T scale = affine_of<T>(k, from + c).scale;
      for (int64_t i = 0; i < k.run; ++i) scales[c * k.run + i] = scale;
    }
    for (int64_t r = 0; r < k.rows; ++r) {
      const int64_t at = r * k.row_step + from * k.run;
      scale_row(dx + at, g + at, scales, n);
    }
  });
}

// From this length on a run is worth a loop of its own.
constexpr int64_t long_run = 24;

template <class T>
void channels_forward(const NormChannels& k) {
  k.run < long_run ? short_channels_forward<T>(k) : long_channels_forward<T>(k);
}
template <class T>
void channels_backward(const NormChannels& k) {
  if (k.batch || k.dweight || k.dbias) {
    k.run < long_run ? short_channels_backward<T>(k) : long_channels_backward<T>(k);
  }
  if (!k.batch && k.dx) scaled_gradient<T>(k, k.run >= long_run);
}

}  // namespace

void add_normalizations(kernels::Table& table) {
  static kernels::NormKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Real)
      all.functions[i] = {lines_forward<T>, lines_backward<T>, channels_forward<T>, channels_backward<T>};
  });
  table.normalization = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
