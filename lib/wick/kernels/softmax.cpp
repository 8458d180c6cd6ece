#include "wick/kernels/buffers.h"
#include "wick/kernels/math.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/transpose.h"

// Softmax along the rows or along the columns of a block. Rows are read in stretches, short ones many at a
// time; columns are taken `width` at a time, side by side. Exponents are taken of differences to the line's
// maximum, which are not above 0; a NaN, or an infinity minus itself, makes its whole line NaN.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Softmax;

constexpr int64_t width = 256;

// --- Pieces of lines, dense: one copy of each for float and for double serves all dtypes.

// Running results side by side, so that the loops vectorize.
template <class C>
constexpr int64_t lanes = 128 / static_cast<int64_t>(sizeof(C));

template <class C>
WICK_NOINLINE C largest(const C* x, int64_t n, C start) {
  C best[lanes<C>];
  for (int64_t l = 0; l < lanes<C>; ++l) best[l] = start;
  int64_t i = 0;
  for (; i + lanes<C> <= n; i += lanes<C>) {
    for (int64_t l = 0; l < lanes<C>; ++l) best[l] = x[i + l] > best[l] ? x[i + l] : best[l];
  }
  for (; i < n; ++i) best[0] = x[i] > best[0] ? x[i] : best[0];
  for (int64_t l = 1; l < lanes<C>; ++l) best[0] = best[l] > best[0] ? best[l] : best[0];
  return best[0];
}

// The sum of term(i).
template <class C, class F>
WICK_INLINE double total(int64_t n, F term) {
  C sums[lanes<C>] = {};
  int64_t i = 0;
  for (; i + lanes<C> <= n; i += lanes<C>) {
    WICK_IVDEP
    for (int64_t l = 0; l < lanes<C>; ++l) sums[l] += term(i + l);
  }
  double sum = 0;
  for (; i < n; ++i) sum += static_cast<double>(term(i));
  for (int64_t l = 0; l < lanes<C>; ++l) sum += static_cast<double>(sums[l]);
  return sum;
}

template <class C>
WICK_NOINLINE double exponentials(C* out, const C* x, int64_t n, C shift) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = exp_below(x[i] - shift);
  return total<C>(n, [=](int64_t i) { return out[i]; });
}

template <class C>
WICK_NOINLINE void scale(C* y, int64_t n, C factor) {
  for (int64_t i = 0; i < n; ++i) y[i] *= factor;
}

template <class C>
WICK_NOINLINE void logarithms(C* y, const C* x, int64_t n, C most, C logarithm) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - most) - logarithm;
}

template <bool log_of, class C>
WICK_NOINLINE double gradient_sum(const C* g, const C* y, int64_t n) {
  return total<C>(n, [=](int64_t i) { return log_of ? g[i] : g[i] * y[i]; });
}

template <bool log_of, class C>
WICK_NOINLINE void gradient(C* out, const C* g, const C* y, int64_t n, C sum) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = log_of ? g[i] - exp_below(y[i]) * sum : y[i] * (g[i] - sum);
}

// The same for columns side by side, each with its own maximum and sum.

template <class C>
struct Columns {
  C most[width];
  double sum[width];
  C shared[width];  // what finish() makes of the sum

  WICK_INLINE void clear(int64_t n) {
    for (int64_t j = 0; j < n; ++j) {
      most[j] = -static_cast<C>(__builtin_inf());
      sum[j] = 0;
    }
  }
  // Where `together` rows of n columns were taken as one: gives all of them the common maximum, or sum.
  WICK_INLINE void join_most(int64_t n, int64_t together) {
    for (int64_t j = n; j < n * together; ++j) most[j % n] = most[j] > most[j % n] ? most[j] : most[j % n];
    for (int64_t j = n; j < n * together; ++j) most[j] = most[j % n];
  }
  WICK_INLINE void join_sums(int64_t n, int64_t together) {
    for (int64_t j = n; j < n * together; ++j) sum[j % n] += sum[j];
    for (int64_t j = n; j < n * together; ++j) sum[j] = sum[j % n];
  }
};

template <class C>
WICK_NOINLINE void largest(Columns<C>& c, const C* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) c.most[j] = x[j] > c.most[j] ? x[j] : c.most[j];
}

