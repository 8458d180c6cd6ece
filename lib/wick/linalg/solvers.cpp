#include "wick/linalg/solvers.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/suspend_autocast.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/diagonals.h"
#include "wick/linalg/factorize/factorize.h"
#include "wick/linalg/matrices.h"
#include "wick/linalg/products.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_shapes(const char* operation, const Tensor& A, const Tensor& B, bool fit) {
  if (fit) return;
  fail<ShapeError>(operation, "shapes {} of A and {} of B do not fit", A.sizes(), B.sizes());
}

// Whether B is a batch of vectors beside the matrices A.
bool is_vectors(const Tensor& A, const Tensor& B) {
  if (B.dim() == 1) return true;
  return B.dim() == A.dim() - 1 && B.sizes() == leading(A, 1);
}

Tensor expand_batch(const Tensor& x, const Shape& batch) {
  return expand(x, appended(batch, {x.size(-2), x.size(-1)}));
}

// b's matrices become the solutions of the triangular systems; broadcast batches, no history.
Tensor substituted(const Tensor& A, const Tensor& B, bool upper, bool unitriangular) {
  const Shape batch = broadcast_shapes(leading(A), leading(B));
  const std::int64_t n = A.size(-1), k = B.size(-1), own = numel(leading(A));
  // Matrices that are all the same are brought into order once.
  const bool shared = own == 1;
  const Tensor a = column_major_copy(shared ? A : expand_batch(A, batch));
  const Tensor x = column_major_copy(expand_batch(B, batch));
  if (x.numel() > 0) {
    dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
      each_matrix(numel(batch), n * n * k / 2, [&](std::int64_t i) {
        factorize::solve_left<T>(factorize::view<const T>(a.data<T>() + (shared ? 0 : i * n * n), n, n),
                                 upper, factorize::Op::None, unitriangular,
                                 factorize::view(x.data<T>() + i * n * k, n, k));
      });
    });
  }
  return transpose(x, -2, -1);
}

// 1/s where s is above the limits, else 0.
Tensor inverted(const Tensor& S, const Tensor& atol, double rtol) {
  const Tensor largest = S.size(-1) > 0 ? narrow(S, -1, 0, 1) : S;
  const Tensor limit = maximum(mul(largest, rtol), atol);
  return where(gt(S, limit), reciprocal(S), scalar_tensor(0, S.dtype()));
}

// The derivative of X = A^+ among matrices of one rank: dX = -X dA X + X X^H dA^H (I - A X) + (I - X A) dA^H
// X^H X (Golub and Pereyra, 1973).
Tensor pinv_gradient(const Tensor& g, const Tensor& A, const Tensor& X) {
  const Tensor Xh = adjoint(X), gh = adjoint(g);
  const Tensor second = matmul(matmul(gh, X), Xh), third = matmul(matmul(Xh, X), gh);
  const Tensor rows = sub(second, matmul(A, matmul(X, second)));
  const Tensor columns = sub(third, matmul(matmul(third, X), A));
  return sub(add(rows, columns), matmul(matmul(Xh, g), Xh));
}

}  // namespace

Tensor cholesky_solve(const Tensor& B, const Tensor& L, bool upper) {
  check_matrices("cholesky_solve", B);
  check_square("cholesky_solve", L);
  const Tensor other = adjoint(L);
  const Tensor half = linalg::solve_triangular(upper ? other : L, B, false);
  return linalg::solve_triangular(upper ? L : other, half, true);
}

Tensor pinverse(const Tensor& A, double rcond) { return linalg::pinv(A, 0.0, rcond); }

