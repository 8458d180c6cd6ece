#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

template <class To, class From>
void copy(const Block& b, const void*) {
  elementwise1<To, From>(b, [](From x) { return cast<To>(x); });
}

// An element that is only moved.
struct Bits16 {
  uint64_t low, high;
};

// A square of `side` x `side` elements at a time is read along the source's dense dimension into the cache's
// first level, then written along the destination's.
template <class T>
void transpose(const Block& b, const void*) {
  constexpr int side = 128 / sizeof(T) > 32 ? 32 : 128 / sizeof(T);
  T tile[side][side];
  for (int64_t r0 = 0; r0 < b.rows; r0 += side) {
    const int rows = static_cast<int>(b.rows - r0 < side ? b.rows - r0 : side);
    for (int64_t c0 = 0; c0 < b.n; c0 += side) {
      const int columns = static_cast<int>(b.n - c0 < side ? b.n - c0 : side);
      const char* in = b.data[1] + r0 * b.row_step[1] + c0 * b.step[1];
      char* out = b.data[0] + r0 * b.row_step[0] + c0 * b.step[0];
      if (rows == side && columns == side) {
        for (int c = 0; c < side; ++c) {
          const T* x = reinterpret_cast<const T*>(in + c * b.step[1]);
          for (int r = 0; r < side; ++r) tile[r][c] = x[r];
        }
        for (int r = 0; r < side; ++r) __builtin_memcpy(out + r * b.row_step[0], tile[r], sizeof tile[r]);
      } else {
        for (int c = 0; c < columns; ++c) {
          const T* x = reinterpret_cast<const T*>(in + c * b.step[1]);
          for (int r = 0; r < rows; ++r)
            *reinterpret_cast<T*>(out + r * b.row_step[0] + c * b.step[0]) = x[r];
        }
      }
    }
  }
}

template <class T>
void select(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    char* out = b.data[0] + r * b.row_step[0];
    const char* condition = b.data[1] + r * b.row_step[1];
    const char* yes = b.data[2] + r * b.row_step[2];
    const char* no = b.data[3] + r * b.row_step[3];
    if (b.step[0] == sizeof(T) && b.step[1] == 1 && b.step[2] == sizeof(T) && b.step[3] == sizeof(T)) {
      T* o = reinterpret_cast<T*>(out);
      const T* x = reinterpret_cast<const T*>(yes);
      const T* y = reinterpret_cast<const T*>(no);
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = condition[i] ? x[i] : y[i];
    } else {
      for (int64_t i = 0; i < b.n; ++i) {
        *reinterpret_cast<T*>(out + i * b.step[0]) = condition[i * b.step[1]]
                                                         ? *reinterpret_cast<const T*>(yes + i * b.step[2])
                                                         : *reinterpret_cast<const T*>(no + i * b.step[3]);
      }
    }
  }
}

}  // namespace

void add_copies(kernels::Table& table) {
  each_dtype([&]<int to>() {
    each_dtype([&]<int from>() {
      table.copy[to][from] = copy<typename TypeAt<to>::type, typename TypeAt<from>::type>;
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
