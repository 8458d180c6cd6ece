#include <algorithm>
#include <cstdio>

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/data.h"

namespace commands {
namespace {

const Param steps{"steps", required, "how many values"};
const Param like{"input", required, "the tensor whose shape and memory order are taken"};
const Param like_dtype{"dtype", omittable, "element type; the input's when left out"};
const Param like_device{"device", omittable, "where the tensor lives; with the input when left out"};

// A value that an integer dtype cannot hold is an error, as in PyTorch.
void check_fits(const Scalar& value, DType type) {
  if (!fits(value, type)) {
    throw wick::Error("value cannot be converted to " + std::string(name(type)) +
                      " without overflow: " + to_string(value) + " was given for -value");
  }
}

Tensor filled(const Shape& size, const Scalar& value, DType type) {
  check_fits(value, type);
  return wick::full(size, value, type);
}

// zeros, ones, empty: alike but for what they are filled with.
Command filled_command(const char* name, const char* summary, std::vector<const char*> aliases,
                       binding::Function call) {
  return Command{.name = name,
                 .aliases = std::move(aliases),
                 .summary = summary,
                 .details =
                     "A plain integer N is the shape with one dimension of size N. A size may be 0: the "
                     "tensor then has no "
                     "elements. cuda means cpu where there is no CUDA device.",
                 .params = {shape, dtype, device, requires_grad},
                 .positional = {"shape ?dtype? ?device? ?requiresGrad?"},
                 .returns = "of the given shape and dtype",
                 .call = std::move(call)};
}

// zeros_like, ones_like ...: the input's shape, dtype unless given, and memory order.
Command like_command(const char* name, const char* summary, binding::Function call) {
  return Command{
      .name = name,
      .summary = summary,
      .details = "The result has the memory order of a permuted input, and never inherits gradient tracking.",
      .params = {like, like_dtype, like_device, requires_grad},
      .positional = {"input ?dtype? ?device?"},
      .returns = "of the input's shape",
      .call = std::move(call)};
}

using LikeDevice = optional<AnyDevice>;

}  // namespace

const Area& creation() {
  static const Area area{
      "creation",
      "New tensors",
      {
          filled_command("zeros", "A tensor of zeros (false for bool).", {},
                         bind([](Shape size, DType type, Device, bool grad) {
                           return leaf(wick::zeros(size, type), grad);
                         })),
          filled_command("ones", "A tensor of ones (true for bool).", {},
                         bind([](Shape size, DType type, Device, bool grad) {
                           return leaf(wick::ones(size, type), grad);
                         })),
          filled_command("empty", "A tensor whose contents are not promised; they are zeros.", {"Empty"},
                         bind([](Shape size, DType type, Device, bool grad) {
                           return leaf(wick::zeros(size, type), grad);
                         })),
          Command{
              .name = "full",
              .summary = "A tensor with one value in every element.",
              .details = "The value is converted to the dtype: truncated towards zero for integers, true "
                         "when not 0 for bool. The "
                         "dtype is float32 unless given (in PyTorch whole numbers make int64), for a complex "
                         "value such as 1.5+2.0j complex64. An empty shape makes "
                         "a 0-d tensor.",
              .params =
                  {shape, {"value", required, "the value of every element"}, dtype, device, requires_grad},
              .positional = {"shape value ?dtype? ?device? ?requiresGrad?"},
              .returns = "of the given shape and dtype",
              .call = bind([](Call& call, Shape size, Number value, DType type, AnyDevice, bool grad) {
                if (!call.words[2] && value.kind() == wick::Kind::Complex) type = DType::Complex64;
                return leaf(filled(size, value, type), grad);
              }),
          },
          Command{
              .name = "eye",
              .summary = "A matrix with ones where row and column are equal, zeros elsewhere.",
              .details = "By position the second word is m when it is an integer and the dtype otherwise.",
              .params = {{"n", required, "rows"},
                         {"m", std::int64_t{-1}, "columns; as many as rows when left out or -1"},
                         dtype,
                         device,
                         requires_grad},
              .positional = {"n ?m? ?dtype? ?device? ?requiresGrad?", "n ?dtype? ?device? ?requiresGrad?"},
              .returns = "n by m",
              .call = bind([](std::int64_t n, std::int64_t m, DType type, AnyDevice, bool grad) {
                if (m < -1)
                  throw wick::ShapeError("m must be greater or equal to 0, got " + std::to_string(m));
                return leaf(wick::eye(n, m, type), grad);
              }),
          },
          Command{
              .name = "arange",
              .summary =
                  "The values start, start + step, start + 2 step ... as long as they stay before end.",
              .details =
                  "The dtype is float32 unless given, also for whole numbers, which make int64 in PyTorch; "
                  "integer dtypes truncate the "
                  "three numbers first. "
                  "When start equals end the tensor is empty; an end on the wrong side of start is an error.",
              .params = {{"start", 0.0, "first value"},
                         {"end", omittable, "bound, not reached"},
                         {"step", 1.0, "distance between neighbours, may be negative, not 0"},
                         dtype,
                         device},
              .positional = {"end", "start end", "end dtype", "start end step ?dtype? ?device?",
                             "start end dtype ?device?"},
              .returns = "1-d, ceil((end - start) / step) elements",
              .call = bind([](Scalar start, optional<Scalar> end, Scalar step, DType type, AnyDevice) {
                if (!end && start.to_double() == 0) {
                  throw wick::Error("Either -end or both -start and -end must be specified");
                }
                return wick::arange(start, end.value_or(Scalar(0)), step, type);
              }),
          },
          Command{
              .name = "linspace",
              .summary = "Values evenly spaced from start to end, both included.",
              .details = "One step gives start alone, no step an empty tensor. Integer dtypes truncate "
                         "towards zero.",
              .params = {{"start", 0.0, "first value"}, {"end", 0.0, "last value"}, steps, dtype, device},
              .positional = {"start end steps ?dtype? ?device?"},
              .returns = "1-d, steps elements",
              .call = bind([](Scalar start, Scalar end, std::int64_t count, DType type, AnyDevice) {
                return wick::linspace(start, end, count, type);
              }),
          },
          Command{
              .name = "logspace",
              .summary = "The base raised to exponents evenly spaced from start to end.",
              .details = "Integer dtypes truncate the powers towards zero. By position the fourth word is "
                         "the base when it is a "
                         "number and the dtype otherwise.",
              .params = {{"start", 0.0, "exponent of the first value"},
                         {"end", 0.0, "exponent of the last value"},
                         steps,
                         {"base", 10.0, "the base"},
                         dtype,
                         device},
              .positional = {"start end steps ?base? ?dtype? ?device?", "start end steps ?dtype? ?device?"},
              .returns = "1-d, steps elements",
              .call = bind([](double start, double end, std::int64_t count, double base, DType type,
                              AnyDevice) { return wick::logspace(start, end, count, base, type); }),
          },
          like_command("zeros_like", "Zeros of the input's shape.",
                       bind([](const Tensor& x, optional<DType> type, LikeDevice, bool grad) {
                         return leaf(wick::full_like(x, 0, type.value_or(x.dtype())), grad);
                       })),
          like_command("ones_like", "Ones of the input's shape.",
                       bind([](const Tensor& x, optional<DType> type, LikeDevice, bool grad) {
                         return leaf(wick::full_like(x, 1, type.value_or(x.dtype())), grad);
                       })),
          like_command("empty_like",
                       "A tensor of the input's shape whose contents are not promised; they are zeros.",
                       bind([](const Tensor& x, optional<DType> type, LikeDevice, bool grad) {
                         return leaf(wick::full_like(x, 0, type.value_or(x.dtype())), grad);
                       })),
          Command{
              .name = "full_like",
              .summary = "A tensor of the input's shape with one value in every element.",
              .details = "The value is converted to the dtype as in full: an integer input truncates it "
                         "unless a dtype is given.",
              .params = {like,
                         {"value", 0.0, "the value of every element"},
                         like_dtype,
                         like_device,
                         requires_grad},
              .positional = {"input value ?dtype? ?device?"},
              .returns = "of the input's shape",
              .call =
                  bind([](const Tensor& x, Number value, optional<DType> type, optional<Device>, bool grad) {
                    const DType wanted = type.value_or(x.dtype());
                    check_fits(value, wanted);
                    return leaf(wick::full_like(x, value, wanted), grad);
                  }),
          },
          like_command("rand_like", "Values uniform in [0, 1), of the input's shape.",
                       bind([](const Tensor& x, optional<DType> type, LikeDevice, bool grad) {
                         return leaf(wick::rand_like(x, type.value_or(x.dtype())), grad);
                       })),
          like_command("randn_like", "Standard normal values, of the input's shape.",
                       bind([](const Tensor& x, optional<DType> type, LikeDevice, bool grad) {
                         return leaf(wick::randn_like(x, type.value_or(x.dtype())), grad);
                       })),
          Command{
              .name = "randint_like",
              .summary = "Whole numbers uniform in [low, high), of the input's shape.",
              .details =
                  "Int64 unless a dtype is given, which may be floating point; in PyTorch the default is the "
                  "input's dtype. Where low is above "
                  "high the two are exchanged. "
                  "By position the third word after the tensor is low when it is an integer and the "
                  "dtype otherwise.",
              .params = {like,
                         {"high", required, "upper bound, not reached"},
                         {"low", std::int64_t{0}, "lower bound, included"},
                         {"dtype", DType::Int64, "element type"},
                         like_device,
                         requires_grad},
              .positional = {"input high ?low? ?dtype? ?device?", "input high ?dtype? ?device?"},
              .returns = "of the input's shape, Int64 unless a dtype is given",
              .call = bind([](const Tensor& x, std::int64_t high, std::int64_t low, DType type, LikeDevice,
                              bool grad) {
                return leaf(wick::randint_like(x, std::min(low, high), std::max(low, high), type), grad);
              }),
          },
      }};
  return area;
}

}  // namespace commands
