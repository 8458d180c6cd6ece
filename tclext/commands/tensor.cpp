#include <cmath>

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/data.h"
#include "tclext/commands/kinds.h"
#include "tclext/commands/operand.h"

namespace commands {
namespace {

const Param first{"input1 input", required, "first operand, a tensor or a number"};
const Param second{"input2 other", required, "second operand, a tensor or a number"};
const Param left{"input", required, "first operand, a tensor or a number"};
const Param right{"other", required, "second operand, a tensor or a number"};
const Param one_dim{"dim dimension", omittable,
                    "dimension to reduce, negative counts from the end; all elements when left out"};
const Param unbiased{"unbiased", true, "divide by n - 1 (true) or by n (false)"};

// Of a tensor of any kind.
Shape sizes_of(const AnyTensor& x) {
  return std::visit([](const auto& tensor) { return Shape(tensor.sizes()); }, x);
}

// Beside integers exact where alpha is whole, else computed in float64.
Tensor add_scaled(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (!is_integral(wick::result_type(a, b)) || alpha.kind() != wick::Kind::Floating || alpha.whole())
    return wick::add(a, b, alpha);
  if (!std::isfinite(alpha.to_double()))
    wick::fail<wick::DTypeError>("add", "for integer operands alpha must be finite, {} was given", alpha);
  return wick::add(a.to(wick::float64), b.to(wick::float64), alpha);
}

Scalar negative(const Scalar& x) {
  if (x.kind() == wick::Kind::Complex) return -x.to_complex();
  if (x.kind() == wick::Kind::Floating) return -x.to_double();
  return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x.to_int()));  // wraps as products do
}

Tensor divided(const Tensor& x, const Tensor& y) { return wick::div(x, y); }

// Of integers exact, which the rounded quotient of large ones is not.
Tensor quotient(const Tensor& x, const Tensor& y) {
  if (!is_integral(x.dtype()) || !is_integral(y.dtype())) return wick::div(x, y);
  return wick::div(x.to(wick::int64), y.to(wick::int64), "trunc").to(x.dtype());
}

// Calls a function of two tensors and gives its result in the first operand's dtype. Where integers are
// computed with floating point or complex numbers and become integers again, it is in float64 or complex128:
// float32 does not hold all their digits.
template <class F>
Tensor computed_in_first_dtype(const Operand& a, const Operand& b, const F& function) {
  if (a.is_tensor() && b.is_tensor()) {
    const Tensor &x = a.tensor, &y = b.tensor;
    const bool mixed = is_integral(x.dtype()) && !is_integral(y.dtype());
    const DType wide = is_complex(y.dtype()) ? wick::complex128 : wick::float64;
    return (mixed ? function(x.to(wide), y.to(wide)) : function(x, y)).to(x.dtype());
  }
  const auto [x, y] = as_tensors(a, b);
  return in_first_dtype(a, b, function(x, y));
}

Tensor sum_in_first_dtype(const Operand& a, const Operand& b, const Scalar& alpha) {
  return computed_in_first_dtype(a, b,
                                 [&](const Tensor& x, const Tensor& y) { return add_scaled(x, y, alpha); });
}

Command unary(const char* name, const char* summary, binding::Function call, const char* details = "") {
  return Command{.name = name,
                 .summary = summary,
                 .details = details,
                 .params = {input},
                 .positional = {"input"},
                 .keeps_dtype = true,
                 .returns = "same shape and dtype as the input",
                 .call = std::move(call)};
}

constexpr const char* truncates = "Integer tensors give the floating point result truncated towards zero.";

// A reduction with an optional dimension.
Command reduction(const char* name, const char* summary, const char* details, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .details = details,
                 .params = {input, dim_or_all},
                 .positional = {"input ?dim?"},
                 .returns = "0-d, or the input's shape without dim",
                 .call = std::move(call)};
}