namespace linalg {
namespace {

// X of A X = B by LU factors, or the inverse without a B; the matrices of X are stored by columns and not
// recorded. info[i] is 0, or the position from 1 of the first pivot of matrix i that is 0: the solution is
// unspecified then.
struct Solved {
  Tensor x;
  std::vector<std::int32_t> info;
  bool in_range = true;  // of regular matrices all pivots, and all of the solution, are finite
};
Solved solve_in_range(const Tensor& A, const Tensor& B) {
  const bool inverse = !B.defined();
  const Shape batch = inverse ? leading(A) : broadcast_shapes(leading(A), leading(B));
  const std::int64_t n = A.size(-1), k = inverse ? n : B.size(-1), count = numel(batch);
  // A matrix that all right-hand sides share is factored once.
  const bool shared = numel(leading(A)) == 1;
  const Tensor a = column_major_copy(shared ? A : expand_batch(A, batch)),
               x = inverse ? empty(A.sizes(), A.dtype()) : column_major_copy(expand_batch(B, batch));
  const std::int64_t factors = shared ? 1 : count;
  std::vector<std::int32_t> info(static_cast<std::size_t>(factors), 0);
  std::atomic<bool> in_range = true;
  if (a.numel() == 0) return {transpose(x, -2, -1), info};
  dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
    const auto factor = [&](std::int64_t i, std::int32_t* pivots) {
      const auto matrix = factorize::view(a.data<T>() + i * n * n, n, n);
      factorize::lu(matrix, pivots);
      for (std::int64_t j = n; j-- > 0;) {
        if (matrix(j, j) == T(0)) info[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(j + 1);
        if (!std::isfinite(std::abs(matrix(j, j)))) in_range = false;
      }
    };
    const auto substitute = [&](std::int64_t i, std::int64_t factored, const std::int32_t* pivots) {
      const auto matrix = factorize::view<const T>(a.data<T>() + factored * n * n, n, n);
      const auto right = factorize::view(x.data<T>() + i * n * k, n, k);
      if (inverse) {
        factorize::inverse_by_lu(matrix, pivots, right);
      } else {
        factorize::exchange_rows(right, pivots, 0, n);
        factorize::solve_left(matrix, false, factorize::Op::None, true, right);
        factorize::solve_left(matrix, true, factorize::Op::None, false, right);
      }
      // Infinite or NaN where an element is.
      if (!std::isfinite(factorize::norm(n * k, right.data))) in_range = false;
    };
    const factorize::Scratch<std::int32_t> pivots(factors * n);
    if (shared) factor(0, pivots.data());
    each_matrix(count, n * n * (shared ? k : n / 3 + k), [&](std::int64_t i) {
      const std::int64_t own = shared ? 0 : i;
      if (!shared) factor(i, pivots.data() + i * n);
      if (k > 0 && info[static_cast<std::size_t>(own)] == 0) substitute(i, own, pivots.data() + own * n);
    });
  });
  return {transpose(x, -2, -1), info, in_range};
}

// Where numbers leave the range on the way, of the matrices and right-hand sides brought near 1.
Solved solve_by_lu(const Tensor& A, const Tensor& B) {
  const NoGrad no_grad;
  Solved direct = solve_in_range(A, B);
  if (direct.in_range) return direct;
  // Each by itself: beside a huge one a small one would vanish.
  const Tensor a = exponents_of(A, {-2, -1});
  if (!B.defined()) {
    Solved scaled = solve_in_range(times_powers(A, neg(a)), B);
    scaled.x = times_powers(scaled.x, neg(a));
    return scaled;
  }
  const Tensor b = exponents_of(B, {-2});
  Solved scaled = solve_in_range(times_powers(A, neg(a)), times_powers(B, neg(b)));
  scaled.x = times_powers(scaled.x, sub(b, a));
  return scaled;
}

void check_regular(std::string_view operation, const std::vector<std::int32_t>& info) {
  for (std::size_t i = 0; i < info.size(); ++i) {
    if (info[i] == 0) continue;
    fail(operation, "the input matrix is singular{} (pivot {} is zero)",
         batch_suffix(static_cast<std::int64_t>(i), static_cast<std::int64_t>(info.size())), info[i]);
  }
}

Tensor identity_like(const Tensor& A) { return expand(eye(A.size(-1), A.size(-1), A.dtype()), A.sizes()); }

// The matrix of cofactors, conjugated: the derivative of the determinant, also of a singular matrix.
Tensor cofactors(const Tensor& A) {
  const auto [U, S, Vh] = svd(A, false);
  const Tensor phase = conj(mul(det(U), det(Vh)));
  const Tensor scaled = mul(U, products_of_others(S, S.dim() - 1).unsqueeze(-2).to(U.dtype()));
  return mul(matmul(scaled, Vh), phase.unsqueeze(-1).unsqueeze(-1));
}

// +1 or -1: every pivot that names another row is an exchange.
Tensor exchange_sign(const Tensor& pivots, DType dtype) {
  const Tensor own = arange(1, static_cast<double>(pivots.size(-1) + 1), 1, int32);
  const Tensor count = sum(ne(pivots, own), {-1});
  return add(neg(mul(bitwise_and(count, scalar_tensor(1, int64)), 2)), 1).to(dtype);
}

}  // namespace

