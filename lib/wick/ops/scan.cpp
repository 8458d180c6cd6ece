#include "wick/ops/scan.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/core/questions.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/fold.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/scatter.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// A row-major tensor seen as (outer, n, inner), the scan running over n.
struct Lines {
  std::int64_t outer = 1, n = 1, inner = 1;

  Lines(const Tensor& x, int dim) {
    for (int d = 0; d < x.dim(); ++d) (d < dim ? outer : d == dim ? n : inner) *= x.sizes()[d];
  }

  // Calls line(offset) for every line; its elements are `inner` apart.
  template <class F>
  void each(F&& line) const {
    parallel_for(outer * inner, std::max<std::int64_t>(parallel::grain / std::max<std::int64_t>(n, 1), 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) line(i / inner * n * inner + i % inner);
                 });
  }
};

// What running results are gathered in, as PyTorch does it: half precision in float, float in double.
template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
                                       std::conditional_t<std::is_same_v<T, float>, double, T>>;

// Wraps around for integers.
struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    } else {
      return a + b;
    }
  }
};
struct Times {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
    } else {
      return a * b;
    }
  }
};

// out[i] = out[i - 1] op x[i] along a line without gaps.
template <class T, class Op>
void running_line(const T* x, T* out, std::int64_t n, Op op) {
  using A = Accumulator<T>;
  A total = static_cast<A>(x[0]);
  out[0] = static_cast<T>(total);
  for (std::int64_t i = 1; i < n;) {
    if (i > 1) check_interrupt();
    const std::int64_t end = std::min(n, i + between_questions);
    // Groups are summed up aside, so that one addition in four waits for the one before. Only where this
    // cannot overflow: A holds any product of four T, or wraps.
    if constexpr (std::is_same_v<T, float> || std::is_integral_v<T>) {
      for (; i + 4 <= end; i += 4) {
        const A a = static_cast<A>(x[i]), b = op(a, static_cast<A>(x[i + 1])), c = static_cast<A>(x[i + 2]);
        const A third = op(b, c), fourth = op(b, op(c, static_cast<A>(x[i + 3])));
        out[i] = static_cast<T>(op(total, a));
        out[i + 1] = static_cast<T>(op(total, b));
        out[i + 2] = static_cast<T>(op(total, third));
        total = op(total, fourth);
        out[i + 3] = static_cast<T>(total);
      }
    }
    for (; i < end; ++i) {
      total = op(total, static_cast<A>(x[i]));
      out[i] = static_cast<T>(total);
    }
  }
}

// The same for lines that lie side by side, row after row, so that memory is walked in order.
template <class T, class Op>
void running_rows(const T* x, T* out, std::int64_t rows, std::int64_t row,
                  std::vector<Accumulator<T>>& totals, Op op) {
  using A = Accumulator<T>;
  for (std::int64_t j = 0; j < row; ++j) {
    totals[static_cast<std::size_t>(j)] = static_cast<A>(x[j]);
    out[j] = x[j];
  }
  const std::int64_t between = std::max<std::int64_t>(between_questions / row, 1);
  for (std::int64_t i = 1; i < rows; ++i) {
    if (i % between == 0) check_interrupt();
    for (std::int64_t j = 0; j < row; ++j) {
      A& total = totals[static_cast<std::size_t>(j)];
      total = op(total, static_cast<A>(x[i * row + j]));
      out[i * row + j] = static_cast<T>(total);
    }
  }
}

