#include "wick/scan.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/creation.h"
#include "wick/elementwise.h"
#include "wick/functions.h"
#include "wick/gather.h"
#include "wick/indexing.h"
#include "wick/parallel.h"
#include "wick/views.h"

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
using Gathered = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
                                    std::conditional_t<std::is_same_v<T, float>, double, T>>;

// out[i] = out[i - 1] op x[i], in the type of x.
template <class Op>
Tensor running(const Tensor& x, int dim, Op op) {
  const Tensor in = x.detach().contiguous();
  const Tensor out = empty(x.sizes(), x.dtype());
  if (out.numel() == 0) return out;
  const Lines lines(x, dim);
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>) {
      using A = Gathered<T>;
      const T* source = in.data<T>();
      T* target = out.data<T>();
      const std::int64_t rows = lines.n, row = lines.inner, block = rows * row;
      const std::int64_t least = std::max<std::int64_t>(parallel::grain / block, 1);
      // Row after row, so that memory is walked in order, with the totals of the lines side by side.
      parallel_for(lines.outer, least, [&](std::int64_t begin, std::int64_t end) {
        std::vector<A> totals(static_cast<std::size_t>(row));
        for (std::int64_t o = begin; o < end; ++o) {
          for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = o * block + i * row;
            for (std::int64_t j = 0; j < row; ++j) {
              A& total = totals[static_cast<std::size_t>(j)];
              const A value = static_cast<A>(source[at + j]);
              total = i == 0 ? value : op(total, value);
              target[at + j] = static_cast<T>(total);
            }
          }
        }
      });
    }
  });
  return out;
}

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

Tensor widened(const Tensor& x) { return is_integral(x.dtype()) ? x.to(int64) : x; }

Tensor cumsum_from_end(const Tensor& x, int dim) { return add(sub(sum(x, {dim}, true), cumsum(x, dim)), x); }

// Without dividing by x, which may be 0: the derivative by x[k] is the running product with a 1 in its place.
Tensor cumprod_gradient(const Tensor& g, const Tensor& x, int dim) {
  Tensors parts;
  const std::int64_t n = x.size(dim);
  for (std::int64_t k = 0; k < n; ++k) {
    const Tensor one = ones_like(narrow(x, dim, k, 1).detach());
    const Tensor others = cat({narrow(x, dim, 0, k), one, narrow(x, dim, k + 1, n - k - 1)}, dim);
    parts.push_back(
        sum(mul(narrow(g, dim, k, n - k), narrow(cumprod(others, dim), dim, k, n - k)), {dim}, true));
  }
  return cat(parts, dim);
}

bool has_zero(const Tensor& x) {
  const NoGrad quiet;
  return sum(eq(x, scalar_tensor(0, x.dtype()))).item().to_int() > 0;
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = widened(x);
  if (x.dim() == 0) return in;
  const Tensor out = running(in, d, Plus{});
  return record("cumsum", out, {x}, [d](const Tensor& g) { return Tensors{cumsum_from_end(g, d)}; });
}

Tensor cumprod(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = widened(x);
  if (x.dim() == 0) return in;
  const Tensor out = running(in, d, Times{});
  if (!autograd::wanted({x})) return out;
  return record("cumprod", out, {x}, [d, saved = Saved(x)](const Tensor& g, const Tensor& result) {
    const Tensor& original = saved.get();
    if (original.numel() == 0) return Tensors{g};
    if (has_zero(original)) return Tensors{cumprod_gradient(g, original, d)};
    return Tensors{div(cumsum_from_end(mul(g, conj(result)), d), conj(original))};
  });
}

namespace {

template <bool largest>
ValuesIndices running_extreme(const char* operation, const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor in = x.detach().contiguous();
  const Tensor positions = zeros(x.sizes(), int64);
  if (x.dim() > 0 && x.numel() > 0) {
    const Lines lines(x, d);
    dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
      if constexpr (is_complex(dtype_of<T>)) {
        throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype_of<T>)));
      } else {
        const T* source = in.data<T>();
        std::int64_t* target = positions.data<std::int64_t>();
        lines.each([&](std::int64_t at) {
          T best = source[at];
          std::int64_t where_best = 0;
          for (std::int64_t i = 0; i < lines.n; ++i, at += lines.inner) {
            const T value = source[at];
            const bool stuck = best != best && value == value;
            if (!stuck && (value != value || (largest ? value >= best : value <= best))) {
              best = value;
              where_best = i;
            }
            target[at] = where_best;
          }
        });
      }
    });
  }
  return {gather(x, d, positions), positions};
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

}  // namespace wick
