#include "wick/indexing.h"

#include <vector>

#include "wick/autograd/node.h"
#include "wick/creation.h"
#include "wick/loop.h"
#include "wick/parallel.h"
#include "wick/views.h"

namespace wick {
namespace {

// The positions as int64 without gaps, each within [0, size - 1].
Tensor checked_index(const char* operation, const Tensor& index, std::int64_t size) {
  if (index.dtype() != int64 && index.dtype() != int32) {
    throw DTypeError(std::string(operation) + ": the index must be int64 or int32, " +
                     std::string(name(index.dtype())) + " was given");
  }
  const NoGrad quiet;
  const Tensor positions = index.to(int64).contiguous();
  const std::int64_t* p = positions.data<std::int64_t>();
  for (std::int64_t i = 0; i < positions.numel(); ++i) {
    if (p[i] < 0 || p[i] >= size) {
      throw IndexError(std::string(operation) + ": index " + std::to_string(p[i]) +
                       " is out of range for size " + std::to_string(size));
    }
  }
  return positions;
}

struct Along {
  int dim;
  std::int64_t size;  // of that dimension; a 0-d tensor has one position
};

Along along(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  return {d, x.dim() == 0 ? 1 : x.sizes()[d]};
}

Tensor checked_list(const char* operation, const Tensor& index, std::int64_t size) {
  if (index.dim() > 1) {
    throw ShapeError(std::string(operation) + ": the index must have one dimension, shape " +
                     to_string(index.sizes()) + " was given");
  }
  return checked_index(operation, index, size);
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const auto [d, size] = along(x, dim);
  const Tensor positions = checked_list("index_select", index, size);
  const Tensor source = x.dim() == 0 ? x.detach().reshape({1}) : x.detach();
  Shape shape = source.sizes();
  shape[d] = positions.numel();
  Tensor out = empty(shape, x.dtype());
  if (out.numel() > 0) {
    const std::int64_t* p = positions.data<std::int64_t>();
    const std::int64_t slice_elements = out.numel() / shape[d];
    parallel_for(shape[d], std::max<std::int64_t>(parallel::grain / slice_elements, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   const NoGrad quiet;
                   for (std::int64_t i = begin; i < end; ++i)
                     copy_into(out.select(d, i), source.select(d, p[i]));
                 });
  }
  if (x.dim() == 0) out = out.reshape({});
  return record("index_select", out, {x}, [d = d, positions, shape = x.sizes()](const Tensor& g) {
    return Tensors{index_add(zeros(shape, g.dtype()), d, positions, g)};
  });
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const auto [d, size] = along(x, dim);
  const Tensor positions = checked_list("index_add", index, size);
  Shape expected = x.sizes();
  if (x.dim() > 0) expected[d] = positions.numel();
  if (source.sizes() != expected) {
    throw ShapeError("index_add: source must have shape " + to_string(expected) + ", " +
                     to_string(source.sizes()) + " was given");
  }
  const Tensor out = x.detach().clone();
  {
    const NoGrad quiet;
    const Tensor addend = source.detach().to(x.dtype());
    const auto loop = kernels::table().binary[static_cast<int>(kernels::Binary::Add)][at(x.dtype())];
    for (std::int64_t i = 0; i < positions.numel(); ++i) {
      const Tensor target = x.dim() == 0 ? out : out.select(d, positions.data<std::int64_t>()[i]);
      const Tensor piece = x.dim() == 0 ? addend : addend.select(d, i);
      run(make_nest({&target, &target, &piece}), loop);
    }
  }
  return record("index_add", out, {x, source}, [d = d, positions](const Tensor& g) {
    return Tensors{g, index_select(g, d, positions)};
  });
}

namespace {

void check_gather_shapes(const char* operation, const Tensor& x, const Tensor& index, int d) {
  bool fits = std::max(x.dim(), 1) == std::max(index.dim(), 1);
  for (int i = 0; fits && i < std::min(x.dim(), index.dim()); ++i) {
    fits = i == d || index.sizes()[i] <= x.sizes()[i];
  }
  if (!fits) {
    throw ShapeError(std::string(operation) + ": index of shape " + to_string(index.sizes()) +
                     " does not fit shape " + to_string(x.sizes()) + " along dimension " + std::to_string(d));
  }
}

// Calls move(element of the indexed tensor, element of the other) for every position; both pointers in bytes.
// The nest's operands: the index, the other tensor, and the indexed tensor at position 0 of the dimension.
template <class Move>
void walk(const Tensor& positions, const Tensor& indexed, int d, const Tensor& other, Move move) {
  if (positions.numel() == 0) return;
  const std::int64_t stride = indexed.dim() == 0 ? 0 : indexed.strides()[d] * indexed.itemsize();
  Strides strides = indexed.strides();
  if (indexed.dim() > 0) strides[d] = 0;
  const Tensor origin =
      make_view(indexed, positions.sizes(), indexed.dim() > 0 ? strides : Strides(positions.dim(), 0),
                indexed.raw_data());
  for_each_block(make_nest({&positions, &other, &origin}), [&](const kernels::Block& b) {
    for (std::int64_t r = 0; r < b.rows; ++r) {
      for (std::int64_t i = 0; i < b.n; ++i) {
        const auto position = *reinterpret_cast<std::int64_t*>(b.data[0] + r * b.row_step[0] + i * b.step[0]);
        move(b.data[2] + r * b.row_step[2] + i * b.step[2] + position * stride,
             b.data[1] + r * b.row_step[1] + i * b.step[1]);
      }
    }
  });
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const auto [d, size] = along(x, dim);
  check_gather_shapes("gather", x, index, d);
  const Tensor positions = checked_index("gather", index, size);
  const Tensor out = empty(index.sizes(), x.dtype());
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    walk(positions, x, d, out, [](char* indexed, char* other) {
      *reinterpret_cast<T*>(other) = *reinterpret_cast<const T*>(indexed);
    });
  });
  return record("gather", out, {x}, [d = d, positions, shape = x.sizes()](const Tensor& g) {
    return Tensors{scatter_add(zeros(shape, g.dtype()), d, positions, g)};
  });
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const auto [d, size] = along(x, dim);
  check_gather_shapes("scatter_add", x, index, d);
  if (source.sizes() != index.sizes()) {
    throw ShapeError("scatter_add: source of shape " + to_string(source.sizes()) +
                     " must have the index's shape " + to_string(index.sizes()));
  }
  const Tensor positions = checked_index("scatter_add", index, size);
  const Tensor out = x.detach().clone();
  const Tensor addend = source.detach().to(x.dtype());
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    walk(positions, out, d, addend, [](char* indexed, char* other) {
      T& target = *reinterpret_cast<T*>(indexed);
      const T& value = *reinterpret_cast<const T*>(other);
      if constexpr (std::is_same_v<T, bool>) {
        target = target || value;
      } else if constexpr (std::is_integral_v<T>) {
        target = static_cast<T>(static_cast<std::uint64_t>(target) + static_cast<std::uint64_t>(value));
      } else {
        target = static_cast<T>(target + value);
      }
    });
  });
  return record("scatter_add", out, {x, source}, [d = d, positions](const Tensor& g) {
    return Tensors{g, gather(g, d, positions)};
  });
}

}  // namespace wick
