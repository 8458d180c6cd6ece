#include "wick/kernels/quantize.h"

#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

// Compiled without contraction: PyTorch's levels come of products and sums that are rounded one by one.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Quantize;
using kernels::QuantizeLimits;
using kernels::RequantizeParameters;

// clang-format off
template <class Q> struct LimitsOf;
template <> struct LimitsOf<uint8_t> { static constexpr int32_t low = 0, high = 255; };
template <> struct LimitsOf<int8_t> { static constexpr int32_t low = -128, high = 127; };
template <> struct LimitsOf<int32_t> { static constexpr int32_t low = INT32_MIN, high = INT32_MAX; };
// clang-format on

WICK_INLINE float rounded(float x) { return __builtin_rintf(x); }
WICK_INLINE double rounded(double x) { return __builtin_rint(x); }

// Rows are worked on in stretches of so many elements, step by step: the compiler vectorizes no loop that
// goes from float to bytes at once.
constexpr int64_t stretch = 512;

// The same value for every element.
template <class T>
struct Repeated {
  T value;
  WICK_INLINE T operator[](int64_t) const { return value; }
};

// What does not fit goes to the nearest level, NaN to the zero point.
template <class Q>
WICK_INLINE int32_t level_of(float scaled, int32_t zero_point) {
  float r = rounded(scaled);
  r = r == r ? r : 0.0f;
  if constexpr (sizeof(Q) == 4) {
    // In double, which holds all sums of a clamped level and a zero point.
    double level = static_cast<double>(r) + zero_point;
    level = level < LimitsOf<Q>::low ? LimitsOf<Q>::low : level;
    level = level > LimitsOf<Q>::high ? LimitsOf<Q>::high : level;
    return static_cast<int32_t>(level);
  } else {
    const float low = static_cast<float>(LimitsOf<Q>::low - zero_point);
    const float high = static_cast<float>(LimitsOf<Q>::high - zero_point);
    r = r < low ? low : r;
    r = r > high ? high : r;
    return static_cast<int32_t>(r) + zero_point;
  }
}

template <class Q>
WICK_INLINE float number_of(int32_t level, float scale, int32_t zero_point) {
  if constexpr (sizeof(Q) == 4) {
    return static_cast<float>(static_cast<double>(level) - zero_point) * scale;
  } else {
    return static_cast<float>(level - zero_point) * scale;
  }
}

template <class Q, class X, class R, class Z>
WICK_INLINE void to_levels(Q* out, X x, R reciprocals, Z zero_points, int64_t n) {
  int32_t levels[stretch];
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) levels[i] = level_of<Q>(x[i] * reciprocals[i], zero_points[i]);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<Q>(levels[i]);
}

template <class Q, class S, class Z>
WICK_INLINE void to_numbers(float* out, const Q* levels, S scales, Z zero_points, int64_t n) {
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) out[i] = number_of<Q>(levels[i], scales[i], zero_points[i]);
}

// n elements, where they lie or copied into the buffer.
template <class T>
WICK_INLINE const T* dense(const char* from, int64_t step, int64_t n, T* buffer) {
  if (step == sizeof(T)) return reinterpret_cast<const T*>(from);
  for (int64_t i = 0; i < n; ++i) buffer[i] = *reinterpret_cast<const T*>(from + i * step);
  return buffer;
}

// Calls f(out, in, scales, reciprocals, zero points, n) for stretches of a block of these four operands.
template <class Out, class In, class Z, class F>
WICK_INLINE void with_scale(const Block& b, F f) {
  Out out_buffer[stretch];
  In in_buffer[stretch];
  float scale_buffer[stretch], reciprocals[stretch];
  Z zero_buffer[stretch];
  for (int64_t r = 0; r < b.rows; ++r) {
    for (int64_t from = 0; from < b.n; from += stretch) {
      const int64_t n = b.n - from < stretch ? b.n - from : stretch;
      char* data[4];
      for (int k = 0; k < 4; ++k) data[k] = b.data[k] + r * b.row_step[k] + from * b.step[k];
      const bool direct = b.step[0] == sizeof(Out);
      Out* out = direct ? reinterpret_cast<Out*>(data[0]) : out_buffer;
      const In* in = dense(data[1], b.step[1], n, in_buffer);
      if (b.step[2] == 0 && b.step[3] == 0) {
        const float scale = *reinterpret_cast<const float*>(data[2]);
        f(out, in, Repeated<float>{scale}, Repeated<float>{1.0f / scale},
          Repeated<Z>{*reinterpret_cast<const Z*>(data[3])}, n);
      } else {
        const float* scales = dense(data[2], b.step[2], n, scale_buffer);
        WICK_IVDEP
        for (int64_t i = 0; i < n; ++i) reciprocals[i] = 1.0f / scales[i];
        f(out, in, scales, static_cast<const float*>(reciprocals), dense(data[3], b.step[3], n, zero_buffer),
          n);
      }
      if (!direct) {
        for (int64_t i = 0; i < n; ++i) *reinterpret_cast<Out*>(data[0] + i * b.step[0]) = out[i];
      }
    }
  }
}

template <class Q>
void quantize(const Block& b, const void*) {
  with_scale<Q, float, int32_t>(
      b, [](Q * out, const float* x, auto, auto reciprocals, auto zero_points, int64_t n)
             __attribute__((always_inline)) { to_levels(out, x, reciprocals, zero_points, n); });
}

