#include "wick/ops/creation.h"

#include <cmath>

#include <algorithm>

#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/ops/loop.h"

namespace wick {

Tensor full(const Shape& shape, const Scalar& value, DType dtype) {
  check_fill_value("full", value, dtype);
  Tensor out = empty(shape, dtype);
  fill_into(out, value);
  return out;
}

Tensor zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }

Tensor eye(std::int64_t n, std::int64_t m, DType dtype) {
  const std::int64_t columns = m == -1 ? n : m;
  Tensor out = zeros({n, columns}, dtype);
  const std::int64_t diagonal = std::min(n, columns);
  fill_into(make_view(out, {diagonal}, {columns + 1}, out.raw_data()), 1);
  return out;
}

namespace {

// Fills data with value(i) from begin to end. The index is an int32 where that is enough, and the loops have
// a constant length: so the compiler vectorizes them.
template <class T, class F>
void generate_piece(T* data, std::int64_t begin, std::int64_t end, F value) {
  constexpr std::int32_t stretch = 256;
  std::int64_t i = begin;
  if (end < (std::int64_t{1} << 31)) {
    for (; i + stretch <= end; i += stretch) {
      const auto first = static_cast<std::int32_t>(i);
      T* out = data + i;
      for (std::int32_t j = 0; j < stretch; ++j) out[j] = value(first + j);
    }
  }
  for (; i < end; ++i) data[i] = value(i);
}

// The same on several threads where it is long.
template <class T, class F>
void generate_into(T* data, std::int64_t begin, std::int64_t end, F value) {
  parallel_for(end - begin, 2 * parallel::grain, [&](std::int64_t from, std::int64_t to) {
    generate_piece(data, begin + from, begin + to, value);
  });
}

// A new tensor that fill(data) fills, with data as a pointer to the dtype's C++ type.
template <class F>
Tensor generate(std::int64_t count, DType dtype, const char* operation, F fill) {
  Tensor out = empty({count}, dtype);
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      throw DTypeError(std::string(operation) + " is not defined for bool");
    } else {
      fill(out.data<T>());
    }
  });
  return out;
}

void check_steps(std::int64_t steps) {
  if (steps < 0)
    throw ShapeError("number of steps must be non-negative, " + std::to_string(steps) + " was given");
}

// An integer from a double, which may lie outside the dtype.
template <class T>
T from_double(double x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(Scalar(x).to_int());
  } else if constexpr (std::is_same_v<T, double>) {
    return x;
  } else {
    return static_cast<T>(
        static_cast<
            std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, double, float>>(x));
  }
}

// Of values evenly spaced, convert(x) of each. PyTorch's rule: the second half counts back from the end, so
// that both ends are exact. Computed in W.
template <class W, class T, class F>
void evenly_into(T* data, double start, double end, std::int64_t steps, F convert) {
  const W first = static_cast<W>(start), last = static_cast<W>(end), gaps = static_cast<W>(steps - 1);
  const W range = last - first;
  // Of at most two values each is an end.
  const W step = steps <= 2 ? W(0) : std::isfinite(range) ? range / gaps : last / gaps - first / gaps;
  // A single value is the first.
  const std::int64_t half = steps == 1 ? 1 : steps / 2;
  generate_into(data, 0, half, [=](auto i) { return convert(first + step * static_cast<W>(i)); });
  generate_into(data, half, steps, [=]<class I>(I i) {
    return convert(last - step * static_cast<W>(static_cast<I>(steps - 1) - i));
  });
}

}  // namespace

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, DType dtype) {
  if (is_complex(dtype)) throw DTypeError("arange is not defined for " + std::string(name(dtype)));
  const bool integral = is_integral(dtype);
  const double from = start.to_double(), to = end.to_double(), by = step.to_double();
  if (!std::isfinite(from) || !std::isfinite(to) || std::isnan(by)) {
    throw Error("unsupported range: " + to_string(start) + " to " + to_string(end) + ", step " +
                to_string(step));
  }
  const std::int64_t first = start.to_int(), last = end.to_int(), stride = step.to_int();
  if (by == 0) throw Error("step must be nonzero");
  if (integral && stride == 0) {
    throw Error("step must be nonzero: " + to_string(step) + " is cut to 0 for " + std::string(name(dtype)));
  }
  const bool backwards =
      integral ? (stride > 0 ? last < first : last > first) : (by > 0 ? to < from : to > from);
  if (backwards) throw Error("upper bound and larger bound inconsistent with step sign");
  // PyTorch's rule: int64 counts after truncating, the other integer dtypes before.
  std::int64_t count;
  const bool exact =
      start.kind() <= Kind::Integer && end.kind() <= Kind::Integer && step.kind() <= Kind::Integer;
  if (integral && (exact || (dtype == int64 && fits(start, int64) && fits(end, int64)))) {
    // Both fit 64 bits without a sign.
    const std::uint64_t one = 1;
    const std::uint64_t range = stride > 0
                                    ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)
                                    : static_cast<std::uint64_t>(first) - static_cast<std::uint64_t>(last);
    const std::uint64_t size =
        stride > 0 ? static_cast<std::uint64_t>(stride) : 0 - static_cast<std::uint64_t>(stride);
    const std::uint64_t counted = range / size + (range % size != 0 ? one : 0);
    if (counted >= one << 62) fail<ShapeError>("arange", "the range has too many values to be counted");
    count = static_cast<std::int64_t>(counted);
  } else {
    const double counted = dtype == int64
                               ? std::ceil((std::trunc(to) - std::trunc(from)) / std::trunc(by))
                               : std::ceil(std::isfinite(to - from) ? (to - from) / by : to / by - from / by);
    if (!(counted < 0x1p62)) fail<ShapeError>("arange", "the range has too many values to be counted");
    count = static_cast<std::int64_t>(counted);
  }
  if (integral && dtype != boolean && count > 0) {
    // Of the last value at most one step leads out of int64.
    const std::int64_t most =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(first) +
                                  static_cast<std::uint64_t>(count - 1) * static_cast<std::uint64_t>(stride));
    check_fill_value("arange", first, dtype);
    check_fill_value("arange", most, dtype);
  }
  return generate(count, dtype, "arange", [=]<class T>(T* data) {
    if constexpr (std::is_integral_v<T>) {
      parallel_for(count, 2 * parallel::grain, [=](std::int64_t low, std::int64_t high) {
        const auto gap = static_cast<std::uint64_t>(stride);
        std::uint64_t at = static_cast<std::uint64_t>(first) + static_cast<std::uint64_t>(low) * gap;
        for (std::int64_t i = low; i < high; ++i, at += gap) data[i] = static_cast<T>(at);
      });
    } else {
      generate_into(data, 0, count,
                    [=](auto i) { return from_double<T>(from + static_cast<double>(i) * by); });
    }
  });
}

