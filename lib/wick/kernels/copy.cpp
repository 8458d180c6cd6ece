#include "wick/kernels/half_rows.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/transpose.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

// Dense rows of a few elements, or of one that is repeated.
template <class T, int n, bool repeated>
void copy_rows(const Block& b) {
  for (int64_t r = 0; r < b.rows; ++r) {
    char* out = b.data[0] + r * b.row_step[0];
    const char* in = b.data[1] + r * b.row_step[1];
    if constexpr (repeated) {
      const T x = *reinterpret_cast<const T*>(in);
      WICK_UNROLL
      for (int i = 0; i < n; ++i) reinterpret_cast<T*>(out)[i] = x;
    } else {
      __builtin_memcpy(out, in, n * sizeof(T));
    }
  }
}

template <class T, bool repeated>
bool copy_few(const Block& b) {
  switch (b.n) {
    case 2:
      return copy_rows<T, 2, repeated>(b), true;
    case 3:
      return copy_rows<T, 3, repeated>(b), true;
    case 4:
      return copy_rows<T, 4, repeated>(b), true;
    case 5:
      return copy_rows<T, 5, repeated>(b), true;
    case 6:
      return copy_rows<T, 6, repeated>(b), true;
    case 7:
      return copy_rows<T, 7, repeated>(b), true;
    case 8:
      return copy_rows<T, 8, repeated>(b), true;
    default:
      return false;
  }
}

template <class T>
bool copy_narrow(const Block& b) {
  if (b.step[0] != sizeof(T)) return false;
  return b.step[1] == sizeof(T) ? copy_few<T, false>(b) : b.step[1] == 0 && copy_few<T, true>(b);
}

// Rows that are dense in the destination and reversed, or every other element, in the source: with constant
// steps the compiler has shuffles for them.
template <class T, int step>
void copy_stepping(const Block& b) {
  for (int64_t r = 0; r < b.rows; ++r) {
    T* out = reinterpret_cast<T*>(b.data[0] + r * b.row_step[0]);
    const T* in = reinterpret_cast<const T*>(b.data[1] + r * b.row_step[1]);
    WICK_IVDEP
    for (int64_t i = 0; i < b.n; ++i) out[i] = in[step * i];
  }
}

// Elements of one type; only their size matters.
template <class T>
void move(const Block& b, const void*) {
  constexpr int64_t size = sizeof(T);
  if (b.rows > 8 && copy_narrow<T>(b)) return;
  if (b.step[0] == size && b.n >= 8 && size <= 8) {
    if (b.step[1] == -size) return copy_stepping<T, -1>(b);
    if (b.step[1] == 2 * size) return copy_stepping<T, 2>(b);
  }
  elementwise1<T, T>(b, [](T x) { return x; });
}

// What int32 holds is converted so, which vectors can do; a stretch with anything else element by element.
template <class To, class From>
WICK_INLINE void convert_to_integers(To* out, const From* in, int64_t n) {
  constexpr int64_t stretch = 256;
  for (int64_t i = 0; i < n; i += stretch) {
    const int64_t end = n - i < stretch ? n : i + stretch;
    int beyond = 0;
    for (int64_t j = i; j < end; ++j) beyond |= !((in[j] > From(-0x1p31)) & (in[j] < From(0x1p31)));
    if (beyond) {
      for (int64_t j = i; j < end; ++j) out[j] = cast<To>(in[j]);
    } else {
      WICK_IVDEP
      for (int64_t j = i; j < end; ++j) out[j] = static_cast<To>(static_cast<int32_t>(in[j]));
    }
  }
}

template <class To, class From>
void copy(const Block& b, const void*) {
  if constexpr (class_of<From> == Class::Real && (same<To, int64_t> || same<To, uint8_t>)) {
    if (b.step[0] == sizeof(To) && b.step[1] == sizeof(From) && b.n >= 16) {
      for (int64_t r = 0; r < b.rows; ++r)
        convert_to_integers(reinterpret_cast<To*>(b.data[0] + r * b.row_step[0]),
                            reinterpret_cast<const From*>(b.data[1] + r * b.row_step[1]), b.n);
      return;
    }
  }
  if constexpr (same<To, Half> && same<From, float>) {
    if (b.step[0] == sizeof(To) && b.step[1] == sizeof(From)) {
      for (int64_t r = 0; r < b.rows; ++r)
        round_to_half(reinterpret_cast<Half*>(b.data[0] + r * b.row_step[0]),
                      reinterpret_cast<const float*>(b.data[1] + r * b.row_step[1]), b.n);
      return;
    }
  }
  elementwise1<To, From>(b, [](From x) { return cast<To>(x); });
}

