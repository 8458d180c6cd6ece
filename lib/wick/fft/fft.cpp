#include "wick/fft/fft.h"

#include <cmath>

#include "wick/core/fail.h"
#include "wick/fft/transform.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/padding.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/views.h"

namespace wick::fft {
namespace {

// What the results are multiplied by.
double scale_of(const char* operation, std::string_view norm, bool inverse, double n) {
  if (norm == "ortho") return 1 / std::sqrt(n);
  if (norm == "forward") return inverse ? 1 : 1 / n;
  if (norm == "backward") return inverse ? 1 / n : 1;
  fail(operation, "norm must be backward, forward or ortho, {} was given", norm);
}

void check_precision(const char* operation, const Tensor& x) {
  if (is_half(x.dtype()))
    fail<DTypeError>(operation, "half precision is not supported, {} was given", x.dtype());
}

Tensor as_complex(const char* operation, const Tensor& x) {
  check_precision(operation, x);
  if (is_complex(x.dtype())) return x;
  return x.to(x.dtype() == float64 ? complex128 : complex64);
}

Tensor as_real(const char* operation, const Tensor& x) {
  check_precision(operation, x);
  if (is_complex(x.dtype()))
    fail<DTypeError>(operation, "expects a real input tensor, {} was given", x.dtype());
  return x.dtype() == float64 ? x : x.to(float32);
}

void check_length(const char* operation, std::int64_t n) {
  if (n < 1) fail<ShapeError>(operation, "Invalid number of data points ({}) specified", n);
}

// The dimension of that length: cut, or padded with zeros.
Tensor resized(const char* operation, const Tensor& x, int dim, std::int64_t n) {
  check_length(operation, n);
  const std::int64_t size = x.sizes()[dim];
  if (n == size) return x;
  if (n < size) return narrow(x, dim, 0, n);
  Dims pads = Dims::filled(2 * (x.dim() - dim), 0);
  pads[pads.size() - 1] = n - size;
  return pad(x, pads);
}

int own_dim(const char* operation, const Tensor& x, std::int64_t dim) {
  if (x.dim() == 0)
    fail<ShapeError>(operation, "Invalid number of data points: a 0-d tensor has no dimension");
  return wrap_dim(dim, x.dim());
}

// The dimensions, and the lengths along them.
struct Plan {
  Dims dims, lengths;

  Plan(const char* operation, const Tensor& x, const Lengths& s, const Lengths& dim) {
    if (dim) {
      if (!dim->empty()) dims = wrap_dims(*dim, x.dim());
    } else {
      const int count = s ? s->size() : x.dim();
      if (count > x.dim()) {
        fail<ShapeError>(operation, "{} lengths were given for shape {}", count, x.sizes());
      }
      for (int d = x.dim() - count; d < x.dim(); ++d) dims.push_back(d);
    }
    if (s && s->size() != dims.size())
      fail<ShapeError>(operation, "there must be a length for each dimension, {} and {} were given", *s,
                       dims);
    for (int i = 0; i < dims.size(); ++i) {
      const std::int64_t own = x.sizes()[static_cast<int>(dims[i])];
      lengths.push_back(s && (*s)[i] != -1 ? (*s)[i] : own);
    }
  }
  void need_one(const char* operation) const {
    if (dims.empty()) fail<ShapeError>(operation, "at least one dimension must be transformed");
  }
  double product() const {
    double n = 1;
    for (const auto length : lengths) n *= static_cast<double>(length);
    return n;
  }
  Tensor resize(const char* operation, Tensor x) const {
    for (int i = 0; i < dims.size(); ++i) {
      x = fft::resized(operation, x, static_cast<int>(dims[i]), lengths[i]);
    }
    return x;
  }
  Dims but_last() const {
    Dims out = dims;
    out.erase(out.size() - 1);
    return out;
  }
};

// In one dimension those in several are the same with a list of one.
Tensor complex_transform(const char* operation, const Tensor& x, const Plan& plan, bool inverse,
                         std::string_view norm) {
  const double scale = scale_of(operation, norm, inverse, plan.product());
  return complex_to_complex(plan.resize(operation, as_complex(operation, x)), plan.dims, inverse, scale);
}

// The dimensions but the last, of which one-dimensional transforms have none.
Tensor along_others(const Tensor& x, const Plan& plan, bool inverse) {
  const Dims others = plan.but_last();
  return others.empty() ? x : complex_to_complex(x, others, inverse, 1);
}

// Of real numbers to half of their bins; `inverse`: of the inverse transform.
Tensor half_transform(const char* operation, const Tensor& x, const Plan& plan, bool inverse,
                      std::string_view norm) {
  plan.need_one(operation);
  const double scale = scale_of(operation, norm, inverse, plan.product());
  const Tensor in = plan.resize(operation, as_real(operation, x));
  const Tensor half = real_to_complex(in, plan.dims.back(), scale);
  // The inverse transform of real numbers is the conjugate of the forward one.
  return along_others(inverse ? conj(half) : half, plan, inverse);
}

// From half of the bins to real numbers. The last length is that of the result.
Tensor real_transform(const char* operation, const Tensor& x, Plan plan, bool length_given, bool inverse,
                      std::string_view norm) {
  plan.need_one(operation);
  const int last = plan.dims.size() - 1;
  const std::int64_t n = length_given ? plan.lengths[last] : 2 * (plan.lengths[last] - 1);
  check_length(operation, n);
  plan.lengths[last] = n;
  const double scale = scale_of(operation, norm, inverse, plan.product());
  plan.lengths[last] = n / 2 + 1;
  const Tensor half = along_others(plan.resize(operation, as_complex(operation, x)), plan, inverse);
  return complex_to_real(inverse ? half : conj(half), plan.dims.back(), n, scale);
}

Plan along(const char* operation, const Tensor& x, Length n, std::int64_t dim) {
  return {operation, x, n ? Lengths(Dims{*n < 1 ? 0 : *n}) : Lengths(), Dims{own_dim(operation, x, dim)}};
}

// Whether the last length is given.
bool last_given(const Lengths& s) { return s && !s->empty() && s->back() != -1; }

}  // namespace

Tensor fft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return complex_transform("fft", x, along("fft", x, n, dim), false, norm);
}
Tensor ifft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return complex_transform("ifft", x, along("ifft", x, n, dim), true, norm);
}
Tensor rfft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return half_transform("rfft", x, along("rfft", x, n, dim), false, norm);
}
Tensor irfft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return real_transform("irfft", x, along("irfft", x, n, dim), n.has_value(), true, norm);
}
Tensor hfft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return real_transform("hfft", x, along("hfft", x, n, dim), n.has_value(), false, norm);
}
Tensor ihfft(const Tensor& x, Length n, std::int64_t dim, std::string_view norm) {
  return half_transform("ihfft", x, along("ihfft", x, n, dim), true, norm);
}

