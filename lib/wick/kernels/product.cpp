#include "wick/kernels/vector_product.h"

#include "wick/kernels/registration.h"
#include "wick/kernels/tile.h"
#include "wick/kernels/transpose.h"

// Matrix products in the manner of K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
// multiplication", ACM TOMS 34 (2008): blocks of A and B are copied so that a tile of C, which stays in
// registers, reads both in order; a block of A fits the second cache, a panel of B the first.
//
// A complex product is a real one (F. Van Zee and T. Smith, "Implementing high-performance complex matrix
// multiplication via the 3m and 4m methods", ACM TOMS 44 (2017), there "1m"): a row of A is its real and
// imaginary parts in turn, a row b of B becomes the two rows (re b, im b) and (-im b, re b), and a row of C
// has its real and imaginary parts in turn again.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Gemm;

// What the tiles compute in.
template <class T>
using Part = RealOf<Compute<T>>;
// Real columns of an element.
template <class T>
inline constexpr int parts = class_of<T> == Class::Complex ? 2 : 1;

// Even, so that no complex number is cut; a panel of B fits the first cache.
template <class C>
constexpr int64_t block_k = sizeof(C) == 4 ? 384 : 256;
constexpr int64_t block_rows = 24 * tile_rows;
constexpr int64_t block_columns = 2048;  // of parts
// Longer sums go from float into double after each block, and very long ones after a short block.
constexpr int64_t longest_narrow_sum = 1536, long_sum = 16384, long_sum_block = 32;
constexpr int64_t wide_rows = 4 * block_rows, wide_columns = 512;

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t rounded_up(int64_t a, int64_t step) { return (a + step - 1) / step * step; }

// An operand as the caller stores it; k and columns count elements.
template <class T>
struct Source {
  const T* data;
  int64_t row, column;
  bool conjugate;

  const T& at(int64_t i, int64_t j) const { return data[i * row + j * column]; }
};

template <class T>
WICK_INLINE Part<T> real_part(const T& x) {
  if constexpr (parts<T> == 2)
    return x.re;
  else
    return cast<Part<T>>(x);
}

// Elements that are stored as what is computed in.
template <class T>
WICK_INLINE const Part<T>* as_parts(const T* x) {
  return reinterpret_cast<const Part<T>*>(x);
}

// Rows [i0, i0 + m) and elements [p0, p0 + k) of A, tile by tile; the last tile is filled up with zeros.
template <class T>
WICK_NOINLINE void pack_a(Part<T>* to, const Source<T>& a, int64_t i0, int64_t m, int64_t p0, int64_t k) {
  for (int64_t i = 0; i < m; i += tile_rows) {
    const int64_t rows = least(tile_rows, m - i);
    if (rows < tile_rows) {
      for (int64_t p = 0; p < k * parts<T> * tile_rows; ++p) to[p] = 0;
    }
    if (stored_as_computed<T> && a.row == 1 && rows == tile_rows) {
      for (int64_t p = 0; p < k; ++p) {
        const T* from = &a.at(i0 + i, p0 + p);
        WICK_UNROLL
        for (int r = 0; r < tile_rows; ++r) to[p * tile_rows + r] = real_part(from[r]);
      }
      to += k * tile_rows;
      continue;
    }
    if constexpr (stored_as_computed<T>) {
      if (a.column == 1) {
        copy_transposed(to, tile_rows, as_parts(&a.at(i0 + i, p0)), a.row, k, rows);
        to += k * tile_rows;
        continue;
      }
    }
    for (int64_t r = 0; r < rows; ++r) {
      const T* from = &a.at(i0 + i + r, p0);
      Part<T>* out = to + r;
      if constexpr (parts<T> == 2) {
        for (int64_t p = 0; p < k; ++p) {
          const T x = from[p * a.column];
          out[2 * p * tile_rows] = x.re;
          out[(2 * p + 1) * tile_rows] = a.conjugate ? -x.im : x.im;
        }
      } else {
        for (int64_t p = 0; p < k; ++p) out[p * tile_rows] = real_part(from[p * a.column]);
      }
    }
    to += k * parts<T> * tile_rows;
  }
}

