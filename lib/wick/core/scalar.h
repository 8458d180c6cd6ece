#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <string>

#include "wick/core/dtype.h"

namespace WICK_API wick {

// A number that remembers its kind, as the other operand of a tensor operation or as a fill value.
class Scalar {
 public:
  // Templates, so that nothing is converted to bool or int on the way: pointers least of all.
  template <std::same_as<bool> T>
  Scalar(T value) : kind_(Kind::Bool), integer_(value) {}
  // Error for what int64 does not hold.
  template <std::integral T>
  requires(!std::same_as<T, bool>) Scalar(T value)
      : kind_(Kind::Integer), integer_(static_cast<std::int64_t>(value)) {
    if constexpr (sizeof(T) == sizeof(std::int64_t) && std::unsigned_integral<T>) {
      if (value > static_cast<T>(INT64_MAX)) too_large(value);
    }
  }
  Scalar(double value) : kind_(Kind::Floating), real_(value) {}
  Scalar(std::complex<double> value) : kind_(Kind::Complex), real_(value.real()), imag_(value.imag()) {}

  Kind kind() const { return kind_; }
  // The dtype that it has beside a tensor: bool, int64, float32, complex64.
  DType dtype() const {
    constexpr DType of_kind[] = {boolean, int64, float32, complex64};
    return of_kind[static_cast<int>(kind_)];
  }
  double to_double() const { return kind_ <= Kind::Integer ? static_cast<double>(integer_) : real_; }
  // Truncates towards zero, and saturates; NaN is 0.
  std::int64_t to_int() const;
  std::complex<double> to_complex() const { return {to_double(), imag_}; }
  bool to_bool() const { return kind_ <= Kind::Integer ? integer_ != 0 : real_ != 0 || imag_ != 0; }

 private:
  [[noreturn]] static void too_large(std::uint64_t value);

  Kind kind_;
  std::int64_t integer_ = 0;
  double real_ = 0;
  double imag_ = 0;
};

inline std::int64_t Scalar::to_int() const {
  if (kind_ <= Kind::Integer) return integer_;
  if (real_ != real_) return 0;
  if (real_ >= 0x1p63) return INT64_MAX;
  if (real_ < -0x1p63) return INT64_MIN;
  return static_cast<std::int64_t>(real_);
}

// Whether an integer dtype can hold the number, truncated towards zero; other dtypes take any.
bool fits(const Scalar& number, DType dtype);

// Error unless a tensor of that dtype can be filled with the number: an integer dtype needs a number within
// its range (cut towards zero), a real one a number without an imaginary part.
void check_fill_value(const char* operation, const Scalar& value, DType dtype);

// As messages show it: six significant digits, whole numbers in full; 1.5+2j.
std::string to_string(const Scalar& number);

}  // namespace wick
