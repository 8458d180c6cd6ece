#include "wick/ops/rearrange.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/allocator.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {

Tensor flip(const Tensor& x, const Dims& dims) {
  const Dims reversed = dims.empty() ? dims : wrap_dims(dims, x.dim());
  const Tensor out = empty_like(x);
  if (x.numel() > 0) {
    // x from its far end on: negative steps, for the copy alone.
    Strides strides = x.strides();
    std::int64_t start = 0;
    for (const auto dim : reversed) {
      const int d = static_cast<int>(dim);
      start += (x.sizes()[d] - 1) * strides[d];
      strides[d] = -strides[d];
    }
    copy_into(out, make_view(x, x.sizes(), strides, x.raw_data() + start * x.itemsize()));
  }
  return record("flip", out, {x}, saving(dims),
                [](const Tensor& g, const Dims& flipped) { return flip(g, flipped); });
}

Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims) {
  if (dims.empty() && shifts.size() == 1) return roll(x.flatten(), shifts, {0}).reshape(x.sizes());
  if (shifts.empty() || shifts.size() != dims.size()) {
    throw ShapeError("roll: shifts and dimensions must align, shifts " + to_string(shifts) + " and dims " +
                     to_string(dims) + " were given");
  }
  Tensor out = x;
  for (int i = 0; i < shifts.size(); ++i) {
    const std::int64_t size = x.size(dims[i]);
    const std::int64_t shift = size > 0 ? shifts[i] % size : 0;
    const std::int64_t cut = shift > 0 ? size - shift : -shift;
    out = cat({narrow(out, dims[i], cut, size - cut), narrow(out, dims[i], 0, cut)}, dims[i]);
  }
  return out;
}

Tensor rot90(const Tensor& x, std::int64_t k, const Dims& dims) {
  if (dims.size() != 2) {
    throw ShapeError("rot90: expected total rotation dims == 2, dims " + to_string(dims) + " was given");
  }
  if (x.dim() < 2) {
    throw ShapeError("rot90: expected total dims >= 2, shape " + to_string(x.sizes()) + " was given");
  }
  const int a = wrap_dim(dims[0], x.dim()), b = wrap_dim(dims[1], x.dim());
  if (a == b)
    throw ShapeError("rot90: the two dimensions must be different, dims " + to_string(dims) + " was given");
  switch ((k % 4 + 4) % 4) {
    case 1:
      return transpose(flip(x, {b}), a, b);
    case 2:
      return flip(x, {a, b});
    case 3:
      return transpose(flip(x, {a}), a, b);
    default:
      return x.clone();
  }
}

Tensor atleast_1d(const Tensor& x) { return x.dim() == 0 ? x.unsqueeze(0) : x; }
Tensor atleast_2d(const Tensor& x) { return x.dim() < 2 ? atleast_1d(x).unsqueeze(0) : x; }
Tensor atleast_3d(const Tensor& x) { return x.dim() < 3 ? atleast_2d(x).unsqueeze(-1) : x; }

namespace {

Tensors each_as(const char* operation, const Tensors& tensors, Tensor (*form)(const Tensor&)) {
  if (tensors.empty()) throw ShapeError(std::string(operation) + " expects a non-empty list of tensors");
  Tensors out;
  for (const Tensor& t : tensors) out.push_back(form(t));
  return out;
}

Tensor as_column(const Tensor& x) { return x.dim() < 2 ? x.reshape({x.numel(), 1}) : x; }

}  // namespace

Tensor hstack(const Tensors& tensors) {
  const Tensors parts = each_as("hstack", tensors, atleast_1d);
  return cat(parts, parts[0].dim() == 1 ? 0 : 1);
}

Tensor vstack(const Tensors& tensors) { return cat(each_as("vstack", tensors, atleast_2d), 0); }
Tensor dstack(const Tensors& tensors) { return cat(each_as("dstack", tensors, atleast_3d), 2); }
Tensor column_stack(const Tensors& tensors) { return cat(each_as("column_stack", tensors, as_column), 1); }