// pack_b where rows are dense: they are read in order, several at a time, across all panels. One panel alone
// takes a short piece of each row, which the processor does not foresee.
template <class T>
WICK_INLINE void pack_rows_of_b(Part<T>* to, const Source<T>& b, int64_t p0, int64_t k, int64_t j0,
                                int64_t n) {
  constexpr int64_t width = tile_columns<Part<T>>, together = 8;
  for (int64_t p = 0; p < k; p += together) {
    const int64_t rows = least(together, k - p);
    Part<T>* out = to + p * width;
    for (int64_t j = 0; j < n; j += width, out += k * width) {
      const int64_t columns = least(width, n - j);
      for (int64_t q = 0; q < rows; ++q) {
        const T* from = &b.at(p0 + p + q, j0 + j);
        Part<T>* row = out + q * width;
        if (stored_as_computed<T> && columns == width) {
          __builtin_memcpy(row, from, width * sizeof(T));
        } else {
          for (int64_t c = 0; c < columns; ++c) row[c] = real_part(from[c]);
          for (int64_t c = columns; c < width; ++c) row[c] = 0;
        }
      }
    }
  }
}

// Elements [p0, p0 + k) of columns [j0, j0 + n), panel by panel; the last one is filled up with zeros.
template <class T>
WICK_NOINLINE void pack_b(Part<T>* to, const Source<T>& b, int64_t p0, int64_t k, int64_t j0, int64_t n) {
  constexpr int64_t width = tile_columns<Part<T>> / parts<T>, height = parts<T>;
  if constexpr (parts<T> == 1) {
    if (b.column == 1) return pack_rows_of_b(to, b, p0, k, j0, n);
  }
  for (int64_t j = 0; j < n; j += width) {
    const int64_t columns = least(width, n - j);
    if (columns < width) {
      for (int64_t p = 0; p < k * height * tile_columns<Part<T>>; ++p) to[p] = 0;
    }
    if constexpr (parts<T> == 2) {
      for (int64_t p = 0; p < k; ++p) {
        Part<T>* first = to + 2 * p * tile_columns<Part<T>>;
        Part<T>* second = first + tile_columns<Part<T>>;
        for (int64_t c = 0; c < columns; ++c) {
          const T x = b.at(p0 + p, j0 + j + c);
          const Part<T> im = b.conjugate ? -x.im : x.im;
          first[2 * c] = x.re;
          first[2 * c + 1] = im;
          second[2 * c] = -im;
          second[2 * c + 1] = x.re;
        }
      }
    } else if (stored_as_computed<T> && b.row == 1) {
      copy_transposed(to, width, as_parts(&b.at(p0, j0 + j)), b.column, k, columns);
    } else {
      for (int64_t c = 0; c < columns; ++c) {
        const T* from = &b.at(p0, j0 + j + c);
        for (int64_t p = 0; p < k; ++p) to[p * width + c] = real_part(from[p * b.row]);
      }
    }
    to += k * height * tile_columns<Part<T>>;
  }
}

// Where results of a block of k go. Element type Out: T, or wider.
template <class T, class Out>
struct Target {
  Out* c;
  int64_t row, column;
  double alpha, beta;

  using C = Part<T>;
  // Whether a whole tile can be written at once.
  bool dense() const {
    return same<Part<Out>, C> && (parts<Out> == 2 || stored_as_computed<Out>)&&column == 1;
  }

  TileTarget<C> tile(int64_t i, int64_t j) const {
    return {reinterpret_cast<C*>(c + i * row) + j, row * parts<Out>, factor_of<C>(alpha), factor_of<C>(beta)};
  }

  // Adds a piece of a tile, whose corner is (i, j); j and n count parts.
  WICK_NOINLINE void put(const C* from, int64_t i, int64_t m, int64_t j, int64_t n) const {
    for (int64_t r = 0; r < m; ++r, from += tile_columns<C>) {
      Out* to = c + (i + r) * row + j / parts<Out> * column;
      if constexpr (parts<Out> == 2) {
        for (int64_t x = 0; x < n; x += 2) {
          Out& out = to[x / 2 * column];
          out = {sum(out.re, from[x]), sum(out.im, from[x + 1])};
        }
      } else if (alpha == 1 && beta == 1 && column == 1) {
        for (int64_t x = 0; x < n; ++x)
          to[x] = cast<Out>(cast<Compute<Out>>(to[x]) + static_cast<Compute<Out>>(from[x]));
      } else if (alpha == 1 && beta == 0 && column == 1) {
        for (int64_t x = 0; x < n; ++x) to[x] = cast<Out>(from[x]);
      } else {
        for (int64_t x = 0; x < n; ++x)
          to[x * column] = cast<Out>(sum(cast<Compute<Out>>(to[x * column]), from[x]));
      }
    }
  }

