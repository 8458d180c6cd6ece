#pragma once

// Private: what is computed once for each length of a Fourier transform.

#include <memory>

#include "wick/core/dtype.h"
#include "wick/kernels/fft.h"

namespace wick::fft {

// The plan for transforms of length n (at least 1) of float32 or float64 numbers on the kernels in use; with
// `halves` also for real transforms of length 2 n. The plans used last are kept.
std::shared_ptr<const kernels::FftPlan> plan(std::int64_t n, DType dtype, bool halves);

}  // namespace wick::fft
