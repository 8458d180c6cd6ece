#pragma once

// Private: brings tensors of any strides to the kernels, which see two-dimensional blocks.

#include <initializer_list>

#include "wick/core/tensor.h"
#include "wick/kernels/table.h"

namespace wick {

// A loop nest over operands of one shape: dimension 0 is the innermost. Dimensions of size 1 are dropped and
// those that all operands walk alike are merged.
struct LoopNest {
  int rank = 0;
  int operands = 0;
  std::int64_t size[max_rank];
  std::int64_t step[kernels::max_operands][max_rank];  // bytes
  char* data[kernels::max_operands];

  std::int64_t elements() const noexcept;
  void exchange(int a, int b) noexcept;
  // Moves operand pointers to position `index` of dimension `d`, which gets `count` positions.
  void narrow(int d, std::int64_t index, std::int64_t count) noexcept;
};

// The operands broadcast to the first one's shape; the order of dimensions is the first one's memory order.
LoopNest make_loop_nest(std::initializer_list<const Tensor*> operands);

// Runs the loop over all of the nest, on several threads when it is large. `cost`: work of an element, in
// cheap operations.
void run_loop(const LoopNest& nest, kernels::Loop loop, const void* parameters = nullptr, int cost = 1);

// The same for loops that see whole rows: dimension 0 is never shared out among threads.
void run_loop_rows(const LoopNest& nest, kernels::Loop loop, const void* parameters = nullptr, int cost = 1);

// Calls f(block) for every two-dimensional block of the nest, in this thread.
template <class F>
void for_each_block(const LoopNest& nest, F&& f) {
  if (nest.elements() == 0) return;
  kernels::Block block{};
  block.n = nest.rank > 0 ? nest.size[0] : 1;
  block.rows = nest.rank > 1 ? nest.size[1] : 1;
  for (int k = 0; k < nest.operands; ++k) {
    block.data[k] = nest.data[k];
    block.step[k] = nest.rank > 0 ? nest.step[k][0] : 0;
    block.row_step[k] = nest.rank > 1 ? nest.step[k][1] : 0;
  }
  if (nest.rank <= 2) {
    f(block);
    return;
  }
  std::int64_t at[max_rank] = {};
  for (;;) {
    f(block);
    int d = 2;
    for (; d < nest.rank; ++d) {
      for (int k = 0; k < nest.operands; ++k) block.data[k] += nest.step[k][d];
      if (++at[d] < nest.size[d]) break;
      for (int k = 0; k < nest.operands; ++k) block.data[k] -= nest.step[k][d] * nest.size[d];
      at[d] = 0;
    }
    if (d >= nest.rank) return;
  }
}

// Copies `source` into `target`, converting; shapes are equal, or source broadcasts to target's.
void copy_into(const Tensor& target, const Tensor& source);
void fill_into(const Tensor& target, const Scalar& value);

// A new tensor of the broadcast shape whose memory order follows that of the inputs (PyTorch's rule), so that
// the loops run along memory.
Tensor empty_for(std::initializer_list<const Tensor*> inputs, DType dtype);

// The kernel, or a DTypeError "exp is not defined for bool".
kernels::Loop checked_kernel(kernels::Loop loop, const char* operation, DType dtype);

inline std::size_t index_of(DType dtype) noexcept { return static_cast<std::size_t>(dtype); }

}  // namespace wick
