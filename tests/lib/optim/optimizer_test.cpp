#include <cmath>
#include <map>
#include <memory>

#include "operations.h"

namespace wick::test {
namespace {

// The parameter and its state, steps and products apart, after a step with each of the gradients.
template <class O>
Tensors run(const Arguments& a, const auto& options) {
  const Tensor p = t(a, 0).clone();
  p.requires_grad_();
  O optimizer(Tensors{p}, options);
  for (std::int64_t i = 0; i < t(a, 1).size(0); ++i) {
    p.set_grad(t(a, 1).select(0, i).clone());
    optimizer.step();
  }
  Tensors out{p.detach()};
  for (const auto& [name, tensor] : optimizer.state_dict()) {
    if (name != "state.0.step" && name != "state.0.mu_product") out.push_back(tensor);
  }
  return out;
}

using namespace optim;

Tensors run_lbfgs(const Arguments& a) {
  const Tensor x = t(a, 0).clone();
  x.requires_grad_();
  LBFGS lbfgs({x}, {.lr = a[4].real(), .max_iter = a[1].whole(), .max_eval = a[2].whole()});
  const Tensor weights = arange(1, x.numel() + 1, 1, float64);
  Tensors firsts;
  for (std::int64_t i = 0; i < a[3].whole(); ++i) {
    firsts.push_back(lbfgs
                         .step([&] {
                           lbfgs.zero_grad();
                           const Tensor loss = sum(weights * square(x - weights)) + square(x[0] * x[1]) * 0.1;
                           loss.backward();
                           return loss;
                         })
                         .detach());
  }
  return {x.detach(), stack(firsts)};
}

// clang-format off
const Operations optimizers = registered({
    {"sgd", [](const Arguments& a) { return run<SGD>(a, SGDOptions{.lr = 0.1}); }},
    {"sgd_decay", [](const Arguments& a) { return run<SGD>(a, SGDOptions{.lr = 0.1, .weight_decay = 0.2, .maximize = true}); }},
    {"sgd_momentum", [](const Arguments& a) { return run<SGD>(a, SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01}); }},
    {"sgd_nesterov", [](const Arguments& a) { return run<SGD>(a, SGDOptions{.lr = 0.1, .momentum = 0.8, .nesterov = true}); }},
    {"adam", [](const Arguments& a) { return run<Adam>(a, AdamOptions{.lr = 0.01, .weight_decay = 0.1}); }},
    {"adam_amsgrad", [](const Arguments& a) { return run<Adam>(a, AdamOptions{.lr = 0.01, .betas = {0.8, 0.9}, .amsgrad = true}); }},
    {"adamw", [](const Arguments& a) { return run<AdamW>(a, AdamWOptions{.lr = 0.01, .weight_decay = 0.3}); }},
    {"adamw_amsgrad", [](const Arguments& a) { return run<AdamW>(a, AdamWOptions{.lr = 0.01, .eps = 1e-3, .amsgrad = true, .maximize = true}); }},
    {"nadam", [](const Arguments& a) { return run<NAdam>(a, NAdamOptions{}); }},
    {"nadam_decay", [](const Arguments& a) { return run<NAdam>(a, NAdamOptions{.lr = 0.05, .weight_decay = 0.1, .momentum_decay = 0.3}); }},
    {"radam", [](const Arguments& a) { return run<RAdam>(a, RAdamOptions{.lr = 0.05, .weight_decay = 0.1}); }},
    {"radam_short", [](const Arguments& a) { return run<RAdam>(a, RAdamOptions{.lr = 0.05, .betas = {0.5, 0.7}}); }},
    {"adamax", [](const Arguments& a) { return run<Adamax>(a, AdamaxOptions{.lr = 0.05, .weight_decay = 0.1}); }},
    {"adagrad", [](const Arguments& a) { return run<Adagrad>(a, AdagradOptions{.lr = 0.1, .lr_decay = 0.2, .weight_decay = 0.1, .initial_accumulator_value = 0.5}); }},
    {"rmsprop", [](const Arguments& a) { return run<RMSprop>(a, RMSpropOptions{.lr = 0.01, .weight_decay = 0.1}); }},
    {"rmsprop_momentum", [](const Arguments& a) { return run<RMSprop>(a, RMSpropOptions{.lr = 0.01, .alpha = 0.9, .momentum = 0.7}); }},
    {"rmsprop_centered", [](const Arguments& a) { return run<RMSprop>(a, RMSpropOptions{.lr = 0.01, .momentum = 0.7, .centered = true}); }},
    {"adadelta", [](const Arguments& a) { return run<Adadelta>(a, AdadeltaOptions{.weight_decay = 0.1}); }},
    {"rprop", [](const Arguments& a) { return run<Rprop>(a, RpropOptions{.lr = 0.05, .etas = {0.4, 1.3}, .step_sizes = {1e-3, 0.1}}); }},
    {"asgd", [](const Arguments& a) { return run<ASGD>(a, ASGDOptions{.lr = 0.05, .lambd = 0.01, .t0 = 3, .weight_decay = 0.1}); }},
    {"lamb", [](const Arguments& a) { return run<LAMB>(a, LAMBOptions{.lr = 0.01}); }},
    {"novograd", [](const Arguments& a) { return run<NovoGrad>(a, NovoGradOptions{}); }},
    {"novograd_averaging", [](const Arguments& a) { return run<NovoGrad>(a, NovoGradOptions{.lr = 0.1, .weight_decay = 0.2, .grad_averaging = true}); }},
    {"adafactor", [](const Arguments& a) { return run<Adafactor>(a, AdafactorOptions{}); }},
    {"adafactor_mean", [](const Arguments& a) { return run<Adafactor>(a, AdafactorOptions{.lr = 0.1, .clip_threshold = 0.5, .decay_rate = 0.6, .beta1 = 0.9, .weight_decay = 0.2}); }},
    {"lbfgs", run_lbfgs},
});
// clang-format on

using Make = std::function<std::unique_ptr<Optimizer>(const Tensors&)>;

template <class O>
Make made() {
  return [](const Tensors& p) { return std::make_unique<O>(p); };
}

const std::pair<const char*, Make> every_kind[] = {
    {"sgd", [](const Tensors& p) { return std::make_unique<SGD>(p, SGDOptions{.momentum = 0.9}); }},
    {"adam", made<Adam>()},
    {"adamw", made<AdamW>()},
    {"nadam", made<NAdam>()},
    {"radam", made<RAdam>()},
    {"adamax", made<Adamax>()},
    {"adagrad", made<Adagrad>()},
    {"rmsprop", made<RMSprop>()},
    {"adadelta", made<Adadelta>()},
    {"rprop", made<Rprop>()},
    {"asgd", made<ASGD>()},
    {"lamb", made<LAMB>()},
    {"novograd", made<NovoGrad>()},
    {"adafactor", made<Adafactor>()},
    {"lbfgs", made<LBFGS>()}};

Tensors parameters(DType dtype) {
  Tensors out{filled({3, 4}, dtype, [](std::int64_t i) { return 0.1 * static_cast<double>(i) - 0.5; }),
              filled({5}, dtype, [](std::int64_t i) { return 0.3 - 0.2 * static_cast<double>(i); }),
              filled({}, dtype, [](std::int64_t) { return 0.7; })};
  for (const Tensor& p : out) p.requires_grad_();
  return out;
}

// One step down a hill that is the same for all.
void take_step(Optimizer& optimizer, const Tensors& p) {
  optimizer.zero_grad();
  Tensor loss = scalar_tensor(0, p[0].dtype());
  double at = 0.25;
  for (const Tensor& x : p) {
    at += 0.25;
    loss = loss + sum(square(x - at) * at);
  }
  loss.backward();
  optimizer.step();
}

}  // namespace

