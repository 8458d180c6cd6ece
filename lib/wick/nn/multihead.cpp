#include <cmath>

#include "wick/core/fail.h"
#include "wick/linalg/products.h"
#include "wick/nn/attention.h"
#include "wick/nn/init.h"
#include "wick/nn/masks.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/padding.h"
#include "wick/ops/random.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick::nn {
namespace {

constexpr const char* name = "multihead_attention";

std::int64_t checked_width(std::int64_t embed_dim, std::int64_t heads) {
  if (embed_dim < 1 || heads < 1 || embed_dim % heads != 0) {
    fail(name, "embed_dim must be divisible by num_heads, {} and {} were given", embed_dim, heads);
  }
  return embed_dim;
}

Tensor empty_if(bool wanted, const Shape& shape, DType dtype) {
  return wanted ? empty(shape, dtype) : Tensor();
}

bool one_width(std::int64_t embed_dim, const MultiheadAttentionOptions& o) {
  return o.kdim.value_or(embed_dim) == embed_dim && o.vdim.value_or(embed_dim) == embed_dim;
}

// A mask of places to be left out, as one to be added.
Tensor added(const char* what, const Tensor& mask, DType dtype) {
  if (!mask.defined()) return mask;
  if (mask.dtype() == boolean) {
    return mask_of_left_out(mask, dtype);
  }
  if (!is_floating(mask.dtype()))
    fail<DTypeError>(name, "{} is bool or floating point, not {}", what, mask.dtype());
  return mask.to(dtype);
}

// One more key, which nothing hides.
Tensor with_place(const Tensor& mask) { return mask.defined() ? pad(mask, {0, 1}) : mask; }

// (n, N, E) as (N, heads, n, E / heads)
Tensor in_heads(const Tensor& x, std::int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).permute({1, 2, 0, 3});
}

void check_shape(const char* what, const Tensor& mask, const Shape& shape) {
  if (mask.sizes() != shape) {
    fail<ShapeError>(name, "{} must have shape {}, not {}", what, shape, mask.sizes());
  }
}

}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t width, std::int64_t heads,
                                       const MultiheadAttentionOptions& o)
    : embed_dim(checked_width(width, heads)),
      num_heads(heads),
      options(o),
      in_proj_weight(parameter("in_proj_weight", empty_if(one_width(width, o), {3 * width, width}, o.dtype))),
      q_proj_weight(parameter("q_proj_weight", empty_if(!one_width(width, o), {width, width}, o.dtype))),
      k_proj_weight(parameter("k_proj_weight",
                              empty_if(!one_width(width, o), {width, o.kdim.value_or(width)}, o.dtype))),
      v_proj_weight(parameter("v_proj_weight",
                              empty_if(!one_width(width, o), {width, o.vdim.value_or(width)}, o.dtype))),
      in_proj_bias(parameter("in_proj_bias", o.bias ? zeros({3 * width}, o.dtype) : Tensor())),
      bias_k(parameter("bias_k", empty_if(o.add_bias_kv, {1, 1, width}, o.dtype))),
      bias_v(parameter("bias_v", empty_if(o.add_bias_kv, {1, 1, width}, o.dtype))),
      out_proj(child<Linear>("out_proj", width, width, LinearOptions{o.bias, o.dtype})) {
  // In PyTorch's order: the output projection has been drawn.
  for (const Tensor* t : {&in_proj_weight, &q_proj_weight, &k_proj_weight, &v_proj_weight}) {
    if (t->defined()) init::xavier_uniform_(*t);
  }
  if (o.bias) init::zeros_(out_proj.bias);
  for (const Tensor* t : {&bias_k, &bias_v}) {
    if (t->defined()) init::xavier_normal_(*t);
  }
}

MultiheadAttention::Projected MultiheadAttention::project(const Tensor& query, const Tensor& key,
                                                          const Tensor& value) const {
  const std::int64_t e = embed_dim;
  const auto bias = [&](std::int64_t first, std::int64_t parts) {
    return in_proj_bias.defined() ? in_proj_bias.slice(0, first * e, (first + parts) * e) : in_proj_bias;
  };
  if (!in_proj_weight.defined()) {
    return {linear(query, q_proj_weight, bias(0, 1)), linear(key, k_proj_weight, bias(1, 1)),
            linear(value, v_proj_weight, bias(2, 1))};
  }
  // One product for what is projected together.
  const auto some = [&](const Tensor& x, std::int64_t first, std::int64_t parts) {
    return chunk(linear(x, in_proj_weight.slice(0, first * e, (first + parts) * e), bias(first, parts)),
                 parts, -1);
  };
  if (key.is_same(value) && query.is_same(key)) {
    const Tensors all = some(query, 0, 3);
    return {all[0], all[1], all[2]};
  }
  if (key.is_same(value)) {
    const Tensors pair = some(key, 1, 2);
    return {some(query, 0, 1)[0], pair[0], pair[1]};
  }
  return {some(query, 0, 1)[0], some(key, 1, 1)[0], some(value, 2, 1)[0]};
}