// In the type of x.
template <class Op>
Tensor running(const Tensor& x, int dim, Op op) {
  const Tensor in = x.detach().contiguous();
  const Tensor out = empty(x.sizes(), x.dtype());
  if (out.numel() == 0) return out;
  const Lines lines(x, dim);
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      const std::int64_t rows = lines.n, row = lines.inner, block = rows * row;
      parallel_for(lines.outer, std::max<std::int64_t>(parallel::grain / block, 1),
                   [&](std::int64_t begin, std::int64_t end) {
                     std::vector<Accumulator<T>> totals(static_cast<std::size_t>(row));
                     for (std::int64_t o = begin; o < end; ++o) {
                       const T* source = in.data<T>() + o * block;
                       T* target = out.data<T>() + o * block;
                       if (row == 1) {
                         running_line(source, target, rows, op);
                       } else {
                         running_rows(source, target, rows, row, totals, op);
                       }
                     }
                   });
    }
  });
  return out;
}

// x one place further on along the dimension, with `first` in front.
Tensor shifted(const Tensor& x, int dim, double first) {
  const Tensor rest = narrow(x, dim, 0, x.size(dim) - 1);
  return cat({full_like(narrow(x, dim, 0, 1).detach(), first, x.dtype()), rest}, dim);
}

Tensor recurrence_from_end(const Tensor& a, const Tensor& b, int dim);

Tensor widened(const Tensor& x) { return is_integral(x.dtype()) ? x.to(int64) : x; }

Tensor cumsum_from_end(const Tensor& x, int dim) { return flip(cumsum(flip(x, {dim}), dim), {dim}); }

// y[k] = b[k] + a[k] y[k - 1] along the dimension, from y[-1] = 0; a and b of one shape and dtype.
Tensor recurrence(const Tensor& a, const Tensor& b, int dim) {
  const Tensor factors = a.detach().contiguous(), addends = b.detach().contiguous();
  const Tensor out = empty(b.sizes(), b.dtype());
  if (out.numel() == 0) return out;
  const Lines lines(b, dim);
  dispatch(b.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_integral_v<T>) {
      using A = Accumulator<T>;
      lines.each([&](std::int64_t at) {
        const T *factor = factors.data<T>() + at, *addend = addends.data<T>() + at;
        T* y = out.data<T>() + at;
        A last = static_cast<A>(addend[0]);
        y[0] = addend[0];
        for (std::int64_t k = 1, i = lines.inner; k < lines.n; ++k, i += lines.inner) {
          ask_after(k);
          last = static_cast<A>(addend[i]) + static_cast<A>(factor[i]) * last;
          y[i] = static_cast<T>(last);
        }
      });
    }
  });
  // With r the gradient of all that b[k] enters: r[k] = g[k] + a[k + 1] r[k + 1].
  return record("recurrence", out, {a, b}, saving(a, out, dim),
                [](const Tensor& g, const Tensor& factor, const Tensor& y, int along) {
                  const Tensor r = recurrence_from_end(conj(factor), g, along);
                  return Tensors{mul(r, conj(shifted(y, along, 0))), r};
                });
}

// y[k] = b[k] + a[k + 1] y[k + 1]
Tensor recurrence_from_end(const Tensor& a, const Tensor& b, int dim) {
  const Tensor turned = shifted(flip(a, {dim}), dim, 0);
  return flip(recurrence(turned, flip(b, {dim}), dim), {dim});
}

// Lines side by side that are taken together.
constexpr std::int64_t line_group = 32;

// As product_dtype.
template <class T>
using Product = std::conditional_t<
    std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
    std::conditional_t<std::is_same_v<T, float>, double,
                       std::conditional_t<std::is_same_v<T, std::complex<float>>, std::complex<double>, T>>>;

// A dtype in which products of a few elements, and their sums, stay within the range.
DType product_dtype(DType dtype) {
  if (is_half(dtype)) return float32;
  return dtype == float32 ? float64 : dtype == complex64 ? complex128 : dtype;
}

