// Tables of vectors, and windows of images as columns.

#include "tclext/commands/layers.h"
#include "wick/nn/embedding.h"
#include "wick/nn/fold.h"

namespace commands {
namespace {

using Size = optional<std::int64_t>;
using Pair = std::array<std::int64_t, 2>;

constexpr const char* no_row = "a row that is all zeros and gets no gradient; negative for none";

wick::EmbeddingOptions padded(std::int64_t padding) {
  wick::EmbeddingOptions options;
  if (padding >= 0) options.padding_idx = padding;
  return options;
}

// The rows of a table that is drawn for this call alone.
Tensor rows_of_drawn(const Tensor& x, std::int64_t num, std::int64_t width, std::int64_t padding) {
  // Existing scripts expect a row beyond the table to be no mistake.
  wick::nn::Embedding table(num, width, padded(padding < num ? padding : -1));
  table.requires_grad_(false);
  return table.forward(x);
}

Command embedding() {
  return {
      .name = "embedding",
      .aliases = {"Embedding"},
      .summary = "The rows of a table that indices name, or the layer that keeps such a table.",
      .details =
          "Given numbers of rows and columns the command makes the layer, with a table of standard normal "
          "numbers that is trained. Given indices and a table it gives the table's rows. Given indices and "
          "numbers of rows and columns it draws a table for this call alone, which is not kept, so that the "
          "result has no gradient.",
      .params = {{"input", omittable, "indices, Int64 or Int32, of any shape"},
                 {"num_embeddings", omittable, "rows of the table", at_least(1)},
                 {"embedding_dim", omittable, "columns of the table", at_least(1)},
                 {"padding_idx", std::int64_t{-1}, no_row},
                 {"weight", omittable, "the table"}},
      .positional = {"num_embeddings embedding_dim ?padding_idx?", "input weight ?padding_idx?",
                     "input num_embeddings embedding_dim ?padding_idx?"},
      .returns = "the indices' shape followed by the number of columns, or a layer",
      .call = bind([](const optional<Tensor>& x, Size num, Size width, std::int64_t padding,
                      const optional<Tensor>& weight) -> TensorOrModule {
        if (weight) {
          refuse_beside(num || width, num ? "num_embeddings" : "embedding_dim", "a table that is given");
          return wick::embedding(needed(x, "input"), *weight, padded(padding));
        }
        needed(num, "num_embeddings");
        needed(width, "embedding_dim");
        if (x) return rows_of_drawn(*x, *num, *width, padding);
        return make_layer<wick::nn::Embedding>(*num, *width, padded(padding));
      })};
}

Command sparse_embedding() {
  return {.name = "sparse_embedding",
          .summary = "The rows that indices name of a table of standard normal numbers, drawn for this call.",
          .details =
              "The same as embedding with these words; what would be sparse is the table's gradient, "
              "and the table is not kept.",
          .params = {{"input", required, "indices, Int64 or Int32, of any shape"},
                     {"num_embeddings", required, "rows of the table", at_least(1)},
                     {"embedding_dim", required, "columns of the table", at_least(1)},
                     {"padding_idx", std::int64_t{-1}, "a row that is all zeros, negative for none"}},
          .positional = {"input num_embeddings embedding_dim padding_idx"},
          .returns = "the indices' shape followed by the number of columns",
          .call = bind([](const Tensor& x, std::int64_t num, std::int64_t width, std::int64_t padding) {
            return rows_of_drawn(x, num, width, padding);
          })};
}

Command embedding_bag() {
  return {
      .name = "embedding_bag",
      .summary =
          "The rows of a table that indices name, those of each bag summed, averaged, or their maxima.",
      .details =
          "A bag reaches from its offset to the next one, the last to the end of the indices. An "
          "empty one gives zeros.",
      .params = {{"input", required, "indices, one-dimensional, Int64 or Int32"},
                 {"weight", required, "the table"},
                 {"offsets", required, "where each bag begins, the first at 0"},
                 {"mode", std::int64_t{0}, "0 for the sum, 1 for the mean, 2 for the maximum", between(0, 2)},
                 {"per_sample_weights", "none", "a factor for each index, of sums alone, or none"}},
      .positional = {"input weight offsets mode ?per_sample_weights?"},
      .returns = "a row for each bag",
      .call = bind([](const Tensor& x, const Tensor& weight, const Tensor& offsets, std::int64_t mode,
                      const binding::TensorOrNone& factors) {
        constexpr wick::Bag modes[] = {wick::Bag::Sum, wick::Bag::Mean, wick::Bag::Max};
        wick::EmbeddingBagOptions options;
        options.mode = modes[mode];
        return wick::embedding_bag(x, weight, offsets, options, factors);
      })};
}

// All slices of a length along a dimension.
Tensor slices(const Tensor& x, std::int64_t dimension, std::int64_t size, std::int64_t step) {
  // A 0-d tensor counts as a row of one.
  if (x.dim() == 0) return slices(x.unsqueeze(0), dimension, size, step).squeeze(0);
  const int d = wick::wrap_dim(dimension, x.dim());
  const std::int64_t whole = x.sizes()[d];
  if (size > whole) {
    wick::fail<wick::ShapeError>("unfold", "maximum size for tensor at dimension {} is {}, but size is {}",
                                 dimension, whole, size);
  }
  // More steps than places are one.
  const std::int64_t count = (whole - size) / step + 1;
  const Tensor starts =
      wick::mul(wick::arange(count, wick::int64), Scalar(count > 1 ? step : std::int64_t{1}));
  const Tensor places = wick::add(starts.unsqueeze(1), wick::arange(size, wick::int64));
  Shape shape = x.sizes();
  shape[d] = count;
  shape.insert(d + 1, size);
  return wick::movedim(x.index_select(d, places.reshape({count * size})).reshape(shape), d + 1, -1);
}

std::vector<Command> of_windows() {
  return {
      Command{.name = "unfold",
              .summary = "All slices of a length along one dimension.",
              .details = "torch.Tensor.unfold, not torch.nn.functional.unfold, but a copy.",
              .params = {{"input", required, "the tensor, of any dtype"},
                         {"dimension", required, "the dimension, negative counts from the end"},
                         {"size", required, "the length of a slice", at_least(1)},
                         {"step", required, "from a slice to the next", at_least(1)}},
              .positional = {"input dimension size step"},
              .returns = "the slices along that dimension, their elements as a last one",
              .call = bind([](const Tensor& x, std::int64_t dimension, std::int64_t size, std::int64_t step) {
                return slices(x, dimension, size, step);
              })},
      Command{.name = "fold",
              .aliases = {"Fold"},
              .summary = "The sum of windows, given as columns, each at its place in an image.",
              .params = {{"input", required, "columns, (N, C * height * width of a window, L) or without N"},
                         {"output_size outputSize", required, "height and width of the image", at_least(1)},
                         {"kernel_size kernelSize", required, "height and width of a window", at_least(1)},
                         {"dilation", "1 1", "distance between the elements of a window", at_least(1)},
                         {"padding", "0 0", "zeros around the image", at_least(0)},
                         {"stride", "1 1", "from a window to the next", at_least(1)}},
              .positional = {"input output_size kernel_size ?dilation? ?padding? ?stride?"},
              .returns = "an image, (N, C, height, width) or without N",
              .call = bind([](const Tensor& x, const Pair& out, const Pair& kernel, const Pair& dilation,
                              const Pair& padding, const Pair& stride) {
                return wick::fold(
                    x, dims_of(out), dims_of(kernel),
                    {.dilation = dims_of(dilation), .padding = dims_of(padding), .stride = dims_of(stride)});
              })},
  };
}

}  // namespace

std::vector<Command> embedding_commands() {
  return joined({{embedding(), embedding_bag(), sparse_embedding()}, of_windows()});
}

}  // namespace commands
