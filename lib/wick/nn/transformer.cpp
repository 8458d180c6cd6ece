#include "wick/nn/transformer.h"

#include "wick/core/fail.h"
#include "wick/nn/init.h"
#include "wick/ops/activation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/random.h"

namespace wick::nn {
namespace {

MultiheadAttentionOptions attention_options(const TransformerOptions& o) {
  MultiheadAttentionOptions out;
  out.dropout = o.dropout;
  out.batch_first = o.batch_first;
  out.dtype = o.dtype;
  return out;
}
LinearOptions linear_options(const TransformerOptions& o) { return {true, o.dtype}; }
LayerNormOptions norm_options(const TransformerOptions& o) {
  LayerNormOptions out;
  out.eps = o.layer_norm_eps;
  out.dtype = o.dtype;
  return out;
}

void check_options(const char* kind, const TransformerOptions& o) {
  if (!(o.dropout >= 0 && o.dropout <= 1)) {
    fail(kind, "the dropout must be from 0 to 1, {} was given", o.dropout);
  }
  if (o.dim_feedforward < 1) {
    fail(kind, "dim_feedforward must be positive, {} was given", o.dim_feedforward);
  }
}

std::int64_t checked_layers(const char* kind, std::int64_t layers) {
  if (layers < 1) fail(kind, "the number of layers must be positive, {} was given", layers);
  return layers;
}

Tensor feed_forward(const Tensor& x, Linear& linear1, Linear& linear2, const TransformerOptions& o,
                    bool training) {
  const Tensor hidden = linear1(x);
  const Tensor active = o.activation == Activation::Gelu ? gelu(hidden) : relu(hidden);
  return dropout(linear2(dropout(active, o.dropout, training)), o.dropout, training);
}

// x plus what f makes of it, normalized before or behind.
template <class F>
Tensor residual(const Tensor& x, LayerNorm& norm, bool norm_first, F f) {
  return norm_first ? add(x, f(norm(x))) : norm(add(x, f(x)));
}

// Attention of x to a memory, perhaps to itself.
Tensor attended(MultiheadAttention& attention, const Tensor& x, const Tensor& memory, AttentionOptions call,
                AttentionWeights* weights) {
  if (weights) {
    call.need_weights = true;
    call.average_attn_weights = weights->average;
  }
  const AttentionResult result = attention.forward(x, memory, memory, call);
  if (weights) weights->all.push_back(result.weights);
  return result.output;
}

// Further layers with the values of the first; nothing is drawn for them.
template <class Layer>
std::vector<Ref<Layer>> copies(std::int64_t count, std::int64_t d_model, std::int64_t nhead,
                               const TransformerOptions& o) {
  std::vector<Ref<Layer>> layers{make<Layer>(d_model, nhead, o)};
  if (count == 1) return layers;
  const NamedTensors values = layers[0]->state_dict();
  const Tensor state = get_rng_state();
  while (std::ssize(layers) < count) {
    layers.push_back(make<Layer>(d_model, nhead, o));
    layers.back()->load_state_dict(values);
  }
  set_rng_state(state);
  return layers;
}

// A list of modules under the names "0", "1", ...
template <class Layer>
Ref<Module> listed(const std::vector<Ref<Layer>>& layers) {
  std::vector<std::pair<std::string, Ref<Module>>> named;
  for (const Ref<Layer>& layer : layers) {
    named.emplace_back(std::to_string(named.size()), Ref<Module>(layer.get()));
  }
  return Ref<Module>(new ModuleDict(named));
}

}  // namespace

Tensor DecoderModule::forward_all(const Tensors& inputs) {
  return inputs.size() == 2 ? forward(inputs[0], inputs[1]) : Module::forward_all(inputs);
}

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t width, std::int64_t heads,
                                                 const TransformerOptions& o)
    : options((check_options("transformer_encoder_layer", o), o)),
      self_attn(child<MultiheadAttention>("self_attn", width, heads, attention_options(o))),
      linear1(child<Linear>("linear1", width, o.dim_feedforward, linear_options(o))),
      linear2(child<Linear>("linear2", o.dim_feedforward, width, linear_options(o))),
      norm1(child<LayerNorm>("norm1", Shape{width}, norm_options(o))),
      norm2(child<LayerNorm>("norm2", Shape{width}, norm_options(o))) {}