namespace {

void check_splittable(const char* operation, const Tensor& x, int least_rank) {
  if (x.dim() < least_rank) {
    throw ShapeError(std::string(operation) + ": at least a " + std::to_string(least_rank) +
                     "-dimensional tensor is needed, shape " + to_string(x.sizes()) + " was given");
  }
}

Tensors split_evenly(const char* operation, const Tensor& x, std::int64_t sections, int dim) {
  const std::int64_t size = x.sizes()[dim];
  if (sections < 1 || size % sections != 0) {
    throw ShapeError(std::string(operation) + ": size " + std::to_string(size) + " of dimension " +
                     std::to_string(dim) + " is not divisible into " + std::to_string(sections) +
                     " sections");
  }
  return tensor_split(x, sections, dim);
}

// The list itself may be more than memory holds, as sections may be empty: MemoryError.
void check_memory_for_views(std::int64_t count) {
  if (count < 1'000'000) return;
  constexpr std::int64_t each = 512;
  if (count > INT64_MAX / each)
    throw MemoryError("not enough memory for " + std::to_string(count) + " tensors");
  std::size_t capacity;
  void* trial = allocator::allocate(static_cast<std::size_t>(count * each), &capacity);
  allocator::deallocate(trial, capacity);
}

}  // namespace

Tensors split(const Tensor& x, std::int64_t size, std::int64_t dim) {
  check_splittable("split", x, 1);
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t whole = x.sizes()[d];
  if (size < 0 || (size == 0 && whole > 0)) {
    fail<ShapeError>("split", "the size of a part must be above 0, {} was given for dimension {} of shape {}",
                     size, d, x.sizes());
  }
  const std::int64_t parts = whole == 0 ? 1 : (whole - 1) / size + 1;
  check_memory_for_views(parts);
  Tensors out;
  for (std::int64_t i = 0; i < parts; ++i)
    out.push_back(slice(x, d, i * size, i + 1 < parts ? (i + 1) * size : whole));
  return out;
}

Tensors split(const Tensor& x, const Dims& sizes, std::int64_t dim) {
  check_splittable("split", x, 1);
  const int d = wrap_dim(dim, x.dim());
  std::int64_t left = x.sizes()[d];
  for (const auto size : sizes) {
    if (size < 0 || size > left) left = -1;
    if (left >= 0) left -= size;
  }
  if (left != 0) {
    fail<ShapeError>("split",
                     "sizes must not be negative and add up to that of dimension {} of shape {}, {} "
                     "were given",
                     d, x.sizes(), sizes);
  }
  Tensors out;
  std::int64_t start = 0;
  for (const auto size : sizes) {
    out.push_back(slice(x, d, start, start + size));
    start += size;
  }
  return out;
}

Tensors chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim) {
  check_splittable("chunk", x, 1);
  const int d = wrap_dim(dim, x.dim());
  if (chunks < 1) fail<ShapeError>("chunk", "the number of chunks must be above 0, {} was given", chunks);
  const std::int64_t size = x.sizes()[d];
  // Of nothing as many as were asked for, as in PyTorch.
  return size == 0 ? tensor_split(x, chunks, d) : split(x, (size - 1) / chunks + 1, d);
}

Tensors unbind(const Tensor& x, std::int64_t dim) {
  check_splittable("unbind", x, 1);
  const int d = wrap_dim(dim, x.dim());
  check_memory_for_views(x.sizes()[d]);
  Tensors out;
  for (std::int64_t i = 0; i < x.sizes()[d]; ++i) out.push_back(select(x, d, i));
  return out;
}

Tensors tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim) {
  check_splittable("tensor_split", x, 1);
  const int d = wrap_dim(dim, x.dim());
  if (sections < 1) {
    throw ShapeError("tensor_split: number of sections must be larger than 0, " + std::to_string(sections) +
                     " was given");
  }
  check_memory_for_views(sections);
  const std::int64_t size = x.sizes()[d], length = size / sections, longer = size % sections;
  Tensors parts;
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < sections; ++i) {
    const std::int64_t end = start + length + (i < longer ? 1 : 0);
    parts.push_back(slice(x, d, start, end));
    start = end;
  }
  return parts;
}