// (L, N, E), (S, N, kdim) and (S, N, vdim).
AttentionResult MultiheadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                           const AttentionOptions& call) {
  const std::int64_t rows = query.size(0), batch = query.size(1), places = key.size(0);
  Projected p = project(query, key, value);
  const DType dtype = p.query.dtype();
  Tensor padding = added("key_padding_mask", call.key_padding_mask, dtype);
  Tensor mask = added("attn_mask", call.attn_mask, dtype);
  if (padding.defined()) check_shape("key_padding_mask", padding, {batch, places});
  if (mask.defined()) {
    check_shape("attn_mask", mask,
                mask.dim() == 2 ? Shape{rows, places} : Shape{batch * num_heads, rows, places});
  }
  // Attention leaves out what is behind by itself where it sees the places as they were given.
  const bool causal_within =
      call.is_causal && !call.need_weights && !bias_k.defined() && !options.add_zero_attn;
  if (call.is_causal && !causal_within) {
    const Tensor causal = mask_of_left_out(behind(rows, places), dtype);
    mask = mask.defined() ? add(mask, causal) : causal;
  }
  if (bias_k.defined()) {
    p.key = cat({p.key, bias_k.to(dtype).expand({1, batch, embed_dim})});
    p.value = cat({p.value, bias_v.to(dtype).expand({1, batch, embed_dim})});
    mask = with_place(mask);
    padding = with_place(padding);
  }
  if (options.add_zero_attn) {
    const Tensor none = zeros({1, batch, embed_dim}, dtype);
    p.key = cat({p.key, none});
    p.value = cat({p.value, none});
    mask = with_place(mask);
    padding = with_place(padding);
  }
  if (mask.defined() && mask.dim() == 3) mask = mask.reshape({batch, num_heads, rows, mask.size(-1)});
  if (padding.defined()) {
    padding = padding.unsqueeze(1).unsqueeze(1);
    mask = mask.defined() ? add(mask, padding) : padding;
  }
  const Tensor q = in_heads(p.query, num_heads), k = in_heads(p.key, num_heads),
               v = in_heads(p.value, num_heads);
  const double drop = is_training() ? options.dropout : 0;
  AttentionResult out;
  Tensor heads;
  if (call.need_weights) {
    const double scale = 1 / std::sqrt(static_cast<double>(embed_dim / num_heads));
    Tensor scores = matmul(mul(q, scale), k.transpose(-2, -1));
    if (mask.defined()) scores = add(scores, mask);
    out.weights = dropout(softmax(scores, -1), drop, drop > 0);
    heads = matmul(out.weights, v);
    if (call.average_attn_weights) out.weights = mean(out.weights, {1});
  } else {
    heads = scaled_dot_product_attention(q, k, v, mask, drop, causal_within);
  }
  out.output = out_proj(heads.permute({2, 0, 1, 3}).reshape({rows, batch, embed_dim}));
  return out;
}

AttentionResult MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const AttentionOptions& call) {
  const int rank = query.dim();
  if ((rank != 2 && rank != 3) || key.dim() != rank || value.dim() != rank) {
    fail<ShapeError>(name, "query {}, key {} and value {} must all have 2 or 3 dimensions", query.sizes(),
                     key.sizes(), value.sizes());
  }
  // The same tensors stay the same.
  const auto each = [&](auto f) {
    const Tensor q = f(query), k = key.is_same(query) ? q : f(key),
                 v = value.is_same(key)     ? k
                     : value.is_same(query) ? q
                                            : f(value);
    return Projected{q, k, v};
  };
  const bool turn = rank == 3 && options.batch_first;
  const Projected x = each([&](const Tensor& t) {
    return rank == 2 ? t.unsqueeze(1) : turn ? t.transpose(0, 1) : t;
  });
  if (x.query.size(2) != embed_dim || x.key.size(0) != x.value.size(0) || x.key.size(1) != x.query.size(1) ||
      x.value.size(1) != x.query.size(1)) {
    fail<ShapeError>(name, "query {}, key {} and value {} do not fit each other and a width of {}",
                     query.sizes(), key.sizes(), value.sizes(), embed_dim);
  }
  AttentionOptions masks = call;
  if (rank == 2 && masks.key_padding_mask.defined() && masks.key_padding_mask.dim() == 1) {
    masks.key_padding_mask = masks.key_padding_mask.unsqueeze(0);
  }
  AttentionResult out = attend(x.query, x.key, x.value, masks);
  if (rank == 2) {
    out.output = out.output.squeeze(1);
    if (out.weights.defined()) out.weights = out.weights.squeeze(0);
  } else if (turn) {
    out.output = out.output.transpose(0, 1);
  }
  return out;
}

Tensor MultiheadAttention::forward_all(const Tensors& inputs) {
  return inputs.size() == 3 ? forward(inputs[0], inputs[1], inputs[2]).output : Module::forward_all(inputs);
}

PositionalEncoding::PositionalEncoding(std::int64_t width, double dropout, std::int64_t max_len, bool first,
                                       DType dtype)
    : p(dropout),
      batch_first(first),
      pe(buffer("pe", wick::positional_encoding(max_len, width, dtype).unsqueeze(1))) {
  if (!(p >= 0 && p <= 1)) fail("positional_encoding", "p must be from 0 to 1, {} was given", p);
}

Tensor PositionalEncoding::forward(const Tensor& x) {
  if (x.dim() < 2 || x.size(-1) != pe.size(2)) {
    fail<ShapeError>("positional_encoding", "an input of shape {} does not have width {}", x.sizes(),
                     pe.size(2));
  }
  const bool first = batch_first && x.dim() == 3;
  const std::int64_t length = x.size(first ? 1 : 0);
  if (length > pe.size(0)) {
    fail<ShapeError>("positional_encoding", "{} positions are more than the {} there are", length,
                     pe.size(0));
  }
  const Tensor table = pe.slice(0, 0, length);
  const Tensor places = x.dim() == 2 ? table.squeeze(1) : first ? table.transpose(0, 1) : table;
  return dropout(add(x, places), p, is_training());
}

}  // namespace wick::nn