TEST_CASE("optimizers: PyTorch's steps and states") { check_reference("optimizer.txt", optimizers); }

TEST_CASE("optimizers: half precision, strides and empty parameters") {
  for (const auto& [name, make] : every_kind) {
    CAPTURE(name);
    const Tensors plain = parameters(float64);
    Tensors strided = parameters(float64);
    const Tensor turned = plain[0].detach().t().contiguous().t();
    turned.requires_grad_();
    strided[0] = turned;
    const auto a = make(plain), b = make(strided);
    CHECK(std::string(a->kind()) == name);
    for (int i = 0; i < 3; ++i) {
      take_step(*a, plain);
      take_step(*b, strided);
    }
    for (std::size_t i = 0; i < plain.size(); ++i)
      CHECK(allclose(strided[i].detach(), plain[i].detach(), 1e-12));
    for (const auto& [half, eps] : {std::pair{float16, 0x1p-10}, std::pair{bfloat16, 0x1p-7}}) {
      const Tensors p = parameters(half);
      Tensors q;
      for (const Tensor& x : p) q.push_back(x.detach().to(float64).requires_grad_());
      const auto c = make(p), wide = make(q);
      take_step(*c, p);
      take_step(*wide, q);
      for (std::size_t i = 0; i < p.size(); ++i) {
        CHECK(p[i].dtype() == half);
        CHECK(max(abs(p[i].detach().to(float64) - q[i].detach())).item<double>() <= eps);
      }
    }
    const Tensor none = empty({0, 2});
    none.requires_grad_();
    const auto d = make({none});
    none.set_grad(empty({0, 2}));
    d->step();
  }
}