// Calls f.template operator()<fixed>(at, columns, before) for groups of the lines of x: the first element of
// each, how many lines lie side by side, and room for a wide number for each of their elements. `fixed` is
// the number of columns where the compiler is to know it, else 0.
template <class T, class F>
void each_line_group(const Tensor& x, int dim, F f) {
  using A = Product<T>;
  const Lines lines(x, dim);
  const std::int64_t groups = (lines.inner + line_group - 1) / line_group;
  const std::int64_t least = parallel::grain / (4 * line_group * lines.n) + 1;
  parallel_for(lines.outer * groups, least, [&](std::int64_t begin, std::int64_t end) {
    std::vector<A> before(static_cast<std::size_t>(lines.n * std::min(lines.inner, line_group)));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % groups * line_group, at = i / groups * lines.n * lines.inner + first;
      const auto columns = static_cast<int>(std::min(lines.inner - first, line_group));
      if (columns == 1) {
        f.template operator()<1>(at, columns, before.data());
      } else if (columns == line_group) {
        f.template operator()<line_group>(at, columns, before.data());
      } else {
        f.template operator()<0>(at, columns, before.data());
      }
    }
  });
}

template <class T>
Product<T> conjugate(T value) {
  if constexpr (is_complex(dtype_of<T>)) {
    return std::conj(static_cast<Product<T>>(value));
  } else {
    return static_cast<Product<T>>(value);
  }
}

// The gradient below of lines side by side, elements `step` apart.
template <int fixed, class T>
void cumprod_gradient_lines(const T* g, const T* x, T* out, std::int64_t n, std::int64_t step, int given,
                            Product<T>* before) {
  using A = Product<T>;
  const int columns = fixed > 0 ? fixed : given;
  A factor[line_group], sum[line_group];
  std::fill_n(factor, columns, A(1));
  std::fill_n(sum, columns, A(0));
  for (std::int64_t i = 0; i < n; ++i) {
    ask_after(i);
    for (int j = 0; j < columns; ++j) {
      before[i * columns + j] = factor[j];
      factor[j] *= conjugate(x[i * step + j]);
    }
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    ask_after(i);
    for (int j = 0; j < columns; ++j) {
      sum[j] += static_cast<A>(g[i * step + j]);
      out[i * step + j] = static_cast<T>(before[i * columns + j] * sum[j]);
      sum[j] *= conjugate(x[i * step + j]);
    }
  }
}

// The same for all of a tensor, when it is not to be recorded.
Tensor cumprod_gradient_values(const Tensor& gradient, const Tensor& original, int dim) {
  const Tensor g = gradient.detach().to(original.dtype()).contiguous(), x = original.detach().contiguous();
  const Tensor out = empty(x.sizes(), x.dtype());
  const Lines lines(x, dim);
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>) || is_complex(dtype_of<T>)) {
      each_line_group<T>(x, dim, [&]<int fixed>(std::int64_t at, int columns, Product<T>* before) {
        cumprod_gradient_lines<fixed>(g.data<T>() + at, x.data<T>() + at, out.data<T>() + at, lines.n,
                                      lines.inner, columns, before);
      });
    }
  });
  return out;
}

// Of lines side by side the products of the other elements.
template <int fixed, class T>
void products_of_others_lines(const T* x, T* out, std::int64_t n, std::int64_t step, int given,
                              Product<T>* before) {
  using A = Product<T>;
  const int columns = fixed > 0 ? fixed : given;
  // Elements are read before results are written, so that the compiler need not think of their meeting.
  A factor[line_group], element[line_group];
  std::fill_n(factor, columns, A(1));
  for (std::int64_t i = 0; i < n; ++i) {
    ask_after(i);
    for (int j = 0; j < columns; ++j) {
      before[i * columns + j] = factor[j];
      factor[j] *= static_cast<A>(x[i * step + j]);
    }
  }
  std::fill_n(factor, columns, A(1));
  for (std::int64_t i = n - 1; i >= 0; --i) {
    ask_after(i);
    for (int j = 0; j < columns; ++j) element[j] = static_cast<A>(x[i * step + j]);
    for (int j = 0; j < columns; ++j) out[i * step + j] = static_cast<T>(before[i * columns + j] * factor[j]);
    for (int j = 0; j < columns; ++j) factor[j] *= element[j];
  }
}