Tensor solve_triangular(const Tensor& A, const Tensor& B, bool upper, bool left, bool unitriangular) {
  constexpr const char* operation = "linalg.solve_triangular";
  check_square(operation, A);
  check_matrices(operation, B);
  check_same_dtype(operation, A.dtype(), B.dtype());
  if (!left) {
    return transpose(
        solve_triangular(transpose(A, -2, -1), transpose(B, -2, -1), !upper, true, unitriangular), -2, -1);
  }
  check_shapes(operation, A, B, A.size(-1) == B.size(-2));
  if (computed_in_complex128(A)) {
    return solve_triangular(A.to(complex128), B.to(complex128), upper, true, unitriangular).to(complex64);
  }
  const Tensor out = substituted(A, B, upper, unitriangular);
  return record("solve_triangular", out, {A, B},
                saving(A, A.requires_grad() ? out : Tensor(), upper, unitriangular),
                [](const Tensor& g, const Tensor& a, const Tensor& X, bool above, bool ones_on_diagonal) {
                  const Tensor for_b = solve_triangular(adjoint(a), g, !above, true, ones_on_diagonal);
                  if (!X.defined()) return Tensors{Tensor(), for_b};
                  const Tensor product = neg(matmul(for_b, adjoint(X)));
                  const std::int64_t edge = ones_on_diagonal ? 1 : 0;
                  return Tensors{above ? triu(product, edge) : tril(product, -edge), for_b};
                });
}

Tensor lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left, bool for_adjoint) {
  constexpr const char* operation = "linalg.lu_solve";
  check_square(operation, LU);
  check_matrices(operation, B);
  check_same_dtype(operation, LU.dtype(), B.dtype());
  if (pivots.dtype() != int32) {
    fail<DTypeError>(operation, "the pivots must be int32, {} was given", pivots.dtype());
  }
  if (pivots.sizes() != leading(LU, 1)) {
    fail<ShapeError>(operation, "the pivots must have shape {}, shape {} was given", leading(LU, 1),
                     pivots.sizes());
  }
  if (!left) return adjoint(lu_solve(LU, pivots, adjoint(B), true, !for_adjoint));
  check_shapes(operation, LU, B, LU.size(-1) == B.size(-2));
  if (for_adjoint) {
    const Tensor turned = adjoint(LU);
    const Tensor y = solve_triangular(turned, B, false);
    return exchange_rows(solve_triangular(turned, y, true, true, true), pivots, true);
  }
  const Tensor y = solve_triangular(LU, exchange_rows(B, pivots, false), false, true, true);
  return solve_triangular(LU, y, true);
}

Tensor solve(const Tensor& A, const Tensor& B, bool left) {
  constexpr const char* operation = "linalg.solve";
  check_square(operation, A);
  check_precision(operation, A.dtype());
  check_same_dtype(operation, A.dtype(), B.dtype());
  if (B.dim() == 0) fail<ShapeError>(operation, "B must have at least 1 dimension, it is 0-d");
  if (is_vectors(A, B)) {
    check_shapes(operation, A, B, left);
    return solve(A, B.unsqueeze(-1)).squeeze(-1);
  }
  check_shapes(operation, A, B, B.dim() >= 2 && A.size(-1) == B.size(left ? -2 : -1));
  if (!left) return transpose(solve(transpose(A, -2, -1), transpose(B, -2, -1)), -2, -1);
  if (computed_in_complex128(A)) return solve(A.to(complex128), B.to(complex128)).to(complex64);
  Tensor out;
  {
    const NoGrad no_grad;
    const auto [x, info, in_range] = solve_by_lu(A, B);
    check_regular(operation, info);
    out = x;
  }
  return record("solve", out, {A, B}, saving(A, A.requires_grad() ? out : Tensor()),
                [](const Tensor& g, const Tensor& a, const Tensor& X) {
                  const Tensor for_b = solve(adjoint(a), g);
                  return Tensors{X.defined() ? neg(matmul(for_b, adjoint(X))) : Tensor(), for_b};
                });
}

