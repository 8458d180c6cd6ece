#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wick/core/tensor.h"

namespace wick::sparse {
class Pattern;  // sparse/pattern.h
}

namespace WICK_API wick {

// How a sparse tensor says where its entries are. Coo: by the coordinates of each. Csr, Csc (matrices only):
// row by row, column by column, with ascending places in each and none twice.
enum class Layout { Coo, Csr, Csc };
// "coo", "csr", "csc"
std::string_view name(Layout layout);

// Entries at given places, and zeros elsewhere. The values are an ordinary tensor, values(), of a number for
// each entry or, in a hybrid tensor, of a tensor of the last dense_dim() dimensions for each. Where the
// entries are does not change, and tensors that differ in their values alone share it.
//
// Operations are functions of the values and are recorded as such: for gradients let values() require them
// (or call requires_grad_()), and find those of the values in values().grad(). All are differentiable, also
// twice, unless it says otherwise.
//
// Copies share the values. A default-constructed one is undefined, as with Tensor.
class SparseTensor {
 public:
  SparseTensor() noexcept = default;

  bool defined() const noexcept { return pattern_ != nullptr; }
  Layout layout() const;
  int dim() const { return sizes().size(); }
  const Shape& sizes() const;
  const Shape& shape() const { return sizes(); }
  std::int64_t size(std::int64_t d) const;  // IndexError outside [-dim(), dim() - 1]
  std::int64_t numel() const;               // of all positions, entries or not
  DType dtype() const { return values().dtype(); }
  // Dimensions in which entries have places, and those that each entry has for itself.
  int sparse_dim() const;
  int dense_dim() const { return dim() - sparse_dim(); }
  // The number of entries: zeros among them count, and several at one place.
  std::int64_t nnz() const;
  // Whether the entries are in row-major order and none is at the place of another. Csr and Csc are.
  bool is_coalesced() const;

  // (nnz, sizes of the dense dimensions). Shared: what changes it in place changes this tensor.
  const Tensor& values() const;
  // int64 of shape (sparse_dim, nnz): the coordinates of each entry, of any layout. Read-only.
  Tensor indices() const;
  // Csr and Csc: where the entries of each row (column) begin, with their number at the end, and the column
  // (row) of each. int64, read-only. Error for other layouts.
  Tensor crow_indices() const;
  Tensor col_indices() const;
  Tensor ccol_indices() const;
  Tensor row_indices() const;

  // The same places with other values, of the same shape and any dtype.
  SparseTensor with_values(const Tensor& values) const;
  SparseTensor to(DType dtype) const { return with_values(values().to(dtype)); }
  SparseTensor detach() const { return with_values(values().detach()); }
  SparseTensor clone() const { return with_values(values().clone()); }

  bool requires_grad() const { return values().requires_grad(); }
  const SparseTensor& requires_grad_(bool wanted = true) const;
  // What values().grad() has, at the same places; undefined before.
  SparseTensor grad() const;

  // The dense tensor: values at one place are added up (of bool: or).
  Tensor to_dense() const;
  // The entries in row-major order, one for each place. Coo as well as it is for other layouts.
  SparseTensor coalesce() const;
  // In another layout; Csr and Csc are for matrices without dense dimensions.
  SparseTensor to_sparse(Layout layout) const;
  SparseTensor to_sparse_coo() const { return to_sparse(Layout::Coo); }
  SparseTensor to_sparse_csr() const { return to_sparse(Layout::Csr); }
  SparseTensor to_sparse_csc() const { return to_sparse(Layout::Csc); }

  // Two sparse dimensions exchanged. Csr becomes Csc, and the other way round.
  SparseTensor transpose(std::int64_t dim0, std::int64_t dim1) const;
  SparseTensor t() const;
  // Coo without dense dimensions: each entry keeps its place in row-major order. One size may be -1.
  SparseTensor reshape(const Shape& shape) const;

  // For the library's own operations.
  SparseTensor(std::shared_ptr<const sparse::Pattern> pattern, Tensor values)
      : pattern_(std::move(pattern)), values_(std::move(values)) {}
  const sparse::Pattern& pattern() const;
  const std::shared_ptr<const sparse::Pattern>& shared_pattern() const { return pattern_; }

 private:
  const Tensor& compressed(Layout layout, bool pointers, const char* what) const;

  std::shared_ptr<const sparse::Pattern> pattern_;
  Tensor values_;
};

// Entry e has the coordinates indices[:, e] (int64 or int32, of shape (sparse dimensions, entries)) and the
// value values[e]. Several may have the same place, where they count as their sum. Dimensions of `size`
// beyond the rows of indices are dense. Without a size the smallest that holds all entries is taken.
// ShapeError for shapes that do not fit each other, IndexError for coordinates outside of the size.
SparseTensor sparse_coo_tensor(const Tensor& indices, const Tensor& values,
                               const std::optional<Shape>& size = std::nullopt);
// A matrix whose row r has the entries e from crow_indices[r] up to crow_indices[r + 1], at the columns
// col_indices[e], which ascend within a row. Without a size it has as many columns as are needed.
SparseTensor sparse_csr_tensor(const Tensor& crow_indices, const Tensor& col_indices, const Tensor& values,
                               const std::optional<Shape>& size = std::nullopt);
// The same by columns.
SparseTensor sparse_csc_tensor(const Tensor& ccol_indices, const Tensor& row_indices, const Tensor& values,
                               const std::optional<Shape>& size = std::nullopt);

// The elements of x that are not 0. Of a Coo tensor the last dimensions can be dense: an entry is then what
// has an element that is not 0. The derivative is that of picking these elements.
SparseTensor to_sparse(const Tensor& x, Layout layout = Layout::Coo, int dense_dim = 0);

// "tensor(indices=tensor([[0, 1]]), values=tensor([1., 2.]), size={3}, nnz=2, layout=coo)"
std::string to_string(const SparseTensor& x);
std::ostream& operator<<(std::ostream& out, const SparseTensor& x);

}  // namespace wick
