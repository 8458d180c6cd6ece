#include <cmath>
#include <memory>

#include "operations.h"

namespace wick::test {
namespace {

using namespace optim;

// A base of 0.8 in one group.
struct Fixture {
  SGD sgd{Tensors{zeros({1})}, {.lr = 0.8}};
};

// The rates at the start and after twelve steps of all.
template <class Make>
Tensors rates(Make make) {
  Fixture f;
  const std::vector<std::shared_ptr<Scheduler>> schedulers = make(f.sgd);
  std::vector<double> out{f.sgd.lr()};
  for (int i = 0; i < 12; ++i) {
    for (const auto& s : schedulers) s->step();
    out.push_back(f.sgd.lr());
    CHECK(schedulers.back()->last_lr() == f.sgd.lr());
  }
  return {tensor(std::span<const double>(out), {13}, float64)};
}

template <class S, class... A>
Tensors one(const A&... arguments) {
  return rates([&](SGD& sgd) {
    return std::vector<std::shared_ptr<Scheduler>>{std::make_shared<S>(sgd, arguments...)};
  });
}

Tensors plateau(const Arguments& a) {
  Fixture f;
  ReduceLROnPlateau s(
      f.sgd, {.mode = a[1].text == "min" ? PlateauMode::Min : PlateauMode::Max,
              .factor = 0.5,
              .patience = 2,
              .threshold = 1e-3,
              .threshold_mode = a[2].text == "rel" ? ThresholdMode::Relative : ThresholdMode::Absolute,
              .cooldown = 1,
              .min_lr = 0.15});
  std::vector<double> out;
  for (const double metric : to_vector<double>(t(a, 0))) {
    s.step();
    s.step(metric);
    out.push_back(f.sgd.lr());
  }
  return {tensor(std::span<const double>(out), {std::ssize(out)}, float64)};
}

// clang-format off
const Operations schedules = registered({
    {"schedule_lambda", [](const Arguments&) { return one<LambdaLR>([](std::int64_t n) { return std::pow(0.9, static_cast<double>(n)); }); }},
    {"schedule_multiplicative", [](const Arguments&) { return one<MultiplicativeLR>([](std::int64_t) { return 0.7; }); }},
    {"schedule_step", [](const Arguments&) { return one<StepLR>(3, 0.5); }},
    {"schedule_multi_step", [](const Arguments&) { return one<MultiStepLR>(std::vector<std::int64_t>{8, 5, 2, 5}, 0.5); }},
    {"schedule_exponential", [](const Arguments&) { return one<ExponentialLR>(0.9); }},
    {"schedule_polynomial", [](const Arguments&) { return one<PolynomialLR>(7, 2.0); }},
    {"schedule_cosine", [](const Arguments&) { return one<CosineAnnealingLR>(5.0, 0.1); }},
    {"schedule_warm_restarts", [](const Arguments&) { return one<CosineAnnealingWarmRestarts>(3, 2, 0.05); }},
    {"schedule_warm_restarts_even", [](const Arguments&) { return one<CosineAnnealingWarmRestarts>(4); }},
    {"schedule_cyclic", [](const Arguments&) { return one<CyclicLR>(0.1, 0.9, 3); }},
    {"schedule_cyclic_uneven", [](const Arguments&) { return one<CyclicLR>(0.1, 0.9, 2, 3, Cycle::Triangular2); }},
    {"schedule_cyclic_range", [](const Arguments&) { return one<CyclicLR>(0.1, 0.9, 2, 0, Cycle::ExpRange, 0.9); }},
    {"schedule_one_cycle", [](const Arguments&) { return one<OneCycleLR>(0.9, 13); }},
    {"schedule_one_cycle_linear", [](const Arguments&) {
       return one<OneCycleLR>(0.9, 13, OneCycleOptions{.pct_start = 0.4, .anneal = Anneal::Linear, .div_factor = 10, .final_div_factor = 100});
     }},
    {"schedule_compound", [](const Arguments&) {
       return rates([](SGD& sgd) {
         return std::vector<std::shared_ptr<Scheduler>>{std::make_shared<ExponentialLR>(sgd, 0.9), std::make_shared<StepLR>(sgd, 2, 0.1)};
       });
     }},
    {"plateau", plateau},
});
// clang-format on

}  // namespace

TEST_CASE("schedulers: PyTorch's rates") { check_reference("schedule.txt", schedules); }

TEST_CASE("schedulers: warm-ups by their formulas") {
  const auto check_rates = [](auto make, std::initializer_list<double> wanted) {
    Fixture f;
    auto s = make(f.sgd);
    for (const double rate : wanted) {
      CHECK(f.sgd.lr() == doctest::Approx(rate).epsilon(1e-13));
      s.step();
    }
  };
  check_rates([](SGD& sgd) { return ConstantWithWarmup(sgd, 2); }, {0, 0.4, 0.8, 0.8});
  check_rates([](SGD& sgd) { return ConstantWithWarmup(sgd, 0); }, {0.8, 0.8});
  check_rates([](SGD& sgd) { return LinearWithWarmup(sgd, 2, 6); }, {0, 0.4, 0.8, 0.6, 0.4, 0.2, 0, 0});
  check_rates([](SGD& sgd) { return InverseSqrtLR(sgd, 4, 0.5); },
              {0, 0.1, 0.2, 0.3, 0.4, 0.4 * std::sqrt(4.0 / 5), 0.4 * std::sqrt(4.0 / 6)});
  const double scale = 1 / std::sqrt(64.0);
  check_rates([](SGD& sgd) { return NoamLR(sgd, 64, 4); },
              {scale / 8, scale / 8, scale / 4, scale * 3 / 8, scale / 2, scale / std::sqrt(5.0)});
  check_rates([](SGD& sgd) { return LinearWithWarmup(sgd, 2, 6, 3); }, {0.4, 0.2, 0});
  // After the end it stays where it is.
  check_rates(
      [](SGD& sgd) {
        return OneCycleLR(sgd, 1, 3, {.pct_start = 0, .div_factor = 10, .final_div_factor = 10});
      },
      {0.01 + 0.99 * (1 + std::cos(3.14159265358979323846 / 3)) / 2,
       0.01 + 0.99 * (1 + std::cos(3.14159265358979323846 * 2 / 3)) / 2, 0.01, 0.01});
}

TEST_CASE("schedulers: the base is the rate before the first of them") {
  Fixture f;
  ConstantWithWarmup warm(f.sgd, 10);
  CHECK(f.sgd.lr() == 0);
  CosineAnnealingLR cosine(f.sgd, 4);
  CHECK(f.sgd.lr() == 0.8);
  CHECK(f.sgd.initial_lr(0) == 0.8);
}

TEST_CASE("schedulers: groups, and going on from a state") {
  using Groups = std::vector<Group<SGDOptions>>;
  SGD sgd(Groups{{{zeros({1})}, {.lr = 1}}, {{zeros({1})}, {.lr = 2}}});
  ExponentialLR s(sgd, 0.5);
  s.step();
  CHECK(sgd.lr(0) == 0.5);
  CHECK(sgd.lr(1) == 1);
  CHECK(s.last_lr(1) == 1);
  const NamedTensors state = s.state_dict();
  s.step();
  SGD other(Groups{{{zeros({1})}, {.lr = 7}}, {{zeros({1})}, {.lr = 7}}});
  ExponentialLR resumed(other, 0.5);
  resumed.load_state_dict(state);
  CHECK(other.lr(1) == 1);
  CHECK(resumed.last_epoch() == 1);
  resumed.step();
  CHECK(other.lr(0) == sgd.lr(0));
  CHECK(other.initial_lr(1) == 2);

  Fixture f;
  ReduceLROnPlateau plateau(f.sgd, {.patience = 1});
  for (const double metric : {1.0, 2.0}) plateau.step(metric);
  Fixture g;
  ReduceLROnPlateau second(g.sgd, {.patience = 1});
  second.load_state_dict(plateau.state_dict());
  second.step(2.0);
  CHECK(g.sgd.lr() == doctest::Approx(0.08));

  NamedTensors wrong = state;
  wrong.pop_back();
  CHECK_THROWS_AS(resumed.load_state_dict(wrong), Error);
  wrong = state;
  wrong.emplace_back("best", scalar_tensor(1, float64));
  CHECK_THROWS_AS(resumed.load_state_dict(wrong), Error);
  CHECK_THROWS_AS(plateau.load_state_dict(state), Error);
}

TEST_CASE("schedulers: options out of range") {
  Fixture f;
  CHECK_THROWS_AS(StepLR(f.sgd, 0), Error);
  CHECK_THROWS_AS(StepLR(f.sgd, 1, 0), Error);
  CHECK_THROWS_AS(ExponentialLR(f.sgd, -1), Error);
  CHECK_THROWS_AS(CyclicLR(f.sgd, 0.2, 0.1), Error);
  CHECK_THROWS_AS(CosineAnnealingLR(f.sgd, 0), Error);
  CHECK_THROWS_AS(CosineAnnealingWarmRestarts(f.sgd, 3, 0), Error);
  CHECK_THROWS_AS(OneCycleLR(f.sgd, 1, 0), Error);
  CHECK_THROWS_AS(ReduceLROnPlateau(f.sgd, {.factor = 2}), Error);
  CHECK_THROWS_AS(PolynomialLR(f.sgd, 0), Error);
  CHECK_THROWS_AS(NoamLR(f.sgd, 0), Error);
  CHECK_THROWS_AS(LambdaLR(f.sgd, [](std::int64_t) { return NAN; }), Error);
  CHECK(f.sgd.lr() == 0.8);
}

TEST_CASE("schedulers: what fails changes nothing") {
  Fixture f;
  CHECK_THROWS_AS(CosineAnnealingLR(f.sgd, 0), Error);
  f.sgd.set_lr(0.4);
  CHECK(f.sgd.initial_lr(0) == 0.4);
  LambdaLR s(f.sgd, [](std::int64_t t) { return t == 1 ? NAN : 1.0; });
  CHECK_THROWS_AS(s.step(), Error);
  CHECK(s.last_epoch() == 0);
  NamedTensors state = s.state_dict();
  state[0].second = scalar_tensor(1.5, float64);
  CHECK_THROWS_AS(s.load_state_dict(state), Error);
  state = s.state_dict();
  state[1].second = full({1}, INFINITY, float64);
  CHECK_THROWS_AS(s.load_state_dict(state), Error);
  CHECK(s.last_epoch() == 0);
  CHECK_THROWS_AS(StepLR(Ref<SGD>(), 1), Error);
}

}  // namespace wick::test
