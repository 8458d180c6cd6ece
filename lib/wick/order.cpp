#include "wick/order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "wick/autograd/gradient.h"
#include "wick/creation.h"
#include "wick/elementwise.h"
#include "wick/gather.h"
#include "wick/indexing.h"
#include "wick/parallel.h"
#include "wick/scan.h"
#include "wick/sort.h"
#include "wick/views.h"

namespace wick {
namespace {

// Half precision is compared as float.
template <class T>
auto comparable(T x) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return static_cast<float>(x);
  } else {
    return x;
  }
}

template <class T>
bool is_nan(T x) {
  return comparable(x) != comparable(x);
}

// Rising, NaN last, equal values by position.
template <class T>
struct Before {
  const T* row;
  bool operator()(std::int64_t i, std::int64_t j) const {
    const auto x = comparable(row[i]), y = comparable(row[j]);
    if (x < y) return true;
    if (y < x) return false;
    const bool x_nan = x != x, y_nan = y != y;
    return x_nan != y_nan ? y_nan : i < j;
  }
};

// Calls pick(row, n, scratch, out) for every row along dim, where scratch holds n positions and out takes
// `picks` positions; answers those as (..., picks, ...), dim keeping its place.
template <class Pick>
Tensor pick_positions(const char* operation, const Tensor& x, int d, std::int64_t picks, Pick pick) {
  const NoGrad quiet;
  const Tensor rows = (x.dim() == 0 ? x.detach().reshape({1}) : movedim(x.detach(), d, -1)).contiguous();
  const std::int64_t n = rows.size(-1);
  Shape shape = rows.sizes();
  shape[shape.size() - 1] = picks;
  const Tensor positions = empty(shape, int64);
  const std::int64_t count = positions.numel() / picks;
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_complex(dtype_of<T>)) {
      throw DTypeError(std::string(operation) + " is not defined for " + std::string(name(dtype_of<T>)));
    } else {
      parallel_for(count, std::max<std::int64_t>(parallel::grain / (8 * n + 1), 1),
                   [&](std::int64_t begin, std::int64_t end) {
                     std::vector<std::int64_t> scratch(static_cast<std::size_t>(n));
                     for (std::int64_t r = begin; r < end; ++r) {
                       std::iota(scratch.begin(), scratch.end(), std::int64_t{0});
                       pick(rows.data<T>() + r * n, scratch, positions.data<std::int64_t>() + r * picks);
                     }
                   });
    }
  });
  return x.dim() == 0 ? positions.reshape({}) : movedim(positions, -1, d);
}

std::int64_t row_length(const char* operation, const Tensor& x, int d) {
  const std::int64_t n = x.dim() == 0 ? 1 : x.sizes()[d];
  if (n == 0) {
    throw ShapeError(std::string(operation) + ": dimension " + std::to_string(d) + " of shape " +
                     to_string(x.sizes()) + " has no elements");
  }
  return n;
}

ValuesIndices pick_one(const Tensor& x, int d, const Tensor& positions, bool keepdim) {
  const Tensor values = gather(x, d, positions);
  return keepdim ? ValuesIndices{values, positions} : ValuesIndices{values.squeeze(d), positions.squeeze(d)};
}

}  // namespace

ValuesIndices median(const Tensor& x, std::int64_t dim, bool keepdim) {
  if (x.dtype() == boolean) throw DTypeError("median is not defined for bool");
  const int d = wrap_dim(dim, x.dim());
  row_length("median", x, d);
  const Tensor positions =
      pick_positions("median", x, d, 1, []<class T>(const T* row, auto& scratch, std::int64_t* out) {
        for (const auto i : scratch) {
          if (is_nan(row[i])) {
            *out = i;
            return;
          }
        }
        const auto middle = scratch.begin() + static_cast<std::ptrdiff_t>((scratch.size() - 1) / 2);
        std::nth_element(scratch.begin(), middle, scratch.end(), Before<T>{row});
        *out = *middle;
      });
  return pick_one(x, d, positions, keepdim);
}

Tensor median(const Tensor& x) {
  if (x.numel() == 0 && is_floating(x.dtype())) return full({}, std::nan(""), x.dtype());
  return median(x.flatten(), 0).values;
}

ValuesIndices kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim, bool keepdim) {
  if (x.dtype() == boolean) throw DTypeError("kthvalue is not defined for bool");
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t n = row_length("kthvalue", x, d);
  if (k < 1 || k > n) {
    throw IndexError("kthvalue: k must be from 1 to " + std::to_string(n) + ", " + std::to_string(k) +
                     " was given");
  }
  const Tensor positions =
      pick_positions("kthvalue", x, d, 1, [k]<class T>(const T* row, auto& scratch, std::int64_t* out) {
        const auto place = scratch.begin() + static_cast<std::ptrdiff_t>(k - 1);
        std::nth_element(scratch.begin(), place, scratch.end(), Before<T>{row});
        *out = *place;
      });
  return pick_one(x, d, positions, keepdim);
}

