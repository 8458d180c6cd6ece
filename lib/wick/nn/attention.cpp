#include "wick/nn/attention.h"

#include <algorithm>
#include <cmath>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/linalg/gemm.h"
#include "wick/linalg/products.h"
#include "wick/nn/masks.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/masked.h"
#include "wick/ops/random.h"
#include "wick/ops/views.h"

// Fused attention goes head by head and, within a head, by blocks of rows of the query, so that the scores of
// a block stay in the cache: product, mask, softmax, product. The backward pass computes the scores again.

namespace wick {
namespace {

constexpr const char* name = "scaled_dot_product_attention";

struct Attention {
  double scale;
  bool causal;
};

Shape leading(const Tensor& t) {
  Shape shape = t.sizes();
  shape.erase(shape.size() - 1);
  shape.erase(shape.size() - 1);
  return shape;
}

Tensor with_leading(const Tensor& t, const Shape& batch) {
  Shape shape = batch;
  shape.push_back(t.size(-2));
  shape.push_back(t.size(-1));
  return t.expand(shape);
}

// Query, key, value and, where there is one, the mask, all with the same leading dimensions and without
// history; the mask to be added, in their dtype.
struct Operands {
  Shape batch;
  std::int64_t heads, rows, keys, width, value_width;
  Tensor query, key, value, mask;

  Operands(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& m) {
    batch = broadcast_shapes(broadcast_shapes(leading(q), leading(k)), leading(v));
    rows = q.size(-2);
    keys = k.size(-2);
    width = q.size(-1);
    value_width = v.size(-1);
    if (m.defined()) {
      // Fewer than two dimensions are broadcast as well.
      Shape scores = batch;
      scores.push_back(rows);
      scores.push_back(keys);
      const Shape all = broadcast_shapes(scores, m.sizes());
      batch = all;
      batch.erase(batch.size() - 1);
      batch.erase(batch.size() - 1);
      mask = m.detach().to(q.dtype()).expand(all);
    }
    heads = numel(batch);
    query = with_leading(q.detach(), batch);
    key = with_leading(k.detach(), batch);
    value = with_leading(v.detach(), batch);
  }

  // The address of a head's matrix.
  char* head(const Tensor& t, std::int64_t index) const {
    std::int64_t elements = 0;
    for (int d = batch.size() - 1; d >= 0; --d) {
      elements += index % batch[d] * t.strides()[d];
      index /= batch[d];
    }
    return t.raw_data() + elements * t.itemsize();
  }
};

// A matrix of any strides, in elements.
struct Matrix {
  char* data;
  std::int64_t rows, columns, row, column;

  Matrix turned() const { return {data, columns, rows, column, row}; }
};

// One head.
class Head {
 public:
  Head(const Operands& o, const Attention& a, std::int64_t index)
      : o_(o), a_(a), index_(index), dtype_(o.query.dtype()), itemsize_(o.query.itemsize()) {}

  // Rows begin to end of a tensor's matrix.
  Matrix rows_of(const Tensor& t, std::int64_t begin, std::int64_t end) const {
    const int d = t.dim() - 2;
    return {o_.head(t, index_) + begin * t.strides()[d] * itemsize_, end - begin, t.sizes()[d + 1],
            t.strides()[d], t.strides()[d + 1]};
  }
  Matrix buffer(char* data, std::int64_t rows, std::int64_t columns) const {
    return {data, rows, columns, columns, 1};
  }

  // Of the rows up to `end` these keys take part.
  std::int64_t keys(std::int64_t end) const { return a_.causal ? std::min(o_.keys, end) : o_.keys; }

  void product(const Matrix& a, const Matrix& b, const Matrix& c, double alpha, double beta) const {
    kernels::Gemm g{};
    g.m = c.rows;
    g.n = c.columns;
    g.k = a.columns;
    g.a = a.data;
    g.b = b.data;
    g.c = c.data;
    g.a_row = a.row;
    g.a_column = a.column;
    g.b_row = b.row;
    g.b_column = b.column;
    g.c_row = c.row;
    g.c_column = c.column;
    g.alpha = alpha;
    g.beta = beta;
    gemm(name, dtype_, g);
  }

  // The weights of rows begin to end, in that buffer.
  void weights(const Matrix& to, std::int64_t begin, std::int64_t end) const {
    product(rows_of(o_.query, begin, end), rows_of(o_.key, 0, to.columns).turned(), to, a_.scale, 0);
    if (o_.mask.defined()) add_mask(to, begin, end);
    if (a_.causal) cut(to, begin);
    softmax(kernels::Softmax::Value, to, to, to);
  }

  // Rows of `out` from those of a (and b).
  void softmax(kernels::Softmax op, const Matrix& out, const Matrix& a, const Matrix& b) const {
    kernels::Block block{};
    block.n = out.columns;
    block.rows = out.rows;
    const Matrix* operands[] = {&out, &a, &b};
    for (int i = 0; i < 3; ++i) {
      block.data[i] = operands[i]->data;
      block.step[i] = itemsize_;
      block.row_step[i] = operands[i]->row * itemsize_;
    }
    kernels::table().softmax[op][index_of(dtype_)].rows(block, nullptr);
  }

