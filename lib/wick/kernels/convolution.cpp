#include "wick/kernels/convolution.h"

#include "wick/kernels/lane_sums.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/tile.h"
#include "wick/kernels/transpose.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::ConvolutionKernels;

// What a convolution is computed in.
template <class T>
struct ConvolvedType {
  using type = Compute<T>;
};
template <class T>
requires(is_whole<T>) struct ConvolvedType<T> {
  using type = unsigned long;
};
template <class T>
using Convolved = typename ConvolvedType<T>::type;

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// The positions i with 0 <= origin + i * stride < size are [first, last).
struct Inside {
  int64_t first, last;
};
WICK_INLINE Inside inside(int64_t origin, int64_t stride, int64_t size, int64_t count) {
  const int64_t first = origin < 0 ? least((stride - 1 - origin) / stride, count) : 0;
  const int64_t last = origin < size ? least((size - origin + stride - 1) / stride, count) : 0;
  return {first, last < first ? first : last};
}

template <class T>
WICK_INLINE void cut_row(Convolved<T>* to, const T* from, int64_t step, int64_t n) {
  using C = Convolved<T>;
  if (step == 1) {
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) to[i] = cast<C>(from[i]);
  } else if (step == 2) {
    WICK_IVDEP
    for (int64_t i = 0; i < n; ++i) to[i] = cast<C>(from[2 * i]);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = cast<C>(from[i * step]);
  }
}

template <class T>
void cut(const kernels::CutArguments& a) {
  using C = Convolved<T>;
  C* to = static_cast<C*>(a.to);
  const auto zeros = [](C* at, int64_t n) {
    for (int64_t i = 0; i < n; ++i) at[i] = 0;
  };
  const auto [p0, p1] = inside(a.origin[0], a.stride[0], a.size[0], a.count[0]);
  const auto [r0, r1] = inside(a.origin[1], a.stride[1], a.size[1], a.count[1]);
  const auto [c0, c1] = inside(a.origin[2], a.stride[2], a.size[2], a.count[2]);
  const int64_t width = a.count[2], plane = a.count[1] * width, step = a.stride[2] * a.step[2];
  zeros(to, p0 * plane);
  for (int64_t p = p0; p < p1; ++p) {
    C* row = to + p * plane;
    zeros(row, r0 * width);
    row += r0 * width;
    for (int64_t r = r0; r < r1; ++r, row += width) {
      const T* from = static_cast<const T*>(a.from) + (a.origin[0] + p * a.stride[0]) * a.step[0] +
                      (a.origin[1] + r * a.stride[1]) * a.step[1] + a.origin[2] * a.step[2] + c0 * step;
      zeros(row, c0);
      cut_row(row + c0, from, step, c1 - c0);
      zeros(row + c1, width - c1);
    }
    zeros(row, (a.count[1] - r1) * width);
  }
  zeros(to + p1 * plane, (a.count[0] - p1) * plane);
}

// Rows of the result are computed by blocks of about the same size, so that none is much less efficient.
struct RowBlocks {
  int64_t rows, count;

  explicit RowBlocks(int64_t n) : rows(n), count((n + tile_rows - 1) / tile_rows) {}
  int64_t begin(int64_t i) const { return rows / count * i + least(i, rows % count); }
};

template <class T>
void arrange(const kernels::WeightArguments& a) {
  using C = Convolved<T>;
  const RowBlocks blocks(a.rows);
  bool dense = same<T, C> && a.depth > 0;
  for (int64_t t = 1; dense && t < a.depth; ++t) dense = a.offset[t] == a.offset[0] + t;
  C* to = static_cast<C*>(a.to);
  for (int64_t i = 0; i < blocks.count; ++i) {
    const int64_t k0 = blocks.begin(i), rows = blocks.begin(i + 1) - k0;
    const T* from = static_cast<const T*>(a.from) + k0 * a.row;
    if constexpr (same<T, C>) {
      if (dense) {
        copy_transposed(to, rows, from + a.offset[0], a.row, a.depth, rows);
        to += rows * a.depth;
        continue;
      }
    }
    for (int64_t t = 0; t < a.depth; ++t) {
      for (int64_t k = 0; k < rows; ++k) *to++ = cast<C>(from[k * a.row + a.offset[t]]);
    }
  }
}

