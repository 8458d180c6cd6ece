#include "wick/linalg/norms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/matrices.h"
#include "wick/linalg/solvers.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/norm.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick::linalg {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor constant(double value, const Tensor& like) { return scalar_tensor(value, like.dtype()); }

[[noreturn]] void refuse_order(std::string_view order) {
  fail("linalg.matrix_norm", "order {} is not supported: fro, nuc, 1, -1, 2, -2, inf or -inf", order);
}

Tensor restored(Tensor x, Dims dims) {
  std::sort(dims.begin(), dims.end());
  for (const std::int64_t d : dims) x = x.unsqueeze(d);
  return x;
}

Tensor norm_of_vectors(const char* operation, const Tensor& x, double ord, const Dims& over, bool keepdim) {
  if (x.numel() == 0 && (ord < 0 || ord == infinity)) {
    bool nothing = over.empty();
    for (const std::int64_t d : over) nothing = nothing || x.size(d) == 0;
    if (nothing) {
      fail<ShapeError>(operation, "the {} norm of no elements is not defined, shape {} was given", ord,
                       x.sizes());
    }
  }
  return norm(x, ord, over, keepdim);
}

}  // namespace

Tensor vector_norm(const Tensor& x, double ord, const std::optional<Dims>& dims, bool keepdim) {
  return norm_of_vectors("linalg.vector_norm", x, ord, dims.value_or(Dims{}), keepdim);
}

MatrixNorm::MatrixNorm(double order) : order_(order) {
  const double size = std::fabs(order);
  if (size == 1 || size == 2 || size == infinity) return;
  refuse_order(to_string(order));
}

MatrixNorm::MatrixNorm(std::string_view name) {
  if (name != "fro" && name != "nuc") {
    refuse_order(name);
  }
  kind_ = name == "fro" ? Frobenius : Nuclear;
}

Tensor matrix_norm(const Tensor& A, const MatrixNorm& ord, const Dims& dims, bool keepdim) {
  constexpr const char* operation = "linalg.matrix_norm";
  check_rank(operation, A);
  if (!is_differentiable(A.dtype()))
    fail<DTypeError>(operation, "expected a floating point or complex tensor, {} was given", A.dtype());
  if (dims.size() != 2) fail<ShapeError>(operation, "dim must be a 2-tuple, {} was given", to_string(dims));
  const int rows = wrap_dim(dims[0], A.dim()), columns = wrap_dim(dims[1], A.dim());
  if (rows == columns) {
    fail<ShapeError>(operation, "the two dimensions must differ, {} was given", to_string(dims));
  }
  if (ord.kind() == MatrixNorm::Frobenius) return vector_norm(A, 2, Dims{rows, columns}, keepdim);
  Dims order;
  for (int d = 0; d < A.dim(); ++d) {
    if (d != rows && d != columns) order.push_back(d);
  }
  order.push_back(rows);
  order.push_back(columns);
  const Tensor x = permute(A, order);
  const auto extreme = [&](const Tensor& sizes) {
    return norm_of_vectors(operation, sizes, ord.order() > 0 ? infinity : -infinity, -1, false);
  };
  Tensor out;
  if (ord.is_spectral()) {
    check_precision(operation, A.dtype());
    check_finite(operation, A);
    const Tensor s = svdvals(x);
    out = ord.kind() == MatrixNorm::Nuclear ? sum(s, -1) : extreme(s);
  } else {
    const bool by_column = std::fabs(ord.order()) == 1;
    out = extreme(norm(x, 1, by_column ? -2 : -1));
  }
  return keepdim ? restored(out, {rows, columns}) : out;
}

Tensor cond(const Tensor& A, const MatrixNorm& p) {
  check_matrices("linalg.cond", A);
  if (A.size(-1) == 0 || A.size(-2) == 0) return zeros(leading(A), real_dtype(A.dtype()));
  if (p.kind() == MatrixNorm::Number && p.is_spectral()) {
    check_finite("linalg.cond", A);
    const Tensor s = svdvals(A);
    const Tensor largest = select(s, -1, 0), smallest = select(s, -1, s.size(-1) - 1);
    const Tensor ratio = p.order() > 0 ? div(largest, smallest) : div(smallest, largest);
    // 0 / 0 for a matrix of zeros.
    return where(eq(largest, constant(0, largest)), constant(infinity, ratio), ratio);
  }
  check_square("linalg.cond", A);
  // The number is that of any multiple of A.
  if (const Tensor far = far_exponents(A); far.defined()) return cond(times_powers(A, neg(far)), p);
  const auto [inverse, info] = inv_ex(A);
  const Tensor product = mul(matrix_norm(A, p), matrix_norm(inverse, p));
  return where(gt(info, scalar_tensor(0, int32)), constant(infinity, product), product);
}

Tensor matrix_rank(const Tensor& A, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
  check_matrices("linalg.matrix_rank", A);
  check_finite("linalg.matrix_rank", A);
  const NoGrad no_grad;
  const double absolute = atol.value_or(0), relative = rtol.value_or(absolute > 0 ? 0 : default_rtol(A));
  const Tensor sizes = hermitian ? abs(eigvalsh(A)) : svdvals(A);
  if (sizes.size(-1) == 0) return zeros(leading(A), int64);
  const Tensor largest = max(sizes, -1, true).values;
  return sum(gt(sizes, maximum(mul(largest, relative), constant(absolute, sizes))), {-1});
}

}  // namespace wick::linalg