 private:
  void add_mask(const Matrix& to, std::int64_t begin, std::int64_t end) const {
    const Matrix mask = rows_of(o_.mask, begin, end);
    kernels::Block block{};
    block.n = to.columns;
    block.rows = to.rows;
    for (int i = 0; i < 2; ++i) {
      block.data[i] = to.data;
      block.step[i] = itemsize_;
      block.row_step[i] = to.row * itemsize_;
    }
    block.data[2] = mask.data;
    block.step[2] = mask.column * itemsize_;
    block.row_step[2] = mask.row * itemsize_;
    kernels::table().binary[kernels::Binary::Add][index_of(dtype_)](block, nullptr);
  }

  // Minus infinity behind the diagonal.
  void cut(const Matrix& to, std::int64_t begin) const {
    dispatch(dtype_, [&]<class T>(TypeTag<T>) {
      if constexpr (std::is_floating_point_v<T>) {
        for (std::int64_t i = 0; i < to.rows; ++i) {
          T* row = reinterpret_cast<T*>(to.data) + i * to.row;
          for (std::int64_t j = begin + i + 1; j < to.columns; ++j) row[j] = -static_cast<T>(HUGE_VAL);
        }
      }
    });
  }

  const Operands& o_;
  const Attention& a_;
  std::int64_t index_;
  DType dtype_;
  std::int64_t itemsize_;
};

// Rows of a block: their scores are some hundred kilobytes at most.
std::int64_t block_rows(std::int64_t keys) {
  return std::clamp<std::int64_t>(32768 / std::max<std::int64_t>(keys, 1), 16, 128);
}

// Calls f(head, buffers, begin, end) for the blocks of every head. The heads are shared out among threads.
template <class F>
void each_block(const Operands& o, const Attention& a, int buffers, F f) {
  const std::int64_t rows = std::min(block_rows(o.keys), o.rows), size = rows * o.keys;
  const std::int64_t work = std::max<std::int64_t>(o.rows * o.keys * (o.width + o.value_width + 64) / 16, 1);
  parallel_for(o.heads, std::max<std::int64_t>(parallel::grain / work, 1),
               [&](std::int64_t first, std::int64_t last) {
                 const Tensor memory = empty({buffers, size}, o.query.dtype());
                 const std::int64_t bytes = size * memory.itemsize();
                 for (std::int64_t i = first; i < last; ++i) {
                   check_interrupt({i, o.heads});
                   const Head head(o, a, i);
                   for (std::int64_t begin = 0; begin < o.rows; begin += rows) {
                     f(head, memory.raw_data(), bytes, begin, std::min(begin + rows, o.rows));
                   }
                 }
               });
}

// The result in the memory order of the query, which is often that of a transposed projection.
Tensor empty_result(const Operands& o) {
  if (o.width == o.value_width) return empty_for({&o.query}, o.query.dtype());
  Shape shape = o.batch;
  shape.push_back(o.rows);
  shape.push_back(o.value_width);
  return empty(shape, o.query.dtype());
}

Tensor attend(const Operands& o, const Attention& a) {
  const Tensor out = empty_result(o);
  if (out.numel() == 0) return out;
  if (o.keys == 0) {
    out.fill_(0);
    return out;
  }
  each_block(
      o, a, 1, [&](const Head& head, char* memory, std::int64_t, std::int64_t begin, std::int64_t end) {
        const Matrix weights = head.buffer(memory, end - begin, head.keys(end));
        head.weights(weights, begin, end);
        head.product(weights, head.rows_of(o.value, 0, weights.columns), head.rows_of(out, begin, end), 1, 0);
      });
  return out;
}

// Of query, key and value; that of the mask is left to the twin.
Tensors attention_gradients(const Tensor& gradient, const Tensors& tensors, const Attention& a) {
  const Operands o(tensors[0], tensors[1], tensors[2], tensors[3]);
  const DType dtype = o.query.dtype();
  const Tensor g = gradient.detach().to(dtype).contiguous();  // not one number, repeated
  Tensors out(4);
  Shape shape = o.batch;
  shape.push_back(0);
  shape.push_back(0);
  const auto made = [&](std::size_t i, std::int64_t rows, std::int64_t columns) {
    if (!autograd::wants_gradient(tensors[i])) return;
    shape[shape.size() - 2] = rows;
    shape[shape.size() - 1] = columns;
    out[i] = zeros(shape, dtype);
  };
  made(0, o.rows, o.width);
  made(1, o.keys, o.width);
  made(2, o.keys, o.value_width);
  if (g.numel() == 0 || o.keys == 0) return out;
  each_block(
      o, a, 2, [&](const Head& head, char* memory, std::int64_t bytes, std::int64_t begin, std::int64_t end) {
        const Matrix weights = head.buffer(memory, end - begin, head.keys(end));
        const Matrix scores = head.buffer(memory + bytes, end - begin, weights.columns);
        const Matrix dy = head.rows_of(g, begin, end);
        const std::int64_t keys = weights.columns;
        head.weights(weights, begin, end);
        if (out[2].defined()) {
          head.product(weights.turned(), dy, head.rows_of(out[2], 0, keys), 1, 1);
        }
        if (!out[0].defined() && !out[1].defined()) return;
        head.product(dy, head.rows_of(o.value, 0, keys).turned(), scores, 1, 0);
        head.softmax(kernels::Softmax::Gradient, scores, scores, weights);
        if (out[0].defined()) {
          head.product(scores, head.rows_of(o.key, 0, keys), head.rows_of(out[0], begin, end), a.scale, 0);
        }
        if (out[1].defined()) {
          head.product(scores.turned(), head.rows_of(o.query, begin, end), head.rows_of(out[1], 0, keys),
                       a.scale, 1);
        }
      });
  return out;
}

// The weights by operations; the mask is one to be added.
Tensor attention_weights(const Tensor& query, const Tensor& key, const Tensor& mask, const Attention& a) {
  Tensor scores = matmul(mul(query, a.scale), key.transpose(-2, -1));
  if (mask.defined()) scores = add(scores, mask);
  if (a.causal) scores = masked_fill(scores, behind(query.size(-2), key.size(-2)), -HUGE_VAL);
  return softmax(scores, -1);
}

Tensor attention_twin(const Tensors& in, const Attention& a) {
  return matmul(attention_weights(in[0], in[1], in[3], a), in[2]);
}

// A mask as one to be added; of bool it says where to be.
Tensor added(const Tensor& mask, DType dtype) {
  if (!mask.defined()) return mask;
  return mask.dtype() == boolean ? mask_of_left_out(logical_not(mask), dtype) : mask.to(dtype);
}

void check_operands(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                    double dropout) {
  for (const Tensor* t : {&query, &key, &value}) {
    if (t->dim() < 2) fail<ShapeError>(name, "matrices are needed, not shape {}", t->sizes());
    if (!is_floating(t->dtype()))
      fail<DTypeError>(name, "query, key and value must be floating point, {} was given", t->dtype());
    check_same_dtype(name, query.dtype(), t->dtype());
  }
  if (query.size(-1) != key.size(-1) || key.size(-2) != value.size(-2)) {
    fail<ShapeError>(name, "query {}, key {} and value {} do not fit", query.sizes(), key.sizes(),
                     value.sizes());
  }
  if (mask.defined() && mask.dtype() != boolean && !is_floating(mask.dtype())) {
    fail<DTypeError>(name, "a mask is bool or floating point, not {}", mask.dtype());
  }
  if (mask.defined()) {
    Shape scores = leading(query);
    scores.push_back(query.size(-2));
    scores.push_back(key.size(-2));
    const Shape all = broadcast_shapes(scores, mask.sizes());
    if (all[all.size() - 2] != query.size(-2) || all.back() != key.size(-2)) {
      fail<ShapeError>(name, "a mask of shape {} does not fit scores of shape {}", mask.sizes(), scores);
    }
  }
  if (!(dropout >= 0 && dropout <= 1)) {
    fail(name, "the dropout must be from 0 to 1, {} was given", dropout);
  }
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale) {
  if (autocast::lowers(query) || autocast::lowers(key) || autocast::lowers(value)) {
    return scaled_dot_product_attention(autocast::lowered(query), autocast::lowered(key),
                                        autocast::lowered(value), attn_mask, dropout_p, is_causal, scale);
  }
  check_operands(query, key, value, attn_mask, dropout_p);
  const DType dtype = is_half(query.dtype()) ? float32 : query.dtype();
  const Tensor q = query.to(dtype), k = key.to(dtype), v = value.to(dtype);
  const Tensor mask = added(attn_mask, dtype);
  const Attention a{scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1)))), is_causal};
  if (dropout_p > 0) {
    return matmul(dropout(attention_weights(q, k, mask, a), dropout_p), v).to(query.dtype());
  }
  Tensor out;
  {
    const NoGrad no_grad;
    out = attend(Operands(q, k, v, mask), a);
  }
  return record_fused(name, out, {q, k, v, mask}, a, attention_gradients, attention_twin).to(query.dtype());
}

Tensor generate_square_subsequent_mask(std::int64_t n, DType dtype) {
  return mask_of_left_out(behind(n, n), dtype);
}

Tensor positional_encoding(std::int64_t length, std::int64_t width, DType dtype) {
  constexpr const char* operation = "positional_encoding";
  if (length < 0 || width < 0 || width % 2 != 0) {
    fail<ShapeError>(operation, "{} positions of width {}: an even width is needed", length, width);
  }
  const Tensor out = empty({length, width}, float64);
  auto* at = out.data<double>();
  for (std::int64_t pos = 0; pos < length; ++pos) {
    for (std::int64_t i = 0; i < width; i += 2) {
      const double angle =
          static_cast<double>(pos) / std::pow(10000.0, static_cast<double>(i) / static_cast<double>(width));
      *at++ = std::sin(angle);
      *at++ = std::cos(angle);
    }
  }
  return out.to(dtype);
}

}  // namespace wick
