#include <filesystem>

#include "support.h"

// Models of another house: PyTorch's state dicts by name, and PyTorch's results; see
// ../../reference/make_models.py.

namespace wick::test {
namespace {

struct Tagger : nn::Module {
  nn::Embedding& embedding = child<nn::Embedding>("embedding", 11, 6, EmbeddingOptions{.padding_idx = 0});
  nn::LSTM& lstm = child<nn::LSTM>(
      "lstm", 6, 5,
      RecurrentOptions{.num_layers = 2, .batch_first = true, .dropout = 0.2, .bidirectional = true});
  nn::Linear& out = child<nn::Linear>("out", 10, 4);
  Tensor forward(const Tensor& words) override { return out(lstm(embedding(words))); }
};

struct Encoder : nn::Module {
  nn::TransformerEncoder& encoder = child<nn::TransformerEncoder>(
      "encoder", 8, 2, 2,
      nn::TransformerOptions{.dim_feedforward = 12, .activation = nn::Activation::Gelu, .norm_first = true},
      true);
  nn::Linear& out = child<nn::Linear>("out", 8, 3);
  Tensor forward(const Tensor& x) override { return out(encoder(x)); }
};

struct Pictures : nn::Module {
  nn::Sequential& features =
      child<nn::Sequential>("features", nn::make<nn::Conv2d>(1, 4, 3, nn::ConvOptions{.padding = 1}),
                            nn::make<nn::BatchNorm2d>(4), relu, nn::make<nn::MaxPool2d>(2),
                            nn::make<nn::Conv2d>(4, 6, 3, nn::ConvOptions{.padding = 1, .groups = 2}), relu,
                            nn::make<nn::AvgPool2d>(2));
  nn::Linear& classifier = child<nn::Linear>("classifier", 24, 10);
  Tensor forward(const Tensor& x) override { return classifier(flatten(features(x), 1)); }
};

std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(WICK_TEST_DATA) / ".." / "data" / (name + ".safetensors");
}

// The largest difference from PyTorch's results.
double difference(nn::Module& module, const std::string& name) {
  module.load_state_dict(load_safetensors(data(name)).tensors);
  module.eval();
  const NamedTensors run = load_safetensors(data(name + "_run")).tensors;
  Tensor input, output;
  for (const auto& [key, tensor] : run) (key == "input" ? input : output) = tensor;
  return max(abs(sub(module(input), output))).item<double>();
}

}  // namespace

TEST_CASE("models of PyTorch: a tagger with an LSTM") {
  Tagger module;
  CHECK(difference(module, "tagger") < 1e-6);
}

TEST_CASE("models of PyTorch: a transformer's encoder") {
  Encoder module;
  CHECK(difference(module, "encoder") < 2e-6);
}

TEST_CASE("models of PyTorch: pictures by convolutions") {
  Pictures module;
  CHECK(difference(module, "pictures") < 1e-6);
}

}  // namespace wick::test