TEST_CASE("optimizers: what has no gradient stays, and steps count where there was one") {
  for (const auto& [name, make] : every_kind) {
    CAPTURE(name);
    const Tensors p = parameters(float32);
    const auto optimizer = make(p);
    optimizer->step();
    CHECK(optimizer->state_dict().empty());
    const Tensor before = p[1].detach().clone();
    p[0].set_grad(ones({3, 4}));
    optimizer->step();
    CHECK(identical(p[1].detach(), before));
    CHECK_FALSE(identical(p[0].detach(), parameters(float32)[0].detach()));
    CHECK(p[0].requires_grad());
    for (const auto& [key, tensor] : optimizer->state_dict()) CHECK(key.starts_with("state.0."));
    optimizer->zero_grad(false);
    CHECK(identical(p[0].grad(), zeros({3, 4})));
    CHECK_FALSE(p[1].grad().defined());
    optimizer->zero_grad();
    CHECK_FALSE(p[0].grad().defined());
  }
}

TEST_CASE("optimizers: resumed from its state it goes on to the bit") {
  for (const auto& [name, make] : every_kind) {
    CAPTURE(name);
    const Tensors p = parameters(float32);
    const auto optimizer = make(p);
    for (int i = 0; i < 3; ++i) take_step(*optimizer, p);
    Tensors copies;
    for (const Tensor& x : p) {
      copies.push_back(x.detach().clone());
      copies.back().requires_grad_();
    }
    const auto resumed = make(copies);
    const NamedTensors state = optimizer->state_dict();
    resumed->load_state_dict(state);
    for (int i = 0; i < 3; ++i) {
      take_step(*optimizer, p);
      take_step(*resumed, copies);
    }
    for (std::size_t i = 0; i < p.size(); ++i) CHECK(identical(p[i].detach(), copies[i].detach()));
    // Damaged ones leave it as it was.
    NamedTensors wrong = state;
    wrong.emplace_back("state.7.exp_avg", ones({1}));
    CHECK_THROWS_AS(resumed->load_state_dict(wrong), Error);
    wrong = state;
    wrong.push_back(state.front());
    CHECK_THROWS_AS(resumed->load_state_dict(wrong), Error);
    for (std::size_t i = 0; i < state.size(); ++i) {
      if (state[i].second.dim() == 0) continue;
      wrong = state;
      wrong[i].second = ones({7, 7, 7});
      CHECK_THROWS_AS(resumed->load_state_dict(wrong), ShapeError);
    }
    take_step(*optimizer, p);
    take_step(*resumed, copies);
    CHECK(identical(p[0].detach(), copies[0].detach()));
  }
}