namespace {

Tensor record_inverse(const Tensor& X, const Tensor& A) {
  return record("inv", X, {A}, saving(X), [](const Tensor& g, const Tensor& result) {
    const Tensor turned = adjoint(result);
    return neg(matmul(matmul(turned, g), turned));
  });
}

}  // namespace

Tensor inv(const Tensor& A) {
  check_square("linalg.inv", A);
  check_precision("linalg.inv", A.dtype());
  if (computed_in_complex128(A)) return inv(A.to(complex128)).to(complex64);
  const auto [x, info, in_range] = solve_by_lu(A, Tensor());
  check_regular("linalg.inv", info);
  return record_inverse(x, A);
}

InvEx inv_ex(const Tensor& A) {
  check_square("linalg.inv_ex", A);
  check_precision("linalg.inv_ex", A.dtype());
  if (computed_in_complex128(A)) {
    const InvEx wide = inv_ex(A.to(complex128));
    return {wide.inverse.to(complex64), wide.info};
  }
  const auto [x, positions, in_range] = solve_by_lu(A, Tensor());
  const Tensor info = zeros(leading(A), int32);
  std::copy_n(positions.data(), info.numel(), info.data<std::int32_t>());
  Tensor inverse = x;
  if (std::any_of(positions.begin(), positions.end(), [](std::int32_t at) { return at > 0; })) {
    const Tensor singular = gt(info, scalar_tensor(0, int32)).unsqueeze(-1).unsqueeze(-1);
    inverse = where(singular, scalar_tensor(0, A.dtype()), x);
  }
  return {record_inverse(inverse, A), info};
}

namespace {

template <class T>
auto size_of_parts(const T& x) {
  return std::max(std::fabs(std::real(x)), std::fabs(std::imag(x)));
}

// A number as x 2^exponent, so that products of many stay in range.
template <class T>
struct Scaled {
  T x = 1;
  std::int64_t exponent = 0;

  void multiply(T factor) {
    bring_near_one(factor);
    x *= factor;
    bring_near_one(x);
  }
  T value() const { return times(x, static_cast<int>(std::clamp<std::int64_t>(exponent, -10000, 10000))); }

 private:
  void bring_near_one(T& y) {
    const auto size = size_of_parts(y);
    if (size == 0 || !std::isfinite(size)) return;
    const int own = std::ilogb(size);
    y = times(y, -own);
    exponent += own;
  }
  static T times(const T& y, int power) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::scalbn(y, power);
    } else {
      return {std::scalbn(y.real(), power), std::scalbn(y.imag(), power)};
    }
  }
};

// The products of the pivots, negative for an odd number of exchanges. Not recorded.
Tensor determinants(const Tensor& A) {
  const std::int64_t n = A.size(-1);
  const Tensor a = column_major_copy(A), out = ones(leading(A), A.dtype());
  if (a.numel() == 0) return out;
  dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
    const factorize::Scratch<std::int32_t> pivots(out.numel() * n);
    each_matrix(out.numel(), n * n * n / 3, [&](std::int64_t i) {
      const auto matrix = factorize::view(a.data<T>() + i * n * n, n, n);
      std::int32_t* own = pivots.data() + i * n;
      factorize::lu(matrix, own);
      const auto pivot = [&](std::int64_t j) { return own[j] == j ? matrix(j, j) : -matrix(j, j); };
      T product = 1;
      bool in_range = true;
      for (std::int64_t j = 0; j < n; ++j) {
        product *= pivot(j);
        in_range = in_range && std::isnormal(size_of_parts(product));
      }
      if (!in_range) {
        Scaled<T> scaled;
        for (std::int64_t j = 0; j < n; ++j) scaled.multiply(pivot(j));
        product = scaled.value();
      }
      out.data<T>()[i] = product;
    });
  });
  return out;
}

}  // namespace

