// Functions that the C library computes, which chooses by processor itself: compiled once, for all levels.

#include <math.h>

#include "wick/kernels/element.h"

namespace wick {
inline namespace WICK_LEVEL {

void add_libm(kernels::Table& table);

namespace {

using kernels::Binary;
using kernels::Unary;

// clang-format off
struct AsinOf  { static float f(float x) { return asinf(x); }  static double f(double x) { return asin(x); } };
struct AcosOf  { static float f(float x) { return acosf(x); }  static double f(double x) { return acos(x); } };
struct AtanOf  { static float f(float x) { return atanf(x); }  static double f(double x) { return atan(x); } };
struct SinhOf  { static float f(float x) { return sinhf(x); }  static double f(double x) { return sinh(x); } };
struct CoshOf  { static float f(float x) { return coshf(x); }  static double f(double x) { return cosh(x); } };
struct AsinhOf { static float f(float x) { return asinhf(x); } static double f(double x) { return asinh(x); } };
struct AcoshOf { static float f(float x) { return acoshf(x); } static double f(double x) { return acosh(x); } };
struct AtanhOf { static float f(float x) { return atanhf(x); } static double f(double x) { return atanh(x); } };
struct Exp10Of { static float f(float x) { return powf(10, x); } static double f(double x) { return pow(10, x); } };
struct Log2Of  { static float f(float x) { return log2f(x); }  static double f(double x) { return log2(x); } };
struct Log10Of { static float f(float x) { return log10f(x); } static double f(double x) { return log10(x); } };
struct Atan2Of { static float f(float y, float x) { return atan2f(y, x); } static double f(double y, double x) { return atan2(y, x); } };
struct HypotOf { static float f(float x, float y) { return hypotf(x, y); } static double f(double x, double y) { return hypot(x, y); } };
struct PowOf   { static float f(float b, float e) { return powf(b, e); }   static double f(double b, double e) { return pow(b, e); } };
// clang-format on

// By squaring, wrapping around; a negative exponent leaves what a division of whole numbers does.
template <class T>
T whole_power(T base, T exponent) {
  if constexpr (T(-1) < T(0)) {
    if (exponent < 0) return base == T(1) ? T(1) : base == T(-1) ? (exponent % 2 == 0 ? T(1) : T(-1)) : T(0);
  }
  using C = Compute<T>;
  C result = 1, square = static_cast<C>(base);
  for (auto e = static_cast<C>(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}

template <class T, class Op>
void unary(const Block& b, const void*) {
  elementwise1<T, T>(b, [](T x) { return cast<T>(Op::f(cast<Compute<T>>(x))); });
}
template <class T, class Op>
void binary(const Block& b, const void*) {
  elementwise2<T, T>(b, [](T x, T y) { return cast<T>(Op::f(cast<Compute<T>>(x), cast<Compute<T>>(y))); });
}
template <class T>
void integer_power(const Block& b, const void*) {
  elementwise2<T, T>(b, [](T x, T y) { return whole_power(x, y); });
}

template <class T>
void register_loops(kernels::Table& t, int dtype) {
  const auto set = [&](Unary op, Loop loop) { t.unary[static_cast<int>(op)][dtype] = loop; };
  if constexpr (class_of<T> == Class::Integer)
    t.binary[static_cast<int>(Binary::Pow)][dtype] = integer_power<T>;
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    t.binary[static_cast<int>(Binary::Pow)][dtype] = binary<T, PowOf>;
    t.binary[static_cast<int>(Binary::Atan2)][dtype] = binary<T, Atan2Of>;
    t.binary[static_cast<int>(Binary::Hypot)][dtype] = binary<T, HypotOf>;
    set(Unary::Asin, unary<T, AsinOf>);
    set(Unary::Acos, unary<T, AcosOf>);
    set(Unary::Atan, unary<T, AtanOf>);
    set(Unary::Sinh, unary<T, SinhOf>);
    set(Unary::Cosh, unary<T, CoshOf>);
    set(Unary::Asinh, unary<T, AsinhOf>);
    set(Unary::Acosh, unary<T, AcoshOf>);
    set(Unary::Atanh, unary<T, AtanhOf>);
    set(Unary::Exp10, unary<T, Exp10Of>);
    set(Unary::Log2, unary<T, Log2Of>);
    set(Unary::Log10, unary<T, Log10Of>);
  }
}

}  // namespace

void add_libm(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