TEST_CASE("optimizers: states have PyTorch's names") {
  const Tensors p = parameters(float32);
  Adam adam(p, {.amsgrad = true});
  take_step(adam, p);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : adam.state_dict()) names.push_back(name);
  names.resize(5);
  CHECK(names == std::vector<std::string>{"state.0.step", "state.0.exp_avg", "state.0.exp_avg_sq",
                                          "state.0.max_exp_avg_sq", "state.1.step"});
  CHECK(identical(adam.state_dict()[0].second, scalar_tensor(1.0, float32)));
}

TEST_CASE("optimizers: groups") {
  const Tensors p = parameters(float32);
  using Groups = std::vector<Group<SGDOptions>>;
  SGD sgd(Groups{{{p[0]}, {.lr = 0.1}}, {{p[1], p[2]}, {.lr = 0.2, .momentum = 0.5}}});
  CHECK(sgd.group_count() == 2);
  CHECK(sgd.lr(1) == 0.2);
  CHECK(sgd.options(1).momentum == 0.5);
  CHECK(sgd.parameters().size() == 3);
  p[0].set_grad(ones({3, 4}));
  p[1].set_grad(ones({5}));
  sgd.step();
  CHECK(allclose(p[0].detach(), parameters(float32)[0].detach() - 0.1));
  CHECK(allclose(p[1].detach(), parameters(float32)[1].detach() - 0.2));
  sgd.set_lr(1, 0.5);
  CHECK(sgd.lr(0) == 0.1);
  sgd.set_lr(0.25);
  CHECK(sgd.lr(1) == 0.25);
  CHECK_THROWS_AS(sgd.lr(2), IndexError);
  CHECK_THROWS_AS(sgd.set_lr(-1), Error);
}

TEST_CASE("optimizers: errors come before any change") {
  const Tensor p = ones({3}), q = ones({2});
  p.requires_grad_();
  CHECK_THROWS_AS(SGD(Tensors{}), Error);
  CHECK_THROWS_AS(SGD(Tensors{Tensor()}), Error);
  CHECK_THROWS_AS(SGD({p, p}), Error);
  CHECK_THROWS_AS(SGD({p * 2}), GradientError);
  CHECK_THROWS_AS(SGD({ones({2}, int64)}), DTypeError);
  CHECK_THROWS_AS(SGD({p}, {.lr = -0.1}), Error);
  CHECK_THROWS_AS(SGD({p}, {.nesterov = true}), Error);
  CHECK_THROWS_AS(Adam({p}, {.betas = {1.0, 0.9}}), Error);
  CHECK_THROWS_AS(Rprop({p}, {.etas = {1.5, 1.2}}), Error);
  CHECK_THROWS_AS(LBFGS({p}, {.max_iter = 0}), Error);
  // One that does not require a gradient is taken, and never moves.
  SGD both({p, q});
  sum(p).backward();
  both.step();
  CHECK(identical(q, ones({2})));
  // Elements that share memory.
  const Tensor shared = ones({1}).expand({4});
  SGD sgd({p, shared});
  shared.set_grad(ones({4}));
  const Tensor before = p.detach().clone();
  CHECK_THROWS_AS(sgd.step(), ShapeError);
  CHECK(identical(p.detach(), before));
}

TEST_CASE("optimizers: a step is found out by those who saved the parameter") {
  const Tensor p = ones({3});
  p.requires_grad_();
  const Tensor loss = sum(square(p));
  SGD sgd({p});
  p.set_grad(ones({3}));
  sgd.step();
  CHECK_THROWS_AS(loss.backward(), GradientError);
}

TEST_CASE("optimizers: steps do not depend on the number of threads") {
  const int before = num_threads();
  Tensors results;
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    manual_seed(1);
    const Tensor p = randn({70001}), q = randn({13});
    Adam adam({p, q}, {.weight_decay = 0.1});
    for (int i = 0; i < 2; ++i) {
      p.set_grad(randn({70001}));
      q.set_grad(randn({13}));
      adam.step();
    }
    results.push_back(cat({p, q}));
  }
  set_num_threads(before);
  CHECK(identical(results[0], results[1]));
}

