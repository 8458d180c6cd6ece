#include "gradcheck.h"
#include "reference.h"

// Every differentiable operation against numeric differences.

namespace wick::test {
namespace {

using One = Tensor (*)(const Tensor&);

}  // namespace

TEST_CASE("gradients: PyTorch's, with ties, NaN and infinities") { check_reference("gradients.txt"); }

TEST_CASE("gradients: functions of one operand") {
  const std::pair<const char*, One> smooth[] = {
      {"neg", neg}, {"abs", abs},   {"sign", sign},       {"square", square},        {"relu", relu},
      {"exp", exp}, {"tanh", tanh}, {"sigmoid", sigmoid}, {"reciprocal", reciprocal}};
  for (const auto& [name, f] : smooth) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{5}, Shape{2, 3, 2}}) {
      for (const Tensor& x : orders(values(shape)))
        check_gradients(name, [f = f](const Tensors& in) { return f(in[0]); }, {x});
    }
  }
  for (const auto& [name, f] : {std::pair<const char*, One>{"log", log}, {"sqrt", sqrt}}) {
    for (const Tensor& x : orders(positive({2, 3})))
      check_gradients(name, [f = f](const Tensors& in) { return f(in[0]); }, {x});
  }
  for (const auto& [name, f] : {std::pair<const char*, One>{"neg", neg},
                                {"square", square},
                                {"conj", conj},
                                {"real", real},
                                {"imag", imag}}) {
    for (const Tensor& x : orders(complex_values({2, 3}))) {
      check_gradients(std::string("complex ") + name, [f = f](const Tensors& in) { return f(in[0]); }, {x});
    }
  }
}

TEST_CASE("gradients: functions of two operands, broadcast") {
  using Two = Tensor (*)(const Tensor&, const Tensor&);
  const std::pair<const char*, Two> functions[] = {
      {"add", [](const Tensor& a, const Tensor& b) { return add(a, b); }},
      {"add with alpha", [](const Tensor& a, const Tensor& b) { return add(a, b, -1.5); }},
      {"sub", [](const Tensor& a, const Tensor& b) { return sub(a, b); }},
      {"sub with alpha", [](const Tensor& a, const Tensor& b) { return sub(a, b, 2.5); }},
      {"mul", mul},
      {"div", div},
      {"maximum", maximum},
      {"minimum", minimum}};
  const std::pair<Shape, Shape> shapes[] = {{{}, {}},         {{3}, {}},       {{}, {2, 2}},
                                            {{3, 1}, {1, 2}}, {{2, 3}, {3}},   {{2, 1, 2}, {3, 1}},
                                            {{2, 0}, {1}},    {{2, 3}, {2, 3}}};
  for (const auto& [name, f] : functions) {
    const Function both = [f = f](const Tensors& in) { return f(in[0], in[1]); };
    for (const auto& [a, b] : shapes) {
      for (const Tensor& x : orders(values(a))) check_gradients(name, both, {x, values(b, 40)});
    }
    check_gradients(std::string(name) + " of one operand twice",
                    [f = f](const Tensors& in) { return f(in[0], in[0] * 2 + 5); }, {values({2, 3})});
  }
  for (const auto& [name, f] : {std::pair<const char*, Two>{"mul", mul}, {"div", div}}) {
    const Function both = [f = f](const Tensors& in) { return f(in[0], in[1]); };
    check_gradients(std::string("complex ") + name, both, {complex_values({2, 1}), complex_values({3}, 20)});
    check_gradients(std::string("mixed ") + name, both, {values({2, 1}), complex_values({3}, 20)});
    check_gradients(std::string("mixed ") + name, both, {complex_values({2, 1}), values({3}, 20)});
  }
  check_gradients("complex add with alpha",
                  [](const Tensors& in) { return add(in[0], in[1], std::complex<double>(0.5, -2)); },
                  {complex_values({2}), complex_values({2}, 9)});
  check_gradients("complex sub with alpha",
                  [](const Tensors& in) { return sub(in[0], in[1], std::complex<double>(0.5, -2)); },
                  {complex_values({2}), complex_values({2}, 9)});
}

TEST_CASE("gradients: an operand used twice") {
  check_gradients("x * x", [](const Tensors& in) { return mul(in[0], in[0]); }, {values({2, 3})});
  check_gradients("x / x'", [](const Tensors& in) { return div(in[0], in[0].transpose(0, 1)); },
                  {values({3, 3})});
  check_gradients("x + x", [](const Tensors& in) { return add(in[0], in[0]); }, {values({3})});
  check_gradients("x exp x", [](const Tensors& in) { return in[0] * exp(in[0]); }, {values({3})});
  check_gradients("x @ x", [](const Tensors& in) { return matmul(in[0], in[0]); }, {values({3, 3})});
  check_gradients("cat",
                  [](const Tensors& in) {
                    return square(cat({in[0], in[0], in[1]}));
                  },
                  {values({3}), values({2}, 9)});
}