Tensors tensor_split(const Tensor& x, const Dims& indices, std::int64_t dim) {
  check_splittable("tensor_split", x, 1);
  const int d = wrap_dim(dim, x.dim());
  Tensors parts;
  std::int64_t start = 0;
  for (const auto end : indices) {
    parts.push_back(slice(x, d, start, end));
    start = end;
  }
  parts.push_back(slice(x, d, start, x.sizes()[d]));
  return parts;
}

Tensors hsplit(const Tensor& x, std::int64_t sections) {
  check_splittable("hsplit", x, 1);
  return split_evenly("hsplit", x, sections, x.dim() == 1 ? 0 : 1);
}
Tensors hsplit(const Tensor& x, const Dims& indices) {
  check_splittable("hsplit", x, 1);
  return tensor_split(x, indices, x.dim() == 1 ? 0 : 1);
}
Tensors vsplit(const Tensor& x, std::int64_t sections) {
  check_splittable("vsplit", x, 2);
  return split_evenly("vsplit", x, sections, 0);
}
Tensors vsplit(const Tensor& x, const Dims& indices) {
  check_splittable("vsplit", x, 2);
  return tensor_split(x, indices, 0);
}
Tensors dsplit(const Tensor& x, std::int64_t sections) {
  check_splittable("dsplit", x, 3);
  return split_evenly("dsplit", x, sections, 2);
}
Tensors dsplit(const Tensor& x, const Dims& indices) {
  check_splittable("dsplit", x, 3);
  return tensor_split(x, indices, 2);
}

Tensors broadcast_tensors(const Tensors& tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& t : tensors) shapes.push_back(t.sizes());
  const Shape shape = broadcast_shapes(shapes);
  Tensors out;
  for (const Tensor& t : tensors) out.push_back(t.expand(shape));
  return out;
}

Tensors meshgrid(const Tensors& tensors, std::string_view indexing) {
  if (indexing != "ij" && indexing != "xy")
    throw Error("meshgrid: indexing must be ij or xy, " + std::string(indexing) + " was given");
  if (tensors.empty()) throw ShapeError("meshgrid expects a non-empty list of tensors");
  Shape shape;
  for (const Tensor& t : tensors) {
    if (t.dim() > 1) {
      throw ShapeError("meshgrid: Expected 0D or 1D tensor, shape " + to_string(t.sizes()) + " was given");
    }
    check_same_dtype("meshgrid", tensors[0].dtype(), t.dtype());
    shape.push_back(t.numel());
  }
  const int rank = shape.size();
  numel(shape);
  Tensors grids;
  for (int k = 0; k < rank; ++k) {
    Shape own = Shape::filled(rank, 1);
    own[k] = shape[k];
    const Tensor grid = tensors[static_cast<std::size_t>(k)].reshape(own).expand(shape);
    grids.push_back(indexing == "xy" && rank > 1 ? transpose(grid, 0, 1) : grid);
  }
  return grids;
}

namespace {

void check_vector(const char* operation, const Tensor& x) {
  if (x.dim() != 1) {
    throw ShapeError(std::string(operation) + ": Expect a 1D vector, shape " + to_string(x.sizes()) +
                     " was given");
  }
}

}  // namespace

Tensor cartesian_prod(const Tensors& tensors) {
  for (const Tensor& t : tensors) check_vector("cartesian_prod", t);
  if (tensors.size() == 1) return tensors[0];
  const Tensors grids = meshgrid(tensors);
  return stack(grids, -1).reshape({grids[0].numel(), static_cast<std::int64_t>(grids.size())});
}

