#include "gradcheck.h"

// Derivatives of layers against numeric differences, first ones by kernels and second ones by the twins.

namespace wick::test {
namespace {

Tensor small(const Shape& shape, std::int64_t from = 0) { return div(values(shape, from), 3); }

}  // namespace

TEST_CASE("layer gradients: normalization") {
  for (const Tensor& x : orders(values({3, 2, 3}))) {
    check_gradients("batch norm",
                    [](const Tensors& in) { return batch_norm(in[0], {}, {}, in[1], in[2], true); },
                    {x, values({2}, 7), values({2}, 31)});
    check_gradients("instance norm",
                    [](const Tensors& in) { return instance_norm(in[0], {}, {}, in[1], in[2]); },
                    {x, values({2}, 7), values({2}, 31)});
    check_gradients("layer norm",
                    [](const Tensors& in) {
                      return layer_norm(in[0], {2, 3}, in[1], in[2]);
                    },
                    {x, values({2, 3}, 7), values({2, 3}, 31)});
    check_gradients("rms norm", [](const Tensors& in) { return rms_norm(in[0], {3}, in[1]); },
                    {x, values({3}, 7)});
    check_gradients("local response norm",
                    [](const Tensors& in) { return local_response_norm(in[0], 2, 0.5, 0.75, 1.5); }, {x});
  }
  check_gradients("batch norm of few dimensions",
                  [](const Tensors& in) { return batch_norm(in[0], {}, {}, in[1], in[2], true); },
                  {values({4, 3}), values({3}, 7), values({3}, 31)});
  const Tensor mean = values({2}, 3), var = positive({2}, 5);
  check_gradients("batch norm in evaluation",
                  [&](const Tensors& in) { return batch_norm(in[0], mean, var, in[1], in[2]); },
                  {values({2, 2, 2}), values({2}, 7), values({2}, 31)});
  check_gradients("batch norm without weights",
                  [](const Tensors& in) { return batch_norm(in[0], {}, {}, {}, {}, true); },
                  {values({2, 2, 3})});
  check_gradients("group norm", [](const Tensors& in) { return group_norm(in[0], 2, in[1], in[2]); },
                  {values({2, 4, 2}), values({4}, 7), values({4}, 31)});
  // A run of one weight that is long enough for a loop of its own.
  check_gradients("group norm of long runs",
                  [](const Tensors& in) { return group_norm(in[0], 1, in[1], in[2]); },
                  {values({1, 2, 25}), values({2}, 7), values({2}, 31)});
  check_gradients("weight norm", [](const Tensors& in) { return weight_norm(in[0], in[1], 1); },
                  {values({3, 2}), values({1, 2}, 7)});
  check_gradients("normalize", [](const Tensors& in) { return normalize(in[0], 2, 1); }, {values({2, 3})});
  check_gradients("spectral norm", [](const Tensors& in) { return spectral_norm(in[0]); }, {values({3, 2})});
  // The input depends on the weight.
  check_gradients("layer norm of what depends on its weight",
                  [](const Tensors& in) { return layer_norm(mul(in[0], in[1]), {3}, in[1]); },
                  {values({2, 3}), values({3}, 7)});
}

TEST_CASE("layer gradients: tables and columns") {
  const Tensor indices = tensor({2, 0, 2, 1});
  check_gradients("embedding", [&](const Tensors& in) { return square(embedding(indices, in[0])); },
                  {values({4, 2})});
  const Tensor offsets = tensor({0, 1});
  for (const Bag mode : {Bag::Sum, Bag::Mean, Bag::Max}) {
    check_gradients(
        "embedding bag",
        [&](const Tensors& in) { return square(embedding_bag(indices, in[0], offsets, {.mode = mode})); },
        {values({4, 2})});
  }
  check_gradients(
      "weighted embedding bag",
      [&](const Tensors& in) { return embedding_bag(indices, in[0], offsets, {.mode = Bag::Sum}, in[1]); },
      {values({4, 2}), values({4}, 9)});
  const FoldOptions o{.dilation = {1, 2}, .padding = {1, 0}, .stride = {2, 1}};
  for (const Tensor& x : orders(values({1, 2, 3, 4}))) {
    check_gradients("im2col", [&](const Tensors& in) { return square(im2col(in[0], {2, 2}, o)); }, {x});
  }
  const Tensor columns = im2col(values({1, 1, 3, 4}), {2, 2}, o);
  check_gradients("fold",
                  [&](const Tensors& in) {
                    return square(fold(in[0], {3, 4}, {2, 2}, o));
                  },
                  {columns});
}

TEST_CASE("layer gradients: recurrent nets") {
  using Net = RecurrentResult (*)(const Tensor&, const Tensor&, const Tensors&, const RecurrentOptions&);
  const auto check = [](const char* name, std::int64_t gates, const auto& run) {
    for (const bool two : {false, true}) {
      for (const bool bias : {true, false}) {
        Tensors inputs{values({3, 2, 2}), values({two ? 2 : 1, 2, 2}, 5), values({two ? 2 : 1, 2, 2}, 23)};
        for (int way = 0; way < (two ? 2 : 1); ++way) {
          inputs.push_back(small({gates * 2, 2}, 3 + way));
          inputs.push_back(small({gates * 2, 2}, 17 + way));
          if (!bias) continue;
          inputs.push_back(small({gates * 2}, 29 + way));
          inputs.push_back(small({gates * 2}, 41 + way));
        }
        check_gradients(
            name,
            [&](const Tensors& in) {
              const RecurrentResult r = run(in, Tensors(in.begin() + 3, in.end()),
                                            RecurrentOptions{.bias = bias, .bidirectional = two});
              Tensors all{r.output.flatten(), mul(r.h, 2).flatten()};
              if (r.c.defined()) all.push_back(mul(r.c, 3).flatten());
              return cat(all);
            },
            inputs);
      }
    }
  };
  check("lstm", 4, [](const Tensors& in, const Tensors& w, const RecurrentOptions& o) {
    return lstm(in[0], in[1], in[2], w, o);
  });
  for (const auto& [name, gates, net] : {std::tuple<const char*, std::int64_t, Net>{"gru", 3, gru},
                                         {"rnn tanh", 1, rnn_tanh},
                                         {"rnn relu", 1, rnn_relu}}) {
    check(name, gates, [&](const Tensors& in, const Tensors& w, const RecurrentOptions& o) {
      RecurrentResult r = net(in[0], in[1], w, o);
      r.c = in[2];  // so that every input counts
      return r;
    });
  }
  // The last state of c alone.
  check_gradients("the state c of an lstm",
                  [](const Tensors& in) {
                    return lstm(in[0], {}, {}, {in[1], in[2]}, {.bias = false}).c;
                  },
                  {values({2, 1, 2}), small({4, 2}, 3), small({4, 1}, 17)});
}

TEST_CASE("layer gradients: attention") {
  for (const bool causal : {false, true}) {
    const auto plain = [=](const Tensors& in) {
      return scaled_dot_product_attention(in[0], in[1], in[2], {}, 0, causal);
    };
    check_gradients("attention", plain, {values({2, 3, 2}), values({2, 4, 2}, 7), values({2, 4, 3}, 31)});
    check_gradients("attention, broadcast", plain,
                    {values({2, 1, 2, 2}), values({3, 2}, 7), values({2, 3, 1}, 31)});
  }
  for (const Tensor& q : orders(values({3, 2}))) {
    check_gradients(
        "attention with a mask of numbers",
        [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[1], in[2], in[3]); },
        {q, values({2, 2}, 7), values({2, 2}, 31), values({3, 2}, 11)});
  }
  const Tensor taken = tensor({true, false, true, true, true, false}).reshape({2, 3});
  check_gradients("attention with a mask",
                  [&](const Tensors& in) {
                    return scaled_dot_product_attention(in[0], in[1], in[2], taken, 0, false, 0.7);
                  },
                  {values({2, 2}), values({3, 2}, 7), values({3, 2}, 31)});
  check_gradients("attention to itself",
                  [](const Tensors& in) { return scaled_dot_product_attention(in[0], in[0], in[0]); },
                  {values({3, 2})});
}

TEST_CASE("layer gradients: transformers, second derivatives as well") {
  nn::TransformerEncoderLayer layer(
      4, 2, {.dim_feedforward = 3, .dropout = 0, .activation = nn::Activation::Gelu, .dtype = float64});
  check_gradients("encoder layer", [&](const Tensors& in) { return layer(in[0]); }, {values({2, 2, 4})});
}

}  // namespace wick::test
