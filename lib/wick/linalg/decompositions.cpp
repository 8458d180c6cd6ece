#include "wick/linalg/decompositions.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/linalg/diagonals.h"
#include "wick/linalg/factorize/factorize.h"
#include "wick/linalg/matrices.h"
#include "wick/linalg/products.h"
#include "wick/linalg/solvers.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {

namespace linalg {
namespace {

// Ones on the diagonal, in the real dtype.
Tensor identity(std::int64_t n, DType dtype) { return eye(n, n, real_dtype(dtype)); }

Tensor off_diagonal(const Tensor& x) { return mul(x, add(neg(identity(x.size(-1), x.dtype())), 1)); }

// x - x^H
Tensor skew(const Tensor& x) { return sub(x, adjoint(x)); }

// a_j - a_i for every pair, with ones on the diagonal, to divide by.
Tensor distances(const Tensor& a) {
  return add(sub(a.unsqueeze(-2), a.unsqueeze(-1)), identity(a.size(-1), a.dtype()));
}

void check_outcome(const char* operation, factorize::Outcome outcome, std::int64_t index,
                   std::int64_t count) {
  using factorize::Outcome;
  if (outcome == Outcome::Done) return;
  fail(operation, "the algorithm failed to converge{}{}", batch_suffix(index, count),
       outcome == Outcome::NotFinite ? ": the input contains NaN or infinite values" : "");
}

// The matrices of a batch in each of several tensors, all stored by columns.
template <class T>
T* matrix(const Tensor& x, std::int64_t index) {
  return x.defined() ? x.data<T>() + index * x.size(-1) * x.size(-2) : nullptr;
}

// --- singular values

struct Singular {
  Tensor u, s, v;  // the matrices stored by columns; u and v only when asked for
};

Singular singular(const char* operation, const Tensor& A, bool vectors, bool full) {
  check_matrices(operation, A);
  const Tensor a = column_major_copy(A);
  const std::int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
  const Shape batch = leading(A);
  Singular out;
  out.s = empty(appended(batch, {k}), real_dtype(A.dtype()));
  if (vectors) {
    const bool identities = full && k == 0;
    const auto make = [&](std::int64_t size) {
      const Tensor x = empty(appended(batch, {full ? size : k, size}), A.dtype());
      if (identities && x.numel() > 0) copy_into(x, eye(size, size, A.dtype()));
      return x;
    };
    out.u = make(m);
    out.v = make(n);
  }
  const std::int64_t count = numel(batch);
  if (a.numel() == 0) return out;
  dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
    using factorize::view;
    each_matrix(count, m * n * k, [&](std::int64_t i) {
      const auto u = view(matrix<T>(out.u, i), m, full ? m : k),
                 v = view(matrix<T>(out.v, i), n, full ? n : k);
      const auto outcome =
          factorize::svd(view(matrix<T>(a, i), m, n), out.s.data<factorize::Real<T>>() + i * k, u, v);
      check_outcome(operation, outcome, i, count);
    });
  });
  return out;
}

// The derivative of the reduced decomposition. With dP = U^H dA V: dS is the real diagonal of dP, and U^H dU
// and V^H dV have (dP S + S dP^H) and (S dP + dP^H S), divided by s_j^2 - s_i^2, off the diagonal (Townsend,
// On differentiating the singular value decomposition, 2016). Phases of complex vectors are counted to U.
Tensor svd_gradient(const Tensors& g, const Tensor& U, const Tensor& S, const Tensor& Vh) {
  const Tensor row = S.unsqueeze(-2), column = S.unsqueeze(-1);
  const Tensor &gU = g[0], &gS = g[1], &gVh = g[2];
  if (!gU.defined() && !gVh.defined()) return matmul(mul(U, gS.unsqueeze(-2).to(U.dtype())), Vh);
  const Tensor gaps = distances(square(S));
  Tensor middle = zeros(appended(leading(U), {S.size(-1), S.size(-1)}), U.dtype());
  if (gU.defined()) {
    const Tensor turn = skew(matmul(adjoint(U), gU));
    middle = add(middle, off_diagonal(div(mul(turn, row), gaps)));
    if (is_complex(U.dtype())) {
      middle = add(middle, mul(div(turn, mul(row, 2)), identity(S.size(-1), S.dtype())));
    }
  }
  if (gVh.defined()) {
    middle = add(middle, off_diagonal(div(mul(column, skew(matmul(Vh, adjoint(gVh)))), gaps)));
  }
  if (gS.defined()) middle = add(middle, diag_embed(gS));
  Tensor out = matmul(matmul(U, middle), Vh);
  if (gU.defined() && U.size(-2) > U.size(-1)) {
    const Tensor scaled = div(gU, row);
    out = add(out, matmul(sub(scaled, matmul(U, matmul(adjoint(U), scaled))), Vh));
  }
  if (gVh.defined() && Vh.size(-1) > Vh.size(-2)) {
    const Tensor scaled = div(gVh, column);
    out = add(out, matmul(U, sub(scaled, matmul(matmul(scaled, adjoint(Vh)), Vh))));
  }
  return out;
}