TEST_CASE("optimizers: one with several owners") {
  const Tensors p = parameters(float32);
  Ref<Optimizer> shared(new SGD(p, {.lr = 1}));
  StepLR scheduler(shared, 2);
  shared = {};
  scheduler.step();
  scheduler.step();
  CHECK(scheduler.last_lr() == doctest::Approx(0.1));
}

TEST_CASE("scaler: overflow leaves the step out") {
  const Tensor p = ones({2});
  p.requires_grad_();
  SGD sgd({p}, {.lr = 1});
  GradScaler scaler({.init_scale = 4, .growth_interval = 2});
  scaler.scale(sum(p * 0.5)).backward();
  CHECK(identical(p.grad(), full({2}, 2)));
  CHECK(scaler.step(sgd));
  CHECK(identical(p.detach(), full({2}, 0.5)));
  scaler.update();
  CHECK(scaler.get_scale() == 4);
  scaler.update();
  CHECK(scaler.get_scale() == 8);
  p.set_grad(tensor({1.0, INFINITY}));
  CHECK_FALSE(scaler.step(sgd));
  CHECK(identical(p.detach(), full({2}, 0.5)));
  // A clean optimizer after it does not hide the overflow.
  const Tensor q = ones({1});
  SGD other({q});
  q.set_grad(ones({1}));
  CHECK(scaler.step(other));
  scaler.update();
  CHECK(scaler.get_scale() == 4);
  // Unscaled by hand, for clipping.
  p.set_grad(full({2}, 8));
  scaler.unscale_(sgd);
  CHECK_THROWS_AS(scaler.unscale_(sgd), Error);
  CHECK(identical(p.grad(), full({2}, 2)));
  CHECK(scaler.step(sgd));
  CHECK(identical(p.detach(), full({2}, -1.5)));
  GradScaler resumed;
  resumed.load_state_dict(scaler.state_dict());
  CHECK(resumed.get_scale() == 4);
  CHECK_THROWS_AS(resumed.load_state_dict({}), Error);
  CHECK_THROWS_AS(GradScaler({.init_scale = 0}), Error);
  CHECK(scaler.scale(ones({2}, int64)).dtype() == float32);
}

TEST_CASE("optimizers: groups, rates and scales out of range; an id of their own") {
  const Tensor p = ones({2}), shared = ones({1}).expand({2});
  SGD sgd({p});
  CHECK(sgd.id() != SGD({p}).id());
  CHECK_THROWS_AS(sgd.options(5), IndexError);
  CHECK_THROWS_AS(SGD({p}, {.lr = INFINITY}), Error);
  CHECK_THROWS_AS(SGD({p}, {.weight_decay = INFINITY}), Error);
  for (const double scale : {1e300, 1e39, 1e-300, HUGE_VAL}) {
    CHECK_THROWS_AS(GradScaler({.init_scale = scale}), Error);
  }
  GradScaler scaler({.init_scale = 1.5e-45});
  p.set_grad(full({2}, INFINITY));
  CHECK_FALSE(scaler.step(sgd));
  scaler.update();
  CHECK(scaler.get_scale() > 0);
  LBFGS lbfgs({p, shared});
  p.set_grad(ones({2}));
  shared.set_grad(ones({2}));
  CHECK_THROWS_AS(lbfgs.step(), ShapeError);
  CHECK(identical(p, ones({2})));
  CHECK_THROWS_AS(lbfgs.load_state_dict({{"state.0.n_iter", scalar_tensor(-3, int64)}}), Error);
}

