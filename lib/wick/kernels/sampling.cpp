#include "wick/kernels/sampling.h"

#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Sampling;

template <class T>
void values(const Sampling& s) {
  const int64_t n = s.positions;
  for (int64_t c = 0; c < s.channels; ++c) {
    const T* plane = static_cast<const T*>(s.planes) + c * s.plane;
    T* out = static_cast<T*>(s.values) + c * n;
    const T* w = static_cast<const T*>(s.weights);
    const int64_t* at = s.index;
    if (s.taps == 4) {
      WICK_IVDEP
      for (int64_t p = 0; p < n; ++p) {
        out[p] = (w[p] * plane[at[p]] + w[n + p] * plane[at[n + p]]) +
                 (w[2 * n + p] * plane[at[2 * n + p]] + w[3 * n + p] * plane[at[3 * n + p]]);
      }
      continue;
    }
    for (int64_t p = 0; p < n; ++p) {
      T sum = 0;
      for (int64_t k = 0; k < s.taps; ++k) sum += w[k * n + p] * plane[at[k * n + p]];
      out[p] = sum;
    }
  }
}

template <class T>
void planes(const Sampling& s) {
  for (int64_t c = 0; c < s.channels; ++c) {
    T* plane = static_cast<T*>(s.planes) + c * s.plane;
    const T* value = static_cast<const T*>(s.values) + c * s.positions;
    for (int64_t k = 0; k < s.taps; ++k) {
      const T* w = static_cast<const T*>(s.weights) + k * s.positions;
      const int64_t* at = s.index + k * s.positions;
      for (int64_t p = 0; p < s.positions; ++p) plane[at[p]] += w[p] * value[p];
    }
  }
}

template <class T>
void weights(const Sampling& s) {
  for (int64_t k = 0; k < s.taps; ++k) {
    T* out = static_cast<T*>(s.weights) + k * s.positions;
    const int64_t* at = s.index + k * s.positions;
    __builtin_memset(out, 0, static_cast<unsigned long>(s.positions) * sizeof(T));
    for (int64_t c = 0; c < s.channels; ++c) {
      const T* plane = static_cast<const T*>(s.planes) + c * s.plane;
      const T* value = static_cast<const T*>(s.values) + c * s.positions;
      WICK_IVDEP
      for (int64_t p = 0; p < s.positions; ++p) out[p] += value[p] * plane[at[p]];
    }
  }
}

template <class T>
constexpr kernels::SamplingFunctions functions() {
  return {values<T>, planes<T>, weights<T>};
}
constexpr kernels::SamplingKernels sampling_kernels{functions<float>(), functions<double>()};

}  // namespace

void add_sampling(kernels::Table& table) { table.sampling = &sampling_kernels; }

}  // namespace WICK_LEVEL
}  // namespace wick
