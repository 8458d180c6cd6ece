#include "wick/ops/taps.h"

#include <algorithm>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/table.h"
#include "wick/kernels/taps.h"
#include "wick/ops/of_dtype.h"

namespace wick {

void TapTable::add(std::int64_t from, const std::vector<double>& taps, bool at_border) {
  const auto count = static_cast<std::int64_t>(taps.size());
  const std::int64_t low = std::clamp<std::int64_t>(from, 0, size - 1);
  const std::int64_t high = std::clamp<std::int64_t>(from + count - 1, 0, size - 1);
  const std::size_t at = weights.size();
  first.push_back(low);
  weights.resize(at + static_cast<std::size_t>(high - low + 1));
  for (std::int64_t t = 0; t < count; ++t) {
    const std::int64_t place = std::clamp<std::int64_t>(from + t, 0, size - 1);
    if (place == from + t || at_border)
      weights[at + static_cast<std::size_t>(place - low)] += taps[static_cast<std::size_t>(t)];
  }
  start.push_back(static_cast<std::int64_t>(weights.size()));
}

SharedTaps transposed(const TapTable& table) {
  const auto out = std::make_shared<TapTable>();
  out->size = table.results();
  const auto places = static_cast<std::size_t>(table.size);
  std::vector<std::int64_t> last(places, -1);
  out->first.assign(places, 0);
  const auto each = [&](auto f) {
    for (std::size_t i = 0; i < table.first.size(); ++i) {
      for (std::int64_t t = table.start[i]; t < table.start[i + 1]; ++t) {
        f(static_cast<std::int64_t>(i), static_cast<std::size_t>(table.first[i] + t - table.start[i]),
          table.weights[static_cast<std::size_t>(t)]);
      }
    }
  };
  each([&](std::int64_t result, std::size_t place, double) {
    if (last[place] < 0) out->first[place] = result;
    last[place] = result;
  });
  out->start.assign(1, 0);
  for (std::size_t p = 0; p < places; ++p) {
    out->start.push_back(out->start[p] + (last[p] < 0 ? 0 : last[p] - out->first[p] + 1));
  }
  out->weights.assign(static_cast<std::size_t>(out->start.back()), 0);
  each([&](std::int64_t result, std::size_t place, double weight) {
    out->weights[static_cast<std::size_t>(out->start[place] + result - out->first[place])] += weight;
  });
  return out;
}

namespace {

// The results of the table, which are those of `out` from `start` on.
template <class T>
void run(const Tensor& out, const Tensor& in, int dim, const TapTable& table, std::int64_t start,
         const kernels::TapsFunctions& functions) {
  std::int64_t outer = 1, inner = 1;
  for (int d = 0; d < dim; ++d) outer *= in.sizes()[d];
  for (int d = dim + 1; d < in.dim(); ++d) inner *= in.sizes()[d];
  const std::vector<T> weights(table.weights.begin(), table.weights.end());
  const kernels::Taps taps{table.results(), table.first.data(), table.start.data(), weights.data()};
  const T* from = in.data<T>();
  T* to = out.data<T>() + start * inner;
  const std::int64_t in_size = table.size * inner, out_size = out.sizes()[dim] * inner;
  const std::int64_t work =
      static_cast<std::int64_t>(weights.size()) / std::max<std::int64_t>(taps.results, 1) + 1;
  if (inner == 1) {
    const std::int64_t least =
        std::max<std::int64_t>(parallel::grain / std::max<std::int64_t>(taps.results * work, 1), 1);
    parallel_for(outer, least, [&](std::int64_t begin, std::int64_t end) {
      functions.rows({&taps, from + begin * in_size, to + begin * out_size, end - begin, in_size, out_size});
    });
    return;
  }
  // Results of all planes, one after another.
  const std::int64_t least = std::max<std::int64_t>(parallel::grain / (inner * work), 1);
  parallel_for(outer * taps.results, least, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t plane = begin / taps.results, i = begin % taps.results;
      const std::int64_t count = std::min(end - begin, taps.results - i);
      const kernels::Taps some{count, taps.first + i, taps.start + i, weights.data()};
      functions.columns(
          {&some, from + plane * in_size, to + plane * out_size + i * inner, inner, inner, inner});
      begin += count;
    }
  });
}

// A tensor for the results of x along dimension d.
Tensor empty_results(const Tensor& x, int d, std::int64_t results) {
  Shape shape = x.sizes();
  shape[d] = results;
  return empty(shape, x.dtype());
}

void run_into(const Tensor& out, const Tensor& in, int d, const TapTable& table, std::int64_t start) {
  const auto run_as = in.dtype() == float32 ? run<float> : run<double>;
  run_as(out, in, d, table, start, of_dtype(*kernels::table().taps, in.dtype()));
}

// Numbers without history, in float or double.
Tensor applied(const Tensor& x, const TapsAlong& map) {
  const Tensor out = empty_results(x, map.dim, map.table->results());
  if (out.numel() > 0) run_into(out, x, map.dim, *map.table, 0);
  return out;
}

void check_floating(const char* operation, const Tensor& x) {
  if (!is_floating(x.dtype())) fail<DTypeError>(operation, "not defined for {}", x.dtype());
}

// Whether a comes before b: that is less work if (work of a) * size_b + (work of b) * results_a is less than
// the other way round.
bool comes_first(const TapsAlong& a, const TapsAlong& b, int last) {
  // Along rows a sum costs more than across them.
  const auto work = [last](const TapsAlong& map) {
    return static_cast<double>(map.table->weights.size()) * (map.dim == last ? 3 : 1);
  };
  const auto loss = [](const TapsAlong& map) {
    return static_cast<double>(map.table->size - map.table->results());
  };
  return work(a) * loss(b) < work(b) * loss(a);
}

}  // namespace

Tensor apply_taps(const char* operation, const Tensor& x, std::vector<TapsAlong> maps) {
  check_floating(operation, x);
  if (is_half(x.dtype())) return apply_taps(operation, x.to(float32), std::move(maps)).to(x.dtype());
  std::stable_sort(maps.begin(), maps.end(), [last = x.dim() - 1](const TapsAlong& a, const TapsAlong& b) {
    return comes_first(a, b, last);
  });
  Tensor out = x.detach().contiguous();
  for (const TapsAlong& map : maps) out = applied(out, map);
  return record(operation, out, {x}, saving(maps), [](const Tensor& g, const std::vector<TapsAlong>& done) {
    std::vector<TapsAlong> back;
    for (const TapsAlong& map : done) back.push_back({map.dim, transposed(*map.table)});
    return apply_taps("resize", g, std::move(back));
  });
}

Tensor apply_taps(const char* operation, const Tensor& x, int dim, std::int64_t results,
                  const TapMaker& make) {
  check_floating(operation, x);
  if (is_half(x.dtype())) return apply_taps(operation, x.to(float32), dim, results, make).to(x.dtype());
  const Tensor out = empty_results(x, dim, results);
  if (out.numel() == 0) return out;
  const Tensor in = x.detach().contiguous();
  for (std::int64_t begin = 0; begin < results; begin += long_taps) {
    check_interrupt({begin, results});
    run_into(out, in, dim, *make(begin, std::min(begin + long_taps, results)), begin);
  }
  return out;
}

}  // namespace wick
