#pragma once

#include <optional>

#include "wick/nn/module.h"

// Tables of vectors. Indices are int64 or int32 (DTypeError); IndexError for one that is no row of the table.

namespace WICK_API wick {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx =
      std::nullopt;  // a row that gets no gradient; may be counted from the end
  // Rows that are used and whose norm_type-norm is larger are scaled down to it first, in place.
  std::optional<double> max_norm = std::nullopt;
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // the gradient of a row is divided by how often it is used
};

// The rows of weight (num, dim) at `indices`, of any shape s: (s..., dim). Differentiable with respect to the
// table, twice.
Tensor embedding(const Tensor& indices, const Tensor& weight, const EmbeddingOptions& options = {});

enum class Bag { Sum, Mean, Max };

struct EmbeddingBagOptions {
  Bag mode = Bag::Mean;
  std::optional<std::int64_t> padding_idx = std::nullopt;  // rows that do not count
  std::optional<double> max_norm = std::nullopt;
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool include_last_offset = false;  // the last offset is the end of the last bag, not the start of one more
};

// The rows of each bag summed, averaged, or their largest elements: (bags, dim), zeros of empty bags. Indices
// (bags, n) are bags of n each; indices (n) bags that begin at the offsets, the first of which is 0 and none
// smaller than the one before. With per_sample_weights, of the indices' shape and the table's dtype, a sum is
// of the rows times these. Error for weights with another mode. Differentiable, twice, with respect to table
// and weights.
Tensor embedding_bag(const Tensor& indices, const Tensor& weight, const Tensor& offsets = {},
                     const EmbeddingBagOptions& options = {}, const Tensor& per_sample_weights = {});

namespace nn {

// weight (num_embeddings, embedding_dim), standard normal; the row padding_idx is 0.
class Embedding : public Module {
 public:
  Embedding(std::int64_t num, std::int64_t dim, const EmbeddingOptions& options = {}, DType dtype = float32);
  Tensor forward(const Tensor& indices) override { return embedding(indices, weight, options); }
  const char* kind() const override { return "embedding"; }

  std::int64_t num_embeddings, embedding_dim;
  EmbeddingOptions options;
  Tensor& weight;
};

class EmbeddingBag : public Module {
 public:
  EmbeddingBag(std::int64_t num, std::int64_t dim, const EmbeddingBagOptions& options = {},
               DType dtype = float32);
  Tensor forward(const Tensor& indices) override { return embedding_bag(indices, weight, {}, options); }
  Tensor forward(const Tensor& indices, const Tensor& offsets, const Tensor& per_sample_weights = {}) {
    return embedding_bag(indices, weight, offsets, options, per_sample_weights);
  }
  const char* kind() const override { return "embeddingbag"; }

  std::int64_t num_embeddings, embedding_dim;
  EmbeddingBagOptions options;
  Tensor& weight;
};

}  // namespace nn
}  // namespace wick