namespace {

// n over k. ShapeError when int64 does not hold it.
std::int64_t binomial(std::int64_t n, std::int64_t k) {
  if (k > n) return 0;
  k = std::min(k, n - k);
  // C(n, i) grows with i up to n / 2, so that too large a count shows after some sixty steps.
  std::int64_t count = 1;
  for (std::int64_t i = 1; i <= k; ++i) {
    // count (n - k + i) / i without an intermediate product: i divides what is left of it in either factor.
    const std::int64_t common = std::gcd(count, i);
    if (__builtin_mul_overflow(count / common, (n - k + i) / (i / common), &count)) {
      throw ShapeError("combinations: " + std::to_string(n) + " over " + std::to_string(k) +
                       " rows cannot be counted");
    }
  }
  return count;
}

// Turns the row of positions below n into the next one: the last position that can still rise does, those
// after it start anew behind it.
void next_choice(std::int64_t* row, std::int64_t r, std::int64_t n, bool with_replacement) {
  std::int64_t i = r - 1;
  while (i >= 0 && row[i] == (with_replacement ? n - 1 : n - r + i)) --i;
  if (i < 0) return;
  std::int64_t position = row[i] + 1;
  for (; i < r; ++i) {
    row[i] = position;
    if (!with_replacement) ++position;
  }
}

}  // namespace

Tensor combinations(const Tensor& x, std::int64_t r, bool with_replacement) {
  check_vector("combinations", x);
  if (r < 0) throw ShapeError("combinations: r must be non-negative, " + std::to_string(r) + " was given");
  if (r == 0) return empty({0}, x.dtype());
  const std::int64_t n = x.numel();
  if (r > INT64_MAX - n)
    throw ShapeError("combinations: r is too large, " + std::to_string(r) + " was given");
  const std::int64_t rows = binomial(with_replacement ? n + r - 1 : n, r);
  const Tensor positions = empty({rows, r}, int64);
  auto* row = positions.data<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i, row += r) {
    if (i == 0) {
      for (std::int64_t j = 0; j < r; ++j) row[j] = with_replacement ? 0 : j;
    } else {
      std::copy_n(row - r, r, row);
      next_choice(row, r, n, with_replacement);
    }
  }
  return gather(x, 0, positions.flatten()).reshape({rows, r});
}

Tensor block_diag(const Tensors& tensors) {
  if (tensors.empty()) return empty({1, 0});
  Shape shape{0, 0};
  // The dtype that an operation on all of them has: see result_type.
  std::optional<Tensor> wide, flat;
  for (const Tensor& t : tensors) {
    if (t.dim() > 2) {
      throw ShapeError("block_diag: Input tensors must have 2 or fewer dimensions, shape " +
                       to_string(t.sizes()) + " was given");
    }
    std::optional<Tensor>& kind = t.dim() > 0 ? wide : flat;
    kind = kind ? empty(t.dim() > 0 ? Shape{0} : Shape{}, promote_types(kind->dtype(), t.dtype())) : t;
    const Tensor block = atleast_2d(t);
    for (int d = 0; d < 2; ++d) {
      if (__builtin_add_overflow(shape[d], block.sizes()[d], &shape[d]))
        throw ShapeError("block_diag: the size of dimension " + std::to_string(d) + " cannot be counted");
    }
  }
  const DType dtype = wide && flat ? result_type(*wide, *flat) : (wide ? wide : flat)->dtype();
  const Tensor out = zeros(shape, dtype);
  std::vector<Shape> own;
  {
    const NoGrad no_grad;
    std::int64_t row = 0, column = 0;
    for (const Tensor& t : tensors) {
      const Tensor block = atleast_2d(t);
      copy_into(narrow(narrow(out, 0, row, block.size(0)), 1, column, block.size(1)), block);
      own.push_back(t.sizes());
      row += block.size(0);
      column += block.size(1);
    }
  }
  record_all("block_diag", {out}, tensors, saving(own),
             [](const Tensors& g, const std::vector<Shape>& shapes) {
               Tensors grads;
               std::int64_t row = 0, column = 0;
               for (const Shape& s : shapes) {
                 const std::int64_t rows = s.size() < 2 ? 1 : s[0], columns = s.size() < 1 ? 1 : s.back();
                 grads.push_back(narrow(narrow(g[0], 0, row, rows), 1, column, columns).reshape(s));
                 row += rows;
                 column += columns;
               }
               return grads;
             });
  return out;
}

}  // namespace wick
