#include "tclext/commands/areas.h"
#include "tclext/commands/operand.h"

namespace commands {
namespace {

const Param left{"input1 tensor1", required, "left operand, a tensor or a number"};
const Param right{"input2 tensor2", required, "right operand, a tensor or a number"};
const Param bits_left{"input tensor1", required, "left operand, a tensor or a number"};
const Param bits_right{"other tensor2", required, "right operand, a tensor or a number"};
const Param dim{"dim", std::int64_t{0}, "dimension to run along, negative counts from the end"};
const Param keepdim{"keepdim", false, "keep the reduced dimension with size 1"};
const Param unbiased{"unbiased", true, "divide by n - 1, else by n"};

// A function of the library as a command's function.
template <Tensor (*function)(const Tensor&)>
binding::Function unary() {
  return bind([](const Tensor& x) { return function(x); });
}
template <Tensor (*function)(const Tensor&, const Tensor&)>
binding::Function binary() {
  return bind([](const Operand& a, const Operand& b) { return apply(a, b, function); });
}
// The same for those whose second word existing scripts expect to be refused when it is a number.
template <Tensor (*function)(const Tensor&, const Tensor&)>
binding::Function binary_by_name() {
  return bind([](const Operand& a, const Operand& b) {
    check_tensor_by_position(b);
    return apply(a, b, function);
  });
}
constexpr const char* by_name =
    "Existing scripts expect a number as the second word to be refused: it is taken by name.";

struct UnaryRow {
  const char* name;
  std::vector<const char*> aliases;
  const char* summary;
  binding::Function call;
};

void add_unary(std::vector<Command>& commands, const char* details, const char* returns,
               std::vector<UnaryRow> rows) {
  for (UnaryRow& row : rows) {
    commands.push_back(Command{.name = row.name,
                               .aliases = row.aliases,
                               .summary = row.summary,
                               .details = details,
                               .params = {input},
                               .positional = {"input"},
                               .returns = returns,
                               .call = std::move(row.call)});
  }
}

struct BinaryRow {
  const char* name;
  std::vector<const char*> aliases;
  const char* summary;
  binding::Function call;
};

void add_binary(std::vector<Command>& commands, const std::vector<Param>& params, const char* details,
                const char* returns, std::vector<BinaryRow> rows) {
  const char* form = params[0].names == left.names ? "input1 input2" : "input other";
  for (BinaryRow& row : rows) {
    commands.push_back(Command{.name = row.name,
                               .aliases = row.aliases,
                               .summary = row.summary,
                               .details = details,
                               .params = params,
                               .positional = {form},
                               .returns = returns,
                               .call = std::move(row.call)});
  }
}

std::vector<Command> functions() {
  std::vector<Command> commands;
  constexpr const char* floating =
      "Floating point and complex dtypes are kept, integers and Bool give Float32.";
  constexpr const char* cuts =
      "Floating point and complex dtypes are kept, integers and Bool give Float32. On the branch cuts of "
      "complex "
      "numbers the side is the one that the C standard names.";
  constexpr const char* real_only =
      "Floating point dtypes are kept, integers and Bool give Float32. Not for complex dtypes.";
  constexpr const char* returns = "same shape as the input";
  add_unary(commands, floating, returns,
            {
                {"sin", {}, "The sine of an angle in radians.", unary<wick::sin>()},
                {"cos", {}, "The cosine of an angle in radians.", unary<wick::cos>()},
                {"tan", {}, "The tangent of an angle in radians.", unary<wick::tan>()},
                {"sinh", {"siNh"}, "The hyperbolic sine.", unary<wick::sinh>()},
                {"cosh", {}, "The hyperbolic cosine.", unary<wick::cosh>()},
            });
  add_unary(
      commands, cuts, returns,
      {
          {"asin", {}, "The angle whose sine the element is; nan outside -1 to 1.", unary<wick::asin>()},
          {"acos", {}, "The angle whose cosine the element is; nan outside -1 to 1.", unary<wick::acos>()},
          {"atan", {}, "The angle whose tangent the element is.", unary<wick::atan>()},
          {"asinh", {}, "The inverse hyperbolic sine.", unary<wick::asinh>()},
          {"acosh", {}, "The inverse hyperbolic cosine; nan below 1.", unary<wick::acosh>()},
          {"atanh", {}, "The inverse hyperbolic tangent; nan outside -1 to 1.", unary<wick::atanh>()},
      });
  add_unary(commands, floating, returns,
            {
                {"deg2rad", {"deg2Rad"}, "Degrees as radians.", unary<wick::deg2rad>()},
                {"rad2deg", {"radToDeg"}, "Radians as degrees.", unary<wick::rad2deg>()},
            });
  add_unary(commands, real_only, returns,
            {
                {"exp2", {}, "Two to the power of the element.", unary<wick::exp2>()},
                {"exp10", {}, "Ten to the power of the element.", unary<wick::exp10>()},
                {"expm1", {}, "exp(x) - 1, accurate also near 0.", unary<wick::expm1>()},
            });
  add_unary(commands, cuts, returns,
            {
                {"log2", {}, "The logarithm to the base 2.", unary<wick::log2>()},
                {"log10", {}, "The logarithm to the base 10.", unary<wick::log10>()},
            });
  add_unary(commands, real_only, returns,
            {
                {"log1p", {}, "log(1 + x), accurate also near 0.", unary<wick::log1p>()},
            });
  add_unary(commands, cuts, returns,
            {
                {"rsqrt", {"rSqrt"}, "One over the square root.", unary<wick::rsqrt>()},
            });
  add_unary(commands, "", "same shape and dtype as the input",
            {
                {"square", {"Square"}, "The element times itself.", bind([](const Tensor& x) {
                   return x.dtype() == DType::Bool ? x.to(DType::Int64) : wick::square(x);
                 })},
            });
  add_unary(
      commands, "Integers come back as they are; Bool is refused. The derivative is 0.",
      "same shape and dtype as the input",
      {
          {"floor", {"Floor"}, "The largest whole number not above the element.", unary<wick::floor>()},
          {"ceil", {}, "The smallest whole number not below the element.", unary<wick::ceil>()},
          {"round", {"Round"}, "The nearest whole number, halves to the even one.", unary<wick::round>()},
          {"trunc", {}, "The whole number towards zero.", unary<wick::trunc>()},
      });
  add_unary(commands, "Floating point only.", "same shape and dtype as the input",
            {
                {"frac",
                 {"Frac"},
                 "What truncation towards zero takes away, with the element's sign.",
                 unary<wick::frac>()},
            });
  commands.push_back(Command{.name = "atan2",
                             .summary = "The angle of the point (x, y) in radians, between -pi and pi.",
                             .details = by_name,
                             .params = {{"y input1", required, "ordinate, a tensor or a number"},
                                        {"x input2", required, "abscissa, a tensor or (by name) a number"}},
                             .positional = {"y x"},
                             .returns = "the broadcast shape, in the promoted dtype, Float32 for integers",
                             .call = binary_by_name<wick::atan2>()});
  commands.push_back(Command{
      .name = "pow",
      .summary = "The base raised to the exponent, element by element with broadcasting.",
      .details =
          "Integer pairs stay integer and wrap around. A negative integer as the exponent of integers is "
          "an error; in a tensor of exponents it gives 1 for base 1, 1 or -1 for base -1, and 0 "
          "otherwise. A negative base with a fractional exponent is nan. Existing "
          "scripts expect a number as the second word to be refused: -exponent 2 is taken.",
      .params = {{"base input1", required, "the base, a tensor or a number"},
                 {"exponent input2", required, "the exponent, a tensor or (by name) a number"}},
      .positional = {"base exponent"},
      .returns = "the broadcast shape, in the promoted dtype",
      .call = bind([](const Operand& base, const Operand& exponent) {
        check_tensor_by_position(exponent);
        return apply(base, exponent, [](const Tensor& x, const auto& y) { return wick::pow(x, y); });
      })});
  return commands;
}

std::vector<Command> divisions() {
  std::vector<Command> commands;
  add_binary(commands, {bits_left, bits_right},
             "Not for Bool and complex dtypes. Integers divided by 0 are an error; floating point gives nan, "
             "and a quotient of infinity.",
             "the broadcast shape in the promoted dtype",
             {
                 {"floor_divide",
                  {},
                  "The quotient rounded down to a whole number; its derivative is 0.",
                  binary<wick::floor_divide>()},
                 {"remainder",
                  {},
                  "What a division that rounds down leaves, with the sign of the divisor.",
                  binary<wick::remainder>()},
                 {"fmod",
                  {},
                  "What a division that rounds towards 0 leaves, with the sign of the dividend.",
                  binary<wick::fmod>()},
             });
  add_binary(commands, {bits_left, bits_right}, "Integers and Bool give Float32. Not for complex dtypes.",
             "the broadcast shape in the promoted dtype",
             {
                 {"hypot",
                  {},
                  "The distance of the point (input, other) from 0, without overflow on the way.",
                  binary<wick::hypot>()},
                 {"logaddexp",
                  {},
                  "log(exp(input) + exp(other)), without overflow on the way.",
                  binary<wick::logaddexp>()},
             });
  return commands;
}

std::vector<Command> combinations_of_three() {
  const Param factor{"value", 1.0, "factor of what is added"};
  return {
      Command{.name = "lerp",
              .summary = "start + weight * (end - start): the point between two, or beyond.",
              .details = "Floating point and complex, of one dtype; weights 0 and 1 give the ends exactly.",
              .params = {{"input start", required, "where weight 0 is"},
                         {"end", required, "where weight 1 is"},
                         {"weight", required, "a tensor or a number"}},
              .positional = {"input end weight"},
              .returns = "the broadcast shape of all three",
              .call = bind([](const Tensor& start, const Tensor& end, const Operand& weight) {
                return wick::lerp(start, end, library_operand(weight));
              })},
      Command{.name = "addcmul",
              .summary = "input + value * tensor1 * tensor2, element by element with broadcasting.",
              .details = "Not for Bool. Beside integers the value must be whole.",
              .params = {input,
                         {"tensor1", required, "first factor"},
                         {"tensor2", required, "second factor"},
                         factor},
              .positional = {"input tensor1 tensor2 ?value?"},
              .returns = "the broadcast shape of all three, in the promoted dtype",
              .call = bind([](const Tensor& x, const Tensor& a, const Tensor& b, const Number& value) {
                return wick::addcmul(x, a, b, value);
              })},
      Command{.name = "addcdiv",
              .summary = "input + value * tensor1 / tensor2, element by element with broadcasting.",
              .details = "Not for three tensors of integers.",
              .params = {input, {"tensor1", required, "dividend"}, {"tensor2", required, "divisor"}, factor},
              .positional = {"input tensor1 tensor2 ?value?"},
              .returns = "the broadcast shape of all three, in the promoted dtype",
              .call = bind([](const Tensor& x, const Tensor& a, const Tensor& b, const Number& value) {
                return wick::addcdiv(x, a, b, value);
              })},
      Command{.name = "nan_to_num",
              .summary = "The elements with numbers in place of nan and the infinities.",
              .details = "Integers come back as they are. The gradient of what was replaced is 0.",
              .params = {input,
                         {"nan", 0.0, "in place of nan"},
                         {"posinf", omittable, "in place of inf; the dtype's largest number when left out"},
                         {"neginf", omittable, "in place of -inf; the dtype's smallest when left out"}},
              .positional = {"input ?nan? ?posinf? ?neginf?"},
              .returns = "same shape and dtype as the input",
              .call = bind([](const Tensor& x, double nan, optional<double> high, optional<double> low) {
                return wick::nan_to_num(x, nan, high, low);
              })},
  };
}

// The same for those whose result can be the number itself.
template <Tensor (*function)(const Tensor&, const Tensor&)>
binding::Function binary_of_values() {
  return bind([](Call& call, const Operand& a, const Operand& b) {
    check_number_fits(call, a, b);
    return apply(a, b, function);
  });
}

// A bound of clamp as a tensor, undefined where there is none.
Tensor bound(const Tensor& x, const optional<Operand>& given) {
  if (!given) return {};
  return given->is_tensor() ? given->tensor : number_beside(x, given->number);
}

std::vector<Command> bounds() {
  const Param low{"min", omittable, "lower bound, a tensor or a number; none when left out"};
  const Param high{"max", omittable, "upper bound, a tensor or a number; none when left out"};
  std::vector<Command> commands;
  commands.push_back(Command{
      .name = "clamp",
      .aliases = {"clip"},
      .summary = "min where the element is below it, max where it is above, else the element.",
      .details =
          "With min above max all elements are max; nan stays. The gradient goes through where the element "
          "lies within the bounds, these included, and to the bound that was taken elsewhere. At least one "
          "bound is needed.",
      .params = {input, low, high},
      .positional = {"input ?min? ?max?"},
      .returns = "the broadcast shape, in the promoted dtype",
      .call = bind([](const Tensor& x, optional<Operand> min, optional<Operand> max) {
        if ((min && min->is_tensor()) || (max && max->is_tensor()))
          return wick::clamp(x, bound(x, min), bound(x, max));
        const auto number = [](const optional<Operand>& given) {
          return given ? optional<Scalar>(given->number) : std::nullopt;
        };
        return wick::clamp(x, number(min), number(max));
      })});
  add_binary(commands, {bits_left, bits_right},
             "nan where one of the two is. Not for complex dtypes. A number outside of the range of an "
             "integer tensor's "
             "dtype is an error.",
             "the broadcast shape in the promoted dtype",
             {
                 {"maximum",
                  {},
                  "The larger of two, element by element with broadcasting.",
                  binary_of_values<wick::maximum>()},
                 {"minimum",
                  {},
                  "The smaller of two, element by element with broadcasting.",
                  binary_of_values<wick::minimum>()},
             });
  return commands;
}

std::vector<Command> complex_numbers() {
  std::vector<Command> commands;
  commands.push_back(Command{
      .name = "complex",
      .summary = "The complex numbers with the given real and imaginary parts, broadcast to each other.",
      .params = {{"real input", required, "real parts, a tensor or a number"},
                 {"imag", required, "imaginary parts, a tensor or a number"}},
      .positional = {"real imag"},
      .returns = "Complex128 when one of the two is Float64, else Complex64",
      .call = bind([](Operand re, Operand im) {
        return apply(re, im, [](const Tensor& x, const Tensor& y) { return wick::complex(x, y); });
      })});
  add_unary(commands, "The result shares its values with the input.", "real, same shape as the input",
            {
                {"real", {}, "The real parts; a real tensor is returned as it is.", unary<wick::real>()},
                {"imag", {}, "The imaginary parts, of complex tensors only.", unary<wick::imag>()},
            });
  add_unary(
      commands, "tensor_abs gives the distance from 0.", "real, same shape as the input",
      {
          {"angle", {}, "The angle in radians; of real numbers 0, or pi below 0.", unary<wick::angle>()},
      });
  return commands;
}

// isclose wants one dtype: a tensor beside a number of a higher kind takes the number's.
std::pair<Tensor, Tensor> comparable(const Operand& a, const Operand& b) {
  auto [x, y] = as_tensors(a, b);
  if (!a.is_tensor()) y = y.to(x.dtype());
  if (!b.is_tensor()) x = x.to(y.dtype());
  return {x, y};
}

std::vector<Command> comparisons() {
  std::vector<Command> commands;
  add_binary(
      commands, {left, right},
      "Compared in the promoted dtype, with broadcasting. NaN equals nothing. Existing scripts expect "
      "eq and ge to refuse a number as the second word: -input2 2 is taken.",
      "Bool, the broadcast shape",
      {
          {"eq", {"Eq"}, "Whether input1 equals input2.", binary_by_name<wick::eq>()},
          {"ne", {"Ne"}, "Whether input1 differs from input2.", binary<wick::ne>()},
          {"lt", {"Lt"}, "Whether input1 is less than input2.", binary<wick::lt>()},
          {"le", {"Le"}, "Whether input1 is less than or equal to input2.", binary<wick::le>()},
          {"gt", {"Gt"}, "Whether input1 is greater than input2.", binary<wick::gt>()},
          {"ge", {"Ge"}, "Whether input1 is greater than or equal to input2.", binary_by_name<wick::ge>()},
      });
  add_unary(commands, "", "Bool, same shape as the input",
            {
                {"isnan", {"isNan"}, "Whether the element is not a number.", unary<wick::isnan>()},
                {"isinf", {"isInf"}, "Whether the element is infinite.", unary<wick::isinf>()},
                {"isfinite",
                 {"isFinite"},
                 "Whether the element is neither infinite nor nan.",
                 unary<wick::isfinite>()},
            });
  const std::vector<Param> closeness = {
      {"input tensor1", required, "values under test, a tensor or a number"},
      {"other tensor2", required,
       "reference values, which scale the relative tolerance; a tensor or a number"},
      {"rtol relativeTolerance", 1e-05, "relative tolerance, not negative"},
      {"atol absoluteTolerance", 1e-08, "absolute tolerance, not negative"},
      {"equal_nan equalNan", std::int64_t{0}, "whether two nan count as close, 0 or 1"}};
  commands.push_back(
      Command{.name = "isclose",
              .aliases = {"isClose"},
              .summary = "Whether |input - other| <= atol + rtol * |other|, or both are equal.",
              .details = "Infinities are close to equal infinities only. Both must have the same dtype.",
              .params = closeness,
              .positional = {"input other ?rtol? ?atol? ?equal_nan?"},
              .returns = "Bool, the broadcast shape",
              .call = bind([](Operand a, Operand b, double rtol, double atol, std::int64_t nan) {
                const auto [x, y] = comparable(a, b);
                return wick::isclose(x, y, rtol, atol, nan != 0);
              })});
  commands.push_back(
      Command{.name = "allclose",
              .aliases = {"allClose"},
              .summary = "Whether all elements are close in the sense of isclose.",
              .params = closeness,
              .positional = {"input other ?rtol? ?atol? ?equal_nan?"},
              .returns = "1 or 0",
              .call = bind([](Operand a, Operand b, double rtol, double atol, std::int64_t nan) {
                const auto [x, y] = comparable(a, b);
                return wick::allclose(x, y, rtol, atol, nan != 0);
              })});
  commands.push_back(
      Command{.name = "equal",
              .summary = "Whether two tensors have the same sizes and equal elements throughout.",
              .details = "Whatever the dtypes are; nan equals nothing.",
              .params = {{"input", required, "one tensor"}, {"other", required, "the other"}},
              .positional = {"input other"},
              .returns = "1 or 0",
              .call = bind([](const Tensor& a, const Tensor& b) { return wick::equal(a, b); })});
  add_binary(
      commands, {left, right},
      "An element is true when it is not zero. Any mixture of dtypes, with broadcasting. Existing scripts "
      "expect "
      "logical_and to refuse a number as the second word: -input2 1 is taken.",
      "Bool, the broadcast shape",
      {
          {"logical_and", {}, "Whether both elements are true.", binary_by_name<wick::logical_and>()},
          {"logical_or", {}, "Whether one of the elements is true at least.", binary<wick::logical_or>()},
          {"logical_xor", {}, "Whether exactly one of the elements is true.", binary<wick::logical_xor>()},
      });
  add_unary(commands, "", "Bool, same shape as the input",
            {
                {"logical_not", {}, "Whether the element is zero.", unary<wick::logical_not>()},
            });
  constexpr const char* bits =
      "Integers only, and Bool for and, or and xor. In the promoted dtype, with broadcasting. Existing "
      "scripts "
      "expect the shifts to refuse a number as the second word: -other 2 is taken.";
  add_binary(
      commands, {bits_left, bits_right}, bits, "the broadcast shape in the promoted dtype",
      {
          {"bitwise_and", {}, "The bits set in both operands.", binary<wick::bitwise_and>()},
          {"bitwise_or", {}, "The bits set in one of the operands at least.", binary<wick::bitwise_or>()},
          {"bitwise_xor", {}, "The bits set in exactly one of the operands.", binary<wick::bitwise_xor>()},
          {"bitwise_left_shift",
           {},
           "The bits of input moved left by other places.",
           binary_by_name<wick::bitwise_left_shift>()},
          {"bitwise_right_shift",
           {},
           "The bits of input moved right by other places, with the sign kept.",
           binary_by_name<wick::bitwise_right_shift>()},
      });
  add_unary(commands, "Integers and Bool only.", "same shape and dtype as the input",
            {
                {"bitwise_not", {}, "All bits inverted; of Bool the opposite.", unary<wick::bitwise_not>()},
            });
  return commands;
}

std::vector<Command> reductions() {
  constexpr const char* returns = "the input's shape without dim, or with size 1 there under keepdim";
  const Param reduced{"dim", std::int64_t{0}, "dimension to reduce, negative counts from the end"};
  return {
      Command{.name = "mean_dim",
              .summary = "The mean along a dimension.",
              .details = "Floating point only; nan over an empty dimension. By position dim is required.",
              .params = {input, reduced, keepdim},
              .positional = {"input dim ?keepdim?"},
              .returns = returns,
              .call = bind(
                  [](const Tensor& x, std::int64_t d, bool keep) { return wick::mean(x, Shape{d}, keep); })},
      Command{.name = "std_dim",
              .summary = "The standard deviation along a dimension.",
              .details = "Floating point and complex only; the result is real. By position dim is required.",
              .params = {input, reduced, unbiased, keepdim},
              .positional = {"input dim ?unbiased? ?keepdim?"},
              .returns = returns,
              .call = bind([](const Tensor& x, std::int64_t d, bool corrected, bool keep) {
                return wick::std(x, Shape{d}, corrected, keep);
              })},
      Command{.name = "var_dim",
              .summary = "The variance along a dimension.",
              .details = "Floating point and complex only; the result is real. By position dim is required.",
              .params = {input, reduced, unbiased, keepdim},
              .positional = {"input dim ?unbiased? ?keepdim?"},
              .returns = returns,
              .call = bind([](const Tensor& x, std::int64_t d, bool corrected, bool keep) {
                return wick::var(x, Shape{d}, corrected, keep);
              })},
      Command{
          .name = "median_dim",
          .summary = "The median along a dimension: of an even number the lower of the two middle elements.",
          .details = "nan wherever there is one. By position dim is required.",
          .params = {input, reduced, keepdim},
          .positional = {"input dim ?keepdim?"},
          .returns = returns,
          .call = bind(
              [](const Tensor& x, std::int64_t d, bool keep) { return wick::median(x, d, keep).values; })},
      Command{.name = "kthvalue",
              .aliases = {"kthValue"},
              .summary = "The k-th smallest element along a dimension.",
              .details = "Duplicates count one by one; nan sorts after everything else.",
              .params = {input,
                         {"k", required, "rank counted from 1, so 1 is the smallest"},
                         {"dim", required, "dimension to reduce, negative counts from the end"},
                         keepdim},
              .positional = {"input k dim ?keepdim?"},
              .returns = returns,
              .call = bind([](const Tensor& x, std::int64_t k, std::int64_t d, bool keep) {
                return wick::kthvalue(x, k, d, keep).values;
              })},
  };
}

// What holds the difference of any two elements: that of uint8 would wrap around.
DType difference_type(DType dtype) {
  switch (dtype) {
    case DType::UInt8:
    case DType::Int8:
      return DType::Int16;
    case DType::Int16:
      return DType::Int32;
    case DType::Int32:
      return DType::Int64;
    default:
      return dtype;
  }
}

// Differences of neighbours over the distance of their samples.
Tensor quotient(const Tensor& x, const optional<binding::Value>& spacing, std::int64_t along) {
  if (x.dim() == 0) wick::fail<wick::ShapeError>("gradient", "the input must have at least one dimension");
  const Tensor steps = wick::diff(x.to(difference_type(x.dtype())), 1, along);
  const std::vector<Tcl_Obj*> words =
      spacing ? binding::elements_of(spacing->object) : std::vector<Tcl_Obj*>{};
  std::vector<double> numbers;
  for (Tcl_Obj* word : words) {
    const auto number = binding::number_of(word);
    if (!number) throw binding::invalid_value("spacing", word, "a number or a list of coordinates");
    numbers.push_back(number->to_double());
  }
  if (numbers.empty() || (numbers.size() == 1 && numbers[0] == 1)) return steps;
  if (numbers.size() == 1) return wick::div(steps, numbers[0]);
  const int d = wick::wrap_dim(along, x.dim());
  if (static_cast<std::int64_t>(numbers.size()) != x.size(d)) {
    wick::fail<wick::ShapeError>("gradient", "-spacing has {} coordinates where dimension {} has size {}",
                                 numbers.size(), d, x.size(d));
  }
  Shape column = Shape::filled(x.dim(), 1);
  column[d] = x.size(d) - 1;
  const Tensor places =
      wick::tensor(numbers, {x.size(d)}, is_floating(x.dtype()) ? x.dtype() : DType::Float32);
  return wick::div(steps, wick::diff(places).reshape(column));
}

Command integral(const char* name, const char* summary, const char* returns, binding::Function call) {
  return Command{
      .name = name,
      .summary = summary,
      .details =
          "The trapezoidal rule: half the sum of two neighbours times their distance. "
          "Integers give Float32.",
      .params = {{"y input", required, "the values, at least one-dimensional"},
                 {"x dx", omittable,
                  "the places of the values, a vector or a tensor of y's shape, or the distance of "
                  "neighbours, a number; 1 when left out"},
                 {"dim", std::int64_t{-1}, "dimension to run along, negative counts from the end"}},
      .positional = {"y ?x? ?dim?"},
      .returns = returns,
      .call = std::move(call)};
}

std::vector<Command> integrals() {
  return {
      integral("trapezoid", "The integral along a dimension.", "the input's shape without dim",
               bind([](const Tensor& y, optional<Operand> x, std::int64_t d) {
                 if (x && x->is_tensor()) return wick::trapezoid(y, x->tensor, d);
                 return wick::trapezoid(y, x ? x->number : Scalar(1), d);
               })),
      integral("cumulative_trapezoid", "The integrals along a dimension up to each place after the first.",
               "the input's shape with dim shortened by one",
               bind([](const Tensor& y, optional<Operand> x, std::int64_t d) {
                 if (x && x->is_tensor()) return wick::cumulative_trapezoid(y, x->tensor, d);
                 return wick::cumulative_trapezoid(y, x ? x->number : Scalar(1), d);
               })),
  };
}

std::vector<Command> scans() {
  constexpr const char* needs_dim = "A 0-d tensor is returned as it is. By position dim is required.";
  constexpr const char* same = "same shape as the input";
  const auto scan = [&](const char* name, const char* alias, const char* summary, binding::Function call) {
    return Command{.name = name,
                   .aliases = {alias},
                   .summary = summary,
                   .details = needs_dim,
                   .params = {input, dim},
                   .positional = {"input dim"},
                   .returns = same,
                   .call = std::move(call)};
  };
  return {
      scan("cumsum", "cumSum", "The running sum along a dimension; integers and Bool give Int64.",
           bind([](const Tensor& x, std::int64_t d) { return wick::cumsum(x, d); })),
      scan("cumprod", "cumProd", "The running product along a dimension; integers and Bool give Int64.",
           bind([](const Tensor& x, std::int64_t d) { return wick::cumprod(x, d); })),
      scan("cummax", "cumMax", "The running maximum along a dimension; from a nan on it is nan.",
           bind([](const Tensor& x, std::int64_t d) { return wick::cummax(x, d).values; })),
      scan("cummin", "cumMin", "The running minimum along a dimension; from a nan on it is nan.",
           bind([](const Tensor& x, std::int64_t d) { return wick::cummin(x, d).values; })),
      Command{
          .name = "diff",
          .summary = "Differences of neighbours along a dimension, n times.",
          .details = "For Bool it is whether the neighbours differ.",
          .params = {{"input", required, "the input, at least one-dimensional"},
                     {"n", std::int64_t{1}, "how many times to difference"},
                     {"dim", std::int64_t{-1}, "dimension to run along, negative counts from the end"}},
          .positional = {"input ?n? ?dim?"},
          .returns = "the input's shape with dim shortened by n, at least 0",
          .call = bind([](const Tensor& x, std::int64_t n, std::int64_t d) { return wick::diff(x, n, d); })},
      Command{.name = "gradient",
              .aliases = {"gradientCmd"},
              .summary = "The forward difference quotient along a dimension.",
              .details =
                  "(x(i+1) - x(i)) / h, where h is 1, or the spacing, or the difference of the "
                  "coordinates that the spacing "
                  "lists. With a spacing other than 1 integers give Float32, else the next wider type of "
                  "integers. PyTorch's gradient takes "
                  "central differences instead and keeps the shape.",
              .params = {{"input", required, "the input, at least one-dimensional"},
                         {"spacing", omittable,
                          "distance between samples: empty or a number, or the coordinates along dim"},
                         {"dim dimension", std::int64_t{-1},
                          "dimension to run along, negative counts from the end"}},
              .positional = {"input ?spacing? ?dim?"},
              .returns = "the input's shape with dim shortened by one",
              .call = bind([](const Tensor& x, optional<binding::Value> spacing, std::int64_t d) {
                return quotient(x, spacing, d);
              })},
  };
}

}  // namespace

const Area& math() {
  static const Area area{"math", "Mathematics: functions, comparisons, bits, running results",
                         joined({functions(), divisions(), combinations_of_three(), bounds(),
                                 complex_numbers(), comparisons(), reductions(), scans(), integrals()})};
  return area;
}

}  // namespace commands
