#include "wick/ops/fold.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "wick/autograd/gradient.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"

namespace wick {

using kernels::Reduce;
using kernels::ReduceFinish;
using kernels::ReduceLoops;

ReducedDims::ReducedDims(const Tensor& x, const Dims& asked)
    : dims(wrap_dims(asked, x.dim())), kept(x.sizes()) {
  for (const auto d : dims) {
    count *= static_cast<double>(kept[static_cast<int>(d)]);
    kept[static_cast<int>(d)] = 1;
  }
}

bool arrange_reduction(LoopNest& nest, int input) {
  const auto is_reduced = [&](int d) { return nest.step[0][d] == 0; };
  const auto densest = [&](int from, auto&& accept) {
    int best = -1;
    for (int d = from; d < nest.rank; ++d) {
      if (accept(d) && (best < 0 || std::abs(nest.step[input][d]) < std::abs(nest.step[input][best])))
        best = d;
    }
    return best;
  };
  const auto unit = [&](int d) {
    nest.size[d] = 1;
    for (int k = 0; k < nest.operands; ++k) nest.step[k][d] = 0;
  };
  if (nest.rank == 0) {
    nest.rank = 1;
    unit(0);
  }
  nest.exchange(0, densest(0, [](int) { return true; }));
  const bool inner = is_reduced(0);
  const int second = densest(1, [&](int d) { return is_reduced(d) != inner; });
  if (second > 0) {
    nest.exchange(1, second);
  } else {
    unit(nest.rank);
    if (nest.rank > 1) nest.exchange(nest.rank, 1);
    ++nest.rank;
  }
  return inner;
}

void run_lines(LoopNest nest, const kernels::LineLoops& loops, int input) {
  const bool rows = arrange_reduction(nest, input);
  const kernels::Loop loop = rows ? loops.rows : loops.columns;
  int split = rows ? 1 : 0;  // the longest kept dimension
  for (int d = 2; d < nest.rank; ++d) {
    if (nest.size[d] > nest.size[split]) split = d;
  }
  const std::int64_t each = std::max<std::int64_t>(nest.elements() / nest.size[split], 1);
  parallel_for(nest.size[split], std::max<std::int64_t>(parallel::grain / each, 16),
               [&](std::int64_t begin, std::int64_t end) {
                 LoopNest piece = nest;
                 piece.narrow(split, begin, end - begin);
                 for_each_block(piece, [&](const kernels::Block& block) { loop(block, nullptr); });
               });
}

namespace {

void fold_serial(LoopNest nest, const ReduceLoops& loops, const ReduceFinish* finish) {
  const kernels::Loop loop = arrange_reduction(nest, 1) ? loops.inner : loops.outer;
  for_each_block(nest, [&](const kernels::Block& block) { loop(block, finish); });
}

DType result_type(Reduce op, DType dtype, bool wide) {
  if (op == Reduce::Squares || op == Reduce::Deviations || wide) return float64;
  return (op == Reduce::Sum || op == Reduce::Prod) && is_integral(dtype) ? int64 : dtype;
}

// Of partial results.
DType partial_type(Reduce op, DType dtype) {
  const bool half = is_half(dtype);
  switch (op) {
    case Reduce::Sum:
    case Reduce::NanSum:
    case Reduce::Prod:
      return half ? float32 : is_integral(dtype) ? int64 : is_complex(dtype) ? complex128 : float64;
    case Reduce::Squares:
      return float64;
    case Reduce::Deviations:
      return complex128;  // a pair of doubles
    default:
      return half ? float32 : dtype == boolean ? uint8 : dtype;
  }
}

// The value that changes nothing.
Scalar identity_of(Reduce op, DType dtype) {
  if (op != Reduce::Max && op != Reduce::Min) return op == Reduce::Prod ? 1 : 0;
  return dispatch(dtype, [&]<class T>(TypeTag<T>) -> Scalar {
    if constexpr (std::is_integral_v<T>) {
      using Limits = std::numeric_limits<T>;
      return static_cast<std::int64_t>(op == Reduce::Max ? Limits::min() : Limits::max());
    } else {
      return op == Reduce::Max ? -HUGE_VAL : HUGE_VAL;
    }
  });
}

// How a large reduction is shared out among threads: along a kept dimension, or in pieces of a reduced one,
// which do not depend on the number of threads, so that neither does the result.
struct Split {
  int kept = -1;
  int reduced = -1;
  std::int64_t pieces = 1;
};

Split split_of(const LoopNest& nest) {
  Split split;
  const std::int64_t elements = nest.elements();
  if (elements <= parallel::grain) return split;
  int kept = -1, reduced = -1;  // the longest dimensions of either sort
  for (int d = 0; d < nest.rank; ++d) {
    int& best = nest.step[0][d] == 0 ? reduced : kept;
    if (best < 0 || nest.size[d] >= nest.size[best]) best = d;
  }
  if (kept >= 0 && (nest.size[kept] >= 64 || reduced < 0)) {
    split.kept = kept;
  } else {
    split.pieces = std::clamp<std::int64_t>(elements / (4 * parallel::grain), 1,
                                            std::min<std::int64_t>(nest.size[reduced], 64));
    if (split.pieces > 1) split.reduced = reduced;
  }
  return split;
}

void fold_split(const LoopNest& nest, const Split& split, std::int64_t piece_bytes, const ReduceLoops& loops,
                const ReduceFinish* finish) {
  if (split.kept >= 0) {
    // In pieces of whole cache lines: no two threads write to one. They begin where vectors do, as some sums
    // differ in the last place between vectors and single columns.
    constexpr std::int64_t unit = 16;
    const std::int64_t size = nest.size[split.kept], each = std::max<std::int64_t>(nest.elements() / size, 1);
    parallel_for((size + unit - 1) / unit, std::max<std::int64_t>(parallel::grain / (each * unit), 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   LoopNest piece = nest;
                   piece.narrow(split.kept, begin * unit, std::min(end * unit, size) - begin * unit);
                   fold_serial(piece, loops, finish);
                 });
    return;
  }
  if (split.reduced < 0) return fold_serial(nest, loops, finish);
  const std::int64_t length = nest.size[split.reduced];
  // Of whole cache lines, if they are long.
  const auto begin_of = [&](std::int64_t p) {
    const std::int64_t begin = length * p / split.pieces;
    return p == split.pieces || length < 64 * split.pieces ? begin : begin / 64 * 64;
  };
  parallel_for(split.pieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t p = first; p < last; ++p) {
      LoopNest piece = nest;
      piece.narrow(split.reduced, begin_of(p), begin_of(p + 1) - begin_of(p));
      piece.data[0] = nest.data[0] + p * piece_bytes;
      fold_serial(piece, loops, finish);
    }
  });
}

