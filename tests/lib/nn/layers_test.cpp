#include <map>

#include "levels.h"
#include "operations.h"

// Functions of layers against PyTorch's values, with gradients.

namespace wick::test {
namespace {

std::optional<std::int64_t> whole_or_none(const Argument& a) {
  if (a.text == "None") return std::nullopt;
  return a.whole();
}

// As PyTorch's scripts evaluate: with statistics that depend on the number of channels alone.
Tensors evaluated(const Arguments& a) {
  const Tensor& x = t(a, 0);
  const std::int64_t channels = x.size(1);
  return {batch_norm(x, linspace(-1, 1, channels, float64).to(x.dtype()),
                     linspace(0.5, 2, channels, float64).to(x.dtype()), t(a, 1), t(a, 2), false, 0.1, 1e-3)};
}

template <bool instance>
Tensors running(const Arguments& a) {
  const Tensor mean = t(a, 1).clone(), var = t(a, 2).clone();
  if (instance) {
    instance_norm(t(a, 0), mean, var, {}, {}, true, a[3].real());
  } else {
    batch_norm(t(a, 0), mean, var, {}, {}, true, a[3].real());
  }
  return {mean, var};
}

const Operations normalizations = registered({
    {"batch_norm",
     [](const Arguments& a) -> Tensors {
       return {batch_norm(t(a, 0), t(a, 1), t(a, 2), t(a, 3), t(a, 4), true, 0.1, a[5].real())};
     }},
    {"batch_norm_eval", evaluated},
    {"batch_norm_running", running<false>},
    {"instance_norm_running", running<true>},
    {"instance_norm",
     [](const Arguments& a) -> Tensors { return {instance_norm(t(a, 0), {}, {}, t(a, 1), t(a, 2))}; }},
    {"group_norm",
     [](const Arguments& a) -> Tensors {
       return {group_norm(t(a, 0), a[1].whole(), t(a, 2), t(a, 3), a[4].real())};
     }},
    {"layer_norm",
     [](const Arguments& a) -> Tensors {
       return {layer_norm(t(a, 0), a[1].list(), t(a, 2), t(a, 3), a[4].real())};
     }},
    {"rms_norm",
     [](const Arguments& a) -> Tensors { return {rms_norm(t(a, 0), a[1].list(), t(a, 2), a[3].real())}; }},
    {"local_response_norm",
     [](const Arguments& a) -> Tensors {
       return {local_response_norm(t(a, 0), a[1].whole(), a[2].real(), a[3].real(), a[4].real())};
     }},
    {"weight_norm",
     [](const Arguments& a) -> Tensors { return {weight_norm(t(a, 0), t(a, 1), a[2].whole())}; }},
    {"normalize",
     [](const Arguments& a) -> Tensors { return {normalize(t(a, 0), a[1].real(), a[2].whole())}; }},
    {"spectral_norm", unary<spectral_norm>},
});

FoldOptions fold_options(const Arguments& a, std::size_t from) {
  return {.dilation = a[from].list(), .padding = a[from + 1].list(), .stride = a[from + 2].list()};
}

const Operations tables = registered({
    {"embedding",
     [](const Arguments& a) -> Tensors {
       return {embedding(t(a, 0), t(a, 1),
                         {.padding_idx = whole_or_none(a[2]), .scale_grad_by_freq = a[3].flag()})};
     }},
    {"embedding_renorm",
     [](const Arguments& a) -> Tensors {
       const Tensor weight = t(a, 1).clone();
       return {embedding(t(a, 0), weight, {.max_norm = a[2].real(), .norm_type = a[3].real()}), weight};
     }},
    {"embedding_bag",
     [](const Arguments& a) -> Tensors {
       static const std::map<std::string, Bag> modes{
           {"sum", Bag::Sum}, {"mean", Bag::Mean}, {"max", Bag::Max}};
       EmbeddingBagOptions o;
       o.mode = modes.at(a[3].text);
       o.padding_idx = whole_or_none(a[4]);
       o.include_last_offset = a[5].flag();
       return {embedding_bag(t(a, 0), t(a, 1), t(a, 2), o, t(a, 6))};
     }},
    {"im2col",
     [](const Arguments& a) -> Tensors { return {im2col(t(a, 0), a[1].list(), fold_options(a, 2))}; }},
    {"fold",
     [](const Arguments& a) -> Tensors {
       return {fold(t(a, 0), a[1].list(), a[2].list(), fold_options(a, 3))};
     }},
});

// Output and states in one vector.
template <class F>
Tensors recurrent(const Arguments& a, F f) {
  RecurrentOptions o;
  o.num_layers = a[3].whole();
  o.bias = a[4].flag();
  o.batch_first = a[5].flag();
  o.bidirectional = a[6].flag();
  Tensors weights;
  for (std::size_t i = 7; i < a.size(); ++i) weights.push_back(t(a, i));
  const RecurrentResult r = f(weights, o);
  Tensors parts{r.output.flatten(), r.h.flatten()};
  if (r.c.defined()) parts.push_back(r.c.flatten());
  return {cat(parts)};
}
template <RecurrentResult (*f)(const Tensor&, const Tensor&, const Tensors&, const RecurrentOptions&)>
Tensors plain_recurrent(const Arguments& a) {
  return recurrent(a, [&](const Tensors& w, const RecurrentOptions& o) { return f(t(a, 0), t(a, 1), w, o); });
}

const Operations recurrents = registered({
    {"lstm",
     [](const Arguments& a) {
       return recurrent(a, [&](const Tensors& w, const RecurrentOptions& o) {
         return lstm(t(a, 0), t(a, 1), t(a, 2), w, o);
       });
     }},
    {"gru", plain_recurrent<gru>},
    {"rnn_tanh", plain_recurrent<rnn_tanh>},
    {"rnn_relu", plain_recurrent<rnn_relu>},
});

const Operations attentions = registered({
    {"attention",
     [](const Arguments& a) -> Tensors {
       std::optional<double> scale;
       if (a.size() > 5) scale = a[5].real();
       return {scaled_dot_product_attention(t(a, 0), t(a, 1), t(a, 2), t(a, 3), 0, a[4].flag(), scale)};
     }},
});

}  // namespace

TEST_CASE("layers: normalization as PyTorch has it") { check_reference("normalization.txt", normalizations); }
TEST_CASE("layers: embeddings and columns as PyTorch has them") { check_reference("tables.txt", tables); }
TEST_CASE("layers: recurrent nets as PyTorch has them") { check_reference("recurrent.txt", recurrents); }
TEST_CASE("layers: attention as PyTorch has it") { check_reference("attention.txt", attentions); }

TEST_CASE("layers: what does not depend on threads") {
  // Large enough for every loop to be shared out.
  const Tensor x = randn({16, 48, 256}), w = randn({48}), table = randn({48, 256});
  const Tensor weights = randn({512, 256}) * 0.05, inner = randn({512, 128}) * 0.05;
  const auto all = [&] {
    const Tensor in = x.detach().requires_grad_(), scale = w.detach().requires_grad_(),
                 shape = table.detach().requires_grad_(), wi = weights.detach().requires_grad_();
    const Tensors outs{batch_norm(in, {}, {}, scale, {}, true), group_norm(in, 3, scale),
                       layer_norm(in, {48, 256}, shape), scaled_dot_product_attention(in, in, in),
                       lstm(in, {}, {}, {wi, inner}, {.bias = false}).output};
    Tensors results;
    for (const Tensor& y : outs) {
      results.push_back(y.detach());
      for (const Tensor& g : grad({sum(sin(y))}, {in, scale, shape, wi})) {
        if (g.defined()) results.push_back(g);
      }
    }
    return results;
  };
  const Tensors alone = with_threads(1, all), together = with_threads(3, all);
  REQUIRE(alone.size() == together.size());
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(identical(alone[i], together[i]));
}

TEST_CASE("layers: under autocast") {
  const Tensor x = randn({3, 4}), w = randn({8, 4}), inner = randn({8, 2});
  const autocast::Scope on(true);
  CHECK(scaled_dot_product_attention(x, x, x).dtype() == bfloat16);
  CHECK(layer_norm(x, {4}).dtype() == float32);
  CHECK(local_response_norm(x.to(bfloat16).unsqueeze(0), 2).dtype() == float32);
  const Tensor hidden = linear(x, ones({4, 4}));
  CHECK(hidden.dtype() == bfloat16);
  CHECK(lstm(hidden, {}, {}, {w, inner}, {.bias = false}).output.dtype() == float32);
}

TEST_CASE("layers: every level gives the same") {
  const Tensor x = randn({5, 6, 13}), long_runs = randn({3, 2, 70});
  const Tensor weights = randn({12, 13}), inner = randn({12, 3}), lesser = randn({9, 13}),
               least = randn({9, 3});
  const auto all = [&] {
    const Tensor in = x.detach().requires_grad_(), other = long_runs.detach().requires_grad_();
    const Tensors outs{batch_norm(in, {}, {}, {}, {}, true),
                       batch_norm(other, {}, {}, {}, {}, true),
                       layer_norm(in, {13}),
                       group_norm(other, 1, ones({2})),
                       lstm(in, {}, {}, {weights, inner}, {.bias = false}).output,
                       gru(in, {}, {lesser, least}, {.bias = false}).output};
    Tensors results;
    for (const Tensor& y : outs) {
      results.push_back(y.detach());
      for (const Tensor& g : grad({sum(sin(y))}, {in, other})) {
        if (g.defined()) results.push_back(g);
      }
    }
    return results;
  };
  Tensors lowest;
  const EachLevel levels;
  levels([&](const std::string& level) {
    CAPTURE(level);
    const Tensors now = all();
    if (lowest.empty()) lowest = now;
    for (std::size_t i = 0; i < now.size(); ++i) CHECK(allclose(now[i], lowest[i], 1e-4, 1e-5));
  });
}

TEST_CASE("layers: normalization where squares leave the range of float32") {
  const Tensor shape = tensor({1.0f, -1.0f, 3.0f, 0.25f, -2.0f, 0.5f}).reshape({1, 2, 3});
  using F = Tensor (*)(const Tensor&);
  for (const F f : std::initializer_list<F>{
           [](const Tensor& x) { return layer_norm(x, {3}); },
           [](const Tensor& x) { return rms_norm(x, {3}); }, [](const Tensor& x) { return group_norm(x, 2); },
           [](const Tensor& x) { return instance_norm(x); },
           [](const Tensor& x) { return batch_norm(x, {}, {}, {}, {}, true); }}) {
    for (const double scale : {1.0, 1e16, 1e20, 1e30, 3e37}) {
      const Tensor x = (shape * scale).requires_grad_(), wide = x.detach().to(float64).requires_grad_();
      const Tensor y = f(x), wanted = f(wide);
      CHECK(allclose(y.detach().to(float64), wanted.detach(), 1e-6, 1e-6));
      const Tensor weights = tensor({1.0f, 2.0f, -1.0f, 0.5f, 1.5f, -3.0f}).reshape({1, 2, 3});
      const Tensor g = grad({sum(y * weights)}, {x})[0],
                   exact = grad({sum(wanted * weights.to(float64))}, {wide})[0];
      CHECK(allclose(g.to(float64) * scale, exact * scale, 1e-5, 1e-5));
    }
  }
}

TEST_CASE("layers: zeros of half precision are normalized to zeros") {
  for (const DType dtype : {float16, bfloat16}) {
    for (const double p : {1.0, 2.0, 3.0}) {
      const Tensor x = tensor({0.0, 0.0, 3.0, 0.0}).reshape({2, 2}).to(dtype);
      CHECK(identical(normalize(x, p, 1), tensor({0.0, 0.0, 1.0, 0.0}).reshape({2, 2}).to(dtype)));
    }
  }
}

TEST_CASE("layers: attention that leaves out what is behind, with and without a mask of its own") {
  manual_seed(4);
  nn::MultiheadAttention attention(8, 2);
  const Tensor x = randn({5, 3, 8}), mask = generate_square_subsequent_mask(5);
  const Tensor padding = zeros({3, 5}, boolean);
  padding.select(0, 1).slice(0, 3, 5).fill_(true);
  nn::AttentionOptions causal{.key_padding_mask = padding, .is_causal = true};
  nn::AttentionOptions masked{.key_padding_mask = padding, .attn_mask = mask};
  CHECK(allclose(attention.forward(x, x, x, causal).output.detach(),
                 attention.forward(x, x, x, masked).output.detach(), 1e-5, 1e-6));
}

}  // namespace wick::test
