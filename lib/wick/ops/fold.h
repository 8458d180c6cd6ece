#pragma once

// Private: brings reductions to the kernels.

#include "wick/core/tensor.h"
#include "wick/kernels/table.h"
#include "wick/ops/reduction.h"

namespace wick {

struct LoopNest;

// Which dimensions are reduced; all of them when none is named.
struct ReducedDims {
  ReducedDims(const Tensor& x, const Dims& asked);

  Dims dims;
  Shape kept;        // the shape with these dimensions of size 1
  double count = 1;  // of elements that make one result
};

// The nest of (results ..., input) as the reduction kernels want it: dimension 0 is the densest of the input,
// dimension 1 the densest of the other sort, kept or reduced, of size 1 if there is none. Whether dimension 0
// is the reduced one of the two. A dimension is reduced when operand 0 does not move along it; `input` is the
// number of the operand that is read.
bool arrange_reduction(LoopNest& nest, int input);

// Runs the loops over lines, the reduced dimensions of the nest, which is one at most: results are shared out
// among threads.
void run_lines(LoopNest nest, const kernels::LineLoops& loops, int input);

// The reduction of x, unrecorded, with reduced dimensions of size 1, in the dtype that the operation stores;
// see kernels::Reduce. There must be elements for a maximum or minimum. `center` has the result's shape.
Tensor reduce(kernels::Reduce op, const Tensor& x, const ReducedDims& s,
              const kernels::ReduceFinish& finish = {}, const Tensor* center = nullptr);

// max() and min() along a dimension for an operation of another name.
ValuesIndices extreme_along(const char* operation, kernels::Extreme which, const Tensor& x, std::int64_t dim,
                            bool keepdim);

// For each element of x, floating point or complex, the product of the others along the dimension, so that
// any may be 0. Differentiable.
Tensor products_of_others(const Tensor& x, int dim);

// The largest magnitudes as divisors: 1 in place of one that is 0 or not finite.
Tensor as_scale(const Tensor& largest);

}  // namespace wick
