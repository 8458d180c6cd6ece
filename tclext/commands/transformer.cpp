// Attention and transformers, of tensors and as layers: given its tensors a command computes, given sizes it
// builds the layer.

#include "wick/nn/transformer.h"

#include <initializer_list>

#include "tclext/commands/areas.h"
#include "tclext/commands/layers.h"
#include "wick/core/interrupt.h"
#include "wick/nn/attention.h"

template <>
inline constexpr binding::Word<wick::nn::Activation> binding::words<wick::nn::Activation>[] = {
    {"relu", wick::nn::Activation::Relu}, {"gelu", wick::nn::Activation::Gelu}};

namespace commands {
namespace {

using wick::nn::Activation;
using wick::nn::TransformerOptions;
using Size = optional<std::int64_t>;
using Names = std::initializer_list<std::string_view>;

bool is_given(const Call& call, std::string_view option) {
  for (std::size_t i = 0; i < call.command.params.size(); ++i) {
    if (binding::first_name(call.command.params[i].names) == option) return call.words[i] != nullptr;
  }
  return false;
}

// Whether a tensor is given, so that the command computes. Then all these options are needed, and those that
// only a layer has are refused.
bool computes(const Call& call, Names tensors, Names others, Names of_layer) {
  bool any = false;
  for (const std::string_view option : tensors) any = any || is_given(call, option);
  if (!any) return false;
  for (const Names& needed : {tensors, others}) {
    for (const std::string_view option : needed) {
      if (!is_given(call, option)) throw binding::missing_parameter(option);
    }
  }
  for (const std::string_view option : of_layer)
    refuse_beside(is_given(call, option), option, "a function of tensors");
  return true;
}

// (L, N, E) as (N heads, L, E / heads)
Tensor in_heads(const Tensor& x, std::int64_t heads) {
  return x.reshape({x.size(0), x.size(1) * heads, x.size(2) / heads}).transpose(0, 1);
}

// Attention of consecutive parts of the width, without projections.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, std::int64_t width,
                 std::int64_t heads, double dropout, bool batch_first) {
  constexpr const char* name = "multihead_attention";
  const int rank = query.dim();
  bool fits = (rank == 2 || rank == 3) && width % heads == 0;
  for (const Tensor* t : {&query, &key, &value}) fits = fits && t->dim() == rank && t->size(-1) == width;
  if (fits) {
    const int time = batch_first && rank == 3 ? 1 : 0;
    fits = key.size(time) == value.size(time) &&
           (rank == 2 ||
            (key.size(1 - time) == query.size(1 - time) && value.size(1 - time) == query.size(1 - time)));
  }
  if (!fits) {
    wick::fail<wick::ShapeError>(
        name, "query {}, key {} and value {} do not fit each other and {} heads of an embed_dim of {}",
        query.sizes(), key.sizes(), value.sizes(), heads, width);
  }
  const bool turn = batch_first && rank == 3;
  const auto parts = [&](const Tensor& t) {
    return in_heads(rank == 2 ? t.unsqueeze(1) : turn ? t.transpose(0, 1) : t, heads);
  };
  const Tensor out = wick::scaled_dot_product_attention(parts(query), parts(key), parts(value), {}, dropout);
  const std::int64_t rows = query.size(turn ? 1 : 0);
  if (rank == 2) return out.transpose(0, 1).reshape({rows, width});
  const std::int64_t batch = query.size(turn ? 0 : 1);
  const Tensor joined = out.transpose(0, 1).reshape({rows, batch, width});
  return turn ? joined.transpose(0, 1) : joined;
}

const Param batch_first{"batchFirst batch_first", false,
                        "whether the batch stands in front of the sequence: (N, L, E) in place of (L, N, E)"};

std::vector<Command> attention_commands() {
  return {
      Command{
          .name = "multihead_attention",
          .summary =
              "Attention of several heads: of tensors without projections, or as a layer that has them.",
          .details =
              "Given query, key and value the command computes: their last dimension is cut into numHeads "
              "consecutive parts, of each softmax(Q K^T / sqrt(embedDim / numHeads)) V is taken, and these "
              "stand side by side in the result. All three have the width embedDim and no parameters take "
              "part. Without tensors it makes the layer, PyTorch's MultiheadAttention: projections of query, "
              "key and value, attention, and a projection of the result, with the parameters in_proj_weight, "
              "in_proj_bias, out_proj.weight and out_proj.bias. Given one input the layer attends to that.",
          .params = {{"query", omittable, "(target length, batch, embedDim), or without a batch"},
                     {"key", omittable, "(source length, batch, embedDim)"},
                     {"value", omittable, "(source length, batch, embedDim)"},
                     {"embedDim embed_dim", required, "the width, a multiple of numHeads", at_least(1)},
                     {"numHeads num_heads", required, "number of heads", at_least(1)},
                     {"dropout", 0.0,
                      "probability of a weight of the attention to become 0, of a layer in "
                      "training",
                      between(0, 1)},
                     {"bias", true, "whether the layer's projections have offsets"},
                     {"kdim", omittable, "width of the layer's key where it is not embedDim", at_least(1)},
                     {"vdim", omittable, "width of the layer's value where it is not embedDim", at_least(1)},
                     batch_first},
          .positional = {"embedDim numHeads ?dropout? ?bias?", "query key value embedDim numHeads"},
          .returns = "a tensor of the query's shape, or a layer",
          .call = bind([](Call& call, const optional<Tensor>& query, const optional<Tensor>& key,
                          const optional<Tensor>& value, std::int64_t width, std::int64_t heads,
                          double dropout, bool bias, Size kdim, Size vdim, bool first) -> TensorOrModule {
            if (computes(call, {"query", "key", "value"}, {}, {"bias", "kdim", "vdim"}))
              return attention(*query, *key, *value, width, heads, dropout, first);
            wick::nn::MultiheadAttentionOptions options;
            options.dropout = dropout;
            options.bias = bias;
            options.kdim = kdim;
            options.vdim = vdim;
            options.batch_first = first;
            return make_layer<wick::nn::MultiheadAttention>(width, heads, options);
          })},
      Command{
          .name = "scaled_dot_product_attention",
          .summary = "softmax(query key^T / sqrt(E)) value over the last two dimensions.",
          .details =
              "Leading dimensions are broadcast. A row of which no place takes part is NaN. Without dropout "
              "the weights are never kept, which saves memory.",
          .params = {{"query", required, "(..., L, E)"},
                     {"key", required, "(..., S, E)"},
                     {"value", required, "(..., S, Ev)"},
                     {"attnMask attn_mask", "none",
                      "(..., L, S): numbers are added to the scores; of Bool only true places take part"},
                     {"dropoutP dropout_p", 0.0, "probability of a weight to become 0", between(0, 1)},
                     {"isCausal is_causal", false, "whether places behind the diagonal are left out"},
                     {"scale", omittable, "in place of 1 / sqrt(E)"}},
          .positional = {"query key value"},
          .returns = "(..., L, Ev)",
          .call = bind([](const Tensor& query, const Tensor& key, const Tensor& value,
                          const binding::TensorOrNone& mask, double dropout, bool causal,
                          optional<double> scale) {
            return wick::scaled_dot_product_attention(query, key, value, mask, dropout, causal, scale);
          })},
      Command{
          .name = "positional_encoding",
          .summary = "The table of sines and cosines that tells transformers positions, after dropout.",
          .details =
              "Element (pos, 2 i) is sin(pos / 10000^(2 i / dModel)), element (pos, 2 i + 1) the cosine of "
              "the same. Dropout is as in training: the elements that stay are divided by 1 - dropout.",
          .params = {{"seqLen seq_len", required, "number of positions", at_least(1)},
                     {"dModel d_model", required, "width, an even number", at_least(1)},
                     {"dropout", required, "probability of an element to become 0", between(0, 1)}},
          .positional = {"seqLen dModel dropout"},
          .returns = "Float32, (seqLen, dModel)",
          .call = bind([](std::int64_t length, std::int64_t width, double p) {
            return wick::dropout(wick::positional_encoding(length, width), p);
          })},
  };
}

// A sequence (S, E) or (S, N, E); a single token is a sequence of one.
Tensor sequence(const Call& call, const char* what, const Tensor& x) {
  if (!wick::is_floating(x.dtype())) {
    wick::fail<wick::DTypeError>(call.command.name, "{} must be floating point, {} was given", what,
                                 x.dtype());
  }
  if (x.dim() < 1 || x.dim() > 3) {
    wick::fail<wick::ShapeError>(call.command.name, "{} must have 1 to 3 dimensions, shape {} was given",
                                 what, x.sizes());
  }
  return x.dim() == 1 ? x.unsqueeze(0) : x;
}

// With zeros at the end of the last dimension, or cut there.
Tensor of_width(const Tensor& x, std::int64_t width) {
  return x.size(-1) == width ? x : wick::pad(x, {0, width - x.size(-1)});
}

// Parameters that nobody can reach need no gradients.
template <class M, class... A>
wick::Ref<M> passing(A&&... arguments) {
  const auto module = make<M>(std::forward<A>(arguments)...);
  module->requires_grad_(false);
  return module;
}

// The sizes of transformers.
struct Sizes {
  std::int64_t width, heads, layers;
  TransformerOptions options;
  bool norm = false;
};

// What `layers` layers drawn for this call make of x, f(layer, x) each; of a token a token.
template <class Layer, class F>
Tensor through_layers(Tensor x, int rank, Sizes sizes, F f) {
  sizes.options.dtype = x.dtype();
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    wick::check_interrupt({i, sizes.layers});
    x = f(*passing<Layer>(sizes.width, sizes.heads, sizes.options), x);
  }
  if (sizes.norm) {
    wick::nn::LayerNormOptions options;
    options.dtype = x.dtype();
    x = passing<wick::nn::LayerNorm>(Shape{sizes.width}, options)->forward(x);
  }
  return rank == 1 ? x.squeeze(0) : x;
}