TEST_CASE("gradients: numbers as operands") {
  check_gradients("x + 2", [](const Tensors& in) { return in[0] + 2; }, {values({3})});
  check_gradients("x - 2.5", [](const Tensors& in) { return in[0] - 2.5; }, {values({3})});
  check_gradients("x * -3", [](const Tensors& in) { return in[0] * -3; }, {values({3})});
  check_gradients("x / 7", [](const Tensors& in) { return in[0] / 7; }, {values({3})});
  check_gradients("x * i", [](const Tensors& in) { return in[0] * std::complex<double>(0, 1); },
                  {values({3})});
  check_gradients("z / i", [](const Tensors& in) { return in[0] / std::complex<double>(2, 1); },
                  {complex_values({3})});
}

TEST_CASE("gradients: where") {
  const Tensor condition = filled({2, 3}, boolean, [](std::int64_t i) { return i % 2 == 0; });
  check_gradients("where", [=](const Tensors& in) { return square(where(condition, in[0], in[1])); },
                  {values({3}), values({2, 1}, 30)});
  check_gradients("where of one", [=](const Tensors& in) { return where(condition, in[0], square(in[0])); },
                  {values({2, 3})});
}

TEST_CASE("gradients: conversions and copies") {
  for (const Tensor& x : orders(values({2, 3}))) {
    check_gradients("clone", [](const Tensors& in) { return square(in[0].clone()); }, {x});
    check_gradients("contiguous", [](const Tensors& in) { return square(in[0].contiguous()); }, {x});
    check_gradients("to complex", [](const Tensors& in) { return square(in[0].to(complex128)); }, {x});
  }
  check_gradients("to real", [](const Tensors& in) { return square(in[0].to(float64)); },
                  {complex_values({3})});

  const Tensor x = tensor({1, 2}, float32).requires_grad_();
  square(x.to(float64)).select(0, 1).backward();
  CHECK(x.grad().dtype() == float32);
  CHECK(to_vector<double>(x.grad()) == std::vector<double>{0, 4});
}

TEST_CASE("gradients: operations on shape") {
  const std::pair<const char*, Tensor (*)(const Tensor&)> functions[] = {
      {"reshape",
       [](const Tensor& x) {
         return x.reshape({3, 4});
       }},
      {"flatten", [](const Tensor& x) { return x.flatten(); }},
      {"permute",
       [](const Tensor& x) {
         return x.permute({2, 0, 1});
       }},
      {"transpose", [](const Tensor& x) { return x.transpose(0, -1); }},
      {"movedim", [](const Tensor& x) { return movedim(x, 0, 1); }},
      {"expand",
       [](const Tensor& x) {
         return x.unsqueeze(1).expand({3, 2, 2, 3, 2});
       }},
      {"unsqueeze", [](const Tensor& x) { return x.unsqueeze(-1); }},
      {"squeeze", [](const Tensor& x) { return x.slice(1, 1, 2).squeeze(1); }},
      {"select", [](const Tensor& x) { return x.select(1, -1); }},
      {"slice", [](const Tensor& x) { return x.slice(1, 0, 3, 2); }},
      {"empty slice", [](const Tensor& x) { return x.slice(1, 2, 1); }},
      {"narrow", [](const Tensor& x) { return narrow(x, 1, 1, 2); }},
      {"index operator", [](const Tensor& x) { return x[1][0]; }},
      {"repeat",
       [](const Tensor& x) {
         return repeat(x, {2, 1, 2, 3});
       }},
  };
  for (const auto& [name, f] : functions) {
    // The square makes the second derivative count.
    for (const Tensor& x : orders(values({2, 3, 2}))) {
      check_gradients(name, [f = f](const Tensors& in) { return square(f(in[0])); }, {x});
    }
    check_gradients(std::string("complex ") + name, [f = f](const Tensors& in) { return f(in[0]); },
                    {complex_values({2, 3, 2})});
  }
}

TEST_CASE("gradients: several tensors made into one") {
  for (std::int64_t d = -1; d < 2; ++d) {
    const Function stacked = [d](const Tensors& in) { return square(stack(in, d)); };
    check_gradients("stack", stacked, {values({2, 3}), values({2, 3}, 10), orders(values({2, 3}, 20))[1]});
    const Function joined = [d](const Tensors& in) { return square(cat(in, d)); };
    check_gradients("cat", joined, {values({2, 2}), orders(values({2, 2}, 10))[2], values({2, 2}, 20)});
  }
  check_gradients("cat with an empty one", [](const Tensors& in) { return square(cat(in, 1)); },
                  {values({2, 2}), values({0}), values({2, 0}), values({2, 1}, 20)});
}

