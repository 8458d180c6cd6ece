#pragma once

#include <optional>
#include <string_view>

#include "wick/core/tensor.h"

// Norms of vectors and matrices, as torch.linalg has them. Floating point and complex; DTypeError for
// integers. Results are real. Differentiable, where a norm has a corner as PyTorch does it: the slope of |x|
// at 0 is 0, and elements of equal size share that of a largest one.

namespace WICK_API wick {
namespace linalg {

// (sum |x|^ord)^(1/ord) over dims, or over all elements; ord 0 counts what is not 0, inf is the largest and
// -inf the smallest |x|. Error for ord < 0 and inf over no elements.
Tensor vector_norm(const Tensor& x, double ord = 2, const std::optional<Dims>& dims = std::nullopt,
                   bool keepdim = false);

// Which norm of a matrix: a number, or "fro" or "nuc". Error for others.
class MatrixNorm {
 public:
  enum Kind { Frobenius, Nuclear, Number };

  MatrixNorm(double order);
  MatrixNorm(int order) : MatrixNorm(static_cast<double>(order)) {}
  MatrixNorm(std::string_view name);
  MatrixNorm(const char* name) : MatrixNorm(std::string_view(name)) {}

  Kind kind() const { return kind_; }
  double order() const { return order_; }  // 1, -1, 2, -2, inf or -inf
  // Whether it is one of singular values.
  bool is_spectral() const { return kind_ == Nuclear || order_ == 2 || order_ == -2; }

 private:
  Kind kind_ = Number;
  double order_ = 0;
};

// "fro": root of the sum of squares. "nuc": sum of the singular values. 2, -2: the largest, the smallest
// singular value. 1, -1: the largest, the smallest sum of magnitudes of a column; inf, -inf: of a row. The
// matrices lie in two dimensions: that of the rows' index, that of the columns' index.
Tensor matrix_norm(const Tensor& A, const MatrixNorm& ord = "fro", const Dims& dims = {-2, -1},
                   bool keepdim = false);

// The norm of A times that of its inverse, inf where A is singular. For p = 2 the largest singular value
// divided by the smallest, for -2 the smallest divided by the largest, also where A is not square; inf for
// matrices of zeros. 0 for matrices without elements.
Tensor cond(const Tensor& A, const MatrixNorm& p = 2);

// The number of singular values above max(atol, rtol times the largest), int64; of Hermitian matrices, of
// which the lower triangle is read, magnitudes of eigenvalues. rtol is by default the dtype's epsilon times
// max(m, n), or 0 when an atol above 0 is given.
Tensor matrix_rank(const Tensor& A, std::optional<double> atol = std::nullopt,
                   std::optional<double> rtol = std::nullopt, bool hermitian = false);

}  // namespace linalg
}  // namespace wick
