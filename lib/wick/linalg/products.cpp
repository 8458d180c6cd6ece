#include "wick/linalg/products.h"

#include <algorithm>
#include <atomic>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/linalg/gemm.h"
#include "wick/linalg/matrices.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// Whether the last two dimensions of x are stored so, whatever lies in front of them.
bool suits(const Tensor& x, bool columns) {
  const int r = x.dim() - 2;
  const std::int64_t dense = x.strides()[columns ? r : r + 1], other = x.strides()[columns ? r + 1 : r];
  const std::int64_t dense_size = x.sizes()[columns ? r : r + 1], other_size = x.sizes()[columns ? r + 1 : r];
  return (dense == 1 || dense_size == 1) &&
         (other >= std::max<std::int64_t>(dense_size, 1) || other_size == 1);
}

Tensor suitable(const Tensor& x) { return suits(x, false) || suits(x, true) ? x : x.contiguous(); }

// Over the leading dimensions only.
struct Batch {
  Shape shape;
  std::int64_t count = 1;

  // Byte offset of matrix `index` of a tensor whose leading dimensions broadcast to the shape.
  std::int64_t offset(const Tensor& x, std::int64_t index) const {
    std::int64_t total = 0;
    for (int d = shape.size() - 1, own = x.dim() - 3; d >= 0; --d, --own) {
      const std::int64_t i = index % shape[d];
      index /= shape[d];
      if (own >= 0 && x.sizes()[own] != 1) total += i * x.strides()[own];
    }
    return total * x.itemsize();
  }
};

// c = a b for every matrix of the batch; c is contiguous, all of one dtype that has a kernel.
void multiply(const Tensor& c, const Tensor& a, const Tensor& b, const Batch& batch,
              kernels::GemmFunction gemm) {
  const Tensor x = suitable(a), y = suitable(b);
  const std::int64_t m = x.size(-2), k = x.size(-1), n = y.size(-1);
  const std::int64_t itemsize = c.itemsize();
  const bool a_columns = !suits(x, false), b_columns = !suits(y, false);
  const auto leading_of = [](const Tensor& t, bool columns) {
    const int r = t.dim() - 2;
    const std::int64_t stride = t.strides()[columns ? r + 1 : r];
    return std::max<std::int64_t>(stride, t.sizes()[columns ? r : r + 1]);
  };
  const std::int64_t lda = leading_of(x, a_columns), ldb = leading_of(y, b_columns);
  std::atomic<bool> failed = false;

  // Pieces of one product are rows, or columns where there are more of them.
  const bool by_rows = m >= n;
  const auto piece = [&](std::int64_t index, std::int64_t begin, std::int64_t end) {
    kernels::Gemm g{.m = by_rows ? end - begin : m,
                    .n = by_rows ? n : end - begin,
                    .k = k,
                    .a = x.raw_data() + batch.offset(x, index),
                    .b = y.raw_data() + batch.offset(y, index),
                    .c = c.raw_data() + index * m * n * itemsize,
                    .a_row = a_columns ? 1 : lda,
                    .a_column = a_columns ? lda : 1,
                    .b_row = b_columns ? 1 : ldb,
                    .b_column = b_columns ? ldb : 1,
                    .c_row = n,
                    .c_column = 1};
    const auto shift = [itemsize](const void* p, std::int64_t elements) {
      return static_cast<const char*>(p) + elements * itemsize;
    };
    if (by_rows) {
      g.a = shift(g.a, begin * (a_columns ? 1 : lda));
      g.c = static_cast<char*>(g.c) + begin * n * itemsize;
    } else {
      g.b = shift(g.b, begin * (b_columns ? ldb : 1));
      g.c = static_cast<char*>(g.c) + begin * itemsize;
    }
    if (!gemm(g)) failed = true;
  };
  const std::int64_t work = std::max<std::int64_t>(m * n * k / 16, 1);
  if (batch.count >= 2 * num_threads()) {
    parallel_for(batch.count, std::max<std::int64_t>(parallel::grain / work, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) piece(i, 0, by_rows ? m : n);
                 });
  } else {
    const std::int64_t length = by_rows ? m : n;
    const std::int64_t least =
        std::max<std::int64_t>(parallel::grain / std::max<std::int64_t>(work / length, 1), 16);
    for (std::int64_t i = 0; i < batch.count; ++i) {
      parallel_for(length, least, [&](std::int64_t begin, std::int64_t end) { piece(i, begin, end); });
    }
  }
  if (failed) throw MemoryError("not enough memory for a matrix product");
}

Tensor product(const Tensor& a, const Tensor& b, const Batch& batch);

// From the products of real and imaginary parts.
Tensor complex_product(const Tensor& a, const Tensor& b, const Batch& batch) {
  const Tensor ar = real(a), ai = imag(a), br = real(b), bi = imag(b);
  const Tensor re = sub(product(ar, br, batch), product(ai, bi, batch));
  const Tensor im = add(product(ar, bi, batch), product(ai, br, batch));
  const Tensor out = empty(re.sizes(), a.dtype());
  copy_into(real(out), re);
  copy_into(imag(out), im);
  return out;
}