// The variances of pairs of sums, of deviations and of their squares.
Tensor finish_deviations(const Tensor& pairs, const ReduceFinish& finish) {
  const Tensor out = empty(pairs.sizes(), float64);
  const auto* pair = pairs.data<std::complex<double>>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const double squares = pair[i].imag() - pair[i].real() * pair[i].real() / finish.count;
    out.data<double>()[i] = std::max(squares, squares == squares ? 0.0 : squares) / finish.divisor;
  }
  return out;
}

}  // namespace

Tensor reduce(Reduce op, const Tensor& given, const ReducedDims& s, const ReduceFinish& finish,
              const Tensor* center) {
  const NoGrad no_grad;
  const Tensor x = given.detach();
  const DType stored = result_type(op, x.dtype(), finish.wide);
  if (x.numel() == 0) {
    if (numel(s.kept) == 0) return empty(s.kept, stored);
    if (op == Reduce::Prod) return ones(s.kept, stored);
    const double nothing = 0 / finish.divisor;
    if (is_complex(stored)) return full(s.kept, std::complex<double>(nothing, nothing), stored);
    return is_integral(stored) ? zeros(s.kept, stored) : full(s.kept, nothing, stored);
  }
  const ReduceLoops& loops = kernels::table().reduce[op][index_of(x.dtype())];
  const auto nest_for = [&](const Tensor& out) {
    const Tensor target = out.expand(x.sizes());
    return center ? make_loop_nest({&target, &x, center}) : make_loop_nest({&target, &x});
  };
  Tensor out = empty(s.kept, stored);
  LoopNest nest = nest_for(out);
  const Split split = split_of(nest);
  int reduced = 0;
  for (int d = 0; d < nest.rank; ++d) reduced += nest.step[0][d] == 0;
  if (reduced <= 1 && split.pieces == 1) {
    fold_split(nest, split, 0, loops, &finish);
    return out;
  }
  // Several blocks add to one result.
  Shape shape = s.kept;
  shape.insert(0, split.pieces);
  const DType partial = partial_type(op, x.dtype());
  const Tensor sums = full(shape, identity_of(op, partial), partial);
  fold_split(nest_for(sums[0]), split, numel(s.kept) * sums.itemsize(), loops, nullptr);
  if (op == Reduce::Deviations)
    return finish_deviations(reduce(Reduce::Sum, sums, ReducedDims(sums, {0}))[0], finish);
  const Reduce merge = op == Reduce::Squares || op == Reduce::NanSum ? Reduce::Sum : op;
  return reduce(merge, sums, ReducedDims(sums, {0}), finish)[0].to(stored);
}

Tensor as_scale(const Tensor& largest) {
  const Tensor usable = logical_and(gt(largest, scalar_tensor(0, largest.dtype())), isfinite(largest));
  return where(usable, largest, scalar_tensor(1, largest.dtype()));
}

}  // namespace wick