namespace {

// start + i (end - start) / (steps - 1) exactly, cut towards 0.
template <class T>
void whole_numbers_into(T* data, std::int64_t start, std::int64_t end, std::int64_t steps) {
  __extension__ using Wide = __int128;
  const Wide gaps = std::max<std::int64_t>(steps - 1, 1), first = start * gaps, range = Wide{end} - start;
  generate_into(data, 0, steps, [=](std::int64_t i) { return static_cast<T>((first + range * i) / gaps); });
}

bool is_whole(const Scalar& x) {
  return x.kind() <= Kind::Integer || (std::trunc(x.to_double()) == x.to_double() && fits(x, int64));
}

}  // namespace

Tensor linspace(const Scalar& start_value, const Scalar& end_value, std::int64_t steps, DType dtype) {
  check_steps(steps);
  // The others lie between them.
  for (const Scalar& value : {start_value, end_value})
    check_fill_value("linspace", value, is_complex(dtype) ? float64 : dtype);
  const double start = start_value.to_double(), end = end_value.to_double();
  if (is_integral(dtype) && is_whole(start_value) && is_whole(end_value)) {
    return generate(steps, dtype, "linspace", [&]<class T>(T* data) {
      if constexpr (std::is_integral_v<T>)
        whole_numbers_into(data, start_value.to_int(), end_value.to_int(), steps);
    });
  }
  return generate(steps, dtype, "linspace", [=]<class T>(T* data) {
    using W = std::conditional_t<std::is_same_v<T, float>, float, double>;
    evenly_into<W>(data, start, end, steps, [](W x) {
      if constexpr (std::is_same_v<T, W>) {
        return x;
      } else {
        return from_double<T>(x);
      }
    });
  });
}

Tensor logspace(double start, double end, std::int64_t steps, double base, DType dtype) {
  check_steps(steps);
  if (is_integral(dtype) && dtype != boolean) {
    const Tensor powers = logspace(start, end, steps, base, float64);
    for (std::int64_t i = 0; i < steps; ++i) check_fill_value("logspace", powers.data<double>()[i], dtype);
    return powers.to(dtype);
  }
  return generate(steps, dtype, "logspace", [=]<class T>(T* data) {
    evenly_into<double>(data, start, end, steps,
                        [base](double x) { return from_double<T>(std::pow(base, x)); });
  });
}

Tensor tensor(std::span<const double> values, const Shape& shape, DType dtype) {
  Tensor source = empty(shape, float64);
  if (static_cast<std::size_t>(source.numel()) != values.size()) {
    throw ShapeError("shape '" + to_string(shape) + "' is invalid for input of size " +
                     std::to_string(values.size()));
  }
  std::copy(values.begin(), values.end(), source.data<double>());
  return source.to(dtype);
}

Tensor tensor(std::span<const std::int64_t> values, const Shape& shape, DType dtype) {
  Tensor source = empty(shape, int64);
  if (static_cast<std::size_t>(source.numel()) != values.size()) {
    throw ShapeError("shape '" + to_string(shape) + "' is invalid for input of size " +
                     std::to_string(values.size()));
  }
  std::copy(values.begin(), values.end(), source.data<std::int64_t>());
  return source.to(dtype);
}

Tensor scalar_tensor(const Scalar& value, DType dtype) { return full({}, value, dtype); }

Tensor empty_like(const Tensor& x, DType dtype) { return empty_for({&x}, dtype); }

Tensor full_like(const Tensor& x, const Scalar& value, DType dtype) {
  check_fill_value("full_like", value, dtype);
  Tensor out = empty_like(x, dtype);
  fill_into(out, value);
  return out;
}

template <class T>
std::vector<T> to_vector(const Tensor& x) {
  const Tensor dense = x.detach().to(dtype_of<T>).contiguous();
  const T* data = dense.data<T>();
  return std::vector<T>(data, data + dense.numel());
}

template WICK_FRIEND std::vector<bool> to_vector(const Tensor&);
template WICK_FRIEND std::vector<std::int64_t> to_vector(const Tensor&);
template WICK_FRIEND std::vector<double> to_vector(const Tensor&);
template WICK_FRIEND std::vector<float> to_vector(const Tensor&);
template WICK_FRIEND std::vector<std::complex<double>> to_vector(const Tensor&);

}  // namespace wick