// Unrecorded product over the last two dimensions, the others broadcast to batch.shape.
Tensor product(const Tensor& a, const Tensor& b, const Batch& batch) {
  const DType dtype = a.dtype();
  if (is_complex(dtype)) return complex_product(a, b, batch);
  if (dtype == float16 || dtype == bfloat16) {
    return product(a.to(float32), b.to(float32), batch).to(dtype);
  }
  const auto gemm = kernels::table().gemm[index_of(dtype)];
  if (!gemm) throw DTypeError("matmul is not defined for " + std::string(name(dtype)));
  Shape shape = batch.shape;
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-1));
  if (a.size(-1) == 0) return zeros(shape, dtype);
  const Tensor out = empty(shape, dtype);
  if (out.numel() > 0) multiply(out, a, b, batch, gemm);
  return out;
}

// Both have two dimensions or more.
Tensor matrix_product(const Tensor& a, const Tensor& b) {
  if (a.size(-1) != b.size(-2)) {
    throw ShapeError("matmul: shapes " + to_string(a.sizes()) + " and " + to_string(b.sizes()) +
                     " cannot be multiplied, " + std::to_string(a.size(-1)) + " columns meet " +
                     std::to_string(b.size(-2)) + " rows");
  }
  Batch batch;
  batch.shape = broadcast_shapes(leading(a), leading(b));
  batch.count = numel(batch.shape);
  Tensor out;
  {
    const NoGrad no_grad;
    out = product(a, b, batch);
  }
  return record(
      "matmul", out,
      wrt(a, saving(b), [](const Tensor& g, const Tensor& y) { return matrix_product(g, adjoint(y)); }),
      wrt(b, saving(a), [](const Tensor& g, const Tensor& x) { return matrix_product(adjoint(x), g); }));
}

}  // namespace

void gemm(const char* operation, DType dtype, const kernels::Gemm& arguments) {
  const auto function = kernels::table().gemm[index_of(dtype)];
  if (!function) fail<DTypeError>(operation, "not defined for {}", dtype);
  if (!function(arguments)) fail<MemoryError>(operation, "out of memory");
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_same_dtype("matmul", a.dtype(), b.dtype());
  if (a.dim() == 0 || b.dim() == 0) {
    throw ShapeError("matmul: both operands must have a dimension at least, shapes " + to_string(a.sizes()) +
                     " and " + to_string(b.sizes()) + " were given");
  }
  if (a.dim() == 1) {
    const Tensor out = matmul(a.unsqueeze(0), b.dim() == 1 ? b.unsqueeze(1) : b);
    return b.dim() == 1 ? out.reshape({}) : out.squeeze(-2);
  }
  if (b.dim() == 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  if (a.dim() > 2 && b.dim() == 2) {
    // One product of all rows.
    Shape shape = a.sizes();
    shape[a.dim() - 1] = b.size(1);
    const std::int64_t rows =
        a.size(-1) == 0 ? numel(shape) / std::max<std::int64_t>(b.size(1), 1) : a.numel() / a.size(-1);
    return matrix_product(a.reshape({rows, a.size(-1)}), b).reshape(shape);
  }
  return matrix_product(a, b);
}

Tensor bmm(const Tensor& a, const Tensor& b) {
  if (a.dim() != 3 || b.dim() != 3 || a.size(0) != b.size(0)) {
    throw ShapeError("bmm: two batches of as many matrices are needed, shapes " + to_string(a.sizes()) +
                     " and " + to_string(b.sizes()) + " were given");
  }
  return matmul(a, b);
}

namespace {

void check_vectors(const char* operation, const Tensor& a, const Tensor& b) {
  if (a.dim() == 1 && b.dim() == 1) return;
  throw ShapeError(std::string(operation) + ": 1D tensors expected, shapes " + to_string(a.sizes()) +
                   " and " + to_string(b.sizes()) + " were given");
}

int vector_dim(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim) {
  const Shape shape = broadcast_shapes(a.sizes(), b.sizes());
  if (dim) {
    const int d = wrap_dim(*dim, a.dim());
    if (a.dim() > 0 && a.sizes()[d] == 3 && b.sizes()[d] == 3) return d;
    throw ShapeError("cross: dimension " + std::to_string(*dim) + " must have length 3, shapes " +
                     to_string(a.sizes()) + " and " + to_string(b.sizes()) + " were given");
  }
  for (int d = 0; d < shape.size(); ++d) {
    if (a.sizes()[d] == 3 && b.sizes()[d] == 3) return d;
  }
  throw ShapeError("cross: there is no dimension of size 3 in both shapes " + to_string(a.sizes()) + " and " +
                   to_string(b.sizes()));
}

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b) {
  check_vectors("dot", a, b);
  check_same_dtype("dot", a.dtype(), b.dtype());
  if (a.numel() != b.numel()) {
    throw ShapeError("dot: inconsistent tensor size, " + std::to_string(a.numel()) + " and " +
                     std::to_string(b.numel()) + " elements were given");
  }
  return matmul(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_vectors("outer", a, b);
  return mul(a.unsqueeze(1), b);
}

Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim) {
  check_same_dtype("cross", a.dtype(), b.dtype());
  if (a.dim() != b.dim()) {
    throw ShapeError("cross: both tensors must have the same number of dimensions, shapes " +
                     to_string(a.sizes()) + " and " + to_string(b.sizes()) + " were given");
  }
  if (a.dtype() == boolean) throw DTypeError("cross is not defined for bool");
  const int d = vector_dim(a, b, dim);
  const Tensor next = tensor({1, 2, 0}, int64), last = tensor({2, 0, 1}, int64);
  return sub(mul(index_select(a, d, next), index_select(b, d, last)),
             mul(index_select(a, d, last), index_select(b, d, next)));
}

}  // namespace wick