bool upper_of(const char* operation, std::string_view UPLO) {
  if (UPLO == "L" || UPLO == "l") return false;
  if (UPLO == "U" || UPLO == "u") return true;
  fail(operation, "UPLO must be L or U, {} was given", UPLO);
}

// Eigenvectors stored by columns, unless there are to be none.
Eigh eigen(const char* operation, const Tensor& A, bool vectors) {
  check_square(operation, A);
  check_precision(operation, A.dtype());
  const std::int64_t n = A.size(-1), count = numel(leading(A));
  const Tensor a = column_major_copy(A), w = empty(leading(A, 1), real_dtype(A.dtype()));
  const Tensor z = vectors ? empty(a.sizes(), A.dtype()) : Tensor();
  if (a.numel() > 0) {
    dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
      using factorize::view;
      each_matrix(count, n * n * n, [&](std::int64_t i) {
        const auto outcome = factorize::eigh(
            view(matrix<T>(a, i), n, n), w.data<factorize::Real<T>>() + i * n, view(matrix<T>(z, i), n, n));
        check_outcome(operation, outcome, i, count);
      });
    });
  }
  return {w, z};
}

// The derivative of a decomposition A = Q R with as many rows as columns or more. With dX = Q^H dA R^-1: dR
// R^-1 is the upper triangle of dX + dX^H with half its diagonal.
Tensor qr_gradient(const Tensor& gQ, const Tensor& gR, const Tensor& Q, const Tensor& R) {
  Tensor weight;
  if (gR.defined()) weight = matmul(gR, adjoint(R));
  if (gQ.defined()) {
    const Tensor other = matmul(adjoint(Q), gQ);
    weight = weight.defined() ? sub(weight, other) : neg(other);
  }
  const Tensor half = mul(add(triu(weight), triu(weight, 1)), 0.5);
  Tensor inner = matmul(Q, add(half, adjoint(half)));
  if (gQ.defined()) inner = add(inner, gQ);
  return solve_triangular(adjoint(R), inner, false, false);
}

// With more columns than rows the first ones fix Q, and the others are Q R.
Tensor wide_qr_gradient(Tensor gQ, const Tensor& gR, const Tensor& A, const Tensor& Q, const Tensor& R) {
  const std::int64_t m = A.size(-2), rest = A.size(-1) - m;
  Tensor g_first, g_rest;
  if (gR.defined()) {
    g_first = narrow(gR, -1, 0, m);
    const Tensor g_last = narrow(gR, -1, m, rest);
    g_rest = matmul(Q, g_last);
    const Tensor through = matmul(narrow(A, -1, m, rest), adjoint(g_last));
    gQ = gQ.defined() ? add(gQ, through) : through;
  } else {
    g_rest = zeros(appended(leading(A), {m, rest}), A.dtype());
  }
  return cat({qr_gradient(gQ, g_first, Q, narrow(R, -1, 0, m)), g_rest}, -1);
}

