#include <bit>
#include <cmath>

#include "levels.h"
#include "support.h"
#include "wick/core/parallel.h"
#include "wick/ops/fused.h"

// Chains of operations computed block by block: the bits of the operations one by one.

namespace wick::test {
namespace {

using fused::Chain;
using kernels::Binary;
using kernels::Unary;

// Also what is not in order: NaN, infinities, zeros of both signs, denormals.
Tensor values(std::int64_t n, DType dtype, std::uint64_t seed) {
  manual_seed(seed);
  Tensor x = randn({n}, float64) * 3;
  double* elements = x.data<double>();
  const double odd[] = {0.0,    -0.0, std::nan(""), HUGE_VAL, -HUGE_VAL, 1e-310,
                        -1e-41, 1e38, -1e308,       1,        -1,        0.5};
  for (std::size_t i = 0; i < std::size(odd) && static_cast<std::int64_t>(i) < n; ++i)
    elements[static_cast<std::int64_t>(i * 7) % n] = odd[i];
  return x.to(dtype);
}

// NaN of any kind are alike.
bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.to(float64), y = b.to(float64);
  const double *p = x.data<double>(), *q = y.data<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (std::isnan(p[i]) && std::isnan(q[i])) continue;
    if (std::bit_cast<std::uint64_t>(p[i]) != std::bit_cast<std::uint64_t>(q[i])) return false;
  }
  return true;
}

struct UnaryCase {
  Unary op;
  Tensor (*function)(const Tensor&);
};
constexpr UnaryCase unary_cases[] = {{Unary::Neg, neg},
                                     {Unary::Abs, abs},
                                     {Unary::Exp, exp},
                                     {Unary::Log, log},
                                     {Unary::Sqrt, sqrt},
                                     {Unary::Relu, relu},
                                     {Unary::Sigmoid, sigmoid},
                                     {Unary::Tanh, tanh},
                                     {Unary::Square, square},
                                     {Unary::Rsqrt, rsqrt},
                                     {Unary::Reciprocal, reciprocal},
                                     {Unary::Floor, floor},
                                     {Unary::Ceil, ceil},
                                     {Unary::Round, round},
                                     {Unary::Trunc, trunc},
                                     {Unary::Frac, frac},
                                     {Unary::Sin, sin},
                                     {Unary::Cos, cos},
                                     {Unary::Tan, tan},
                                     {Unary::Asin, asin},
                                     {Unary::Acos, acos},
                                     {Unary::Atan, atan},
                                     {Unary::Sinh, sinh},
                                     {Unary::Cosh, cosh},
                                     {Unary::Asinh, asinh},
                                     {Unary::Acosh, acosh},
                                     {Unary::Atanh, atanh},
                                     {Unary::Erf, erf},
                                     {Unary::Exp2, exp2},
                                     {Unary::Exp10, exp10},
                                     {Unary::Expm1, expm1},
                                     {Unary::Log2, log2},
                                     {Unary::Log10, log10},
                                     {Unary::Log1p, log1p}};

struct BinaryCase {
  Binary op;
  Tensor (*function)(const Operand&, const Operand&);
};
const BinaryCase binary_cases[] = {
    {Binary::Add, add},  {Binary::Sub, sub},         {Binary::Mul, mul},
    {Binary::Div, div},  {Binary::Maximum, maximum}, {Binary::Minimum, minimum},
    {Binary::Pow, pow},  {Binary::Atan2, atan2},     {Binary::Remainder, remainder},
    {Binary::Fmod, fmod}};

}  // namespace

TEST_CASE("fused: every function between two others, of odd lengths and values") {
  for (const DType dtype : {float32, float64}) {
    for (const std::int64_t n : {1, 7, 1023, 5000}) {
      const Tensor a = values(n, dtype, 1), b = values(n, dtype, 2);
      for (const auto& [op, function] : unary_cases) {
        Chain chain;
        const int sum = chain.apply(Binary::Add, chain.input(a), chain.number(0.25));
        const int y = chain.apply(Binary::Mul, chain.apply(op, sum), chain.input(b));
        CHECK_MESSAGE(same_bits(chain.run(y), function(a + 0.25) * b), "unary ", static_cast<int>(op));
      }
      for (const auto& [op, function] : binary_cases) {
        Chain chain;
        const int x = chain.apply(Unary::Neg, chain.input(a)), y = chain.apply(Unary::Abs, chain.input(b));
        CHECK_MESSAGE(same_bits(chain.run(chain.apply(op, x, y)), function(-a, abs(b))), "binary ",
                      static_cast<int>(op));
        Chain numbers;
        const int z = numbers.apply(op, numbers.apply(Unary::Abs, numbers.input(b)), numbers.number(1.5));
        CHECK_MESSAGE(same_bits(numbers.run(numbers.apply(op, numbers.number(2.5), z)),
                                function(2.5, function(abs(b), 1.5))),
                      "number ", static_cast<int>(op));
      }
    }
  }
}

TEST_CASE("fused: long chains, operands used again, threads") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    const Tensor a = values(200003, float32, 3), b = values(200003, float32, 4);
    Chain chain;
    const int x = chain.input(a), y = chain.input(b);
    const int root = chain.apply(Unary::Sqrt, chain.apply(Binary::Add, chain.apply(Binary::Mul, x, x),
                                                          chain.apply(Binary::Mul, y, y)));
    chain.apply(Unary::Sin, root);  // nobody wants it
    int z = root;
    Tensor wanted = sqrt(a * a + b * b);
    const Tensor first = wanted;
    for (int i = 0; i < 10; ++i) {
      z = chain.apply(Binary::Sub, chain.apply(Binary::Mul, z, y), chain.apply(Unary::Tanh, root));
      wanted = wanted * b - tanh(first);
    }
    CHECK(same_bits(chain.run(z), wanted));
    CHECK(same_bits(chain.run(root), first));  // an inner value, too
  }
  set_num_threads(before);
}

TEST_CASE("fused: shapes without elements, and mistakes") {
  Chain chain;
  const int x = chain.apply(Unary::Exp, chain.input(zeros({0, 3})));
  CHECK(chain.run(x).sizes() == Shape{0, 3});
  Chain alone;
  CHECK_THROWS_AS(alone.run(alone.number(1)), Error);
}

}  // namespace wick::test