// A tile at a time is read along the source's dense dimension, transposed into a buffer, and written along
// the destination's: lines of memory are read and written whole, and where rows lie a power of two apart, so
// that they meet the same sets of the caches, none has to stay there.
template <class T>
void transpose(const Block& b, const void*) {
  constexpr int unit = 16 / sizeof(T), side = sizeof(T) < 4 ? 64 : 256 / sizeof(T);
  alignas(64) T tile[side][side];
  for (int64_t r0 = 0; r0 < b.rows; r0 += side) {
    const int rows = static_cast<int>(b.rows - r0 < side ? b.rows - r0 : side);
    for (int64_t c0 = 0; c0 < b.n; c0 += side) {
      const int columns = static_cast<int>(b.n - c0 < side ? b.n - c0 : side);
      const char* in = b.data[1] + r0 * b.row_step[1] + c0 * b.step[1];
      char* out = b.data[0] + r0 * b.row_step[0] + c0 * b.step[0];
      const auto scalar = [&](int first, int last, int c) {
        const T* x = reinterpret_cast<const T*>(in + c * b.step[1]);
        for (int r = first; r < last; ++r) tile[r][c] = x[r];
      };
      const int whole_rows = rows / unit * unit, whole_columns = columns / unit * unit;
      for (int c = 0; c < whole_columns; c += unit) {
        for (int r = 0; r < whole_rows; r += unit) {
          transpose_square<T>(reinterpret_cast<char*>(&tile[r][c]), sizeof tile[0],
                              in + c * b.step[1] + r * static_cast<int64_t>(sizeof(T)), b.step[1]);
        }
      }
      for (int c = 0; c < whole_columns && whole_rows < rows; ++c) scalar(whole_rows, rows, c);
      for (int c = whole_columns; c < columns; ++c) scalar(0, rows, c);
      const auto bytes = static_cast<uint64_t>(columns) * sizeof(T);
      for (int r = 0; r < rows; ++r) __builtin_memcpy(out + r * b.row_step[0], tile[r], bytes);
    }
  }
}

// An operand along a row: dense, or one element for all of it.
template <class T>
struct Dense {
  const T* at;
  WICK_INLINE T operator[](int64_t i) const { return at[i]; }
};
template <class T>
struct Repeated {
  T value;
  WICK_INLINE T operator[](int64_t) const { return value; }
};

// Calls f with the operand in that form; false where it has neither.
template <class T, class F>
WICK_INLINE bool with_row(const char* data, int64_t step, F f) {
  const T* at = reinterpret_cast<const T*>(data);
  if (step == sizeof(T)) return f(Dense<T>{at});
  if (step == 0) return f(Repeated<T>{*at});
  return false;
}

template <class T>
void select(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    char* out = b.data[0] + r * b.row_step[0];
    const char* condition = b.data[1] + r * b.row_step[1];
    const char* yes = b.data[2] + r * b.row_step[2];
    const char* no = b.data[3] + r * b.row_step[3];
    const bool done = b.step[0] == sizeof(T) && b.step[1] == 1 && with_row<T>(yes, b.step[2], [&](auto x) {
                        return with_row<T>(no, b.step[3], [&](auto y) {
                          T* o = reinterpret_cast<T*>(out);
                          WICK_IVDEP
                          for (int64_t i = 0; i < b.n; ++i) o[i] = condition[i] ? x[i] : y[i];
                          return true;
                        });
                      });
    if (done) continue;
    for (int64_t i = 0; i < b.n; ++i) {
      *reinterpret_cast<T*>(out + i * b.step[0]) = condition[i * b.step[1]]
                                                       ? *reinterpret_cast<const T*>(yes + i * b.step[2])
                                                       : *reinterpret_cast<const T*>(no + i * b.step[3]);
    }
  }
}

}  // namespace

void add_copies(kernels::Table& table) {
  each_dtype([&]<int to>() {
    using To = typename TypeAt<to>::type;
    each_dtype([&]<int from>() {
      if constexpr (from == to) {
        table.copy[to][to] = move<MovedAs<To>>;
      } else {
        table.copy[to][from] = copy<To, typename TypeAt<from>::type>;
      }
    });
  });
  table.transpose[0] = transpose<uint8_t>;
  table.transpose[1] = transpose<uint16_t>;
  table.transpose[2] = transpose<uint32_t>;
  table.transpose[3] = transpose<uint64_t>;
  table.transpose[4] = transpose<Bits16>;
  table.select[0] = select<uint8_t>;
  table.select[1] = select<uint16_t>;
  table.select[2] = select<uint32_t>;
  table.select[3] = select<uint64_t>;
  table.select[4] = select<Bits16>;
}

}  // namespace WICK_LEVEL
}  // namespace wick
