#pragma once

#include "wick/kernels/vector.h"

// The innermost part of the matrix product: a tile of C that stays in registers while k goes by.

namespace wick {
inline namespace WICK_LEVEL {

#if defined(__AVX512F__)
inline constexpr int tile_rows = 12;
#else
inline constexpr int tile_rows = 6;
#endif
template <class C>
inline constexpr int tile_columns = 2 * vector_width<C>;

// Where a tile goes: C = alpha times the tile, plus beta C unless beta is 0.
template <class C>
struct TileTarget {
  C* c;
  int64_t row;  // elements from a row to the next; columns are dense
  C alpha, beta;
};

// A tile of `rows` rows and `vectors` vectors of columns. Element (i, p) of A is at a[i * a_row + p *
// a_column], row p of B at b + p * b_row. Every element of C sums over p in the same order whatever the
// tile's size.
template <class C, int rows, int vectors>
WICK_INLINE void multiply_tile(int64_t k, const C* a, int64_t a_row, int64_t a_column, const C* b,
                               int64_t b_row, const TileTarget<C>& target) {
  for (int i = 0; i < rows; ++i) __builtin_prefetch(target.c + i * target.row, 1);
  Vector<C> sum[rows][vectors] = {};
  for (int64_t p = 0; p < k; ++p) {
    Vector<C> right[vectors];
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) right[v] = load_vector(b + v * vector_width<C>);
    WICK_UNROLL
    for (int i = 0; i < rows; ++i) {
      const C left = a[i * a_row];
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) sum[i][v] += left * right[v];
    }
    a += a_column;
    b += b_row;
  }
  const auto [c, row, alpha, beta] = target;
  const auto each = [&](auto f) {
    WICK_UNROLL
    for (int i = 0; i < rows; ++i) {
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) f(c + i * row + v * vector_width<C>, sum[i][v]);
    }
  };
  if (alpha != C(1)) each([&](C*, Vector<C>& x) { x *= alpha; });
  if (beta == C(0)) {
    each([](C* to, Vector<C> x) { store_vector(to, x); });
  } else if (beta == C(1)) {
    each([](C* to, Vector<C> x) { store_vector(to, load_vector(to) + x); });
  } else {
    each([&](C* to, Vector<C> x) { store_vector(to, beta * load_vector(to) + x); });
  }
}

// A packed so that the rows of a tile lie side by side.
template <class C, int vectors>
__attribute__((noinline)) void packed_tile(int64_t k, const C* a, const C* b, int64_t b_row,
                                           const TileTarget<C>& target) {
  multiply_tile<C, tile_rows, vectors>(k, a, 1, tile_rows, b, b_row, target);
}

template <class C, int rows, int vectors>
void strided_tile(int64_t k, const C* a, int64_t a_row, int64_t a_column, const C* b, int64_t b_row,
                  const TileTarget<C>& target) {
  multiply_tile<C, rows, vectors>(k, a, a_row, a_column, b, b_row, target);
}

template <class C>
using StridedTile = void (*)(int64_t, const C*, int64_t, int64_t, const C*, int64_t, const TileTarget<C>&);

// By rows - 1 and vectors - 1.
template <class C>
struct StridedTiles {
  StridedTile<C> at[tile_rows][2];

  constexpr StridedTiles() : at{} { fill<0>(); }

 private:
  template <int i>
  constexpr void fill() {
    if constexpr (i < tile_rows) {
      at[i][0] = strided_tile<C, i + 1, 1>;
      at[i][1] = strided_tile<C, i + 1, 2>;
      fill<i + 1>();
    }
  }
};
template <class C>
inline constexpr StridedTiles<C> strided_tiles;

}  // namespace WICK_LEVEL
}  // namespace wick
