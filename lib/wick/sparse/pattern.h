#pragma once

// Private: where the entries of sparse tensors are.

#include <memory>
#include <mutex>
#include <optional>

#include "wick/autograd/node.h"
#include "wick/sparse/sparse_tensor.h"

namespace wick {
namespace sparse {

// The entries of a matrix row by row, for products.
struct Compressed {
  Tensor pointers;  // (rows + 1): where each row begins, and where the last one ends
  Tensor columns;   // (nnz)
  Tensor order;     // (nnz): which of the pattern's entries it is; undefined where they are in this order
};

class Pattern;

// What coalescing makes of a pattern.
struct Coalesced {
  std::shared_ptr<const Pattern> pattern;
  Tensor order;  // (nnz): the entries in the order of their places
  Tensor group;  // (nnz): to which entry of the new pattern each one belongs
};

// Never changed once made; what follows from it is computed when it is first asked for. All tensors are
// int64, contiguous and read-only, and hold valid places.
class Pattern {
 public:
  static std::shared_ptr<const Pattern> coo(const Shape& shape, const Tensor& indices, bool coalesced);
  // Csr or Csc: `inner` are the columns or the rows.
  static std::shared_ptr<const Pattern> compressed(Layout layout, const Shape& shape, const Tensor& pointers,
                                                   const Tensor& inner);

  Layout layout() const { return layout_; }
  const Shape& shape() const { return shape_; }
  int sparse_dims() const { return sparse_dims_; }
  std::int64_t nnz() const { return nnz_; }
  bool is_coalesced() const { return coalesced_; }
  const Tensor& pointers() const { return pointers_; }
  const Tensor& inner() const { return inner_; }
  // The sizes of the sparse dimensions, and of the dense ones.
  Shape sparse_shape() const;
  Shape dense_shape() const;
  // (nnz, dense dimensions)
  Shape values_shape() const;

  const Tensor& indices() const;  // (sparse dimensions, nnz)
  const Tensor& keys() const;     // (nnz): the places in row-major order of the sparse dimensions
  const Coalesced& coalesce() const;
  // Of a matrix: by rows, or by columns, then as the rows of the transposed one.
  const Compressed& by_rows() const;
  const Compressed& by_columns() const;

 private:
  Pattern() = default;
  Compressed compress(int along) const;

  Layout layout_ = Layout::Coo;
  Shape shape_;
  int sparse_dims_ = 0;
  std::int64_t nnz_ = 0;
  bool coalesced_ = false;
  Tensor pointers_, inner_;

  mutable std::recursive_mutex mutex_;
  mutable Tensor indices_, keys_;
  mutable std::optional<Coalesced> coalesced_form_;
  mutable std::optional<Compressed> rows_, columns_;
};

using PatternPtr = std::shared_ptr<const Pattern>;

// The places in row-major order of coordinates (dimensions, n), and back.
Tensor linear_places(const Tensor& coordinates, const Shape& shape);
Tensor coordinates_of(const Tensor& places, const Shape& shape);

// Groups of equal keys, which are below `limit`: an order in which they are together, the group of each and
// how many there are.
struct Groups {
  Tensor order, group;
  std::int64_t count;
};
Groups group_by(const Tensor& keys, std::int64_t limit);

// The values that follow from those of x, for the pattern x.pattern().coalesce().pattern.
Tensor coalesced_values(const SparseTensor& x);

// Refusals that name the operation.
void check_matrix(const char* operation, const SparseTensor& x);
void check_same_shape(const char* operation, const Shape& a, const Shape& b);

// The sums of values[e] D[column of e] over the entries e of each row; `transposed` exchanges rows and
// columns. And for each entry the product of row A[row of e] and B[column of e]. Each is what the derivatives
// of the other are made of.
Tensor times_dense(const Tensor& values, const Tensor& dense, const PatternPtr& pattern, bool transposed);
Tensor sampled(const Tensor& a, const Tensor& b, const PatternPtr& pattern);

}  // namespace sparse

namespace autograd {
// Places are never changed.
template <>
inline constexpr bool saved_by_value<sparse::PatternPtr> = true;
}  // namespace autograd

}  // namespace wick
