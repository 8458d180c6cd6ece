#include <algorithm>
#include <cmath>

#include "reference.h"

namespace wick::test {

TEST_CASE("order: as PyTorch has it") { check_reference("order.txt"); }

TEST_CASE("order: long rows against sorting") {
  manual_seed(6);
  for (const std::int64_t n : {1, 2, 3, 10, 1001, 4000}) {
    const Tensor x = randint(-50, 50, {n, 13}, float64);
    const ValuesIndices middle = median(x, 0), frequent = mode(x, 0);
    const Tensor third = quantile(x, 1.0 / 3, 0);
    for (std::int64_t c = 0; c < 13; ++c) {
      std::vector<double> row = to_vector<double>(x.select(1, c));
      const std::vector<double> unsorted = row;
      std::sort(row.begin(), row.end());
      const auto size = static_cast<std::size_t>(n);
      CHECK(middle.values[c].item().to_double() == row[(size - 1) / 2]);
      CHECK(unsorted[static_cast<std::size_t>(middle.indices[c].item().to_int())] == row[(size - 1) / 2]);

      const double position = (static_cast<double>(n) - 1) / 3;
      const auto below = static_cast<std::size_t>(position);
      const double above = row[std::min(below + 1, size - 1)];
      CHECK(third[c].item().to_double() ==
            doctest::Approx(row[below] + (position - std::floor(position)) * (above - row[below])));

      const double value = frequent.values[c].item().to_double();
      const auto count = std::count(row.begin(), row.end(), value);
      for (const double other : row) {
        const auto others = std::count(row.begin(), row.end(), other);
        REQUIRE((others < count || (others == count && other >= value)));
      }
      const auto last = std::find(unsorted.rbegin(), unsorted.rend(), value);
      CHECK(frequent.indices[c].item().to_int() == unsorted.rend() - last - 1);
    }
  }
}

TEST_CASE("order: of all elements") {
  const Tensor x = tensor({3, 1, 2, 3}, float32).reshape({2, 2});
  CHECK(median(x).item().to_double() == 2);
  CHECK(mode(x).item().to_double() == 3);
  CHECK(quantile(x, 0.5).item().to_double() == 2.5);
  CHECK(std::isnan(median(zeros({0})).item().to_double()));
}

TEST_CASE("order: what cannot be ordered") {
  CHECK_THROWS_AS(median(zeros({2}, complex64)), DTypeError);
  CHECK_THROWS_AS(mode(zeros({2}, complex64)), DTypeError);
  CHECK_THROWS_AS(quantile(zeros({2}, float16), 0.5), DTypeError);
  CHECK_THROWS_AS(mode(zeros({0})), ShapeError);
  CHECK_THROWS_AS(median(zeros({2, 0}), 1), ShapeError);
  CHECK_THROWS_AS(median(zeros({2}), 1), IndexError);
  CHECK_THROWS_AS(quantile(zeros({2}), 1.01), Error);
  CHECK(median(zeros({0, 2}), 1).values.sizes() == Shape{0});
}

TEST_CASE("order: between equal infinities the quantile is that infinity") {
  const Tensor x = tensor({HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL}, float64);
  CHECK(quantile(x, 0.9).item().to_double() == HUGE_VAL);
  CHECK(quantile(x, 0.1).item().to_double() == -HUGE_VAL);
  // And between a number and an infinity, wherever.
  for (const double q : {0.1, 0.5, 0.9}) {
    CHECK(quantile(tensor({1.0, HUGE_VAL}), q).item().to_double() == HUGE_VAL);
    CHECK(quantile(tensor({1.0, -HUGE_VAL}, float64), q).item().to_double() == -HUGE_VAL);
  }
  CHECK(quantile(tensor({1.0, HUGE_VAL}), 0.0).item().to_double() == 1);
}

}  // namespace wick::test