TEST_CASE("gradients: picked elements") {
  const Tensor index = tensor({2, 0, 2, 1}, int64);
  const Tensor picks = tensor({2, 0, 1, 1, 0, 2}, int64).reshape({2, 3});
  for (const Tensor& x : orders(values({3, 3}))) {
    for (const std::int64_t d : {0, 1}) {
      check_gradients("index_select",
                      [=](const Tensors& in) { return square(index_select(in[0], d, index)); }, {x});
    }
    check_gradients("index_add", [=](const Tensors& in) { return square(index_add(in[0], 0, index, in[1])); },
                    {x, values({4, 3}, 30)});
    check_gradients("gather", [=](const Tensors& in) { return square(gather(in[0], 0, picks)); }, {x});
    check_gradients("gather", [=](const Tensors& in) { return square(gather(in[0], 1, picks)); }, {x});
    check_gradients("scatter_add",
                    [=](const Tensors& in) { return square(scatter_add(in[0], 1, picks, in[1])); },
                    {x, values({2, 3}, 30)});
  }
}

TEST_CASE("gradients: summaries") {
  const std::pair<const char*, Function> functions[] = {
      {"sum", [](const Tensors& in) { return sum(in[0]); }},
      {"sum over dims",
       [](const Tensors& in) {
         return sum(in[0], {0, -1});
       }},
      {"sum keeping dims", [](const Tensors& in) { return square(sum(in[0], {1}, true)); }},
      {"mean", [](const Tensors& in) { return square(mean(in[0])); }},
      {"mean over dims", [](const Tensors& in) { return square(mean(in[0], {1}, true)); }},
      {"var", [](const Tensors& in) { return var(in[0]); }},
      {"var of all", [](const Tensors& in) { return var(in[0], false); }},
      {"var over dims",
       [](const Tensors& in) {
         return var(in[0], {0, 2}, true, true);
       }},
      {"std", [](const Tensors& in) { return wick::std(in[0]); }},
      {"std over dims", [](const Tensors& in) { return wick::std(in[0], {1}, false); }},
      {"max", [](const Tensors& in) { return square(max(in[0])); }},
      {"min", [](const Tensors& in) { return square(min(in[0])); }},
      {"max along", [](const Tensors& in) { return square(max(in[0], 1).values); }},
      {"min along", [](const Tensors& in) { return square(min(in[0], -1, true).values); }},
      {"median", [](const Tensors& in) { return square(median(in[0])); }},
      {"median along", [](const Tensors& in) { return square(median(in[0], 1).values); }},
      {"mode", [](const Tensors& in) { return square(mode(in[0])); }},
      {"mode along", [](const Tensors& in) { return square(mode(in[0], 1, true).values); }},
      {"quantile", [](const Tensors& in) { return square(quantile(in[0], 0.3)); }},
      {"quantile along", [](const Tensors& in) { return square(quantile(in[0], 0.7, 1)); }},
      {"quantile, the last", [](const Tensors& in) { return square(quantile(in[0], 1, 1, true)); }},
  };
  for (const auto& [name, f] : functions) {
    for (const Tensor& x : orders(values({2, 3, 2}))) check_gradients(name, f, {x});
  }
  check_gradients("complex sum", [](const Tensors& in) { return square(sum(in[0], {1})); },
                  {complex_values({2, 3})});
  check_gradients("complex mean", [](const Tensors& in) { return square(mean(in[0])); },
                  {complex_values({2, 3})});
}

TEST_CASE("gradients: matrix products") {
  const std::pair<Shape, Shape> shapes[] = {{{3}, {3}},
                                            {{2, 3}, {3}},
                                            {{3}, {3, 2}},
                                            {{2, 3}, {3, 2}},
                                            {{2, 2, 3}, {3, 2}},
                                            {{2, 3}, {2, 3, 2}},
                                            {{2, 1, 1, 3}, {2, 3, 2}},
                                            {{2, 0}, {0, 3}},
                                            {{2, 2, 3}, {2, 3, 1}}};
  const Function product = [](const Tensors& in) { return matmul(in[0], in[1]); };
  for (const auto& [a, b] : shapes) {
    for (const Tensor& x : orders(values(a))) {
      for (const Tensor& y : orders(values(b, 30))) check_gradients("matmul", product, {x, y});
    }
  }
  check_gradients("complex matmul", product, {complex_values({2, 3}), orders(complex_values({3, 2}, 30))[1]});
  check_gradients("bmm", [](const Tensors& in) { return bmm(in[0], in[1]); },
                  {values({2, 2, 3}), values({2, 3, 1}, 30)});
}

TEST_CASE("gradients: a small network") {
  const Function network = [](const Tensors& in) {
    const Tensor hidden = tanh(matmul(in[0], in[1]) + in[2]);
    const Tensor out = sigmoid(matmul(relu(hidden + 1.5), in[3]));
    return mean(square(out - 0.3));
  };
  check_gradients("network", network,
                  {values({3, 2}), values({2, 3}, 20), values({3}, 40), values({3, 1}, 60)});
}

}  // namespace wick::test