// q (m, k), or undefined without it; r (k, n).
QR factored(const Tensor& A, std::int64_t k, bool with_q) {
  const std::int64_t m = A.size(-2), n = A.size(-1);
  const Tensor a = column_major_copy(A), r = empty(appended(leading(A), {n, k}), A.dtype());
  const Tensor q = with_q ? empty(appended(leading(A), {k, m}), A.dtype()) : Tensor();
  if (a.numel() > 0) {
    dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
      each_matrix(numel(leading(A)), m * n * k, [&](std::int64_t i) {
        using factorize::view;
        factorize::qr(view(matrix<T>(a, i), m, n), view(matrix<T>(q, i), m, k),
                      view(matrix<T>(r, i), r.size(-1), n));
      });
    });
  } else if (with_q && q.numel() > 0) {
    copy_into(q, eye(k, m, A.dtype()));
  }
  return {with_q ? transpose(q, -2, -1) : empty({0}, A.dtype()), transpose(r, -2, -1)};
}

}  // namespace

SVD svd(const Tensor& A, bool full_matrices) {
  if (computed_in_complex128(A)) {
    const SVD wide = svd(A.to(complex128), full_matrices);
    return {wide.U.to(complex64), wide.S.to(float32), wide.Vh.to(complex64)};
  }
  const auto [u, s, v] = singular("linalg.svd", A, true, full_matrices);
  const SVD out{transpose(u, -2, -1), s, conj(v)};
  // Of square factors only S has a gradient, and takes that of the reduced decomposition.
  const bool extra = full_matrices && A.size(-1) != A.size(-2);
  if (!extra) {
    record_all("svd", {out.U, out.S, out.Vh}, {A}, saving(out.U, out.S, out.Vh),
               [](const Tensors& g, const Tensor& U, const Tensor& S, const Tensor& Vh) {
                 return svd_gradient(g, U, S, Vh);
               });
    return out;
  }
  record_all("svd", {out.U, out.S, out.Vh}, {A}, saving(A), [](const Tensors& g, const Tensor& a) {
    if (g[0].defined() || g[2].defined()) {
      fail<GradientError>("linalg.svd", "with full_matrices the singular vectors have no gradient");
    }
    const auto [U, S, Vh] = svd(a, false);
    return svd_gradient(g, U, S, Vh);
  });
  return out;
}

Tensor svdvals(const Tensor& A) {
  if (autograd::wanted({A})) return svd(A, false).S;
  if (computed_in_complex128(A)) return svdvals(A.to(complex128)).to(float32);
  return singular("linalg.svdvals", A, false, false).s;
}

Eigh eigh(const Tensor& A, std::string_view UPLO) {
  if (upper_of("linalg.eigh", UPLO)) {
    check_square("linalg.eigh", A);
    return eigh(adjoint(A));
  }
  if (computed_in_complex128(A)) {
    const Eigh wide = eigh(A.to(complex128));
    return {wide.eigenvalues.to(float32), wide.eigenvectors.to(complex64)};
  }
  Eigh out = eigen("linalg.eigh", A, true);
  out.eigenvectors = transpose(out.eigenvectors, -2, -1);
  record_all("eigh", {out.eigenvalues, out.eigenvectors}, {A}, saving(out.eigenvalues, out.eigenvectors),
             [](const Tensors& g, const Tensor& w, const Tensor& V) {
               Tensor middle;
               if (g[1].defined()) {
                 const Tensor turn = mul(skew(matmul(adjoint(V), g[1])), 0.5);
                 middle = off_diagonal(div(turn, distances(w)));
               }
               if (g[0].defined()) {
                 const Tensor own = diag_embed(g[0]).to(V.dtype());
                 middle = middle.defined() ? add(middle, own) : own;
               }
               return matmul(matmul(V, middle), adjoint(V));
             });
  return out;
}

Tensor eigvalsh(const Tensor& A, std::string_view UPLO) {
  if (autograd::wanted({A})) return eigh(A, UPLO).eigenvalues;
  if (upper_of("linalg.eigvalsh", UPLO)) {
    check_square("linalg.eigvalsh", A);
    return eigvalsh(adjoint(A));
  }
  if (computed_in_complex128(A)) return eigvalsh(A.to(complex128)).to(float32);
  return eigen("linalg.eigvalsh", A, false).eigenvalues;
}

