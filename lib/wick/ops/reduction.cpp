#include "wick/ops/reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "wick/autograd/node.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {

using kernels::Arg;
using kernels::Reduce;
using kernels::ReduceLoops;

namespace {

// Which dimensions are reduced; all of them when none is named.
struct Selection {
  Dims dims;
  Shape kept;  // the shape with these dimensions of size 1
};

Selection select_dims(const Tensor& x, const Dims& dims) {
  Selection s{wrap_dims(dims, x.dim()), x.sizes()};
  for (const auto d : s.dims) s.kept[static_cast<int>(d)] = 1;
  return s;
}

// A dimension is reduced when `out` does not move along it.
bool is_reduced(const LoopNest& nest, int d) { return nest.step[0][d] == 0; }

void exchange(LoopNest& nest, int a, int b) {
  std::swap(nest.size[a], nest.size[b]);
  for (int k = 0; k < nest.operands; ++k) std::swap(nest.step[k][a], nest.step[k][b]);
}

// Arranges the nest (out, in) for the reduction kernels: dimension 0 is the densest of the input; dimension 1
// is the densest of the other sort, kept or reduced. Whether dimension 0 is the reduced one of the two.
bool arrange(LoopNest& nest) {
  const auto densest = [&](int from, auto&& accept) {
    int best = -1;
    for (int d = from; d < nest.rank; ++d) {
      if (accept(d) && (best < 0 || std::abs(nest.step[1][d]) < std::abs(nest.step[1][best]))) best = d;
    }
    return best;
  };
  if (nest.rank == 0) {
    nest.rank = 1;
    nest.size[0] = 1;
    nest.step[0][0] = nest.step[1][0] = 0;
  }
  exchange(nest, 0, densest(0, [](int) { return true; }));
  const bool inner = is_reduced(nest, 0);
  const int second = densest(1, [&](int d) { return is_reduced(nest, d) != inner; });
  if (second > 0) {
    exchange(nest, 1, second);
  } else {
    // None of the other sort: one of size 1.
    exchange(nest, nest.rank, nest.rank > 1 ? 1 : nest.rank);
    nest.size[1] = 1;
    nest.step[0][1] = nest.step[1][1] = 0;
    ++nest.rank;
  }
  return inner;
}

void fold_serial(LoopNest&& nest, const ReduceLoops& loops) {
  const kernels::Loop loop = arrange(nest) ? loops.inner : loops.outer;
  for_each_block(nest, [loop](const kernels::Block& block) { loop(block, nullptr); });
}

const ReduceLoops& loops_of(Reduce op, DType dtype) {
  return kernels::table().reduce[static_cast<int>(op)][index_of(dtype)];
}

// Folds `in` into `out`, which has its shape with reduced dimensions of size 1 and holds `identity`.
void fold(Reduce op, const Tensor& out, const Tensor& in, const Scalar& identity) {
  const ReduceLoops& loops = loops_of(op, in.dtype());
  const Tensor spread = out.expand(in.sizes());
  LoopNest nest = make_loop_nest({&spread, &in});
  const std::int64_t elements = nest.elements();
  if (elements <= parallel::grain) return fold_serial(std::move(nest), loops);

  int kept = -1, reduced = -1;  // the longest dimensions of either sort
  for (int d = 0; d < nest.rank; ++d) {
    int& best = is_reduced(nest, d) ? reduced : kept;
    if (best < 0 || nest.size[d] >= nest.size[best]) best = d;
  }
  if (kept >= 0 && (nest.size[kept] >= 64 || reduced < 0)) {
    // Kept positions are shared out, in pieces of whole cache lines: no two threads write to one.
    const std::int64_t each = std::max<std::int64_t>(elements / nest.size[kept], 1);
    parallel_for(nest.size[kept], std::max<std::int64_t>(parallel::grain / each, 16),
                 [&](std::int64_t begin, std::int64_t end) {
                   LoopNest piece = nest;
                   piece.narrow(kept, begin, end - begin);
                   fold_serial(std::move(piece), loops);
                 });
    return;
  }
  // Pieces of the longest reduced dimension are folded apart and then together. They do not depend on the
  // number of threads, and so neither does the result.
  const std::int64_t pieces = std::clamp<std::int64_t>(elements / (4 * parallel::grain), 1,
                                                       std::min<std::int64_t>(nest.size[reduced], 64));
  Shape shape = out.sizes();
  shape.insert(0, pieces);
  const Tensor partial = full(shape, identity, out.dtype());
  const std::int64_t piece_bytes = out.numel() * out.itemsize();
  const std::int64_t length = nest.size[reduced];
  // Of whole cache lines, if they are long.
  const auto begin_of = [=](std::int64_t p) {
    const std::int64_t begin = length * p / pieces;
    return p == pieces || length < 64 * pieces ? begin : begin / 64 * 64;
  };
  parallel_for(pieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t p = first; p < last; ++p) {
      LoopNest piece = nest;
      piece.narrow(reduced, begin_of(p), begin_of(p + 1) - begin_of(p));
      piece.data[0] = partial.raw_data() + p * piece_bytes;
      fold_serial(std::move(piece), loops);
    }
  });
  const Tensor repeated = out.unsqueeze(0).expand(shape);
  fold_serial(make_loop_nest({&repeated, &partial}), loops_of(op, out.dtype()));
}

