#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/data.h"

namespace commands {
namespace {

namespace la = wick::linalg;
using binding::NormWord;
using std::int64_t;
using wick::NamedTensors;

const Param matrices{"input", required, "matrix, or a batch of them in the last two dimensions"};
const Param keepdim{"keepdim", false, "keep the reduced dimensions with size 1"};

const std::vector<Param> triangle_params{
    {"row rows", required, "how many rows the matrix has"},
    {"col columns", required, "how many columns"},
    {"offset", int64_t{0}, "the diagonal: 0 the main one, above 0 above it, below 0 below it"},
    {"dtype", DType::Int64, "Int64 or Int32"}};

std::vector<Command> decompositions() {
  return {
      Command{
          .name = "tensor_svd",
          .summary = "The reduced singular value decomposition A = U diag(S) V^T.",
          .details =
              "For m by n matrices and k = min(m, n), U is m by k, S has k values in falling order, none "
              "negative, and V is n by k. The signs of the vectors are free. Float32, Float64, Complex64 "
              "and Complex128 only; nan and inf are an error.",
          .params = {matrices},
          .positional = {"input"},
          .returns = "a list of one element, the dict {U H1 S H2 V H3}",
          .call = bind([](Call& call, const Tensor& A) {
            const auto [U, S, Vh] = la::svd(A, false);
            return list_of_dict(call.state, {{"U", U}, {"S", S}, {"V", wick::conj(Vh.transpose(-2, -1))}});
          }),
      },
      Command{
          .name = "tensor_eigen",
          .summary = "Eigenvalues, rising, and eigenvectors of symmetric matrices.",
          .details =
              "Only the lower triangle is read; the upper one is taken to be its mirror image. The vectors "
              "are the columns of an orthogonal matrix, their signs are free. Float32, Float64, Complex64 "
              "and Complex128 only; nan and inf are an error.",
          .params = {{"input", required, "symmetric matrix, or a batch of them"}},
          .positional = {"input"},
          .returns = "the dict {eigenvalues H1 eigenvectors H2}",
          .call = bind([](const Tensor& A) {
            const auto [values, vectors] = la::eigh(A);
            return NamedTensors{{"eigenvalues", values}, {"eigenvectors", vectors}};
          }),
      },
      Command{
          .name = "tensor_qr",
          .summary = "A = Q R with orthonormal columns in Q and upper triangular R.",
          .details =
              "For m by n matrices and k = min(m, n), Q is m by k and R k by n. The signs are those of "
              "LAPACK's Householder reflections: the diagonal of R is mostly negative. Float32, Float64, "
              "Complex64 and Complex128 only.",
          .params = {{"tensor", required, "matrix, or a batch of them"}},
          .positional = {"tensor"},
          .returns = "a list of one element, the dict {Q H1 R H2}",
          .call = bind([](Call& call, const Tensor& A) {
            const auto [Q, R] = la::qr(A);
            return list_of_dict(call.state, {{"Q", Q}, {"R", R}});
          }),
      },
      Command{
          .name = "tensor_cholesky",
          .summary = "The lower triangular L with positive diagonal and A = L L^T.",
          .details =
              "Only the lower triangle of the input is read. An error when A is not positive definite.",
          .params = {{"input", required, "symmetric positive definite matrix, or a batch of them"}},
          .positional = {"input"},
          .returns = "same shape as the input, zeros above the diagonal",
          .call = bind([](const Tensor& A) { return la::cholesky(A); }),
      },
      Command{
          .name = "tensor_matrix_exp",
          .summary = "The matrix exponential I + A + A^2/2! + A^3/3! + ...",
          .details = "Not the exponential of the elements. Floating point and complex only.",
          .params = {{"input", required, "square matrix, or a batch of them"}},
          .positional = {"input"},
          .returns = "same shape as the input",
          .call = bind([](const Tensor& A) { return la::matrix_exp(A); }),
      },
      Command{
          .name = "tensor_pinv",
          .summary = "The Moore-Penrose inverse; for invertible matrices the inverse.",
          .details =
              "With the default rcond the rounding noise of a singular Float32 matrix passes for a singular "
              "value, and huge numbers come out: give one, such as 1e-5.",
          .params = {matrices,
                     {"rcond", 1e-15, "singular values up to rcond times the largest one count as 0"}},
          .positional = {"input ?rcond?"},
          .returns = "n by m for m by n",
          .call = bind([](const Tensor& A, double rcond) { return wick::pinverse(A, rcond); }),
      },
  };
}

std::vector<Command> products() {
  return {
      Command{
          .name = "cross",
          .summary = "The cross product of vectors of three elements.",
          .details =
              "Without -dim the vectors lie along the first dimension of size 3. Other dimensions of size 1 "
              "are broadcast. Both tensors have one dtype, Bool excepted.",
          .params = {{"input", required, "left factor"},
                     {"other", required, "right factor, as many dimensions"},
                     {"dim", omittable, "the dimension of size 3 that holds the vectors"}},
          .positional = {"input other ?dim?"},
          .returns = "the common shape",
          .call = bind(
              [](const Tensor& a, const Tensor& b, optional<int64_t> d) { return wick::cross(a, b, d); }),
      },
      Command{
          .name = "dot",
          .summary = "The sum of the products of corresponding elements of two vectors.",
          .details = "0 for empty vectors. Integers stay integers; Bool is refused.",
          .params = {{"input", required, "1-d"}, {"other", required, "1-d, same size and dtype"}},
          .positional = {"input other"},
          .returns = "0-d",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::dot(a, b); }),
      },
      Command{
          .name = "outer",
          .aliases = {"Outer"},
          .summary = "All products of an element of one vector and an element of the other.",
          .details = "The dtypes are promoted.",
          .params = {{"input", required, "1-d, n elements"}, {"other", required, "1-d, m elements"}},
          .positional = {"input other"},
          .returns = "n by m; element i, j is input[i] times other[j]",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::outer(a, b); }),
      },
      Command{
          .name = "trace",
          .aliases = {"Trace"},
          .summary = "The sum of the elements on the main diagonal.",
          .details = "Integers give Int64; Bool is refused.",
          .params = {{"input", required, "matrix, square or not"}},
          .positional = {"input"},
          .returns = "0-d",
          .call = bind([](const Tensor& x) { return wick::trace(x); }),
      },
      Command{
          .name = "diag",
          .summary = "A matrix with a vector as its diagonal, or the diagonal of a matrix.",
          .details = "Of a matrix there are no elements on a diagonal that lies outside.",
          .params = {{"input", required, "1-d or 2-d"},
                     {"diagonal", int64_t{0}, "0 is the main diagonal, positive ones lie above it"}},
          .positional = {"input ?diagonal?"},
          .returns = "n + |diagonal| square with zeros elsewhere for n elements, 1-d for a matrix",
          .call = bind([](const Tensor& x, int64_t diagonal) { return wick::diag(x, diagonal); }),
      },
      Command{
          .name = "diagflat",
          .aliases = {"diagFlat"},
          .summary = "The elements of a tensor of any shape on a diagonal of a matrix of zeros.",
          .params = {{"input", required, "the tensor"},
                     {"offset", int64_t{0}, "which diagonal: 0 is the main one, positive ones lie above it"}},
          .positional = {"input ?offset?"},
          .returns = "n + |offset| square for n elements",
          .call = bind([](const Tensor& x, int64_t offset) { return wick::diagflat(x, offset); }),
      },
      Command{
          .name = "tril",
          .summary = "Matrices with zeros above a diagonal.",
          .params = {matrices, {"diagonal", int64_t{0}, "the last diagonal kept: column - row <= diagonal"}},
          .positional = {"input ?diagonal?"},
          .returns = "same shape and dtype as the input",
          .call = bind([](const Tensor& x, int64_t diagonal) { return wick::tril(x, diagonal); }),
      },
      Command{
          .name = "triu",
          .summary = "Matrices with zeros below a diagonal.",
          .params = {matrices, {"diagonal", int64_t{0}, "the first diagonal kept: column - row >= diagonal"}},
          .positional = {"input ?diagonal?"},
          .returns = "same shape and dtype as the input",
          .call = bind([](const Tensor& x, int64_t diagonal) { return wick::triu(x, diagonal); }),
      },
      Command{
          .name = "tril_indices",
          .summary = "Where the elements on and below a diagonal of a matrix are, in row-major order.",
          .params = triangle_params,
          .positional = {"row col ?offset? ?dtype?"},
          .returns = "2 by their number: rows and columns",
          .call = bind([](std::int64_t rows, std::int64_t columns, std::int64_t offset, DType type) {
            return wick::tril_indices(rows, columns, offset, type);
          }),
      },
      Command{
          .name = "triu_indices",
          .summary = "Where the elements on and above a diagonal of a matrix are, in row-major order.",
          .params = triangle_params,
          .positional = {"row col ?offset? ?dtype?"},
          .returns = "2 by their number: rows and columns",
          .call = bind([](std::int64_t rows, std::int64_t columns, std::int64_t offset, DType type) {
            return wick::triu_indices(rows, columns, offset, type);
          }),
      },
      Command{
          .name = "addmm",
          .summary = "beta * input + alpha times the product of two matrices.",
          .details =
              "All of one dtype; the input is broadcast to the product and, for a beta of 0, not looked "
              "at. Beside integers the factors must be whole.",
          .params = {{"input", required, "what is added to"},
                     {"mat1", required, "n by m"},
                     {"mat2", required, "m by p"},
                     {"beta", 1.0, "factor of the input"},
                     {"alpha", 1.0, "factor of the product"}},
          .positional = {"input mat1 mat2 ?beta? ?alpha?"},
          .returns = "n by p",
          .call = bind([](const Tensor& x, const Tensor& a, const Tensor& b, const Number& beta,
                          const Number& alpha) { return wick::addmm(x, a, b, beta, alpha); }),
      },
      Command{
          .name = "vander",
          .summary = "The matrix of the powers of a vector's elements, a row for each.",
          .details = "Powers fall from N - 1 to 0 unless they are to rise. Integers give Int64.",
          .params = {{"x input", required, "the vector"},
                     {"N n", omittable, "how many columns; as many as elements when left out"},
                     {"increasing", false, "whether powers rise from 0"}},
          .positional = {"x ?N? ?increasing?"},
          .returns = "n by N",
          .call = bind([](const Tensor& x, optional<std::int64_t> columns, bool increasing) {
            return wick::vander(x, columns, increasing);
          }),
      },
      Command{
          .name = "cdist",
          .summary = "The distances of all pairs of a row of x1 and a row of x2.",
          .details = "The p-norm of the difference: 0 counts what is not 0, inf is the largest magnitude. "
                     "Floating point of one dtype; batches are broadcast. Computed from the differences, so "
                     "that distances of near points are exact too.",
          .params = {{"x1 input", required, "n points of m coordinates, n by m, or a batch of them"},
                     {"x2 other", required, "k points of m coordinates, k by m, or a batch of them"},
                     {"p", 2.0, "order of the norm, not negative"}},
          .positional = {"x1 x2 ?p?"},
          .returns = "n by k",
          .call = bind([](const Tensor& a, const Tensor& b, double p) { return wick::cdist(a, b, p); }),
      },
      Command{
          .name = "matrix_power",
          .summary = "A square matrix multiplied by itself n times.",
          .details =
              "n 0 gives the identity, a negative n the power -n of the inverse. Integers stay integers for "
              "n >= 0. By position n is needed.",
          .params = {{"input", required, "square matrix, or a batch of them"},
                     {"n", int64_t{2}, "the exponent"}},
          .positional = {"input n"},
          .returns = "same shape as the input",
          .call = bind([](const Tensor& A, int64_t n) { return la::matrix_power(A, n); }),
      },
  };
}

