#include "wick/kernels/pooling.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/vector.h"

// Pooling goes over the rows of a window first, a whole row of the image at a time, and then along the row.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::PoolArguments;
using kernels::PoolWindows;

// What elements are compared as.
template <class T>
struct ComparedType {
  using type = WithoutHalf<T>;
};
template <class T>
requires(is_whole<T>) struct ComparedType<T> {
  using type = int64_t;
};
template <class T>
using Compared = typename ComparedType<T>::type;

// Calls f(i, position) for n windows, the positions of which are a stride apart; the compiler knows it where
// it is 1 or 2.
template <class F>
WICK_INLINE void each_position(int64_t n, int64_t stride, F f) {
  if (stride == 1) {
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) f(i, i);
  } else if (stride == 2) {
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) f(i, 2 * i);
  } else {
    for (int64_t i = 0; i < n; ++i) f(i, stride * i);
  }
}

// Calls f for every other window.
template <class F>
WICK_INLINE void each_other(const PoolWindows& w, F f) {
  for (int64_t i = 0; i < w.full; ++i) f(i);
  for (int64_t i = w.full_end > w.full ? w.full_end : w.full; i < w.count; ++i) f(i);
}

// Calls f(row of the image, whether it is the first) for the rows of a window.
template <class F>
WICK_INLINE void each_row(const PoolArguments& a, int64_t o0, int64_t o1, F f) {
  const PoolWindows &w0 = a.windows[0], &w1 = a.windows[1];
  bool first = true;
  for (int64_t i = 0; i < w0.length[o0]; ++i) {
    for (int64_t j = 0; j < w1.length[o1]; ++j) {
      f((w0.begin[o0] + i * w0.dilation) * w1.size + w1.begin[o1] + j * w1.dilation, first);
      first = false;
    }
  }
}

// Calls f(image, window of the planes, window of the rows).
template <class F>
WICK_INLINE void each_result_row(const PoolArguments& a, F f) {
  for (int64_t image = 0; image < a.images; ++image) {
    for (int64_t o0 = 0; o0 < a.windows[0].count; ++o0) {
      for (int64_t o1 = 0; o1 < a.windows[1].count; ++o1) f(image, o0, o1);
    }
  }
}

WICK_INLINE int64_t image_elements(const PoolArguments& a) {
  return a.windows[0].size * a.windows[1].size * a.windows[2].size;
}

template <class C>
WICK_INLINE bool is_larger(C x, C best) {
  return (x > best) | (x != x);
}
// Among elements of different rows, too, the first of equal ones counts, and the last NaN.
template <class C>
WICK_INLINE bool is_larger_at(C x, int32_t at, C best, int32_t best_at) {
  return (x > best) | ((x == best) & (at < best_at)) | ((x != x) & ((best == best) | (at > best_at)));
}

template <class C>
WICK_INLINE C larger_of(C best, C x) {
  return is_larger(x, best) ? x : best;
}