// The same for those whose option has two names.
Command statistic(const char* name, const char* summary, const char* details, binding::Function call) {
  Command command = reduction(name, summary, details, std::move(call));
  command.params = {input, one_dim};
  return command;
}

Command query(const char* name, const char* summary, const char* returns, binding::Function call) {
  return Command{.name = name,
                 .summary = summary,
                 .params = {input},
                 .positional = {"input"},
                 .returns = returns,
                 .call = std::move(call)};
}

Command random_command(const char* name, const char* alias, const char* summary, binding::Function call) {
  return Command{
      .name = name,
      .aliases = {alias},
      .summary = summary,
      .details =
          "The generator is the one that manual_seed seeds; the values are PyTorch's. By position the device "
          "comes before the dtype: in rand 3 float64 the word is taken for a device, as existing scripts "
          "expect, "
          "and the dtype stays Float32. Write -dtype float64.",
      .params = {shape,
                 {"device", "cpu", "where the tensor lives"},
                 {"dtype", DType::Float32, "element type, floating point"}},
      .positional = {"shape ?device? ?dtype?"},
      .returns = "of the given shape and dtype",
      .call = std::move(call)};
}

// Later tensors take the dtype of the first.
Tensors in_dtype_of_first(Tensors tensors) {
  for (Tensor& t : tensors) t = t.to(tensors.front().dtype());
  return tensors;
}

constexpr const char* device_text =
    "TensorOptions(dtype=float (default), device=cpu, layout=Strided (default), requires_grad=false "
    "(default), "
    "pinned_memory=false (default), memory_format=(nullopt))";

std::vector<Command> making() {
  return {
      Command{
          .name = "tensor_create",
          .summary = "A tensor of the given numbers.",
          .details =
              "Nested lists give the shape: a flat list of n numbers has shape n, equal rows make a "
              "matrix, and so on; a "
              "shape rearranges the values in row-major order. Whole numbers keep all their digits in "
              "integer dtypes; nan, "
              "inf and the boolean words count as numbers, complex ones are written 1.5+2.0j, and 010 is "
              "ten. The dtype is float32 unless given, also of whole numbers, which are int64 in PyTorch. "
              "One number makes shape 1, never a 0-d tensor: "
              "full with an empty shape makes those. A tensor as data is copied, without its history: "
              "a new leaf with its values and dtype. By position the second word is the shape when it "
              "is a list of integers, else the dtype.",
          .params = {{"data", required, "a number, a list of numbers, nested lists, or a tensor"},
                     {"shape", omittable,
                      "shape to arrange the values in, one entry may be -1; as the data are nested when left "
                      "out or empty"},
                     {"dtype", omittable,
                      "element type; of a tensor its own when left out, Complex64 when there are complex "
                      "numbers, else Float32"},
                     device,
                     requires_grad},
          .positional = {"data ?shape? ?dtype? ?device? ?requiresGrad?",
                         "data ?dtype? ?device? ?requiresGrad?"},
          .returns = "a leaf with the given values",
          .call = bind([](Call& call, binding::Value data, optional<Shape> size, optional<DType> type,
                          AnyDevice, bool grad) {
            const Tensor* source = binding::find_tensor(call.state, data.object);
            const Tensor values = source ? source->detach().clone().to(type.value_or(source->dtype()))
                                         : read_data(data.object, type);
            return leaf(size && !size->empty() ? values.reshape(*size) : values, grad);
          }),
      },
      random_command("tensor_randn", "randn", "Standard normal values.",
                     bind([](Shape size, LooseDevice, DType type) { return wick::randn(size, type); })),
      random_command("tensor_rand", "rand", "Values uniform in [0, 1).",
                     bind([](Shape size, LooseDevice, DType type) { return wick::rand(size, type); })),
  };
}

