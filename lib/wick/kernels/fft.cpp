#include "wick/kernels/fft.h"

#include <stddef.h>

#include "wick/kernels/butterfly.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/transpose.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::FftKind;
using kernels::FftLines;
using kernels::FftPlan;
using kernels::FftStage;

// Complex numbers in memory: their parts, `step` numbers from one to the next.
template <class T>
struct Source {
  const T* re;
  const T* im;  // null: 0
  int64_t step;
};
template <class T>
struct Sink {
  T* re;
  T* im;
  int64_t step;
};

template <class T>
struct Split {
  T* re;
  T* im;
};

// ---- vectors ----

// n numbers of a source in a row.
template <class T>
WICK_INLINE void load(const Source<T>& in, int64_t n, T* re, T* im) {
  constexpr int lanes = vector_width<T>;
  int64_t i = 0;
  if (!in.im) {
    if (in.step == 1) {
      __builtin_memcpy(re, in.re, static_cast<size_t>(n) * sizeof(T));
    } else {
      for (; i < n; ++i) re[i] = in.re[i * in.step];
    }
    __builtin_memset(im, 0, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  if (in.step == 1) {
    __builtin_memcpy(re, in.re, static_cast<size_t>(n) * sizeof(T));
    __builtin_memcpy(im, in.im, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  if (in.step == 2 && (in.im == in.re + 1 || in.re == in.im + 1)) {
    const bool swapped = in.re == in.im + 1;
    const T* from = swapped ? in.im : in.re;
    T* even = swapped ? im : re;
    T* odd = swapped ? re : im;
    for (; i + lanes <= n; i += lanes) {
      const Vector<T> a = load_vector(from + 2 * i), b = load_vector(from + 2 * i + lanes);
      store_vector(even + i, every_other<false>(a, b));
      store_vector(odd + i, every_other<true>(a, b));
    }
  }
  for (; i < n; ++i) {
    re[i] = in.re[i * in.step];
    im[i] = in.im[i * in.step];
  }
}

template <class T>
WICK_INLINE void store(const Sink<T>& out, int64_t n, const T* re, const T* im, T scale) {
  constexpr int lanes = vector_width<T>;
  int64_t i = 0;
  if (out.step == 2 && (out.im == out.re + 1 || out.re == out.im + 1)) {
    const bool swapped = out.re == out.im + 1;
    T* to = swapped ? out.im : out.re;
    const T* even = swapped ? im : re;
    const T* odd = swapped ? re : im;
    for (; i + lanes <= n; i += lanes) {
      const Vector<T> a = load_vector(even + i) * scale, b = load_vector(odd + i) * scale;
      store_vector(to + 2 * i, interleave<false>(a, b));
      store_vector(to + 2 * i + lanes, interleave<true>(a, b));
    }
  } else if (out.step == 1) {
    for (; i + lanes <= n; i += lanes) {
      store_vector(out.re + i, load_vector(re + i) * scale);
      store_vector(out.im + i, load_vector(im + i) * scale);
    }
  }
  for (; i < n; ++i) {
    out.re[i * out.step] = re[i] * scale;
    out.im[i * out.step] = im[i] * scale;
  }
}

// ---- passes ----

template <class V, class T>
WICK_INLINE void put(T* to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

// Element k of a butterfly goes to y + k * stride, with `turned` times its factor.
template <class T, class V, int radix, bool turned>
WICK_INLINE void turn_and_put(Butterfly<T, V, radix>& b, T* yr, T* yi, int64_t stride, const T* w) {
  put(yr, b.re[0]);
  put(yi, b.im[0]);
  WICK_UNROLL
  for (int k = 1; k < radix; ++k) {
    V r = b.re[k], i = b.im[k];
    if constexpr (turned) {
      const T c = w[2 * k - 2], s = w[2 * k - 1];
      r = b.re[k] * c - b.im[k] * s;
      i = b.re[k] * s + b.im[k] * c;
    }
    put(yr + k * stride, r);
    put(yi + k * stride, i);
  }
}

// Elements side by side are turned alike; the last vector of a stretch may overlap the one before.
template <class T, class V, int radix, bool turned>
WICK_INLINE void wide_pass(const Split<T>& x, const Split<T>& y, int64_t m, int64_t s, const T* w) {
  constexpr int lanes = sizeof(V) / sizeof(T);
  for (int64_t p = 0; p < m; ++p) {
    for (int64_t q = 0; q < s; q += lanes) {
      if (q > s - lanes) q = s - lanes;
      Butterfly<T, V, radix> b;
      const T* xr = x.re + q + s * p;
      const T* xi = x.im + q + s * p;
      WICK_UNROLL
      for (int k = 0; k < radix; ++k) {
        b.re[k] = load_as<V>(xr + k * s * m);
        b.im[k] = load_as<V>(xi + k * s * m);
      }
      b.transform();
      turn_and_put<T, V, radix, turned>(b, y.re + q + s * radix * p, y.im + q + s * radix * p, s, w);
    }
    if (turned) w += 2 * (radix - 1);
  }
}

// Rows of four, or eight, vectors become columns.
template <int n, class V, class T>
WICK_INLINE void put_transposed(T* to, const V* rows) {
  V a[n];
  WICK_UNROLL
  for (int i = 0; i < n; ++i) a[i] = rows[i];
  interleave_rows(a);
  WICK_UNROLL
  for (int i = 0; i < n; ++i) put(to + i * static_cast<int64_t>(sizeof(V) / sizeof(T)), a[i]);
}

// Fewer elements side by side than lanes: a vector goes on to the next places, whose factors lie in `spread`.
template <class T, int radix>
WICK_INLINE void narrow_pass(const Split<T>& x, const Split<T>& y, int64_t m, int64_t s, const T* spread) {
  using V = Vector<T>;
  constexpr int lanes = vector_width<T>;
  const int64_t count = m * s;
  for (int64_t i = 0; i < count; i += lanes) {
    if (i > count - lanes) i = count - lanes;
    Butterfly<T, V, radix> b;
    WICK_UNROLL
    for (int k = 0; k < radix; ++k) {
      b.re[k] = load_as<V>(x.re + i + k * count);
      b.im[k] = load_as<V>(x.im + i + k * count);
    }
    b.transform();
    WICK_UNROLL
    for (int k = 1; k < radix; ++k) {
      const V c = load_as<V>(spread + (2 * k - 2) * count + i),
              w = load_as<V>(spread + (2 * k - 1) * count + i);
      const V r = b.re[k] * c - b.im[k] * w;
      b.im[k] = b.re[k] * w + b.im[k] * c;
      b.re[k] = r;
    }
    if constexpr (radix == 4 || radix == 8 || radix == 2) {
      if (s == 1) {
        put_transposed<radix>(y.re + radix * i, b.re);
        put_transposed<radix>(y.im + radix * i, b.im);
        continue;
      }
    }
    T re[radix][lanes], im[radix][lanes];
    __builtin_memcpy(re, b.re, sizeof re);
    __builtin_memcpy(im, b.im, sizeof im);
    int64_t p = i / s, q = i % s;
    for (int lane = 0; lane < lanes; ++lane) {
      const int64_t at = p * s * radix + q;
      for (int k = 0; k < radix; ++k) {
        y.re[at + k * s] = re[k][lane];
        y.im[at + k * s] = im[k][lane];
      }
      if (++q == s) {
        q = 0;
        ++p;
      }
    }
  }
}

// `columns` transforms side by side.
template <class T, int radix>
void pass(const FftStage& stage, int64_t columns, const Split<T>& x, const Split<T>& y) {
  const int64_t s = stage.s * columns;
  const T* w = static_cast<const T*>(stage.twiddles);
  if (s >= vector_width<T>) {
    if (stage.m == 1) return wide_pass<T, Vector<T>, radix, false>(x, y, 1, s, w);
    return wide_pass<T, Vector<T>, radix, true>(x, y, stage.m, s, w);
  }
  if (columns == 1 && stage.spread && stage.m * s >= vector_width<T>)
    return narrow_pass<T, radix>(x, y, stage.m, s, static_cast<const T*>(stage.spread));
  wide_pass<T, T, radix, true>(x, y, stage.m, s, w);
}

// All stages, to and fro between a and b; which of them has the result.
template <class T>
Split<T> run_stages(const FftPlan& plan, int64_t columns, Split<T> a, Split<T> b) {
  for (int i = 0; i < plan.stages; ++i) {
    const FftStage& stage = plan.stage[i];
    switch (stage.radix) {
      case 2:
        pass<T, 2>(stage, columns, a, b);
        break;
      case 3:
        pass<T, 3>(stage, columns, a, b);
        break;
      case 4:
        pass<T, 4>(stage, columns, a, b);
        break;
      case 5:
        pass<T, 5>(stage, columns, a, b);
        break;
      case 7:
        pass<T, 7>(stage, columns, a, b);
        break;
      case 8:
        pass<T, 8>(stage, columns, a, b);
        break;
      case 11:
        pass<T, 11>(stage, columns, a, b);
        break;
      default:
        pass<T, 13>(stage, columns, a, b);
    }
    const Split<T> other = a;
    a = b;
    b = other;
  }
  return a;
}

// ---- one line, or columns side by side ----

// Lines of elements, of which all steps are in numbers. `step` leads from an element to the next, `line` from
// a line to the next.
template <class T>
struct Lines {
  T* re;
  T* im;  // null: 0
  int64_t step, line;
};

// The distance between two arrays of that many numbers: a round number of cache lines that does not bring
// them to the same places of a cache.
template <class T>
WICK_INLINE int64_t padded(int64_t n) {
  return (n + 63) / 64 * 64 + 1088 / static_cast<int64_t>(sizeof(T));
}
template <class T>
WICK_INLINE Split<T> take(T*& memory, int64_t n) {
  const Split<T> x{memory, memory + padded<T>(n)};
  memory += 2 * padded<T>(n);
  return x;
}

// A line of cache. Columns of this number are done together where their data stay in the cache.
template <class T>
inline constexpr int64_t step_columns = 64 / static_cast<int64_t>(sizeof(T));
template <class T>
WICK_INLINE int64_t columns_for(int64_t n) {
  return n > 2048 * 4 / static_cast<int64_t>(sizeof(T)) ? step_columns<T> / 2 : step_columns<T>;
}

// n elements of `count` lines in columns of x; `spare` is as large as x.
template <class T>
void load_columns(const Lines<const T>& in, int64_t n, int64_t count, int64_t columns, const Split<T>& x,
                  const Split<T>& spare) {
  if (count < columns) {
    __builtin_memset(x.re, 0, static_cast<size_t>(n * columns) * sizeof(T));
    __builtin_memset(x.im, 0, static_cast<size_t>(n * columns) * sizeof(T));
  }
  if (in.line == 1 || (in.line == 2 && in.im && (in.im == in.re + 1 || in.re == in.im + 1))) {
    for (int64_t j = 0; j < n; ++j) {
      const int64_t at = j * in.step;
      load<T>({in.re + at, in.im ? in.im + at : nullptr, in.line}, count, x.re + j * columns,
              x.im + j * columns);
    }
    return;
  }
  for (int64_t l = 0; l < count; ++l) {
    const int64_t at = l * in.line;
    load<T>({in.re + at, in.im ? in.im + at : nullptr, in.step}, n, spare.re + l * n, spare.im + l * n);
  }
  copy_transposed<T>(x.re, columns, spare.re, n, n, count);
  copy_transposed<T>(x.im, columns, spare.im, n, n, count);
}

template <class T>
void store_columns(const Lines<T>& out, int64_t n, int64_t count, int64_t columns, const Split<T>& x,
                   const Split<T>& spare, T scale) {
  if (out.line == 1 || (out.line == 2 && (out.im == out.re + 1 || out.re == out.im + 1))) {
    for (int64_t j = 0; j < n; ++j) {
      const int64_t at = j * out.step;
      store<T>({out.re + at, out.im + at, out.line}, count, x.re + j * columns, x.im + j * columns, scale);
    }
    return;
  }
  copy_transposed<T>(spare.re, n, x.re, columns, count, n);
  copy_transposed<T>(spare.im, n, x.im, columns, count, n);
  for (int64_t l = 0; l < count; ++l) {
    const int64_t at = l * out.line;
    store<T>({out.re + at, out.im + at, out.step}, n, spare.re + l * n, spare.im + l * n, scale);
  }
}

// The parts of real data: without imaginary parts.
template <class T>
void store_real_columns(T* out, int64_t step, int64_t line, int64_t n, int64_t count, int64_t columns,
                        const T* x, T scale) {
  for (int64_t l = 0; l < count; ++l) {
    for (int64_t j = 0; j < n; ++j) out[j * step + l * line] = x[j * columns + l] * scale;
  }
}

template <class T>
Split<T> transform(const FftPlan& plan, Split<T> x, Split<T> y, T* memory);

// n as n1 times n2: the columns of the matrix (n1, n2), transposed in between.
template <class T>
Split<T> two_steps(const FftPlan& plan, Split<T> x, Split<T> y, T* memory) {
  constexpr int64_t width = step_columns<T>;
  const int64_t n1 = plan.first->n, n2 = plan.second->n;
  const Split<T> a = take(memory, (n1 > n2 ? n1 : n2) * width), b = take(memory, (n1 > n2 ? n1 : n2) * width);
  for (int64_t j = 0; j < n2; j += width) {
    const int64_t count = n2 - j < width ? n2 - j : width;
    for (int64_t k = 0; k < n1; ++k) {
      load<T>({x.re + k * n2 + j, x.im + k * n2 + j, 1}, count, a.re + k * width, a.im + k * width);
    }
    const Split<T> done = run_stages(*plan.first, width, a, b);
    const T* block = static_cast<const T*>(plan.block_twiddles) + 2 * n1 * (j / width);
    const T* column = static_cast<const T*>(plan.column_twiddles);
    for (int64_t k = 0; k < n1; ++k) {
      const T c = block[2 * k], s = block[2 * k + 1];
      const T* turn = column + 2 * k * width;
      T* re = done.re + k * width;
      T* im = done.im + k * width;
      WICK_IVDEP
      for (int64_t w = 0; w < width; ++w) {
        const T wr = turn[w] * c - turn[width + w] * s, wi = turn[w] * s + turn[width + w] * c;
        const T r = re[w] * wr - im[w] * wi;
        im[w] = re[w] * wi + im[w] * wr;
        re[w] = r;
      }
    }
    copy_transposed<T>(y.re + j * n1, n1, done.re, width, count, n1);
    copy_transposed<T>(y.im + j * n1, n1, done.im, width, count, n1);
  }
  for (int64_t k = 0; k < n1; k += width) {
    const int64_t count = n1 - k < width ? n1 - k : width;
    for (int64_t j = 0; j < n2; ++j) {
      load<T>({y.re + j * n1 + k, y.im + j * n1 + k, 1}, count, a.re + j * width, a.im + j * width);
    }
    const Split<T> done = run_stages(*plan.second, width, a, b);
    for (int64_t j = 0; j < n2; ++j) {
      __builtin_memcpy(x.re + j * n1 + k, done.re + j * width, static_cast<size_t>(count) * sizeof(T));
      __builtin_memcpy(x.im + j * n1 + k, done.im + j * width, static_cast<size_t>(count) * sizeof(T));
    }
  }
  return x;
}

// x times the factors in (real parts, imaginary parts).
template <class T>
WICK_INLINE void multiply(int64_t n, const Split<T>& x, const void* factors) {
  const T* c = static_cast<const T*>(factors);
  const T* s = c + n;
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T r = x.re[i] * c[i] - x.im[i] * s[i];
    x.im[i] = x.re[i] * s[i] + x.im[i] * c[i];
    x.re[i] = r;
  }
}

template <class To, class From>
WICK_INLINE void convert(int64_t n, To* to, const From* from) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
}

// j k = (j^2 + k^2 - (k - j)^2) / 2: a convolution with exp(pi i j^2 / n). In double, as its errors add up
// to several times those of a transform.
template <class T>
Split<T> convolve_chirp(const FftPlan& plan, const Split<T>& x, double* memory) {
  const int64_t n = plan.n, length = plan.convolution->n;
  const Split<double> a = take(memory, length), b = take(memory, length);
  convert(n, a.re, x.re);
  convert(n, a.im, x.im);
  __builtin_memset(a.re + n, 0, static_cast<size_t>(length - n) * sizeof(double));
  __builtin_memset(a.im + n, 0, static_cast<size_t>(length - n) * sizeof(double));
  multiply(n, a, plan.chirp);
  const Split<double> there = transform(*plan.convolution, a, b, memory);
  multiply(length, there, plan.chirp_transform);
  const Split<double> other = there.re == a.re ? b : a;
  const Split<double> back =
      transform<double>(*plan.convolution, {there.im, there.re}, {other.im, other.re}, memory);
  const Split<double> done{back.im, back.re};
  multiply(n, done, plan.chirp);
  convert(n, x.re, done.re);
  convert(n, x.im, done.im);
  return x;
}

// The transform of x, which is overwritten, as is y. The result lies in one of them.
template <class T>
Split<T> transform(const FftPlan& plan, Split<T> x, Split<T> y, T* memory) {
  if (plan.convolution) return convolve_chirp(plan, x, reinterpret_cast<double*>(memory));
  if (plan.first) return two_steps(plan, x, y, memory);
  return run_stages(plan, 1, x, y);
}

// Numbers that transform() needs in `memory`.
template <class T>
int64_t memory_of(const FftPlan& plan) {
  if (plan.convolution) {
    const int64_t doubles = 4 * padded<double>(plan.convolution->n) + memory_of<double>(*plan.convolution);
    return doubles * static_cast<int64_t>(sizeof(double) / sizeof(T));
  }
  if (!plan.first) return 0;
  const int64_t longer = plan.first->n > plan.second->n ? plan.first->n : plan.second->n;
  return 4 * padded<T>(longer * step_columns<T>);
}

// ---- real numbers ----

// From the transform z of x[2 j] + i x[2 j + 1] that of the 2 h numbers x, in columns side by side. z has one
// element more than h.
template <class T>
void unpack_real(int64_t h, int64_t columns, const Split<T>& z, const Split<T>& out, const void* halves) {
  const T* cosine = static_cast<const T*>(halves);
  const T* sine = cosine + h / 2 + 1;
  const T half = T(0.5);
  const auto one = [=](int64_t a, int64_t b, T c, T s) __attribute__((always_inline)) {
    const T even_re = (z.re[a] + z.re[b]) * half, even_im = (z.im[a] - z.im[b]) * half;
    const T odd_re = (z.im[a] + z.im[b]) * half, odd_im = (z.re[b] - z.re[a]) * half;
    const T turned_re = odd_re * c - odd_im * s, turned_im = odd_re * s + odd_im * c;
    out.re[a] = even_re + turned_re;
    out.im[a] = even_im + turned_im;
    out.re[b] = even_re - turned_re;
    out.im[b] = turned_im - even_im;
  };
  for (int64_t q = 0; q < columns; ++q) {
    z.re[h * columns + q] = z.re[q];
    z.im[h * columns + q] = z.im[q];
  }
  if (columns == 1) {
    WICK_IVDEP
    for (int64_t k = 0; k <= h / 2; ++k) one(k, h - k, cosine[k], sine[k]);
  } else {
    for (int64_t k = 0; k <= h / 2; ++k) {
      WICK_IVDEP
      for (int64_t q = 0; q < columns; ++q) one(k * columns + q, (h - k) * columns + q, cosine[k], sine[k]);
    }
  }
  for (int64_t q = 0; q < columns; ++q) out.im[q] = out.im[h * columns + q] = 0;
}

// The other way round, twice as large.
template <class T>
void pack_real(int64_t h, int64_t columns, const Split<T>& x, const Split<T>& z, const void* halves) {
  const T* cosine = static_cast<const T*>(halves);
  const T* sine = cosine + h / 2 + 1;
  const auto one = [=](int64_t a, int64_t b, T c, T s) __attribute__((always_inline)) {
    const T even_re = x.re[a] + x.re[b], even_im = x.im[a] - x.im[b];
    const T less_re = x.re[a] - x.re[b], less_im = x.im[a] + x.im[b];
    // Times i exp(+2 pi i k / n).
    const T odd_re = less_re * s - less_im * c, odd_im = less_re * c + less_im * s;
    z.re[a] = even_re + odd_re;
    z.im[a] = even_im + odd_im;
    z.re[b] = even_re - odd_re;
    z.im[b] = odd_im - even_im;
  };
  for (int64_t q = 0; q < columns; ++q) x.im[q] = x.im[h * columns + q] = 0;
  if (columns == 1) {
    WICK_IVDEP
    for (int64_t k = 0; k <= h / 2; ++k) one(k, h - k, cosine[k], sine[k]);
    return;
  }
  for (int64_t k = 0; k <= h / 2; ++k) {
    WICK_IVDEP
    for (int64_t q = 0; q < columns; ++q) one(k * columns + q, (h - k) * columns + q, cosine[k], sine[k]);
  }
}

// The missing half of a spectrum of n bins.
template <class T>
void mirror(int64_t n, int64_t columns, const Split<T>& x) {
  for (int64_t q = 0; q < columns; ++q) x.im[q] = 0;
  for (int64_t k = 1; k <= (n - 1) / 2; ++k) {
    for (int64_t q = 0; q < columns; ++q) {
      x.re[(n - k) * columns + q] = x.re[k * columns + q];
      x.im[(n - k) * columns + q] = -x.im[k * columns + q];
    }
  }
}

// ---- the whole ----

// What is done with lines, one by one (columns 1) or side by side.
template <class T>
struct Work {
  const FftLines& lines;
  int64_t columns;
  Split<T> a, b;
  T* memory;

  Split<T> run(Split<T> x, Split<T> y) const {
    return columns == 1 ? transform(*lines.plan, x, y, memory) : run_stages(*lines.plan, columns, x, y);
  }
  // The one of the two that x is not.
  Split<T> other(const Split<T>& x) const { return x.re == b.re || x.im == b.re ? a : b; }

  void load_lines(Lines<const T> in, int64_t n, int64_t count, const Split<T>& x, const Split<T>& y) const {
    if (columns == 1) return load<T>({in.re, in.im, in.step}, n, x.re, x.im);
    load_columns(in, n, count, columns, x, y);
  }
  void store_lines(Lines<T> out, int64_t n, int64_t count, const Split<T>& x, const Split<T>& y) const {
    const T scale = static_cast<T>(lines.scale);
    if (columns == 1) return store<T>({out.re, out.im, out.step}, n, x.re, x.im, scale);
    store_columns(out, n, count, columns, x, y, scale);
  }

  void operator()(const char* from, char* to, int64_t count) const {
    constexpr auto size = static_cast<int64_t>(sizeof(T));
    const T* in = reinterpret_cast<const T*>(from);
    T* out = reinterpret_cast<T*>(to);
    const int64_t in_step = lines.in_step / size, in_line = lines.in_line / size;
    const int64_t out_step = lines.out_step / size, out_line = lines.out_line / size;
    const int64_t n = lines.n, h = n / 2;
    switch (lines.kind) {
      case FftKind::Complex: {
        const int64_t re = lines.inverse ? 1 : 0, im = 1 - re;
        load_lines({in + re, in + im, in_step, in_line}, n, count, a, b);
        const Split<T> done = run(a, b);
        store_lines({out + re, out + im, out_step, out_line}, n, count, done, other(done));
        return;
      }
      case FftKind::RealToComplex: {
        if (n % 2 != 0) {
          load_lines({in, nullptr, in_step, in_line}, n, count, a, b);
          const Split<T> done = run(a, b);
          store_lines({out, out + 1, out_step, out_line}, h + 1, count, done, other(done));
          return;
        }
        load_lines({in, in + in_step, 2 * in_step, in_line}, h, count, a, b);
        const Split<T> done = run(a, b), spectrum = other(done);
        unpack_real(h, columns, done, spectrum, lines.plan->halves);
        store_lines({out, out + 1, out_step, out_line}, h + 1, count, spectrum, done);
        return;
      }
      case FftKind::ComplexToReal: {
        load_lines({in, in + 1, in_step, in_line}, h + 1, count, a, b);
        if (n % 2 != 0) {
          mirror(n, columns, a);
          const Split<T> done = run({a.im, a.re}, {b.im, b.re});
          store_real_columns(out, out_step, out_line, n, count, columns, done.im,
                             static_cast<T>(lines.scale));
          return;
        }
        pack_real(h, columns, a, b, lines.plan->halves);
        const Split<T> done = run({b.im, b.re}, {a.im, a.re});
        store_lines({out, out + out_step, 2 * out_step, out_line}, h, count, {done.im, done.re}, other(done));
      }
    }
  }
};

// Lines are done side by side where one alone would not keep the vectors full, or would be read in large
// steps.
template <class T>
int64_t columns_of(const FftLines& lines) {
  const FftPlan& plan = *lines.plan;
  if (plan.convolution || plan.first || lines.lines < vector_width<T> / 2) return 1;
  const int64_t element = lines.kind == FftKind::RealToComplex ? sizeof(T) : 2 * sizeof(T);
  const bool dense = lines.in_step == element;
  return plan.n < 48 || !dense ? columns_for<T>(plan.n) : 1;
}

template <class T>
int64_t scratch(const FftLines& lines) {
  const int64_t n = lines.plan->n + 1;
  return (4 * padded<T>(n * columns_of<T>(lines)) + memory_of<T>(*lines.plan)) *
         static_cast<int64_t>(sizeof(T));
}

template <class T>
void run(const FftLines& lines) {
  const int64_t columns = columns_of<T>(lines), n = lines.plan->n + 1;
  T* memory = static_cast<T*>(lines.scratch);
  const Split<T> a = take(memory, n * columns), b = take(memory, n * columns);
  const Work<T> work{lines, columns, a, b, memory};
  for (int64_t l = 0; l < lines.lines; l += columns) {
    work(lines.in + l * lines.in_line, lines.out + l * lines.out_line,
         lines.lines - l < columns ? lines.lines - l : columns);
  }
}

template <class T>
constexpr kernels::FftFunctions functions() {
  return {vector_width<T>, static_cast<int>(step_columns<T>), scratch<T>, run<T>};
}
constexpr kernels::FftKernels fft_kernels{functions<float>(), functions<double>()};

}  // namespace

void add_fft(kernels::Table& table) { table.fft = &fft_kernels; }

}  // namespace WICK_LEVEL
}  // namespace wick
