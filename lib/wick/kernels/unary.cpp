#include "wick/kernels/buffers.h"
#include "wick/kernels/registration.h"
#include "wick/kernels/trigonometry.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Unary;

// clang-format off
// What each function computes on a Compute<T>, and with a `df` the gradient of its argument from that of its
// result and the argument x, or the result y.
struct NegOf        { template <class C> static C f(C x) { return -x; } };
struct SquareOf     { template <class C> static C f(C x) { return x * x; }
                      template <class C> static C df(C g, C x) { return g * (x + x); } };
struct ReciprocalOf { template <class C> static C f(C x) { return C{1} / x; }
                      template <class C> static C df(C g, C y) { return -g * (y * y); } };
struct ExpOf        { template <class C> static C f(C x) { return exp(x); } };
struct LogOf        { template <class C> static C f(C x) { return log(x); } };
struct SqrtOf       { template <class C> static C f(C x) { return sqrt(x); }
                      template <class C> static C df(C g, C y) { return g / (y + y); } };
struct RsqrtOf      { template <class C> static C f(C x) { return C{1} / sqrt(x); }
                      template <class C> static C df(C g, C y) { return g * (C(-0.5) * (y * y * y)); } };
struct SigmoidOf    { template <class C> static C f(C x) { return sigmoid(x); }
                      template <class C> static C df(C g, C y) { return g * (C(1) - y) * y; } };
struct TanhOf       { template <class C> static C f(C x) { return tanh(x); }
                      template <class C> static C df(C g, C y) { return g * (C(1) - y * y); } };
struct ErfOf        { template <class C> static C f(C x) { return erf(x); }
                      template <class C> static C df(C g, C x) { return g * (exp(-x * x) * C(0x1.20dd750429b6dp0)); } };
struct Exp2Of       { template <class C> static C f(C x) { return exp2(x); }
                      template <class C> static C df(C g, C y) { return g * (y * C(0x1.62e42fefa39efp-1)); } };
struct Expm1Of      { template <class C> static C f(C x) { return expm1(x); }
                      template <class C> static C df(C g, C y) { return g * (y + C(1)); } };
struct Log1pOf      { template <class C> static C f(C x) { return log1p(x); }
                      template <class C> static C df(C g, C x) { return g / (x + C(1)); } };
// With the C library's for large arguments.
struct SinOf {
  template <class C> static C f(C x) { return sin(x); }
  static float by_libm(float x) { return __builtin_sinf(x); }
  static double by_libm(double x) { return __builtin_sin(x); }
};
struct CosOf {
  template <class C> static C f(C x) { return cos(x); }
  static float by_libm(float x) { return __builtin_cosf(x); }
  static double by_libm(double x) { return __builtin_cos(x); }
};
struct TanOf {
  template <class C> static C f(C x) { return tan(x); }
  template <class C> static C df(C g, C y) { return g * (y * y + C(1)); }
  static float by_libm(float x) { return __builtin_tanf(x); }
  static double by_libm(double x) { return __builtin_tan(x); }
};
struct BitNotOf     { template <class C> static C f(C x) { return ~x; } };
// Integers near x; round takes halves to the even one.
struct FloorOf { static float f(float x) { return __builtin_floorf(x); } static double f(double x) { return __builtin_floor(x); } };
struct CeilOf  { static float f(float x) { return __builtin_ceilf(x); } static double f(double x) { return __builtin_ceil(x); } };
struct RoundOf { static float f(float x) { return __builtin_rintf(x); } static double f(double x) { return __builtin_rint(x); } };
struct TruncOf { static float f(float x) { return __builtin_truncf(x); } static double f(double x) { return __builtin_trunc(x); } };
struct FracOf  { template <class C> static C f(C x) { return x - TruncOf::f(x); } };
// On the element type itself: the sign matters. The larger of x and -x, for which there are vectors of 64 bits.
struct AbsOf {
  template <class T>
  static T f(T x) {
    if constexpr (T(-1) > T(0)) return x;
    const T opposite = T(Compute<T>(0) - Compute<T>(x));
    return x < opposite ? opposite : x;
  }
};
// 0 for NaN, as PyTorch has it.
struct SignOf       { template <class T> static T f(T x) { return x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0); } };
struct ReluOf       { template <class T> static T f(T x) { return x < T(0) ? T(0) : x; }
                      template <class T> static T df(T g, T y) { return y <= T(0) ? T(0) : g; } };
// clang-format on