TEST_CASE("optimizers: what those of whole tensors remember of half precision is float32") {
  const auto every = [&](auto make) {
    const Tensor p = zeros({2, 2}, float16).requires_grad_(), q = zeros({2, 2}, float16).requires_grad_();
    auto optimizer = make(p), resumed = make(q);
    // The sum of squares is 360000, beyond float16.
    p.set_grad(full({2, 2}, 300, float16));
    q.set_grad(p.grad().clone());
    optimizer.step();
    CHECK(p[0][0].item<double>() != 0);
    const NamedTensors state = optimizer.state_dict();
    resumed.load_state_dict(state);
    q.detach().copy_(p.detach());
    for (const auto& [name, tensor] : state) {
      CAPTURE(name);
      CHECK(tensor.dtype() == float32);
      CHECK(std::isfinite(max(tensor).template item<double>()));
    }
    optimizer.step();
    resumed.step();
    CHECK(identical(p.detach(), q.detach()));
  };
  every([](const Tensor& p) { return NovoGrad({p}, {.lr = 0.1}); });
  every([](const Tensor& p) { return LAMB({p}, {.lr = 0.1}); });
  every([](const Tensor& p) { return Adafactor({p}, {.lr = 0.1, .beta1 = 0.9}); });
  // g / |g| is 1/2.
  const Tensor p = zeros({4}, float16).requires_grad_();
  NovoGrad novograd({p}, {.lr = 0.5});
  p.set_grad(full({4}, 300, float16));
  novograd.step();
  CHECK(identical(p.detach(), full({4}, -0.25, float16)));
}

TEST_CASE("scaler: a step that fails is tried again without another division") {
  const Tensor shared = ones({1}).expand({2});
  SGD sgd({shared});
  GradScaler scaler({.init_scale = 4});
  shared.set_grad(full({2}, 8));
  for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(scaler.step(sgd), ShapeError);
  CHECK(identical(shared.grad(), full({2}, 2)));
}

TEST_CASE("states: counts are whole, names stand once, and what PyTorch computes anew is dropped") {
  const auto changed = [](NamedTensors state, const std::string& name, double to) {
    for (auto& [key, tensor] : state) {
      if (key == name) tensor = scalar_tensor(to, float64);
    }
    return state;
  };
  const auto doubled = [](NamedTensors state) {
    state.push_back(state.back());
    return state;
  };
  const Tensors p = parameters(float32);
  ASGD asgd(p);
  take_step(asgd, p);
  NamedTensors state = asgd.state_dict();
  CHECK_THROWS_WITH_AS(asgd.load_state_dict(changed(state, "state.0.step", 1.5)),
                       doctest::Contains("\"state.0.step\" is no count: 1.5"), Error);
  CHECK_THROWS_AS(asgd.load_state_dict(doubled(state)), Error);
  CHECK_THROWS_AS(asgd.load_state_dict({{"state.0.step", ones({2})}}), ShapeError);
  state.emplace_back("state.0.eta", scalar_tensor(0.01, float32));
  state.emplace_back("state.0.mu", scalar_tensor(1.0, float32));
  asgd.load_state_dict(state);
  CHECK(asgd.state_dict().size() == state.size() - 2);
  Adam adam(p);
  CHECK_THROWS_AS(adam.load_state_dict({{"state.0.eta", scalar_tensor(0.01, float32)}}), Error);
  GradScaler scaler;
  const NamedTensors scale = scaler.state_dict();
  CHECK_THROWS_AS(scaler.load_state_dict(changed(scale, "_growth_tracker", 2.5)), Error);
  CHECK_THROWS_AS(scaler.load_state_dict(doubled(scale)), Error);
  CHECK_THROWS_AS(GradScaler({.growth_factor = -1}), Error);
  LBFGS lbfgs(p);
  take_step(lbfgs, p);
  const NamedTensors memory = lbfgs.state_dict();
  CHECK_THROWS_AS(lbfgs.load_state_dict(changed(memory, "state.0.n_iter", 0.5)), Error);
  CHECK_THROWS_AS(lbfgs.load_state_dict(doubled(memory)), Error);
  CHECK_THROWS_WITH_AS(lbfgs.load_state_dict({{"state.0.n_iter", scalar_tensor(1, int64)}}),
                       doctest::Contains("\"state.0.d\" is missing in the state of lbfgs"), Error);
  CHECK_THROWS_WITH_AS(lbfgs.load_state_dict({{"state.0.exp_avg", ones({5})}}),
                       doctest::Contains("\"state.0.exp_avg\" does not belong to the state of lbfgs"), Error);
}

}  // namespace wick::test