template <class C>
WICK_NOINLINE void exponentials(Columns<C>& c, C* out, const C* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const C e = exp_below(x[j] - c.most[j]);
    out[j] = e;
    c.sum[j] += static_cast<double>(e);
  }
}

template <bool log_of, class C>
WICK_NOINLINE void finish(Columns<C>& c, int64_t n) {
  for (int64_t j = 0; j < n; ++j)
    c.shared[j] = log_of ? log(static_cast<C>(c.sum[j])) : static_cast<C>(1 / c.sum[j]);
}

template <class C>
WICK_NOINLINE void scale(const Columns<C>& c, C* y, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) y[j] *= c.shared[j];
}

template <bool log_of, class C>
WICK_NOINLINE void again(const Columns<C>& c, C* out, const C* x, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const C difference = x[j] - c.most[j];
    out[j] = log_of ? difference - c.shared[j] : exp_below(difference) * c.shared[j];
  }
}

template <bool log_of, class C>
WICK_NOINLINE void gradient_sum(Columns<C>& c, const C* g, const C* y, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) c.sum[j] += static_cast<double>(log_of ? g[j] : g[j] * y[j]);
}

template <bool log_of, class C>
WICK_NOINLINE void gradient(const Columns<C>& c, C* out, const C* g, const C* y, int64_t n) {
  WICK_IVDEP
  for (int64_t j = 0; j < n; ++j) {
    const C sum = static_cast<C>(c.sum[j]);
    out[j] = log_of ? g[j] - exp_below(y[j]) * sum : y[j] * (g[j] - sum);
  }
}

// --- Blocks

// Rows up to this length are brought side by side, `tile_rows` of them, and taken as columns.
constexpr int64_t narrow = 32;
template <class C>
constexpr int64_t tile_rows = 256 / static_cast<int64_t>(sizeof(C));

// Calls f(first row, rows) for as many rows as make a tile.
template <class C, class F>
WICK_INLINE void each_tile(const Block& b, F f) {
  for (int64_t r = 0; r < b.rows; r += tile_rows<C>)
    f(r, b.rows - r < tile_rows<C> ? b.rows - r : tile_rows<C>);
}

// `rows` rows of n <= narrow elements, side by side: line i has element i of each.
template <class C>
using Tile = C[narrow][tile_rows<C>];

template <class C>
WICK_NOINLINE void turn(char* out, int64_t out_step, const char* in, int64_t in_step, int64_t rows,
                        int64_t columns) {
  constexpr auto size = static_cast<int64_t>(sizeof(C));
  copy_transposed<C>(reinterpret_cast<C*>(out), out_step / size, reinterpret_cast<const C*>(in),
                     in_step / size, columns, rows);
}

// Rows of another type that have no gaps pass through one long row of C.
template <class T>
WICK_INLINE bool is_gapless(int64_t step, int64_t row_step, int64_t n) {
  constexpr auto size = static_cast<int64_t>(sizeof(T));
  return step == size && row_step == n * size;
}

template <class T>
WICK_INLINE void load_tile(Tile<Compute<T>>& tile, const char* from, int64_t step, int64_t row_step,
                           int64_t rows, int64_t n) {
  using C = Compute<T>;
  char* to = reinterpret_cast<char*>(tile);
  if (same<T, C> && step == sizeof(T)) {
    turn<C>(to, sizeof tile[0], from, row_step, rows, n);
  } else if (is_gapless<T>(step, row_step, n)) {
    C line[narrow * tile_rows<C>];
    load<T>(line, from, step, rows * n);
    turn<C>(to, sizeof tile[0], reinterpret_cast<const char*>(line), n * static_cast<int64_t>(sizeof(C)),
            rows, n);
  } else {
    for (int64_t i = 0; i < n; ++i) load<T>(tile[i], from + i * step, row_step, rows);
  }
}

