#include "wick/linalg/products.h"

#include <algorithm>
#include <atomic>

#include "wick/autograd/node.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/linalg/gemm.h"
#include "wick/linalg/matrices.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/rule.h"
#include "wick/ops/scan.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// Over the leading dimensions only.
struct Batch {
  Shape shape;
  std::int64_t count = 1;

  // Byte offset of matrix `index` of a tensor whose leading dimensions broadcast to the shape.
  std::int64_t offset(const Tensor& x, std::int64_t index) const {
    std::int64_t total = 0;
    for (int d = shape.size() - 1, own = x.dim() - 3; d >= 0; --d, --own) {
      const std::int64_t i = d == 0 ? index : index % shape[d];
      if (d > 0) index /= shape[d];
      if (own >= 0 && x.sizes()[own] != 1) total += i * x.strides()[own];
    }
    return total * x.itemsize();
  }
};

// Threads share out rows or columns in units of so many, so that the parts of a product take the same path
// through the kernel, and give the same numbers, as the whole.
constexpr std::int64_t unit = 48;

// The part [begin, end) of the rows or the columns of a product.
kernels::Gemm part_of(kernels::Gemm g, bool by_rows, std::int64_t begin, std::int64_t end,
                      std::int64_t itemsize, std::int64_t c_itemsize) {
  const auto shifted = [](const void* p, std::int64_t bytes) { return static_cast<const char*>(p) + bytes; };
  if (by_rows) {
    g.m = end - begin;
    g.a = shifted(g.a, begin * g.a_row * itemsize);
    g.c = static_cast<char*>(g.c) + begin * g.c_row * c_itemsize;
  } else {
    g.n = end - begin;
    g.b = shifted(g.b, begin * g.b_column * itemsize);
    g.c = static_cast<char*>(g.c) + begin * g.c_column * c_itemsize;
  }
  return g;
}

// One product, on several threads when it is large. False when memory ran out.
bool run_gemm(kernels::GemmFunction function, const kernels::Gemm& g, std::int64_t itemsize,
              std::int64_t c_itemsize) {
  const bool by_rows = g.m >= g.n;
  const std::int64_t length = by_rows ? g.m : g.n, width = by_rows ? g.n : g.m, units = length / unit;
  // An element of a product costs about a sixteenth of one of a sum.
  const std::int64_t unit_work = std::max<std::int64_t>(width * g.k * unit / 16, 1);
  if (units < 2 || units * unit_work < 2 * parallel::grain) return function(g);
  std::atomic<bool> failed = false;
  // Between stretches the interrupt handler is asked; each is long enough to make its copies worth while.
  const std::int64_t stretch =
      interruptible() ? std::max<std::int64_t>(512 * parallel::grain / unit_work, 4) * num_threads() : units;
  for (std::int64_t from = 0; from < units && !failed; from += stretch) {
    check_interrupt({from, units});
    const std::int64_t count = std::min(stretch, units - from);
    parallel_for(count, std::max<std::int64_t>(parallel::grain / unit_work, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   const std::int64_t last = from + end == units ? length : (from + end) * unit;
                   if (!function(part_of(g, by_rows, (from + begin) * unit, last, itemsize, c_itemsize)))
                     failed = true;
                 });
  }
  return !failed;
}

