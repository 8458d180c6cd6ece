#include <cmath>
#include <limits>

#include "gradcheck.h"
#include "linalg/matrices.h"
#include "operations.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/norms.h"
#include "wick/linalg/solvers.h"

// Linear algebra against PyTorch's values and gradients, and derivatives against numeric differences.

namespace wick::test {
namespace {

using namespace linalg;

constexpr double inf = std::numeric_limits<double>::infinity();

Tensor definite(const Tensor& x) { return matmul(x, adjoint(x)) + eye(x.size(-2), x.size(-2), x.dtype()); }
// Not near a singular matrix.
Tensor regular(const Tensor& x) { return x + eye(x.size(-1), x.size(-1), x.dtype()) * 3; }

// What does not depend on the signs and phases of singular vectors.
Tensors svd_invariants(const Tensor& A) {
  const auto [U, S, Vh] = svd(A, false);
  return {matmul(U, Vh), S, matmul(U * square(S).unsqueeze(-2), adjoint(U)),
          matmul(adjoint(Vh) * S.unsqueeze(-2), Vh)};
}
Tensors eigh_invariants(const Tensor& x) {
  const auto [w, V] = eigh(hermitian(x));
  return {matmul(V * exp(w).unsqueeze(-2), adjoint(V)), w,
          matmul(narrow(V, -1, 0, 1), adjoint(narrow(V, -1, 0, 1)))};
}

std::optional<Dims> dims_of(const Argument& a) {
  return a.text == "None" ? std::nullopt : std::optional<Dims>(a.list());
}
MatrixNorm norm_of(const Argument& a) {
  return a.text == "fro" || a.text == "nuc" ? MatrixNorm(a.text) : MatrixNorm(a.real());
}

// Under the names of tests/reference/reference_linalg.py.
const Operations& linalg_operations() {
  static const Operations table{
      {"cross",
       [](const Arguments& a) {
         if (a[2].text == "None") return Tensors{cross(t(a, 0), t(a, 1))};
         return Tensors{cross(t(a, 0), t(a, 1), a[2].whole())};
       }},
      {"dot", binary<dot>},
      {"outer", binary<outer>},
      {"trace", unary<trace>},
      {"diag", with_one<diag>},
      {"diagflat", with_one<diagflat>},
      {"diag_embed", with_one<diag_embed>},
      {"diagonal",
       [](const Arguments& a) {
         return Tensors{diagonal(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole())};
       }},
      {"tril", with_one<tril>},
      {"triu", with_one<triu>},
      {"svdvals", unary<svdvals>},
      {"svd_reconstructed",
       [](const Arguments& a) {
         return Tensors{svd_invariants(t(a, 0))[static_cast<std::size_t>(a[1].whole())]};
       }},
      {"eigh_reconstructed",
       [](const Arguments& a) {
         return Tensors{eigh_invariants(t(a, 0))[static_cast<std::size_t>(a[1].whole())]};
       }},
      {"qr_q", [](const Arguments& a) { return Tensors{qr(t(a, 0)).Q}; }},
      {"qr_r", [](const Arguments& a) { return Tensors{qr(t(a, 0)).R}; }},
      {"cholesky", [](const Arguments& a) { return Tensors{cholesky(t(a, 0), a[1].flag())}; }},
      {"lu_factor",
       [](const Arguments& a) {
         const auto [LU, pivots] = lu_factor(t(a, 0));
         return Tensors{LU, pivots};
       }},
      {"inv", unary<inv>},
      {"det", unary<det>},
      {"slogdet",
       [](const Arguments& a) {
         const auto [sign, logabsdet] = slogdet(t(a, 0));
         return Tensors{logabsdet, sign};
       }},
      {"solve", [](const Arguments& a) { return Tensors{solve(t(a, 0), t(a, 1))}; }},
      {"solve_triangular",
       [](const Arguments& a) {
         return Tensors{solve_triangular(t(a, 0), t(a, 1), a[2].flag(), a[3].flag(), a[4].flag())};
       }},
      {"cholesky_solve",
       [](const Arguments& a) { return Tensors{cholesky_solve(t(a, 0), t(a, 1), a[2].flag())}; }},
      {"lu_solve", [](const Arguments& a) { return Tensors{lu_solve(t(a, 0), t(a, 1), t(a, 2))}; }},
      {"lstsq", [](const Arguments& a) { return Tensors{lstsq(t(a, 0), t(a, 1)).solution}; }},
      {"pinv", [](const Arguments& a) { return Tensors{pinv(t(a, 0))}; }},
      {"pinverse", [](const Arguments& a) { return Tensors{pinverse(t(a, 0), a[1].real())}; }},
      {"matrix_exp", unary<matrix_exp>},
      {"matrix_power", with_one<matrix_power>},
      {"matrix_rank",
       [](const Arguments& a) {
         if (a[1].text == "None") return Tensors{matrix_rank(t(a, 0), {}, {}, a[2].flag())};
         return Tensors{matrix_rank(t(a, 0), a[1].real(), 0.0, a[2].flag())};
       }},
      {"cond", [](const Arguments& a) { return Tensors{cond(t(a, 0), norm_of(a[1]))}; }},
      {"matrix_norm",
       [](const Arguments& a) {
         return Tensors{matrix_norm(t(a, 0), norm_of(a[1]), a[2].list(), a[3].flag())};
       }},
      {"vector_norm",
       [](const Arguments& a) {
         return Tensors{vector_norm(t(a, 0), a[1].real(), dims_of(a[2]), a[3].flag())};
       }},
  };
  return table;
}

struct Named {
  const char* name;
  Function f;
};

void check_all(const std::vector<Named>& functions, const Tensors& inputs) {
  for (const auto& [name, f] : functions) {
    for (const Tensor& x : inputs) {
      check_gradients(std::string(name) + " " + std::string(dtypes::name(x.dtype())) + to_string(x.sizes()),
                      f, {x});
    }
  }
}

}  // namespace

TEST_CASE("decompositions: as PyTorch computes them") {
  for (const char* file :
       {"triangles.txt", "decompositions.txt", "systems.txt", "norms.txt", "linalg_gradients.txt"}) {
    check_reference(file, linalg_operations());
  }
}

TEST_CASE("decompositions: gradients of small products, diagonals and triangles") {
  check_gradients("cross", [](const Tensors& in) { return cross(in[0], in[1], -1); },
                  {values({2, 3}), values({1, 3}, 20)});
  check_gradients("dot", [](const Tensors& in) { return dot(in[0], in[1]); },
                  {complex_values({4}), complex_values({4}, 20)});
  check_gradients("outer", [](const Tensors& in) { return outer(in[0], in[1]); },
                  {values({4}), values({3}, 20)});
  for (const Tensor& x : orders(values({3, 4}))) {
    check_all({{"trace", [](const Tensors& in) { return square(trace(in[0])); }},
               {"diag", [](const Tensors& in) { return square(diag(in[0], 1)); }},
               {"diagflat", [](const Tensors& in) { return square(diagflat(in[0], -2)); }},
               {"tril", [](const Tensors& in) { return square(tril(in[0], 1)); }},
               {"triu", [](const Tensors& in) { return square(triu(in[0], -1)); }}},
              {x});
  }
  check_all({{"diagonal", [](const Tensors& in) { return square(diagonal(in[0], -1, 2, 0)); }},
             {"diagonal, forward", [](const Tensors& in) { return square(diagonal(in[0], 1, 0, 2)); }},
             {"diag_embed", [](const Tensors& in) { return square(diag_embed(in[0], 1)); }}},
            {values({3, 2, 4}), complex_values({3, 2, 3})});
}

TEST_CASE("decompositions: gradients of singular values and vectors") {
  for (std::size_t i = 0; i < 4; ++i) {
    check_all({{"svd", [i](const Tensors& in) { return svd_invariants(in[0])[i]; }}},
              {values({3, 3}), values({4, 2}), values({2, 4}), values({2, 3, 2}), complex_values({3, 3}),
               complex_values({2, 3}), complex_values({3, 2})});
  }
  check_all({{"svdvals", [](const Tensors& in) { return svdvals(in[0]); }},
             {"full", [](const Tensors& in) { return svd(in[0]).S; }}},
            {values({2, 4}), complex_values({3, 2})});
  const Tensor x = values({3, 2});
  x.requires_grad_();
  CHECK_THROWS_AS(sum(square(svd(x).U)).backward(), GradientError);
}

TEST_CASE("decompositions: gradients of eigenvalues and eigenvectors") {
  for (std::size_t i = 0; i < 3; ++i) {
    check_all({{"eigh", [i](const Tensors& in) { return eigh_invariants(in[0])[i]; }}},
              {values({3, 3}), values({2, 2, 2}), values({1, 1}), complex_values({3, 3})});
  }
  check_all({{"eigvalsh", [](const Tensors& in) { return eigvalsh(hermitian(in[0]), "U"); }}},
            {values({3, 3})});
}

TEST_CASE("decompositions: gradients of QR, Cholesky and LU") {
  const std::vector<Named> factors{
      {"qr, Q", [](const Tensors& in) { return qr(in[0]).Q; }},
      {"qr, R", [](const Tensors& in) { return qr(in[0]).R; }},
      {"qr", [](const Tensors& in) { return matmul(exp(mul(real(qr(in[0]).Q), 0.3)), real(qr(in[0]).R)); }}};
  check_all({factors[0], factors[1]}, {values({3, 3}), values({4, 2}), values({2, 4}), values({2, 3, 2}),
                                       complex_values({3, 2}), complex_values({2, 3})});
  check_all({factors[2]}, {values({3, 3}), values({4, 2}), values({2, 4})});
  check_all({{"cholesky", [](const Tensors& in) { return cholesky(definite(in[0])); }},
             {"cholesky, upper", [](const Tensors& in) { return cholesky(definite(in[0]), true); }}},
            {values({3, 3}), values({2, 2, 2}), complex_values({2, 2})});
  check_all({{"lu_factor", [](const Tensors& in) { return lu_factor(in[0]).LU; }}},
            {values({3, 3}), values({2, 2, 2}), complex_values({3, 3})});
}

TEST_CASE("decompositions: gradients of solutions") {
  const Tensor b = values({3, 4}, 40);
  for (const Tensor& A : {values({3, 3}), values({2, 3, 3}), complex_values({3, 3})}) {
    const Tensor B = b.to(A.dtype());
    check_gradients("solve", [](const Tensors& in) { return solve(regular(in[0]), in[1]); }, {A, B});
    check_gradients("solve, right",
                    [](const Tensors& in) { return solve(regular(in[0]), in[1].transpose(0, 1), false); },
                    {A, B});
    check_gradients("lu_solve",
                    [](const Tensors& in) {
                      const auto [LU, pivots] = lu_factor(in[0]);
                      return lu_solve(LU, pivots, in[1]);
                    },
                    {regular(A), B});
    for (const bool upper : {false, true}) {
      check_gradients("cholesky_solve",
                      [upper](const Tensors& in) { return cholesky_solve(in[1], regular(in[0]), upper); },
                      {A, B});
      for (const bool unit : {false, true}) {
        check_gradients(
            "solve_triangular",
            [=](const Tensors& in) { return solve_triangular(regular(in[0]), in[1], upper, true, unit); },
            {A, B});
        check_gradients("solve_triangular, right",
                        [=](const Tensors& in) {
                          return solve_triangular(regular(in[0]), in[1].transpose(0, 1), upper, false, unit);
                        },
                        {A, B});
      }
    }
    check_all({{"inv", [](const Tensors& in) { return inv(regular(in[0])); }},
               {"inv_ex", [](const Tensors& in) { return inv_ex(regular(in[0])).inverse; }},
               {"det", [](const Tensors& in) { return det(regular(in[0])); }},
               {"logabsdet", [](const Tensors& in) { return slogdet(regular(in[0])).logabsdet; }},
               {"matrix_exp", [](const Tensors& in) { return matrix_exp(in[0]); }},
               {"matrix_power", [](const Tensors& in) { return matrix_power(in[0], 5); }},
               {"negative matrix_power", [](const Tensors& in) { return matrix_power(regular(in[0]), -2); }}},
              {A});
  }
  check_all({{"sign of the determinant", [](const Tensors& in) { return slogdet(in[0]).sign; }}},
            {complex_values({3, 3})});
  check_all({{"pinv", [](const Tensors& in) { return pinv(in[0]); }},
             {"lstsq",
              [](const Tensors& in) {
                return lstsq(in[0], ones({in[0].size(-2), 2}, in[0].dtype())).solution;
              }}},
            {values({3, 2}), values({2, 3}), values({2, 2}), complex_values({3, 2})});
  check_gradients("lstsq", [](const Tensors& in) { return lstsq(in[0], in[1]).solution; },
                  {values({4, 3}, 13), values({4, 2}, 30)});
  // A determinant that is 0 has a slope.
  check_all({{"singular det",
              [](const Tensors& in) {
                const Tensor row = in[0];
                return det(cat({row, values({1, 3}, 8), values({1, 3}, 8) * 2}, 0));
              }}},
            {values({1, 3})});
  const Tensor singular = tensor({1, 2, 2, 4}, float64).reshape({2, 2});
  singular.requires_grad_();
  det(singular).backward();
  const std::vector<double> cofactors{4, -2, -2, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(to_vector<double>(singular.grad())[i] == doctest::Approx(cofactors[i]));
  }
}

TEST_CASE("decompositions: gradients of norms") {
  for (const double ord : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, -1.0, -2.5, inf, -inf}) {
    const auto norm = [ord](std::optional<Dims> dims, bool keepdim) {
      return Function([=](const Tensors& in) { return square(vector_norm(in[0], ord, dims, keepdim)); });
    };
    check_all({{"vector_norm", norm(std::nullopt, false)},
               {"vector_norm over dims", norm(Dims{2, 0}, false)},
               {"vector_norm keeping dims", norm(Dims{1}, true)}},
              {values({2, 3, 2}), complex_values({2, 2, 2})});
  }
  for (const MatrixNorm& ord : {MatrixNorm("fro"), MatrixNorm("nuc"), MatrixNorm(1), MatrixNorm(-1),
                                MatrixNorm(2), MatrixNorm(-2), MatrixNorm(inf), MatrixNorm(-inf)}) {
    check_all({{"matrix_norm",
                [ord](const Tensors& in) {
                  return matrix_norm(in[0], ord, {2, 0}, true);
                }}},
              {values({2, 2, 3}), complex_values({2, 1, 3})});
    check_all({{"cond", [ord](const Tensors& in) { return cond(regular(in[0]), ord); }}},
              {values({3, 3}), values({2, 2, 2}), complex_values({2, 2})});
  }
}

}  // namespace wick::test
