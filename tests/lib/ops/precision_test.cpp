// Numbers at the edges of their types: long sums, large offsets, values whose squares leave the range, half
// precision.

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "support.h"

namespace wick::test {
namespace {

double number(const Tensor& x) { return x.item().to_double(); }

void check_close(const Tensor& got, const std::vector<double>& expected, double tolerance) {
  const auto values = to_vector<double>(got);
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = std::fabs(values[i] - expected[i]);
    CHECK_MESSAGE((values[i] == expected[i] || error <= tolerance * std::fabs(expected[i])),
                  i << ": " << values[i] << " where " << expected[i] << " is right");
  }
}

Tensor gradient_of(const Tensor& x, Tensor (*f)(const Tensor&)) {
  const Tensor leaf = x.clone();
  leaf.requires_grad_();
  return grad({f(leaf)}, {leaf})[0];
}

Tensor deviation(const Tensor& x) { return wick::std(x); }
Tensor variance(const Tensor& x) { return var(x); }

}  // namespace

TEST_CASE("precision: ten million equal numbers add up to one rounding") {
  const double tenth = static_cast<double>(0.1f);
  const Tensor x = full({10'000'000}, 0.1, float32);
  CHECK(number(sum(x)) == static_cast<float>(tenth * 1e7));
  CHECK(number(mean(x)) == 0.1f);
  const Tensor table = x.reshape({1'250'000, 8});
  CHECK(identical(sum(table, {0}), full({8}, static_cast<float>(tenth * 1.25e6))));
  CHECK(identical(sum(table, {1})[77], scalar_tensor(static_cast<float>(tenth * 8), float32)));
  CHECK(identical(sum(x.reshape({1000, 10, 1000}), {0, 2}), full({10}, static_cast<float>(tenth * 1e6))));
  check_close(sum(full({100'000}, std::complex<double>(0.1, 0.1), complex64)).to(float64), {tenth * 1e5},
              1e-7);
}

TEST_CASE("precision: means of half precision do not pass through a sum of half precision") {
  for (const DType dtype : {float16, bfloat16}) {
    CHECK(number(mean(ones({70'000}, dtype))) == 1);
    CHECK(number(mean(ones({70'000, 2}, dtype), {0})[1]) == 1);
    CHECK(number(mean(full({2}, 60'000, dtype))) == number(full({}, 60'000, dtype)));
    CHECK(number(mean(full({3, 2}, 60'000, dtype), {1})[2]) == number(full({}, 60'000, dtype)));
  }
  CHECK(number(mean(full({2}, 3e38))) == 3e38f);
}

TEST_CASE("precision: deviations of large, small and half precision numbers") {
  check_close(deviation(tensor({300, -300}, float16)), {424.2640687}, 1e-3);
  check_close(deviation(tensor({300, -300}, bfloat16)), {424.2640687}, 4e-3);
  check_close(deviation(tensor({1e-4, -1e-4}, float16)), {1.41421356e-4}, 1e-3);
  for (const DType dtype : {float32, float64}) {
    for (const double scale : {1.0, 1e20, 1e-30}) {
      const Tensor x = tensor({scale, 2 * scale, 3 * scale, -4 * scale}, dtype);
      check_close(deviation(x), {3.109126351 * scale}, 1e-6);
      check_close(wick::std(x.reshape({4, 1}).expand({4, 3}), {0}),
                  std::vector<double>(3, 3.109126351 * scale), 1e-6);
      check_close(wick::std(x.reshape({1, 4}).expand({3, 4}), {1}),
                  std::vector<double>(3, 3.109126351 * scale), 1e-6);
      // d std / dx = (x - mean) / (3 std), whatever the scale.
      check_close(gradient_of(x, deviation), {0.053605625, 0.160816875, 0.268028125, -0.482450626}, 1e-6);
    }
  }
  for (const double scale : {1e200, 1e-200}) {
    check_close(deviation(tensor({scale, 2 * scale, 3 * scale, -4 * scale}, float64)), {3.109126351 * scale},
                1e-8);
  }
  check_close(gradient_of(tensor({300, -300}, float16), deviation), {0.70710678, -0.70710678}, 1e-3);
  check_close(gradient_of(tensor({5, 5, 5}, float32), deviation), {0, 0, 0}, 0);
  CHECK(std::isnan(number(deviation(tensor({1.0, NAN, 2.0})))));
  CHECK(std::isnan(number(deviation(tensor({1.0, INFINITY, 2.0}, float64)))));
}

TEST_CASE("precision: variances of numbers far from 0") {
  const Tensor far = tensor({10000000, 10000001}, float32);
  CHECK(number(var(far)) == 0.5);
  CHECK(identical(var(far.reshape({2, 1}).expand({2, 2}), {0}), full({2}, 0.5)));
  CHECK(identical(var(far.reshape({1, 2}).expand({3, 2}), {1}), full({3}, 0.5)));
  CHECK(identical(gradient_of(far, variance), tensor({-1, 1}, float32)));
  // Where the mean itself is no float64.
  CHECK(number(var(tensor({1e16, 1e16 + 2}, float64))) == 2);
  // Over several dimensions, in pieces.
  const Tensor wide =
      filled({20, 30, 400}, float32, [](std::int64_t i) { return 1e6 + static_cast<double>(i % 2); });
  check_close(var(wide, {0, 2}, false), std::vector<double>(30, 0.25), 1e-6);
  check_close(var(wide, false), {0.25}, 1e-6);
}

TEST_CASE("precision: norms whose squares leave the range") {
  check_close(norm(tensor({3e30, 4e30})), {5e30}, 1e-6);
  check_close(norm(tensor({3e-30, 4e-30})), {5e-30}, 1e-6);
  check_close(norm(tensor({3e200, 4e200}, float64)), {5e200}, 1e-14);
  check_close(norm(tensor({3e-200, 4e-200}, float64)), {5e-200}, 1e-14);
  check_close(norm(full({2}, std::complex<double>(3e30, 4e30), complex64)), {7.0710678e30}, 1e-6);
  check_close(norm(tensor({3.0, 4.0}), 1e308), {4}, 0);
  check_close(norm(tensor({3e30, 4e30}), 3), {4.49794144e30}, 1e-6);
  check_close(norm(tensor({3.0, 4.0}), -3), {2.66788784}, 1e-6);
  check_close(norm(tensor({3.0, INFINITY})), {INFINITY}, 0);
  check_close(norm(tensor({3.0, INFINITY}, float64), 3), {INFINITY}, 0);
  CHECK(std::isnan(number(norm(tensor({3.0, NAN}, float64)))));
  check_close(norm(zeros({4}, float64)), {0}, 0);
  check_close(norm(full({4000}, 200, float16)), {12649.11}, 1e-3);
}

TEST_CASE("precision: gradients of half precision are gathered in float") {
  for (const DType dtype : {float16, bfloat16}) {
    const auto total = [&](auto f) {
      const Tensor leaf = ones({2, 3}, dtype);
      leaf.requires_grad_();
      const Tensor y = f(leaf);
      return number(sum(grad({y}, {leaf}, {ones(y.sizes(), dtype)})[0].to(float64)));
    };
    const Tensor zero = zeros({1000}, int64);
    CHECK(total([&](const Tensor& x) { return index_select(x, 0, zero); }) == 3000);
    CHECK(total([&](const Tensor& x) { return index(x, {zero}); }) == 3000);
    CHECK(total([&](const Tensor& x) {
            return take_along_dim(x, zero.reshape({1000, 1}).expand({1000, 3}), 0);
          }) == 3000);
    CHECK(total([&](const Tensor& x) { return pad(x, {511, 511}, "replicate"); }) == 2050);
    CHECK(total([&](const Tensor& x) { return x.unsqueeze(0).expand({1000, 2, 3}); }) == 6000);
    CHECK(total([&](const Tensor& x) { return mul(x, ones({1000, 2, 3}, dtype)); }) == 6000);
    const Tensor sums = scatter_add(zeros({1}, dtype), 0, zero, ones({1000}, dtype));
    CHECK(number(sums) == 1000);
  }
}

TEST_CASE("precision: extremes of short lines, the first position, and NaN") {
  std::mt19937 random(3);
  for (const std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31}) {
    for (const DType dtype : {boolean, uint8, int16, int64, float16, bfloat16, float32, float64}) {
      const Tensor x = filled({203, n}, dtype, [&](std::int64_t) {
        const double v = static_cast<double>(random() % 5);
        return is_floating(dtype) && random() % 90 == 0 ? std::nan("") : dtype == boolean ? double(v > 2) : v;
      });
      for (const Tensor& rows : {x, x.t().contiguous().t()}) {
        for (const bool largest : {true, false}) {
          for (const int d : {0, 1}) {
            const auto [values, indices] = largest ? max(rows, d) : min(rows, d);
            const auto found = to_vector<double>(values);
            const auto places = to_vector<std::int64_t>(indices);
            std::size_t wrong = 0;
            for (std::size_t line = 0; line < found.size(); ++line) {
              const auto elements = to_vector<double>(rows.select(1 - d, static_cast<std::int64_t>(line)));
              std::size_t best = 0;
              for (std::size_t i = 1; i < elements.size(); ++i) {
                const double v = elements[i], held = elements[best];
                if (!std::isnan(held) && (std::isnan(v) || (largest ? v > held : v < held))) best = i;
              }
              wrong += places[line] != static_cast<std::int64_t>(best);
              wrong +=
                  !(found[line] == elements[best] || (std::isnan(found[line]) && std::isnan(elements[best])));
            }
            CHECK_MESSAGE(wrong == 0, name(dtype) << " " << n << " along " << d);
          }
        }
      }
    }
  }
}

TEST_CASE("precision: softmax of short lines, in every memory order") {
  for (const std::int64_t n : {1, 2, 3, 5, 8, 20, 32, 33}) {
    for (const DType dtype : {bfloat16, float32, float64}) {
      const Tensor x = filled({150, n}, dtype, [](std::int64_t i) { return scattered(i, 6); });
      const double tolerance = dtype == bfloat16 ? 1e-2 : dtype == float32 ? 1e-5 : 1e-13;
      for (const Tensor& in : {x, x.t().contiguous().t(), x.slice(0, 0, 149, 2)}) {
        for (const int d : {0, 1}) {
          const Tensor exponentials = exp(in.to(float64)),
                       expected = div(exponentials, sum(exponentials, {d}, true));
          check_close(softmax(in, d), to_vector<double>(expected), tolerance);
          check_close(exp(log_softmax(in, d).to(float64)), to_vector<double>(expected), 8 * tolerance);
          // The gradient of a weighted sum, from the definition.
          const Tensor leaf = in.to(float64).clone(),
                       weights = filled(in.sizes(), float64, [](std::int64_t i) { return scattered(i, 3); });
          leaf.requires_grad_();
          const Tensor direct = mul(expected, sub(weights, sum(mul(weights, expected), {d}, true)));
          const Tensor got = grad({softmax(leaf, d)}, {leaf}, {weights})[0];
          CHECK(number(max(abs(sub(got, direct)))) < 1e-12);
        }
      }
    }
  }
}

TEST_CASE("precision: softmax of long lines, along rows and columns") {
  // The exponentials are 1 and many times 0.1, whose sum is far off when it is taken in float32.
  constexpr std::int64_t n = 200'000;
  const Tensor x = full({n, 6}, std::log(0.1), float32);
  x[0].fill_(0);
  const double sum = 1 + 0.1 * (n - 1);
  for (const Tensor& in : {x, x.slice(1, 0, 6, 2), x.t().contiguous().t()}) {
    const Tensor leaf = in.clone().requires_grad_();
    const Tensor logarithms = log_softmax(leaf, 0), shares = softmax(leaf, 0);
    // In log_softmax's gradient the weights are added up, in softmax's the products with the result.
    const Tensor weights = full(in.sizes(), 0.1, float32), ones_above = zeros(in.sizes(), float32);
    ones_above[0].fill_(1);
    const Tensor of_logarithms = grad({logarithms}, {leaf}, {weights})[0],
                 of_shares = grad({shares}, {leaf}, {add(ones_above, 1)})[0];
    for (const std::int64_t column : {std::int64_t{0}, in.size(1) - 1}) {
      const auto first = [&](const Tensor& t) { return number(t[0][column]); };
      CHECK(first(logarithms) == doctest::Approx(-std::log(sum)).epsilon(1e-6));
      CHECK(first(shares) == doctest::Approx(1 / sum).epsilon(1e-6));
      CHECK(first(of_logarithms) == doctest::Approx(0.1 - 0.1 * n / sum).epsilon(1e-6));
      CHECK(first(of_shares) == doctest::Approx((1 - 1 / sum) / sum).epsilon(1e-5));
    }
  }
}

TEST_CASE("precision: the distinct values of a few, and of many") {
  for (const std::int64_t different : {3, 2000, 5000}) {
    for (const DType dtype : {int32, int64, float32, float64}) {
      const Tensor x = filled({20'000}, dtype, [&](std::int64_t i) {
        return static_cast<double>((i * 7919) % different - 1000);
      });
      const UniqueResult found = unique(x, true, true, true);
      REQUIRE(found.values.numel() == different);
      CHECK(identical(found.values, sort(found.values).values));
      CHECK(identical(index_select(found.values, 0, found.inverse), x));
      CHECK(identical(found.counts,
                      scatter_add(zeros({different}, int64), 0, found.inverse, ones({20'000}, int64))));
    }
  }
  const UniqueResult mixed = unique(tensor({-0.0, 1.0, 0.0, NAN, 1.0, NAN}), true, true, true);
  CHECK(mixed.values.numel() == 4);
  CHECK(std::signbit(number(mixed.values[0])));
  CHECK(to_vector<std::int64_t>(mixed.counts) == std::vector<std::int64_t>{2, 2, 1, 1});
  CHECK(unique(zeros({0}, int64), true, true, true).counts.numel() == 0);
}

TEST_CASE("precision: copies of every order of dimensions") {
  for (const DType dtype : {uint8, int16, float32, float64, complex128}) {
    const Tensor x = filled({5, 66, 3, 35}, dtype, [](std::int64_t i) { return scattered(i, 60); });
    Dims order{0, 1, 2, 3};
    do {
      const Tensor view = x.permute(order), copy = view.contiguous();
      REQUIRE(identical(copy, view));
      Dims back = Dims::filled(4, 0);
      for (int i = 0; i < 4; ++i) back[static_cast<int>(order[i])] = i;
      REQUIRE(identical(copy.permute(back).contiguous(), x));
    } while (std::next_permutation(order.begin(), order.end()));
  }
  for (const int columns : {1, 2, 3, 7, 8, 9}) {
    const Tensor x = filled({500, columns}, float32, [](std::int64_t i) { return scattered(i, 60); });
    const Tensor joined = cat({x, x}, 1);
    CHECK(identical(joined.slice(1, columns, 2 * columns), x));
    CHECK(identical(joined.slice(1, 0, columns), x));
  }
}

namespace {

// The gradient of the sum of f at x; one that could be differentiated again takes other formulas.
Tensor slope(const std::function<Tensor(const Tensor&)>& f, const std::vector<double>& at, DType dtype,
             bool recorded = false) {
  const Tensor x = tensor(at, {static_cast<std::int64_t>(at.size())}, dtype);
  x.requires_grad_();
  return grad({sum(f(x))}, {x}, {}, recorded, recorded)[0].detach();
}

}  // namespace

TEST_CASE("precision: gradients whose squares leave the range") {
  const double inf = INFINITY;
  for (const DType dtype : {float16, float32, float64}) {
    const double large = dtype == float16 ? 300 : dtype == float32 ? 1e20 : 1e160;
    const double tolerance = dtype == float16 ? 2e-3 : 1e-6;
    for (const bool recorded : {false, true}) {
      check_close(slope(asinh, {large, -large, inf}, dtype, recorded), {1 / large, 1 / large, 0}, tolerance);
      check_close(slope(atan, {300, 1, inf}, dtype, recorded), {1.0 / 90001, 0.5, 0}, 2e-2);
      check_close(slope(softsign, {300}, dtype, recorded), {1.0 / 90601}, 2e-2);
    }
    for (const double size : {large, 1 / large}) {
      const Tensor other = full({2}, size, dtype);
      check_close(slope([&](const Tensor& y) { return atan2(y, other); }, {size, 0}, dtype),
                  {0.5 / size, 1 / size}, tolerance);
      check_close(slope([&](const Tensor& x) { return atan2(other, x); }, {size, 0}, dtype),
                  {-0.5 / size, -1 / size}, tolerance);
    }
  }
  check_close(slope([](const Tensor& x) { return angle(complex(x, full({2}, 1e-30))); }, {1e-30, 0}, float32),
              {-5e29, -1e30}, 1e-6);
  check_close(slope([](const Tensor& x) { return atan2(x, x); }, {1e-200}, float64), {0}, 0);
}

TEST_CASE("precision: gradients of running products need no quotient in range") {
  check_close(slope([](const Tensor& x) { return cumprod(x, 0); }, {300, 300, 0.001}, float16),
              {301.3, 300.3, INFINITY}, 1e-3);
  check_close(slope([](const Tensor& x) { return cumprod(x, 0); }, {1e30, 1e30, 1e-30}, float32),
              {1e30, 1e30, INFINITY}, 1e-6);
}

TEST_CASE("precision: gradients of what does not count") {
  check_close(slope([](const Tensor& x) { return clamp(x, 0.0, 1.0); }, {NAN, 0, 0.5, 1, 2, -1}, float32),
              {0, 1, 1, 1, 0, 0}, 0);
  const Tensor x = tensor({0, 2}, float64);
  x.requires_grad_();
  const Tensor first = grad({sum(pow(x, tensor({0, 0}, float64)))}, {x}, {}, true, true)[0];
  check_close(grad({sum(first)}, {x})[0], {0, 0}, 0);
}

TEST_CASE("precision: twenty million numbers added in one place") {
  const std::int64_t n = 20000000;
  const Tensor places = zeros({n}, int64), values = ones({n}), target = zeros({2});
  const auto total = static_cast<double>(n);
  CHECK(number(bincount(places, values, 0)[0]) == total);
  CHECK(number(index_add(target, 0, places, values)[0]) == total);
  CHECK(number(scatter_add(target, 0, places, values)[0]) == total);
  CHECK(number(index_put(target, {places}, values, true)[0]) == total);
  CHECK(number(slope([&](const Tensor& x) { return gather(x, 0, places); }, {1, 1}, float32)[0]) == total);
  CHECK(number(slope([&](const Tensor& x) { return index_select(x, 0, places); }, {1, 1}, float32)[0]) ==
        total);
  CHECK(number(slope([&](const Tensor& x) { return index(x, {places}); }, {1, 1}, float32)[0]) == total);
}

TEST_CASE("precision: sums of half precision and of complex numbers in one place") {
  const std::int64_t n = 20000;
  const Tensor places = zeros({n}, int64);
  for (const DType dtype : {float16, bfloat16, complex64}) {
    const Tensor values = full({n}, 0.5, dtype), target = zeros({2}, dtype);
    const double total = number(full({1}, 10000, dtype)[0]);  // rounded once
    CHECK(number(index_add(target, 0, places, values)[0]) == total);
    CHECK(number(index_put(target, {places}, values, true)[0]) == total);
  }
}

TEST_CASE("precision: deviations of complex numbers whose squares leave the range") {
  const auto spread = [](double size) {
    return std(complex(tensor({size, 2 * size}, float64), tensor({0, size}, float64)));
  };
  check_close(spread(1e200), {1e200}, 1e-14);
  check_close(spread(1e-200), {1e-200}, 1e-14);
}

TEST_CASE("precision: covariances of large integers") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  const std::int64_t values[] = {large, large + 2};
  const Tensor x = tensor(values, {2}, int64);
  CHECK(number(cov(x)) == 2);
  CHECK(to_vector<double>(corrcoef(stack({x, x}))) == std::vector<double>{1, 1, 1, 1});
  CHECK_THROWS_WITH_AS(corrcoef(zeros({1, 1, 1})),
                       "corrcoef: at most 2 dimensions are expected, shape {1 1 1} has more", ShapeError);
}

TEST_CASE("precision: means of numbers whose sum leaves the range") {
  for (const auto& [dtype, large] :
       {std::pair{float16, 65504.0}, {bfloat16, 0x1.fep127}, {float32, 3e38}, {float64, 1.7e308}}) {
    for (const std::int64_t n : {2, 3, 20, 5000}) {
      const Tensor x = full({n, 3}, large, dtype);
      const double tolerance = is_half(dtype)     ? 1e-2
                               : dtype == float32 ? 1e-6
                                                  : 1e-14,
                   value = number(x[0][0]);
      check_close(mean(x), {value}, tolerance);
      check_close(mean(x.t(), 1), {value, value, value}, tolerance);
      check_close(mean(x, 0), {value, value, value}, tolerance);
      const Tensor in = x.clone();
      in.requires_grad_();
      mean(in).backward();
      check_close(in.grad()[0][0], {1.0 / (3.0 * static_cast<double>(n))}, 1e-2);
    }
  }
  const Tensor z = full({4}, std::complex<double>(1.5e308, -1.5e308), complex128);
  check_close(real(mean(z)), {1.5e308}, 1e-14);
  CHECK(number(mean(tensor({1.7e308, HUGE_VAL}, float64))) == HUGE_VAL);
  CHECK(std::isnan(number(mean(tensor({HUGE_VAL, -HUGE_VAL}, float64)))));
}

TEST_CASE("precision: the gradient of a running sum loses nothing") {
  for (const DType dtype : {float32, float64}) {
    const double large = dtype == float32 ? 1e10 : 1e20;
    const Tensor x = zeros({3}, dtype);
    x.requires_grad_();
    sum(mul(cumsum(x, 0), tensor({large, 1.0, 2.0}, dtype))).backward();
    check_close(x.grad(), {large, 3, 2}, 1e-6);
  }
}

}  // namespace wick::test