// c = a b for every matrix of the batch; c is contiguous.
bool multiply(const Tensor& c, const Tensor& a, const Tensor& b, const Batch& batch,
              kernels::GemmFunction gemm) {
  const int ra = a.dim() - 2, rb = b.dim() - 2;
  const kernels::Gemm first{.m = a.sizes()[ra],
                            .n = b.sizes()[rb + 1],
                            .k = a.sizes()[ra + 1],
                            .a = a.raw_data(),
                            .b = b.raw_data(),
                            .c = c.raw_data(),
                            .a_row = a.strides()[ra],
                            .a_column = a.strides()[ra + 1],
                            .b_row = b.strides()[rb],
                            .b_column = b.strides()[rb + 1],
                            .c_row = b.sizes()[rb + 1],
                            .c_column = 1};
  const std::int64_t itemsize = a.itemsize(), c_itemsize = c.itemsize();
  if (batch.count == 1) return run_gemm(gemm, first, itemsize, c_itemsize);
  std::atomic<bool> failed = false;
  const auto matrix = [&](std::int64_t i) {
    kernels::Gemm g = first;
    g.a = a.raw_data() + batch.offset(a, i);
    g.b = b.raw_data() + batch.offset(b, i);
    g.c = c.raw_data() + i * g.m * g.n * c_itemsize;
    return g;
  };
  if (batch.count >= 2 * num_threads()) {
    const std::int64_t work = std::max<std::int64_t>(first.m * first.n * first.k / 16, 1);
    parallel_for(batch.count, std::max<std::int64_t>(parallel::grain / work, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     if (!gemm(matrix(i))) failed = true;
                   }
                 });
  } else {
    for (std::int64_t i = 0; i < batch.count; ++i) {
      if (!run_gemm(gemm, matrix(i), itemsize, c_itemsize)) failed = true;
    }
  }
  return !failed;
}

kernels::GemmFunction checked_gemm(const char* operation, DType dtype) {
  const auto function = kernels::table().gemm[index_of(dtype)];
  if (!function) throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype)));
  return function;
}

// Unrecorded product over the last two dimensions, the others broadcast to batch.shape.
Tensor product(const Tensor& a, const Tensor& b, const Batch& batch) {
  const DType dtype = a.dtype();
  const auto gemm = checked_gemm("matmul", dtype);
  // A column times a row: nothing is summed.
  if (a.size(-1) == 1 && !is_complex(dtype)) return mul(a, b).contiguous();
  Shape shape = batch.shape;
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-1));
  const bool half = is_half(dtype);
  const Tensor out = empty(shape, half ? float32 : dtype);
  if (out.numel() > 0 && !multiply(out, a, b, batch, gemm)) fail<MemoryError>("matmul", "out of memory");
  return half ? out.to(dtype) : out;
}

// Both have two dimensions or more.
Tensor matrix_product(const Tensor& a, const Tensor& b) {
  if (a.size(-1) != b.size(-2)) {
    fail<ShapeError>("matmul", "shapes {} and {} cannot be multiplied, {} columns meet {} rows", a.sizes(),
                     b.sizes(), a.size(-1), b.size(-2));
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

// Of two vectors, 0-d.
Tensor scalar_product(const Tensor& a, const Tensor& b) {
  Tensor out;
  {
    const NoGrad no_grad;
    out = matrix_product(a.unsqueeze(0), b.unsqueeze(1)).reshape({});
  }
  const auto derivative = [](const Tensor& g, const Tensor& other) {
    return mul(g, is_complex(other.dtype()) ? conj(other) : other);
  };
  return record("matmul", out, wrt(a, saving(b), derivative), wrt(b, saving(a), derivative));
}

}  // namespace

void gemm(const char* operation, DType dtype, const kernels::Gemm& arguments) {
  const auto function = checked_gemm(operation, dtype);
  const std::int64_t itemsize = size_of(dtype);
  if (!run_gemm(function, arguments, itemsize, itemsize)) fail<MemoryError>(operation, "out of memory");
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (autocast::lowers(a) || autocast::lowers(b)) {
    return matmul(autocast::lowered(a), autocast::lowered(b));
  }
  check_same_dtype("matmul", a.dtype(), b.dtype());
  if (a.dim() == 0 || b.dim() == 0) {
    fail<ShapeError>("matmul", "both operands must have a dimension at least, shapes {} and {} were given",
                     a.sizes(), b.sizes());
  }
  if (a.dim() == 1 && b.dim() == 1) return scalar_product(a, b);
  if (a.dim() == 1) return matmul(a.unsqueeze(0), b).squeeze(-2);
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
    fail<ShapeError>("bmm", "two batches of as many matrices are needed, shapes {} and {} were given",
                     a.sizes(), b.sizes());
  }
  return matmul(a, b);
}