template <class Q>
void dequantize(const Block& b, const void*) {
  with_scale<float, Q, int32_t>(
      b, [](float* out, const Q* levels, auto scales, auto, auto zero_points, int64_t n)
             __attribute__((always_inline)) { to_numbers(out, levels, scales, zero_points, n); });
}

struct SumOf {
  static WICK_INLINE float f(float x, float y, float factor) { return x + factor * y; }
};
struct ProductOf {
  static WICK_INLINE float f(float x, float y, float) { return x * y; }
};

template <class Q, class Op>
void requantize(const Block& b, const void* parameters) {
  const RequantizeParameters p = *static_cast<const RequantizeParameters*>(parameters);
  Q levels[stretch], out_buffer[stretch];
  float x[stretch], y[stretch];
  for (int64_t r = 0; r < b.rows; ++r) {
    for (int64_t from = 0; from < b.n; from += stretch) {
      const int64_t n = b.n - from < stretch ? b.n - from : stretch;
      char* data[3];
      for (int k = 0; k < 3; ++k) data[k] = b.data[k] + r * b.row_step[k] + from * b.step[k];
      to_numbers(x, dense(data[1], b.step[1], n, levels), Repeated<float>{p.a_scale},
                 Repeated<int32_t>{p.a_zero_point}, n);
      to_numbers(y, dense(data[2], b.step[2], n, levels), Repeated<float>{p.b_scale},
                 Repeated<int32_t>{p.b_zero_point}, n);
      WICK_IVDEP
      for (int64_t i = 0; i < n; ++i) x[i] = Op::f(x[i], y[i], p.factor);
      const bool direct = b.step[0] == sizeof(Q);
      Q* out = direct ? reinterpret_cast<Q*>(data[0]) : out_buffer;
      to_levels(out, static_cast<const float*>(x), Repeated<float>{1.0f / p.scale},
                Repeated<int32_t>{p.zero_point}, n);
      if (!direct) {
        for (int64_t i = 0; i < n; ++i) *reinterpret_cast<Q*>(data[0] + i * b.step[0]) = out[i];
      }
    }
  }
}

// A level before it is clamped, with the lowest and highest that there are; where the zero point is a whole
// number, all three are counted from it.
template <class T, bool shifted>
struct FakeLevel {
  T level, low, high;
  WICK_INLINE FakeLevel(T x, float reciprocal, T zero_point, const QuantizeLimits& limits) {
    const T scaled = x * static_cast<T>(reciprocal);
    level = rounded(shifted ? scaled + zero_point : scaled);
    low = static_cast<T>(limits.low) - (shifted ? T(0) : zero_point);
    high = static_cast<T>(limits.high) - (shifted ? T(0) : zero_point);
  }
};

template <class T, bool shifted>
void fake(const Block& b, const void* parameters) {
  const QuantizeLimits limits = *static_cast<const QuantizeLimits*>(parameters);
  with_scale<T, T, T>(
      b, [=](T * out, const T* x, auto scales, auto reciprocals, auto zero_points, int64_t n)
             __attribute__((always_inline)) {
               WICK_IVDEP
               for (int64_t i = 0; i < n; ++i) {
                 const T zero_point = zero_points[i];
                 const FakeLevel<T, shifted> at(x[i], reciprocals[i], zero_point, limits);
                 const T middle = shifted ? zero_point : T(0);
                 T level = at.level == at.level ? at.level : middle;
                 level = level < at.low ? at.low : level;
                 level = level > at.high ? at.high : level;
                 if constexpr (shifted) {
                   // Fractions of levels: rounded once.
                   out[i] = static_cast<T>((static_cast<double>(level) - middle) * scales[i] + 0.0);
                 } else {
                   out[i] = level * static_cast<T>(scales[i]) + T(0);  // no negative zeros
                 }
               }
             });
}

template <class T, bool shifted>
void inside(const Block& b, const void* parameters) {
  const QuantizeLimits limits = *static_cast<const QuantizeLimits*>(parameters);
  with_scale<bool, T, T>(
      b, [=](bool* out, const T* x, auto, auto reciprocals, auto zero_points, int64_t n)
             __attribute__((always_inline)) {
               WICK_IVDEP
               for (int64_t i = 0; i < n; ++i) {
                 const FakeLevel<T, shifted> at(x[i], reciprocals[i], zero_points[i], limits);
                 out[i] = (at.level >= at.low) & (at.level <= at.high);
               }
             });
}

}  // namespace

void add_quantization(kernels::Table& table) {
  each_dtype([&]<int i>() {
    using T = typename TypeAt<i>::type;
    if constexpr (same<T, uint8_t> || same<T, int8_t> || same<T, int32_t>) {
      table.quantize[Quantize::Quantize][i] = quantize<T>;
      table.quantize[Quantize::Dequantize][i] = dequantize<T>;
      table.quantize[Quantize::Add][i] = requantize<T, SumOf>;
      table.quantize[Quantize::Mul][i] = requantize<T, ProductOf>;
    } else if constexpr (class_of<T> == Class::Real) {
      table.quantize[Quantize::Fake][i] = fake<T, false>;
      table.quantize[Quantize::FakeShifted][i] = fake<T, true>;
      table.quantize[Quantize::Inside][i] = inside<T, false>;
      table.quantize[Quantize::InsideShifted][i] = inside<T, true>;
    }
  });
}

}  // namespace WICK_LEVEL
}  // namespace wick
