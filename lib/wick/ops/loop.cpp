#include "wick/ops/loop.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "wick/core/parallel.h"

namespace wick {

std::int64_t LoopNest::elements() const noexcept {
  std::int64_t count = 1;
  for (int d = 0; d < rank; ++d) count *= size[d];
  return count;
}

void LoopNest::exchange(int a, int b) noexcept {
  std::swap(size[a], size[b]);
  for (int k = 0; k < operands; ++k) std::swap(step[k][a], step[k][b]);
}

void LoopNest::narrow(int d, std::int64_t index, std::int64_t count) noexcept {
  for (int k = 0; k < operands; ++k) data[k] += step[k][d] * index;
  size[d] = count;
}

namespace {

// Whether dimension a should lie inside dimension b: the first operand whose steps differ decides.
bool inside(const LoopNest& nest, int a, int b) {
  for (int k = 0; k < nest.operands; ++k) {
    const std::int64_t x = std::abs(nest.step[k][a]), y = std::abs(nest.step[k][b]);
    if (x != y && x != 0 && y != 0) return x < y;
  }
  return false;
}

void sort_dims(LoopNest& nest) {
  for (int i = 1; i < nest.rank; ++i) {
    for (int j = i; j > 0 && inside(nest, j, j - 1); --j) nest.exchange(j, j - 1);
  }
}

void merge_dims(LoopNest& nest) {
  int last = 0;
  for (int d = 1; d < nest.rank; ++d) {
    bool merges = true;
    for (int k = 0; k < nest.operands; ++k) {
      merges = merges && nest.step[k][d] == nest.step[k][last] * nest.size[last];
    }
    if (merges) {
      nest.size[last] *= nest.size[d];
      continue;
    }
    ++last;
    nest.size[last] = nest.size[d];
    for (int k = 0; k < nest.operands; ++k) nest.step[k][last] = nest.step[k][d];
  }
  nest.rank = std::min(nest.rank, last + 1);
}

}  // namespace

LoopNest make_loop_nest(std::initializer_list<const Tensor*> operands) {
  LoopNest nest;
  nest.operands = static_cast<int>(operands.size());
  const Tensor& first = **operands.begin();
  bool dense = true;
  int k = 0;
  for (const Tensor* t : operands) {
    nest.data[k++] = t->raw_data();
    dense = dense && t->is_contiguous() && t->sizes() == first.sizes();
  }
  // The strides of a tensor without elements may be too large to be counted in bytes.
  if (dense || first.numel() == 0) {
    nest.rank = 1;
    nest.size[0] = first.numel();
    k = 0;
    for (const Tensor* t : operands) nest.step[k++][0] = t->itemsize();
    return nest;
  }
  const int rank = first.dim();
  for (int d = rank - 1; d >= 0; --d) {
    if (first.sizes()[d] == 1) continue;
    nest.size[nest.rank] = first.sizes()[d];
    k = 0;
    for (const Tensor* t : operands) {
      const int own = d - (rank - t->dim());
      const bool stretched = own < 0 || t->sizes()[own] == 1;
      nest.step[k++][nest.rank] = stretched ? 0 : t->strides()[own] * t->itemsize();
    }
    ++nest.rank;
  }
  sort_dims(nest);
  merge_dims(nest);
  return nest;
}

namespace {

// Runs the nest, sharing out one of the dimensions from `lowest` on when there is work for several threads.
void run_split(const LoopNest& nest, kernels::Loop loop, const void* parameters, int cost, int lowest) {
  const std::int64_t elements = nest.elements();
  const auto serial = [&](const LoopNest& piece) {
    for_each_block(piece, [&](const kernels::Block& block) { loop(block, parameters); });
  };
  if (elements * cost <= parallel::grain || nest.rank <= lowest) {
    serial(nest);
    return;
  }
  // The outermost dimension that is long enough to be shared out evenly, else the longest.
  int split = nest.rank - 1;
  while (split > lowest && nest.size[split] < 8 * num_threads()) --split;
  if (nest.size[split] < 8 * num_threads()) {
    split = static_cast<int>(std::max_element(nest.size + lowest, nest.size + nest.rank) - nest.size);
  }
  const std::int64_t each = std::max<std::int64_t>(elements / nest.size[split] * cost, 1);
  parallel_for(nest.size[split], std::max<std::int64_t>(parallel::grain / each, 1),
               [&](std::int64_t begin, std::int64_t end) {
                 LoopNest piece = nest;
                 piece.narrow(split, begin, end - begin);
                 serial(piece);
               });
}

}  // namespace

void run_loop(const LoopNest& nest, kernels::Loop loop, const void* parameters, int cost) {
  run_split(nest, loop, parameters, cost, 0);
}

void run_loop_rows(const LoopNest& nest, kernels::Loop loop, const void* parameters, int cost) {
  run_split(nest, loop, parameters, cost, 1);
}

namespace {

// Same dtype, destination dense along one dimension and source along another: both walked in tiles.
bool copy_transposed(LoopNest& nest, std::int64_t itemsize) {
  if (nest.rank < 2 || nest.step[0][0] != itemsize || nest.step[1][0] == itemsize || nest.step[1][0] == 0) {
    return false;
  }
  int d = 1;
  while (d < nest.rank && nest.step[1][d] != itemsize) ++d;
  if (d == nest.rank || nest.size[d] < 4 || nest.size[0] < 4) return false;
  nest.exchange(1, d);
  run_loop(nest, kernels::table().transpose[std::countr_zero(static_cast<unsigned>(itemsize))]);
  return true;
}

}  // namespace

void copy_into(const Tensor& target, const Tensor& source) {
  LoopNest nest = make_loop_nest({&target, &source});
  const std::int64_t itemsize = target.itemsize();
  if (target.dtype() == source.dtype()) {
    if (nest.rank == 1 && nest.step[0][0] == itemsize && nest.step[1][0] == itemsize) {
      parallel_for(nest.size[0], parallel::grain * 8, [&](std::int64_t begin, std::int64_t end) {
        std::memcpy(nest.data[0] + begin * itemsize, nest.data[1] + begin * itemsize,
                    static_cast<std::size_t>((end - begin) * itemsize));
      });
      return;
    }
    if (copy_transposed(nest, itemsize)) return;
  }
  run_loop(nest, kernels::table().copy[index_of(target.dtype())][index_of(source.dtype())]);
}

void fill_into(const Tensor& target, const Scalar& value) {
  if (target.numel() == 0) return;
  dispatch(target.dtype(), [&]<class T>(TypeTag<T>) {
    T element;
    if constexpr (is_complex(dtype_of<T>)) {
      element = static_cast<T>(value.to_complex());
    } else if constexpr (is_floating(dtype_of<T>)) {
      element = static_cast<T>(value.to_double());
    } else if constexpr (std::is_same_v<T, bool>) {
      element = value.to_bool();
    } else {
      element = static_cast<T>(value.to_int());
    }
    LoopNest nest = make_loop_nest({&target});
    nest.operands = 2;
    nest.data[1] = reinterpret_cast<char*>(&element);
    std::fill_n(nest.step[1], std::max(nest.rank, 1), 0);
    run_loop(nest, kernels::table().copy[index_of(target.dtype())][index_of(target.dtype())]);
  });
}

Tensor empty_for(std::initializer_list<const Tensor*> inputs, DType dtype) {
  const Tensor& first = **inputs.begin();
  bool same_shape = true, all_contiguous = true;
  for (const Tensor* t : inputs) {
    same_shape = same_shape && t->sizes() == first.sizes();
    all_contiguous = all_contiguous && t->is_contiguous();
  }
  if (same_shape && all_contiguous) return empty(first.sizes(), dtype);
  Shape shape = first.sizes();
  if (!same_shape) {
    for (const Tensor* t : inputs) shape = broadcast_shapes(shape, t->sizes());
  }
  if (all_contiguous) return empty(shape, dtype);
  numel(shape);  // a ShapeError, before strides could overflow

  // Dimensions from the innermost out, as the inputs' strides order them.
  const int rank = shape.size();
  int order[max_rank];
  for (int i = 0; i < rank; ++i) order[i] = rank - 1 - i;
  const auto inner = [&](int a, int b) {
    for (const Tensor* t : inputs) {
      const int shift = rank - t->dim();
      if (a < shift || b < shift) continue;
      const std::int64_t x = t->sizes()[a - shift] == 1 ? 0 : std::abs(t->strides()[a - shift]);
      const std::int64_t y = t->sizes()[b - shift] == 1 ? 0 : std::abs(t->strides()[b - shift]);
      if (x != y && x != 0 && y != 0) return x < y;
    }
    return false;
  };
  for (int i = 1; i < rank; ++i) {
    for (int j = i; j > 0 && inner(order[j], order[j - 1]); --j) std::swap(order[j], order[j - 1]);
  }
  Strides strides = Strides::filled(rank, 1);
  std::int64_t step = 1;
  for (int i = 0; i < rank; ++i) {
    strides[order[i]] = step;
    step *= std::max<std::int64_t>(shape[order[i]], 1);
  }
  return empty_strided(shape, strides, dtype);
}

kernels::Loop checked_kernel(kernels::Loop loop, const char* operation, DType dtype) {
  if (!loop) throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype)));
  return loop;
}

}  // namespace wick
