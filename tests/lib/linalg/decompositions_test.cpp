#include <cmath>
#include <limits>

#include "gradcheck.h"
#include "linalg/matrices.h"
#include "operations.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/norms.h"
#include "wick/linalg/solvers.h"

// Decompositions, systems of equations and norms: against PyTorch where results are unique, by what defines
// them where they are not, and derivatives against numeric differences.

namespace wick::test {
namespace {

using namespace linalg;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

Tensor with_shape(const Shape& shape, DType dtype, std::int64_t from = 0) {
  return is_complex(dtype) ? complex_values(shape, from).to(dtype) : values(shape, from).to(dtype);
}
Tensor identity(const Shape& batch, std::int64_t n, DType dtype) {
  Shape shape = batch;
  shape.push_back(n);
  shape.push_back(n);
  return expand(eye(n, n, dtype), shape);
}
Tensor positive_definite(const Tensor& x) {
  return matmul(x, adjoint(x)) + eye(x.size(-2), x.size(-2), x.dtype()) * 0.5;
}

// Equal up to rounding, relative to the largest number.
void check_near(const Tensor& got, const Tensor& wanted, const std::string& what, double factor = 200) {
  REQUIRE_MESSAGE(got.sizes() == wanted.sizes(), what << to_string(got.sizes()));
  REQUIRE_MESSAGE(got.dtype() == wanted.dtype(), what);
  CHECK_MESSAGE(largest(got - wanted) <= factor * epsilon(got.dtype()) * std::max(1e-300, largest(wanted)),
                what << " off by " << largest(got - wanted));
}

const Shape matrix_shapes[] = {{1, 1},    {3, 3}, {5, 2},       {2, 5},    {1, 4},
                               {4, 1},    {0, 3}, {3, 0},       {2, 3, 4}, {2, 0, 3},
                               {0, 2, 2}, {0, 0}, {2, 1, 4, 3}, {40, 33},  {2, 20, 50}};
const Shape square_shapes[] = {{1, 1}, {2, 2}, {5, 5}, {0, 0}, {3, 0, 0}, {0, 2, 2}, {2, 1, 3, 3}, {40, 40}};

Tensor roll_rows(const Tensor& x) {
  const std::int64_t n = x.size(-2), first = std::min<std::int64_t>(n, 1);
  return cat({narrow(x, -2, first, n - first), narrow(x, -2, 0, first)}, -2);
}

std::string label(const char* what, DType dtype, const Shape& shape) {
  return std::string(what) + " " + std::string(name(dtype)) + to_string(shape) + " ";
}

void check_svd(const Tensor& A, const std::string& what) {
  const std::int64_t k = std::min(A.size(-2), A.size(-1));
  Shape batch = A.sizes();
  batch.erase(A.dim() - 1);
  batch.erase(A.dim() - 2);
  for (const bool full : {false, true}) {
    const auto [U, S, Vh] = svd(A, full);
    CHECK(S.dtype() == real_dtype(A.dtype()));
    check_near(matmul(adjoint(U), U), identity(batch, full ? A.size(-2) : k, A.dtype()), what + "U");
    check_near(matmul(Vh, adjoint(Vh)), identity(batch, full ? A.size(-1) : k, A.dtype()), what + "V");
    const Tensor product = matmul(narrow(U, -1, 0, k) * S.unsqueeze(-2), narrow(Vh, -2, 0, k));
    check_near(product, A.contiguous(), what + "product", 400);
    const auto s = to_vector<double>(S);
    for (std::size_t i = 0; i < s.size(); ++i) {
      CHECK(s[i] >= 0);
      if (i % static_cast<std::size_t>(k) != 0) CHECK(s[i] <= s[i - 1]);
    }
    check_near(svdvals(A), S, what + "values alone");
  }
}

}  // namespace

TEST_CASE("decompositions: singular values") {
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape : matrix_shapes) check_svd(with_shape(shape, dtype), label("svd", dtype, shape));
    check_svd(zeros({4, 3}, dtype), "svd of zeros ");
    check_svd(ones({30, 25}, dtype), "svd of rank one ");
    check_svd(eye(20, 25, dtype), "svd of equal values ");
    check_svd(with_shape({4, 3}, dtype).t(), "svd of a transposed matrix ");
    check_svd(expand(with_shape({3, 1}, dtype), {2, 3, 4}), "svd of an expanded matrix ");
    check_svd(with_shape({9, 8}, dtype).slice(0, 1, 9, 3).slice(1, 0, 8, 2), "svd of a sparse view ");
    // Columns of very different size.
    check_svd(with_shape({78, 54}, dtype) *
                  pow(full({54}, 10.0, real_dtype(dtype)), linspace(-10, 10, 54, real_dtype(dtype))),
              "svd of graded columns ");
    for (const double scale : {1e-36, 1e-20, 1e20, 1e36})
      check_svd(with_shape({20, 3}, dtype) * scale, "scaled ");
  }
}