std::vector<Command> arithmetic() {
  constexpr const char* keeps_first =
      "Computed in the promoted dtype of both operands, then converted to the first one's; an integer tensor "
      "and a floating point one in Float64. A number promotes as in PyTorch: 5 leaves any tensor's dtype, "
      "0.5 "
      "beside an integer tensor gives Float32. Sums of integers wrap around, and so does a number that the "
      "tensor's dtype cannot hold.";
  return {
      Command{
          .name = "tensor_add",
          .summary = "input1 + alpha * input2, element by element, with broadcasting.",
          .details = keeps_first,
          .params = {first, second, {"alpha", 1.0, "factor of the second operand"}},
          .positional = {"input1 input2 ?alpha?"},
          .returns = "of the broadcast shape, in the first operand's dtype",
          .call = bind([](const Operand& a, const Operand& b, const Number& alpha) {
            return sum_in_first_dtype(a, b, alpha);
          }),
      },
      Command{
          .name = "tensor_sub",
          .summary = "input - alpha * other, element by element, with broadcasting.",
          .details = keeps_first,
          .params = {left, right, {"alpha", 1.0, "factor of the second operand; by name only"}},
          .positional = {"input other"},
          .returns = "of the broadcast shape, in the first operand's dtype",
          .call = bind([](const Operand& a, const Operand& b, const Number& alpha) {
            return computed_in_first_dtype(a, b, [&](const Tensor& x, const Tensor& y) {
              if (x.dtype() == DType::Bool && y.dtype() == DType::Bool)
                return wick::sub(x, y);  // which refuses
              return add_scaled(x, y, negative(alpha));
            });
          }),
      },
      Command{
          .name = "tensor_mul",
          .summary = "The product, element by element, with broadcasting.",
          .details =
              "The dtype is PyTorch's promoted one, but a number counts as floating point however it is "
              "written: an integer tensor times 2 is Float32.",
          .params = {left, right},
          .positional = {"input other"},
          .returns = "of the broadcast shape, in the promoted dtype",
          .call = bind([](Operand a, Operand b) {
            for (Operand* operand : {&a, &b}) {
              if (operand->number.kind() < wick::Kind::Floating)
                operand->number = operand->number.to_double();
            }
            return apply(a, b, [](const Tensor& x, const auto& y) { return wick::mul(x, y); });
          }),
      },
      Command{
          .name = "tensor_div",
          .summary = "The true quotient, element by element, with broadcasting.",
          .details =
              "Converted to the first operand's dtype: an integer dividend gives the quotient "
              "truncated towards zero, but for a divisor such as 2.0, a number with a point, which gives "
              "Float32. Integers divided by the integer 0 are an error. Existing scripts expect a number as "
              "the second word to be refused: -other 2 is "
              "taken.",
          .params = {{"input", required, "dividend, a tensor or a number"},
                     {"other", required, "divisor, a tensor or (by name) a number"}},
          .positional = {"input other"},
          .returns = "of the broadcast shape, in the first operand's dtype",
          .call = bind([](const Operand& a, const Operand& b) {
            check_tensor_by_position(b);
            if (!b.is_tensor()) return in_first_dtype(a, b, apply(a, b, quotient));
            return computed_in_first_dtype(a, b, a.is_tensor() ? quotient : divided);
          }),
      },
      Command{
          .name = "tensor_matmul",
          .summary = "The matrix product by PyTorch's rules.",
          .details = "Two vectors give their dot product (0-d); matrix times vector and vector times matrix "
                     "drop the vector's "
                     "dimension; with more than two dimensions the last two are the matrices and the others "
                     "are broadcast. Both "
                     "operands must have the same dtype; integers are allowed.",
          .params = {{"input", required, "left factor"}, {"other", required, "right factor"}},
          .positional = {"input other"},
          .returns = "the product, in the operands' dtype",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::matmul(a, b); }),
      },
      Command{
          .name = "tensor_bmm",
          .summary = "The matrix products of two batches, without broadcasting.",
          .params = {{"input", required, "batch of n by m matrices"},
                     {"other", required, "batch of m by p matrices"}},
          .positional = {"input other"},
          .returns = "b by n by p, in the operands' dtype",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::bmm(a, b); }),
      },
      Command{
          .name = "tensor_abs",
          .summary = "The absolute value of every element.",
          .details = "Of complex numbers the distance from 0: a real tensor, Float32 of Complex64.",
          .params = {input},
          .positional = {"input"},
          .returns = "of the input's shape, in its dtype or in that of its real parts",
          .call = bind([](const Tensor& x) { return wick::abs(x); }),
      },
      unary("tensor_exp", "e raised to every element.", bind([](const Tensor& x) { return wick::exp(x); }),
            truncates),
      unary("tensor_log", "The natural logarithm of every element; -inf for 0 and nan below.",
            bind([](const Tensor& x) { return wick::log(x); }), truncates),
      unary("tensor_sqrt", "The square root of every element; nan below 0.",
            bind([](const Tensor& x) { return wick::sqrt(x); }), truncates),
      unary("tensor_sigmoid", "1 / (1 + exp(-x)) of every element.",
            bind([](const Tensor& x) { return wick::sigmoid(x); }), truncates),
      unary("tensor_relu", "max(0, x) of every element; not defined for bool.",
            bind([](const Tensor& x) { return wick::relu(x); })),
      unary("tensor_tanh", "The hyperbolic tangent of every element.",
            bind([](const Tensor& x) { return wick::tanh(x); }), truncates),
      Command{
          .name = "tensor_where",
          .summary = "x where the condition is true and y elsewhere, all three broadcast.",
          .details =
              "Two numbers give Int64 when both are whole and Float32 otherwise. The branch that is not "
              "taken is computed all the same: where its derivative is infinite or nan, so is the "
              "gradient, as in PyTorch.",
          .params = {{"condition", required, "bool tensor"},
                     {"x", required, "values where the condition holds, a tensor or a number"},
                     {"y", required, "values elsewhere, a tensor or a number"}},
          .positional = {"condition x y"},
          .returns = "of the broadcast shape of all three, in the promoted dtype of x and y",
          .call = bind([](Call& call, const Tensor& condition, const Operand& x, const Operand& y) {
            check_number_fits(call, x, y);
            const auto [a, b] = as_tensors(x, y);
            return wick::where(condition, a, b);
          }),
      },
  };
}

