#include "wick/quantized/quantized.h"

#include <array>
#include <cmath>
#include <limits>
#include <ostream>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/print.h"
#include "wick/kernels/quantize.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

using kernels::Quantize;

struct QuantizedInfo {
  std::string_view name, capital_name;
  DType levels;
  std::int64_t low, high;
};
constexpr std::array<QuantizedInfo, 3> quantized_table{{
    {"quint8", "QUInt8", uint8, 0, 255},
    {"qint8", "QInt8", int8, -128, 127},
    {"qint32", "QInt32", int32, INT32_MIN, INT32_MAX},
}};
constexpr const QuantizedInfo& info(QuantizedDType dtype) {
  return quantized_table[static_cast<std::size_t>(dtype)];
}

QuantizedDType stored_as(const char* operation, DType levels) {
  for (std::size_t i = 0; i < quantized_table.size(); ++i) {
    if (quantized_table[i].levels == levels) return static_cast<QuantizedDType>(i);
  }
  fail<DTypeError>(operation, "levels are uint8, int8 or int32, {} was given", levels);
}

// --- Scales and zero points

// One that float32, in which levels are computed, does not make 0 or infinite.
bool is_scale(double scale) {
  const auto narrow = static_cast<float>(scale);
  return narrow > 0 && std::isfinite(narrow);
}

void check_scale(const char* operation, double scale) {
  if (!is_scale(scale))
    fail(operation, "the scale must be finite and above 0 in float32, {} was given", scale);
}

void check_zero_point(const char* operation, std::int64_t zero_point, std::int64_t low, std::int64_t high) {
  if (zero_point < low || zero_point > high)
    fail(operation, "zero_point must be from {} to {}, {} was given", low, high, zero_point);
}

// A scale and a zero point for each of the channels, in float64 and int64 or, when they may be fractions,
// float64; detached.
struct Channels {
  Tensor scales, zero_points;
  int axis;
};

Channels channels_of(const char* operation, const Shape& shape, const Tensor& scales,
                     const Tensor& zero_points, std::int64_t axis, std::int64_t low, std::int64_t high,
                     bool fractions) {
  if (axis < 0 || axis >= shape.size()) {
    fail<IndexError>(operation, "axis must be from 0 to {} for shape {}, {} was given", shape.size() - 1,
                     shape, axis);
  }
  const std::int64_t count = shape[static_cast<int>(axis)];
  const auto check = [&](const char* what, const Tensor& x) {
    if (x.dim() != 1 || x.size(0) != count) {
      fail<ShapeError>(operation, "{} must have {} elements in one dimension, shape {} was given", what,
                       count, x.sizes());
    }
  };
  check("scales", scales);
  check("zero_points", zero_points);
  if (!is_floating(scales.dtype()))
    fail<DTypeError>(operation, "scales must be floating point, {} was given", scales.dtype());
  const bool whole = is_integral(zero_points.dtype()) && zero_points.dtype() != boolean;
  if (!whole && !(fractions && is_floating(zero_points.dtype())))
    fail<DTypeError>(operation, "zero_points must be integers, {} was given", zero_points.dtype());
  const NoGrad no_grad;
  Channels out{scales.detach().to(float64).clone().contiguous(),
               zero_points.detach().to(whole ? int64 : float64).clone().contiguous(), static_cast<int>(axis)};
  for (const double scale : out.scales.span<const double>()) check_scale(operation, scale);
  if (whole) {
    for (const std::int64_t zero_point : out.zero_points.span<const std::int64_t>())
      check_zero_point(operation, zero_point, low, high);
  }
  return out;
}

// An element for each position along the axis, as an operand beside a tensor of that rank.
Tensor along_axis(const Tensor& x, int axis, int rank) {
  Shape shape = Shape::filled(rank, 1);
  shape[axis] = x.numel();
  return x.reshape(shape);
}

// --- The loops

kernels::Loop loop_of(Quantize op, DType dtype) { return kernels::table().quantize[op][index_of(dtype)]; }

void run(Quantize op, DType table_dtype, const Tensor& out, const Tensor& in, const Tensor& scales,
         const Tensor& zero_points, const kernels::QuantizeLimits* limits = nullptr) {
  run_loop(make_loop_nest({&out, &in, &scales, &zero_points}), loop_of(op, table_dtype), limits, 4);
}

// The operands of the loops that go with a quantized tensor.
struct Operands {
  Tensor scales, zero_points;
};
Operands operands(const QuantizedTensor& x) {
  if (!x.is_per_channel())
    return {scalar_tensor(x.q_scale(), float32), scalar_tensor(x.q_zero_point(), int32)};
  const int axis = x.q_per_channel_axis();
  return {along_axis(x.q_per_channel_scales().to(float32), axis, x.dim()),
          along_axis(x.q_per_channel_zero_points().to(int32), axis, x.dim())};
}

void fill_levels(const QuantizedTensor& q, const Tensor& x) {
  const auto [scales, zero_points] = operands(q);
  run(Quantize::Quantize, q.int_repr().dtype(), q.int_repr(), x, scales, zero_points);
}