Tensor encoded(const Call& call, const Tensor& src, const Sizes& sizes) {
  const Tensor x = sequence(call, "src", src);
  if (x.size(-1) != sizes.width) {
    wick::fail<wick::ShapeError>(call.command.name, "src of shape {} does not have the width {} of dModel",
                                 src.sizes(), sizes.width);
  }
  using Layer = wick::nn::TransformerEncoderLayer;
  return through_layers<Layer>(x, src.dim(), sizes, [](Layer& l, const Tensor& y) { return l.forward(y); });
}

Tensor decoded(const Call& call, const Tensor& tgt, const Tensor& memory, const Sizes& sizes) {
  const Tensor x = of_width(sequence(call, "tgt", tgt), sizes.width);
  const Tensor m = of_width(sequence(call, "memory", memory), sizes.width);
  using Layer = wick::nn::TransformerDecoderLayer;
  return through_layers<Layer>(x, tgt.dim(), sizes,
                               [&](Layer& l, const Tensor& y) { return l.forward(y, m); });
}

TransformerOptions options_of(std::int64_t hidden, double dropout, Activation activation, bool norm_first,
                              bool first) {
  TransformerOptions options;
  options.dim_feedforward = hidden;
  options.dropout = dropout;
  options.activation = activation;
  options.norm_first = norm_first;
  options.batch_first = first;
  return options;
}

