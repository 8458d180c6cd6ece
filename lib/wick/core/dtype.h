#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string_view>

#include "wick/core/half.h"

namespace WICK_API wick {

// What is asked of a dtype by a plain call, such as name(dtype): a call finds these by its argument, and a
// program that opens namespace wick does not get the names.
namespace dtypes {

// Element types, ordered so that within a kind a later one holds all values of an earlier one.
enum class DType : std::uint8_t {
  Bool,
  UInt8,
  Int8,
  Int16,
  Int32,
  Int64,
  Float16,
  BFloat16,
  Float32,
  Float64,
  Complex64,
  Complex128,
};

// Kinds in rising order of promotion.
enum class Kind : std::uint8_t { Bool, Integer, Floating, Complex };

inline constexpr int dtype_count = 12;

struct DTypeInfo {
  std::string_view name;          // "float32"
  std::string_view capital_name;  // "Float32"
  std::uint8_t size;              // bytes of one element
  Kind kind;
};

inline constexpr std::array<DTypeInfo, dtype_count> dtype_table{{
    {"bool", "Bool", 1, Kind::Bool},
    {"uint8", "UInt8", 1, Kind::Integer},
    {"int8", "Int8", 1, Kind::Integer},
    {"int16", "Int16", 2, Kind::Integer},
    {"int32", "Int32", 4, Kind::Integer},
    {"int64", "Int64", 8, Kind::Integer},
    {"float16", "Float16", 2, Kind::Floating},
    {"bfloat16", "BFloat16", 2, Kind::Floating},
    {"float32", "Float32", 4, Kind::Floating},
    {"float64", "Float64", 8, Kind::Floating},
    {"complex64", "Complex64", 8, Kind::Complex},
    {"complex128", "Complex128", 16, Kind::Complex},
}};

constexpr const DTypeInfo& info(DType t) { return dtype_table[static_cast<std::size_t>(t)]; }
constexpr std::string_view name(DType t) { return info(t).name; }
constexpr std::int64_t size_of(DType t) { return info(t).size; }
constexpr Kind kind(DType t) { return info(t).kind; }
constexpr bool is_floating(DType t) { return kind(t) == Kind::Floating; }
constexpr bool is_complex(DType t) { return kind(t) == Kind::Complex; }
constexpr bool is_half(DType t) { return t == DType::Float16 || t == DType::BFloat16; }
constexpr bool is_integral(DType t) { return kind(t) <= Kind::Integer; }  // bool included
constexpr bool is_differentiable(DType t) { return kind(t) >= Kind::Floating; }

std::ostream& operator<<(std::ostream& out, DType t);  // its name

}  // namespace dtypes

using dtypes::DType;
using dtypes::dtype_count;
using dtypes::is_complex;
using dtypes::is_differentiable;
using dtypes::is_floating;
using dtypes::is_half;
using dtypes::is_integral;
using dtypes::Kind;
using dtypes::size_of;

inline constexpr DType boolean = DType::Bool;
inline constexpr DType uint8 = DType::UInt8;
inline constexpr DType int8 = DType::Int8;
inline constexpr DType int16 = DType::Int16;
inline constexpr DType int32 = DType::Int32;
inline constexpr DType int64 = DType::Int64;
inline constexpr DType float16 = DType::Float16;
inline constexpr DType bfloat16 = DType::BFloat16;
inline constexpr DType float32 = DType::Float32;
inline constexpr DType float64 = DType::Float64;
inline constexpr DType complex64 = DType::Complex64;
inline constexpr DType complex128 = DType::Complex128;

// PyTorch's other names of them.
inline constexpr DType kBool = boolean, kByte = uint8, kUInt8 = uint8, kChar = int8, kInt8 = int8,
                       kShort = int16, kInt16 = int16, kInt = int32, kInt32 = int32, kLong = int64,
                       kInt64 = int64, kHalf = float16, kFloat16 = float16, kBFloat16 = bfloat16,
                       kFloat = float32, kFloat32 = float32, kDouble = float64, kFloat64 = float64,
                       kComplexFloat = complex64, kComplexDouble = complex128;

// The dtype of that name: "float32", "Float32", and PyTorch's short ones ("float", "double", "long" ...).
std::optional<DType> dtype_by_name(std::string_view name);

// PyTorch's promotion of two dtypes.
DType promote_types(DType a, DType b);

// The real dtype of a complex one's parts; any other dtype is itself.
constexpr DType real_dtype(DType t) {
  return t == DType::Complex64 ? DType::Float32 : t == DType::Complex128 ? DType::Float64 : t;
}

// C++ types and dtypes.
template <class T>
struct DTypeOf;
// clang-format off
template <> struct DTypeOf<bool> { static constexpr DType value = DType::Bool; };
template <> struct DTypeOf<std::uint8_t> { static constexpr DType value = DType::UInt8; };
template <> struct DTypeOf<std::int8_t> { static constexpr DType value = DType::Int8; };
template <> struct DTypeOf<std::int16_t> { static constexpr DType value = DType::Int16; };
template <> struct DTypeOf<std::int32_t> { static constexpr DType value = DType::Int32; };
template <> struct DTypeOf<std::int64_t> { static constexpr DType value = DType::Int64; };
template <> struct DTypeOf<Half> { static constexpr DType value = DType::Float16; };
template <> struct DTypeOf<BFloat16> { static constexpr DType value = DType::BFloat16; };
template <> struct DTypeOf<float> { static constexpr DType value = DType::Float32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::Float64; };
template <> struct DTypeOf<std::complex<float>> { static constexpr DType value = DType::Complex64; };
template <> struct DTypeOf<std::complex<double>> { static constexpr DType value = DType::Complex128; };
// clang-format on
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <class T>
struct TypeTag {
  using type = T;
};

namespace dtypes {

// Calls f(TypeTag<T>{}) with the C++ type of the dtype.
template <class F>
decltype(auto) dispatch(DType t, F&& f) {
  switch (t) {
    case DType::Bool:
      return f(TypeTag<bool>{});
    case DType::UInt8:
      return f(TypeTag<std::uint8_t>{});
    case DType::Int8:
      return f(TypeTag<std::int8_t>{});
    case DType::Int16:
      return f(TypeTag<std::int16_t>{});
    case DType::Int32:
      return f(TypeTag<std::int32_t>{});
    case DType::Int64:
      return f(TypeTag<std::int64_t>{});
    case DType::Float16:
      return f(TypeTag<Half>{});
    case DType::BFloat16:
      return f(TypeTag<BFloat16>{});
    case DType::Float32:
      return f(TypeTag<float>{});
    case DType::Float64:
      return f(TypeTag<double>{});
    case DType::Complex64:
      return f(TypeTag<std::complex<float>>{});
    case DType::Complex128:
      break;
  }
  return f(TypeTag<std::complex<double>>{});
}

}  // namespace dtypes

namespace dtypes {

// Of a floating point dtype, or of a complex one's parts: the largest finite number, the smallest above 0
// that has all its digits, and the smallest above 0.
constexpr double largest_finite(DType t) {
  return t == float16               ? 65504
         : t == bfloat16            ? 0x1.fep127
         : real_dtype(t) == float32 ? static_cast<double>(std::numeric_limits<float>::max())
                                    : std::numeric_limits<double>::max();
}
constexpr double smallest_normal(DType t) {
  return t == float16 ? 0x1p-14 : t == bfloat16 || real_dtype(t) == float32 ? 0x1p-126 : 0x1p-1022;
}
constexpr double smallest_positive(DType t) {
  return t == float16 ? 0x1p-24 : t == bfloat16 ? 0x1p-133 : real_dtype(t) == float32 ? 0x1p-149 : 0x1p-1074;
}

}  // namespace dtypes

// DTypeError that names the operation, unless both dtypes are one.
void check_same_dtype(const char* operation, DType a, DType b);

}  // namespace wick
