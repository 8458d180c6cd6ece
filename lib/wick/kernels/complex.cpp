// Functions of complex numbers, by the C++ library: compiled once, for all levels.

#include <cmath>
#include <complex>

#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {

void add_complex(kernels::Table& table);

namespace {

using kernels::Binary;
using kernels::Unary;

// clang-format off
template <class C> C exp_of(C x)     { return std::exp(x); }
template <class C> C log_of(C x)     { return std::log(x); }
template <class C> C log2_of(C x)    { return std::log(x) / std::log(typename C::value_type(2)); }
template <class C> C log10_of(C x)   { return std::log10(x); }
template <class C> C sqrt_of(C x)    { return std::sqrt(x); }
template <class C> C inverse_of(C x) { return C(1) / x; }
template <class C> C rsqrt_of(C x)   { return C(1) / std::sqrt(x); }
template <class C> C sigmoid_of(C x) { return C(1) / (C(1) + std::exp(-x)); }
template <class C> C sin_of(C x)     { return std::sin(x); }
template <class C> C cos_of(C x)     { return std::cos(x); }
template <class C> C tan_of(C x)     { return std::tan(x); }
template <class C> C asin_of(C x)    { return std::asin(x); }
template <class C> C acos_of(C x)    { return std::acos(x); }
template <class C> C atan_of(C x)    { return std::atan(x); }
template <class C> C sinh_of(C x)    { return std::sinh(x); }
template <class C> C cosh_of(C x)    { return std::cosh(x); }
template <class C> C tanh_of(C x)    { return std::tanh(x); }
template <class C> C asinh_of(C x)   { return std::asinh(x); }
template <class C> C acosh_of(C x)   { return std::acosh(x); }
template <class C> C atanh_of(C x)   { return std::atanh(x); }
// clang-format on

// Small integer exponents by multiplication, which is exact where it can be; 0^0 is 1, and 0 to a power with
// a positive real part 0.
template <class C>
C pow_of(C x, C e) {
  using T = typename C::value_type;
  if (e == C(0)) return C(1);
  if (x == C(0) && e.real() > 0) return C(0);
  if (e.imag() == 0 && std::fabs(e.real()) <= 16 && e.real() == std::trunc(e.real())) {
    const bool inverse = e.real() < 0;
    C result(1), square = x;
    for (int n = static_cast<int>(std::fabs(e.real())); n > 0; n /= 2) {
      if (n % 2 == 1) result *= square;
      square *= square;
    }
    return inverse ? C(T(1)) / result : result;
  }
  return std::pow(x, e);
}

template <class C>
C& element(const Block& b, int operand, int64_t row, int64_t i) {
  return *reinterpret_cast<C*>(b.data[operand] + row * b.row_step[operand] + i * b.step[operand]);
}

template <class C, C (*function)(C)>
void unary(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    for (int64_t i = 0; i < b.n; ++i) element<C>(b, 0, r, i) = function(element<C>(b, 1, r, i));
  }
}

template <class C, C (*function)(C, C)>
void binary(const Block& b, const void*) {
  for (int64_t r = 0; r < b.rows; ++r) {
    for (int64_t i = 0; i < b.n; ++i)
      element<C>(b, 0, r, i) = function(element<C>(b, 1, r, i), element<C>(b, 2, r, i));
  }
}

template <class C>
void register_loops(kernels::Table& t, int dtype) {
  const auto set = [&](Unary op, Loop loop) { t.unary[op][dtype] = loop; };
  set(Unary::Exp, unary<C, exp_of>);
  set(Unary::Log, unary<C, log_of>);
  set(Unary::Log2, unary<C, log2_of>);
  set(Unary::Log10, unary<C, log10_of>);
  set(Unary::Sqrt, unary<C, sqrt_of>);
  set(Unary::Rsqrt, unary<C, rsqrt_of>);
  set(Unary::Reciprocal, unary<C, inverse_of>);
  set(Unary::Sigmoid, unary<C, sigmoid_of>);
  set(Unary::Sin, unary<C, sin_of>);
  set(Unary::Cos, unary<C, cos_of>);
  set(Unary::Tan, unary<C, tan_of>);
  set(Unary::Asin, unary<C, asin_of>);
  set(Unary::Acos, unary<C, acos_of>);
  set(Unary::Atan, unary<C, atan_of>);
  set(Unary::Sinh, unary<C, sinh_of>);
  set(Unary::Cosh, unary<C, cosh_of>);
  set(Unary::Tanh, unary<C, tanh_of>);
  set(Unary::Asinh, unary<C, asinh_of>);
  set(Unary::Acosh, unary<C, acosh_of>);
  set(Unary::Atanh, unary<C, atanh_of>);
  t.binary[Binary::Pow][dtype] = binary<C, pow_of>;
}

}  // namespace

void add_complex(kernels::Table& table) {
  register_loops<std::complex<float>>(table, 10);
  register_loops<std::complex<double>>(table, 11);
}

}  // namespace WICK_LEVEL
}  // namespace wick
