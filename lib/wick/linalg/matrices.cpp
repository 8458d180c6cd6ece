#include "wick/linalg/matrices.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/norm.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {

void check_rank(const char* operation, const Tensor& x) {
  if (x.dim() >= 2) return;
  fail<ShapeError>(operation, "the tensor must have at least 2 dimensions, shape {} was given", x.sizes());
}

void check_precision(const char* operation, DType dtype) {
  if (dtype == float32 || dtype == float64 || is_complex(dtype)) return;
  fail<DTypeError>(operation, "expected a floating point (float32, float64) or complex tensor, {} was given",
                   dtype);
}

void check_matrices(const char* operation, const Tensor& x) {
  check_rank(operation, x);
  check_precision(operation, x.dtype());
}

void check_square(const char* operation, const Tensor& x) {
  check_rank(operation, x);
  if (x.size(-1) == x.size(-2)) return;
  fail<ShapeError>(operation, "A must be batches of square matrices, shape {} was given", x.sizes());
}

bool all_finite(const Tensor& x) { return x.numel() == 0 || min(isfinite(x)).item().to_bool(); }

void check_finite(const char* operation, const Tensor& x) {
  if (!all_finite(x.detach())) fail(operation, "the input contains NaN or infinite values");
}

Tensor exponents_of(const Tensor& x, const Dims& dims) {
  const NoGrad no_grad;
  const Tensor parts = x.detach();
  Shape shape = x.sizes();
  for (const std::int64_t d : wrap_dims(dims, x.dim())) shape[static_cast<int>(d)] = 1;
  const Tensor out = zeros(shape, int64);
  if (x.numel() == 0) return out;
  const Tensor sizes = is_complex(x.dtype()) ? maximum(abs(real(parts)), abs(imag(parts))) : abs(parts);
  const Tensor largest =
      norm(sizes, std::numeric_limits<double>::infinity(), dims, true).to(float64).contiguous();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const double size = largest.data<double>()[i];
    if (std::isfinite(size) && size != 0) out.data<std::int64_t>()[i] = std::ilogb(size) + 1;
  }
  return out;
}

Tensor far_exponents(const Tensor& A) {
  const Tensor exponents = exponents_of(A, {-2, -1});
  const std::int64_t limit = real_dtype(A.dtype()) == float32 ? 110 : 1000;
  const auto* e = exponents.data<std::int64_t>();
  const bool far = std::any_of(e, e + exponents.numel(), [&](std::int64_t i) { return std::abs(i) > limit; });
  return far ? exponents : Tensor();
}

Tensor times_powers(const Tensor& x, const Tensor& exponents) {
  // In three steps, as the factor itself may be far out of range.
  constexpr int steps = 3;
  const Tensor e = exponents.contiguous();
  Tensor out = x;
  for (int step = 0; step < steps; ++step) {
    const Tensor factors = empty(e.sizes(), float64);
    for (std::int64_t i = 0; i < e.numel(); ++i) {
      const std::int64_t whole = e.data<std::int64_t>()[i], part = whole / steps;
      factors.data<double>()[i] =
          std::ldexp(1.0, static_cast<int>(step == 0 ? whole - (steps - 1) * part : part));
    }
    out = mul(out, factors.to(real_dtype(x.dtype())));
  }
  return out;
}

double default_rtol(const Tensor& A) {
  const double epsilon = real_dtype(A.dtype()) == float32 ? std::numeric_limits<float>::epsilon()
                                                          : std::numeric_limits<double>::epsilon();
  return epsilon * static_cast<double>(std::max(A.size(-2), A.size(-1)));
}

Tensor adjoint(const Tensor& x) { return conj(transpose(x, -2, -1)); }

Tensor column_major_copy(const Tensor& x) {
  const Tensor turned = transpose(x.detach(), -2, -1);
  const Tensor out = empty(turned.sizes(), x.dtype());
  if (out.numel() > 0) copy_into(out, turned);
  return out;
}

Shape leading(const Tensor& x, int last) {
  Shape shape;
  for (int d = 0; d < x.dim() - last; ++d) shape.push_back(x.sizes()[d]);
  return shape;
}

Shape appended(Shape shape, std::initializer_list<std::int64_t> sizes) {
  for (const std::int64_t size : sizes) shape.push_back(size);
  return shape;
}

std::string batch_suffix(std::int64_t index, std::int64_t count) {
  return count == 1 ? "" : ", matrix " + std::to_string(index) + " of the batch";
}

namespace {

// The rows that the exchanges leave at each place, or where each row goes.
Tensor row_order(const Tensor& pivots, bool inverse) {
  const std::int64_t n = pivots.size(-1), count = pivots.numel() / std::max<std::int64_t>(n, 1);
  const Tensor from = pivots.contiguous(), out = empty(pivots.sizes(), int64);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < n; ++j) order[static_cast<std::size_t>(j)] = j;
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t other = from.data<std::int32_t>()[i * n + j] - std::int64_t{1};
      if (other < 0 || other >= n) {
        fail<IndexError>("linalg.lu_solve", "pivots must lie between 1 and {}, {} was given", n, other + 1);
      }
      std::swap(order[static_cast<std::size_t>(j)], order[static_cast<std::size_t>(other)]);
    }
    std::int64_t* to = out.data<std::int64_t>() + i * n;
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t row = order[static_cast<std::size_t>(j)];
      (inverse ? to[row] : to[j]) = inverse ? j : row;
    }
  }
  return out;
}

}  // namespace

Tensor exchange_rows(const Tensor& x, const Tensor& pivots, bool inverse) {
  const Tensor order = row_order(pivots, inverse).unsqueeze(-1);
  const Shape batch = broadcast_shapes(leading(order), leading(x));
  const Shape shape = appended(batch, {x.size(-2), x.size(-1)});
  return gather(expand(x, shape), -2, expand(order, shape));
}

}  // namespace wick
