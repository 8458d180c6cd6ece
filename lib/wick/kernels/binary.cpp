#include "wick/kernels/half_rows.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Binary;
using kernels::Compare;

// clang-format off
struct AddOf { template <class C> static C f(C x, C y) { return x + y; } };
struct SubOf { template <class C> static C f(C x, C y) { return x - y; } };
struct MulOf { template <class C> static C f(C x, C y) { return x * y; } };
struct DivOf { template <class C> static C f(C x, C y) { return x / y; } };
struct BitAndOf { template <class C> static C f(C x, C y) { return x & y; } };
struct BitOrOf { template <class C> static C f(C x, C y) { return x | y; } };
struct BitXorOf { template <class C> static C f(C x, C y) { return x ^ y; } };
// On the element type; a NaN on either side is the result.
struct MaximumOf { template <class T> static T f(T x, T y) { return (x > y) | (x != x) ? x : y; } };
struct MinimumOf { template <class T> static T f(T x, T y) { return (x < y) | (x != x) ? x : y; } };
struct EqOf { template <class T> static bool f(T x, T y) { return x == y; } };
struct NeOf { template <class T> static bool f(T x, T y) { return !(x == y); } };
struct LtOf { template <class T> static bool f(T x, T y) { return x < y; } };
struct LeOf { template <class T> static bool f(T x, T y) { return x <= y; } };
struct GtOf { template <class T> static bool f(T x, T y) { return x > y; } };
struct GeOf { template <class T> static bool f(T x, T y) { return x >= y; } };
// clang-format on

template <class T, class Op>
void arithmetic(const Block& b, const void*) {
  compute2<T>(b, [](Compute<T> x, Compute<T> y) { return Op::f(x, y); });
}

template <class T, class Op>
void choice(const Block& b, const void*) {
  compute2<T, WithoutHalf<T>>(b, [](WithoutHalf<T> x, WithoutHalf<T> y) { return Op::f(x, y); });
}

template <class T, class Op>
void comparison(const Block& b, const void*) {
  elementwise2<bool, T>(b, [](T x, T y) { return Op::f(cast<WithoutHalf<T>>(x), cast<WithoutHalf<T>>(y)); });
}

template <class T>
void add_scaled(const Block& b, const void* parameters) {
  using C = Compute<T>;
  C factor;
  if constexpr (is_whole<T>) {
    factor = static_cast<C>(*static_cast<const int64_t*>(parameters));
  } else {
    factor = cast<C>(*static_cast<const double*>(parameters));
  }
  compute2<T>(b, [factor](C x, C y) { return x + factor * y; });
}

// The truncated quotient of integers; 0 where the divisor is 0.
template <class T>
void divide_truncated(const Block& b, const void*) {
  elementwise2<T, T>(b, [](T x, T y) {
    if (y == 0) return T(0);
    if constexpr (T(-1) < T(0)) {
      if (y == T(-1)) return static_cast<T>(Compute<T>(0) - static_cast<Compute<T>>(x));
    }
    return static_cast<T>(x / y);
  });
}

// Bits shifted out are lost; a count outside the width leaves nothing, or only signs.
template <class T, bool left>
void shift(const Block& b, const void*) {
  constexpr Compute<T> width = 8 * sizeof(T);
  elementwise2<T, T>(b, [](T x, T count) {
    const auto n = static_cast<Compute<T>>(count);
    if constexpr (left) {
      return n < width ? static_cast<T>(static_cast<Compute<T>>(x) << n) : T(0);
    } else {
      return static_cast<T>(n < width ? x >> n : x < T(0) ? T(-1) : T(0));
    }
  });
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  const auto set = [&](Binary op, Loop loop) { t.binary[op][dtype] = loop; };
  const auto compare = [&](Compare op, Loop loop) { t.compare[op][dtype] = loop; };
  set(Binary::Add, arithmetic<T, AddOf>);
  set(Binary::Mul, arithmetic<T, MulOf>);
  set(Binary::AddScaled, add_scaled<T>);
  if constexpr (class_of<T> != Class::Bool) set(Binary::Sub, arithmetic<T, SubOf>);
  if constexpr (!is_whole<T>) set(Binary::Div, arithmetic<T, DivOf>);
  if constexpr (class_of<T> == Class::Integer) {
    set(Binary::DivTrunc, divide_truncated<T>);
    set(Binary::ShiftLeft, shift<T, true>);
    set(Binary::ShiftRight, shift<T, false>);
  }
  if constexpr (is_whole<T>) {
    set(Binary::BitAnd, arithmetic<T, BitAndOf>);
    set(Binary::BitOr, arithmetic<T, BitOrOf>);
    set(Binary::BitXor, arithmetic<T, BitXorOf>);
  }
  compare(Compare::Eq, comparison<T, EqOf>);
  compare(Compare::Ne, comparison<T, NeOf>);
  if constexpr (class_of<T> != Class::Complex) {
    set(Binary::Maximum, choice<T, MaximumOf>);
    set(Binary::Minimum, choice<T, MinimumOf>);
    compare(Compare::Lt, comparison<T, LtOf>);
    compare(Compare::Le, comparison<T, LeOf>);
    compare(Compare::Gt, comparison<T, GtOf>);
    compare(Compare::Ge, comparison<T, GeOf>);
  }
}

}  // namespace

void add_binary(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
