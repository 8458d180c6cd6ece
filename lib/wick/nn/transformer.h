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

// Where a forward pass is to leave the weights of its attentions, as AttentionResult has them: one tensor a
// layer of an encoder, two a layer of a decoder, of its own sequence and of the memory.
struct AttentionWeights {
  bool average = true;  // over the heads
  Tensors all = {};
};

// What a layer of an encoder and the whole encoder have in common. With `weights` those are added to it.
class EncoderModule : public Module {
 public:
  Tensor forward(const Tensor& src) override { return forward(src, EncoderMasks{}); }
  virtual Tensor forward(const Tensor& src, const EncoderMasks& masks,
                         AttentionWeights* weights = nullptr) = 0;
};

// The same of decoders. forward(x) alone is an Error: there is no memory.
class DecoderModule : public Module {
 public:
  using Module::forward;
  virtual Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {},
                         AttentionWeights* weights = nullptr) = 0;
  Tensor forward_all(const Tensors& inputs) override;
};

// y = norm1(x + drop(self_attn(x))), norm2(y + drop(linear2(drop(activation(linear1(y)))))).
class TransformerEncoderLayer : public EncoderModule {
 public:
  TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, const TransformerOptions& options = {});
  using EncoderModule::forward;
  Tensor forward(const Tensor& src, const EncoderMasks& masks, AttentionWeights* weights = nullptr) override;
  const char* kind() const override { return "transformerencoderlayer"; }

  TransformerOptions options;
  MultiheadAttention& self_attn;
  Linear& linear1;
  Linear& linear2;
  LayerNorm& norm1;
  LayerNorm& norm2;
};

// a = norm1(x + drop(self_attn(x))), b = norm2(a + drop(multihead_attn(a, memory, memory))), norm3(b + the
// feed-forward of b).
class TransformerDecoderLayer : public DecoderModule {
 public:
  TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, const TransformerOptions& options = {});
  using DecoderModule::forward;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {},
                 AttentionWeights* weights = nullptr) override;
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
class TransformerEncoder : public EncoderModule {
 public:
  TransformerEncoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     const TransformerOptions& options = {}, bool norm = false);
  using EncoderModule::forward;
  Tensor forward(const Tensor& src, const EncoderMasks& masks, AttentionWeights* weights = nullptr) override;
  const char* kind() const override { return "transformerencoder"; }

  std::vector<Ref<TransformerEncoderLayer>> layers;
  LayerNorm* norm;  // null without one
};

class TransformerDecoder : public DecoderModule {
 public:
  TransformerDecoder(std::int64_t d_model, std::int64_t nhead, std::int64_t num_layers,
                     const TransformerOptions& options = {}, bool norm = false);
  using DecoderModule::forward;
  Tensor forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {},
                 AttentionWeights* weights = nullptr) override;
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
  Tensor forward_all(const Tensors& inputs) override;
  const char* kind() const override { return "transformer"; }

  TransformerEncoder& encoder;
  TransformerDecoder& decoder;
};

}  // namespace nn
}  // namespace wick
