#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "wick/core/tensor.h"

// Quantization: whole numbers, the levels, that stand for numbers in steps of a scale. Level q stands for
// (q - zero_point) scale; a number x becomes clamp(round(x / scale) + zero_point), where halves are rounded
// to the even neighbour and x / scale is x times the reciprocal of the scale in float32, as in PyTorch. What
// is beyond the levels goes to the last one, infinities too; NaN goes to the zero point.

namespace WICK_API wick {

// How levels are stored: as uint8 (0 to 255), int8 (-128 to 127) and int32.
enum class QuantizedDType { QUInt8, QInt8, QInt32 };
inline constexpr QuantizedDType quint8 = QuantizedDType::QUInt8;
inline constexpr QuantizedDType qint8 = QuantizedDType::QInt8;
inline constexpr QuantizedDType qint32 = QuantizedDType::QInt32;

// "quint8", "QUInt8"; the dtype of the levels.
std::string_view name(QuantizedDType dtype);
std::string_view capital_name(QuantizedDType dtype);
DType levels_dtype(QuantizedDType dtype);
std::optional<QuantizedDType> quantized_dtype_by_name(std::string_view name);

// Levels, with what they stand for. It is no Tensor, so that nobody computes with levels as if they were the
// numbers. Copies share the levels. A default-constructed one is undefined.
class QuantizedTensor {
 public:
  QuantizedTensor() noexcept = default;
  // Levels (uint8, int8, int32) that are there already. Errors as of quantize_per_tensor and
  // quantize_per_channel.
  QuantizedTensor(const Tensor& levels, double scale, std::int64_t zero_point);
  QuantizedTensor(const Tensor& levels, const Tensor& scales, const Tensor& zero_points, std::int64_t axis);

  bool defined() const noexcept { return levels_.defined(); }
  QuantizedDType dtype() const;
  int dim() const { return levels_.dim(); }
  const Shape& sizes() const { return levels_.sizes(); }
  const Shape& shape() const { return levels_.sizes(); }
  std::int64_t size(std::int64_t d) const { return levels_.size(d); }
  std::int64_t numel() const { return levels_.numel(); }

  // The levels themselves. Shared.
  const Tensor& int_repr() const { return levels_; }
  // The numbers, in float32.
  Tensor dequantize() const;

  bool is_per_channel() const { return axis_ >= 0; }
  // Of a tensor with one scale; an Error for one with a scale for each channel.
  double q_scale() const;
  std::int64_t q_zero_point() const;
  // Of one with a scale for each channel, position along axis: float64 and int64, 1-d. Else an Error.
  const Tensor& q_per_channel_scales() const;
  const Tensor& q_per_channel_zero_points() const;
  int q_per_channel_axis() const;

 private:
  Tensor levels_;
  double scale_ = 1;
  std::int64_t zero_point_ = 0;
  int axis_ = -1;
  Tensor scales_, zero_points_;
};

// Of a float32 tensor. Error unless the scale is finite and above 0, and the zero point a level. Not
// recorded: fake_quantize has gradients.
QuantizedTensor quantize_per_tensor(const Tensor& x, double scale, std::int64_t zero_point,
                                    QuantizedDType dtype);
// With a scale (floating point) and a zero point (integer) for each position along axis, which counts from 0.
QuantizedTensor quantize_per_channel(const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                                     std::int64_t axis, QuantizedDType dtype);
inline Tensor dequantize(const QuantizedTensor& x) { return x.dequantize(); }

// x quantized to the levels from quant_min to quant_max and back, in its floating point dtype. The gradient
// goes through where the level was not clamped, and is 0 elsewhere. Error unless the scale is finite and
// above 0 and quant_min <= zero_point <= quant_max.
Tensor fake_quantize_per_tensor(const Tensor& x, double scale, std::int64_t zero_point,
                                std::int64_t quant_min, std::int64_t quant_max);
// With a scale and a zero point for each position along axis. Zero points of a floating point dtype may be
// fractions, and lie anywhere: they are added before rounding.
Tensor fake_quantize_per_channel(const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                                 std::int64_t axis, std::int64_t quant_min, std::int64_t quant_max);

// Functions with the names of torch.ops.quantized.
namespace quantized {

// a + alpha b, a b: computed in float32 with broadcasting, and quantized anew. Both have one scale, and one
// dtype, which is the result's.
QuantizedTensor add(const QuantizedTensor& a, const QuantizedTensor& b, double scale, std::int64_t zero_point,
                    double alpha = 1);
QuantizedTensor mul(const QuantizedTensor& a, const QuantizedTensor& b, double scale,
                    std::int64_t zero_point);
// max(level, zero point).
QuantizedTensor relu(const QuantizedTensor& x);

}  // namespace quantized

// "tensor([0., 1.], dtype=quint8, scale=0.5, zero_point=3)"
std::string to_string(const QuantizedTensor& x);
std::ostream& operator<<(std::ostream& out, const QuantizedTensor& x);

}  // namespace wick
