#include "wick/ops/creation.h"

#include <cmath>

#include <algorithm>

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

// Calls value(i) for every element, in the accumulation type `A`.
template <class F>
Tensor generate(std::int64_t count, DType dtype, const char* what, F value) {
  Tensor out = empty({count}, dtype);
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      throw DTypeError(std::string(what) + " is not defined for bool");
    } else {
      T* data = out.data<T>();
      for (std::int64_t i = 0; i < count; ++i) data[i] = value.template operator()<T>(i);
    }
  });
  return out;
}

void check_steps(std::int64_t steps) {
  if (steps < 0)
    throw ShapeError("number of steps must be non-negative, " + std::to_string(steps) + " was given");
}

// PyTorch's rule: the second half counts back from the end, so that both ends are exact.
template <class T>
T evenly(double start, double end, std::int64_t steps, std::int64_t i) {
  const T first = static_cast<T>(start), last = static_cast<T>(end);
  if (steps == 1) return first;
  const T step = (last - first) / static_cast<T>(steps - 1);
  return i < steps / 2 ? first + step * static_cast<T>(i) : last - step * static_cast<T>(steps - i - 1);
}

// A whole number from a double, which may lie outside the dtype.
template <class T>
T from_double(double x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(Scalar(x).to_int());
  } else if constexpr (std::is_same_v<T, double>) {
    return x;
  } else {
    return static_cast<T>(static_cast<float>(x));
  }
}

}  // namespace

Tensor arange(double start, double end, double step, DType dtype) {
  if (is_complex(dtype)) throw DTypeError("arange is not defined for " + std::string(name(dtype)));
  // PyTorch's rule: int64 counts after truncating, the other integer dtypes before.
  const double exact_count = std::ceil((end - start) / step);
  if (is_integral(dtype)) {
    start = std::trunc(start);
    end = std::trunc(end);
    step = std::trunc(step);
  }
  if (!std::isfinite(start) || !std::isfinite(end) || std::isnan(step)) {
    throw Error("unsupported range: " + std::to_string(start) + " to " + std::to_string(end) + ", step " +
                std::to_string(step));
  }
  if (step == 0) throw Error("step must be nonzero");
  if ((step > 0 && end < start) || (step < 0 && end > start)) {
    throw Error("upper bound and larger bound inconsistent with step sign");
  }
  const double count = dtype == int64 ? std::ceil((end - start) / step) : exact_count;
  if (!(count < 0x1p62)) throw ShapeError("arange: the range has too many values to be counted");
  return generate(static_cast<std::int64_t>(count), dtype, "arange", [=]<class T>(std::int64_t i) {
    if constexpr (std::is_integral_v<T>) {
      const auto first = static_cast<std::uint64_t>(Scalar(start).to_int());
      return static_cast<T>(first + static_cast<std::uint64_t>(i) *
                                        static_cast<std::uint64_t>(Scalar(step).to_int()));
    } else {
      return from_double<T>(start + static_cast<double>(i) * step);
    }
  });
}

Tensor linspace(double start, double end, std::int64_t steps, DType dtype) {
  check_steps(steps);
  return generate(steps, dtype, "linspace", [=]<class T>(std::int64_t i) {
    if constexpr (std::is_same_v<T, float>) {
      return evenly<float>(start, end, steps, i);
    } else {
      return from_double<T>(evenly<double>(start, end, steps, i));
    }
  });
}

Tensor logspace(double start, double end, std::int64_t steps, double base, DType dtype) {
  check_steps(steps);
  return generate(steps, dtype, "logspace", [=]<class T>(std::int64_t i) {
    return from_double<T>(std::pow(base, evenly<double>(start, end, steps, i)));
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

template std::vector<bool> to_vector(const Tensor&);
template std::vector<std::int64_t> to_vector(const Tensor&);
template std::vector<double> to_vector(const Tensor&);
template std::vector<float> to_vector(const Tensor&);
template std::vector<std::complex<double>> to_vector(const Tensor&);

}  // namespace wick
