#include <cmath>
#include <thread>
#include <tuple>

#include "gradcheck.h"
#include "operations.h"

namespace wick::test {
namespace {

// The first argument of every case is the seed.
template <class Draw>
Tensors seeded(const Arguments& a, Draw draw) {
  manual_seed(static_cast<std::uint64_t>(a[0].whole()));
  return {draw()};
}

template <Tensor (*f)(const Tensor&, Generator&)>
Tensors from(const Arguments& a) {
  return seeded(a, [&] { return f(t(a, 1), default_generator()); });
}
template <Tensor (*f)(double, double, const Shape&, DType)>
Tensors between(const Arguments& a) {
  return seeded(a, [&] { return f(a[1].real(), a[2].real(), a[3].list(), a[4].dtype()); });
}
template <Tensor (*f)(const Tensor&, DType, Generator&)>
Tensors like(const Arguments& a) {
  return seeded(a, [&] { return f(t(a, 1), a[2].dtype(), default_generator()); });
}

const Operations distributions = registered({
    {"normal", between<normal>},
    {"uniform", between<uniform>},
    {"exponential",
     [](const Arguments& a) {
       return seeded(a, [&] { return exponential(a[1].real(), a[2].list(), a[3].dtype()); });
     }},
    {"rand_like", like<rand_like>},
    {"randn_like", like<randn_like>},
    {"randint_like",
     [](const Arguments& a) {
       return seeded(a, [&] { return randint_like(t(a, 1), a[2].whole(), a[3].whole(), a[4].dtype()); });
     }},
    {"randperm",
     [](const Arguments& a) { return seeded(a, [&] { return randperm(a[1].whole(), a[2].dtype()); }); }},
    {"poisson", from<poisson>},
    {"standard_gamma", from<standard_gamma>},
    {"bernoulli", from<bernoulli>},
    {"bernoulli_p",
     [](const Arguments& a) { return seeded(a, [&] { return bernoulli(t(a, 1), a[2].real()); }); }},
    {"multinomial",
     [](const Arguments& a) {
       return seeded(a, [&] { return multinomial(t(a, 1), a[2].whole(), a[3].flag()); });
     }},
    {"dropout", [](const Arguments& a) { return seeded(a, [&] { return dropout(t(a, 1), a[2].real()); }); }},
});

// Draws of every kind, whose order matters to the generator.
Tensor draw_some() {
  return cat({randn({3}), rand({700}), randn({40}), exponential(1, {3}), standard_gamma(ones({2}))}, 0);
}

}  // namespace

TEST_CASE("random: PyTorch's streams") { check_reference("random.txt"); }
TEST_CASE("random: PyTorch's distributions") { check_reference("distributions.txt", distributions); }

TEST_CASE("random: a state brings the generator back, from before and from after") {
  manual_seed(11);
  draw_some();
  const Tensor early = get_rng_state();
  const Tensor first = draw_some();
  const Tensor late = get_rng_state();
  const Tensor second = draw_some();
  CHECK_FALSE(identical(first, second));
  set_rng_state(late);
  CHECK(identical(draw_some(), second));
  set_rng_state(early);
  CHECK(identical(draw_some(), first));
  CHECK(identical(draw_some(), second));
  // From another seed, with nothing remembered of this one.
  manual_seed(12);
  get_rng_state();
  set_rng_state(late.clone());
  CHECK(initial_seed() == 11);
  CHECK(identical(draw_some(), second));
  CHECK(identical(get_rng_state(), get_rng_state()));
}

TEST_CASE("random: other tensors serve as seeds") {
  manual_seed(64);
  const Tensor wanted = rand({5});
  for (const Tensor& state : {full({64}, 64, int64), tensor({64.9, 3.0}, float64), full({}, 64, uint8),
                              full({2, 3}, 64, float32).t()}) {
    set_rng_state(state);
    CHECK(identical(rand({5}), wanted));
  }
  // A snapshot that was meddled with is none.
  Tensor changed = get_rng_state();
  changed[2].fill_(1000000);
  set_rng_state(changed);
  CHECK(initial_seed() == static_cast<std::uint64_t>(changed[0].item().to_int()));
  manual_seed(64);
  set_rng_state(zeros({0}));
  CHECK(identical(rand({5}), wanted));
  CHECK_THROWS_AS(set_rng_state(full({3}, -1, int64)), Error);
  CHECK_THROWS_AS(set_rng_state(full({3}, 1e30, float64)), Error);
  CHECK_THROWS_AS(set_rng_state(full({3}, std::nan(""), float64)), Error);
}

TEST_CASE("random: new seeds differ and can be given back") {
  const std::uint64_t a = seed(), b = seed();
  CHECK(a != b);
  CHECK(initial_seed() == b);
  const Tensor drawn = rand({4});
  manual_seed(b);
  CHECK(identical(rand({4}), drawn));
  CHECK(b < std::uint64_t{1} << 63);
}

TEST_CASE("random: moments of the distributions") {
  manual_seed(13);
  const auto near = [](const Tensor& x, double expected_mean, double expected_var) {
    const Tensor y = x.to(float64);
    CHECK(mean(y).item().to_double() == doctest::Approx(expected_mean).epsilon(0.02));
    CHECK(var(y).item().to_double() == doctest::Approx(expected_var).epsilon(0.05));
  };
  near(uniform(-3, 5, {100000}), 1, 64 / 12.0);
  near(normal(7, 2, {100000}, float64), 7, 4);
  near(exponential(0.5, {100000}), 2, 4);
  for (const double rate : {0.4, 5.0, 9.99, 10.0, 55.5, 3e4}) near(poisson(full({100000}, rate)), rate, rate);
  for (const double alpha : {0.3, 1.0, 7.5}) near(standard_gamma(full({100000}, alpha)), alpha, alpha);
  near(bernoulli(full({100000}, 0.3)), 0.3, 0.21);
}

TEST_CASE("random: dropout and its gradient") {
  manual_seed(14);
  const Tensor x = add(rand({1000}, float64), 1);
  x.requires_grad_();
  const Tensor y = dropout(x, 0.25);
  sum(y).backward();
  const Tensor kept = ne(y.detach(), zeros({1000}, float64)).to(float64);
  CHECK(allclose(y.detach(), mul(x.detach(), div(kept, 0.75))));
  CHECK(allclose(x.grad(), div(kept, 0.75)));
  CHECK(identical(dropout(x, 0.25, false), x));
  CHECK(dropout(zeros({0, 3})).sizes() == Shape{0, 3});
  CHECK_THROWS_AS(dropout(x, 1.5), Error);
  CHECK_THROWS_AS(dropout(x, std::nan("")), Error);
  for (const DType dtype : {boolean, uint8, int64}) {
    const Tensor whole = ones({3}, dtype);
    for (const double p : {0.5, 1.0}) CHECK_THROWS_AS(dropout(whole, p), DTypeError);
    CHECK(identical(dropout(whole, 0.5, false), whole));
  }
}

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
    if (!is_complex(dtype)) CHECK_THROWS_AS(randn({2}, dtype), DTypeError);
    if (is_complex(dtype)) CHECK_THROWS_AS(normal(0, 1, {2}, dtype), DTypeError);
  }
  // Each part of a complex number has half the variance.
  manual_seed(3);
  for (const DType dtype : {complex64, complex128}) {
    const Tensor z = randn({100000}, dtype);
    for (const Tensor& part : {real(z), imag(z)})
      CHECK(mean(square(part)).item().to_double() == doctest::Approx(0.5).epsilon(0.02));
    CHECK(std::abs(mean(real(z) * imag(z)).item().to_double()) < 0.01);
  }
  CHECK(randn(Shape::filled(max_rank, 1), complex64).dim() == max_rank);
  CHECK(randn({0, 3}, complex64).numel() == 0);
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

