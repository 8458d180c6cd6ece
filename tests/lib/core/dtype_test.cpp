#include <bit>
#include <cmath>

#include "reference.h"

namespace wick::test {

TEST_CASE("dtype: promotion as PyTorch does it") { check_reference("promotion.txt"); }
TEST_CASE("dtype: conversions as PyTorch does them") { check_reference("casts.txt"); }

TEST_CASE("dtype: names") {
  for (const DType t : all_dtypes) {
    CHECK(dtype_by_name(name(t)) == t);
    CHECK(dtype_by_name(info(t).capital_name) == t);
  }
  CHECK(dtype_by_name("double") == float64);
  CHECK(dtype_by_name("long") == int64);
  CHECK(dtype_by_name("half") == float16);
  CHECK_FALSE(dtype_by_name("").has_value());
  CHECK_FALSE(dtype_by_name("float31").has_value());
}

TEST_CASE("dtype: kinds, sizes and C++ types") {
  for (const DType t : all_dtypes) {
    dispatch(t, [&]<class T>(TypeTag<T>) {
      CHECK(dtype_of<T> == t);
      CHECK(sizeof(T) == static_cast<std::size_t>(size_of(t)));
    });
    CHECK(is_differentiable(t) == (is_floating(t) || is_complex(t)));
    CHECK(is_integral(t) != is_differentiable(t));
  }
  CHECK(is_integral(boolean));
  CHECK(real_dtype(complex64) == float32);
  CHECK(real_dtype(complex128) == float64);
  CHECK(real_dtype(int8) == int8);
}

TEST_CASE("dtype: promotion is symmetric and associative enough") {
  for (const DType a : all_dtypes) {
    CHECK(promote_types(a, a) == a);
    for (const DType b : all_dtypes) {
      CHECK(promote_types(a, b) == promote_types(b, a));
      CHECK(promote_types(promote_types(a, b), b) == promote_types(a, b));
    }
  }
}

TEST_CASE("scalar: a number remembers its kind") {
  CHECK(Scalar(true).kind() == Kind::Bool);
  CHECK(Scalar(3).kind() == Kind::Integer);
  CHECK(Scalar(std::uint8_t{3}).kind() == Kind::Integer);
  CHECK(Scalar(3.0).kind() == Kind::Floating);
  CHECK(Scalar(std::complex<double>(1, 2)).kind() == Kind::Complex);
  CHECK(Scalar(true).dtype() == boolean);
  CHECK(Scalar(3).dtype() == int64);
  CHECK(Scalar(3.0).dtype() == float32);
  CHECK(Scalar(std::complex<double>(1, 2)).dtype() == complex64);
}

TEST_CASE("scalar: conversions truncate and saturate") {
  CHECK(Scalar(2.9).to_int() == 2);
  CHECK(Scalar(-2.9).to_int() == -2);
  CHECK(Scalar(1e30).to_int() == INT64_MAX);
  CHECK(Scalar(-1e30).to_int() == INT64_MIN);
  CHECK(Scalar(0x1p63).to_int() == INT64_MAX);
  CHECK(Scalar(-0x1p63).to_int() == INT64_MIN);
  CHECK(Scalar(std::nan("")).to_int() == 0);
  CHECK(Scalar(INT64_MAX).to_int() == INT64_MAX);
  CHECK(Scalar(true).to_double() == 1);
  CHECK(Scalar(7).to_double() == 7);
  CHECK(Scalar(7).to_complex() == std::complex<double>(7, 0));
  CHECK(Scalar(std::complex<double>(1, 2)).to_complex() == std::complex<double>(1, 2));
  CHECK(Scalar(std::complex<double>(1.5, 2)).to_int() == 1);
  CHECK(Scalar(0.5).to_bool());
  CHECK_FALSE(Scalar(0.0).to_bool());
  CHECK(Scalar(std::nan("")).to_bool());
  CHECK(Scalar(std::complex<double>(0, 2)).to_bool());
}

namespace {

// The nearest number with `digits` significant bits and at least the exponent min_exponent, halves to even;
// infinity from 2^(max_exponent + 1) on.
double rounded(double x, int digits, int min_exponent, int max_exponent) {
  if (x == 0 || !std::isfinite(x)) return x;
  const int exponent = std::max(std::ilogb(x), min_exponent);
  const double out = std::ldexp(std::nearbyint(std::ldexp(x, digits - 1 - exponent)), exponent - digits + 1);
  return std::fabs(out) >= std::ldexp(1, max_exponent + 1) ? std::copysign(HUGE_VAL, x) : out;
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

// A number of the format from its bits, by the definition.
double decoded(std::uint32_t bits, int exponent_bits, int fraction_bits) {
  const std::uint32_t fraction = bits & ((1u << fraction_bits) - 1);
  const int biased = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits >> 15 ? -1 : 1;
  if (biased == (1 << exponent_bits) - 1) return fraction ? std::nan("") : sign * HUGE_VAL;
  if (biased == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1u << fraction_bits), biased - bias - fraction_bits);
}

}  // namespace

TEST_CASE("half: every float16 and bfloat16 as a float, and back") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    Half h;
    BFloat16 b;
    h.raw = b.raw = static_cast<std::uint16_t>(bits);
    const float from_half = h, from_bfloat = b;
    wrong += !same(from_half, decoded(bits, 5, 10));
    wrong += !same(from_bfloat, decoded(bits, 8, 7));
    if (!std::isnan(from_half)) wrong += Half(from_half).raw != bits;
    if (!std::isnan(from_bfloat)) wrong += BFloat16(from_bfloat).raw != bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("half: rounding from float") {
  int wrong = 0;
  const auto check = [&](std::uint32_t bits) {
    const float x = std::bit_cast<float>(bits);
    wrong += !same(static_cast<float>(Half(x)), rounded(x, 11, -14, 15));
    wrong += !same(static_cast<float>(BFloat16(x)), rounded(x, 8, -126, 127));
  };
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 7919)
    check(static_cast<std::uint32_t>(bits));
  // Around every float16 and bfloat16: ties and their neighbours.
  for (std::uint32_t upper = 0; upper < 65536; ++upper) {
    for (const std::uint32_t lower :
         {0x0fffu, 0x1000u, 0x1001u, 0x2fffu, 0x3000u, 0x3001u, 0x7fffu, 0x8000u, 0x8001u}) {
      check(upper << 16 | lower);
    }
  }
  CHECK(wrong == 0);
}

}  // namespace wick::test
