#include <cmath>

#include "support.h"

namespace wick::test {
namespace {

struct Net : nn::Module {
  nn::Linear& hidden = child<nn::Linear>("hidden", 4, 5);
  nn::Linear& out = child<nn::Linear>("out", 5, 2, nn::LinearOptions{.bias = false});
  Tensor& mean = buffer("mean", zeros({2}));
  Tensor& count = buffer("count", scalar_tensor(0, int64));
  Tensor forward(const Tensor& x) override { return add(out(relu(hidden(x))), mean); }
};

std::vector<std::string> names(const NamedTensors& named) {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : named) out.push_back(name);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("modules: names in PyTorch's order") {
  Net net;
  CHECK(names(net.named_parameters()) == Names{"hidden.weight", "hidden.bias", "out.weight"});
  CHECK(names(net.named_buffers()) == Names{"mean", "count"});
  CHECK(names(net.state_dict()) == Names{"mean", "count", "hidden.weight", "hidden.bias", "out.weight"});
  CHECK(net.parameters().size() == 3);
  CHECK(net(ones({3, 4})).sizes() == Shape{3, 2});
  CHECK(net(ones({4})).sizes() == Shape{2});
  CHECK(net(ones({2, 3, 4})).sizes() == Shape{2, 3, 2});
  CHECK(net(ones({0, 4})).sizes() == Shape{0, 2});
  CHECK_THROWS_AS(net(ones({3})), ShapeError);
  CHECK_THROWS_AS(net(ones({3, 4}, float64)), DTypeError);
}

TEST_CASE("modules: one that stands twice") {
  const auto layer = nn::make<nn::Linear>(3, 3);
  nn::Sequential net(layer, relu, layer);
  CHECK(names(net.state_dict()) == Names{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK(names(net.named_parameters()) == Names{"0.weight", "0.bias"});
  Names paths;
  net.each([&](const std::string& path, nn::Module& module) { paths.push_back(path + ":" + module.kind()); });
  CHECK(paths == Names{":sequential", "0:linear", "1:function"});
  net.to(float64);
  CHECK(net(ones({2, 3}, float64)).dtype() == float64);
  CHECK(net.parameters().size() == 2);
}

TEST_CASE("modules: one that stands in another and beside it has one name, the first depth-first") {
  const auto layer = nn::make<nn::Linear>(3, 3);
  nn::Sequential net(nn::make<nn::Sequential>(layer), layer);
  CHECK(names(net.named_parameters()) == Names{"0.0.weight", "0.0.bias"});
  CHECK(names(net.state_dict()) == Names{"0.0.weight", "0.0.bias", "1.weight", "1.bias"});
  Names paths;
  net.each([&](const std::string& path, nn::Module& module) { paths.push_back(path + ":" + module.kind()); });
  CHECK(paths == Names{":sequential", "0:sequential", "0.0:linear"});
}

TEST_CASE("modules: sequences") {
  nn::Sequential net(
      nn::make<nn::Linear>(2, 3), [](const Tensor& x) { return tanh(x); }, nn::make<nn::Flatten>(0));
  CHECK(net.size() == 3);
  CHECK(net(ones({2, 2})).sizes() == Shape{6});
  net.push_back(relu);
  CHECK(std::string(net[-1].kind()) == "function");
  CHECK_THROWS_AS(net[4], IndexError);
  CHECK_THROWS_AS(net[-5], IndexError);
  nn::Sequential none;
  const Tensor x = ones({2});
  CHECK(none(x).is_same(x));
  const auto holder = nn::make<nn::Sequential>();
  CHECK_THROWS_AS(holder->push_back(holder), Error);
  const auto outer = nn::make<nn::Sequential>(holder);
  CHECK_THROWS_AS(holder->push_back(outer), Error);
}

TEST_CASE("modules: states are put back whole or not at all") {
  Net a, b;
  const Tensor weight = b.hidden.weight;
  const auto keys = b.load_state_dict(a.state_dict());
  CHECK(keys.missing.empty());
  CHECK(keys.unexpected.empty());
  CHECK(weight.is_same(b.hidden.weight));
  CHECK(identical(a.hidden.weight.detach(), weight.detach()));
  CHECK(identical(a(ones({1, 4})).detach(), b(ones({1, 4})).detach()));

  NamedTensors state = a.state_dict();
  const Tensor before = b.hidden.weight.detach().clone();
  for (auto& [name, tensor] : state) tensor = zeros(tensor.sizes(), float64);
  state.back().second = zeros({1});
  CHECK_THROWS_AS(b.load_state_dict(state), ShapeError);
  state.back() = {"other", zeros({1})};
  CHECK_THROWS_WITH(b.load_state_dict(state),
                    "load_state_dict: missing in the state dict: out.weight; not in the module: other");
  state.push_back(state.front());
  CHECK_THROWS_AS(b.load_state_dict(state, false), Error);
  state.pop_back();
  CHECK(identical(b.hidden.weight.detach(), before));
  const auto loose = b.load_state_dict(state, false);
  CHECK(loose.missing == Names{"out.weight"});
  CHECK(loose.unexpected == Names{"other"});
  CHECK(identical(b.hidden.weight.detach(), zeros({5, 4})));
  // Its own state, which shares its elements.
  const Tensor own = b.out.weight.detach().clone();
  b.load_state_dict(b.state_dict());
  CHECK(identical(b.out.weight.detach(), own));
}

TEST_CASE("modules: training, gradients and freezing") {
  Net net;
  CHECK(net.hidden.is_training());
  net.eval();
  CHECK_FALSE(net.hidden.is_training());
  net.train();
  CHECK(net.out.is_training());
  sum(net(ones({2, 4}))).backward();
  CHECK(net.hidden.weight.grad().defined());
  net.zero_grad(false);
  CHECK(identical(net.hidden.weight.grad(), zeros({5, 4})));
  net.zero_grad();
  CHECK_FALSE(net.hidden.weight.grad().defined());
  net.requires_grad_(false);
  CHECK_FALSE(net(ones({2, 4})).requires_grad());
  net.requires_grad_();
  CHECK(net(ones({2, 4})).requires_grad());
}

TEST_CASE("modules: another dtype, and optimizers made before") {
  Net net;
  optim::SGD old(net.parameters());
  sum(net(ones({2, 4}))).backward();
  const Tensor gradient = net.hidden.weight.grad();
  net.to(float64);
  CHECK(net.hidden.weight.dtype() == float64);
  CHECK(net.mean.dtype() == float64);
  CHECK(net.count.dtype() == int64);
  CHECK(net.hidden.weight.requires_grad());
  CHECK(identical(net.hidden.weight.grad(), gradient.to(float64)));
  CHECK_THROWS_AS(old.step(), GradientError);
  optim::SGD fresh(net.parameters());
  sum(net(ones({2, 4}, float64))).backward();
  fresh.step();
  const Tensor weight = net.hidden.weight;
  net.to(float64);
  CHECK(weight.is_same(net.hidden.weight));
  fresh.step();
  CHECK_THROWS_AS(net.to(int64), DTypeError);
}

TEST_CASE("modules: names that cannot be") {
  struct Twice : nn::Module {
    Twice() {
      parameter("a", ones({1}));
      buffer("a", ones({1}));
    }
  };
  CHECK_THROWS_AS(Twice(), Error);
  struct Dotted : nn::Module {
    Dotted() { parameter("a.b", ones({1})); }
  };
  CHECK_THROWS_AS(Dotted(), Error);
  struct Integer : nn::Module {
    Integer() { parameter("a", ones({1}, int64)); }
  };
  CHECK_THROWS_AS(Integer(), DTypeError);
  struct None : nn::Module {
    Tensor& a = parameter("a", {});
  };
  CHECK(None().state_dict().empty());
  CHECK_THROWS_AS(None().forward(ones({1})), Error);
  nn::ModuleDict dict({{"first", Ref<nn::Module>(new nn::Linear(2, 3))}});
  CHECK(names(dict.state_dict()) == Names{"first.weight", "first.bias"});
  CHECK(std::string(dict["first"].kind()) == "linear");
  CHECK_THROWS_AS(dict["second"], Error);
  CHECK_THROWS_AS(dict(ones({2})), Error);
}

TEST_CASE("modules: a call with other tensors") {
  nn::Linear layer(2, 1, {.bias = false});
  const Tensor own = layer.weight;
  const Tensor w = tensor({3.0, 5.0}).reshape({1, 2});
  w.requires_grad_();
  const Tensor out = nn::functional_call(layer, {{"weight", w}}, tensor({1.0, 10.0}));
  CHECK(out.item<double>() == 53);
  CHECK(layer.weight.is_same(own));
  out.backward();
  CHECK(identical(w.grad(), tensor({1.0, 10.0}).reshape({1, 2})));
  CHECK_FALSE(own.grad().defined());
  CHECK_THROWS_AS(nn::functional_call(layer, {{"weight", w}, {"bias", w}}, ones({2})), Error);
  CHECK_THROWS_AS(nn::functional_call(layer, {{"weight", w}}, ones({7})), ShapeError);
  CHECK(layer.weight.is_same(own));
}

TEST_CASE("modules: dropout") {
  nn::Dropout layer(0.5);
  manual_seed(4);
  const Tensor wanted = dropout(ones({50}), 0.5);
  manual_seed(4);
  CHECK(identical(layer(ones({50})), wanted));
  layer.eval();
  CHECK(identical(layer(ones({50})), ones({50})));
  CHECK_THROWS_AS(nn::Dropout(1.5), Error);
}

TEST_CASE("clipping gradients") {
  const Tensor a = zeros({2}), b = zeros({1}, float16), none = zeros({3});
  for (const Tensor& t : {a, b, none}) t.requires_grad_();
  a.set_grad(tensor({3.0, 0.0}));
  b.set_grad(tensor({4.0}, float16));
  CHECK(nn::clip_grad_norm_({a, none, b}, 10).item<double>() == 5);
  CHECK(a.grad().slice(0, 0, 1).item<double>() == 3);
  CHECK(nn::clip_grad_norm_({a, none, b}, 1).item<double>() == 5);
  CHECK(a.grad().slice(0, 0, 1).item<double>() == doctest::Approx(0.6).epsilon(1e-5));
  CHECK(b.grad().item<double>() == doctest::Approx(0.8).epsilon(1e-3));
  CHECK(nn::clip_grad_norm_({none}, 1).item<double>() == 0);
  CHECK(nn::clip_grad_norm_({a, b}, 9, INFINITY).item<double>() == doctest::Approx(0.8).epsilon(1e-3));
  nn::clip_grad_value_({a, none}, 0.25);
  CHECK(identical(a.grad(), tensor({0.25, 0.0})));
  a.set_grad(tensor({INFINITY, 1.0}));
  CHECK_THROWS_AS(nn::clip_grad_norm_({a}, 1, 2, true), Error);
  CHECK(identical(a.grad(), tensor({INFINITY, 1.0})));
  CHECK_THROWS_AS(nn::clip_grad_value_({a}, -1), Error);
}

TEST_CASE("data parallel modules may be variables, also while gradients are not averaged") {
  const Ref<nn::Module> layer(new nn::Linear(2, 2));
  nn::DistributedDataParallel variable(layer);
  { const nn::DistributedDataParallel::NoSync paused(variable); }
  CHECK(variable(ones({1, 2})).sizes() == Shape{1, 2});
  const auto owners = layer->use_count();
  {
    auto owned = nn::make<nn::DistributedDataParallel>(layer);
    const nn::DistributedDataParallel::NoSync paused(owned);
    owned = {};
    CHECK(layer->use_count() > owners);
  }
  CHECK(layer->use_count() == owners);
}

TEST_CASE("data parallel modules take what their module takes") {
  manual_seed(4);
  const Tensor x = randn({3, 2, 4}), memory = randn({5, 2, 4});
  const auto decoder =
      nn::make<nn::TransformerDecoderLayer>(4, 2, nn::TransformerOptions{.dim_feedforward = 3, .dropout = 0});
  nn::DistributedDataParallel parallel{Ref<nn::Module>(decoder)};
  CHECK(identical(parallel.forward_all({x, memory}), decoder->forward(x, memory)));
  CHECK_THROWS_AS(parallel.forward_all({x}), Error);
  CHECK_THROWS_AS(parallel(x), Error);
}

TEST_CASE("modules: loading changes all or nothing, and values may share memory") {
  struct Pair : nn::Module {
    Tensor& a = buffer("a", zeros({2}));
    Tensor& b = buffer("b", ones({2}));
  };
  Pair pair;
  pair.load_state_dict({{"a", pair.b}, {"b", pair.a}});
  CHECK(identical(pair.a, ones({2})));
  CHECK(identical(pair.b, zeros({2})));
  struct Expanded : nn::Module {
    Tensor& a = buffer("a", zeros({2}));
    Tensor& b = buffer("b", ones({1}).expand({2}));
  };
  Expanded expanded;
  CHECK_THROWS_AS(expanded.load_state_dict({{"a", ones({2})}, {"b", ones({2})}}), ShapeError);
  CHECK(identical(expanded.a, zeros({2})));
}

TEST_CASE("modules: nesting has a limit, and shared modules take no time") {
  Ref<nn::Module> shared(new nn::Sequential());
  for (int i = 0; i < 100; ++i) {
    const auto next = nn::make<nn::Sequential>();
    next->push_back(shared);
    next->push_back(shared);
    shared = Ref<nn::Module>(next.get());
  }
  int modules = 0;
  shared->each([&](const std::string&, nn::Module&) { ++modules; });
  CHECK(modules == 101);
  CHECK(shared->parameters().empty());
  const auto top = nn::make<nn::Sequential>();
  Ref<nn::Sequential> last = top;
  for (int i = 1; i < 200; ++i) {
    const auto next = nn::make<nn::Sequential>();
    last->push_back(next);
    last = next;
  }
  CHECK_THROWS_AS(last->push_back(nn::make<nn::Sequential>()), Error);
  CHECK_THROWS_AS(last->push_back(top), Error);
}

TEST_CASE("gradients are cleared in place, and clipped all or none") {
  const Tensor a = ones({2}), b = ones({2});
  a.set_grad(full({2}, 3));
  b.set_grad(ones({1}).expand({2}));
  const Tensor held = a.grad();
  CHECK_THROWS_AS(nn::clip_grad_norm_({a, b}, 1), ShapeError);
  CHECK_THROWS_AS(nn::clip_grad_value_({a, b}, 1), ShapeError);
  CHECK_THROWS_AS(nn::clip_grad_norm_({a}, 1, NAN), Error);
  CHECK(identical(held, full({2}, 3)));
  nn::zero_grad({a}, false);
  CHECK(identical(held, zeros({2})));
}

}  // namespace wick::test