TEST_CASE("decompositions: eigenvalues") {
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape : square_shapes) {
      const std::string what = label("eigh", dtype, shape);
      const Tensor A = hermitian(with_shape(shape, dtype));
      const auto [w, V] = eigh(A);
      CHECK(w.dtype() == real_dtype(dtype));
      Shape batch = shape;
      batch.erase(shape.size() - 1);
      batch.erase(shape.size() - 2);
      check_near(matmul(adjoint(V), V), identity(batch, shape.back(), dtype), what);
      check_near(matmul(V * w.unsqueeze(-2), adjoint(V)), A, what + "product", 400);
      check_near(eigvalsh(A), w, what + "values alone");
      if (w.numel() > 1) CHECK(sum(lt(diff(w), scalar_tensor(0, w.dtype()))).item().to_int() == 0);
      // Only one triangle is read.
      const Tensor noise = with_shape(shape, dtype, 70);
      check_near(eigvalsh(tril(A) + triu(noise, 1)), w, what + "lower");
      check_near(eigh(triu(A) + tril(noise, -1), "U").eigenvalues, w, what + "upper");
    }
  }
  CHECK_THROWS_AS(eigh(eye(2), "X"), Error);
}

TEST_CASE("decompositions: QR with LAPACK's signs") {
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape : matrix_shapes) {
      for (const char* mode : {"reduced", "complete"}) {
        const std::string what = label("qr", dtype, shape) + mode;
        const Tensor A = with_shape(shape, dtype);
        const auto [Q, R] = qr(A, mode);
        Shape batch = shape;
        batch.erase(shape.size() - 1);
        batch.erase(shape.size() - 2);
        const std::int64_t m = A.size(-2),
                           k = std::string_view(mode) == "complete" ? m : std::min(m, A.size(-1));
        check_near(matmul(adjoint(Q), Q), identity(batch, k, dtype), what);
        if (k > 0) check_near(matmul(Q, R), A, what + "product", 400);
        CHECK(equal(triu(R), R.contiguous()));
      }
      CHECK(identical(qr(with_shape(shape, dtype), "r").R.contiguous(),
                      qr(with_shape(shape, dtype)).R.contiguous()));
    }
    // Squares of elements leave the range.
    for (const double scale : {1e-36, 1e-25, 1e25, 1e36}) {
      const Tensor A = with_shape({5, 3}, dtype) * scale;
      const auto [Q, R] = qr(A);
      check_near(matmul(Q, R), A, "qr scaled", 400);
      check_near(matmul(adjoint(Q), Q), eye(3, 3, dtype), "qr scaled");
    }
  }
  // The signs: minus the first entry's; a column without anything below the diagonal is left alone.
  const QR signs = qr(tensor({2, -1, 0, -3}, float64).reshape({2, 2}));
  CHECK(to_vector<double>(signs.R) == std::vector<double>{2, -1, 0, -3});
  CHECK(to_vector<double>(qr(tensor({-3, 0, 4, 5}, float64).reshape({2, 2})).R)[0] == doctest::Approx(5));
  CHECK(to_vector<double>(qr(tensor({3, 0, 4, 5}, float64).reshape({2, 2})).R)[0] == doctest::Approx(-5));
  CHECK_THROWS_AS(qr(eye(2), "full"), Error);
}