void check_float32(const char* operation, const Tensor& x) {
  if (x.dtype() != float32)
    fail<DTypeError>(operation, "a float32 tensor is needed, {} was given", x.dtype());
}

}  // namespace

std::string_view name(QuantizedDType dtype) { return info(dtype).name; }
std::string_view capital_name(QuantizedDType dtype) { return info(dtype).capital_name; }
DType levels_dtype(QuantizedDType dtype) { return info(dtype).levels; }

std::optional<QuantizedDType> quantized_dtype_by_name(std::string_view name) {
  for (std::size_t i = 0; i < quantized_table.size(); ++i) {
    if (name == quantized_table[i].name || name == quantized_table[i].capital_name)
      return static_cast<QuantizedDType>(i);
  }
  return std::nullopt;
}

// --- The tensor

QuantizedTensor::QuantizedTensor(const Tensor& levels, double scale, std::int64_t zero_point)
    : levels_(levels), scale_(scale), zero_point_(zero_point) {
  constexpr const char* operation = "quantize_per_tensor";
  const QuantizedInfo& stored = info(stored_as(operation, levels.dtype()));
  check_scale(operation, scale);
  check_zero_point(operation, zero_point, stored.low, stored.high);
}

QuantizedTensor::QuantizedTensor(const Tensor& levels, const Tensor& scales, const Tensor& zero_points,
                                 std::int64_t axis)
    : levels_(levels) {
  constexpr const char* operation = "quantize_per_channel";
  const QuantizedInfo& stored = info(stored_as(operation, levels.dtype()));
  Channels channels =
      channels_of(operation, levels.sizes(), scales, zero_points, axis, stored.low, stored.high, false);
  axis_ = channels.axis;
  scales_ = channels.scales;
  zero_points_ = channels.zero_points;
}

QuantizedDType QuantizedTensor::dtype() const { return stored_as("dtype", levels_.dtype()); }

Tensor QuantizedTensor::dequantize() const {
  const NoGrad no_grad;
  const Tensor out = empty_like(levels_, float32);
  const auto [scales, zero_points] = operands(*this);
  run(Quantize::Dequantize, levels_.dtype(), out, levels_, scales, zero_points);
  return out;
}

double QuantizedTensor::q_scale() const {
  if (is_per_channel()) fail("q_scale", "the tensor has a scale for each channel");
  return scale_;
}
std::int64_t QuantizedTensor::q_zero_point() const {
  if (is_per_channel()) fail("q_zero_point", "the tensor has a zero point for each channel");
  return zero_point_;
}
const Tensor& QuantizedTensor::q_per_channel_scales() const {
  if (!is_per_channel()) fail("q_per_channel_scales", "the tensor has one scale for all channels");
  return scales_;
}
const Tensor& QuantizedTensor::q_per_channel_zero_points() const {
  if (!is_per_channel()) fail("q_per_channel_zero_points", "the tensor has one zero point for all channels");
  return zero_points_;
}
int QuantizedTensor::q_per_channel_axis() const {
  if (!is_per_channel()) fail("q_per_channel_axis", "the tensor has one scale for all channels");
  return axis_;
}

QuantizedTensor quantize_per_tensor(const Tensor& x, double scale, std::int64_t zero_point,
                                    QuantizedDType dtype) {
  check_float32("quantize_per_tensor", x);
  const NoGrad no_grad;
  const Tensor from = x.detach();
  const QuantizedTensor out(empty_like(from, levels_dtype(dtype)), scale, zero_point);
  fill_levels(out, from);
  return out;
}

QuantizedTensor quantize_per_channel(const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                                     std::int64_t axis, QuantizedDType dtype) {
  check_float32("quantize_per_channel", x);
  const NoGrad no_grad;
  const Tensor from = x.detach();
  const QuantizedTensor out(empty_like(from, levels_dtype(dtype)), scales, zero_points, axis);
  fill_levels(out, from);
  return out;
}

// --- Quantized and back

namespace {

// `shifted`: zero points that are added before rounding.
Tensor fake_quantize(const char* operation, const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                     bool shifted, std::int64_t low, std::int64_t high) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(operation, "a floating point tensor is needed, {} was given", x.dtype());
  if (is_half(x.dtype()))
    return fake_quantize(operation, x.to(float32), scales, zero_points, shifted, low, high).to(x.dtype());
  const DType dtype = x.dtype();
  const kernels::QuantizeLimits limits{static_cast<double>(low), static_cast<double>(high)};
  const Tensor out = empty_like(x, dtype);
  Tensor inside;
  const bool recorded = autograd::wanted({x});
  {
    const NoGrad no_grad;
    const Tensor from = x.detach(), steps = scales.to(float32), zeros_of = zero_points.to(dtype);
    run(shifted ? Quantize::FakeShifted : Quantize::Fake, dtype, out, from, steps, zeros_of, &limits);
    if (recorded) {
      inside = empty_like(from, boolean);
      run(shifted ? Quantize::InsideShifted : Quantize::Inside, dtype, inside, from, steps, zeros_of,
          &limits);
    }
  }
  return record("fake_quantize", out, {x}, saving(inside), [](const Tensor& g, const Tensor& within) {
    return where(within, g, scalar_tensor(0, g.dtype()));
  });
}