// Vectors of positions that a tile of so many rows takes, so that there are sums enough to hide the latency
// of an addition, and not more than registers.
constexpr int tile_vectors(int rows) { return rows <= 2 ? 4 : rows == 3 ? 3 : 2; }

template <class C, int rows, int vectors>
void shifted_tile(int64_t depth, const C* weights, const C* buffer, const int64_t* shift, C* to,
                  int64_t to_row, bool first) {
  Vector<C> sum[rows][vectors] = {};
  for (int64_t t = 0; t < depth; ++t) {
    const C* from = buffer + shift[t];
    Vector<C> right[vectors];
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) right[v] = load_vector(from + v * vector_width<C>);
    WICK_UNROLL
    for (int k = 0; k < rows; ++k) {
      const C left = weights[k];
      WICK_UNROLL
      for (int v = 0; v < vectors; ++v) sum[k][v] += left * right[v];
    }
    weights += rows;
  }
  WICK_UNROLL
  for (int k = 0; k < rows; ++k) {
    WICK_UNROLL
    for (int v = 0; v < vectors; ++v) {
      C* at = to + k * to_row + v * vector_width<C>;
      store_vector(at, first ? sum[k][v] : load_vector(at) + sum[k][v]);
    }
  }
}

template <class C>
using ShiftedTile = void (*)(int64_t, const C*, const C*, const int64_t*, C*, int64_t, bool);

// By rows - 1; narrow ones take one vector.
template <class C>
struct ShiftedTiles {
  ShiftedTile<C> wide[tile_rows];
  ShiftedTile<C> narrow[tile_rows];

  constexpr ShiftedTiles() : wide{}, narrow{} { fill<1>(); }

 private:
  template <int rows>
  constexpr void fill() {
    if constexpr (rows <= tile_rows) {
      wide[rows - 1] = shifted_tile<C, rows, tile_vectors(rows)>;
      narrow[rows - 1] = shifted_tile<C, rows, 1>;
      fill<rows + 1>();
    }
  }
};
template <class C>
inline constexpr ShiftedTiles<C> shifted_tiles;

// So many terms at a time: what they read of the buffer, and the weights of a block of rows, stay in the
// first cache; and sums are taken in pieces.
constexpr int64_t terms_together = 192;

template <class T>
class Product {
 public:
  using C = Convolved<T>;

  explicit Product(const kernels::ShiftedProduct& arguments)
      : a_(arguments),
        blocks_(arguments.rows),
        together_(ConvolutionKernels::together(arguments.rows)),
        scratch_row_(ConvolutionKernels::scratch_row(arguments.rows)) {}

  void run() const {
    const int64_t planes = a_.count[0], length = (a_.count[1] - 1) * a_.pitch + a_.count[2];
    if (length < ConvolutionKernels::long_plane) return run((planes - 1) * a_.plane + length, 0);
    for (int64_t i = 0; i < planes; ++i) run(length, i * a_.plane);
  }

 private:
  // In pieces of about the same size, of whole vectors.
  void run(int64_t length, int64_t from) const {
    const int64_t pieces = (length + together_ - 1) / together_;
    const int64_t size = ((length + pieces - 1) / pieces + vector_width<C> - 1) & -int64_t{vector_width<C>};
    for (int64_t p = 0; p < length; p += size) {
      const int64_t n = least(size, length - p);
      compute(from + p, n);
      put(from + p, n);
    }
  }

