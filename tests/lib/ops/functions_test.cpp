#include "gradcheck.h"
#include "reference.h"

namespace wick::test {
namespace {

using One = Tensor (*)(const Tensor&);

// Between 0.1 and 0.8, where all of these functions are smooth.
Tensor moderate(const Shape& shape, std::int64_t from = 0) {
  return filled(shape, float64,
                [=](std::int64_t i) { return 0.1 + 0.7 * static_cast<double>((from + i) * 29 % 53) / 53; });
}

}  // namespace

TEST_CASE("functions: as PyTorch computes them") { check_reference("functions.txt"); }

TEST_CASE("functions: gradients") {
  const std::pair<const char*, One> smooth[] = {
      {"sin", sin},         {"cos", cos},     {"tan", tan},     {"asin", asin},   {"acos", acos},
      {"atan", atan},       {"sinh", sinh},   {"cosh", cosh},   {"asinh", asinh}, {"atanh", atanh},
      {"exp2", exp2},       {"exp10", exp10}, {"expm1", expm1}, {"log2", log2},   {"log10", log10},
      {"log1p", log1p},     {"rsqrt", rsqrt}, {"frac", frac},   {"floor", floor}, {"deg2rad", deg2rad},
      {"rad2deg", rad2deg}, {"ceil", ceil},   {"trunc", trunc}, {"erf", erf}};
  for (const auto& [name, f] : smooth) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{2, 3}}) {
      check_gradients(name, [f = f](const Tensors& in) { return f(in[0]); }, {moderate(shape)});
    }
  }
  check_gradients("acosh", [](const Tensors& in) { return acosh(in[0] + 1); }, {moderate({2, 3})});
}

TEST_CASE("functions: gradients of two operands, broadcast") {
  const Function power = [](const Tensors& in) { return pow(in[0], in[1]); };
  const Function angle = [](const Tensors& in) { return atan2(in[0], in[1]); };
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 3}, {3}}, {{}, {2, 2}}, {{3, 1}, {1, 2}}}) {
    check_gradients("pow", power, {moderate(a), moderate(b, 7)});
    check_gradients("atan2", angle, {moderate(a), moderate(b, 7) - 0.45});
  }
  check_gradients("pow with whole exponents", [](const Tensors& in) { return pow(in[0] - 0.45, 3); },
                  {moderate({4})});
}

TEST_CASE("functions: the slope of a power at zero") {
  const Tensor base = tensor({0, 0, 0}, float64), exponent = tensor({0, 1, 2}, float64);
  base.requires_grad_();
  exponent.requires_grad_();
  sum(pow(base, exponent)).backward();
  CHECK(to_vector<double>(base.grad()) == std::vector<double>{0, 1, 0});
  CHECK(to_vector<double>(exponent.grad()) == std::vector<double>{0, 0, 0});
}

TEST_CASE("functions: of complex numbers as PyTorch computes them") { check_reference("complex.txt"); }

TEST_CASE("functions: gradients of complex numbers") {
  const std::pair<const char*, Tensor (*)(const Tensor&)> all[] = {{"exp", exp},
                                                                   {"log", log},
                                                                   {"sqrt", sqrt},
                                                                   {"rsqrt", rsqrt},
                                                                   {"sigmoid", sigmoid},
                                                                   {"sin", sin},
                                                                   {"cos", cos},
                                                                   {"tan", tan},
                                                                   {"asin", asin},
                                                                   {"acos", acos},
                                                                   {"atan", atan},
                                                                   {"sinh", sinh},
                                                                   {"cosh", cosh},
                                                                   {"tanh", tanh},
                                                                   {"asinh", asinh},
                                                                   {"acosh", acosh},
                                                                   {"atanh", atanh},
                                                                   {"square", square},
                                                                   {"log2", log2},
                                                                   {"abs", abs},
                                                                   {"sgn", sgn},
                                                                   {"log10", log10},
                                                                   {"reciprocal", reciprocal}};
  for (const auto& [name, f] : all)
    check_gradients(name, [f = f](const Tensors& in) { return f(in[0]); }, {complex_values({2, 2})});
  check_gradients("pow", [](const Tensors& in) { return pow(in[0], in[1]); },
                  {complex_values({2, 2}), complex_values({2}, 11)});
  check_gradients("var", [](const Tensors& in) { return var(in[0]); }, {complex_values({5})});
}

TEST_CASE("functions: what they do not take") {
  CHECK_THROWS_AS(exp2(zeros({2}, complex64)), DTypeError);
  CHECK_THROWS_AS(floor(zeros({2}, boolean)), DTypeError);
  CHECK_THROWS_AS(frac(zeros({2}, int32)), DTypeError);
  CHECK_THROWS_AS(bitwise_and(zeros({2}), zeros({2})), DTypeError);
  CHECK_THROWS_AS(isclose(zeros({2}), zeros({2}, float64)), DTypeError);
  CHECK_THROWS_AS(isclose(zeros({2}), zeros({2}), -1), Error);
}

TEST_CASE("functions: the second derivatives of a power at zero") {
  for (const double exponent : {0.0, 1.0, 2.0, 3.0}) {
    const Tensor x = zeros({2}, float64);
    x.requires_grad_();
    const Tensor first = grad({sum(pow(x, scalar_tensor(exponent, float64)))}, {x}, {}, true, true)[0];
    const double second = exponent == 2 ? 2 : 0;
    CHECK(to_vector<double>(grad({sum(first)}, {x})[0]) == std::vector<double>{second, second});
  }
}

}  // namespace wick::test