Tensor det(const Tensor& A) {
  check_square("linalg.det", A);
  check_precision("linalg.det", A.dtype());
  if (computed_in_complex128(A)) return det(A.to(complex128)).to(complex64);
  Tensor out;
  {
    const NoGrad no_grad;
    out = determinants(A);
  }
  return record("det", out, {A}, saving(A, out), [](const Tensor& g, const Tensor& a, const Tensor& value) {
    const Tensor none = eq(value.detach(), scalar_tensor(0, value.dtype()));
    const Tensor weight = g.unsqueeze(-1).unsqueeze(-1);
    if (sum(none).item().to_int() > 0) return mul(weight, cofactors(a));
    return mul(mul(weight, conj(value).unsqueeze(-1).unsqueeze(-1)), adjoint(inv(a)));
  });
}

SLogDet slogdet(const Tensor& A) {
  check_square("linalg.slogdet", A);
  check_precision("linalg.slogdet", A.dtype());
  if (computed_in_complex128(A)) {
    const SLogDet wide = slogdet(A.to(complex128));
    return {wide.sign.to(complex64), wide.logabsdet.to(float32)};
  }
  SLogDet out;
  {
    const NoGrad no_grad;
    const auto [LU, pivots] = lu_factor(A);
    const Tensor own = diagonal(LU, 0, -2, -1), size = abs(own);
    const Tensor none = eq(size, scalar_tensor(0, size.dtype()));
    const Tensor signs = div(own, where(none, scalar_tensor(1, size.dtype()), size));
    out = {mul(prod(signs, {-1}), exchange_sign(pivots, A.dtype())), sum(log(size), {-1})};
  }
  record_all("slogdet", {out.sign, out.logabsdet}, {A}, saving(A, out.sign),
             [](const Tensors& g, const Tensor& a, const Tensor& sign) {
               // d log(det) = trace(A^-1 dA): its real part is that of the logarithm, its imaginary part the
               // angle of the sign, which is fixed for real matrices.
               Tensor weight = g[1].defined() ? g[1].to(sign.dtype()) : zeros_like(sign);
               if (g[0].defined() && is_complex(sign.dtype())) {
                 const Tensor along = mul(conj(g[0]), sign);
                 weight = sub(weight, sub(along, real(along)));
               }
               return mul(weight.unsqueeze(-1).unsqueeze(-1), adjoint(inv(a)));
             });
  return out;
}

namespace {

// By Householder's QR decomposition, for m >= n; nothing where a matrix has not full rank. B may lack A's
// batch dimensions.
std::optional<LeastSquares> full_rank_solution(const Tensor& A, const Tensor& B, double limit) {
  const Shape batch = leading(A);
  const std::int64_t m = A.size(-2), n = A.size(-1), k = B.size(-1), count = numel(batch);
  const Tensor a = column_major_copy(A), b = column_major_copy(expand_batch(B, batch)),
               r = empty(appended(batch, {n, n}), A.dtype());
  if (a.numel() == 0) return std::nullopt;
  dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
    using factorize::view;
    each_matrix(count, m * n * (n + k), [&](std::int64_t i) {
      factorize::qr_of_equations(view(a.data<T>() + i * m * n, m, n), view(b.data<T>() + i * m * k, m, k),
                                 view(r.data<T>() + i * n * n, n, n));
    });
  });
  const Tensor R = transpose(r, -2, -1), c = transpose(b, -2, -1);
  LeastSquares out;
  out.singular_values = svdvals(R);
  out.rank = sum(ne(inverted(out.singular_values, scalar_tensor(0, out.singular_values.dtype()), limit),
                    scalar_tensor(0, out.singular_values.dtype())),
                 {-1});
  if (sum(lt(out.rank, scalar_tensor(n, int64))).item().to_int() > 0) return std::nullopt;
  out.solution = solve_triangular(R, narrow(c, -2, 0, n), true);
  out.residuals =
      m > n ? sum(square(abs(narrow(c, -2, n, m - n))), {-2}) : empty({0}, out.singular_values.dtype());
  return out;
}