  void compute(int64_t p, int64_t n) const {
    C* scratch = static_cast<C*>(a_.scratch);
    const C* buffer = static_cast<const C*>(a_.buffer) + p;
    int64_t t = 0;
    do {  // once also where there is nothing to add
      const int64_t terms = least(terms_together, a_.depth - t);
      for (int64_t i = 0; i < blocks_.count; ++i) {
        const int64_t k = blocks_.begin(i), rows = blocks_.begin(i + 1) - k;
        const C* weights = static_cast<const C*>(a_.weights) + k * a_.depth + t * rows;
        const auto tile = [&](const ShiftedTile<C>* tiles, int64_t x) {
          tiles[rows - 1](terms, weights, buffer + x, a_.shift + t, scratch + k * scratch_row_ + x,
                          scratch_row_, t == 0);
        };
        const int64_t wide = tile_vectors(static_cast<int>(rows)) * vector_width<C>;
        int64_t x = 0;
        for (; x + wide - vector_width<C> < n; x += wide) tile(shifted_tiles<C>.wide, x);
        for (; x < n; x += vector_width<C>) tile(shifted_tiles<C>.narrow, x);
      }
      t += terms_together;
    } while (t < a_.depth);
  }

  // What belongs to the result of positions [p, p + n).
  void put(int64_t p, int64_t n) const {
    int64_t a = p / a_.plane, b = p % a_.plane / a_.pitch, c = p % a_.plane % a_.pitch;
    for (int64_t x = 0; x < n;) {
      // A row, or what is between planes, ends.
      const bool inside = b < a_.count[1];
      const int64_t row = (inside ? a_.pitch : a_.plane - b * a_.pitch) - c;
      if (inside && c < a_.count[2]) {
        put_row(a * a_.out_step[0] + b * a_.out_step[1] + c * a_.out_step[2], x,
                least(least(row, n - x), a_.count[2] - c));
      }
      x += row;
      c = 0;
      b = inside ? b + 1 : 0;
      a += inside ? 0 : 1;
      if (b * a_.pitch == a_.plane) {
        b = 0;
        ++a;
      }
    }
  }

  WICK_INLINE void put_row(int64_t offset, int64_t x, int64_t n) const {
    const C* from = static_cast<const C*>(a_.scratch) + x;
    const int64_t step = a_.out_step[2];
    for (int64_t k = 0; k < a_.rows; ++k, from += scratch_row_) {
      T* to = static_cast<T*>(a_.out) + k * a_.out_row + offset;
      const C bias = a_.bias ? cast<C>(static_cast<const T*>(a_.bias)[k]) : C(0);
      if (step == 1) {
        WICK_IVDEP
        for (int64_t i = 0; i < n; ++i) to[i] = cast<T>(from[i] + bias);
      } else {
        for (int64_t i = 0; i < n; ++i) to[i * step] = cast<T>(from[i] + bias);
      }
    }
  }

  const kernels::ShiftedProduct& a_;
  RowBlocks blocks_;
  int64_t together_, scratch_row_;
};

template <class T>
void product(const kernels::ShiftedProduct& arguments) {
  Product<T>(arguments).run();
}

// Terms that a tile of the weights' gradient takes with so many rows; there are four at most.
constexpr int gradient_rows = 4, most_gradient_terms = 8;
constexpr int gradient_terms(int rows) { return rows == 1 ? 8 : rows == 2 ? 4 : 3; }

// A piece of the positions in some planes.
template <class C>
struct GradientPiece {
  int64_t planes, positions;
  const C* gradient;
  int64_t gradient_row, gradient_plane;
  const C* buffer;
  int64_t buffer_plane;
};