std::vector<Command> reductions() {
  return {
      reduction("tensor_sum", "The sum over all elements, or along a dimension.",
                "Integer and bool tensors are summed in Int64. The sum of no elements is 0.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::sum(x, Shape{*dim}) : wick::sum(x);
                })),
      reduction("tensor_mean", "The mean over all elements, or along a dimension.",
                "The dtype must be floating point. The mean of no elements is nan.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::mean(x, Shape{*dim}) : wick::mean(x);
                })),
      reduction("tensor_max", "The largest value of all elements, or along a dimension.",
                "A nan among the elements makes the result nan. No elements without dim is an error.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::max(x, *dim).values : wick::max(x);
                })),
      reduction("tensor_min", "The smallest value of all elements, or along a dimension.",
                "A nan among the elements makes the result nan. No elements without dim is an error.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::min(x, *dim).values : wick::min(x);
                })),
      Command{
          .name = "tensor_var",
          .summary = "The variance of all elements, or along a dimension.",
          .details = "The sum of squared deviations from the mean, over n - 1, or over n when unbiased is "
                     "false; nan where that is "
                     "0. Floating point tensors only. By position the second word is dim when it is an "
                     "integer and unbiased "
                     "when it is another boolean word.",
          .params = {input, one_dim, unbiased},
          .positional = {"input ?dim? ?unbiased?", "input unbiased"},
          .returns = "0-d, or the input's shape without dim",
          .call = bind([](const Tensor& x, optional<std::int64_t> dim, bool corrected) {
            return dim ? wick::var(x, Shape{*dim}, corrected) : wick::var(x, corrected);
          }),
      },
      Command{
          .name = "tensor_std",
          .summary = "The standard deviation: the square root of tensor_var with the same arguments.",
          .params = {input, one_dim, unbiased},
          .positional = {"input ?dim? ?unbiased?"},
          .returns = "0-d, or the input's shape without dim",
          .call = bind([](const Tensor& x, optional<std::int64_t> dim, bool corrected) {
            return dim ? wick::std(x, Shape{*dim}, corrected) : wick::std(x, corrected);
          }),
      },
      statistic("tensor_median", "The median of all elements, or along a dimension.",
                "Of an even number the lower of the two middle values. nan when one element is nan, or when "
                "there are none.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::median(x, *dim).values : wick::median(x);
                })),
      Command{
          .name = "tensor_quantile",
          .summary = "The q quantile of all elements, or along a dimension, with linear interpolation.",
          .details = "With the n values sorted, the value at position q (n - 1), interpolated between its "
                     "neighbours. Float32 and "
                     "Float64 only.",
          .params = {input, {"q quantile", required, "fraction from 0 to 1"}, one_dim},
          .positional = {"input q ?dim?"},
          .returns = "0-d, or the input's shape without dim",
          .call = bind([](const Tensor& x, double q, optional<std::int64_t> dim) {
            return dim ? wick::quantile(x, q, *dim) : wick::quantile(x, q);
          }),
      },
      statistic("tensor_mode", "The most frequent value of all elements, or along a dimension.",
                "Among equally frequent values the smallest. No elements is an error. In PyTorch the last "
                "dimension is the default.",
                bind([](const Tensor& x, optional<std::int64_t> dim) {
                  return dim ? wick::mode(x, *dim).values : wick::mode(x);
                })),
  };
}