// A row of the image, the larger elements of two, and what is larger in further ones.
template <class T, class C>
WICK_NOINLINE void first_row(C* __restrict best, const T* __restrict from, int64_t n) {
  for (int64_t j = 0; j < n; ++j) best[j] = cast<C>(from[j]);
}
template <class T, class C>
WICK_NOINLINE void larger_of_rows(C* __restrict best, const T* __restrict from, const T* __restrict other,
                                  int64_t n) {
  for (int64_t j = 0; j < n; ++j) best[j] = larger_of(cast<C>(from[j]), cast<C>(other[j]));
}
template <class T, class C>
WICK_NOINLINE void larger_row(C* __restrict best, const T* __restrict from, int64_t n) {
  for (int64_t j = 0; j < n; ++j) best[j] = larger_of(best[j], cast<C>(from[j]));
}
template <class T, class C>
WICK_NOINLINE void larger_row(C* __restrict best, int32_t* __restrict best_at, const T* __restrict from,
                              int32_t base, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    const C x = cast<C>(from[j]), y = best[j];
    const int32_t at = base + static_cast<int32_t>(j), before = best_at[j];
    const bool larger = is_larger(x, y);
    best[j] = larger ? x : y;
    best_at[j] = larger ? at : before;
  }
}
// What is larger in n windows.
template <class C>
WICK_NOINLINE void larger_elements(C* __restrict found, const C* __restrict best, int64_t stride, int64_t n) {
  each_position(n, stride, [=](int64_t i, int64_t j) { found[i] = larger_of(found[i], best[j]); });
}
template <class C>
WICK_NOINLINE void larger_elements(C* __restrict found, int32_t* __restrict found_at,
                                   const C* __restrict best, const int32_t* __restrict best_at,
                                   int64_t stride, int64_t n) {
  each_position(n, stride, [=](int64_t i, int64_t j) {
    const C x = best[j], y = found[i];
    const int32_t at = best_at[j], before = found_at[i];
    const bool larger = is_larger_at(x, at, y, before);
    found[i] = larger ? x : y;
    found_at[i] = larger ? at : before;
  });
}
template <class C>
WICK_NOINLINE void take_elements(C* __restrict found, const C* __restrict best, int64_t stride, int64_t n) {
  each_position(n, stride, [=](int64_t i, int64_t j) { found[i] = best[j]; });
}
template <class T, class C>
WICK_NOINLINE void put_row(T* __restrict out, const C* __restrict from, int64_t n) {
  for (int64_t o = 0; o < n; ++o) out[o] = cast<T>(from[o]);
}

// The largest of so many elements in each of n windows.
template <int length, class T, class C>
WICK_NOINLINE void largest_elements(T* __restrict out, const C* __restrict from, int64_t stride, int64_t n) {
  int64_t done = 0;
  if (stride == 2) {
    // A vector of windows at a time. A third element is taken from a pair, which the last window has not.
    constexpr int64_t lanes = vector_width<C>;
    for (; done + lanes <= n - (length > 2); done += lanes) {
      const C* x = from + 2 * done;
      Vector<C> a = load_vector(x), b = load_vector(x + lanes);
      Vector<C> best = every_other<false>(a, b), more = every_other<true>(a, b);
      best = (more > best) | (more != more) ? more : best;
      if constexpr (length > 2) {
        more = every_other<false>(load_vector(x + 2), load_vector(x + 2 + lanes));
        best = (more > best) | (more != more) ? more : best;
      }
      if constexpr (same<T, C>) {
        store_vector(out + done, best);
      } else {
        WICK_UNROLL
        for (int i = 0; i < lanes; ++i) out[done + i] = cast<T>(C(best[i]));
      }
    }
  }
  each_position(n - done, stride, [=](int64_t i, int64_t j) {
    const C* x = from + stride * done + j;
    C best = x[0];
    WICK_UNROLL
    for (int k = 1; k < length; ++k) best = larger_of(best, x[k]);
    out[done + i] = cast<T>(best);
  });
}

// The largest elements alone.
template <class T>
void largest_values(const PoolArguments& a) {
  using C = Compared<T>;
  const PoolWindows& w = a.windows[2];
  C* const buffer = static_cast<C*>(a.scratch);
  C* const found = buffer + w.size;
  T* out = static_cast<T*>(a.out);
  each_result_row(a, [&](int64_t image, int64_t o0, int64_t o1) {
    const T* x = static_cast<const T*>(a.x) + image * image_elements(a);
    // The largest of the rows: the one row itself if there is but one.
    const C* best = buffer;
    const T* before = nullptr;
    int64_t rows = 0;
    each_row(a, o0, o1, [&](int64_t row, bool) {
      const T* from = x + row * w.size;
      if (rows == 0) before = from;
      if (rows == 1) larger_of_rows(buffer, before, from, w.size);
      if (rows > 1) larger_row(buffer, from, w.size);
      ++rows;
    });
    if (rows == 1) {
      if constexpr (same<T, C>) {
        best = before;
      } else {
        first_row(buffer, before, w.size);
      }
    }
    if (w.full < w.full_end) {
      const int64_t n = w.full_end - w.full, length = w.length[w.full];
      const C* from = best + w.begin[w.full];
      if (length == 2 && w.dilation == 1) {
        largest_elements<2>(out + w.full, from, w.stride, n);
      } else if (length == 3 && w.dilation == 1) {
        largest_elements<3>(out + w.full, from, w.stride, n);
      } else {
        take_elements(found, from, w.stride, n);
        for (int64_t i = 1; i < length; ++i) larger_elements(found, from + i * w.dilation, w.stride, n);
        put_row(out + w.full, found, n);
      }
    }
    each_other(w, [&](int64_t o) {
      C largest = best[w.begin[o]];
      for (int64_t i = 1; i < w.length[o]; ++i)
        largest = larger_of(largest, best[w.begin[o] + i * w.dilation]);
      out[o] = cast<T>(largest);
    });
    out += w.count;
  });
}

