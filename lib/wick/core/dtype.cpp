#include "wick/core/dtype.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "wick/core/fail.h"
#include "wick/core/scalar.h"

namespace wick {

std::optional<DType> dtype_by_name(std::string_view word) {
  for (int i = 0; i < dtype_count; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (word == name(dtype) || word == info(dtype).capital_name) return dtype;
  }
  static constexpr std::pair<std::string_view, DType> synonyms[] = {
      {"float", float32},   {"double", float64}, {"int", int32},        {"long", int64},
      {"short", int16},     {"char", int8},      {"byte", uint8},       {"half", float16},
      {"boolean", boolean}, {"Float", float32},  {"Double", float64},   {"Int", int32},
      {"Long", int64},      {"Half", float16},   {"cfloat", complex64}, {"cdouble", complex128}};
  for (const auto& [synonym, dtype] : synonyms) {
    if (word == synonym) return dtype;
  }
  return std::nullopt;
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (kind(a) != kind(b)) {
    // float64 with a complex dtype: the parts must hold it.
    return a == float64 ? complex128 : b;
  }
  if (a == uint8 && b == int8) return int16;
  if (a == float16 && b == bfloat16) return float32;
  return b;
}

bool dtypes::fits(const Scalar& number, DType dtype) {
  if (kind(dtype) != Kind::Integer) return true;
  const int bits = static_cast<int>(8 * size_of(dtype));
  if (number.kind() <= Kind::Integer && bits == 64) return true;
  const bool is_unsigned = dtype == uint8;
  const double high = std::ldexp(1.0, is_unsigned ? bits : bits - 1);
  const double whole = std::trunc(number.to_double());
  return whole >= (is_unsigned ? 0 : -high) && whole < high;
}

void check_fill_value(const char* operation, const Scalar& value, DType dtype) {
  const bool real_only = !is_complex(dtype) && dtype != boolean;
  if (fits(value, dtype) && !(real_only && value.to_complex().imag() != 0)) return;
  fail(operation, "{} does not fit {}", value, dtype);
}

void Scalar::too_large(std::uint64_t value) { fail("Scalar", "{} does not fit int64", value); }
void Scalar::has_imaginary_part() const { fail("Scalar", "{} is no real number", *this); }

std::int64_t Scalar::checked_int(std::int64_t lowest, std::uint64_t highest) const {
  if (imag_ != 0) has_imaginary_part();
  const bool whole = kind_ <= Kind::Integer;
  const double cut = whole ? 0 : std::trunc(real_);
  const bool inside =
      whole ? integer_ >= lowest && (integer_ < 0 || static_cast<std::uint64_t>(integer_) <= highest)
            : cut >= static_cast<double>(lowest) && cut < static_cast<double>(highest) + 1;
  if (!inside) fail("Scalar", "{} does not lie within {} and {}", *this, lowest, highest);
  if (whole) return integer_;
  // The upper half of uint64 has the bits of a negative number.
  return cut < 0x1p63 ? static_cast<std::int64_t>(cut)
                      : static_cast<std::int64_t>(static_cast<std::uint64_t>(cut));
}

namespace {

// The fewest digits that read back as the number, those of float32 where it is one.
std::string shortest(double x) {
  char text[32];
  const auto narrow = static_cast<float>(x);
  const auto end = static_cast<double>(narrow) == x ? std::to_chars(text, std::end(text), narrow).ptr
                                                    : std::to_chars(text, std::end(text), x).ptr;
  return std::string(text, end);
}

}  // namespace

std::string to_string(const Scalar& number) {
  if (number.kind() <= Kind::Integer) return std::to_string(number.to_int());
  const std::complex<double> z = number.to_complex();
  if (number.kind() != Kind::Complex) return shortest(z.real());
  const std::string imaginary = shortest(z.imag());
  return shortest(z.real()) + (imaginary.front() == '-' ? "" : "+") + imaginary + "j";
}

void check_same_dtype(const char* operation, DType a, DType b) {
  if (a == b) return;
  fail<DTypeError>(operation, "all operands must have the same dtype, {} and {} were given", a, b);
}

}  // namespace wick