 private:
  template <class S>
  WICK_INLINE S sum(S old, C added) const {
    S value = static_cast<S>(added);
    if (alpha != 1) value = static_cast<S>(factor_of<C>(alpha)) * value;
    if (beta == 0) return value;
    return (beta == 1 ? old : static_cast<S>(factor_of<C>(beta)) * old) + value;
  }
};

template <class T, class Out>
class Product {
 public:
  using C = Part<T>;
  static constexpr int64_t columns_of_panel = tile_columns<C> / parts<T>;

  Product(const Source<T>& a, const Source<T>& b, int64_t m, int64_t n, int64_t k)
      : a_(a), b_(b), m_(m), n_(n), k_(k) {}
  ~Product() { __builtin_free(memory_); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  bool reserve() {
    // Copying pays when what is copied is read several times.
    constexpr bool direct = stored_as_computed<T>;
    const int64_t bytes_of_a = m_ * k_ * static_cast<int64_t>(sizeof(C));
    pack_a_ = !direct || (n_ > 4 * tile_columns<C> && bytes_of_a > (a_.column == 1 ? 1 << 18 : 1 << 15));
    pack_b_ = !direct || b_.column != 1 || (m_ > 4 * tile_rows && n_ * k_ > 4096);
    const int64_t k = least(k_, block_k<C>) * parts<T>;
    const int64_t a = pack_a_ ? rounded_up(least(m_, block_rows), tile_rows) * k : 0;
    const int64_t b =
        (pack_b_ ? rounded_up(least(n_ * parts<T>, block_columns), tile_columns<C>) : tile_columns<C>)*k;
    const int64_t bytes = (a + b) * static_cast<int64_t>(sizeof(C));
    char* at = small_;
    if (bytes > small_bytes) {
      memory_ = __builtin_malloc(static_cast<size_t>(bytes) + 64);
      if (!memory_) return false;
      at = static_cast<char*>(memory_);
      at += -reinterpret_cast<uintptr_t>(at) & 63;
    }
    packed_b_ = reinterpret_cast<C*>(at);
    packed_a_ = packed_b_ + b;
    return true;
  }

  // The product of rows [i0, i0 + m) and columns [j0, j0 + n), at the target's beginning.
  void run(int64_t i0, int64_t m, int64_t j0, int64_t n, Target<T, Out> target) {
    constexpr int64_t width = block_columns / parts<T>;
    for (int64_t j = 0; j < n; j += width) {
      const int64_t columns = least(width, n - j);
      Target<T, Out> to = target;
      const int64_t depth = !same<Part<Out>, C> && k_ > long_sum ? long_sum_block : block_k<C>;
      for (int64_t p = 0; p < k_; p += depth) {
        const int64_t length = least(depth, k_ - p);
        if (pack_b_) pack_b(packed_b_, b_, p, length, j0 + j, columns);
        for (int64_t i = 0; i < m; i += block_rows) {
          const int64_t rows = least(block_rows, m - i);
          if (pack_a_) pack_a(packed_a_, a_, i0 + i, rows, p, length);
          block(i0 + i, i, rows, j0 + j, j, columns, p, length, to);
        }
        to.beta = 1;
      }
    }
  }

 private:
  static constexpr int64_t small_bytes = 16384;

  void block(int64_t i0, int64_t i_out, int64_t m, int64_t j0, int64_t j_out, int64_t n, int64_t p, int64_t k,
             const Target<T, Out>& target) {
    const int64_t depth = k * parts<T>;
    for (int64_t j = 0; j < n; j += columns_of_panel) {
      const int64_t columns = least(columns_of_panel, n - j) * parts<T>;
      const bool half = columns <= vector_width<C>,
                 whole = columns == (half ? vector_width<C> : tile_columns<C>);
      const C* b = packed_b_;
      int64_t b_row = tile_columns<C>;
      if (pack_b_) {
        b += j * parts<T> * depth;
      } else if (whole) {
        b = reinterpret_cast<const C*>(&b_.at(p, j0 + j));
        b_row = b_.row;
      } else {
        pack_b(packed_b_, b_, p, k, j0 + j, n - j);
      }
      const bool dense = whole && target.dense();
      for (int64_t i = 0; i < m; i += tile_rows) {
        const int64_t rows = least(tile_rows, m - i);
        const int64_t column = (j_out + j) * parts<T>;
        if (dense && (rows == tile_rows || !pack_a_)) {
          tile(i0, i, rows, p, depth, b, b_row, half, target.tile(i_out + i, column));
        } else {
          C buffer[tile_rows * tile_columns<C>];
          tile(i0, i, rows, p, depth, b, b_row, half, TileTarget<C>{buffer, tile_columns<C>, C(1), C(0)});
          target.put(buffer, i_out + i, rows, column, columns);
        }
      }
    }
  }

  WICK_INLINE void tile(int64_t i0, int64_t i, int64_t rows, int64_t p, int64_t depth, const C* b,
                        int64_t b_row, bool half, const TileTarget<C>& target) {
    if (pack_a_) {
      const C* a = packed_a_ + i * depth;
      if (half)
        packed_tile<C, 1>(depth, a, b, b_row, target);
      else
        packed_tile<C, 2>(depth, a, b, b_row, target);
    } else if constexpr (stored_as_computed<T>) {
      strided_tiles<C>.at[rows - 1][half ? 0 : 1](depth, reinterpret_cast<const C*>(&a_.at(i0 + i, p)),
                                                  a_.row, a_.column, b, b_row, target);
    }
  }

  Source<T> a_, b_;
  int64_t m_, n_, k_;
  bool pack_a_ = false, pack_b_ = false;
  C* packed_a_ = nullptr;
  C* packed_b_ = nullptr;
  void* memory_ = nullptr;
  alignas(64) char small_[small_bytes];
};

template <class T, class Out>
bool narrow_product(const Gemm& g, const Source<T>& a, const Source<T>& b) {
  Product<T, Out> product(a, b, g.m, g.n, g.k);
  if (!product.reserve()) return false;
  product.run(0, g.m, 0, g.n, {static_cast<Out*>(g.c), g.c_row, g.c_column, g.alpha, g.beta});
  return true;
}

template <class T, class Out>
bool wide_product(const Gemm& g, const Source<T>& a, const Source<T>& b) {
  const int64_t rows = least(wide_rows, g.m), columns = least(wide_columns, g.n);
  using Sum = Wide<Out>;
  Product<T, Sum> product(a, b, g.m, g.n, g.k);
  Sum* sums = static_cast<Sum*>(__builtin_malloc(static_cast<size_t>(rows * columns) * sizeof(Sum)));
  if (!sums || !product.reserve()) {
    __builtin_free(sums);
    return false;
  }
  for (int64_t i = 0; i < g.m; i += rows) {
    for (int64_t j = 0; j < g.n; j += columns) {
      const int64_t m = least(rows, g.m - i), n = least(columns, g.n - j);
      product.run(i, m, j, n, {sums, columns, 1, 1, 0});
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t c = 0; c < n; ++c) {
          Out& out = static_cast<Out*>(g.c)[(i + r) * g.c_row + (j + c) * g.c_column];
          const Sum x = scaled(g.alpha, sums[r * columns + c]);
          out = cast<Out>(g.beta == 0 ? x : scaled(g.beta, cast<Sum>(out)) + x);
        }
      }
    }
  }
  __builtin_free(sums);
  return true;
}

