#include <cmath>
#include <functional>
#include <limits>

#include "linalg/matrices.h"
#include "wick/core/interrupt.h"
#include "wick/linalg/decompositions.h"
#include "wick/linalg/norms.h"
#include "wick/linalg/solvers.h"
#include "wick/ops/random.h"

// Decompositions of matrices that are large enough for every blocked path, or awkward: graded, of low rank,
// with equal or clustered values, near the ends of the range. By what defines the factors.

namespace wick::test {
namespace {

using namespace linalg;

constexpr double inf = std::numeric_limits<double>::infinity();

// In double precision, so that the check itself does not overflow or round.
Tensor wide(const Tensor& x) { return x.to(is_complex(x.dtype()) ? complex128 : float64); }

// Equal up to rounding relative to the largest element, in units of n epsilon.
void check_close(const Tensor& got, const Tensor& wanted, DType dtype, const std::string& what) {
  REQUIRE_MESSAGE(got.sizes() == wanted.sizes(), what);
  const double size = static_cast<double>(std::max<std::int64_t>(wanted.size(-1), wanted.size(-2)));
  const double limit = 20 * (size + 10) * epsilon(dtype) * largest(wanted);
  CHECK_MESSAGE(largest(got - wanted) <= limit,
                what << " off by " << largest(got - wanted) << " of " << largest(wanted));
}

void check_orthonormal(const Tensor& Q, const std::string& what) {
  const Tensor q = wide(Q);
  check_close(matmul(adjoint(q), q), eye(Q.size(-1), Q.size(-1), q.dtype()), Q.dtype(), what);
}

void check_qr(const Tensor& A, const std::string& what) {
  const auto [Q, R] = qr(A);
  check_orthonormal(Q, what + " Q");
  // Column by column, for small ones must not drown beside large ones.
  const Tensor product = matmul(wide(Q), wide(R)), a = wide(A);
  for (std::int64_t j = 0; j < A.size(-1); ++j) {
    check_close(narrow(product, -1, j, 1), narrow(a, -1, j, 1), A.dtype(), what + " column");
  }
}

void check_svd(const Tensor& A, const std::string& what) {
  const auto [U, S, Vh] = svd(A, false);
  check_orthonormal(U, what + " U");
  check_orthonormal(adjoint(Vh), what + " V");
  check_close(matmul(wide(U) * wide(S).unsqueeze(-2), wide(Vh)), wide(A), A.dtype(), what + " product");
  check_close(svdvals(A).unsqueeze(0), S.unsqueeze(0), A.dtype(), what + " values alone");
  const auto s = to_vector<double>(S);
  for (std::size_t i = 0; i < s.size(); ++i) CHECK((s[i] >= 0 && (i == 0 || s[i] <= s[i - 1])));
}

void check_eigh(const Tensor& A, const std::string& what) {
  const auto [w, V] = eigh(A);
  check_orthonormal(V, what);
  check_close(matmul(wide(V) * wide(w).unsqueeze(-2), adjoint(wide(V))), wide(A), A.dtype(),
              what + " product");
  check_close(eigvalsh(A).unsqueeze(0), w.unsqueeze(0), A.dtype(), what + " values alone");
}

Tensor powers_of_ten(std::int64_t n, double from, double to, DType dtype) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(std::pow(10, from + (to - from) * static_cast<double>(i) /
                                             static_cast<double>(std::max<std::int64_t>(n - 1, 1))));
  }
  return tensor(std::span<const double>(values), {n}, float64).to(dtype);
}

// Q diag(values) Q^H with a random unitary Q.
Tensor with_eigenvalues(const Tensor& values, DType dtype) {
  const std::int64_t n = values.size(0);
  const Tensor Q = qr(random_matrices({n, n}, is_complex(dtype) ? complex128 : float64)).Q;
  const Tensor A = matmul(Q * values.to(float64), adjoint(Q));
  return ((A + adjoint(A)) * 0.5).to(dtype);
}

// Far from singular, and positive definite if A is Hermitian.
Tensor plus_identity(const Tensor& A) {
  const std::int64_t n = A.size(-1);
  return A + eye(n, n, A.dtype()) * (10 * std::sqrt(static_cast<double>(n)));
}

