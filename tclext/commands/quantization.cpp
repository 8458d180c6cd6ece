// Quantized tensors, and fake quantization.

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/data.h"
#include "tclext/commands/kinds.h"

namespace quantized = wick::quantized;

namespace commands {
namespace {

using wick::QuantizedDType;

constexpr const char* levels_rule =
    "x becomes the level clamp(round(x / scale) + zero_point): halves go to the even neighbour, and x / "
    "scale is x "
    "times the reciprocal of the scale in float32. What is beyond the levels goes to the last one, NaN to "
    "the zero "
    "point. The result is read by dequantize and int_repr; commands for shapes take it as it is.";

const Param quantized_dtype{"dtype", required, "quint8 (0 to 255), qint8 (-128 to 127) or qint32"};
const Param quantized_input{"input", required, "a quantized tensor"};
const Param quant_min{"quant_min quantMin", std::int64_t{-128}, "the smallest level"};
const Param quant_max{"quant_max quantMax", std::int64_t{127}, "the largest level"};
const Param result_scale{"scale", 1.0, "scale of a quantized result", above(0)};
const Param result_zero{"zeroPoint zero_point", std::int64_t{0}, "level that stands for 0 in it"};

std::vector<Command> quantizing() {
  return {
      Command{.name = "quantize_per_tensor",
              .summary = "A float32 tensor as whole numbers in steps of a scale.",
              .details = levels_rule,
              .params = {{"input", required, "a float32 tensor"},
                         {"scale", required, "step from a level to the next", above(0)},
                         {"zeroPoint zero_point", required, "level that stands for 0"},
                         quantized_dtype},
              .positional = {"input scale zeroPoint dtype"},
              .returns = "a quantized tensor of the same shape",
              .call = bind([](const Tensor& x, double scale, std::int64_t zero_point, QuantizedDType type) {
                return wick::quantize_per_tensor(x, scale, zero_point, type);
              })},
      Command{.name = "quantize_per_channel",
              .summary = "The same with a scale and a zero point for each position along a dimension.",
              .details = levels_rule,
              .params = {{"input", required, "a float32 tensor"},
                         {"scales", required, "a floating point number for each position, 1-d"},
                         {"zeroPoints zero_points", required, "an integer for each position, 1-d"},
                         {"axis", required, "the dimension, from 0 on"},
                         quantized_dtype},
              .positional = {"input scales zeroPoints axis dtype"},
              .returns = "a quantized tensor of the same shape",
              .call = bind([](const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                              std::int64_t axis, QuantizedDType type) {
                return wick::quantize_per_channel(x, scales, zero_points, axis, type);
              })},
      Command{.name = "dequantize",
              .aliases = {"deQuantize"},
              .summary = "The numbers that a quantized tensor stands for.",
              .details = "(level - zero_point) scale. A plain tensor is converted to float32.",
              .params = {{"input", required, "a quantized or a plain tensor"}},
              .positional = {"input"},
              .returns = "float32, same shape",
              .call = bind([](const QuantizedOrPlain& x) {
                return std::visit(Cases{[](const Tensor& plain) { return plain.to(wick::float32); },
                                        [](const QuantizedTensor& q) { return q.dequantize(); }},
                                  x);
              })},
  };
}

std::vector<Command> fake() {
  return {
      Command{.name = "fake_quantize_per_tensor",
              .summary = "What comes back of a tensor that is quantized and dequantized.",
              .details = "The gradient goes through where the level was not clamped, and is 0 elsewhere. The "
                         "scale counts as "
                         "float32. zero_point lies between quant_min and quant_max.",
              .params = {{"input", required, "a floating point tensor"},
                         {"scale", 1.0, "step from a level to the next", above(0)},
                         {"zero_point zeroPoint", std::int64_t{0}, "level that stands for 0"},
                         quant_min,
                         quant_max},
              .positional = {"input scale zero_point ?quant_min? ?quant_max?"},
              .returns = "same shape and dtype",
              .call = bind([](const Tensor& x, double scale, std::int64_t zero_point, std::int64_t low,
                              std::int64_t high) {
                return wick::fake_quantize_per_tensor(x, scale, zero_point, low, high);
              })},
      Command{.name = "fake_quantize_per_channel",
              .summary = "The same with a scale and a zero point for each position along a dimension.",
              .details = "Floating point zero points may be fractions, and lie anywhere: they are added "
                         "before rounding.",
              .params = {{"input", required, "a floating point tensor"},
                         {"scales", required, "a floating point number for each position, 1-d"},
                         {"zero_points zeroPoints", required, "a number for each position, 1-d"},
                         {"axis", std::int64_t{0}, "the dimension, from 0 on"},
                         quant_min,
                         quant_max},
              .positional = {"input scales zero_points axis ?quant_min? ?quant_max?"},
              .returns = "same shape and dtype",
              .call = bind([](const Tensor& x, const Tensor& scales, const Tensor& zero_points,
                              std::int64_t axis, std::int64_t low, std::int64_t high) {
                return wick::fake_quantize_per_channel(x, scales, zero_points, axis, low, high);
              })},
  };
}

Command reader(const char* name, const char* summary, const char* returns, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .params = {quantized_input},
                 .positional = {"input"},
                 .returns = returns,
                 .call = std::move(call)};
}

std::vector<Command> reading() {
  return {
      reader("int_repr", "The levels of a quantized tensor.",
             "uint8, int8 or int32, as the levels are stored; same shape",
             bind([](const QuantizedTensor& q) { return q.int_repr(); })),
      reader("q_scale", "The scale of a tensor that was quantized per tensor.", "the scale",
             bind([](const QuantizedTensor& q) { return q.q_scale(); })),
      reader("q_zero_point", "The zero point of a tensor that was quantized per tensor.", "the level",
             bind([](const QuantizedTensor& q) { return q.q_zero_point(); })),
      reader("q_per_channel_scales", "The scales of a tensor that was quantized per channel.", "float64, 1-d",
             bind([](const QuantizedTensor& q) { return q.q_per_channel_scales(); })),
      reader("q_per_channel_zero_points", "The zero points of a tensor that was quantized per channel.",
             "int64, 1-d", bind([](const QuantizedTensor& q) { return q.q_per_channel_zero_points(); })),
      reader("q_per_channel_axis", "The dimension along which a tensor was quantized per channel.",
             "the dimension",
             bind([](const QuantizedTensor& q) { return std::int64_t{q.q_per_channel_axis()}; })),
  };
}

// Of two plain or two quantized tensors.
template <class Plain, class Levels>
QuantizedOrPlain combined(const char* operation, const QuantizedOrPlain& a, const QuantizedOrPlain& b,
                          Plain plain, Levels levels) {
  if (a.index() != b.index())
    wick::fail(operation, "both tensors must be quantized or both plain, one of each was given");
  if (const auto* x = std::get_if<Tensor>(&a)) return plain(*x, std::get<Tensor>(b));
  return levels(std::get<QuantizedTensor>(a), std::get<QuantizedTensor>(b));
}

std::vector<Command> arithmetic() {
  const char* of_both =
      "Plain tensors are broadcast and promoted, and scale and zero point do not matter. Quantized ones of "
      "one "
      "dtype are dequantized, combined in float32 and quantized anew.";
  return {
      Command{.name = "quantized_add",
              .summary = "tensor1 + alpha * tensor2 of two quantized or two plain tensors.",
              .details = of_both,
              .params = {{"tensor1", required, "a quantized or a plain tensor"},
                         {"tensor2", required, "one of the same sort"},
                         result_scale,
                         result_zero,
                         {"alpha", 1.0, "factor of tensor2; whole beside integers"}},
              .positional = {"tensor1 tensor2 scale zeroPoint ?alpha?"},
              .returns = "quantized when both are, else plain",
              .call = bind([](const QuantizedOrPlain& a, const QuantizedOrPlain& b, double scale,
                              std::int64_t zero_point, const Number& alpha) {
                return combined(
                    "quantized_add", a, b,
                    [&](const Tensor& x, const Tensor& y) { return wick::add(x, y, alpha); },
                    [&](const QuantizedTensor& x, const QuantizedTensor& y) {
                      if (alpha.kind() == wick::Kind::Complex)
                        wick::fail<wick::DTypeError>("quantized_add", "alpha must be real, {} was given",
                                                     alpha);
                      return quantized::add(x, y, scale, zero_point, alpha.to_double());
                    });
              })},
      Command{.name = "quantized_mul",
              .summary = "tensor1 * tensor2 of two quantized or two plain tensors.",
              .details = of_both,
              .params = {{"tensor1", required, "a quantized or a plain tensor"},
                         {"tensor2", required, "one of the same sort"},
                         result_scale,
                         result_zero},
              .positional = {"tensor1 tensor2 scale zeroPoint"},
              .returns = "quantized when both are, else plain",
              .call = bind([](const QuantizedOrPlain& a, const QuantizedOrPlain& b, double scale,
                              std::int64_t zero_point) {
                return combined(
                    "quantized_mul", a, b, [](const Tensor& x, const Tensor& y) { return wick::mul(x, y); },
                    [&](const QuantizedTensor& x, const QuantizedTensor& y) {
                      return quantized::mul(x, y, scale, zero_point);
                    });
              })},
      Command{.name = "quantized_relu",
              .summary = "Negative numbers replaced by 0, of a quantized or a plain tensor.",
              .params = {{"input", required, "a quantized or a plain tensor"}},
              .positional = {"input"},
              .returns = "as the input: same scale and zero point, same shape and dtype",
              .call = bind([](const QuantizedOrPlain& x) {
                return std::visit(
                    Cases{[](const Tensor& plain) { return QuantizedOrPlain(wick::relu(plain)); },
                          [](const QuantizedTensor& q) { return QuantizedOrPlain(quantized::relu(q)); }},
                    x);
              })},
  };
}

}  // namespace

const Area& quantization() {
  static const Area area{"quantization", "Quantized tensors",
                         joined({quantizing(), fake(), reading(), arithmetic()})};
  return area;
}

}  // namespace commands