TEST_CASE("random: permutations hold every number, or are refused before anything is drawn") {
  manual_seed(5);
  const Tensor state = get_rng_state();
  CHECK_THROWS_AS(randperm(-1), Error);
  CHECK_THROWS_AS(randperm(10, boolean), DTypeError);
  CHECK_THROWS_AS(randperm(10, complex64), DTypeError);
  for (const auto& [dtype, most] : {std::pair<DType, std::int64_t>{uint8, 256},
                                    {int8, 128},
                                    {int16, 32768},
                                    {float16, 2049},
                                    {bfloat16, 257},
                                    {float32, 16777217}}) {
    CHECK_THROWS_AS(randperm(most + 1, dtype), Error);
    CHECK(identical(get_rng_state(), state));
    if (most > 100000) continue;
    CHECK(equal(sort(randperm(most, dtype).to(int64)).values, arange(most, int64)));
    manual_seed(5);
  }
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

TEST_CASE("random: ranges that overflow or round to their end") {
  manual_seed(3);
  const Tensor wide = uniform(-3e38, 3e38, {1000});
  CHECK(to_vector<bool>(isfinite(wide)) == std::vector<bool>(1000, true));
  CHECK(min(wide).item().to_double() < -2e38);
  CHECK(max(wide).item().to_double() > 2e38);
  for (const auto& [low, high, dtype] : {std::tuple{16777216.0, 16777218.0, float32},
                                         {0.0, 1.0, float16},
                                         {100.0, 101.0, bfloat16},
                                         {-2.0, -1.0, float16},
                                         {-1.0, 0.0, bfloat16},
                                         {1e15, 1e15 + 1, float64}}) {
    const Tensor x = uniform(low, high, {20000}, dtype);
    CHECK(max(x).item().to_double() < high);
    CHECK(min(x).item().to_double() >= low);
  }
  CHECK_THROWS_AS(uniform(0, 1e39, {3}), Error);
  CHECK_THROWS_AS(uniform(0, 70000, {3}, float16), Error);
  CHECK_THROWS_AS(randint(65535, 65537, {3}, float16), Error);
  CHECK(max(randint(65503, 65505, {30}, float16)).item().to_double() <= 65504);
}

TEST_CASE("random: huge weights are drawn in proportion") {
  manual_seed(4);
  for (const DType dtype : {float32, float64}) {
    const double w = dtype == float32 ? 3e38 : 1.7e308;
    const auto drawn = to_vector<std::int64_t>(multinomial(tensor({w, w, w / 3}, dtype), 3000, true));
    std::int64_t counts[3] = {};
    for (const auto i : drawn) ++counts[i];
    CHECK(std::abs(counts[0] - 1286) < 150);
    CHECK(std::abs(counts[1] - 1286) < 150);
    CHECK(std::abs(counts[2] - 428) < 100);
    int first = 0;
    for (int i = 0; i < 300; ++i)
      first += to_vector<std::int64_t>(multinomial(tensor({w, w}, dtype), 1, false))[0] == 0;
    CHECK(std::abs(first - 150) < 60);
  }
}

TEST_CASE("random: numbers drawn in bulk are those drawn one by one") {
  Generator one(5), many(5);
  std::uint32_t drawn[2000];
  std::int64_t at = 0;
  for (const std::int64_t n : {1, 0, 622, 3, 700, 674}) {
    many.draw(drawn + at, n);
    at += n;
  }
  CHECK(at == 2000);
  for (const std::uint32_t value : drawn) CHECK(value == one.next32());
  CHECK(one.next64() == many.next64());
}

namespace {

// Every function, drawing from that generator.
Tensors draw_from(Generator& g) {
  const Tensor half = full({5}, 0.5, float64), like = zeros({4, 3}).t();
  return {rand({5}, g),
          rand({5}, g, float64),
          randn({20}, g),
          randint(0, 10, {5}, g),
          randint(-3, 3, {5}, g, float32),
          randperm(9, g),
          randperm(9, g, int16),
          rand_like(like, float32, g),
          randn_like(like, float64, g),
          randint_like(like, 0, 9, int64, g),
          uniform(-1, 1, {5}, g),
          normal(3, 2, {3}, g),
          exponential(2, {5}, g, float64),
          poisson(half * 30, g),
          standard_gamma(half, g),
          bernoulli(half, g),
          bernoulli(half, 0.3, g),
          multinomial(half, 3, false, g),
          multinomial(half, 3, true, g),
          dropout(half, 0.5, true, g)};
}

}  // namespace

TEST_CASE("random: a generator of one's own gives what the process's gives after the same seed") {
  Generator own(42);
  const Tensor before = get_rng_state();
  const Tensors got = draw_from(own);
  CHECK(identical(get_rng_state(), before));
  manual_seed(42);
  const Tensors wanted = draw_from(default_generator());
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(identical(got[i], wanted[i]));
  }
  CHECK(identical(get_rng_state(own), get_rng_state()));
  own.seed(1);
  manual_seed(1);
  CHECK(identical(rand({3}, own), rand({3})));

  // States go from one to another.
  const Tensor state = get_rng_state(own);
  const Tensor next = randn({100}, own);
  Generator other(7);
  set_rng_state(state, other);
  CHECK(identical(randn({100}, other), next));
  set_rng_state(tensor({7}), other);
  Generator same_seed(7);
  CHECK(identical(rand({3}, other), rand({3}, same_seed)));
  CHECK_THROWS_AS(rand({3}, own, int64), DTypeError);
}

TEST_CASE("random: threads with generators of their own have streams that can be repeated") {
  constexpr int threads = 4;
  Tensors got[threads];
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      Generator own(static_cast<std::uint64_t>(100 + i));
      for (int round = 0; round < 20; ++round) {
        for (const Tensor& x : draw_from(own)) got[i].push_back(x);
        rand({3});  // of the process's, which nobody else notices
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (int i = 0; i < threads; ++i) {
    Generator own(static_cast<std::uint64_t>(100 + i));
    bool same = true;
    std::size_t at = 0;
    for (int round = 0; round < 20; ++round) {
      for (const Tensor& x : draw_from(own)) same = same && identical(x, got[i][at++]);
    }
    CHECK(same);
  }
}

}  // namespace wick::test