template <class T>
void largest_of_windows(const PoolArguments& a) {
  if (!a.positions) return largest_values<T>(a);
  using C = Compared<T>;
  const PoolWindows& w = a.windows[2];
  C* best = static_cast<C*>(a.scratch);  // of the rows, then of the windows
  C* found = best + w.size;
  int32_t* best_at = reinterpret_cast<int32_t*>(found + w.count);
  int32_t* found_at = best_at + w.size;
  T* out = static_cast<T*>(a.out);
  int64_t* positions = a.positions;
  each_result_row(a, [&](int64_t image, int64_t o0, int64_t o1) {
    const T* x = static_cast<const T*>(a.x) + image * image_elements(a);
    each_row(a, o0, o1, [&](int64_t row, bool first) {
      const T* from = x + row * w.size;
      const auto base = static_cast<int32_t>(row * w.size);
      if (first) {
        first_row(best, from, w.size);
        for (int64_t j = 0; j < w.size; ++j) best_at[j] = base + static_cast<int32_t>(j);
      } else {
        larger_row(best, best_at, from, base, w.size);
      }
    });
    // n windows, the first of which begins at j, with elements to take by their number.
    const auto windows = [&](int64_t o, int64_t n, int64_t j, int64_t length) {
      take_elements(found + o, best + j, w.stride, n);
      take_elements(found_at + o, best_at + j, w.stride, n);
      for (int64_t i = 1; i < length; ++i) {
        const int64_t at = j + i * w.dilation;
        larger_elements(found + o, found_at + o, best + at, best_at + at, w.stride, n);
      }
    };
    if (w.full < w.full_end) windows(w.full, w.full_end - w.full, w.begin[w.full], w.length[w.full]);
    each_other(w, [&](int64_t o) { windows(o, 1, w.begin[o], w.length[o]); });
    put_row(out, found, w.count);
    out += w.count;
    put_row(positions, found_at, w.count);
    positions += w.count;
  });
}

// What means are added up in: whole numbers exactly.
__extension__ using Whole = __int128;
template <class T>
struct SummedType {
  using type = double;
};
template <>
struct SummedType<int64_t> {
  using type = Whole;
};
template <class T>
WICK_INLINE T quotient(double total, double divisor) {
  return cast<T>(total / divisor);
}
template <class T>
WICK_INLINE T quotient(Whole total, double divisor) {
  // A window that nothing counts in has no mean; of integers that is 0.
  return divisor == 0 ? T(0) : static_cast<T>(total / static_cast<Whole>(divisor));
}

template <class S, class T>
WICK_NOINLINE void add_row(S* __restrict sum, const T* __restrict from, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    if constexpr (same<S, Whole>) {
      sum[j] += from[j];
    } else {
      sum[j] += cast<S>(from[j]);
    }
  }
}
template <class S>
WICK_NOINLINE void add_elements(S* __restrict total, const S* __restrict sum, int64_t stride, int64_t n) {
  each_position(n, stride, [=](int64_t i, int64_t j) { total[i] += sum[j]; });
}
template <class T, class S>
WICK_NOINLINE void put_scaled(T* __restrict out, const S* __restrict total, double divisor, int64_t n) {
  for (int64_t o = 0; o < n; ++o) out[o] = quotient<T>(total[o], divisor);
}

