#include <cmath>

#include "operations.h"

// Modules from a seed against PyTorch's: initial values, results, and where the generator stands behind.

namespace wick::test {
namespace {

constexpr std::uint64_t seed = 7;

// The state, then results, then the next random number.
Tensors told(const nn::Module& module, const Tensors& results) {
  Tensors out;
  for (const auto& [name, tensor] : module.state_dict()) out.push_back(tensor.detach());
  for (const Tensor& t : results) out.push_back(t.detach());
  out.push_back(rand({1}));
  return out;
}

RecurrentOptions recurrent_options(const Arguments& a) {
  RecurrentOptions o;
  o.num_layers = a[3].whole();
  o.bias = a[4].flag();
  o.batch_first = a[5].flag();
  o.dropout = a[6].real();
  o.bidirectional = a[7].flag();
  return o;
}

template <class Made>
Tensors run_recurrent(const Arguments& a, Made made) {
  manual_seed(seed);
  const auto module = made(a[1].whole(), a[2].whole(), recurrent_options(a), t(a, 0).dtype());
  return told(*module, {module->forward(t(a, 0))});
}
template <class M>
Tensors recurrent(const Arguments& a) {
  return run_recurrent(
      a, [](auto in, auto hidden, const auto& o, DType dtype) { return nn::make<M>(in, hidden, o, dtype); });
}

Tensors attention(const Arguments& a) {
  nn::MultiheadAttentionOptions o;
  o.kdim = a[5].whole();
  o.vdim = a[6].whole();
  o.bias = a[7].flag();
  o.add_bias_kv = a[8].flag();
  o.add_zero_attn = a[9].flag();
  o.batch_first = a[10].flag();
  o.dropout = a[11].real();
  o.dtype = t(a, 0).dtype();
  manual_seed(seed);
  nn::MultiheadAttention module(a[3].whole(), a[4].whole(), o);
  module.train(a[12].flag());
  nn::AttentionOptions call;
  call.key_padding_mask = t(a, 13);
  call.attn_mask = t(a, 14);
  call.need_weights = a[15].flag();
  const nn::AttentionResult r = module.forward(t(a, 0), t(a, 1), t(a, 2), call);
  return told(module, r.weights.defined() ? Tensors{r.output, r.weights} : Tensors{r.output});
}

nn::TransformerOptions transformer_options(const Arguments& a, std::size_t from) {
  nn::TransformerOptions o;
  o.dim_feedforward = a[from + 2].whole();
  o.dropout = a[from + 3].real();
  o.activation = a[from + 4].text == "gelu" ? nn::Activation::Gelu : nn::Activation::Relu;
  o.batch_first = a[from + 5].flag();
  o.norm_first = a[from + 6].flag();
  o.dtype = t(a, 0).dtype();
  return o;
}

Tensors encoder_layer(const Arguments& a) {
  manual_seed(seed);
  nn::TransformerEncoderLayer module(a[2].whole(), a[3].whole(), transformer_options(a, 2));
  module.train(a[9].flag());
  return told(module, {module.forward(t(a, 0), {.mask = t(a, 1)})});
}

Tensors decoder_layer(const Arguments& a) {
  manual_seed(seed);
  nn::TransformerDecoderLayer module(a[3].whole(), a[4].whole(), transformer_options(a, 3));
  module.train(a[10].flag());
  return told(module, {module.forward(t(a, 0), t(a, 1), {.tgt_mask = t(a, 2)})});
}

Tensors transformer(const Arguments& a) {
  manual_seed(seed);
  nn::Transformer module(a[3].whole(), a[4].whole(), 2, 2, transformer_options(a, 3));
  module.train(a[10].flag());
  Tensors out{module.forward(t(a, 0), t(a, 1), {}, {.tgt_mask = t(a, 2)}).detach()};
  const NamedTensors state = module.state_dict();
  for (std::size_t i = state.size() - 3; i < state.size(); ++i) out.push_back(state[i].second.detach());
  out.push_back(rand({1}));
  return out;
}

const Operations modules = registered({
    {"module_lstm", recurrent<nn::LSTM>},
    {"module_gru", recurrent<nn::GRU>},
    {"module_rnn",
     [](const Arguments& a) {
       return run_recurrent(a, [](auto in, auto hidden, const auto& o, DType dtype) {
         return nn::make<nn::RNN>(in, hidden, "tanh", o, dtype);
       });
     }},
    {"module_embedding",
     [](const Arguments& a) {
       manual_seed(seed);
       nn::Embedding module(a[1].whole(), a[2].whole(), {.padding_idx = a[3].whole()}, a[4].dtype());
       return told(module, {module(t(a, 0))});
     }},
    {"module_attention", attention},
    {"module_encoder_layer", encoder_layer},
    {"module_decoder_layer", decoder_layer},
    {"module_transformer", transformer},
});

using Names = std::vector<std::string>;

Names names(const nn::Module& module) {
  Names out;
  for (const auto& [name, tensor] : module.state_dict()) out.push_back(name);
  return out;
}

}  // namespace

TEST_CASE("layer modules: PyTorch's from the same seed") { check_reference("modules.txt", modules); }

TEST_CASE("layer modules: names in PyTorch's order") {
  CHECK(names(nn::BatchNorm2d(3)) ==
        Names{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  CHECK(names(nn::BatchNorm1d(3, {.affine = false, .track_running_stats = false})).empty());
  CHECK(names(nn::InstanceNorm1d(3)).empty());
  CHECK(names(nn::LayerNorm({2, 3})) == Names{"weight", "bias"});
  CHECK(names(nn::GroupNorm(2, 4)) == Names{"weight", "bias"});
  CHECK(names(nn::LSTM(2, 3, {.num_layers = 2, .bidirectional = true})) ==
        Names{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
              "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1",
              "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse", "weight_hh_l1_reverse",
              "bias_ih_l1_reverse", "bias_hh_l1_reverse"});
  CHECK(names(nn::GRU(2, 3, {.bias = false})) == Names{"weight_ih_l0", "weight_hh_l0"});
  CHECK(names(nn::MultiheadAttention(4, 2)) ==
        Names{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
  CHECK(names(nn::MultiheadAttention(4, 2, {.add_bias_kv = true, .kdim = 3})) ==
        Names{"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "bias_k", "bias_v",
              "out_proj.weight", "out_proj.bias"});
  const nn::TransformerEncoder encoder(4, 2, 2, {.dim_feedforward = 5}, true);
  const Names all = names(encoder);
  CHECK(all.size() == 26);
  CHECK(all.front() == "layers.0.self_attn.in_proj_weight");
  CHECK(all[12] == "layers.1.self_attn.in_proj_weight");
  CHECK(all.back() == "norm.bias");
}

TEST_CASE("layer modules: batch normalization keeps statistics") {
  nn::BatchNorm1d module(3);
  const Tensor x = add(mul(randn({64, 3}), 2), 5);
  for (int i = 0; i < 100; ++i) module(x);
  CHECK(module.num_batches_tracked.item<std::int64_t>() == 100);
  CHECK(allclose(module.running_mean, mean(x, {0}), 1e-3, 1e-3));
  CHECK(allclose(module.running_var, var(x, {0}), 1e-3, 1e-3));
  module.eval();
  const Tensor before = module.running_mean.clone();
  CHECK(
      allclose(module(x), div(sub(x, module.running_mean), sqrt(add(module.running_var, 1e-5))), 1e-4, 1e-5));
  CHECK(equal(before, module.running_mean));
  CHECK(module.num_batches_tracked.item<std::int64_t>() == 100);
  // Without a momentum: the mean of all batches.
  nn::BatchNorm1d averaging(3, {.momentum = std::nullopt});
  const Tensor y = randn({8, 3});
  averaging(x);
  averaging(y);
  CHECK(allclose(averaging.running_mean, div(add(mean(x, {0}), mean(y, {0})), 2), 1e-4, 1e-5));
  CHECK_THROWS_AS(module(ones({3})), ShapeError);
  CHECK_THROWS_AS(module(ones({2, 4})), ShapeError);
  CHECK_THROWS_AS(nn::BatchNorm2d(3)(ones({2, 3})), ShapeError);
}

TEST_CASE("layer modules: states go on") {
  const RecurrentOptions o{.num_layers = 2};
  nn::LSTM module(3, 5, o);
  module.eval();
  const Tensor x = randn({7, 2, 3});
  const RecurrentResult whole = module.run(x);
  const RecurrentResult first = module.run(x.slice(0, 0, 4));
  const RecurrentResult second = module.run(x.slice(0, 4, 7), first.h, first.c);
  CHECK(allclose(cat({first.output, second.output}), whole.output, 1e-5, 1e-6));
  CHECK(allclose(second.h, whole.h, 1e-5, 1e-6));
  CHECK(allclose(second.c, whole.c, 1e-5, 1e-6));
  CHECK(module.run(x.slice(1, 0, 0)).output.sizes() == Shape{7, 0, 5});
  CHECK_THROWS_AS(module.run(x, zeros({1, 2, 5})), ShapeError);
  CHECK_THROWS_AS(nn::GRU(3, 5).run(x, {}, zeros({1, 2, 5})), Error);
  CHECK_THROWS_AS(nn::RNN(3, 5, "gelu"), Error);
  CHECK_THROWS_AS(nn::LSTM(3, 0), Error);
}

TEST_CASE("layer modules: attention and transformers refuse what does not fit") {
  CHECK_THROWS_AS(nn::MultiheadAttention(5, 2), Error);
  nn::MultiheadAttention module(4, 2);
  CHECK(module(ones({3, 4})).sizes() == Shape{3, 4});
  CHECK(module(ones({3, 0, 4})).sizes() == Shape{3, 0, 4});
  CHECK_THROWS_AS(module(ones({3, 2, 5})), ShapeError);
  CHECK_THROWS_AS(module.forward(ones({3, 2, 4}), ones({3, 2, 4}), ones({3, 2, 4}),
                                 {.key_padding_mask = zeros({3, 2}, boolean)}),
                  ShapeError);
  nn::TransformerDecoderLayer decoder(4, 2, {.dim_feedforward = 3});
  CHECK_THROWS_AS(decoder(ones({3, 2, 4})), Error);
  CHECK_THROWS_AS(nn::TransformerEncoder(4, 2, 0), Error);
}

TEST_CASE("layer modules: a module is run by all that it takes") {
  manual_seed(4);
  const Tensor x = randn({3, 2, 4}), memory = randn({5, 2, 4});
  nn::MultiheadAttention attention(4, 2);
  nn::TransformerDecoder decoder(4, 2, 2, {.dim_feedforward = 3, .dropout = 0});
  nn::Transformer both(4, 2, 1, 1, {.dim_feedforward = 3, .dropout = 0});
  nn::Linear linear(4, 3);
  CHECK(identical(attention.forward_all({x}), attention(x)));
  CHECK(identical(attention.forward_all({x, memory, memory}), attention.forward(x, memory, memory).output));
  CHECK(identical(decoder.forward_all({x, memory}), decoder.forward(x, memory)));
  CHECK(identical(both.forward_all({memory, x}), both.forward(memory, x)));
  CHECK(identical(linear.forward_all({x}), linear(x)));
  nn::Module* modules_[] = {&attention, &decoder, &both, &linear};
  for (nn::Module* module : modules_) {
    CHECK_THROWS_AS(module->forward_all({}), Error);
    CHECK_THROWS_AS(module->forward_all({x, x, x, x}), Error);
  }
  CHECK_THROWS_AS(decoder.forward_all({x}), Error);
  CHECK_THROWS_AS(linear.forward_all({x, x}), Error);
}

TEST_CASE("layer modules: the weights of the attentions within transformers") {
  manual_seed(4);
  const Tensor x = randn({3, 2, 4}), memory = randn({5, 2, 4});
  const nn::TransformerOptions o{.dim_feedforward = 3, .dropout = 0, .norm_first = true};
  nn::TransformerEncoder encoder(4, 2, 3, o);
  nn::TransformerDecoder decoder(4, 2, 2, o);
  for (const bool average : {true, false}) {
    nn::AttentionWeights own{.average = average}, both{.average = average};
    CHECK(allclose(encoder.forward(x, {.is_causal = true}, &own), encoder.forward(x, {.is_causal = true}),
                   1e-5, 1e-6));
    CHECK(allclose(decoder.forward(x, memory, {}, &both), decoder.forward(x, memory), 1e-5, 1e-6));
    const auto shape = [&](std::int64_t places) {
      return average ? Shape{2, 3, places} : Shape{2, 2, 3, places};
    };
    REQUIRE(own.all.size() == 3);
    for (const Tensor& weights : own.all) {
      CHECK(weights.sizes() == shape(3));
      CHECK(max(abs(triu(weights, 1))).item().to_double() == 0);
      CHECK(allclose(sum(weights, {-1}), ones_like(sum(weights, {-1})), 1e-5, 1e-6));
    }
    REQUIRE(both.all.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(both.all[i].sizes() == shape(i % 2 == 0 ? 3 : 5));
    const nn::AttentionOptions call{.is_causal = true, .need_weights = true, .average_attn_weights = average};
    nn::TransformerEncoderLayer& first = *encoder.layers[0];
    const Tensor y = first.norm1(x);
    CHECK(identical(own.all[0], first.self_attn.forward(y, y, y, call).weights));
  }
}

TEST_CASE("layer modules: the layers of a stack begin alike and train apart") {
  manual_seed(3);
  nn::TransformerEncoder stack_(4, 2, 3, {.dim_feedforward = 5, .dropout = 0});
  const Tensor next = rand({1});
  manual_seed(3);
  const nn::TransformerEncoderLayer single(4, 2, {.dim_feedforward = 5, .dropout = 0});
  CHECK(equal(next, rand({1})));
  CHECK(equal(stack_.layers[2]->linear1.weight, single.linear1.weight));
  CHECK(!stack_.layers[2]->linear1.weight.is_same(stack_.layers[1]->linear1.weight));
  sum(square(stack_(randn({3, 2, 4})))).backward();
  CHECK(!equal(stack_.layers[0]->linear1.weight.grad(), stack_.layers[1]->linear1.weight.grad()));
}

TEST_CASE("layer modules: positions") {
  const Tensor table = positional_encoding(3, 4, float64);
  CHECK(allclose(table[0], tensor({0, 1, 0, 1}, float64)));
  CHECK(allclose(table[2], tensor({std::sin(2.0), std::cos(2.0), std::sin(0.02), std::cos(0.02)}, float64)));
  CHECK_THROWS_AS(positional_encoding(3, 5), ShapeError);
  nn::PositionalEncoding module(4, 0, 5);
  CHECK(names(module) == Names{"pe"});
  CHECK(allclose(module(zeros({3, 2, 4})).select(1, 1), positional_encoding(3, 4)));
  CHECK_THROWS_AS(module(zeros({6, 2, 4})), ShapeError);
  nn::PositionalEncoding first(4, 0, 5, true);
  CHECK(allclose(first(zeros({2, 3, 4}))[1], positional_encoding(3, 4)));
}

}  // namespace wick::test