// Every decomposition, and what is built on them, of the square matrix A or one made of it.
struct Named {
  const char* name;
  std::function<Tensors(const Tensor& A)> f;
};
const Named every_decomposition[] = {
    {"svd",
     [](const Tensor& A) {
       const auto [U, S, Vh] = svd(A);
       return Tensors{U, S, Vh};
     }},
    {"svdvals", [](const Tensor& A) { return Tensors{svdvals(A)}; }},
    {"eigh",
     [](const Tensor& A) {
       const auto [w, V] = eigh(hermitian(A));
       return Tensors{w, V};
     }},
    {"eigvalsh", [](const Tensor& A) { return Tensors{eigvalsh(hermitian(A))}; }},
    {"qr",
     [](const Tensor& A) {
       const auto [Q, R] = qr(A);
       return Tensors{Q, R};
     }},
    {"cholesky", [](const Tensor& A) { return Tensors{cholesky(plus_identity(hermitian(A)))}; }},
    {"lu_factor",
     [](const Tensor& A) {
       const auto [LU, pivots] = lu_factor(A);
       return Tensors{LU, pivots};
     }},
    {"solve", [](const Tensor& A) { return Tensors{solve(A, narrow(A, 1, 0, 5))}; }},
    {"inv", [](const Tensor& A) { return Tensors{inv(A)}; }},
    {"solve_triangular",
     [](const Tensor& A) { return Tensors{solve_triangular(plus_identity(A), A, true)}; }},
    {"lstsq", [](const Tensor& A) { return Tensors{lstsq(narrow(A, 1, 0, A.size(0) / 2), A).solution}; }},
    {"matrix_exp", [](const Tensor& A) { return Tensors{matrix_exp(A)}; }}};

}  // namespace

TEST_CASE("decompositions of random matrices of every blocked size") {
  manual_seed(21);
  for (const DType dtype : matrix_dtypes) {
    for (const std::int64_t n : {1, 7, 31, 33, 49, 65, 97, 130}) {
      const std::string what = std::string(name(dtype)) + " " + std::to_string(n);
      const Tensor A = random_matrices({n, n}, dtype), B = random_matrices({n, 5}, dtype);
      check_qr(A, what);
      check_qr(random_matrices({n + 40, n}, dtype), what + " tall");
      check_qr(random_matrices({n, n + 40}, dtype), what + " wide");
      check_svd(A, what);
      check_svd(random_matrices({n + 9, n}, dtype), what + " tall");
      check_svd(random_matrices({2 * n + 9, n}, dtype), what + " very tall");
      check_svd(random_matrices({n, 2 * n + 9}, dtype), what + " very wide");
      check_eigh(A + adjoint(A), what);

      const Tensor P = matmul(A, adjoint(A)) + eye(n, n, dtype) * static_cast<double>(n);
      const Tensor L = cholesky(P);
      check_close(matmul(L, adjoint(L)), P, dtype, what + " cholesky");
      const Tensor regular = A + eye(n, n, dtype) * (3 * std::sqrt(static_cast<double>(n)));
      check_close(matmul(regular, solve(regular, B)), B, dtype, what + " solve");
      check_close(matmul(regular, inv(regular)), eye(n, n, dtype), dtype, what + " inv");
      // With many exchanges of rows; the error grows with the condition.
      const Tensor X = inv(A);
      CHECK_MESSAGE(largest(matmul(A, X) - eye(n, n, dtype)) <=
                        static_cast<double>(10 * n) * epsilon(dtype) * largest(A) * largest(X),
                    what << " inv");
      for (const bool upper : {false, true}) {
        const Tensor T = upper ? triu(regular) : tril(regular);
        for (const std::int64_t k : {1, 3, 40}) {
          const Tensor right = random_matrices({n, k}, dtype);
          check_close(matmul(T, solve_triangular(regular, right, upper)), right, dtype, what + " triangular");
        }
      }
    }
  }
}