Tensor TransformerEncoderLayer::forward(const Tensor& src, const EncoderMasks& masks,
                                        AttentionWeights* weights) {
  AttentionOptions call;
  call.attn_mask = masks.mask;
  call.key_padding_mask = masks.key_padding_mask;
  call.is_causal = masks.is_causal;
  const bool training = is_training();
  const Tensor x = residual(src, norm1, options.norm_first, [&](const Tensor& y) {
    return dropout(attended(self_attn, y, y, call, weights), options.dropout, training);
  });
  return residual(x, norm2, options.norm_first,
                  [&](const Tensor& y) { return feed_forward(y, linear1, linear2, options, training); });
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t width, std::int64_t heads,
                                                 const TransformerOptions& o)
    : options((check_options("transformer_decoder_layer", o), o)),
      self_attn(child<MultiheadAttention>("self_attn", width, heads, attention_options(o))),
      multihead_attn(child<MultiheadAttention>("multihead_attn", width, heads, attention_options(o))),
      linear1(child<Linear>("linear1", width, o.dim_feedforward, linear_options(o))),
      linear2(child<Linear>("linear2", o.dim_feedforward, width, linear_options(o))),
      norm1(child<LayerNorm>("norm1", Shape{width}, norm_options(o))),
      norm2(child<LayerNorm>("norm2", Shape{width}, norm_options(o))),
      norm3(child<LayerNorm>("norm3", Shape{width}, norm_options(o))) {}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks,
                                        AttentionWeights* weights) {
  AttentionOptions own, other;
  own.attn_mask = masks.tgt_mask;
  own.key_padding_mask = masks.tgt_key_padding_mask;
  own.is_causal = masks.tgt_is_causal;
  other.attn_mask = masks.memory_mask;
  other.key_padding_mask = masks.memory_key_padding_mask;
  other.is_causal = masks.memory_is_causal;
  const bool training = is_training();
  Tensor x = residual(tgt, norm1, options.norm_first, [&](const Tensor& y) {
    return dropout(attended(self_attn, y, y, own, weights), options.dropout, training);
  });
  x = residual(x, norm2, options.norm_first, [&](const Tensor& y) {
    return dropout(attended(multihead_attn, y, memory, other, weights), options.dropout, training);
  });
  return residual(x, norm3, options.norm_first,
                  [&](const Tensor& y) { return feed_forward(y, linear1, linear2, options, training); });
}

TransformerEncoder::TransformerEncoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                                       const TransformerOptions& o, bool normalized)
    : layers(copies<TransformerEncoderLayer>(checked_layers("transformer_encoder", count), width, heads, o)),
      norm(nullptr) {
  add_child("layers", listed(layers));
  if (normalized) norm = &child<LayerNorm>("norm", Shape{width}, norm_options(o));
}

Tensor TransformerEncoder::forward(const Tensor& src, const EncoderMasks& masks, AttentionWeights* weights) {
  Tensor x = src;
  for (const auto& layer : layers) x = layer->forward(x, masks, weights);
  return norm ? norm->forward(x) : x;
}

TransformerDecoder::TransformerDecoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                                       const TransformerOptions& o, bool normalized)
    : layers(copies<TransformerDecoderLayer>(checked_layers("transformer_decoder", count), width, heads, o)),
      norm(nullptr) {
  add_child("layers", listed(layers));
  if (normalized) norm = &child<LayerNorm>("norm", Shape{width}, norm_options(o));
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks,
                                   AttentionWeights* weights) {
  Tensor x = tgt;
  for (const auto& layer : layers) x = layer->forward(x, memory, masks, weights);
  return norm ? norm->forward(x) : x;
}

Transformer::Transformer(std::int64_t width, std::int64_t heads, std::int64_t encoder_layers,
                         std::int64_t decoder_layers, const TransformerOptions& o)
    : encoder(child<TransformerEncoder>("encoder", width, heads, encoder_layers, o, true)),
      decoder(child<TransformerDecoder>("decoder", width, heads, decoder_layers, o, true)) {
  for (const Tensor& t : parameters()) {
    if (t.dim() > 1) init::xavier_uniform_(t);
  }
}

Tensor Transformer::forward(const Tensor& src, const Tensor& tgt, const EncoderMasks& src_masks,
                            const DecoderMasks& tgt_masks) {
  return decoder.forward(tgt, encoder.forward(src, src_masks), tgt_masks);
}

Tensor Transformer::forward_all(const Tensors& inputs) {
  return inputs.size() == 2 ? forward(inputs[0], inputs[1]) : Module::forward_all(inputs);
}

}  // namespace wick::nn
