#include <cmath>
#include <limits>

#include "reference.h"

namespace wick::test {
namespace {

// The definition, element by element. `kept` says which dimensions stay.
struct Summary {
  double sum = 0, largest = -HUGE_VAL, smallest = HUGE_VAL;
  std::int64_t first_largest = 0, first_smallest = 0, count = 0;
};

std::vector<Summary> summaries(const Tensor& x, const std::vector<bool>& kept) {
  std::int64_t results = 1;
  for (int d = 0; d < x.dim(); ++d) results *= kept[static_cast<std::size_t>(d)] ? x.sizes()[d] : 1;
  std::vector<Summary> out(static_cast<std::size_t>(results));
  const std::vector<double> values = to_vector<double>(x);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int64_t slot = 0, place = 1, rest = static_cast<std::int64_t>(i);
    for (int d = x.dim() - 1; d >= 0; --d) {
      if (kept[static_cast<std::size_t>(d)]) {
        slot += rest % x.sizes()[d] * place;
        place *= x.sizes()[d];
      }
      rest /= x.sizes()[d];
    }
    Summary& s = out[static_cast<std::size_t>(slot)];
    const double v = values[i];
    s.sum += v;
    if (v > s.largest) {
      s.largest = v;
      s.first_largest = s.count;
    }
    if (v < s.smallest) {
      s.smallest = v;
      s.first_smallest = s.count;
    }
    ++s.count;
  }
  return out;
}

void check_against_definition(const Tensor& x) {
  for (unsigned set = 0; set < (1u << x.dim()); ++set) {
    Dims dims;
    std::vector<bool> kept;
    for (int d = 0; d < x.dim(); ++d) {
      kept.push_back(!(set >> d & 1));
      if (!kept.back()) dims.push_back(d);
    }
    if (dims.empty()) continue;
    const std::vector<Summary> expected = summaries(x, kept);
    const auto sums = to_vector<double>(sum(x, dims));
    REQUIRE(sums.size() == expected.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) wrong += sums[i] != expected[i].sum;
    CHECK_MESSAGE(wrong == 0, name(x.dtype()) << to_string(x.sizes()) << to_string(x.strides()) << " over "
                                              << to_string(dims));
    if (dims.size() != 1) continue;
    const ValuesIndices high = max(x, dims[0]), low = min(x, dims[0]);
    const auto highs = to_vector<double>(high.values), lows = to_vector<double>(low.values);
    const auto high_at = to_vector<std::int64_t>(high.indices), low_at = to_vector<std::int64_t>(low.indices);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      wrong += highs[i] != expected[i].largest || lows[i] != expected[i].smallest;
      wrong += high_at[i] != expected[i].first_largest || low_at[i] != expected[i].first_smallest;
    }
    CHECK_MESSAGE(wrong == 0, name(x.dtype()) << to_string(x.sizes()) << to_string(x.strides()) << " along "
                                              << to_string(dims));
  }
  const Summary all = summaries(x, std::vector<bool>(static_cast<std::size_t>(x.dim()), false))[0];
  CHECK(sum(x).item().to_double() == all.sum);
  CHECK(max(x).item().to_double() == all.largest);
  CHECK(min(x).item().to_double() == all.smallest);
}

}  // namespace

TEST_CASE("reduction: as PyTorch computes it") { check_reference("reduction.txt"); }

TEST_CASE("reduction: every set of dimensions, shape, memory order and dtype against the definition") {
  const Shape shapes[] = {{1},        {5},        {2000},     {70000},      {3, 40},     {40, 3},
                          {2, 20000}, {20000, 2}, {190, 200}, {7, 1, 9, 5}, {3, 70, 65}, {2, 3, 4, 2, 3},
                          {300, 2},   {301, 3},   {302, 5},   {303, 6},     {304, 7},    {305, 8},
                          {306, 12},  {307, 20},  {308, 33},  {4, 90, 3}};
  for (const DType dtype : {uint8, int8, int16, int32, int64, float32, float64}) {
    for (const Shape& shape : shapes) {
      // Few different values, for ties; small enough to be exact.
      const Tensor x = filled(shape, dtype, [&](std::int64_t i) {
        return dtype == uint8 ? std::abs(scattered(i, 20)) : scattered(i, 20);
      });
      check_against_definition(x);
      if (x.dim() < 2) continue;
      check_against_definition(x.transpose(0, -1));
      check_against_definition(x.slice(-1, 0, x.size(-1), 2));
      check_against_definition(x.slice(0, 0, 1).expand(x.sizes()));
      check_against_definition(x.slice(-1, 0, 1).expand(x.sizes()));
    }
  }
}