WICK_INLINE double divisor_of(const PoolArguments& a, int64_t o0, int64_t o1, int64_t o2) {
  if (a.divisor != 0) return a.divisor;
  return static_cast<double>(a.windows[0].divisor[o0] * a.windows[1].divisor[o1] * a.windows[2].divisor[o2]);
}

template <class T>
void mean(const PoolArguments& a) {
  const PoolWindows& w = a.windows[2];
  using S = typename SummedType<T>::type;
  S* sum = static_cast<S*>(a.scratch);
  S* total = sum + w.size;
  T* out = static_cast<T*>(a.out);
  each_result_row(a, [&](int64_t image, int64_t o0, int64_t o1) {
    const T* x = static_cast<const T*>(a.x) + image * image_elements(a);
    for (int64_t j = 0; j < w.size; ++j) sum[j] = 0;
    each_row(a, o0, o1, [&](int64_t row, bool) { add_row(sum, x + row * w.size, w.size); });
    for (int64_t o = 0; o < w.count; ++o) total[o] = 0;
    if (w.full < w.full_end) {
      for (int64_t i = 0; i < w.length[w.full]; ++i) {
        add_elements(total + w.full, sum + w.begin[w.full] + i * w.dilation, w.stride, w.full_end - w.full);
      }
    }
    each_other(w, [&](int64_t o) {
      for (int64_t i = 0; i < w.length[o]; ++i) total[o] += sum[w.begin[o] + i * w.dilation];
    });
    if (a.divisor != 0) {
      put_scaled(out, total, a.divisor, w.count);
    } else {
      for (int64_t o = 0; o < w.count; ++o) out[o] = quotient<T>(total[o], divisor_of(a, o0, o1, o));
    }
    out += w.count;
  });
}

template <class T>
void spread(const PoolArguments& a) {
  const PoolWindows& w = a.windows[2];
  const int64_t elements = image_elements(a);
  double* part = static_cast<double*>(a.scratch);
  double* total = part + w.size;
  const T* g = static_cast<const T*>(a.x);
  for (int64_t image = 0; image < a.images; ++image) {
    for (int64_t i = 0; i < elements; ++i) total[i] = 0;
    PoolArguments one = a;
    one.images = 1;
    each_result_row(one, [&](int64_t, int64_t o0, int64_t o1) {
      for (int64_t j = 0; j < w.size; ++j) part[j] = 0;
      for (int64_t o = 0; o < w.count; ++o) {
        const double share = cast<double>(g[o]) / divisor_of(a, o0, o1, o);
        for (int64_t i = 0; i < w.length[o]; ++i) part[w.begin[o] + i * w.dilation] += share;
      }
      each_row(a, o0, o1, [&](int64_t row, bool) { add_row(total + row * w.size, part, w.size); });
      g += w.count;
    });
    put_row(static_cast<T*>(a.out) + image * elements, total, elements);
  }
}

template <class T>
void put_back(const PoolArguments& a) {
  const int64_t elements = image_elements(a);
  const int64_t results = a.windows[0].count * a.windows[1].count * a.windows[2].count;
  double* total = static_cast<double*>(a.scratch);
  for (int64_t image = 0; image < a.images; ++image) {
    const T* g = static_cast<const T*>(a.x) + image * results;
    const int64_t* at = a.positions + image * results;
    T* out = static_cast<T*>(a.out) + image * elements;
    if (a.apart) {
      __builtin_memset(out, 0, elements * static_cast<int64_t>(sizeof(T)));
      for (int64_t i = 0; i < results; ++i) out[at[i]] = g[i];
    } else {
      for (int64_t i = 0; i < elements; ++i) total[i] = 0;
      for (int64_t i = 0; i < results; ++i) total[at[i]] += cast<double>(g[i]);
      put_row(out, total, elements);
    }
  }
}

}  // namespace

void add_pooling(kernels::Table& table) {
  static kernels::PoolKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> != Class::Complex && class_of<T> != Class::Bool) {
      all.of[i].largest = largest_of_windows<T>;
    }
    if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real || same<T, int64_t>) {
      all.of[i].mean = mean<T>;
    }
    if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
      all.of[i].spread = spread<T>;
      all.of[i].put_back = put_back<T>;
    }
  });
  table.pooling = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