QR qr(const Tensor& A, std::string_view mode) {
  check_matrices("linalg.qr", A);
  if (mode != "reduced" && mode != "complete" && mode != "r") {
    fail("linalg.qr", "the mode must be reduced, complete or r, {} was given", mode);
  }
  if (computed_in_complex128(A)) {
    const QR wide = qr(A.to(complex128), mode);
    return {wide.Q.to(complex64), wide.R.to(complex64)};
  }
  const std::int64_t m = A.size(-2), n = A.size(-1);
  const bool complete = mode == "complete";
  QR out = factored(A, complete ? m : std::min(m, n), mode != "r");
  if (mode == "r") return out;
  // A complete Q has no gradient where there are more rows than columns.
  const bool refused = complete && m > n;
  record_all("qr", {out.Q, out.R}, {A}, saving(m < n ? A : Tensor(), out.Q, out.R, refused),
             [](const Tensors& g, const Tensor& x, const Tensor& Q, const Tensor& R, bool none) {
               if (none) {
                 fail<GradientError>("linalg.qr",
                                     "in mode complete there is no gradient for more rows than columns");
               }
               return x.defined() ? wide_qr_gradient(g[0], g[1], x, Q, R) : qr_gradient(g[0], g[1], Q, R);
             });
  return out;
}

Tensor cholesky(const Tensor& A, bool upper) {
  check_square("linalg.cholesky", A);
  check_precision("linalg.cholesky", A.dtype());
  if (upper) return adjoint(cholesky(adjoint(A)));
  if (computed_in_complex128(A)) return cholesky(A.to(complex128)).to(complex64);
  const std::int64_t n = A.size(-1), count = numel(leading(A));
  const Tensor a = column_major_copy(A);
  if (a.numel() > 0) {
    dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
      each_matrix(count, n * n * n / 3, [&](std::int64_t i) {
        const std::int64_t failed = factorize::cholesky(factorize::view(matrix<T>(a, i), n, n));
        if (failed == 0) return;
        fail("linalg.cholesky",
             "the input is not positive-definite{} (the leading minor of order {} is not positive)",
             batch_suffix(i, count), failed);
      });
    });
  }
  // dL = L times the lower triangle of L^-1 dA L^-H with half its diagonal.
  const Tensor out = transpose(a, -2, -1);
  return record("cholesky", out, {A}, saving(out), [](const Tensor& g, const Tensor& L) {
    const Tensor inner = matmul(adjoint(L), g);
    const Tensor half = mul(add(tril(inner), tril(inner, -1)), 0.25);
    const Tensor left = solve_triangular(adjoint(L), add(half, adjoint(half)), true);
    return solve_triangular(L, left, false, false);
  });
}

LUFactors lu_factor(const Tensor& A) {
  check_square("linalg.lu_factor", A);
  check_precision("linalg.lu_factor", A.dtype());
  if (computed_in_complex128(A)) {
    const LUFactors wide = lu_factor(A.to(complex128));
    return {wide.LU.to(complex64), wide.pivots};
  }
  const std::int64_t n = A.size(-1);
  const Tensor a = column_major_copy(A), pivots = empty(leading(A, 1), int32);
  if (a.numel() > 0) {
    dispatch_matrices(A.dtype(), [&]<class T>(TypeTag<T>) {
      each_matrix(numel(leading(A)), n * n * n / 3, [&](std::int64_t i) {
        std::int32_t* own = pivots.data<std::int32_t>() + i * n;
        factorize::lu(factorize::view(matrix<T>(a, i), n, n), own);
        for (std::int64_t j = 0; j < n; ++j) ++own[j];
      });
    });
  }
  // L^-1 P dA U^-1 is the sum of L^-1 dL, strictly lower triangular, and dU U^-1, upper triangular.
  const Tensor out = transpose(a, -2, -1);
  record("lu_factor", out, {A}, saving(out, pivots),
         [](const Tensor& g, const Tensor& LU, const Tensor& exchanges) {
           const Tensor L = add(tril(LU, -1), eye(LU.size(-1), LU.size(-1), LU.dtype())), U = triu(LU);
           const Tensor inner =
               add(tril(matmul(adjoint(L), tril(g, -1)), -1), triu(matmul(triu(g), adjoint(U))));
           const Tensor right = solve_triangular(adjoint(U), inner, false, false);
           return exchange_rows(solve_triangular(adjoint(L), right, true, true, true), exchanges, true);
         });
  return {out, pivots};
}

}  // namespace linalg
}  // namespace wick
