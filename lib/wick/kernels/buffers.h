#pragma once

#include "wick/kernels/half_rows.h"

// Functions over dense arrays of float or double, brought to blocks of any strides and also of half
// precision: what is not dense or not of that type passes through a buffer, so that each function is compiled
// for two types only.

// One copy of the code, however many callers there are.
#define WICK_NOINLINE __attribute__((noinline))

namespace wick {
inline namespace WICK_LEVEL {

inline constexpr int64_t chunk = 512;  // elements at a time

template <class T>
WICK_NOINLINE void load(Compute<T>* to, const char* from, int64_t step, int64_t n) {
  if (step == sizeof(T)) {
    const T* x = reinterpret_cast<const T*>(from);
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) to[i] = cast<Compute<T>>(x[i]);
  } else if (step == 0) {
    const auto value = cast<Compute<T>>(*reinterpret_cast<const T*>(from));
    for (int64_t i = 0; i < n; ++i) to[i] = value;
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = cast<Compute<T>>(*reinterpret_cast<const T*>(from + i * step));
  }
}

template <class T>
WICK_NOINLINE void store(char* to, int64_t step, const Compute<T>* from, int64_t n) {
  if (step == sizeof(T)) {
    T* x = reinterpret_cast<T*>(to);
    if constexpr (same<T, Half>) {
      round_to_half(x, from, n);
    } else {
      WICK_IVDEP
      for (int64_t i = 0; i < n; ++i) x[i] = cast<T>(from[i]);
    }
  } else {
    for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * step) = cast<T>(from[i]);
  }
}

// Whether a Compute<T> lies in memory as a T does: integers wrap alike with a sign or without.
template <class T>
constexpr bool is_computed_in_place = same<T, Compute<T>> || (is_whole<T> && sizeof(T) == sizeof(Compute<T>));

// A stretch of up to `chunk` elements to read: where it lies, or a copy of it.
template <class T>
class Input {
 public:
  const Compute<T>* at(const char* data, int64_t step, int64_t n) {
    if (is_computed_in_place<T> && step == sizeof(T)) return reinterpret_cast<const Compute<T>*>(data);
    load<T>(buffer_, data, step, n);
    return buffer_;
  }

 private:
  Compute<T> buffer_[chunk];
};

// One to write; put() brings it to its place.
template <class T>
class Output {
 public:
  Compute<T>* at(char* data, int64_t step) {
    direct_ = is_computed_in_place<T> && step == sizeof(T);
    return direct_ ? reinterpret_cast<Compute<T>*>(data) : buffer_;
  }
  void put(char* data, int64_t step, int64_t n) const {
    if (!direct_) store<T>(data, step, buffer_, n);
  }
  bool direct() const { return direct_; }

 private:
  bool direct_ = false;
  Compute<T> buffer_[chunk];
};

// Calls f(from, count) for stretches that together are [0, n).
template <class F>
WICK_INLINE void each_chunk(int64_t n, F f) {
  for (int64_t i = 0; i < n; i += chunk) f(i, n - i < chunk ? n - i : chunk);
}

template <class C>
using Function1 = void (*)(C* out, const C* x, int64_t n, const void* parameters);
template <class C>
using Function2 = void (*)(C* out, const C* x, const C* y, int64_t n, const void* parameters);

// Whether operands 0 to `inputs` are bfloat16 without gaps, which are taken by pairs: where they lie in the
// buffers does not matter to functions of elements.
template <class T>
WICK_INLINE bool by_pairs(const Block& b, int inputs) {
  bool dense = same<T, BFloat16>;
  for (int k = 0; k <= inputs; ++k) dense = dense && b.step[k] == sizeof(BFloat16);
  return dense;
}

// Calls f(buffers of the inputs, count) for stretches of them and stores the first buffer as the result.
template <int inputs, class F>
WICK_INLINE void each_paired_chunk(const Block& b, F f) {
  float buffers[inputs][chunk];
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      const auto at = [&](int k) {
        return reinterpret_cast<BFloat16*>(b.data[k] + r * b.row_step[k] + i * b.step[k]);
      };
      for (int k = 0; k < inputs; ++k) load_pairs(buffers[k], at(k + 1), n);
      f(buffers, n);
      store_pairs(at(0), buffers[0], n);
    });
  }
}

// Runs a function over a block of elements of type T.
template <class T>
void run1(const Block& b, Function1<Compute<T>> function, const void* parameters) {
  if constexpr (same<T, BFloat16>) {
    if (by_pairs<T>(b, 1)) {
      return each_paired_chunk<1>(b, [&](auto& x, int64_t n) { function(x[0], x[0], n, parameters); });
    }
  }
  Input<T> x;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      char* target = b.data[0] + r * b.row_step[0] + i * b.step[0];
      function(out.at(target, b.step[0]), x.at(b.data[1] + r * b.row_step[1] + i * b.step[1], b.step[1], n),
               n, parameters);
      out.put(target, b.step[0], n);
    });
  }
}

template <class T>
void run2(const Block& b, Function2<Compute<T>> function, const void* parameters) {
  if constexpr (same<T, BFloat16>) {
    if (by_pairs<T>(b, 2)) {
      return each_paired_chunk<2>(b, [&](auto& x, int64_t n) { function(x[0], x[0], x[1], n, parameters); });
    }
  }
  Input<T> x, y;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      char* target = b.data[0] + r * b.row_step[0] + i * b.step[0];
      function(out.at(target, b.step[0]), x.at(b.data[1] + r * b.row_step[1] + i * b.step[1], b.step[1], n),
               y.at(b.data[2] + r * b.row_step[2] + i * b.step[2], b.step[2], n), n, parameters);
      out.put(target, b.step[0], n);
    });
  }
}

// Loops of the functors that tell what to compute: f of one element or two, and df, the gradient of the
// argument from that of the result and what was saved.
template <class C, class Op>
void dense_values(C* out, const C* x, int64_t n, const void*) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i]);
}
template <class C, class Op>
void dense_values2(C* out, const C* x, const C* y, int64_t n, const void*) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::f(x[i], y[i]);
}
template <class C, class Op>
void dense_gradients(C* out, const C* g, const C* saved, int64_t n, const void*) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = Op::df(g[i], saved[i]);
}

template <class T, class Op>
void buffered_loop(const Block& b, const void*) {
  run1<T>(b, dense_values<Compute<T>, Op>, nullptr);
}
template <class T, class Op>
void buffered_loop2(const Block& b, const void*) {
  run2<T>(b, dense_values2<Compute<T>, Op>, nullptr);
}
template <class T, class Op>
void gradient_loop(const Block& b, const void*) {
  run2<T>(b, dense_gradients<Compute<T>, Op>, nullptr);
}

}  // namespace WICK_LEVEL
}  // namespace wick
