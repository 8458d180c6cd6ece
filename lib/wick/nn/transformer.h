#pragma once

#include <string_view>
#include <vector>

#include "wick/nn/attention.h"
#include "wick/nn/container.h"
#include "wick/nn/linear.h"
#include "wick/nn/normalization.h"

// torch.nn's transformers, with its names, initial values and order of random draws.

namespace WICK_API wick {
namespace nn {

enum class Activation { Relu, Gelu };

struct TransformerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;  // from 0 to 1
  Activation activation = Activation::Relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  // (N, L, E) in place of (L, N, E)
  bool norm_first = false;   // normalize in front of attention and feed-forward, not behind
  DType dtype = float32;
};

// Masks as MultiheadAttention takes them, of the layer's own sequence and, in decoders, of the memory.
struct EncoderMasks {
  Tensor mask = {}, key_padding_mask = {};
  bool is_causal = false;
};
struct DecoderMasks {
  Tensor tgt_mask = {}, memory_mask = {}, tgt_key_padding_mask = {}, memory_key_padding_mask = {};
  bool tgt_is_causal = false, memory_is_causal = false;
};

// y = norm1(x + drop(self_attn(x))), norm2(y + drop(linear2(drop(activation(linear1(y)))))).
class TransformerEncoderLayer : public Module {
 public:
  TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, const TransformerOptions& options = {});
  Tensor forward(const Tensor& src) override { return forward(src, EncoderMasks{}); }
  Tensor forward(const Tensor& src, const EncoderMasks& masks);
  const char* kind() const override { return "transformerencoderlayer"; }

  TransformerOptions options;
  MultiheadAttention& self_attn;
  Linear& linear1;
  Linear& linear2;
  LayerNorm& norm1;
  LayerNorm& norm2;
};

// a = norm1(x + drop(self_attn(x))), b = norm2(a + drop(multihead_attn(a, memory, memory))), norm3(b + the
// feed-forward of b). forward(x) alone is an Error: there is no memory.
class TransformerDecoderLayer : public Module {
 public:
  TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, const TransformerOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {});
  const char* kind() const override { return "transformerdecoderlayer"; }

  TransformerOptions options;
  MultiheadAttention& self_attn;
  MultiheadAttention& multihead_attn;
  Linear& linear1;
  Linear& linear2;
  LayerNorm& norm1;
  LayerNorm& norm2;
  LayerNorm& norm3;
};

// Layers "layers.0", ... one after another, which begin as copies of the first, and with `norm` a
// normalization "norm" behind them.
class TransformerEncoder : public Module {
 public:
  TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     const TransformerOptions& options = {}, bool norm = false);
  Tensor forward(const Tensor& src) override { return forward(src, EncoderMasks{}); }
  Tensor forward(const Tensor& src, const EncoderMasks& masks);
  const char* kind() const override { return "transformerencoder"; }

  std::vector<Ref<TransformerEncoderLayer>> layers;
  LayerNorm* norm;  // null without one
};

class TransformerDecoder : public Module {
 public:
  TransformerDecoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     const TransformerOptions& options = {}, bool norm = false);
  using Module::forward;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {});
  const char* kind() const override { return "transformerdecoder"; }

  std::vector<Ref<TransformerDecoderLayer>> layers;
  LayerNorm* norm;
};

// An encoder and a decoder, each with its normalization; all matrices are Xavier uniform.
class Transformer : public Module {
 public:
  explicit Transformer(std::int64_t d_model = 512, std::int64_t nhead = 8,
                       std::int64_t num_encoder_layers = 6, std::int64_t num_decoder_layers = 6,
                       const TransformerOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& src, const Tensor& tgt, const EncoderMasks& src_masks = {},
                 const DecoderMasks& tgt_masks = {});
  const char* kind() const override { return "transformer"; }

  TransformerEncoder& encoder;
  TransformerDecoder& decoder;
};

}  // namespace nn
}  // namespace wick
