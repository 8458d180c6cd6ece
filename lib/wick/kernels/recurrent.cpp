#include "wick/kernels/recurrent.h"

#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Cell;
using kernels::RecurrentStep;

template <class T>
WICK_INLINE T* row(void* data, int64_t r, int64_t width) {
  return data ? static_cast<T*>(data) + r * width : nullptr;
}
template <class T>
WICK_INLINE const T* row(const void* data, int64_t r, int64_t width) {
  return data ? static_cast<const T*>(data) + r * width : nullptr;
}

template <class T>
WICK_NOINLINE void sigmoids(T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) x[j] = sigmoid(x[j]);
}
template <class T>
WICK_NOINLINE void tangents(T* out, const T* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) out[j] = tanh(x[j]);
}

// The gradient of h', of which one part may be missing.
template <class T>
WICK_NOINLINE void add_gradient(T* dh, const T* dy, int64_t n) {
  if (!dy) return;
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) dh[j] += dy[j];
}

struct LstmCell {
  template <class T>
  static WICK_NOINLINE void next(const T* gates, const T* c, T* h_next, T* c_next, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) {
      const T state = gates[n + j] * c[j] + gates[j] * gates[2 * n + j];
      c_next[j] = state;
      h_next[j] = gates[3 * n + j] * tanh(state);
    }
  }
  template <class T>
  static void forward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    T* gates = row<T>(s.gates, r, 4 * n);
    sigmoids(gates, 2 * n);
    tangents(gates + 2 * n, gates + 2 * n, n);
    sigmoids(gates + 3 * n, n);
    next(gates, row<T>(s.c, r, n), row<T>(s.h_next, r, n), row<T>(s.c_next, r, n), n);
  }

  template <class T>
  static WICK_NOINLINE void gradients(T* da, const T* gates, const T* c, const T* c_next, T* dh, T* dc,
                                      int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) {
      const T i = gates[j], f = gates[n + j], g = gates[2 * n + j], o = gates[3 * n + j];
      const T through = tanh(c_next[j]), d = dh[j];
      const T state = dc[j] + d * o * (T(1) - through * through);
      da[j] = state * g * (i * (T(1) - i));
      da[n + j] = state * c[j] * (f * (T(1) - f));
      da[2 * n + j] = state * i * (T(1) - g * g);
      da[3 * n + j] = d * through * (o * (T(1) - o));
      dc[j] = state * f;
      dh[j] = 0;
    }
  }
  template <class T>
  static void backward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    T* dh = row<T>(s.dh, r, n);
    add_gradient(dh, row<T>(s.dy, r, n), n);
    gradients(row<T>(s.dgates, r, 4 * n), row<T>(static_cast<const void*>(s.gates), r, 4 * n),
              row<T>(s.c, r, n), row<T>(static_cast<const void*>(s.c_next), r, n), dh, row<T>(s.dc, r, n), n);
  }
};

struct GruCell {
  template <class T>
  static WICK_NOINLINE void add(T* out, const T* x, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) out[j] += x[j];
  }
  template <class T>
  static WICK_NOINLINE void sum(T* out, const T* x, const T* y, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) out[j] = x[j] + y[j];
  }
  template <class T>
  static WICK_NOINLINE void next(T* gates, const T* kept, const T* h, T* h_next, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) {
      const T fresh = tanh(gates[2 * n + j] + gates[j] * kept[j]);
      gates[2 * n + j] = fresh;
      h_next[j] = fresh + gates[n + j] * (h[j] - fresh);
    }
  }
  template <class T>
  static void forward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    T *gates = row<T>(s.gates, r, 3 * n), *kept = row<T>(s.kept, r, n);
    const T *recurrent = row<T>(s.recurrent, r, 3 * n), *bias = row<T>(s.recurrent_bias, 0, 0);
    add(gates, recurrent, 2 * n);
    if (bias) {
      add(gates, bias, 2 * n);
      sum(kept, recurrent + 2 * n, bias + 2 * n, n);
    } else {
      __builtin_memcpy(kept, recurrent + 2 * n, static_cast<uint64_t>(n) * sizeof(T));
    }
    sigmoids(gates, 2 * n);
    next(gates, kept, row<T>(s.h, r, n), row<T>(s.h_next, r, n), n);
  }

  template <class T>
  static WICK_NOINLINE void gradients(T* da, T* dr, const T* gates, const T* kept, const T* h, T* dh,
                                      int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) {
      const T reset = gates[j], update = gates[n + j], fresh = gates[2 * n + j], d = dh[j];
      const T dn = d * (T(1) - update) * (T(1) - fresh * fresh);
      const T dz = d * (h[j] - fresh) * (update * (T(1) - update));
      const T dreset = dn * kept[j] * (reset * (T(1) - reset));
      da[j] = dr[j] = dreset;
      da[n + j] = dr[n + j] = dz;
      da[2 * n + j] = dn;
      dr[2 * n + j] = dn * reset;
      dh[j] = d * update;
    }
  }
  template <class T>
  static void backward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    T* dh = row<T>(s.dh, r, n);
    add_gradient(dh, row<T>(s.dy, r, n), n);
    gradients(row<T>(s.dgates, r, 3 * n), row<T>(s.drecurrent, r, 3 * n),
              row<T>(static_cast<const void*>(s.gates), r, 3 * n),
              row<T>(static_cast<const void*>(s.kept), r, n), row<T>(s.h, r, n), dh, n);
  }
};

template <bool relu>
struct PlainCell {
  template <class T>
  static WICK_NOINLINE void cut(T* out, const T* x, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) out[j] = x[j] < 0 ? T(0) : x[j];
  }
  template <class T>
  static void forward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    const T* a = row<T>(static_cast<const void*>(s.gates), r, n);
    T* h = row<T>(s.h_next, r, n);
    if (relu) {
      cut(h, a, n);
    } else {
      tangents(h, a, n);
    }
  }

  template <class T>
  static WICK_NOINLINE void gradients(T* da, const T* h, T* dh, int64_t n) {
    WICK_IVDEP
    for (int64_t j = 0; j < n; ++j) {
      const T y = h[j];
      da[j] = relu ? (y > 0 ? dh[j] : T(0)) : dh[j] * (T(1) - y * y);
      dh[j] = 0;
    }
  }
  template <class T>
  static void backward(const RecurrentStep& s, int64_t r) {
    const int64_t n = s.hidden;
    T* dh = row<T>(s.dh, r, n);
    add_gradient(dh, row<T>(s.dy, r, n), n);
    gradients(row<T>(s.dgates, r, n), row<T>(static_cast<const void*>(s.h_next), r, n), dh, n);
  }
};

template <class T, class C>
void forward(const RecurrentStep& step) {
  for (int64_t r = 0; r < step.batch; ++r) C::template forward<T>(step, r);
}
template <class T, class C>
void backward(const RecurrentStep& step) {
  for (int64_t r = 0; r < step.batch; ++r) C::template backward<T>(step, r);
}

}  // namespace

void add_recurrent(kernels::Table& table) {
  static kernels::RecurrentKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> == Class::Real) {
      const auto set = [](Cell cell, auto kind) {
        all.functions[cell][i] = {forward<T, decltype(kind)>, backward<T, decltype(kind)>};
      };
      set(Cell::LSTM, LstmCell{});
      set(Cell::GRU, GruCell{});
      set(Cell::Tanh, PlainCell<false>{});
      set(Cell::Relu, PlainCell<true>{});
    }
  });
  table.recurrent = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
