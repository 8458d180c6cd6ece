#pragma once

#include "wick/core/half.h"
#include "wick/kernels/table.h"

// What the loops know of element types: conversions, arithmetic that wraps instead of overflowing, and the
// type to compute in.

#if defined(__clang__)
#define WICK_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define WICK_IVDEP _Pragma("GCC ivdep")
#endif
#define WICK_UNROLL _Pragma("GCC unroll 16")
#define WICK_INLINE inline __attribute__((always_inline))

namespace wick {
inline namespace WICK_LEVEL {

using kernels::Block;
using kernels::Loop;

template <class T>
struct Complex {
  T re, im;
  friend WICK_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  friend WICK_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
  friend WICK_INLINE Complex operator-(Complex a) { return {-a.re, -a.im}; }
  friend WICK_INLINE Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend WICK_INLINE Complex operator/(Complex a, Complex b) {
    // Scaled by the larger part of the divisor, so that its square does not overflow.
    const T scale = __builtin_fabs(b.re) > __builtin_fabs(b.im) ? static_cast<T>(__builtin_fabs(b.re))
                                                                : static_cast<T>(__builtin_fabs(b.im));
    const T re = b.re / scale, im = b.im / scale, norm = re * b.re + im * b.im;
    if (scale == 0) return {a.re / scale, a.im / scale};
    return {(a.re * re + a.im * im) / norm, (a.im * re - a.re * im) / norm};
  }
  friend WICK_INLINE bool operator==(Complex a, Complex b) { return a.re == b.re && a.im == b.im; }
};

// The C++ type of each dtype, in the order of wick::DType.
template <int dtype>
struct TypeAt;
// clang-format off
template <> struct TypeAt<0> { using type = bool; };
template <> struct TypeAt<1> { using type = uint8_t; };
template <> struct TypeAt<2> { using type = int8_t; };
template <> struct TypeAt<3> { using type = int16_t; };
template <> struct TypeAt<4> { using type = int32_t; };
template <> struct TypeAt<5> { using type = int64_t; };
template <> struct TypeAt<6> { using type = Half; };
template <> struct TypeAt<7> { using type = BFloat16; };
template <> struct TypeAt<8> { using type = float; };
template <> struct TypeAt<9> { using type = double; };
template <> struct TypeAt<10> { using type = Complex<float>; };
template <> struct TypeAt<11> { using type = Complex<double>; };

enum class Class { Bool, Integer, Half, Real, Complex };
template <class T> inline constexpr Class class_of = Class::Integer;
template <> inline constexpr Class class_of<bool> = Class::Bool;
template <> inline constexpr Class class_of<Half> = Class::Half;
template <> inline constexpr Class class_of<BFloat16> = Class::Half;
template <> inline constexpr Class class_of<float> = Class::Real;
template <> inline constexpr Class class_of<double> = Class::Real;
template <class T> inline constexpr Class class_of<Complex<T>> = Class::Complex;
template <class T> inline constexpr bool is_whole = class_of<T> <= Class::Integer;

template <class A, class B> inline constexpr bool same = false;
template <class A> inline constexpr bool same<A, A> = true;

// What arithmetic is done in: half precision in float, integers unsigned, where overflow wraps.
template <class T> struct ComputeType { using type = T; };
template <> struct ComputeType<bool> { using type = unsigned; };
template <> struct ComputeType<uint8_t> { using type = unsigned; };
template <> struct ComputeType<int8_t> { using type = unsigned; };
template <> struct ComputeType<int16_t> { using type = unsigned; };
template <> struct ComputeType<int32_t> { using type = unsigned; };
template <> struct ComputeType<int64_t> { using type = unsigned long; };
template <> struct ComputeType<Half> { using type = float; };
template <> struct ComputeType<BFloat16> { using type = float; };
template <class T> using Compute = typename ComputeType<T>::type;

// Half precision as float, all else as it is: what is compared, and what products are stored as.
template <class T> struct WithoutHalfType { using type = T; };
template <> struct WithoutHalfType<Half> { using type = float; };
template <> struct WithoutHalfType<BFloat16> { using type = float; };
template <class T> using WithoutHalf = typename WithoutHalfType<T>::type;

// What long sums of T are added up in: float in double.
template <class T> struct WideType { using type = T; };
template <> struct WideType<float> { using type = double; };
template <> struct WideType<Complex<float>> { using type = Complex<double>; };
template <class T> using Wide = typename WideType<T>::type;

// The type of a complex number's parts, else T.
template <class T> struct RealType { using type = T; };
template <class T> struct RealType<Complex<T>> { using type = T; };
template <class T> using RealOf = typename RealType<T>::type;
// clang-format on

static_assert(sizeof(unsigned long) == 8 && sizeof(unsigned) == 4);

// Conversion between element types: floating point to integer truncates, and what does not fit gives what the
// processor's own conversion gives; complex to real keeps the real part.
template <class To, class From>
WICK_INLINE To cast(From x) {
  if constexpr (same<To, From>) {
    return x;
  } else if constexpr (class_of<From> == Class::Complex) {
    if constexpr (class_of<To> == Class::Complex) {
      using Part = decltype(To{}.re);
      return {static_cast<Part>(x.re), static_cast<Part>(x.im)};
    } else if constexpr (class_of<To> == Class::Bool) {
      return x.re != 0 || x.im != 0;
    } else {
      return cast<To>(x.re);
    }
  } else if constexpr (class_of<From> == Class::Half) {
    return cast<To>(static_cast<float>(x));
  } else if constexpr (class_of<To> == Class::Complex) {
    using Part = decltype(To{}.re);
    return {static_cast<Part>(x), Part(0)};
  } else if constexpr (class_of<To> == Class::Half) {
    // Rounded once; what has no more than 24 bits is a float already.
    if constexpr (same<From, double> || sizeof(From) > 4 || same<From, int32_t>) {
      return To(static_cast<double>(x));
    } else {
      return To(static_cast<float>(x));
    }
  } else if constexpr (class_of<To> == Class::Bool) {
    return x != 0;
  } else if constexpr (class_of<From> == Class::Real && is_whole<To>) {
    if constexpr (sizeof(To) == 8 || same<To, uint8_t>) {
      const bool fits = x >= From(-0x1p63) && x < From(0x1p63);
      return static_cast<To>(fits ? static_cast<int64_t>(x) : INT64_MIN);
    } else {
      const bool fits = x > From(-0x1.000001p31) && x < From(0x1p31);
      return static_cast<To>(fits ? static_cast<int32_t>(x) : INT32_MIN);
    }
  } else {
    return static_cast<To>(x);
  }
}

// An element that has a distance of more than its size to the next one of a loop. Complex ones are loaded as
// a vector, because GCC 12.2 (bug 107451) reads one more than there are where it vectorizes such a loop over
// pairs.
template <class T>
WICK_INLINE T load_alone(const T* x) {
  if constexpr (class_of<T> == Class::Complex) {
    typedef decltype(x->re) Pair __attribute__((vector_size(sizeof(T))));
    Pair pair;
    __builtin_memcpy(&pair, x, sizeof pair);
    return {pair[0], pair[1]};
  } else {
    return *x;
  }
}

// Runs f over a block of one input, and of two. Dense rows and rows with a repeated operand get loops of
// their own, which the compiler vectorizes.
template <class Out, class In, class F>
WICK_INLINE void elementwise1(const Block& b, F f) {
  for (int64_t r = 0; r < b.rows; ++r) {
    char* out = b.data[0] + r * b.row_step[0];
    const char* in = b.data[1] + r * b.row_step[1];
    if (b.step[0] == sizeof(Out) && b.step[1] == sizeof(In)) {
      Out* o = reinterpret_cast<Out*>(out);
      const In* x = reinterpret_cast<const In*>(in);
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(x[i]);
    } else if (b.step[0] == sizeof(Out) && b.step[1] == 0) {
      Out* o = reinterpret_cast<Out*>(out);
      const Out value = f(*reinterpret_cast<const In*>(in));
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = value;
    } else {
      for (int64_t i = 0; i < b.n; ++i) {
        *reinterpret_cast<Out*>(out + i * b.step[0]) = f(*reinterpret_cast<const In*>(in + i * b.step[1]));
      }
    }
  }
}

template <class Out, class In, class F>
WICK_INLINE void elementwise2(const Block& b, F f) {
  for (int64_t r = 0; r < b.rows; ++r) {
    char* out = b.data[0] + r * b.row_step[0];
    const char* left = b.data[1] + r * b.row_step[1];
    const char* right = b.data[2] + r * b.row_step[2];
    Out* o = reinterpret_cast<Out*>(out);
    const In* x = reinterpret_cast<const In*>(left);
    const In* y = reinterpret_cast<const In*>(right);
    if (b.step[0] == sizeof(Out) && b.step[1] == sizeof(In) && b.step[2] == sizeof(In)) {
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(x[i], y[i]);
    } else if (b.step[0] == sizeof(Out) && b.step[1] == sizeof(In) && b.step[2] == 0) {
      const In repeated = *y;
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(x[i], repeated);
    } else if (b.step[0] == sizeof(Out) && b.step[1] == 0 && b.step[2] == sizeof(In)) {
      const In repeated = *x;
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(repeated, y[i]);
    } else {
      for (int64_t i = 0; i < b.n; ++i) {
        *reinterpret_cast<Out*>(out + i * b.step[0]) = f(*reinterpret_cast<const In*>(left + i * b.step[1]),
                                                         *reinterpret_cast<const In*>(right + i * b.step[2]));
      }
    }
  }
}

// Whether this level has kernels of its own for the dtype. One that is built for floating point alone leaves
// the others to the level below, whose kernels are then as fast, and small.
#if defined(WICK_FLOATING_ALONE)
template <class T>
inline constexpr bool in_level = class_of<T> == Class::Half || class_of<T> == Class::Real;
#else
template <class T>
inline constexpr bool in_level = true;
#endif

// Calls f.template operator()<i>() for the number i of each dtype of the level.
template <int i = 0, class F>
WICK_INLINE void each_dtype(F f) {
  if constexpr (i < kernels::dtypes) {
    if constexpr (in_level<typename TypeAt<i>::type>) f.template operator()<i>();
    each_dtype<i + 1>(f);
  }
}

}  // namespace WICK_LEVEL
}  // namespace wick
