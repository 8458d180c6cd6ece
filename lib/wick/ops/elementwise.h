#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "wick/core/operand.h"

// Element by element, with broadcasting and PyTorch's type promotion. All are differentiable where the
// function is. ShapeError for shapes that do not broadcast, DTypeError for dtypes that the function does not
// take.

namespace WICK_API wick {

// The dtype that an operation on these operands has: tensors with dimensions count first; 0-d tensors, then
// numbers, only matter when their kind (bool, integer, floating, complex) is higher.
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(const Tensor& a, const Scalar& b);

// a + alpha * b. DTypeError for a fractional alpha beside integers; 2.0 is 2 there.
Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);
Tensor add(const Tensor& a, const Scalar& b);
// a - alpha * b; not defined for two bool operands.
Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha = 1);
Tensor sub(const Tensor& a, const Scalar& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Scalar& b);
// True division: integers and bool give float32.
Tensor div(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Scalar& b);
// The quotient rounded to an integer, "trunc" towards zero or "floor" downwards, in the promoted dtype: that
// of integers is exact. Not recorded: the derivative is 0. Error for integers where a divisor is 0.
Tensor div(const Tensor& a, const Tensor& b, std::string_view rounding_mode);
// div(a, b, "floor"), and what the two roundings leave: remainder(a, b) = a - b floor(a / b) has the sign of
// b, fmod(a, b) = a - b trunc(a / b) that of a. Of floating point fmod is exact, and remainder where it is
// fmod: b added to that is rounded. Floor quotients are exact up to 2^51, of float32 up to 2^22. Not defined
// for bool and complex dtypes. The quotient is not recorded: its derivative is 0.
Tensor floor_divide(const Tensor& a, const Tensor& b);
Tensor remainder(const Tensor& a, const Tensor& b);
Tensor fmod(const Tensor& a, const Tensor& b);
// The larger, the smaller of two; NaN when one is NaN.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);

// Bit by bit, of integers and bool.
Tensor bitwise_and(const Tensor& a, const Tensor& b);
Tensor bitwise_or(const Tensor& a, const Tensor& b);
Tensor bitwise_xor(const Tensor& a, const Tensor& b);

// Comparisons give bool. Integers of different dtypes are compared as the numbers they are.
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);

// a where condition (bool) holds, else b. The gradient that is not chosen is 0, but where the derivative
// behind it is infinite or NaN, 0 times that is NaN: let the argument of such a function be chosen instead.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

Tensor neg(const Tensor& x);
// Of complex numbers the distance from 0, a real tensor.
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);
// x / |x|, and 0 of 0; of real numbers the sign.
Tensor sgn(const Tensor& x);
Tensor square(const Tensor& x);
Tensor relu(const Tensor& x);
// These give float32 for integers and bool.
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor reciprocal(const Tensor& x);

// Integers and bool are computed in float32 unless the function says otherwise.
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);
Tensor exp2(const Tensor& x);
Tensor exp10(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor log2(const Tensor& x);
Tensor log10(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor rsqrt(const Tensor& x);
// The error function.
Tensor erf(const Tensor& x);
Tensor deg2rad(const Tensor& x);
Tensor rad2deg(const Tensor& x);

// Whole numbers near x, in its dtype: integers come back as they are; not defined for bool. round takes
// halves to the even neighbour, frac is x - trunc(x) and defined for floating point only.
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);
Tensor trunc(const Tensor& x);
Tensor frac(const Tensor& x);
// The complex conjugate; a real tensor is returned unchanged.
Tensor conj(const Tensor& x);

// The angle of the point (x, y), and its distance from 0. Integers give float32.
Tensor atan2(const Tensor& y, const Tensor& x);
Tensor hypot(const Tensor& x, const Tensor& y);
// log(exp(a) + exp(b)) without leaving the range. Integers give float32.
Tensor logaddexp(const Tensor& a, const Tensor& b);

// start + weight (end - start), for floating point and complex tensors of one dtype; the ends themselves for
// weights 0 and 1, if both are finite.
Tensor lerp(const Tensor& start, const Tensor& end, const Operand& weight);
// x + value a b, and x + value a / b, in the promoted dtype. DTypeError for a fractional value beside
// integers, where 2.0 is 2, and for quotients of integers.
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value = 1);
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value = 1);

// Numbers in place of NaN and the infinities: unless given, 0 and the largest and smallest of the dtype.
// Integers have none. The gradient of what was replaced is 0.
Tensor nan_to_num(const Tensor& x, std::optional<double> nan = std::nullopt,
                  std::optional<double> posinf = std::nullopt, std::optional<double> neginf = std::nullopt);
// Integers stay integers and wrap around. A negative integer as the exponent of integers is an Error; one in
// a tensor of exponents gives 0 but for the bases 1 and -1. Floating point as C99's pow, so that pow(-inf,
// 0.5) is infinite; complex 0^0 is 1.
Tensor pow(const Tensor& base, const Tensor& exponent);
Tensor pow(const Tensor& base, const Scalar& exponent);

// These give bool.
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
// |a - b| <= atol + rtol |b|, or equal; with equal_nan two NaN are close. The difference of integers is
// exact. DTypeError when the dtypes differ.
Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false);
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);
// Whether both have the same sizes and all their elements, of whatever dtypes, are equal as eq compares them.
// NaN equals nothing.
bool equal(const Tensor& a, const Tensor& b);

// Truth of elements that are not 0; any dtypes.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);

// Integers; bitwise_not of bool is logical_not. A shift by a negative count or by more than the width leaves
// nothing, or only signs.
Tensor bitwise_not(const Tensor& x);
Tensor bitwise_left_shift(const Tensor& a, const Tensor& b);
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b);

// The same with a number on either side; that of `add`, `sub`, `mul` and `div` on the right is above.
Tensor add(const Operand& a, const Operand& b);
Tensor sub(const Operand& a, const Operand& b);
Tensor mul(const Operand& a, const Operand& b);
Tensor div(const Operand& a, const Operand& b);
Tensor floor_divide(const Operand& a, const Operand& b);
Tensor remainder(const Operand& a, const Operand& b);
Tensor fmod(const Operand& a, const Operand& b);
Tensor maximum(const Operand& a, const Operand& b);
Tensor minimum(const Operand& a, const Operand& b);
Tensor bitwise_and(const Operand& a, const Operand& b);
Tensor bitwise_or(const Operand& a, const Operand& b);
Tensor bitwise_xor(const Operand& a, const Operand& b);
Tensor bitwise_left_shift(const Operand& a, const Operand& b);
Tensor bitwise_right_shift(const Operand& a, const Operand& b);
Tensor eq(const Operand& a, const Operand& b);
Tensor ne(const Operand& a, const Operand& b);
Tensor lt(const Operand& a, const Operand& b);
Tensor le(const Operand& a, const Operand& b);
Tensor gt(const Operand& a, const Operand& b);
Tensor ge(const Operand& a, const Operand& b);
Tensor where(const Tensor& condition, const Operand& a, const Operand& b);
Tensor atan2(const Operand& y, const Operand& x);
Tensor pow(const Operand& base, const Operand& exponent);
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);

// target += addend, broadcast and converted, in place. Not recorded: while recording is on, GradientError
// when one of the two requires a gradient.
void add_into(const Tensor& target, const Tensor& addend);

}  // namespace wick