TEST_CASE("decompositions: Cholesky and LU factors") {
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape : square_shapes) {
      const Tensor x = with_shape(shape, dtype);
      const Tensor A = positive_definite(x);
      const Tensor L = cholesky(A), U = cholesky(triu(A) + tril(x, -1), true);
      const std::string what = label("cholesky", dtype, shape);
      if (shape.back() > 0) check_near(matmul(L, adjoint(L)), A, what, 400);
      CHECK(equal(tril(L), L.contiguous()));
      check_near(adjoint(U), L.contiguous(), what + "upper", 2000);
      CHECK(equal(cholesky(tril(A) + triu(x, 1)), L));

      // Rows in another order, so that there is something to exchange.
      const Tensor a = roll_rows(x + eye(shape.back(), shape.back(), dtype) * 50);
      const auto [LU, pivots] = lu_factor(a);
      CHECK(pivots.dtype() == int32);
      const Tensor b = with_shape(shape, dtype, 31);
      if (shape.back() == 0) continue;
      check_near(matmul(a, lu_solve(LU, pivots, b)), b, label("lu_solve", dtype, shape), 4000);
      check_near(matmul(lu_solve(LU, pivots, b, false), a), b, label("lu_solve right", dtype, shape), 4000);
      check_near(matmul(adjoint(a), lu_solve(LU, pivots, b, true, true)), b,
                 label("lu_solve adjoint", dtype, shape), 4000);
    }
  }
}

TEST_CASE("decompositions: systems of equations") {
  for (const DType dtype : matrix_dtypes) {
    for (const auto& [a, b] : {std::pair<Shape, Shape>{{3, 3}, {3, 4}},
                               {{2, 3, 3}, {3, 4}},
                               {{3, 3}, {2, 3, 4}},
                               {{2, 1, 3, 3}, {4, 3, 2}},
                               {{3, 3}, {3, 0}},
                               {{0, 0}, {0, 2}}}) {
      const Tensor A = with_shape(a, dtype) + eye(a.back(), a.back(), dtype) * 3;
      const Tensor B = with_shape(b, dtype, 40);
      if (b.back() > 0 && a.back() > 0) {
        const Shape common = matmul(A, B).sizes();
        check_near(matmul(A, solve(A, B)), expand(B, common), label("solve", dtype, a), 4000);
        const Tensor Bt = B.transpose(-2, -1);
        check_near(matmul(solve(A, Bt, false), A), expand(B, common).transpose(-2, -1),
                   label("solve right", dtype, a), 4000);
        for (const bool upper : {false, true}) {
          for (const bool unit : {false, true}) {
            Tensor T = upper ? triu(A, unit ? 1 : 0) : tril(A, unit ? -1 : 0);
            if (unit) T = T + eye(3, 3, dtype);
            check_near(matmul(T, solve_triangular(A, B, upper, true, unit)), expand(B, common),
                       label("triangular", dtype, a), 4000);
            check_near(matmul(solve_triangular(A, Bt, upper, false, unit), T),
                       expand(B, common).transpose(-2, -1), label("triangular right", dtype, a), 4000);
          }
        }
        const Tensor P = positive_definite(A);
        check_near(matmul(P, cholesky_solve(B, cholesky(P))), expand(B, common), label("cholesky", dtype, a),
                   4000);
        check_near(cholesky_solve(B, adjoint(cholesky(P)), true), cholesky_solve(B, cholesky(P)), "upper",
                   4000);
      } else {
        CHECK(solve(A, B).sizes() == b);
        CHECK(solve_triangular(A, B, true).sizes() == b);
      }
      check_near(matmul(A, inv(A)), identity({}, a.back(), dtype).expand(a), label("inv", dtype, a), 4000);
    }
    const Tensor A = with_shape({2, 3, 3}, dtype) + eye(3, 3, dtype) * 3;
    const Tensor vectors = with_shape({2, 3}, dtype, 9);
    check_near(solve(A, vectors).unsqueeze(-1), solve(A, vectors.unsqueeze(-1)), "vectors");
    CHECK(solve(A[0], vectors[0]).sizes() == Shape{3});
  }
  // What is singular.
  const Tensor singular = tensor({1, 2, 2, 4}, float64).reshape({2, 2});
  CHECK_THROWS_WITH_AS(inv(singular), "linalg.inv: the input matrix is singular (pivot 2 is zero)", Error);
  CHECK_THROWS_AS(solve(stack({eye(2, 2, float64), singular}), ones({2, 1}, float64)), Error);
  const auto [inverse, info] = inv_ex(stack({eye(2, 2, float64), singular}));
  CHECK(to_vector<std::int64_t>(info) == std::vector<std::int64_t>{0, 2});
  CHECK(equal(inverse[0], eye(2, 2, float64)));
}