std::vector<Command> norms() {
  return {
      Command{
          .name = "matrix_rank",
          .summary = "The number of singular values greater than a threshold.",
          .details =
              "The threshold is absolute and does not grow with the matrix, other than PyTorch's default: "
              "rounding noise in a singular Float32 matrix is mostly above it.",
          .params =
              {matrices,
               {"tol tolerance", 1e-12, "absolute threshold"},
               {"hermitian", false,
                "whether the matrix is symmetric: magnitudes of eigenvalues of the mirrored lower triangle "
                "count"}},
          .positional = {"input ?tol? ?hermitian?"},
          .returns = "Int64, 0-d for a matrix, the batch's shape for a batch",
          .call = bind([](const Tensor& A, double tol, bool hermitian) {
            return la::matrix_rank(A, tol, 0.0, hermitian);
          }),
      },
      Command{
          .name = "cond",
          .summary = "The condition number: the norm of A times that of its inverse.",
          .details =
              "For p 2 the largest singular value divided by the smallest, for -2 the smallest divided by "
              "the largest, also of matrices that are not square. Singular matrices give inf.",
          .params = {matrices,
                     {"p norm", int64_t{2}, "1, -1, 2, -2, inf, -inf, fro or nuc, as in matrix_norm"}},
          .positional = {"input ?p?"},
          .returns = "0-d for a matrix, the batch's shape for a batch",
          .call = bind([](const Tensor& A, NormWord p) { return la::cond(A, p.norm.value_or(2)); }),
      },
      Command{
          .name = "matrix_norm",
          .summary = "The norm of matrices.",
          .details =
              "fro: root of the sum of squares. nuc: sum of the singular values. 2 and -2: the largest and "
              "the smallest singular value. 1 and -1: the largest and the smallest sum of magnitudes of a "
              "column; inf and -inf: of a row.",
          .params =
              {{"input", required, "floating point or complex, 2-d at least"},
               {"ord", "fro", "fro, nuc, 1, -1, 2, -2, inf or -inf"},
               {"dim", "-2 -1",
                "the dimension of the rows' index and that of the columns' index; the last two when left out "
                "or empty"},
               keepdim},
          .positional = {"input ?ord? ?dim? ?keepdim?"},
          .returns = "0-d for a matrix, the remaining dimensions for a batch",
          .call = bind([](const Tensor& A, NormWord ord, Ints dims, bool keep) {
            return la::matrix_norm(A, ord.norm.value_or("fro"), dims.empty() ? Ints{-2, -1} : dims, keep);
          }),
      },
      Command{
          .name = "vector_norm",
          .summary = "The norm of vectors: (sum |x|^ord)^(1/ord).",
          .details =
              "ord 0 counts the elements that are not 0, inf is the largest and -inf the smallest magnitude.",
          .params = {{"input", required, "floating point or complex, any shape"},
                     {"ord", 2.0, "order of the norm: any number, inf or -inf"},
                     {"dim", omittable, "dimensions to reduce; all when left out or empty"},
                     keepdim},
          .positional = {"input ?ord? ?dim? ?keepdim?"},
          .returns = "the input's shape without the reduced dimensions",
          .call = bind([](const Tensor& x, double ord, optional<Ints> dims, bool keep) {
            return la::vector_norm(x, ord, dims.value_or(Ints{}), keep);
          }),
      },
  };
}