TEST_CASE("decompositions of graded, deficient and extreme matrices") {
  manual_seed(22);
  for (const DType dtype : matrix_dtypes) {
    const DType real = real_dtype(dtype);
    for (const std::int64_t n : {4, 40, 75}) {
      const std::string what = std::string(name(dtype)) + " " + std::to_string(n) + " ";
      const Tensor A = random_matrices({n, n}, dtype);
      for (const bool rising : {false, true}) {
        const Tensor grades = rising ? powers_of_ten(n, -20, 15, real) : powers_of_ten(n, 15, -20, real);
        check_qr(A * grades, what + "graded columns");
        check_qr(A * grades.unsqueeze(-1), what + "graded rows");
        check_svd(A * grades, what + "graded columns");
        check_svd(A * grades.unsqueeze(-1), what + "graded rows");
        const Tensor half = rising ? powers_of_ten(n, -9, 6, real) : powers_of_ten(n, 6, -9, real);
        check_eigh((A + adjoint(A)) * half * half.unsqueeze(-1), what + "graded");
      }
      const Tensor low = matmul(random_matrices({n, 2}, dtype), random_matrices({2, n}, dtype));
      check_qr(low, what + "rank 2");
      check_svd(low, what + "rank 2");
      check_eigh(matmul(narrow(low, 1, 0, 2), adjoint(narrow(low, 1, 0, 2))), what + "rank 2");
      CHECK(matrix_rank(low).item().to_int() == 2);
      check_svd(zeros({n, n}, dtype), what + "zeros");
      check_eigh(zeros({n, n}, dtype), what + "zeros");
      check_qr(zeros({n, n}, dtype), what + "zeros");
      check_eigh(eye(n, n, dtype), what + "identity");
      check_svd(eye(n, n, dtype), what + "identity");
      check_eigh(ones({n, n}, dtype), what + "ones");
      check_svd(ones({n, n}, dtype), what + "ones");
      // Half of the eigenvalues are 1, the others nearly 2.
      Tensor values = ones({n}, float64);
      values.slice(0, 0, n / 2).copy_(randn({n / 2}, float64) * 1e-13 + 2);
      check_eigh(with_eigenvalues(values, dtype), what + "clustered");
      check_svd(with_eigenvalues(values, dtype), what + "clustered");
      check_eigh(with_eigenvalues(powers_of_ten(n, -30, 0, float64), dtype), what + "geometric");
      // Blocks that hardly touch.
      Tensor glued = zeros({n, n}, dtype);
      glued.slice(0, 0, n / 2).slice(1, 0, n / 2).copy_(A.slice(0, 0, n / 2).slice(1, 0, n / 2));
      check_svd(glued, what + "block of zeros");
      check_eigh(glued + adjoint(glued), what + "block of zeros");
      const double end = real == float32 ? 1e37 : 1e306, start = real == float32 ? 1e-37 : 1e-306;
      for (const double scale : {end / 100, start}) {
        const Tensor scaled = A * scale;
        check_qr(scaled, what + "scaled");
        check_svd(scaled, what + "scaled");
        check_eigh(scaled + adjoint(scaled), what + "scaled");
      }
    }
  }
}

TEST_CASE("decompositions: a column that is tiny beside the others is not lost") {
  for (const auto& [dtype, tiny] :
       {std::pair{float32, 1e-20}, {float32, 1e-37}, {float64, 1e-160}, {float64, 1e-300}}) {
    const Tensor A = tensor({tiny, 1, 2 * tiny, 2}, float64).reshape({2, 2}).to(dtype);
    const auto [Q, R] = qr(A);
    const auto product = to_vector<double>(matmul(wide(Q), wide(R))), a = to_vector<double>(A);
    for (std::size_t i = 0; i < 4; ++i) CHECK(product[i] == doctest::Approx(a[i]).epsilon(1e-6));
  }
}

TEST_CASE("decompositions: triangular systems divide") {
  for (const double x : {49.0, 3.0, 10.0, 41.0}) {
    const Tensor A = full({1, 1}, x, float64);
    CHECK(solve_triangular(A, A, true).item().to_double() == 1);
    CHECK(solve(A, A).item().to_double() == 1);
  }
}