// By singular values.
LeastSquares shortest_solution(const Tensor& A, const Tensor& B, double limit) {
  const autocast::Suspended as_given;
  const std::int64_t m = A.size(-2), n = A.size(-1);
  const auto [U, S, Vh] = svd(A, false);
  const Tensor inverse = inverted(S, scalar_tensor(0, S.dtype()), limit);
  LeastSquares out;
  out.singular_values = S;
  out.rank = sum(ne(inverse, scalar_tensor(0, S.dtype())), {-1});
  out.solution = matmul(adjoint(Vh), mul(inverse.unsqueeze(-1), matmul(adjoint(U), B)));
  const bool full_rank = sum(lt(out.rank, scalar_tensor(n, int64))).item().to_int() == 0;
  out.residuals = empty({0}, S.dtype());
  if (m > n && full_rank) out.residuals = sum(square(abs(sub(matmul(A, out.solution), B))), {-2});
  return out;
}

}  // namespace

LeastSquares lstsq(const Tensor& A, const Tensor& B, std::optional<double> rcond) {
  constexpr const char* operation = "linalg.lstsq";
  check_matrices(operation, A);
  check_same_dtype(operation, A.dtype(), B.dtype());
  if (B.dim() == 0) fail<ShapeError>(operation, "B must have at least 1 dimension, it is 0-d");
  if (is_vectors(A, B) && B.size(-1) == A.size(-2)) {
    LeastSquares out = lstsq(A, B.unsqueeze(-1), rcond);
    out.solution = out.solution.squeeze(-1);
    return out;
  }
  check_shapes(operation, A, B, B.dim() >= 2 && A.size(-2) == B.size(-2));
  if (computed_in_complex128(A)) {
    const LeastSquares wide = lstsq(A.to(complex128), B.to(complex128), rcond.value_or(default_rtol(A)));
    return {wide.solution.to(complex64), wide.residuals.to(float32), wide.rank,
            wide.singular_values.to(float32)};
  }
  check_finite(operation, A);
  const double limit = rcond.value_or(default_rtol(A));
  if (const Tensor far = far_exponents(A); far.defined()) {
    LeastSquares near = lstsq(times_powers(A, neg(far)), B, limit);
    near.solution = times_powers(near.solution, neg(far));
    near.singular_values = times_powers(near.singular_values, far.squeeze(-1));
    return near;
  }
  LeastSquares out;
  {
    const NoGrad no_grad;
    std::optional<LeastSquares> by_qr;
    if (A.size(-2) >= A.size(-1) && leading(A) == broadcast_shapes(leading(A), leading(B)))
      by_qr = full_rank_solution(A, B, limit);
    out = by_qr ? *by_qr : shortest_solution(A, B, limit);
    // The right-hand sides near 1, each by itself, where theirs left the range on the way.
    if (!all_finite(out.solution)) {
      const Tensor b = exponents_of(B, {-2}), scaled = times_powers(B, neg(b));
      out = by_qr ? full_rank_solution(A, scaled, limit).value_or(out) : shortest_solution(A, scaled, limit);
      out.solution = times_powers(out.solution, b);
      if (out.residuals.numel() > 0) out.residuals = times_powers(out.residuals, mul(b, 2).squeeze(-2));
    }
  }
  // The solution is pinv(A) B.
  record("lstsq", out.solution, {A, B}, saving(A, A.requires_grad() ? B : Tensor(), limit),
         [](const Tensor& g, const Tensor& a, const Tensor& b, double rtol) {
           const Tensor X = pinv(a, 0.0, rtol);
           const Tensor for_b = matmul(adjoint(X), g);
           if (!b.defined()) return Tensors{Tensor(), for_b};
           return Tensors{pinv_gradient(matmul(g, adjoint(b)), a, X), for_b};
         });
  return out;
}