TEST_CASE("decompositions: least squares and the Moore-Penrose inverse") {
  for (const DType dtype : matrix_dtypes) {
    for (const Shape& shape :
         {Shape{5, 2}, Shape{2, 5}, Shape{3, 3}, Shape{2, 4, 3}, Shape{0, 3}, Shape{3, 0}}) {
      const Tensor A = with_shape(shape, dtype);
      const Tensor X = pinv(A);
      const std::string what = label("pinv", dtype, shape);
      REQUIRE(X.sizes() == A.transpose(-2, -1).sizes());
      if (A.numel() == 0) continue;
      // Penrose's four conditions.
      const Tensor AX = matmul(A, X), XA = matmul(X, A);
      check_near(matmul(AX, A), A, what, 2000);
      check_near(matmul(XA, X), X, what, 2000);
      check_near(adjoint(AX), AX, what, 2000);
      check_near(adjoint(XA), XA, what, 2000);
      Shape b = shape;
      b[b.size() - 1] = 2;
      const Tensor B = with_shape(b, dtype, 50);
      check_near(lstsq(A, B).solution, matmul(X, B), what + "lstsq", 4000);
      check_near(lstsq(A, B.select(-1, 0)).solution, matmul(X, B).select(-1, 0), what + "lstsq", 4000);
    }
    // One of two equal columns is as good as the other: the shortest solution shares.
    const auto [x, residuals, rank, values] = lstsq(ones({3, 2}, dtype), ones({3, 1}, dtype));
    check_near(x, full({2, 1}, 0.5, dtype), "shared");
    CHECK(rank.item().to_int() == 1);
    CHECK(residuals.numel() == 0);
    CHECK(values.sizes() == Shape{2});
  }
  const Tensor A = tensor({1, 0, 0, 2, 1, 1}, float64).reshape({3, 2}), B = ones({3, 2}, float64);
  const auto [x, residuals, rank, values] = lstsq(A, B);
  CHECK(to_vector<double>(residuals)[0] == doctest::Approx(1.0 / 9));
  CHECK(rank.item().to_int() == 2);
  CHECK(to_vector<double>(values)[0] == doctest::Approx(2.302775638));
}

TEST_CASE("decompositions: input that is not finite ends in errors or NaN") {
  for (const DType dtype : matrix_dtypes) {
    for (const double bad : {nan, inf, -inf}) {
      for (const std::int64_t n : {1, 2, 5, 40}) {
        for (const std::int64_t at : {std::int64_t{0}, n * n / 2, n * n - 1}) {
          const Tensor A = positive_definite(with_shape({n, n}, dtype));
          A.flatten()[at].fill_(bad);
          const Tensor B = ones({n, 1}, dtype);
          CHECK_THROWS_AS(svd(A), Error);
          CHECK_THROWS_AS(svdvals(A), Error);
          CHECK_THROWS_AS(pinv(A), Error);
          CHECK_THROWS_AS(lstsq(A, B), Error);
          CHECK_THROWS_AS(matrix_norm(A, "nuc"), Error);
          CHECK_THROWS_AS(matrix_rank(A), Error);
          CHECK_THROWS_AS(eigh(hermitian(A)), Error);
          qr(A);
          lu_factor(A);
          matrix_exp(A);
          det(A);
          matrix_norm(A, 1);
          solve_triangular(A, B, true);
          if (std::isnan(bad) && at != n * n / 2) CHECK_THROWS_AS(cholesky(A), Error);
        }
      }
    }
  }
}