namespace {

void check_vectors(const char* operation, const Tensor& a, const Tensor& b) {
  if (a.dim() == 1 && b.dim() == 1) return;
  fail<ShapeError>(operation, "1D tensors expected, shapes {} and {} were given", a.sizes(), b.sizes());
}

int vector_dim(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim) {
  const Shape shape = broadcast_shapes(a.sizes(), b.sizes());
  if (dim) {
    const int d = wrap_dim(*dim, a.dim());
    if (a.dim() > 0 && a.sizes()[d] == 3 && b.sizes()[d] == 3) return d;
    fail<ShapeError>("cross", "dimension {} must have length 3, shapes {} and {} were given", *dim, a.sizes(),
                     b.sizes());
  }
  for (int d = 0; d < shape.size(); ++d) {
    if (a.sizes()[d] == 3 && b.sizes()[d] == 3) return d;
  }
  fail<ShapeError>("cross", "there is no dimension of size 3 in both shapes {} and {}", a.sizes(), b.sizes());
}

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b) {
  check_vectors("dot", a, b);
  check_same_dtype("dot", a.dtype(), b.dtype());
  if (a.numel() != b.numel()) {
    fail<ShapeError>("dot", "inconsistent tensor size, {} and {} elements were given", a.numel(), b.numel());
  }
  return scalar_product(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_vectors("outer", a, b);
  return mul(a.unsqueeze(1), b);
}

Tensor mm(const Tensor& a, const Tensor& b) {
  if (a.dim() != 2 || b.dim() != 2)
    fail<ShapeError>("mm", "both operands must be matrices, shapes {} and {} were given", a.sizes(),
                     b.sizes());
  return matmul(a, b);
}

Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  if (autocast::lowers(a) || autocast::lowers(b)) {
    return addmm(autocast::lowered(input), autocast::lowered(a), autocast::lowered(b), beta, alpha);
  }
  check_same_dtype("addmm", input.dtype(), a.dtype());
  const Scalar of_input = factor_for("addmm", "beta", beta, input.dtype());
  const Scalar of_product = factor_for("addmm", "alpha", alpha, input.dtype());
  const Tensor product = mm(a, b);
  input.expand(product.sizes());  // a ShapeError where it does not fit
  if (of_input.to_complex() == 0.0) return mul(product, of_product);
  return add(of_input.to_complex() == 1.0 ? input : mul(input, of_input), product, of_product);
}

Tensor vander(const Tensor& x, std::optional<std::int64_t> columns, bool increasing) {
  if (x.dim() != 1) fail<ShapeError>("vander", "x must be 1-d, shape {} was given", x.sizes());
  const std::int64_t n = x.numel(), m = columns.value_or(n);
  if (m < 0) fail<ShapeError>("vander", "the number of columns must not be negative, {} was given", m);
  const DType dtype = promote_types(x.dtype(), int64);
  if (m == 0) return empty({n, 0}, dtype);
  const Tensor powers = cumprod(x.to(dtype).unsqueeze(1).expand({n, m - 1}), 1);
  const Tensor out = cat({ones({n, 1}, dtype), powers}, 1);
  return increasing ? out : flip(out, {1});
}

Tensor cross(const Tensor& a, const Tensor& b, std::optional<std::int64_t> dim) {
  check_same_dtype("cross", a.dtype(), b.dtype());
  if (a.dim() != b.dim()) {
    fail<ShapeError>("cross",
                     "both tensors must have the same number of dimensions, shapes {} and {} were given",
                     a.sizes(), b.sizes());
  }
  if (a.dtype() == boolean) throw DTypeError("cross is not defined for bool");
  const int d = vector_dim(a, b, dim);
  const Tensor next = tensor({1, 2, 0}, int64), last = tensor({2, 0, 1}, int64);
  return sub(mul(index_select(a, d, next), index_select(b, d, last)),
             mul(index_select(a, d, last), index_select(b, d, next)));
}

}  // namespace wick