namespace {

// The pseudoinverse, in which singular values count as 0 unless they are above both limits.
Tensor pinv_above(const Tensor& A, const Tensor& absolute, double relative) {
  const autocast::Suspended as_given;
  Tensor out;
  {
    const NoGrad no_grad;
    const auto [U, S, Vh] = svd(A, false);
    const Tensor inverse = inverted(S, absolute, relative);
    out = matmul(mul(adjoint(Vh), inverse.unsqueeze(-2)), adjoint(U));
  }
  return record("pinv", out, {A}, saving(A, out),
                [](const Tensor& g, const Tensor& a, const Tensor& X) { return pinv_gradient(g, a, X); });
}

}  // namespace

Tensor pinv(const Tensor& A, std::optional<double> atol, std::optional<double> rtol) {
  check_matrices("linalg.pinv", A);
  const double relative = rtol.value_or(atol.value_or(0) > 0 ? 0 : default_rtol(A));
  if (computed_in_complex128(A)) return pinv(A.to(complex128), atol, relative).to(complex64);
  check_finite("linalg.pinv", A);
  const Tensor absolute = scalar_tensor(atol.value_or(0), real_dtype(A.dtype())).reshape({1});
  if (const Tensor far = far_exponents(A); far.defined()) {
    const Tensor back = neg(far);
    return times_powers(pinv_above(times_powers(A, back), times_powers(absolute, back.squeeze(-1)), relative),
                        back);
  }
  return pinv_above(A, absolute, relative);
}
// --- functions of matrices

namespace {

// In double precision, whatever A is.
Tensor exponential(const Tensor& A) {
  const Tensor x = column_major_copy(A.to(is_complex(A.dtype()) ? complex128 : float64));
  const std::int64_t n = A.size(-1);
  const auto replace = [&]<class T>(TypeTag<T>) {
    each_matrix(numel(leading(A)), 20 * n * n * n, [&](std::int64_t i) {
      factorize::exponential(factorize::view(x.data<T>() + i * n * n, n, n));
    });
  };
  if (is_complex(A.dtype())) {
    replace(TypeTag<std::complex<double>>{});
  } else {
    replace(TypeTag<double>{});
  }
  return transpose(x, -2, -1).to(A.dtype());
}

}  // namespace

Tensor matrix_exp(const Tensor& A) {
  check_square("linalg.matrix_exp", A);
  if (A.dtype() == bfloat16) return matrix_exp(A.to(float32)).to(bfloat16);
  check_precision("linalg.matrix_exp", A.dtype());
  Tensor out;
  {
    const NoGrad no_grad;
    out = A.numel() == 0 ? A.clone() : exponential(A.detach());
  }
  // The derivative in direction g stands in a block of the exponential of a matrix of twice the size (Al-Mohy
  // and Higham, 2009).
  return record("matrix_exp", out, {A}, saving(A), [](const Tensor& g, const Tensor& a) {
    const Tensor turned = adjoint(a);
    const std::int64_t n = turned.size(-1);
    const Tensor above = cat({turned, g}, -1), below = cat({zeros_like(turned), turned}, -1);
    return narrow(narrow(matrix_exp(cat({above, below}, -2)), -2, 0, n), -1, n, n);
  });
}

Tensor matrix_power(const Tensor& A, std::int64_t n) {
  const autocast::Suspended as_given;
  check_square("linalg.matrix_power", A);
  if (n < 0) {
    const Tensor inverse = inv(A);
    // The smallest integer has no positive counterpart.
    return n == -1 ? inverse : matmul(matrix_power(inverse, -(n + 1)), inverse);
  }
  if (n == 0) return identity_like(A).clone();
  Tensor base = A, out;
  for (;; n /= 2) {
    if (n % 2 == 1) out = out.defined() ? matmul(out, base) : base;
    if (n <= 1) break;
    base = matmul(base, base);
  }
  return out.is_same(A) ? A.clone() : out;
}

}  // namespace linalg
}  // namespace wick