std::vector<Command> reading() {
  return {
      query("tensor_print", "The values as text in nested braces; nothing is written to standard output.",
            "the text", bind([](const AnyTensor& x) {
              return std::visit(Cases{[](const Tensor& dense) { return std::string(braces_text(dense)); },
                                      [](const auto& other) { return to_string(other); }},
                                x);
            })),
      query("tensor_item",
            "The only element as text: six digits after the point for floating point, as existing scripts "
            "expect, a "
            "plain integer otherwise. item gives all digits.",
            "the text", bind([](const Tensor& x) { return item_text(x); })),
      query("item", "The only element, in full.",
            "a double, for integers and bool an integer, for complex dtypes a word such as 1.5+2.0j",
            bind([](const Tensor& x) { return item_object(x); })),
      query("tensor_to_list", "All elements in row-major order, exactly.",
            "a flat list: doubles for floating point dtypes, integers for the others, 1 and 0 for bool, "
            "words such "
            "as 1.5+2.0j for complex ones",
            bind([](const QuantizedOrPlain& x) {
              return std::visit(Cases{[](const Tensor& plain) { return element_list(plain); },
                                      [](const QuantizedTensor& q) { return element_list(q.dequantize()); }},
                                x);
            })),
      query("to_list",
            "All elements in nested lists, one level for each dimension: of a matrix the list of its rows.",
            "nested lists with elements as in tensor_to_list; of a 0-d tensor the element",
            bind([](const Tensor& x) { return nested_list(x); })),
      query("tensor_dtype", "The name of the element type.", "Float32, Float64, Int32, Int64, Bool and so on",
            bind([](const AnyTensor& x) {
              return std::visit(Cases{[](const QuantizedTensor& q) { return wick::capital_name(q.dtype()); },
                                      [](const auto& other) { return info(other.dtype()).capital_name; }},
                                x);
            })),
      query("tensor_device", "A long text that names the device.", "the text",
            bind([](const AnyTensor&) { return device_text; })),
      query("tensor_requires_grad", "Whether gradients are tracked for the tensor.", "1 or 0",
            bind([](const SparseOrDense& x) {
              return std::visit([](const auto& any) { return any.requires_grad(); }, x);
            })),
      query("tensor_shape", "The size of each dimension.", "a list, empty for a 0-d tensor",
            bind([](const AnyTensor& x) { return sizes_of(x); })),
      query("tensor_size", "The size of each dimension; the same as tensor_shape.",
            "a list, empty for a 0-d tensor", bind([](const AnyTensor& x) { return sizes_of(x); })),
      query("tensor_numel", "The number of elements; 1 for a 0-d tensor.", "the number",
            bind([](const AnyTensor& x) { return wick::numel(sizes_of(x)); })),
      query("tensor_is_cuda", "Whether the tensor lives on a CUDA device.", "1 or 0",
            bind([](const AnyTensor&) { return false; })),
      query("tensor_is_contiguous", "Whether the elements lie in row-major order without gaps.", "1 or 0",
            bind([](const Tensor& x) { return x.is_contiguous(); })),
  };
}

