#pragma once

// Private: the three kinds of Fourier transforms, each other's derivatives.

#include "wick/core/tensor.h"

namespace wick::fft {

// Sums over j of x[j] exp(-2 pi i j k / n), with + for the inverse, along each of the dims, times `scale`. x
// is complex.
Tensor complex_to_complex(const Tensor& x, const Dims& dims, bool inverse, double scale);
// The first n / 2 + 1 of these sums of real numbers.
Tensor real_to_complex(const Tensor& x, std::int64_t dim, double scale);
// The n real sums, inverse, of a spectrum of which the first n / 2 + 1 bins are given and the others are
// their conjugates. The imaginary parts of bin 0 and, if n is even, of the last one are not read.
Tensor complex_to_real(const Tensor& x, std::int64_t dim, std::int64_t n, double scale);

}  // namespace wick::fft