// Nothing is summed.
template <class T, class Out>
void scale(const Gemm& g) {
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      Out& out = static_cast<Out*>(g.c)[i * g.c_row + j * g.c_column];
      out = g.beta == 0 ? Out{} : g.beta == 1 ? out : scaled(g.beta, out);
    }
  }
}

// Where B is so small that it stays in registers: many rows of three, batches of tiny matrices. Sums are in
// the order of the tiles.
constexpr int64_t small_side = 4;

template <class T, int k, int n>
void times_small(const Gemm& g) {
  using C = Compute<T>;
  const T* b = static_cast<const T*>(g.b);
  C right[k][n];
  WICK_UNROLL
  for (int p = 0; p < k; ++p) {
    WICK_UNROLL
    for (int j = 0; j < n; ++j) right[p][j] = static_cast<C>(b[p * g.b_row + j * g.b_column]);
  }
  const T* a = static_cast<const T*>(g.a);
  T* c = static_cast<T*>(g.c);
  const bool plain = g.alpha == 1 && g.beta == 0;
  for (int64_t i = 0; i < g.m; ++i, a += g.a_row, c += g.c_row) {
    C sum[n] = {};
    WICK_UNROLL
    for (int p = 0; p < k; ++p) {
      const C left = static_cast<C>(a[p * g.a_column]);
      WICK_UNROLL
      for (int j = 0; j < n; ++j) sum[j] += left * right[p][j];
    }
    WICK_UNROLL
    for (int j = 0; j < n; ++j) {
      T& out = c[j * g.c_column];
      if (plain) {
        out = static_cast<T>(sum[j]);
      } else {
        const C x = scaled(g.alpha, sum[j]);
        out = static_cast<T>(g.beta == 0 ? x : scaled(g.beta, static_cast<C>(out)) + x);
      }
    }
  }
}