// -0.0 and NaN keep their bits but for the sign.
struct RealAbsOf {
  static float f(float x) { return __builtin_fabsf(x); }
  static double f(double x) { return __builtin_fabs(x); }
  template <class C>
  static C df(C g, C x) {
    return g * SignOf::f(x);
  }
};

template <class T, class Op>
void loop(const Block& b, const void*) {
  compute1<T>(b, [](Compute<T> x) { return Op::f(x); });
}
template <class T, class Op>
void plain_loop(const Block& b, const void*) {
  elementwise1<T, T>(b, [](T x) { return Op::f(x); });
}

WICK_INLINE bool is_far(float x) { return (x > float(turns)) | (x < -float(turns)); }
WICK_INLINE bool is_far(double x) { return (x > turns) | (x < -turns); }

// Large arguments are rare: a stretch with one is gone through element by element.
template <class C, class Op>
void dense_angles(C* out, const C* x, int64_t n, const void* parameters) {
  int any_far = 0;
  for (int64_t i = 0; i < n; ++i) any_far |= is_far(x[i]);
  if (!any_far) return dense_values<C, Op>(out, x, n, parameters);
  for (int64_t i = 0; i < n; ++i) out[i] = is_far(x[i]) ? Op::by_libm(x[i]) : Op::f(x[i]);
}
template <class T, class Op>
void angle_loop(const Block& b, const void*) {
  run1<T>(b, dense_angles<Compute<T>, Op>, nullptr);
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  const auto set = [&](Unary op, Loop loop_function) { t.unary[op][dtype] = loop_function; };
  if constexpr (class_of<T> == Class::Bool) return;
  if constexpr (class_of<T> != Class::Bool) {
    set(Unary::Neg, loop<T, NegOf>);
    set(Unary::Square, loop<T, SquareOf>);
  }
  if constexpr (class_of<T> == Class::Integer) {
    set(Unary::Abs, plain_loop<T, AbsOf>);
    set(Unary::Sign, plain_loop<T, SignOf>);
    set(Unary::Relu, plain_loop<T, ReluOf>);
    set(Unary::BitNot, loop<T, BitNotOf>);
  }
  if constexpr (class_of<T> == Class::Half || class_of<T> == Class::Real) {
    set(Unary::Abs, loop<T, RealAbsOf>);
    set(Unary::Sign, loop<T, SignOf>);
    set(Unary::Relu, loop<T, ReluOf>);
    set(Unary::Exp, buffered_loop<T, ExpOf>);
    set(Unary::Log, buffered_loop<T, LogOf>);
    set(Unary::Sqrt, loop<T, SqrtOf>);
    set(Unary::Sigmoid, buffered_loop<T, SigmoidOf>);
    set(Unary::Tanh, buffered_loop<T, TanhOf>);
    set(Unary::Erf, buffered_loop<T, ErfOf>);
    set(Unary::Exp2, buffered_loop<T, Exp2Of>);
    set(Unary::Expm1, buffered_loop<T, Expm1Of>);
    set(Unary::Log1p, buffered_loop<T, Log1pOf>);
    set(Unary::Sin, angle_loop<T, SinOf>);
    set(Unary::Cos, angle_loop<T, CosOf>);
    set(Unary::Tan, angle_loop<T, TanOf>);
    set(Unary::Reciprocal, loop<T, ReciprocalOf>);
    set(Unary::Rsqrt, loop<T, RsqrtOf>);
    set(Unary::Floor, loop<T, FloorOf>);
    set(Unary::Ceil, loop<T, CeilOf>);
    set(Unary::Round, loop<T, RoundOf>);
    set(Unary::Trunc, loop<T, TruncOf>);
    set(Unary::Frac, loop<T, FracOf>);
    const auto set_gradient = [&]<class Op>(Unary op, Op) { t.gradient[op][dtype] = gradient_loop<T, Op>; };
    set_gradient(Unary::Abs, RealAbsOf{});
    set_gradient(Unary::Relu, ReluOf{});
    set_gradient(Unary::Square, SquareOf{});
    set_gradient(Unary::Reciprocal, ReciprocalOf{});
    set_gradient(Unary::Sqrt, SqrtOf{});
    set_gradient(Unary::Rsqrt, RsqrtOf{});
    set_gradient(Unary::Sigmoid, SigmoidOf{});
    set_gradient(Unary::Tanh, TanhOf{});
    set_gradient(Unary::Tan, TanOf{});
    set_gradient(Unary::Erf, ErfOf{});
    set_gradient(Unary::Exp2, Exp2Of{});
    set_gradient(Unary::Expm1, Expm1Of{});
    set_gradient(Unary::Log1p, Log1pOf{});
  }
}

}  // namespace

void add_unary(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