std::vector<Command> shaping() {
  return {
      Command{
          .name = "tensor_to",
          .summary = "The tensor on a device and, if asked, in another dtype.",
          .details =
              "Floating point to integer truncates towards zero, to bool is not 0. The device is "
              "required even when only the dtype is to change, and any word other than cuda means cpu: "
              "in tensor_to $x float64 the word is taken for a device, as existing scripts expect, and "
              "nothing changes. Write tensor_to $x cpu float64. When nothing changes the result shares "
              "the input's values. Differentiable between floating point dtypes.",
          .params = {input,
                     {"device", required, "cpu or cuda"},
                     {"dtype", omittable, "new element type; unchanged when left out"}},
          .positional = {"input device ?dtype?"},
          .returns = "same shape",
          .call = bind([](const Tensor& x, LooseDevice, optional<DType> type) {
            return x.to(type.value_or(x.dtype()));
          }),
      },
      Command{
          .name = "tensor_reshape",
          .summary = "The elements in row-major order under a new shape.",
          .details = "One entry may be -1, which stands for what is left over. Where the memory order allows "
                     "it the result shares "
                     "its values with the input.",
          .params = {input, {"shape", required, "new shape, one entry may be -1"}},
          .positional = {"input shape"},
          .returns = "of the new shape, same dtype",
          .call = bind([](const Tensor& x, Shape size) { return x.reshape(size); }),
      },
      Command{
          .name = "tensor_permute",
          .summary = "The dimensions in another order.",
          .details = "dims names each old dimension once. The result shares its values with the input.",
          .params = {input, {"dims", required, "for each new dimension, which old one it is"}},
          .positional = {"input dims"},
          .returns = "with reordered dimensions, same dtype",
          .call = bind([](const Tensor& x, Ints dims) { return x.permute(dims); }),
      },
      Command{
          .name = "tensor_cat",
          .summary = "Tensors one after another along an existing dimension.",
          .details = "All other sizes must agree; an empty 1-d tensor is skipped. Two tensors at least. By "
                     "position dim is required.",
          .params = {{"tensors", required, "two or more tensors"},
                     {"dim", std::int64_t{0}, "dimension along which they follow each other"}},
          .positional = {"tensors dim"},
          .returns = "in the dtype of the first tensor",
          .call = bind([](Tensors tensors, std::int64_t dim) {
            if (tensors.size() < 2)
              throw wick::ShapeError("Required parameters missing: at least 2 tensors are needed");
            return wick::cat(in_dtype_of_first(std::move(tensors)), dim);
          }),
      },
      Command{
          .name = "tensor_stack",
          .summary = "Tensors of equal shape along a new dimension.",
          .details = "By position dim is required.",
          .params = {{"tensors", required, "one or more tensors of equal shape"},
                     {"dim", std::int64_t{0}, "where the new dimension goes"}},
          .positional = {"tensors dim"},
          .returns = "one dimension more, in the dtype of the first tensor",
          .call = bind([](Tensors tensors, std::int64_t dim) {
            if (tensors.empty())
              throw wick::ShapeError("Required parameter missing: -tensors is an empty list");
            return wick::stack(in_dtype_of_first(std::move(tensors)), dim);
          }),
      },
      Command{
          .name = "tensor_contiguous",
          .summary = "The tensor in row-major order without gaps.",
          .details = "When the input is contiguous already the result shares its values.",
          .params = {input},
          .positional = {"input"},
          .returns = "same shape, dtype and values",
          .call = bind([](const Tensor& x) { return x.contiguous(); }),
      },
      Command{
          .name = "tensor_expand",
          .summary = "Dimensions of size 1 stretched to the asked size, and dimensions added in front.",
          .details =
              "-1 keeps the size of an existing dimension. The result shares its values with the input.",
          .params = {input, {"sizes shape", required, "new shape; -1 keeps a size"}},
          .positional = {"input sizes"},
          .returns = "of the new shape, same dtype",
          .call = bind([](const Tensor& x, Shape sizes) { return x.expand(sizes); }),
      },
      Command{
          .name = "tensor_repeat",
          .summary = "Copies of the tensor side by side.",
          .details = "repeats has at least as many entries as the tensor has dimensions; more of them add "
                     "dimensions in front.",
          .params = {input, {"repeats", required, "how often along each dimension"}},
          .positional = {"input repeats"},
          .returns = "sizes multiplied, same dtype",
          .call = bind([](const Tensor& x, Ints repeats) {
            if (repeats.empty())
              throw wick::ShapeError("Required parameters missing: -repeats is an empty list");
            return wick::repeat(x, repeats);
          }),
      },
      Command{
          .name = "tensor_index_select",
          .summary = "The slices at the given positions along a dimension, in the order given.",
          .details = "Positions run from 0 to size - 1; repetitions are allowed.",
          .params = {input,
                     {"dim dimension", required, "dimension to select along, negative counts from the end"},
                     {"indices", required, "Int32 or Int64 vector (or 0-d) of positions"}},
          .positional = {"input dim indices"},
          .returns = "the size of dim becomes the number of indices",
          .call = bind([](const Tensor& x, std::int64_t dim, const Tensor& indices) {
            return wick::index_select(x, dim, indices);
          }),
      },
  };
}