template <class T>
WICK_INLINE void store_tile(char* to, int64_t step, int64_t row_step, const Tile<Compute<T>>& tile,
                            int64_t rows, int64_t n) {
  using C = Compute<T>;
  const char* from = reinterpret_cast<const char*>(tile);
  if (same<T, C> && step == sizeof(T)) {
    turn<C>(to, row_step, from, sizeof tile[0], n, rows);
  } else if (is_gapless<T>(step, row_step, n)) {
    C line[narrow * tile_rows<C>];
    turn<C>(reinterpret_cast<char*>(line), n * static_cast<int64_t>(sizeof(C)), from, sizeof tile[0], n,
            rows);
    store<T>(to, step, line, rows * n);
  } else {
    for (int64_t i = 0; i < n; ++i) store<T>(to + i * step, row_step, tile[i], rows);
  }
}

template <class T, bool log_of>
void narrow_rows(const Block& b) {
  using C = Compute<T>;
  Tile<C> tile;
  Columns<C> c;
  each_tile<C>(b, [&](int64_t r, int64_t n) {
    load_tile<T>(tile, b.data[1] + r * b.row_step[1], b.step[1], b.row_step[1], n, b.n);
    c.clear(n);
    for (int64_t i = 0; i < b.n; ++i) largest(c, tile[i], n);
    C exponential[tile_rows<C>];
    for (int64_t i = 0; i < b.n; ++i) exponentials(c, log_of ? exponential : tile[i], tile[i], n);
    finish<log_of>(c, n);
    for (int64_t i = 0; i < b.n; ++i) {
      if (log_of) {
        again<true>(c, tile[i], tile[i], n);
      } else {
        scale(c, tile[i], n);
      }
    }
    store_tile<T>(b.data[0] + r * b.row_step[0], b.step[0], b.row_step[0], tile, n, b.n);
  });
}

template <class T, bool log_of>
void narrow_row_gradients(const Block& b) {
  using C = Compute<T>;
  Tile<C> first, second;
  Columns<C> c;
  each_tile<C>(b, [&](int64_t r, int64_t n) {
    load_tile<T>(first, b.data[1] + r * b.row_step[1], b.step[1], b.row_step[1], n, b.n);
    load_tile<T>(second, b.data[2] + r * b.row_step[2], b.step[2], b.row_step[2], n, b.n);
    c.clear(n);
    for (int64_t i = 0; i < b.n; ++i) gradient_sum<log_of>(c, first[i], second[i], n);
    for (int64_t i = 0; i < b.n; ++i) gradient<log_of>(c, first[i], first[i], second[i], n);
    store_tile<T>(b.data[0] + r * b.row_step[0], b.step[0], b.row_step[0], first, n, b.n);
  });
}

template <class T, bool log_of>
void rows(const Block& b, const void*) {
  if (b.n <= narrow && b.rows > 8) return narrow_rows<T, log_of>(b);
  using C = Compute<T>;
  Input<T> in;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    const auto x = [&](int64_t i, int64_t n) {
      return in.at(b.data[1] + r * b.row_step[1] + i * b.step[1], b.step[1], n);
    };
    const auto place = [&](int64_t i) { return b.data[0] + r * b.row_step[0] + i * b.step[0]; };
    C most = -static_cast<C>(__builtin_inf());
    each_chunk(b.n, [&](int64_t i, int64_t n) { most = largest(x(i, n), n, most); });
    double sum = 0;
    // The exponentials wait in the output where it is of the type they are computed in.
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      sum += exponentials(out.at(place(i), b.step[0]), x(i, n), n, most);
    });
    const C share = static_cast<C>(1 / sum), logarithm = log(static_cast<C>(sum));
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      C* y = out.at(place(i), b.step[0]);
      if (log_of) {
        logarithms(y, x(i, n), n, most, logarithm);
      } else {
        if (!out.direct()) exponentials(y, x(i, n), n, most);
        scale(y, n, share);
      }
      out.put(place(i), b.step[0], n);
    });
  }
}