// The result with reduced dimensions of size 1, in the type that the kernel gathers in.
Tensor reduce(Reduce op, const Tensor& x, const Selection& s, DType accumulator, const Scalar& identity) {
  const NoGrad no_grad;
  const Tensor out = full(s.kept, identity, accumulator);
  fold(op, out, x, identity);
  return out;
}

// Shape of the gradient of a reduction, spread over x again.
Tensor expand_back(const Tensor& g, const Shape& kept, const Shape& whole) {
  return g.reshape(kept).expand(whole);
}

DType sum_type(DType dtype) { return is_integral(dtype) ? int64 : dtype; }

DType accumulator_type(DType dtype) {
  return dtype == float16 || dtype == bfloat16 ? float32 : sum_type(dtype);
}

}  // namespace

Tensor sum(const Tensor& x, std::optional<DType> dtype) { return sum(x, Dims{}, false, dtype); }

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  if (dtype && *dtype != x.dtype()) return sum(x.to(*dtype), dims, keepdim, dtype);
  const Selection s = select_dims(x, dims);
  Tensor out = reduce(Reduce::Sum, x, s, accumulator_type(x.dtype()), 0);
  {
    const NoGrad no_grad;
    out = out.to(dtype.value_or(sum_type(x.dtype())));
    if (!keepdim) out = out.reshape(without_dims(x.sizes(), s.dims));
  }
  return record(
      "sum", out, {x}, saving(s.kept, x.sizes()),
      [](const Tensor& g, const Shape& kept, const Shape& whole) { return expand_back(g, kept, whole); });
}

namespace {

void check_floating(const char* operation, const Tensor& x) {
  if (is_integral(x.dtype())) {
    throw DTypeError(std::string(operation) + "(): input dtype should be either floating point or complex, " +
                     std::string(name(x.dtype())) + " was given");
  }
}

double reduced_count(const Tensor& x, const Selection& s) {
  double count = 1;
  for (const auto d : s.dims) count *= static_cast<double>(x.sizes()[static_cast<int>(d)]);
  return count;
}

}  // namespace

Tensor mean(const Tensor& x) { return mean(x, Dims{}); }

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check_floating("mean", x);
  const double count = reduced_count(x, select_dims(x, dims));
  return div(sum(x, dims, keepdim), count);
}

Tensor var(const Tensor& x) { return var(x, Dims{}); }