std::vector<Command> solvers() {
  return {
      Command{
          .name = "lstsq",
          .aliases = {"leastSquares"},
          .summary = "The X for which every column of A X - B is shortest; of several the shortest.",
          .details = "B stands first, other than in PyTorch. By position A with fewer columns than B is "
                     "therefore an "
                     "error, as the two may have been exchanged; by name it is not.",
          .params = {{"b B", required, "right-hand sides, m by k, or a batch of them"},
                     {"a A", required, "coefficients, m by n, or a batch of them"},
                     {"rcond", omittable,
                      "singular values up to rcond times the largest one count as 0; by default the dtype's "
                      "precision times max(m, n)"}},
          .positional = {"b a ?rcond?"},
          .returns = "the solution, n by k",
          .call = bind([](Call& call, const Tensor& B, const Tensor& A, optional<double> rcond) {
            for (const auto& [name, given] : {std::pair<const char*, const Tensor&>{"B", B}, {"A", A}}) {
              if (given.dim() < 2) {
                wick::fail<wick::ShapeError>(
                    "lstsq", "{} must have at least 2 dimensions, shape {} was given", name, given.sizes());
              }
            }
            if ((call.by_position & 3) == 3 && A.size(-1) < B.size(-1)) {
              wick::fail<wick::ShapeError>(
                  "lstsq",
                  "B stands first, and A has fewer columns than B, shapes {} and {}; where "
                  "that is meant give them by name, -A and -B",
                  A.sizes(), B.sizes());
            }
            return la::lstsq(A, B, rcond).solution;
          }),
      },
      Command{
          .name = "solve",
          .summary = "The X of A X = B for square A, or of X A = B.",
          .details =
              "A stands first, as in torch.linalg.solve. A singular A is an error. Batch dimensions are "
              "broadcast; a B with A's shape but for the last dimension holds vectors.",
          .params = {{"A a input", required, "n by n, or a batch of them"},
                     {"B b other", required, "right-hand sides, n by k, or vectors"},
                     {"left", true, "whether A stands on the left: A X = B, else X A = B"}},
          .positional = {"A B ?left?"},
          .returns = "the shape of B, broadcast",
          .call = bind([](const Tensor& A, const Tensor& B, bool left) { return la::solve(A, B, left); }),
      },
      Command{
          .name = "inverse",
          .aliases = {"inv"},
          .summary = "The inverse of square matrices.",
          .details = "A singular matrix is an error; tensor_pinv takes any. To solve A X = B, solve is "
                     "faster and more "
                     "accurate than a product with the inverse.",
          .params = {matrices},
          .positional = {"input"},
          .returns = "the input's shape",
          .call = bind([](const Tensor& A) { return la::inv(A); }),
      },
      Command{
          .name = "det",
          .summary = "The determinant of square matrices.",
          .params = {matrices},
          .positional = {"input"},
          .returns = "the batch's shape, 0-d for one matrix",
          .call = bind([](const Tensor& A) { return la::det(A); }),
      },
      Command{
          .name = "lu",
          .summary = "A = P L U with partial pivoting, for square matrices.",
          .details =
              "P is a permutation matrix, L lower triangular with ones on its diagonal, U upper triangular. "
              "lu_factor gives them as lu_solve takes them.",
          .params = {matrices},
          .positional = {"input"},
          .returns = "the dict {P H1 L H2 U H3}",
          .call = bind([](const Tensor& A) {
            const auto [P, L, U] = la::lu(A);
            return NamedTensors{{"P", P}, {"L", L}, {"U", U}};
          }),
      },
      Command{
          .name = "lu_factor",
          .summary =
              "L and U of the factorization with partial pivoting in one matrix, and its row exchanges.",
          .details =
              "U stands on and above the diagonal, L below; for i from 1 to n, row i was exchanged with row "
              "pivots[i], one after the other. This is what lu_solve takes.",
          .params = {matrices},
          .positional = {"input"},
          .returns = "the dict {LU H1 pivots H2}, the pivots Int32 and counted from 1",
          .call = bind([](const Tensor& A) {
            const auto [LU, pivots] = la::lu_factor(A);
            return NamedTensors{{"LU", LU}, {"pivots", pivots}};
          }),
      },
      Command{
          .name = "solve_triangular",
          .summary = "The X of A X = B, or of X A = B, by substitution.",
          .details = "B stands first, and A is upper triangular unless told otherwise; in PyTorch A stands "
                     "first and "
                     "upper has no default. The other triangle of A is not read, nor its diagonal with "
                     "-unitriangular. "
                     "Batch dimensions are broadcast.",
          .params = {{"B b", required, "right-hand sides, n by k, or k by n if not left"},
                     {"A a", required, "triangular n by n matrix, or a batch of them"},
                     {"upper", true, "whether A is upper triangular, else lower"},
                     {"left", true, "whether A stands on the left: A X = B, else X A = B"},
                     {"unitriangular", false, "whether the diagonal counts as all ones"}},
          .positional = {"B A ?upper? ?left? ?unitriangular?"},
          .returns = "the shape of B",
          .call = bind([](const Tensor& B, const Tensor& A, bool upper, bool left, bool unitriangular) {
            return la::solve_triangular(A, B, upper, left, unitriangular);
          }),
      },
      Command{
          .name = "cholesky_solve",
          .summary = "The X of A X = B from A's Cholesky factor.",
          .details = "Only the factor's own triangle is read.",
          .params = {{"b B", required, "right-hand sides, n by k, or a batch of them"},
                     {"l L", required, "Cholesky factor, n by n, or a batch of them"},
                     {"upper", false, "whether the factor is the upper one, U with A = U^T U"}},
          .positional = {"b l ?upper?"},
          .returns = "n by k",
          .call = bind(
              [](const Tensor& B, const Tensor& L, bool upper) { return wick::cholesky_solve(B, L, upper); }),
      },
      Command{
          .name = "lu_solve",
          .summary = "The X of A X = B from a factorization P A = L U with partial pivoting.",
          .details =
              "For i from 1 to n, row i of B is exchanged with row pivots[i], one after the other; then "
              "L Y = P B and U X = Y are solved by substitution.",
          .params = {{"B b", required, "right-hand sides, n by k, or a batch of them"},
                     {"LU_data luData", required,
                      "n by n: U on and above the diagonal, L without its ones below"},
                     {"LU_pivots luPivots", required, "Int32, n elements, counted from 1"}},
          .positional = {"B LU_data LU_pivots"},
          .returns = "n by k",
          .call = bind([](const Tensor& B, const Tensor& LU, const Tensor& pivots) {
            return la::lu_solve(LU, pivots, B);
          }),
      },
  };
}

}  // namespace

const Area& linalg() {
  static const Area area{"linalg", "Linear algebra",
                         joined({decompositions(), products(), norms(), solvers()})};
  return area;
}

}  // namespace commands