TEST_CASE("reduction: sums of short rows depend on nothing but the row") {
  for (const DType dtype : {int32, float16, float32, float64}) {
    for (std::int64_t n = 1; n < 140; n += n < 40 ? 1 : 9) {
      const Tensor row = filled({n}, dtype, [](std::int64_t i) { return scattered(i, 100); });
      const auto exact = sum(row.to(float64)).item().to_double();
      double squares = 0;
      for (const double v : to_vector<double>(row)) squares += v * v;
      for (const std::int64_t count : {1, 3, 4, 7}) {
        const Tensor sums = sum(row.expand({count, n}).contiguous(), {1});
        CHECK(to_vector<double>(sums) == std::vector<double>(static_cast<std::size_t>(count), exact));
        if (is_integral(dtype)) continue;
        const Tensor norms = norm(row.expand({count, n}).contiguous().to(float64), 2, {1});
        for (const double v : to_vector<double>(norms)) CHECK(v == std::sqrt(squares));
      }
    }
  }
  // Large numbers that cancel, and sums beyond float that come back.
  for (const std::int64_t n : {12, 20, 100, 127, 128, 1000, 1003}) {
    const Tensor x = zeros({5, n}, float32);
    x.select(1, 0).fill_(3e38);
    x.select(1, 8).fill_(3e38);
    x.select(1, n - 1).fill_(-3e38);
    x.select(1, n - 2).fill_(-3e38);
    CHECK(identical(sum(x, {1}), zeros({5})));
    CHECK(identical(sum(x.t().contiguous(), {0}), zeros({5})));
  }
}

TEST_CASE("reduction: half precision is summed in float") {
  for (const DType dtype : {float16, bfloat16}) {
    CHECK(sum(ones({2000}, dtype)).item().to_double() == 2000);
    CHECK(sum(full({1000}, 0.125, dtype)).item().to_double() == 125);
    CHECK(max(full({1000}, -2, dtype)).item().to_double() == -2);
  }
}

TEST_CASE("reduction: long sums are accurate") {
  const Tensor tenth = full({1 << 22}, 0.1, float32);
  const double exact = static_cast<double>(0.1f) * (1 << 22);
  // Adding one after another would be off by a tenth.
  const auto error = [&](const Tensor& total, double wanted) {
    return std::fabs(total.item().to_double() - wanted) / wanted;
  };
  CHECK(error(sum(tenth), exact) < 3e-6);
  CHECK(error(sum(tenth.reshape({1 << 11, 1 << 11}), {0})[5], exact / (1 << 11)) < 3e-6);
  CHECK(error(sum(tenth.reshape({1 << 11, 1 << 11}), {1})[5], exact / (1 << 11)) < 3e-6);
  CHECK(error(sum(tenth.reshape({1 << 21, 2}), {0})[1], exact / 2) < 3e-6);
  // The variance of values far from 0.
  const Tensor far =
      filled({10000}, float64, [](std::int64_t i) { return 1e9 + static_cast<double>(i % 2); });
  CHECK(var(far, false).item().to_double() == doctest::Approx(0.25));
}

TEST_CASE("reduction: NaN and infinities wherever they are") {
  for (const std::int64_t n : {1, 7, 8, 31, 64, 100, 9000}) {
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      for (const DType dtype : {float16, float32, float64}) {
        const Tensor x = filled({n}, dtype, [](std::int64_t i) { return scattered(i, 5); });
        x[at].fill_(std::nan(""));
        CHECK(std::isnan(max(x).item().to_double()));
        CHECK(std::isnan(min(x).item().to_double()));
        CHECK(std::isnan(sum(x).item().to_double()));
        CHECK(max(x, 0).indices.item().to_int() == at);
        CHECK(min(x, 0).indices.item().to_int() == at);
        const Tensor columns = x.unsqueeze(1).expand({n, 3}).contiguous();
        CHECK(std::isnan(max(columns, 0).values[1].item().to_double()));
        x[at].fill_(-HUGE_VAL);
        CHECK(min(x).item().to_double() == -HUGE_VAL);
        CHECK(min(x, 0).indices.item().to_int() == at);
      }
    }
  }
  CHECK(max(full({50}, -HUGE_VAL)).item().to_double() == -HUGE_VAL);
}