Tensor var(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  check_floating("var", x);
  if (is_complex(x.dtype()))
    return add(var(real(x), dims, unbiased, keepdim), var(imag(x), dims, unbiased, keepdim));
  const double count = reduced_count(x, select_dims(x, dims));
  const double divisor = std::max(count - (unbiased ? 1 : 0), 0.0);
  return div(sum(square(sub(x, mean(x, dims, true))), dims, keepdim), divisor);
}

Tensor std(const Tensor& x) { return std(x, Dims{}); }

Tensor std(const Tensor& x, const Dims& dims, bool unbiased, bool keepdim) {
  const Tensor variance = var(x, dims, unbiased, keepdim);
  // Equal elements have the gradient 0, where that of the root alone would be infinite.
  const Tensor out = sqrt(variance.detach());
  return record("std", out, {variance}, saving(out), [](const Tensor& g, const Tensor& deviation) {
    const Tensor zero = scalar_tensor(0, g.dtype());
    return where(eq(deviation, zero), zero, div(g, mul(deviation, 2)));
  });
}

namespace {

// The value that any other beats.
Scalar identity_of(bool largest, DType dtype) {
  return dispatch(dtype, [&]<class T>(TypeTag<T>) -> Scalar {
    if constexpr (std::is_integral_v<T>) {
      using Limits = std::numeric_limits<T>;
      return static_cast<std::int64_t>(largest ? Limits::min() : Limits::max());
    } else {
      return largest ? -HUGE_VAL : HUGE_VAL;
    }
  });
}

Tensor extreme(const char* operation, bool largest, const Tensor& x) {
  if (is_complex(x.dtype()))
    throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(x.dtype())));
  if (x.numel() == 0) {
    throw ShapeError(std::string(operation) + ": without a dim there must be elements, shape " +
                     to_string(x.sizes()) + " has none");
  }
  const Selection s = select_dims(x, {});
  Tensor out = reduce(largest ? Reduce::Max : Reduce::Min, x, s, x.dtype(), identity_of(largest, x.dtype()))
                   .reshape({});
  return record(
      operation, out, {x}, saving(x, out), [](const Tensor& g, const Tensor& in, const Tensor& result) {
        const Tensor found = in.detach(), value = result.detach();
        // A NaN equals nothing, not even the result; then the elements that are NaN share the gradient.
        const Tensor mask = where(eq(value, value), eq(found, value), ne(found, found)).to(g.dtype());
        return mul(div(g, sum(mask)), mask);
      });
}

ValuesIndices extreme(const char* operation, Arg which, const Tensor& x, std::int64_t dim, bool keepdim) {
  const auto loop = checked_kernel(kernels::table().arg[static_cast<int>(which)][index_of(x.dtype())],
                                   operation, x.dtype());
  const int d = wrap_dim(dim, x.dim());
  const Selection s = select_dims(x, {d});
  const Tensor indices = zeros(s.kept, int64);
  if (x.dim() > 0 && indices.numel() > 0) {
    if (x.sizes()[d] == 0) {
      throw IndexError(std::string(operation) + ": dimension " + std::to_string(d) + " of shape " +
                       to_string(x.sizes()) + " has no elements");
    }
    const NoGrad no_grad;
    const Tensor first = x.slice(d, 0, 1);
    LoopNest nest = make_loop_nest({&indices, &first});
    // The reduced dimension goes innermost.
    for (int i = nest.rank; i > 0; --i) exchange(nest, i, i - 1);
    ++nest.rank;
    nest.size[0] = x.sizes()[d];
    nest.step[0][0] = 0;
    nest.step[1][0] = x.strides()[d] * x.itemsize();
    run_loop_rows(nest, loop);
  }
  const Tensor values = gather(x, d, indices);
  if (keepdim) return {values, indices};
  return {values.squeeze(d), indices.squeeze(d)};
}

}  // namespace

Tensor max(const Tensor& x) { return extreme("max", true, x); }
Tensor min(const Tensor& x) { return extreme("min", false, x); }
ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme("max", Arg::Max, x, dim, keepdim);
}
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim) {
  return extreme("min", Arg::Min, x, dim, keepdim);
}

}  // namespace wick
