#pragma once

#include <optional>

#include "wick/nn/linear.h"
#include "wick/nn/module.h"

namespace WICK_API wick {

// softmax(scale query key^T + mask) value over the last two dimensions: query (..., L, E), key (..., S, E),
// value (..., S, Ev) give (..., L, Ev); the dimensions in front are broadcast. The mask is broadcast to
// (..., L, S): numbers are added, of bool only true places take part. `is_causal` leaves out the places
// behind the diagonal, j > i. A row of which no place takes part is NaN. With a dropout the weights that the
// softmax gives are dropped with that probability. The scale is 1 / sqrt(E) unless one is given. One floating
// point dtype (DTypeError), half precision is computed in float32. Without dropout no (L, S) matrix is kept.
// Differentiable, twice.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask = {}, double dropout_p = 0,
                                    bool is_causal = false, std::optional<double> scale = std::nullopt);

// (n, n) with minus infinity above the diagonal and 0 elsewhere, to be added.
Tensor generate_square_subsequent_mask(std::int64_t n, DType dtype = float32);

// (length, width): sin(pos / 10000^(2 i / width)) in column 2 i, the cosine of the same in column 2 i + 1.
// ShapeError unless the width is even.
Tensor positional_encoding(std::int64_t length, std::int64_t width, DType dtype = float32);

namespace nn {

struct MultiheadAttentionOptions {
  double dropout = 0;  // of the weights, in training
  bool bias = true;
  bool add_bias_kv = false;    // one learned key and value more
  bool add_zero_attn = false;  // one key and value of zeros more
  // Widths of key and value, embed_dim by default.
  std::optional<std::int64_t> kdim = std::nullopt, vdim = std::nullopt;
  bool batch_first = false;
  DType dtype = float32;
};

// Masks: of bool, true places are left out (not as in scaled_dot_product_attention); numbers are added.
struct AttentionOptions {
  Tensor key_padding_mask = {};  // (N, S), or (S) without a batch
  Tensor attn_mask = {};         // (L, S) or (N heads, L, S)
  bool is_causal = false;
  bool need_weights = false;
  bool average_attn_weights = true;
};

struct AttentionResult {
  Tensor output;
  Tensor weights;  // (N, L, S), of each head (N, heads, L, S) unless averaged; undefined if not needed
};

// torch.nn.MultiheadAttention: projections of query, key and value, attention of num_heads consecutive parts
// of their width, and a projection of what these give. Parameters in_proj_weight (3 E, E), or q_proj_weight,
// k_proj_weight and v_proj_weight where kdim or vdim differ; in_proj_bias (3 E), bias_k and bias_v (1, 1, E),
// out_proj.weight (E, E) and out_proj.bias. Error unless num_heads divides embed_dim.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads,
                     const MultiheadAttentionOptions& options = {});
  // query (L, N, E), key (S, N, kdim), value (S, N, vdim); (N, L, E) with batch_first; or without N.
  AttentionResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionOptions& call = {});
  // Attention of x to itself.
  Tensor forward(const Tensor& x) override { return forward(x, x, x).output; }
  Tensor forward_all(const Tensors& inputs) override;
  const char* kind() const override { return "multiheadattention"; }

  std::int64_t embed_dim, num_heads;
  MultiheadAttentionOptions options;
  Tensor& in_proj_weight;
  Tensor& q_proj_weight;
  Tensor& k_proj_weight;
  Tensor& v_proj_weight;
  Tensor& in_proj_bias;
  Tensor& bias_k;
  Tensor& bias_v;
  Linear& out_proj;

 private:
  struct Projected {
    Tensor query, key, value;
  };
  Projected project(const Tensor& query, const Tensor& key, const Tensor& value) const;
  AttentionResult attend(const Tensor& query, const Tensor& key, const Tensor& value,
                         const AttentionOptions& call);
};

// x (L, N, width), or (N, L, width) with batch_first, plus positional_encoding, then dropout. Buffer "pe"
// (max_len, 1, width). ShapeError for more than max_len positions.
class PositionalEncoding : public Module {
 public:
  explicit PositionalEncoding(std::int64_t width, double dropout = 0.1, std::int64_t max_len = 5000,
                              bool batch_first = false, DType dtype = float32);
  Tensor forward(const Tensor& x) override;
  const char* kind() const override { return "positionalencoding"; }

  double p;
  bool batch_first;
  Tensor& pe;
};

}  // namespace nn
}  // namespace wick