TEST_CASE("reduction: of nothing") {
  CHECK(sum(zeros({0})).item().to_double() == 0);
  CHECK(sum(zeros({0}, int32)).dtype() == int64);
  CHECK(identical(sum(zeros({3, 0, 2}), {1}), zeros({3, 2})));
  CHECK(sum(zeros({3, 0, 2}), {0}).sizes() == Shape{0, 2});
  CHECK(std::isnan(mean(zeros({0})).item().to_double()));
  CHECK(std::isnan(var(zeros({0})).item().to_double()));
  CHECK(std::isnan(var(zeros({1})).item().to_double()));
  CHECK(var(zeros({1}), false).item().to_double() == 0);
  CHECK_THROWS_AS(max(zeros({0})), ShapeError);
  CHECK_THROWS_AS(max(zeros({3, 0}), 1), Error);
  CHECK(max(zeros({0, 3}), 1).values.sizes() == Shape{0});
}

TEST_CASE("reduction: the dtype asked for") {
  const Tensor x = tensor({200, 100}, uint8);
  CHECK(sum(x).dtype() == int64);
  CHECK(identical(sum(x, uint8), scalar_tensor(44, uint8)));
  CHECK(identical(sum(x, int32), scalar_tensor(300, int32)));
  CHECK(identical(sum(x, boolean), scalar_tensor(true, boolean)));
  CHECK(identical(sum(x, float32), scalar_tensor(300, float32)));
  CHECK(identical(sum(tensor({1.9, 1.9}), {0}, true, int64), tensor({2}, int64)));
}

TEST_CASE("reduction: dimensions are written as in PyTorch") {
  const Tensor x = arange(6).reshape({2, 3});
  CHECK(identical(sum(x, 0), tensor({3.0, 5.0, 7.0})));
  CHECK(identical(sum(x, -1, true), tensor({3.0, 12.0}).reshape({2, 1})));
  CHECK(identical(sum(x, {}), scalar_tensor(15, float32)));
  CHECK(identical(sum(x, {}, true), full({1, 1}, 15)));
  CHECK(identical(mean(x, 1), tensor({1.0, 4.0})));
  CHECK(identical(var(x, 1), tensor({1.0, 1.0})));
  CHECK(identical(wick::std(x, 0, false), full({3}, 1.5)));
  CHECK(identical(norm(ones({2, 2}), {0}), norm(ones({2, 2}), 2, {0})));
  CHECK(norm(ones({2, 3}), {0}).sizes() == Shape{3});
  CHECK(norm(ones({2, 3}), {0}, true).sizes() == Shape{1, 3});
  CHECK(norm(ones({2, 3}), 0).item().to_double() == 6);
  CHECK(norm(ones({2, 3}), 1, 0).sizes() == Shape{3});
  CHECK(zeros(3).sizes() == Shape{3});
  static_assert(!std::is_convertible_v<bool, Shape> && !std::is_convertible_v<double, Shape> &&
                !std::is_constructible_v<Shape, int, int>);
}

TEST_CASE("reduction: dimensions and dtypes are checked") {
  const Tensor x = zeros({2, 3});
  CHECK_THROWS_AS(sum(x, {2}), IndexError);
  CHECK_THROWS_AS(sum(x, {0, -2}), ShapeError);
  CHECK_THROWS_AS(max(x, -3), IndexError);
  CHECK_THROWS_AS(mean(zeros({2}, int64)), DTypeError);
  CHECK_THROWS_AS(var(zeros({2}, boolean)), DTypeError);
  CHECK_THROWS_AS(max(zeros({2}, complex64)), DTypeError);
  CHECK_THROWS_AS(max(zeros({2}, complex64), 0), DTypeError);
  CHECK(sum(x, Dims{}).dim() == 0);
}

}  // namespace wick::test