void check_levels(const char* operation, std::int64_t low, std::int64_t high) {
  if (low > high) fail(operation, "quant_min must not be above quant_max, {} and {} were given", low, high);
}

}  // namespace

Tensor fake_quantize_per_tensor(const Tensor& x, double scale, std::int64_t zero_point,
                                std::int64_t quant_min, std::int64_t quant_max) {
  constexpr const char* operation = "fake_quantize_per_tensor";
  check_levels(operation, quant_min, quant_max);
  check_scale(operation, scale);
  check_zero_point(operation, zero_point, quant_min, quant_max);
  return fake_quantize(operation, x, scalar_tensor(scale, float64), scalar_tensor(zero_point, int64), false,
                       quant_min, quant_max);
}

Tensor fake_quantize_per_channel(const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                                 std::int64_t axis, std::int64_t quant_min, std::int64_t quant_max) {
  constexpr const char* operation = "fake_quantize_per_channel";
  check_levels(operation, quant_min, quant_max);
  const Channels channels =
      channels_of(operation, x.sizes(), scales, zero_points, axis, quant_min, quant_max, true);
  return fake_quantize(operation, x, along_axis(channels.scales, channels.axis, x.dim()),
                       along_axis(channels.zero_points, channels.axis, x.dim()),
                       channels.zero_points.dtype() == float64, quant_min, quant_max);
}

// --- Arithmetic

namespace quantized {
namespace {

QuantizedTensor combine(const char* operation, Quantize op, const QuantizedTensor& a,
                        const QuantizedTensor& b, double scale, std::int64_t zero_point, double alpha) {
  if (a.dtype() != b.dtype()) {
    fail<DTypeError>(operation, "both must have one dtype, {} and {} were given", name(a.dtype()),
                     name(b.dtype()));
  }
  if (a.is_per_channel() || b.is_per_channel())
    fail(operation, "tensors with one scale are needed, one with a scale for each channel was given");
  const QuantizedTensor out(empty_for({&a.int_repr(), &b.int_repr()}, a.int_repr().dtype()), scale,
                            zero_point);
  const kernels::RequantizeParameters parameters{.a_scale = static_cast<float>(a.q_scale()),
                                                 .b_scale = static_cast<float>(b.q_scale()),
                                                 .factor = static_cast<float>(alpha),
                                                 .a_zero_point = static_cast<std::int32_t>(a.q_zero_point()),
                                                 .b_zero_point = static_cast<std::int32_t>(b.q_zero_point()),
                                                 .scale = static_cast<float>(scale),
                                                 .zero_point = static_cast<std::int32_t>(zero_point)};
  run_loop(make_loop_nest({&out.int_repr(), &a.int_repr(), &b.int_repr()}),
           loop_of(op, out.int_repr().dtype()), &parameters, 8);
  return out;
}

}  // namespace

QuantizedTensor add(const QuantizedTensor& a, const QuantizedTensor& b, double scale, std::int64_t zero_point,
                    double alpha) {
  return combine("quantized_add", Quantize::Add, a, b, scale, zero_point, alpha);
}

QuantizedTensor mul(const QuantizedTensor& a, const QuantizedTensor& b, double scale,
                    std::int64_t zero_point) {
  return combine("quantized_mul", Quantize::Mul, a, b, scale, zero_point, 1);
}

QuantizedTensor relu(const QuantizedTensor& x) {
  const Tensor& levels = x.int_repr();
  if (x.is_per_channel()) {
    const Tensor zero_points =
        along_axis(x.q_per_channel_zero_points().to(levels.dtype()), x.q_per_channel_axis(), x.dim());
    return QuantizedTensor(maximum(levels, zero_points), x.q_per_channel_scales(),
                           x.q_per_channel_zero_points(), x.q_per_channel_axis());
  }
  return QuantizedTensor(maximum(levels, scalar_tensor(x.q_zero_point(), levels.dtype())), x.q_scale(),
                         x.q_zero_point());
}

}  // namespace quantized

std::string to_string(const QuantizedTensor& x) {
  std::string out = to_string(x.dequantize());
  out.pop_back();  // the parenthesis
  out += ", dtype=" + std::string(name(x.dtype()));
  if (x.is_per_channel()) {
    return out + ", scales=" + to_string(x.q_per_channel_scales()) +
           ", zero_points=" + to_string(x.q_per_channel_zero_points()) +
           ", axis=" + std::to_string(x.q_per_channel_axis()) + ")";
  }
  return out + ", scale=" + to_string(Scalar(x.q_scale())) +
         ", zero_point=" + std::to_string(x.q_zero_point()) + ")";
}

std::ostream& operator<<(std::ostream& out, const QuantizedTensor& x) { return out << to_string(x); }

}  // namespace wick