const Param src{"src", omittable, "what is encoded: (S, N, dModel), (S, dModel) or (dModel)"};
const Param tgt{"tgt", omittable, "what is decoded: (T, N, E), (T, E) or (E)"};
const Param memory{"memory", omittable, "the encoder's result: (S, N, E), (S, E) or (E)"};
const Param d_model{"dModel d_model", required, "the width, a multiple of nhead", at_least(1)};
const Param nhead{"nhead", required, "number of attention heads", at_least(1)};
const Param num_layers{"numLayers num_layers", required, "number of layers", between(1, 10000)};
const Param hidden{"dimFeedforward dim_feedforward", std::int64_t{2048},
                   "width of the hidden layer; needed beside tensors", at_least(1)};
const Param dropout{"dropout", 0.1, "dropout probability; needed beside tensors", between(0, 1)};
const Param stack_dropout{"dropout", omittable, "dropout probability: 0.1 of a layer, and 0 beside tensors",
                          between(0, 1)};
const Param activation{"activation", "relu", "what follows the hidden layer: relu or gelu"};
const Param norm_first{"normFirst norm_first", false,
                       "whether attention and hidden layer have their normalization in front of them"};
const Param norm{"norm", false, "whether a normalization follows the last layer"};

constexpr const char* either = "a tensor, or a layer";
constexpr const char* encoder_layer_details =
    "y = norm1(x + drop(self_attn(x))), norm2(y + drop(linear2(drop(relu(linear1(y)))))), with PyTorch's "
    "names, initial values and order of random numbers. Given src the command computes, in training mode "
    "with parameters drawn for this call in the dtype of src: the same seed gives the same result. Without "
    "src it makes the layer, which takes inputs of (S, N, dModel) or (S, dModel).";
constexpr const char* decoder_layer_details =
    "a = norm1(x + drop(self_attn(x))), b = norm2(a + drop(multihead_attn(a, memory, memory))), "
    "norm3(b + drop(linear2(drop(relu(linear1(b)))))), with PyTorch's names, initial values and order of "
    "random numbers. Given tgt and memory the command computes, in training mode with parameters drawn for "
    "this call in the dtype of tgt; both are brought to the width dModel before, by zeros at the end or by a "
    "cut. Without tensors it makes the layer.";
constexpr const char* encoder_details =
    "Layers as transformer_encoder_layer has them, one after another. Given src the command computes with "
    "parameters drawn for this call, for each layer alone. Without src it makes the layer, whose layers "
    "begin as copies of one, with the parameters layers.0.self_attn.in_proj_weight and so on.";
constexpr const char* decoder_details =
    "Layers as transformer_decoder_layer has them, one after another over the same memory. Given tgt and "
    "memory the command computes with parameters drawn for this call, for each layer alone; both are brought "
    "to the width dModel before. Without tensors it makes the layer, whose layers begin as copies of one.";