// Operand 1 is the gradient g of the result, operand 2 the result y: y (g - sum(g y)), and with the logarithm
// g - exp(y) sum(g).
template <class T, bool log_of>
void row_gradients(const Block& b, const void*) {
  if (b.n <= narrow && b.rows > 8) return narrow_row_gradients<T, log_of>(b);
  using C = Compute<T>;
  Input<T> first, second;
  Output<T> out;
  for (int64_t r = 0; r < b.rows; ++r) {
    const auto at = [&](Input<T>& in, int k, int64_t i, int64_t n) {
      return in.at(b.data[k] + r * b.row_step[k] + i * b.step[k], b.step[k], n);
    };
    double sum = 0;
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      sum += gradient_sum<log_of>(at(first, 1, i, n), at(second, 2, i, n), n);
    });
    each_chunk(b.n, [&](int64_t i, int64_t n) {
      char* place = b.data[0] + r * b.row_step[0] + i * b.step[0];
      gradient<log_of>(out.at(place, b.step[0]), at(first, 1, i, n), at(second, 2, i, n), n,
                       static_cast<C>(sum));
      out.put(place, b.step[0], n);
    });
  }
}

// A strip of columns.
struct Strip {
  const Block& block;
  int64_t first, columns, together;

  // Calls f(columns, address of operand k) for every row; narrow rows without gaps between them several at a
  // time, as one.
  template <class F>
  WICK_INLINE void each_row(F f) const {
    int64_t r = 0;
    const auto at = [&](int k) { return block.data[k] + r * block.row_step[k] + first * block.step[k]; };
    for (; r + together <= block.rows; r += together) f(columns * together, at);
    for (; r < block.rows; ++r) f(columns, at);
  }
};

// Calls f(strip) for every strip of columns.
template <class T, class F>
WICK_INLINE void each_strip(const Block& b, int operands, F f) {
  const auto size = static_cast<int64_t>(sizeof(T));
  bool gapless = true;
  for (int k = 0; k < operands; ++k) gapless &= b.step[k] == size && b.row_step[k] == b.n * size;
  const int64_t together = gapless && b.n < width ? width / b.n : 1;
  for (int64_t j = 0; j < b.n; j += width) f(Strip{b, j, b.n - j < width ? b.n - j : width, together});
}

template <class T, bool log_of>
void columns(const Block& b, const void*) {
  using C = Compute<T>;
  Input<T> in;
  Output<T> out;
  Columns<C> c;
  each_strip<T>(b, 2, [&](const Strip& strip) {
    c.clear(strip.columns * strip.together);
    strip.each_row([&](int64_t n, auto at) { largest(c, in.at(at(1), b.step[1], n), n); });
    c.join_most(strip.columns, strip.together);
    strip.each_row([&](int64_t n, auto at) {
      exponentials(c, out.at(at(0), b.step[0]), in.at(at(1), b.step[1], n), n);
    });
    c.join_sums(strip.columns, strip.together);
    finish<log_of>(c, strip.columns * strip.together);
    strip.each_row([&](int64_t n, auto at) {
      C* y = out.at(at(0), b.step[0]);
      if (log_of || !out.direct()) {
        again<log_of>(c, y, in.at(at(1), b.step[1], n), n);
      } else {
        scale(c, y, n);
      }
      out.put(at(0), b.step[0], n);
    });
  });
}

template <class T, bool log_of>
void column_gradients(const Block& b, const void*) {
  using C = Compute<T>;
  Input<T> first, second;
  Output<T> out;
  Columns<C> c;
  each_strip<T>(b, 3, [&](const Strip& strip) {
    c.clear(strip.columns * strip.together);
    strip.each_row([&](int64_t n, auto at) {
      gradient_sum<log_of>(c, first.at(at(1), b.step[1], n), second.at(at(2), b.step[2], n), n);
    });
    c.join_sums(strip.columns, strip.together);
    strip.each_row([&](int64_t n, auto at) {
      gradient<log_of>(c, out.at(at(0), b.step[0]), first.at(at(1), b.step[1], n),
                       second.at(at(2), b.step[2], n), n);
      out.put(at(0), b.step[0], n);
    });
  });
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    t.softmax[Softmax::Value][dtype] = {rows<T, false>, columns<T, false>};
    t.softmax[Softmax::Log][dtype] = {rows<T, true>, columns<T, true>};
    t.softmax[Softmax::Gradient][dtype] = {row_gradients<T, false>, column_gradients<T, false>};
    t.softmax[Softmax::LogGradient][dtype] = {row_gradients<T, true>, column_gradients<T, true>};
  }
}

}  // namespace

void add_softmax(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