TEST_CASE("decompositions: what they refuse") {
  const Tensor wide = ones({2, 3}), vector = ones({3});
  CHECK_THROWS_AS(svd(vector), ShapeError);
  CHECK_THROWS_AS(qr(vector), ShapeError);
  CHECK_THROWS_AS(eigh(wide), ShapeError);
  CHECK_THROWS_AS(cholesky(wide), ShapeError);
  CHECK_THROWS_AS(inv(wide), ShapeError);
  CHECK_THROWS_AS(det(wide), ShapeError);
  CHECK_THROWS_AS(matrix_exp(wide), ShapeError);
  CHECK_THROWS_AS(matrix_power(wide, 2), ShapeError);
  CHECK_THROWS_AS(solve(eye(2), ones({3, 1})), ShapeError);
  CHECK_THROWS_AS(solve(eye(2), ones({2, 1}, float64)), DTypeError);
  CHECK_THROWS_AS(solve_triangular(eye(2), vector, true), ShapeError);
  CHECK_THROWS_AS(lstsq(wide, ones({3, 1})), ShapeError);
  CHECK_THROWS_AS(lu_solve(eye(2), ones({2}, int64), ones({2, 1})), DTypeError);
  CHECK_THROWS_AS(lu_solve(eye(2), ones({3}, int32), ones({2, 1})), ShapeError);
  CHECK_THROWS_AS(lu_solve(eye(2), full({2}, 3, int32), ones({2, 1})), IndexError);
  CHECK_THROWS_AS(lu_solve(eye(2), zeros({2}, int32), ones({2, 1})), IndexError);
  for (const DType dtype : {boolean, int64, float16, bfloat16}) {
    const Tensor A = eye(2, 2, dtype);
    CHECK_THROWS_AS(svd(A), DTypeError);
    CHECK_THROWS_AS(eigh(A), DTypeError);
    CHECK_THROWS_AS(qr(A), DTypeError);
    CHECK_THROWS_AS(cholesky(A), DTypeError);
    CHECK_THROWS_AS(inv(A), DTypeError);
    CHECK_THROWS_AS(pinv(A), DTypeError);
    CHECK_THROWS_AS(matrix_rank(A), DTypeError);
    CHECK_THROWS_AS(cond(A), DTypeError);
    CHECK_THROWS_AS(matrix_norm(A, 2), DTypeError);
  }
  CHECK_THROWS_AS(matrix_power(eye(2, 2, int64), -1), DTypeError);
  CHECK_THROWS_AS(matrix_norm(wide, 3), Error);
  CHECK_THROWS_AS(matrix_norm(wide, "frobenius"), Error);
  CHECK_THROWS_AS(matrix_norm(wide, "fro", {0, 0}), ShapeError);
  CHECK_THROWS_AS(vector_norm(ones({2, 0}), inf), ShapeError);
  CHECK_THROWS_AS(diag_embed(vector, std::numeric_limits<std::int64_t>::min()), ShapeError);
  CHECK_THROWS_AS(diag_embed(vector, std::numeric_limits<std::int64_t>::max()), Error);
  CHECK_THROWS_WITH_AS(
      cholesky(tensor({1, 2, 2, 1}, float32).reshape({2, 2})),
      "linalg.cholesky: the input is not positive-definite (the leading minor of order 2 is not positive)",
      Error);
}

}  // namespace wick::test
