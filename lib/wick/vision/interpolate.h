#pragma once

#include <string_view>
#include <vector>

#include "wick/core/tensor.h"

// Images and other maps (N, C, ...) at other sizes and positions, with the names and the numbers of
// torch.nn.functional. All are differentiable, as often as one likes. ShapeError for shapes that do not fit.

namespace WICK_API wick {

struct InterpolateOptions {
  Dims size;                         // of each dimension behind the channels; counts if it is given
  std::vector<double> scale_factor;  // else a factor for each: floor(n factor) results
  // "nearest", "nearest-exact"; "linear", "bilinear", "trilinear" for one, two and three dimensions behind
  // the channels; "bicubic" for two; "area", the mean of the places that a result covers.
  std::string_view mode = "nearest";
  bool align_corners = false;  // the first and last places are those of the input; of linear and cubic modes
  bool antialias = false;      // wider filters where the map shrinks; bilinear and bicubic
};

// Floating point, and uint8, which is computed in float32, rounded to even and kept within 0 and 255; the
// nearest modes take any dtype. DTypeError for others, ShapeError for sizes that become 0.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

// The maps x (N, C, H, W) at the positions of the grid (N, H', W', 2), of x's dtype: (N, C, H', W'); or with
// one dimension more. The last dimension holds x (along W) first; -1 and 1 are the edges, or with
// align_corners the centres, of the outermost places. `mode` is "bilinear", "nearest" (halves to even) or,
// for four dimensions, "bicubic"; `padding_mode` says what lies outside: "zeros", "border", or "reflection".
// A position that is infinite lies outside; no position, NaN neither, leads out of the map.
Tensor grid_sample(const Tensor& x, const Tensor& grid, std::string_view mode = "bilinear",
                   std::string_view padding_mode = "zeros", bool align_corners = false);
// The grid of an affine map: theta (N, 2, 3) times (x, y, 1) for the places of a map of size {N C H W}, or
// one dimension more of each.
Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners = false);

// (..., C r^2, H, W) to (..., C, H r, W r), and back. Any dtype. Error for a factor below 1.
Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor);
Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor);
// (N, C, ...) with the channels, as rows of C / groups, transposed.
Tensor channel_shuffle(const Tensor& x, std::int64_t groups);

}  // namespace wick
