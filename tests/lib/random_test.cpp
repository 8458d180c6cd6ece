#include <cmath>
#include <thread>

#include "reference.h"

namespace wick::test {

TEST_CASE("random: PyTorch's streams") { check_reference("random.txt"); }

TEST_CASE("random: MT19937 itself") {
  // The ten thousandth output after the standard seed, from the C++ standard.
  Generator g(5489);
  std::uint32_t last = 0;
  for (int i = 0; i < 10000; ++i) last = g.next32();
  CHECK(last == 4123659995u);
  CHECK(g.initial_seed() == 5489);
}

TEST_CASE("random: the same seed gives the same numbers, the next numbers differ") {
  manual_seed(7);
  const Tensor a = rand({100}), b = rand({100});
  manual_seed(7);
  CHECK(identical(rand({100}), a));
  CHECK(identical(rand({100}), b));
  CHECK_FALSE(identical(a, b));
  manual_seed(8);
  CHECK_FALSE(identical(rand({100}), a));
  CHECK(default_generator().initial_seed() == 8);
}

TEST_CASE("random: a seed forgets the normal that was kept") {
  manual_seed(7);
  const Tensor a = randn({3});
  manual_seed(7);
  CHECK(identical(randn({3}), a));
}

TEST_CASE("random: distributions") {
  manual_seed(9);
  for (const DType dtype : {float16, bfloat16, float32, float64}) {
    const Tensor u = rand({200000}, dtype).to(float64), z = randn({200000}, dtype).to(float64);
    CHECK(min(u).item().to_double() >= 0);
    CHECK(max(u).item().to_double() < 1);
    CHECK(mean(u).item().to_double() == doctest::Approx(0.5).epsilon(0.01));
    CHECK(var(u).item().to_double() == doctest::Approx(1 / 12.0).epsilon(0.02));
    CHECK(std::fabs(mean(z).item().to_double()) < 0.02);
    CHECK(var(z).item().to_double() == doctest::Approx(1).epsilon(0.03));
  }
  const Tensor dice = randint(1, 7, {60000});
  for (int face = 1; face <= 6; ++face) {
    CHECK(sum(eq(dice, scalar_tensor(face, int64))).item().to_double() ==
          doctest::Approx(10000).epsilon(0.05));
  }
  CHECK(min(dice).item().to_int() == 1);
  CHECK(max(dice).item().to_int() == 6);
}

TEST_CASE("random: dtypes and bounds are checked") {
  for (const DType dtype : all_dtypes) {
    if (is_floating(dtype)) continue;
    CHECK_THROWS_AS(rand({2}, dtype), DTypeError);
    CHECK_THROWS_AS(randn({2}, dtype), DTypeError);
  }
  CHECK_THROWS_AS(randint(0, 2, {2}, boolean), DTypeError);
  CHECK_THROWS_AS(randint(0, 2, {2}, complex64), DTypeError);
  CHECK_THROWS_AS(randint(3, 3, {2}), Error);
  CHECK_THROWS_AS(randint(0, 257, {2}, uint8), Error);
  CHECK_THROWS_AS(randint(-1, 2, {2}, uint8), Error);
  CHECK_THROWS_AS(randint(-129, 2, {2}, int8), Error);
  CHECK_NOTHROW(randint(0, 256, {2}, uint8));
  CHECK_NOTHROW(randint(-128, 128, {2}, int8));
  CHECK_NOTHROW(randint(INT64_MIN, INT64_MAX, {2}));
}

TEST_CASE("random: threads draw whole tensors") {
  manual_seed(10);
  const Tensor first = rand({1000}), second = rand({1000});
  manual_seed(10);
  Tensor a, b;
  std::thread one([&] { a = rand({1000}); }), two([&] { b = rand({1000}); });
  one.join();
  two.join();
  CHECK(((identical(a, first) && identical(b, second)) || (identical(b, first) && identical(a, second))));
}

}  // namespace wick::test