Tensor fftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return complex_transform("fftn", x, {"fftn", x, s, dim}, false, norm);
}
Tensor ifftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return complex_transform("ifftn", x, {"ifftn", x, s, dim}, true, norm);
}
Tensor rfftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return half_transform("rfftn", x, {"rfftn", x, s, dim}, false, norm);
}
Tensor irfftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return real_transform("irfftn", x, {"irfftn", x, s, dim}, last_given(s), true, norm);
}
Tensor hfftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return real_transform("hfftn", x, {"hfftn", x, s, dim}, last_given(s), false, norm);
}
Tensor ihfftn(const Tensor& x, const Lengths& s, const Lengths& dim, std::string_view norm) {
  return half_transform("ihfftn", x, {"ihfftn", x, s, dim}, true, norm);
}

Tensor fft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return complex_transform("fft2", x, {"fft2", x, s, dim}, false, norm);
}
Tensor ifft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return complex_transform("ifft2", x, {"ifft2", x, s, dim}, true, norm);
}
Tensor rfft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return half_transform("rfft2", x, {"rfft2", x, s, dim}, false, norm);
}
Tensor irfft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return real_transform("irfft2", x, {"irfft2", x, s, dim}, last_given(s), true, norm);
}
Tensor hfft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return real_transform("hfft2", x, {"hfft2", x, s, dim}, last_given(s), false, norm);
}
Tensor ihfft2(const Tensor& x, const Lengths& s, const Dims& dim, std::string_view norm) {
  return half_transform("ihfft2", x, {"ihfft2", x, s, dim}, true, norm);
}

namespace {

// Numbers first, first + 1, ... in place of the bins from `from` on, over n d.
Tensor frequencies(const char* operation, std::int64_t n, std::int64_t bins, std::int64_t negative, double d,
                   DType dtype) {
  if (n < 1) fail(operation, "n must be at least 1, {} was given", n);
  if (!is_floating(dtype)) fail<DTypeError>(operation, "the dtype must be floating point, not {}", dtype);
  const Tensor out = empty({bins}, float64);
  double* to = out.data<double>();
  const double unit = 1 / (static_cast<double>(n) * d);
  for (std::int64_t i = 0; i < bins; ++i) to[i] = static_cast<double>(i < negative ? i : i - n) * unit;
  return out.to(dtype);
}

Tensor rolled(const Tensor& x, const Dims& dims, std::int64_t sign) {
  const Dims along = dims.empty() ? wrap_dims({}, x.dim()) : wrap_dims(dims, x.dim());
  if (along.empty()) return x.clone();
  Dims shifts;
  for (const auto d : along) {
    const std::int64_t size = x.sizes()[static_cast<int>(d)];
    shifts.push_back(sign > 0 ? size / 2 : (size + 1) / 2);
  }
  return roll(x, shifts, along);
}

}  // namespace

Tensor fftfreq(std::int64_t n, double d, DType dtype) {
  return frequencies("fftfreq", n, n, (n + 1) / 2, d, dtype);
}
Tensor rfftfreq(std::int64_t n, double d, DType dtype) {
  return frequencies("rfftfreq", n, n / 2 + 1, n, d, dtype);
}
Tensor fftshift(const Tensor& x, const Dims& dims) { return rolled(x, dims, 1); }
Tensor ifftshift(const Tensor& x, const Dims& dims) { return rolled(x, dims, -1); }

}  // namespace wick::fft