TEST_CASE("decompositions: the exponential of badly scaled matrices") {
  manual_seed(23);
  const auto exponential = [](std::initializer_list<double> values, std::int64_t n) {
    return to_vector<double>(matrix_exp(tensor(values, float64).reshape({n, n})));
  };
  // Correct digits from a Taylor series in 120 digits.
  const auto bad = exponential({0, 1e-7, 0, -1.01e9, -2, 1e9, 50, 0, -50}, 3);
  const double wanted[] = {0.3914186479547805, 2.137915699912723e-08, 0.4289659506180482,
                           -1446510.382160957, -0.03616449202776414,  -691405.3177517663,
                           0.3943956847304598, 2.144829753090241e-08, 0.4302785733485492};
  for (std::size_t i = 0; i < 9; ++i) CHECK(bad[i] == doctest::Approx(wanted[i]).epsilon(1e-12));
  CHECK(exponential({0, 1e8, 0, 0}, 2) == std::vector<double>{1, 1e8, 0, 1});
  for (const double x : {1e308, -1.7e308})
    CHECK(exponential({0, x, 0, 0}, 2) == std::vector<double>{1, x, 0, 1});
  CHECK(exponential({0, 0, 0, 0}, 2) == std::vector<double>{1, 0, 0, 1});
  // One matrix for each degree of the approximation, and one that is squared.
  const double expected[][4] = {
      {1.105723549585009, 0.05526775612193186, 0.02210710244877274, 1.105723549585009},
      {1.689809068717044, 0.2504335319482507, 0.375650297922376, 0.9385084728722922},
      {2.763684254437061, 0.2293087896296052, 0.3439631844444078, 0.3559419633262066},
      {213.7591202894746, 27.77919921877082, 41.66879882815623, 5.415126148693417}};
  const std::vector<double> results[] = {exponential({.1, .05, .02, .1}, 2),
                                         exponential({.5, .2, .3, -.1}, 2), exponential({1, .2, .3, -1.1}, 2),
                                         exponential({5, 2, 3, -10}, 2)};
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(results[k][i] == doctest::Approx(expected[k][i]).epsilon(1e-13));
  }
  for (const DType dtype : matrix_dtypes) {
    for (const std::int64_t n : {3, 40}) {
      const Tensor A = random_matrices({2, n, n}, dtype);
      const Tensor one = matmul(matrix_exp(A[1]), matrix_exp(neg(A[1])));
      CHECK(largest(one - eye(n, n, dtype)) <
            1e3 * largest(matrix_exp(A[1])) * largest(matrix_exp(neg(A[1]))) * epsilon(dtype));
      check_close(matrix_exp(A)[1], matrix_exp(A[1].contiguous()), dtype, "batch");
      CHECK(std::isnan(largest(matrix_exp(full({n, n}, inf, dtype)))));
    }
  }
}

TEST_CASE("decompositions: least squares by QR and by singular values agree") {
  manual_seed(24);
  for (const DType dtype : matrix_dtypes) {
    const Tensor A = random_matrices({3, 60, 35}, dtype), B = random_matrices({3, 60, 2}, dtype);
    const auto [x, residuals, rank, values] = lstsq(A, B);
    check_close(x, matmul(pinv(A), B), dtype, "solution");
    check_close(values, svdvals(A), dtype, "values");
    check_close(residuals, sum(square(abs(matmul(A, x) - B)), {-2}), dtype, "residuals");
    CHECK(sum(rank).item().to_int() == 3 * 35);
    // One deficient matrix of a batch, right-hand sides that the batch shares, and the other way round.
    const Tensor deficient = A.clone();
    deficient[1].slice(1, 0, 1).fill_(0);
    check_close(lstsq(deficient, B).solution, matmul(pinv(deficient), B), dtype, "deficient");
    check_close(lstsq(A, B[0]).solution, matmul(pinv(A), B[0]), dtype, "shared right-hand sides");
    check_close(lstsq(A[0], B).solution, matmul(pinv(A[0]), B), dtype, "shared coefficients");
  }
}

TEST_CASE("decompositions: one thread or several, the same numbers") {
  manual_seed(25);
  const int threads = num_threads();
  for (const DType dtype : {float32, float64, complex128}) {
    const Tensor A = random_matrices({330, 330}, dtype);
    for (const auto& [what, f] : every_decomposition) {
      set_num_threads(1);
      const Tensors one = f(A);
      set_num_threads(3);
      const Tensors several = f(A);
      for (std::size_t i = 0; i < one.size(); ++i)
        CHECK_MESSAGE(identical(several[i], one[i]), what << " " << name(dtype) << " " << i);
    }
  }
  set_num_threads(threads);
}

TEST_CASE("decompositions: every large one can be interrupted") {
  manual_seed(26);
  const Tensor A = random_matrices({600, 600}, float64);
  for (const auto& [what, f] : every_decomposition) {
    int asked = 0;
    {
      const InterruptScope scope(
          [](void* context, const Progress&) { return ++*static_cast<int*>(context) < 3; }, &asked);
      CHECK_THROWS_AS_MESSAGE(f(A), Interrupted, what);
    }
    CHECK_MESSAGE(asked == 3, what);
  }
  CHECK(largest(matmul(A, inv(A)) - eye(600, 600, float64)) < 1e-8);
}

