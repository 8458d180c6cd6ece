#pragma once

#include <stdint.h>

// Discrete Fourier transforms. A plan is made once for a length, see fft/plan.h; the kernels only read it.

namespace wick::kernels {

// A pass of radix r of Stockham's algorithm: of s interleaved sequences of m r elements it makes s r of m.
// Twiddle factor k of place p, exp(-2 pi i p k / (m r)), k from 1, has its real part at
// twiddles[2 (p (r - 1) + k - 1)] and its imaginary part after it. `spread` has the same for passes whose s
// is below the number of lanes: by k, the real parts of all m s elements, then the imaginary parts.
struct FftStage {
  int radix;
  int64_t m, s;
  const void* twiddles;
  const void* spread;  // or null
};

inline constexpr int max_fft_stages = 48;

// Numbers are of the plan's type, float or double. How the length n is done: by the stages; in two steps, as
// n1 times n2; or, where a prime factor is too large, as a convolution of another length (Bluestein).
struct FftPlan {
  int64_t n;
  int stages;
  FftStage stage[max_fft_stages];

  // Two steps: `first` of length n1 along the columns of (n1, n2), `second` of length n2. Element k of column
  // j is multiplied in between by exp(-2 pi i j k / n), the product of the factors of the first column of its
  // block of step_columns, a pair at block_twiddles[2 (block n1 + k)], and of its place in the block: the
  // real parts for k at column_twiddles[2 k step_columns], the imaginary parts after them.
  const FftPlan* first;
  const FftPlan* second;
  const void* block_twiddles;
  const void* column_twiddles;

  // Bluestein, whose numbers are double: the convolution's plan, exp(-pi i j^2 / n) of n elements, and the
  // transform of its conjugate, divided by the convolution's length; each as all real parts, then all
  // imaginary ones.
  const FftPlan* convolution;
  const void* chirp;
  const void* chirp_transform;

  // For real transforms of length 2 n: exp(-2 pi i k / (2 n)) for k up to n / 2, stored the same way.
  const void* halves;
};

enum class FftKind {
  Complex,
  RealToComplex,  // n real numbers to n / 2 + 1 complex ones
  ComplexToReal,  // the other way round
};

// Transforms of lines of the tensor. Steps are in bytes. Every result is multiplied by `scale`.
struct FftLines {
  const FftPlan* plan;  // of length n; of n / 2 for a real transform of an even n
  FftKind kind;
  int64_t n;
  bool inverse;  // exp(+2 pi i ...) instead of exp(-2 pi i ...); Complex
  double scale;
  int64_t lines;
  const char* in;
  char* out;
  int64_t in_step, in_line, out_step, out_line;
  void* scratch;  // aligned to 64
};

struct FftFunctions {
  int lanes;  // of a vector
  int step_columns;
  int64_t (*scratch)(const FftLines& lines);  // bytes that run() needs
  void (*run)(const FftLines& lines);
};

struct FftKernels {
  FftFunctions of_float, of_double;
};

}  // namespace wick::kernels