template <class C, int rows, int terms>
void gradient_tile(const GradientPiece<C>& a, const int64_t* shift, double* sums, int64_t sums_row) {
  constexpr int whole = (rows * terms + 3) / 4 * 4;
  Vector<C> sum[whole] = {};
  for (int64_t plane = 0; plane < a.planes; ++plane) {
    const C* gradient = a.gradient + plane * a.gradient_plane;
    const C* from[terms];
    WICK_UNROLL
    for (int t = 0; t < terms; ++t) from[t] = a.buffer + plane * a.buffer_plane + shift[t];
    for (int64_t p = 0; p < a.positions; p += vector_width<C>) {
      Vector<C> right[terms];
      WICK_UNROLL
      for (int t = 0; t < terms; ++t) right[t] = load_vector(from[t] + p);
      WICK_UNROLL
      for (int k = 0; k < rows; ++k) {
        const Vector<C> left = load_vector(gradient + k * a.gradient_row + p);
        WICK_UNROLL
        for (int t = 0; t < terms; ++t) sum[k * terms + t] += left * right[t];
      }
    }
  }
  C total[whole];
  WICK_UNROLL
  for (int i = 0; i < whole; i += 4) {
    const Vector<C> four[4] = {sum[i], sum[i + 1], sum[i + 2], sum[i + 3]};
    sums_of_lanes<C>(four, total + i);
  }
  WICK_UNROLL
  for (int k = 0; k < rows; ++k) {
    WICK_UNROLL
    for (int t = 0; t < terms; ++t) sums[k * sums_row + t] += static_cast<double>(total[k * terms + t]);
  }
}

template <class C>
using GradientTile = void (*)(const GradientPiece<C>&, const int64_t*, double*, int64_t);

// By rows - 1 and terms - 1.
template <class C>
struct GradientTiles {
  GradientTile<C> at[gradient_rows][most_gradient_terms];

  constexpr GradientTiles() : at{} { fill<0>(); }

 private:
  template <int i>
  constexpr void fill() {
    if constexpr (i < gradient_rows * most_gradient_terms) {
      constexpr int rows = i / most_gradient_terms + 1, terms = i % most_gradient_terms + 1;
      if constexpr (terms <= gradient_terms(rows)) at[rows - 1][terms - 1] = gradient_tile<C, rows, terms>;
      fill<i + 1>();
    }
  }
};
template <class C>
inline constexpr GradientTiles<C> gradient_tiles;

// Positions at a time, so that what a tile reads stays in the first cache, and sums in float are short.
constexpr int64_t positions_together = 1024;

template <class C>
void gradient_of_piece(const kernels::WeightGradient& a, const GradientPiece<C>& whole) {
  const int64_t blocks = (a.rows + gradient_rows - 1) / gradient_rows;
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t k = a.rows * i / blocks, rows = a.rows * (i + 1) / blocks - k;
    const int64_t terms = gradient_terms(static_cast<int>(rows));
    GradientPiece<C> piece = whole;
    piece.gradient += k * a.gradient_row;
    for (int64_t t = 0; t < a.depth; t += terms) {
      gradient_tiles<C>.at[rows - 1][least(terms, a.depth - t) - 1](piece, a.shift + t,
                                                                    a.sums + k * a.sums_row + t, a.sums_row);
    }
  }
}

template <class T>
void weight_gradient(const kernels::WeightGradient& a) {
  using C = Convolved<T>;
  const int64_t planes = a.positions < positions_together ? positions_together / a.positions : 1;
  for (int64_t i = 0; i < a.planes; i += planes) {
    for (int64_t p = 0; p < a.positions; p += positions_together) {
      gradient_of_piece<C>(
          a, {least(planes, a.planes - i), least(positions_together, a.positions - p),
              static_cast<const C*>(a.gradient) + i * a.gradient_plane + p, a.gradient_row, a.gradient_plane,
              static_cast<const C*>(a.buffer) + i * a.buffer_plane + p, a.buffer_plane});
    }
  }
}

}  // namespace

void add_convolutions(kernels::Table& table) {
  static kernels::ConvolutionKernels all;
  each_dtype([]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (class_of<T> != Class::Complex && class_of<T> != Class::Bool) {
      all.of[i] = {cut<T>, arrange<T>, product<T>, nullptr};
      if constexpr (!is_whole<T>) all.of[i].weight_gradient = weight_gradient<T>;
    }
  });
  table.convolution = &all;
}

}  // namespace WICK_LEVEL
}  // namespace wick