std::vector<Command> differentiating() {
  return {
      query("detach", "The same values without their history: gradients do not flow through the result.",
            "a tensor that shares the input's values", bind([](const Tensor& x) { return x.detach(); })),
      query("clone", "A copy of the values, through which gradients flow.", "same shape and dtype",
            bind([](const Tensor& x) { return x.clone(); })),
      Command{
          .name = "requires_grad",
          .summary = "Sets whether gradients are tracked for a tensor, and answers the tensor.",
          .details =
              "For leaves of floating point or complex dtype: tensors that no recorded operation has made. "
              "tensor_requires_grad asks.",
          .params = {input, {"wanted", true, "whether gradients are tracked"}},
          .positional = {"input ?wanted?"},
          .returns = "the tensor itself",
          .call = bind([](const Tensor& x, bool wanted) { return x.requires_grad_(wanted); }),
      },
      query("tensor_backward",
            "Back-propagates from a tensor with one element and adds the gradients to the leaves that track "
            "them.",
            "OK", bind([](const Tensor& x) {
              x.backward();
              return "OK";
            })),
      query("tensor_grad", "The gradient that tensor_backward has accumulated in the tensor.",
            "the gradient, same shape and dtype; later backward passes show through it",
            bind([](const SparseOrDense& given) {
              return std::visit(
                  [](const auto& x) -> SparseOrDense {
                    if (!x.requires_grad()) throw wick::GradientError("Tensor does not require gradients");
                    const auto gradient = x.grad();
                    if (!gradient.defined()) throw wick::GradientError("No gradient computed yet");
                    return gradient;
                  },
                  given);
            })),
  };
}

}  // namespace

const Area& tensor() {
  static const Area area{
      "tensor", "Tensors: arithmetic, reductions, shape, gradients",
      joined({making(), reading(), arithmetic(), reductions(), shaping(), differentiating()})};
  return area;
}

}  // namespace commands
