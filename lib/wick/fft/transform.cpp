#include "wick/fft/transform.h"

#include <algorithm>
#include <bit>

#include "wick/autograd/node.h"
#include "wick/core/parallel.h"
#include "wick/fft/plan.h"
#include "wick/kernels/fft.h"
#include "wick/kernels/table.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/of_dtype.h"

namespace wick::fft {
namespace {

using kernels::FftKind;

// A tensor of the first element along a dimension.
Tensor first_along(const Tensor& x, int dim) {
  Shape shape = x.sizes();
  shape[dim] = 1;
  return make_view(x, shape, x.strides(), x.raw_data());
}

// All lines along a dimension, on several threads where they are many. `out` may be the input itself.
void run(const Tensor& out, const Tensor& in, int dim, FftKind kind, std::int64_t n, bool inverse,
         double scale) {
  if (out.numel() == 0) return;
  const DType parts = real_dtype(in.dtype());
  const bool halved = kind != FftKind::Complex && n % 2 == 0;
  const auto plan = fft::plan(halved ? n / 2 : n, parts, halved);
  kernels::FftLines lines{};
  lines.plan = plan.get();
  lines.kind = kind;
  lines.n = n;
  lines.inverse = inverse;
  lines.scale = scale;
  lines.in_step = in.strides()[dim] * in.itemsize();
  lines.out_step = out.strides()[dim] * out.itemsize();
  const kernels::FftFunctions& functions = of_dtype(*kernels::table().fft, parts);

  const Tensor first_out = first_along(out, dim), first_in = first_along(in, dim);
  const LoopNest nest = make_loop_nest({&first_out, &first_in});
  const auto each = [&](const LoopNest& piece) {
    Tensor scratch;
    for_each_block(piece, [&](const kernels::Block& block) {
      kernels::FftLines some = lines;
      some.lines = block.n;
      some.out_line = block.step[0];
      some.in_line = block.step[1];
      if (!scratch.defined()) scratch = empty({functions.scratch(some)}, uint8);
      some.scratch = scratch.raw_data();
      for (std::int64_t r = 0; r < block.rows; ++r) {
        some.out = block.data[0] + r * block.row_step[0];
        some.in = block.data[1] + r * block.row_step[1];
        functions.run(some);
      }
    });
  };
  if (nest.rank == 0) return each(nest);
  const auto longest = std::max_element(nest.size, nest.size + nest.rank) - nest.size;
  const int split = nest.size[nest.rank - 1] >= 8 * num_threads() ? nest.rank - 1 : static_cast<int>(longest);
  const std::int64_t others = nest.elements() / nest.size[split];
  const std::int64_t work =
      std::max<std::int64_t>(n * std::bit_width(static_cast<std::uint64_t>(n)), 1) * others;
  // No fewer lines than are done side by side.
  const std::int64_t least = std::max<std::int64_t>(parallel::grain / work, split == 0 ? 16 : 1);
  parallel_for(nest.size[split], least, [&](std::int64_t begin, std::int64_t end) {
    LoopNest piece = nest;
    piece.narrow(split, begin, end - begin);
    each(piece);
  });
}

// The bins that stand for two, themselves and their conjugates, times a factor.
Tensor scale_inner(const Tensor& x, std::int64_t dim, std::int64_t n, double factor) {
  const std::int64_t bins = n / 2 + 1;
  const Tensor weights = full({bins}, factor, real_dtype(x.dtype()));
  weights.select(0, 0).fill_(1);
  if (n % 2 == 0) weights.select(0, bins - 1).fill_(1);
  Shape shape = Shape::filled(x.dim(), 1);
  shape[wrap_dim(dim, x.dim())] = bins;
  return mul(x, weights.reshape(shape));
}

Shape resized(const Tensor& x, int dim, std::int64_t n) {
  Shape shape = x.sizes();
  shape[dim] = n;
  return shape;
}

}  // namespace

Tensor complex_to_complex(const Tensor& x, const Dims& dims, bool inverse, double scale) {
  const Tensor out = empty(x.sizes(), x.dtype());
  const Tensor* in = &x;
  for (int i = dims.size() - 1; i >= 0; --i) {
    const int dim = wrap_dim(dims[i], x.dim());
    run(out, *in, dim, FftKind::Complex, x.sizes()[dim], inverse, i == 0 ? scale : 1);
    in = &out;
  }
  if (dims.empty()) copy_into(out, x);
  return record("fft", out, {x}, saving(dims, inverse, scale),
                [](const Tensor& g, const Dims& along, bool back, double factor) {
                  return complex_to_complex(g, along, !back, factor);
                });
}

Tensor real_to_complex(const Tensor& x, std::int64_t dim, double scale) {
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t n = x.sizes()[d];
  const Tensor out = empty(resized(x, d, n / 2 + 1), x.dtype() == float64 ? complex128 : complex64);
  run(out, x, d, FftKind::RealToComplex, n, false, scale);
  return record("rfft", out, {x}, saving(dim, n, scale),
                [](const Tensor& g, std::int64_t along, std::int64_t count, double factor) {
                  return complex_to_real(scale_inner(g, along, count, 0.5), along, count, factor);
                });
}

Tensor complex_to_real(const Tensor& x, std::int64_t dim, std::int64_t n, double scale) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor out = empty(resized(x, d, n), real_dtype(x.dtype()));
  run(out, x, d, FftKind::ComplexToReal, n, true, scale);
  return record("irfft", out, {x}, saving(dim, n, scale),
                [](const Tensor& g, std::int64_t along, std::int64_t count, double factor) {
                  return scale_inner(real_to_complex(g, along, factor), along, count, 2);
                });
}

}  // namespace wick::fft
