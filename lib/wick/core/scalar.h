#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "wick/core/dtype.h"

namespace WICK_API wick {

// A number that remembers its kind, as the other operand of a tensor operation or as a fill value.
class Scalar {
 public:
  Scalar() : Scalar(0) {}
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
  // The integer that the number is, as 2 of 2.0; none for a fraction, what int64 does not hold and any
  // complex number.
  std::optional<std::int64_t> whole() const;
  std::complex<double> to_complex() const { return {to_double(), imag_}; }
  bool to_bool() const { return kind_ <= Kind::Integer ? integer_ != 0 : real_ != 0 || imag_ != 0; }
  // As a C++ number: an Error for one that an integer type cannot hold (cut towards zero; NaN is none), and
  // for the loss of an imaginary part.
  template <class T>
  T to() const {
    if constexpr (std::same_as<T, bool>) {
      return to_bool();
    } else if constexpr (std::integral<T>) {
      return static_cast<T>(checked_int(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                        static_cast<std::uint64_t>(std::numeric_limits<T>::max())));
    } else if constexpr (std::floating_point<T>) {
      if (imag_ != 0) has_imaginary_part();
      return static_cast<T>(to_double());
    } else if constexpr (std::same_as<T, Half> || std::same_as<T, BFloat16>) {
      return T(static_cast<float>(to<double>()));
    } else {
      return T(to_complex());
    }
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  explicit operator T() const { return to<T>(); }
  // PyTorch's names of the same.
  bool toBool() const { return to<bool>(); }
  int toInt() const { return to<int>(); }
  std::int64_t toLong() const { return to<std::int64_t>(); }
  float toFloat() const { return to<float>(); }
  double toDouble() const { return to<double>(); }

 private:
  [[noreturn]] static void too_large(std::uint64_t value);
  [[noreturn]] void has_imaginary_part() const;
  // The whole number, if it lies within the range.
  std::int64_t checked_int(std::int64_t lowest, std::uint64_t highest) const;

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

inline std::optional<std::int64_t> Scalar::whole() const {
  if (kind_ <= Kind::Integer) return integer_;
  const bool held = kind_ == Kind::Floating && real_ >= -0x1p63 && real_ < 0x1p63;
  if (!held || static_cast<double>(to_int()) != real_) return std::nullopt;
  return to_int();
}

namespace dtypes {
// Whether an integer dtype can hold the number, truncated towards zero; other dtypes take any.
bool fits(const Scalar& number, DType dtype);
}  // namespace dtypes

// Error unless a tensor of that dtype can be filled with the number: an integer dtype needs a number within
// its range (cut towards zero), a real one a number without an imaginary part.
void check_fill_value(const char* operation, const Scalar& value, DType dtype);

// As messages show it: the fewest digits that read back as the number; 1.5+2j.
std::string to_string(const Scalar& number);
std::ostream& operator<<(std::ostream& out, const Scalar& number);

}  // namespace wick