std::vector<Command> layer_commands() {
  return {
      Command{.name = "transformer_encoder_layer",
              .summary = "A layer of a transformer's encoder: attention of a sequence to itself, and a "
                         "hidden layer.",
              .details = encoder_layer_details,
              .params = {src, d_model, nhead, hidden, dropout, activation, norm_first, batch_first},
              .positional = {"dModel nhead ?dimFeedforward? ?dropout?",
                             "src dModel nhead dimFeedforward dropout"},
              .returns = either,
              .call = bind([](Call& call, const optional<Tensor>& x, std::int64_t width, std::int64_t heads,
                              std::int64_t inner, double p, Activation f, bool normalized,
                              bool first) -> TensorOrModule {
                const TransformerOptions options = options_of(inner, p, f, normalized, first);
                if (computes(call, {"src"}, {"dimFeedforward", "dropout"}, {}))
                  return encoded(call, *x, {width, heads, 1, options});
                return make_layer<wick::nn::TransformerEncoderLayer>(width, heads, options);
              })},
      Command{.name = "transformer_decoder_layer",
              .summary = "A layer of a transformer's decoder: attention of a sequence to itself and to a "
                         "memory, and a hidden layer.",
              .details = decoder_layer_details,
              .params = {tgt, memory, d_model, nhead, hidden, dropout, activation, norm_first, batch_first},
              .positional = {"dModel nhead ?dimFeedforward? ?dropout?",
                             "tgt memory dModel nhead dimFeedforward dropout"},
              .returns = either,
              .call = bind([](Call& call, const optional<Tensor>& x, const optional<Tensor>& m,
                              std::int64_t width, std::int64_t heads, std::int64_t inner, double p,
                              Activation f, bool normalized, bool first) -> TensorOrModule {
                const TransformerOptions options = options_of(inner, p, f, normalized, first);
                if (computes(call, {"tgt", "memory"}, {"dimFeedforward", "dropout"}, {}))
                  return decoded(call, *x, *m, {width, heads, 1, options});
                return make_layer<wick::nn::TransformerDecoderLayer>(width, heads, options);
              })},
  };
}

std::vector<Command> stack_commands() {
  return {
      Command{.name = "transformer_encoder",
              .summary = "A transformer's encoder: several layers one after another.",
              .details = encoder_details,
              .params = {src, d_model, nhead, num_layers, hidden, stack_dropout, activation, norm_first,
                         batch_first, norm},
              .positional = {"dModel nhead numLayers ?dimFeedforward? ?dropout?",
                             "src dModel nhead numLayers dimFeedforward"},
              .returns = either,
              .call = bind([](Call& call, const optional<Tensor>& x, std::int64_t width, std::int64_t heads,
                              std::int64_t layers, std::int64_t inner, optional<double> p, Activation f,
                              bool normalized, bool first, bool last) -> TensorOrModule {
                const bool computing = computes(call, {"src"}, {"dimFeedforward"}, {});
                const TransformerOptions options =
                    options_of(inner, p.value_or(computing ? 0 : 0.1), f, normalized, first);
                if (computing) return encoded(call, *x, {width, heads, layers, options, last});
                return make_layer<wick::nn::TransformerEncoder>(width, heads, layers, options, last);
              })},
      Command{.name = "transformer_decoder",
              .summary = "A transformer's decoder: several layers one after another over one memory.",
              .details = decoder_details,
              .params = {tgt, memory, d_model, nhead, num_layers, hidden, stack_dropout, activation,
                         norm_first, batch_first, norm},
              .positional = {"dModel nhead numLayers ?dimFeedforward? ?dropout?",
                             "tgt memory dModel nhead numLayers dimFeedforward"},
              .returns = either,
              .call = bind([](Call& call, const optional<Tensor>& x, const optional<Tensor>& m,
                              std::int64_t width, std::int64_t heads, std::int64_t layers, std::int64_t inner,
                              optional<double> p, Activation f, bool normalized, bool first,
                              bool last) -> TensorOrModule {
                const bool computing = computes(call, {"tgt", "memory"}, {"dimFeedforward"}, {});
                const TransformerOptions options =
                    options_of(inner, p.value_or(computing ? 0 : 0.1), f, normalized, first);
                if (computing) return decoded(call, *x, *m, {width, heads, layers, options, last});
                return make_layer<wick::nn::TransformerDecoder>(width, heads, layers, options, last);
              })},
  };
}

}  // namespace

const Area& transformer() {
  static const Area area{"transformer", "Attention and transformers",
                         joined({attention_commands(), layer_commands(), stack_commands()})};
  return area;
}

}  // namespace commands