// Without dividing by x, which may be 0, or by totals, which may overflow: x[k] takes part in what the
// product before it is multiplied by, g[k] + x[k + 1] (g[k + 1] + x[k + 2] (...)).
Tensor cumprod_gradient(const Tensor& g, const Tensor& x, int dim) {
  if (!autograd::wanted({g, x})) return cumprod_gradient_values(g, x, dim);
  const DType wide = product_dtype(x.dtype());
  const Tensor factors = conj(x.to(wide));
  const Tensor before = shifted(cumprod(factors, dim), dim, 1);
  return mul(before, recurrence_from_end(factors, g.to(wide), dim)).to(x.dtype());
}

}  // namespace

Tensor products_of_others(const Tensor& original, int dim) {
  if (original.numel() == 0 || original.dim() == 0) return ones_like(original);
  if (!autograd::wanted({original})) {
    const Tensor x = original.detach().contiguous(), out = empty(x.sizes(), x.dtype());
    const Lines lines(x, dim);
    dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
      if constexpr (is_floating(dtype_of<T>) || is_complex(dtype_of<T>)) {
        each_line_group<T>(x, dim, [&]<int fixed>(std::int64_t at, int columns, Product<T>* before) {
          products_of_others_lines<fixed>(x.data<T>() + at, out.data<T>() + at, lines.n, lines.inner, columns,
                                          before);
        });
      }
    });
    return out;
  }
  const Tensor x = original.to(product_dtype(original.dtype()));
  const auto of_those_before = [dim](const Tensor& in) { return shifted(cumprod(in, dim), dim, 1); };
  return mul(of_those_before(x), flip(of_those_before(flip(x, {dim})), {dim})).to(original.dtype());
}

Tensor cumsum(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = widened(x);
  if (x.dim() == 0) return in;
  const Tensor out = running(in, d, Plus{});
  return record("cumsum", out, {x}, saving(d),
                [](const Tensor& g, int along) { return cumsum_from_end(g, along); });
}

Tensor cumprod(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = widened(x);
  if (x.dim() == 0) return in;
  const Tensor out = running(in, d, Times{});
  return record("cumprod", out, {x}, saving(x, d), [](const Tensor& g, const Tensor& original, int along) {
    return original.numel() == 0 ? g : cumprod_gradient(g, original, along);
  });
}

namespace {

// The running extreme of a line and its position; elements are `step` apart.
template <bool largest, class T>
void running_extreme_line(const T* x, T* values, std::int64_t* positions, std::int64_t n, std::int64_t step) {
  // No number is at least, or at most, a NaN: it stays, and the latest one counts.
  T best = x[0];
  std::int64_t place = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    ask_after(i);
    const T value = x[i * step];
    // Most elements of long lines are no better: a branch that is foreseen, where a choice would have to
    // wait.
    if (!(largest ? value < best : value > best)) [[unlikely]] {
      if (best == best || value != value) {
        best = value;
        place = i;
      }
    }
    values[i * step] = best;
    positions[i * step] = place;
  }
}

template <bool largest>
ValuesIndices running_extreme(const char* operation, const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = x.detach().contiguous();
  const Tensor values = empty(x.sizes(), x.dtype()), positions = empty(x.sizes(), int64);
  const Lines lines(x, d);
  if (x.numel() == 0) return {values, positions};
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_complex(dtype_of<T>)) {
      throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype_of<T>)));
    } else {
      lines.each([&](std::int64_t at) {
        running_extreme_line<largest>(in.data<T>() + at, values.data<T>() + at,
                                      positions.data<std::int64_t>() + at, lines.n, lines.inner);
      });
    }
  });
  record(operation, values, {x}, saving(d, positions, x.sizes()),
         [](const Tensor& g, int along, const Tensor& at, const Shape& shape) {
           return scatter_add_to_zeros(shape, along, at, g);
         });
  return {values, positions};
}

}  // namespace

