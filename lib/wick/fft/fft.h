#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wick/core/tensor.h"

// Discrete Fourier transforms with the names and the meaning of torch.fft, of any length. All are
// differentiable, as often as one likes.
//
// A forward transform is X[k] = sum over j of x[j] exp(-2 pi i j k / n); the inverse has a plus sign. `norm`
// says where the division by n (in several dimensions: by the product of the sizes) is done: "backward" in
// the inverse, "forward" in the forward one, "ortho" by sqrt(n) in both.
//
// Lengths: a dimension is cut, or padded with zeros at its end, to the length that is given. float64 is
// computed in double precision; float32, integers and bool in single precision. DTypeError for half
// precision, and for complex input where real numbers are asked for; ShapeError for lengths below 1 and
// dimensions that are named twice, IndexError for dimensions out of range.

namespace WICK_API wick {
namespace fft {

using Length = std::optional<std::int64_t>;
using Lengths = std::optional<Dims>;

// Along one dimension. The result is complex, of n elements.
Tensor fft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");
Tensor ifft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");

// The first n / 2 + 1 bins of the transform of n real numbers: the others are their conjugates.
Tensor rfft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");
// The inverse of rfft: n real numbers, 2 (m - 1) unless given, from m bins. The imaginary parts of bin 0 and,
// for an even n, of bin n / 2 have no effect.
Tensor irfft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");

// The forward transform, n real numbers, of what has conjugate symmetry and is given by its first half; and
// its inverse: the first half of the inverse transform of n real numbers.
Tensor hfft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");
Tensor ihfft(const Tensor& x, Length n = {}, std::int64_t dim = -1, std::string_view norm = "backward");

// Along several dimensions: those given; else the last ones, as many as lengths `s` are given; else all. A
// length of -1 is the dimension's own. Real transforms have their half along the last one.
Tensor fftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
            std::string_view norm = "backward");
Tensor ifftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
             std::string_view norm = "backward");
Tensor rfftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
             std::string_view norm = "backward");
Tensor irfftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
              std::string_view norm = "backward");
Tensor hfftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
             std::string_view norm = "backward");
Tensor ihfftn(const Tensor& x, const Lengths& s = {}, const Lengths& dim = {},
              std::string_view norm = "backward");

// Along two dimensions, the last two unless given.
Tensor fft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
            std::string_view norm = "backward");
Tensor ifft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
             std::string_view norm = "backward");
Tensor rfft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
             std::string_view norm = "backward");
Tensor irfft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
              std::string_view norm = "backward");
Tensor hfft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
             std::string_view norm = "backward");
Tensor ihfft2(const Tensor& x, const Lengths& s = {}, const Dims& dim = {-2, -1},
              std::string_view norm = "backward");

// The frequencies of the bins for samples d apart: 0, 1, ..., then the negative ones, over n d; and those of
// the bins that rfft gives. Error for n below 1, DTypeError unless floating point.
Tensor fftfreq(std::int64_t n, double d = 1, DType dtype = float32);
Tensor rfftfreq(std::int64_t n, double d = 1, DType dtype = float32);

// Each dimension (no dims: all) rolled by half of its size, so that bin 0 comes to the middle; and back. Any
// dtype.
Tensor fftshift(const Tensor& x, const Dims& dims = {});
Tensor ifftshift(const Tensor& x, const Dims& dims = {});

}  // namespace fft
}  // namespace wick