using SmallProduct = void (*)(const Gemm&);

// By k - 1 and n - 1; n is at least 2.
template <class T>
struct SmallProducts {
  SmallProduct at[small_side][small_side];

  constexpr SmallProducts() : at{} { fill<0>(); }

 private:
  template <int i>
  constexpr void fill() {
    if constexpr (i < small_side * small_side) {
      constexpr int k = i / small_side + 1, n = i % small_side + 1;
      if constexpr (n > 1) at[k - 1][n - 1] = times_small<T, k, n>;
      fill<i + 1>();
    }
  }
};
template <class T>
inline constexpr SmallProducts<T> small_products;

// So few products that copies would cost more.
constexpr int64_t tiny = 64;

template <class T>
bool tiny_product(const Gemm& g) {
  using C = Compute<T>;
  const T* a = static_cast<const T*>(g.a);
  const T* b = static_cast<const T*>(g.b);
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.n; ++j) {
      C sum = 0;
      for (int64_t p = 0; p < g.k; ++p) {
        sum +=
            static_cast<C>(a[i * g.a_row + p * g.a_column]) * static_cast<C>(b[p * g.b_row + j * g.b_column]);
      }
      T& c = static_cast<T*>(g.c)[i * g.c_row + j * g.c_column];
      if (g.alpha != 1) sum = scaled(g.alpha, sum);
      c = static_cast<T>(g.beta == 0 ? sum : scaled(g.beta, static_cast<C>(c)) + sum);
    }
  }
  return true;
}

template <class T>
bool product(const Gemm& given) {
  using Out = WithoutHalf<T>;
  Gemm g = given;
  if (g.m <= 0 || g.n <= 0) return true;
  if (g.k <= 0) {
    scale<T, Out>(g);
    return true;
  }
  if (g.n == 1 || g.m == 1) return vector_product<T, Out>(g);
  if constexpr (stored_as_computed<T>) {
    if (g.k <= small_side && g.n <= small_side) {
      small_products<T>.at[g.k - 1][g.n - 1](g);
      return true;
    }
    if (g.m * g.n * g.k <= tiny) return tiny_product<T>(g);
  }
  // Rows of C are dense; else its transpose is B^T A^T.
  if (g.c_column != 1 && g.c_row == 1) g = transposed(g);
  const Source<T> a{static_cast<const T*>(g.a), g.a_row, g.a_column, g.conjugate_a};
  const Source<T> b{static_cast<const T*>(g.b), g.b_row, g.b_column, g.conjugate_b};
  if constexpr (!same<Wide<Out>, Out>) {
    if (g.k > longest_narrow_sum) return wide_product<T, Out>(g, a, b);
  }
  return narrow_product<T, Out>(g, a, b);
}

}  // namespace

void add_products(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> != Class::Bool) table.gemm[i] = product<T>;
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