ValuesIndices cummax(const Tensor& x, std::int64_t dim) { return running_extreme<true>("cummax", x, dim); }
ValuesIndices cummin(const Tensor& x, std::int64_t dim) { return running_extreme<false>("cummin", x, dim); }

Tensor diff(const Tensor& x, std::int64_t n, std::int64_t dim) {
  if (x.dim() == 0) throw ShapeError("diff expects input to be at least one-dimensional");
  if (n < 0) throw Error("diff: the order n must be 0 or greater, " + std::to_string(n) + " was given");
  const int d = wrap_dim(dim, x.dim());
  Tensor out = x;
  for (std::int64_t i = 0; i < n && out.size(d) > 0; ++i) {
    const std::int64_t length = out.size(d) - 1;
    const Tensor after = narrow(out, d, 1, length), before = narrow(out, d, 0, length);
    out = out.dtype() == boolean ? bitwise_xor(after, before) : sub(after, before);
  }
  return out;
}

namespace {

[[noreturn]] void fail_without_dim(const char* operation) {
  fail<ShapeError>(operation, "there must be a dimension to integrate along, y has none");
}

// For each pair of neighbours along dim the sum of a half of each.
Tensor middles(const char* operation, const Tensor& y, std::int64_t dim) {
  if (y.dim() == 0) fail_without_dim(operation);
  const std::int64_t length = std::max<std::int64_t>(y.size(dim) - 1, 0);
  const Tensor halves = mul(y, 0.5);
  return add(narrow(halves, dim, y.size(dim) - length, length), narrow(halves, dim, 0, length));
}

// The distances of the places, of a shape that broadcasts to that of the neighbours.
Tensor distances(const char* operation, const Tensor& y, const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, y.dim());
  const auto mismatch = [&] {
    fail<ShapeError>(operation,
                     "there must be a place for each of the {} values along dimension {}, x has shape {}",
                     y.sizes()[d], d, x.sizes());
  };
  if (x.dim() == 0) mismatch();
  // Dimensions are counted from the last one, with which broadcasting begins.
  const int from_end = d - y.dim();
  if (x.dim() == 1) {
    if (x.numel() != y.sizes()[d]) mismatch();
    Shape along = Shape::filled(-from_end, 1);
    along[0] = std::max<std::int64_t>(x.numel() - 1, 0);
    return diff(x, 1, 0).reshape(along);
  }
  if (x.dim() < -from_end || x.size(from_end) != y.sizes()[d]) mismatch();
  return diff(x, 1, from_end);
}

}  // namespace

Tensor trapezoid(const Tensor& y, const Scalar& dx, std::int64_t dim) {
  if (y.dim() == 0) fail_without_dim("trapezoid");
  const std::int64_t size = y.size(dim);
  // Nothing to sum up keeps its dtype, as in PyTorch.
  if (size == 0) return sum(y, dim, false, y.dtype());
  if (size == 1) return mul(sum(mul(narrow(y, dim, 0, 0), 0.5), dim), dx);
  const Tensor ends = add(mul(select(y, dim, 0), 0.5), mul(select(y, dim, -1), 0.5));
  return mul(add(ends, sum(narrow(y, dim, 1, size - 2), dim)), dx);
}
Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim) {
  const Tensor heights = middles("trapezoid", y, dim);
  return sum(mul(heights, distances("trapezoid", y, x, dim)), dim < 0 ? dim : dim - y.dim());
}
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx, std::int64_t dim) {
  return mul(cumsum(middles("cumulative_trapezoid", y, dim), dim), dx);
}
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim) {
  const Tensor heights = middles("cumulative_trapezoid", y, dim);
  return cumsum(mul(heights, distances("cumulative_trapezoid", y, x, dim)), dim < 0 ? dim : dim - y.dim());
}

}  // namespace wick
