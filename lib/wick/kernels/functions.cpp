#include "wick/kernels/buffers.h"
#include "wick/kernels/hyperbolic.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Unary;

// x^2 + 1 = square / over^2 without leaving the range.
template <class C>
struct ScaledSquare {
  C over, square;
  WICK_INLINE explicit ScaledSquare(C x) {
    const C size = x < 0 ? -x : x;
    // Of an infinity the square itself.
    over = C(1) / (size > C(1) && size < C(__builtin_inf()) ? size : C(1));
    const C ratio = x * over;
    square = ratio * ratio + over * over;
  }
};

// clang-format off
// As in unary.cpp: values, and gradients from those of the result and the argument x or the result y.
struct AsinOf  { template <class C> static C f(C x) { return asin(x); }
                 template <class C> static C df(C g, C x) { return g / sqrt((C(1) - x) * (C(1) + x)); } };
struct AcosOf  { template <class C> static C f(C x) { return acos(x); }
                 template <class C> static C df(C g, C x) { return -g / sqrt((C(1) - x) * (C(1) + x)); } };
struct AtanOf  { template <class C> static C f(C x) { return atan(x); }
                 template <class C> static C df(C g, C x) { const ScaledSquare<C> s(x);
                                                          return g * s.over * s.over / s.square; } };
struct SinhOf  { template <class C> static C f(C x) { return sinh(x); }
                 template <class C> static C df(C g, C x) { return g * cosh(x); } };
struct CoshOf  { template <class C> static C f(C x) { return cosh(x); }
                 template <class C> static C df(C g, C x) { return g * sinh(x); } };
struct AsinhOf { template <class C> static C f(C x) { return asinh(x); }
                 template <class C> static C df(C g, C x) { const ScaledSquare<C> s(x);
                                                          return g * s.over / sqrt(s.square); } };
struct AcoshOf { template <class C> static C f(C x) { return acosh(x); }
                 template <class C> static C df(C g, C x) { return g / (sqrt(x - C(1)) * sqrt(x + C(1))); } };
struct AtanhOf { template <class C> static C f(C x) { return atanh(x); }
                 template <class C> static C df(C g, C x) { return g / ((C(1) - x) * (C(1) + x)); } };
struct Exp10Of { template <class C> static C f(C x) { return exp10(x); }
                 template <class C> static C df(C g, C y) { return g * (y * C(0x1.26bb1bbb55516p+1)); } };
struct Log2Of  { template <class C> static C f(C x) { return log2(x); }
                 template <class C> static C df(C g, C x) { return g / (x * C(0x1.62e42fefa39efp-1)); } };
struct Log10Of { template <class C> static C f(C x) { return log10(x); }
                 template <class C> static C df(C g, C x) { return g / (x * C(0x1.26bb1bbb55516p+1)); } };
// clang-format on

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    const auto set = [&]<class Op>(Unary op, Op) {
      t.unary[op][dtype] = buffered_loop<T, Op>;
      t.gradient[op][dtype] = gradient_loop<T, Op>;
    };
    set(Unary::Asin, AsinOf{});
    set(Unary::Acos, AcosOf{});
    set(Unary::Atan, AtanOf{});
    set(Unary::Sinh, SinhOf{});
    set(Unary::Cosh, CoshOf{});
    set(Unary::Asinh, AsinhOf{});
    set(Unary::Acosh, AcoshOf{});
    set(Unary::Atanh, AtanhOf{});
    set(Unary::Exp10, Exp10Of{});
    set(Unary::Log2, Log2Of{});
    set(Unary::Log10, Log10Of{});
  }
}

}  // namespace

void add_functions(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