TEST_CASE("decompositions: the condition of zeros is infinite") {
  for (const DType dtype : matrix_dtypes) {
    CHECK(cond(zeros({3, 3}, dtype)).item().to_double() == inf);
    CHECK(cond(zeros({3, 2}, dtype), -2).item().to_double() == inf);
    CHECK(cond(zeros({3, 3}, dtype), 1).item().to_double() == inf);
    CHECK(cond(eye(3, 3, dtype)).item().to_double() == doctest::Approx(1));
  }
}

TEST_CASE("decompositions: tall matrices of equal numbers") {
  const std::int64_t m = 1000000;
  const Tensor x = ones({m, 2});
  CHECK(qr(x.slice(1, 0, 1), "r").R.item().to_double() == doctest::Approx(-1000).epsilon(1e-6));
  CHECK(qr(x, "r").R[0][1].item().to_double() == doctest::Approx(-1000).epsilon(1e-6));
  CHECK(svdvals(x)[0].item().to_double() == doctest::Approx(std::sqrt(2e6)).epsilon(1e-5));
  const Tensor one = x.slice(1, 0, 1);
  CHECK(lstsq(one, one).solution.item().to_double() == doctest::Approx(1).epsilon(2e-6));
}

TEST_CASE("decompositions: systems at the top of the range") {
  for (const DType dtype : {float32, float64}) {
    const double top = dtype == float32 ? 3e38 : 1e308;
    const Tensor A = tensor({top, top, -top, top}, dtype).reshape({2, 2});
    check_close(solve(A, full({2, 1}, top, dtype)), tensor({0, 1}, dtype).reshape({2, 1}), dtype, "solve");
    check_close(matmul(inv(A), A), eye(2, 2, dtype), dtype, "inv");
    const Tensor line = tensor({1, 1, 1, 2, 1, 3}, dtype).reshape({3, 2}), b = full({3, 1}, top, dtype);
    const Tensor fit = lstsq(line, b).solution;
    CHECK(fit[0][0].item().to_double() == doctest::Approx(top).epsilon(1e-5));
    CHECK(std::fabs(fit[1][0].item().to_double()) < 1e-5 * top);
  }
}

TEST_CASE(
    "decompositions: a matrix or right-hand side near the end of the range leaves its neighbours alone") {
  for (const DType dtype : {float32, float64, complex128}) {
    CAPTURE(name(dtype));
    const double top = dtype == float32 ? 1e38 : 1e308, low = dtype == float32 ? 1e-10 : 1e-20;
    const Tensor turn = tensor({1., 1., -1., 1.}, dtype).reshape({2, 2});
    const Tensor pair = stack({turn * top, turn * low}), own = turn * low;
    check_close(pinv(pair)[1], pinv(own), dtype, "pinv");
    check_close(inv(pair)[1], inv(own), dtype, "inv");
    const Tensor b = tensor({1., 2.}, dtype).reshape({2, 1}) * low;
    check_close(solve(pair, stack({b, b}))[1], solve(own, b), dtype, "solve");
    CHECK(cond(pair, 1)[1].item().to_double() == doctest::Approx(cond(own, 1).item().to_double()));
    // Columns of one system.
    const Tensor zero = zeros({2, 1}, dtype), large = full({2, 1}, top * 1.5, dtype);
    const Tensor columns = solve(turn, cat({large, b, zero}, 1));
    check_close(columns.slice(1, 1, 2), solve(turn, b), dtype, "a column");
    check_close(columns.slice(1, 2, 3), zero, dtype, "a column of zeros");
    const Tensor line = tensor({1., 1., 1., 2., 1., 3.}, dtype).reshape({3, 2});
    const Tensor heights = tensor({1., 2., 3.}, dtype).reshape({3, 1}) * low;
    const Tensor fit =
        lstsq(line, cat({full({3, 1}, top, dtype), heights, zeros({3, 1}, dtype)}, 1)).solution;
    check_close(fit.slice(1, 1, 2), lstsq(line, heights).solution, dtype, "lstsq");
    check_close(fit.slice(1, 2, 3), zero, dtype, "lstsq of zeros");
    const Tensor slope = tensor({1e10, 2e10, 3e10}, dtype).reshape({3, 1});
    const LeastSquares plain = lstsq(line, slope), high = lstsq(line * (top / 3), slope);
    check_close(high.solution * (top / 3), plain.solution, dtype, "lstsq of a large matrix");
    check_close(high.singular_values.unsqueeze(-1) / (top / 3), plain.singular_values.unsqueeze(-1), dtype,
                "its singular values");
  }
}

}  // namespace wick::test