ValuesIndices mode(const Tensor& x, std::int64_t dim, bool keepdim) {
  const int d = wrap_dim(dim, x.dim());
  row_length("mode", x, d);
  const Tensor positions =
      pick_positions("mode", x, d, 1, []<class T>(const T* row, auto& scratch, std::int64_t* out) {
        std::sort(scratch.begin(), scratch.end(), Before<T>{row});
        std::size_t best = 0;
        for (std::size_t i = 0; i < scratch.size();) {
          std::size_t end = i + 1;
          while (end < scratch.size() && comparable(row[scratch[end]]) == comparable(row[scratch[i]])) ++end;
          if (end - i > best) {
            best = end - i;
            *out = scratch[end - 1];
          }
          i = end;
        }
      });
  return pick_one(x, d, positions, keepdim);
}

Tensor mode(const Tensor& x) { return mode(x.flatten(), 0).values; }

Tensor quantile(const Tensor& x, double q, std::int64_t dim, bool keepdim) {
  if (x.dtype() != float32 && x.dtype() != float64) {
    throw DTypeError("quantile() input tensor must be either float32 or float64, " +
                     std::string(name(x.dtype())) + " was given");
  }
  if (!(q >= 0 && q <= 1))
    throw Error("quantile() q must be in the range [0, 1], " + std::to_string(q) + " was given");
  const int d = wrap_dim(dim, x.dim());
  if (x.dim() == 0) return quantile(x.reshape({1}), q, 0, false);
  if (x.sizes()[d] == 0) {
    throw ShapeError("quantile() input tensor must have elements, shape " + to_string(x.sizes()) +
                     " was given");
  }
  // PyTorch computes the position in the tensor's own precision.
  const auto last = static_cast<double>(x.sizes()[d] - 1);
  const double rank = x.dtype() == float32 ? static_cast<float>(q) * static_cast<float>(last) : q * last;
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, static_cast<std::size_t>(last));
  const Tensor positions =
      pick_positions("quantile", x, d, 2, [=]<class T>(const T* row, auto& scratch, std::int64_t* out) {
        for (const auto i : scratch) {
          if (is_nan(row[i])) {
            out[0] = out[1] = i;
            return;
          }
        }
        const auto first = scratch.begin() + static_cast<std::ptrdiff_t>(below);
        std::nth_element(scratch.begin(), first, scratch.end(), Before<T>{row});
        out[0] = *first;
        out[1] = above == below ? *first : *std::min_element(first + 1, scratch.end(), Before<T>{row});
      });
  const Tensor pair = gather(x, d, positions);
  const Tensor low = narrow(pair, d, 0, 1), high = narrow(pair, d, 1, 1);
  // Between equal neighbours there is nothing to interpolate: infinities would give NaN.
  const double weight = rank - static_cast<double>(below);
  const Tensor step = where(eq(low, high), scalar_tensor(0, x.dtype()), sub(high, low));
  const Tensor out = weight == 0    ? low
                     : weight < 0.5 ? add(low, mul(step, weight))
                                    : sub(high, mul(step, 1 - weight));
  return keepdim ? out : out.squeeze(d);
}

Tensor quantile(const Tensor& x, double q) { return quantile(x.flatten(), q, 0); }

UniqueResult unique(const Tensor& x, bool, bool return_inverse, bool return_counts) {
  if (is_complex(x.dtype())) throw DTypeError("unique is not defined for " + std::string(name(x.dtype())));
  const NoGrad quiet;
  const auto [sorted, positions] = sort(x.detach().flatten(), 0);
  const std::int64_t n = sorted.numel();
  // Where runs of equal elements begin; a NaN equals nothing.
  Tensor begins = full({n}, true, boolean);
  if (n > 0) narrow(begins, 0, 1, n - 1).copy_(ne(narrow(sorted, 0, 1, n - 1), narrow(sorted, 0, 0, n - 1)));
  const Tensor firsts = nonzero(begins).select(1, 0);
  UniqueResult out;
  out.values = gather(sorted, 0, firsts);
  if (return_inverse) {
    const Tensor places = sub(cumsum(begins, 0), 1);
    out.inverse = scatter(zeros({n}, int64), 0, positions, places).reshape(x.sizes());
  }
  if (return_counts) out.counts = diff(cat({firsts, full({1}, n, int64)}));
  return out;
}

}  // namespace wick
