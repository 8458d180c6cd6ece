#include "wick/linalg/diagonals.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/linalg/matrices.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// The last two dimensions of zeros, but for a diagonal.
Tensor embedded(const Tensor& x, std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  Shape shape = x.sizes();
  shape[x.dim() - 1] = rows;
  shape.push_back(columns);
  const Tensor out = zeros(shape, x.dtype());
  {
    const NoGrad no_grad;
    const Tensor target = diagonal(out, offset, -2, -1);
    if (target.numel() > 0) copy_into(target, x);
  }
  return record("diag_embed", out, {x}, saving(offset),
                [](const Tensor& g, std::int64_t line) { return diagonal(g, line, -2, -1); });
}

// Row i keeps its elements up to, or from, position i + diagonal.
void keep_triangle(const Tensor& out, const Tensor& x, bool lower, std::int64_t diagonal) {
  const std::int64_t rows = x.size(-2), columns = x.size(-1), size = x.itemsize();
  const std::int64_t shift = std::clamp(diagonal, -rows, columns);
  parallel_for(x.numel() / columns, std::max<std::int64_t>(4 * parallel::grain / columns, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const char* source = x.raw_data() + i * columns * size;
                   char* target = out.raw_data() + i * columns * size;
                   const std::int64_t edge =
                       std::clamp<std::int64_t>(i % rows + shift + (lower ? 1 : 0), 0, columns);
                   const auto bytes = static_cast<std::size_t>(edge * size);
                   const auto rest = static_cast<std::size_t>((columns - edge) * size);
                   if (lower) {
                     std::memcpy(target, source, bytes);
                     std::memset(target + bytes, 0, rest);
                   } else {
                     std::memset(target, 0, bytes);
                     std::memcpy(target + bytes, source + bytes, rest);
                   }
                 }
               });
}

Tensor triangle(const char* operation, const Tensor& x, bool lower, std::int64_t diagonal) {
  check_rank(operation, x);
  const Tensor in = x.detach().contiguous(), out = empty(x.sizes(), x.dtype());
  if (x.numel() > 0) keep_triangle(out, in, lower, diagonal);
  return record(operation, out, {x}, saving(operation, lower, diagonal),
                [](const Tensor& g, const char* same, bool below, std::int64_t line) {
                  return triangle(same, g, below, line);
                });
}

}  // namespace

Tensor trace(const Tensor& x) {
  if (x.dim() != 2) fail<ShapeError>("trace", "expected a matrix, shape {} was given", x.sizes());
  if (x.dtype() == boolean) throw DTypeError("trace is not defined for bool");
  return sum(diagonal(x));
}

Tensor diag(const Tensor& x, std::int64_t offset) {
  if (x.dim() == 1) return diag_embed(x, offset);
  if (x.dim() == 2) return diagonal(x, offset).clone();
  fail<ShapeError>("diag", "a tensor of one or two dimensions is needed, shape {} was given", x.sizes());
}

Tensor diagflat(const Tensor& x, std::int64_t offset) { return diag_embed(x.flatten(), offset); }

Tensor diag_embed(const Tensor& x, std::int64_t offset) {
  if (x.dim() == 0) fail<ShapeError>("diag_embed", "the tensor must have at least 1 dimension, it is 0-d");
  std::int64_t size = 0;
  const std::int64_t n = x.size(-1);
  if (offset == INT64_MIN || __builtin_add_overflow(n, offset < 0 ? -offset : offset, &size)) {
    fail<ShapeError>("diag_embed", "a diagonal at offset {} is too large", offset);
  }
  return embedded(x, size, size, offset);
}

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle("tril", x, true, diagonal); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle("triu", x, false, diagonal); }

namespace {

// The part of a matrix up to a diagonal, or from one on.
struct Corner {
  std::int64_t rows, columns, offset;
  bool lower;

  // Of row i the columns from `first` to `end`.
  std::pair<std::int64_t, std::int64_t> range(std::int64_t i) const {
    if (lower) return {0, std::clamp<std::int64_t>(i + offset + 1, 0, columns)};
    return {std::clamp<std::int64_t>(i + offset, 0, columns), columns};
  }
  // The rows that have any.
  std::int64_t first_row() const { return lower ? std::clamp<std::int64_t>(-offset, 0, rows) : 0; }
  std::int64_t end_row() const { return lower ? rows : std::clamp<std::int64_t>(columns - offset, 0, rows); }
  // How many elements lie in it: rows from `first` on with one more each, up to whole ones, or the rest of
  // the lower corner. Twice the size of the matrix fits.
  std::int64_t count() const {
    if (!lower) return rows * columns - Corner{rows, columns, offset - 1, true}.count();
    const std::int64_t first = first_row();
    const std::int64_t whole = std::clamp<std::int64_t>(columns - offset - 1, first, rows);
    const auto ends =
        static_cast<std::uint64_t>(first + offset + 1) + static_cast<std::uint64_t>(whole + offset);
    const std::uint64_t rising = static_cast<std::uint64_t>(whole - first) * ends / 2;
    return static_cast<std::int64_t>(rising) + (rows - whole) * columns;
  }
};

Tensor indices_of(const char* operation, std::int64_t rows, std::int64_t columns, std::int64_t offset,
                  DType dtype, bool lower) {
  if (rows < 0 || columns < 0)
    fail<ShapeError>(operation, "sizes must not be negative, {} and {} were given", rows, columns);
  if (dtype != int64 && dtype != int32)
    fail<DTypeError>(operation, "indices are int64 or int32, {} was given", dtype);
  numel({2, rows, columns});
  if (rows == 0 || columns == 0) return empty({2, 0}, dtype);
  // An offset beyond the matrix is as good as one at its edge.
  const Corner corner{rows, columns, std::clamp(offset, -rows, columns), lower};
  const std::int64_t count = corner.count();
  const Tensor out = empty({2, count}, int64);
  std::int64_t *row = out.data<std::int64_t>(), *column = row + count;
  for (std::int64_t i = corner.first_row(); i < corner.end_row(); ++i) {
    check_interrupt();
    const auto [first, end] = corner.range(i);
    row = std::fill_n(row, end - first, i);
    std::iota(column, column + (end - first), first);
    column += end - first;
  }
  return out.to(dtype);
}

}  // namespace

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, DType dtype) {
  return indices_of("tril_indices", rows, columns, offset, dtype, true);
}
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, DType dtype) {
  return indices_of("triu_indices", rows, columns, offset, dtype, false);
}

}  // namespace wick
