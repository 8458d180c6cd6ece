#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

// How values between places are found; what lies outside of a map.
enum class Resize { Nearest, Linear, Bilinear, Bicubic, Trilinear, Area };
enum class ImageMode { Bilinear, Nearest, Bicubic };
enum class Outside { Zeros, Border, Reflection };

}  // namespace
}  // namespace commands

template <>
inline constexpr binding::Word<commands::Resize> binding::words<commands::Resize>[] = {
    {"nearest", commands::Resize::Nearest},     {"linear", commands::Resize::Linear},
    {"bilinear", commands::Resize::Bilinear},   {"bicubic", commands::Resize::Bicubic},
    {"trilinear", commands::Resize::Trilinear}, {"area", commands::Resize::Area}};
template <>
inline constexpr binding::Word<commands::ImageMode> binding::words<commands::ImageMode>[] = {
    {"bilinear", commands::ImageMode::Bilinear},
    {"nearest", commands::ImageMode::Nearest},
    {"bicubic", commands::ImageMode::Bicubic}};
template <>
inline constexpr binding::Word<commands::Outside> binding::words<commands::Outside>[] = {
    {"zeros", commands::Outside::Zeros},
    {"border", commands::Outside::Border},
    {"reflection", commands::Outside::Reflection}};

namespace commands {
namespace {

using binding::at_least;
using binding::between;
using std::int64_t;
using Factors = std::vector<double>;

constexpr Param map{"input", required, "N C and up to three dimensions"};
constexpr Param size{"size", omittable, "size of each dimension behind the channels"};
constexpr Param factors{"scale_factor scaleFactor", "",
                        "a factor for each dimension, which count when no size is given"};
constexpr Param corners{"align_corners alignCorners", false,
                        "the first and last places are those of the input"};

Tensor resized(const Tensor& x, const optional<Ints>& wanted, const Factors& by, std::string_view mode,
               bool align_corners, bool antialias = false) {
  if ((!wanted || wanted->empty()) && by.empty()) throw wick::Error("-size or -scale_factor is required");
  wick::InterpolateOptions o;
  if (wanted) o.size = *wanted;
  o.scale_factor = by;
  o.mode = mode;
  o.align_corners = align_corners;
  o.antialias = antialias;
  return wick::interpolate(x, o);
}

std::vector<Command> rearrangements() {
  return {
      Command{
          .name = "pixel_shuffle",
          .summary =
              "Groups of r*r channels moved into space: (..., C*r*r, H, W) becomes (..., C, H*r, W*r).",
          .details = "Any dtype.",
          .params = {{"input", required, "three dimensions at least"},
                     {"upscaleFactor upscale_factor factor", int64_t{2}, "the factor r", at_least(1)}},
          .positional = {"input upscaleFactor"},
          .returns = "(..., C, H*r, W*r)",
          .call = bind([](const Tensor& x, int64_t r) { return wick::pixel_shuffle(x, r); }),
      },
      Command{
          .name = "pixel_unshuffle",
          .summary = "The inverse of pixel_shuffle: (..., C, H, W) becomes (..., C*r*r, H/r, W/r).",
          .details = "Any dtype; r must divide H and W.",
          .params = {{"input", required, "three dimensions at least"},
                     {"downscaleFactor downscale_factor factor", int64_t{2}, "the factor r", at_least(1)}},
          .positional = {"input downscaleFactor"},
          .returns = "(..., C*r*r, H/r, W/r)",
          .call = bind([](const Tensor& x, int64_t r) { return wick::pixel_unshuffle(x, r); }),
      },
      Command{
          .name = "channel_shuffle",
          .summary = "The channels, as rows of C/groups, transposed.",
          .details = "Any dtype; groups must divide C.",
          .params = {{"input", required, "N C and further dimensions"},
                     {"groups", int64_t{2}, "number of groups", at_least(1)}},
          .positional = {"input groups"},
          .returns = "of the input's shape",
          .call = bind([](const Tensor& x, int64_t groups) { return wick::channel_shuffle(x, groups); }),
      },
  };
}

std::vector<Command> resizing() {
  return {
      Command{
          .name = "upsample_nearest",
          .summary = "A map at another size, each place a copy of the nearest one at or below it.",
          .details = "Place d reads place floor(d s), where s is the old size over the new one, or 1 over "
                     "the factor.",
          .params = {map, size, factors},
          .positional = {"input size ?scale_factor?"},
          .returns = "N C followed by the new size",
          .call = bind([](const Tensor& x, optional<Ints> wanted, Factors by) {
            return resized(x, wanted, by, "nearest", false);
          }),
      },
      Command{
          .name = "upsample_bilinear",
          .summary = "Maps N C H W at another size, interpolated linearly along both dimensions.",
          .details =
              "By position a list of whole numbers is a size, any other list factors: {2 2} and {2.0 2.0} "
              "differ. antialias widens the filter where the map shrinks.",
          .params = {{"input", required, "N C H W"},
                     {"output_size size", omittable, "height and width"},
                     {"scale_factor", "", "factors of height and width, in place of the size"},
                     corners,
                     {"antialias", false, "a wider filter where the map shrinks"}},
          .positional = {"input output_size ?align_corners? ?antialias?",
                         "input scale_factor ?align_corners? ?antialias?"},
          .returns = "N C height width",
          .call = bind(
              [](const Tensor& x, optional<Ints> wanted, Factors by, bool align_corners, bool antialias) {
                if (wanted && !wanted->empty() && !by.empty())
                  throw wick::Error("upsample_bilinear: only one of size or scale_factor may be given");
                return resized(x, wanted, by, "bilinear", align_corners, antialias);
              }),
      },
      Command{
          .name = "interpolate",
          .summary = "A map at another size.",
          .details =
              "linear, bilinear and trilinear are for one, two and three dimensions behind the channels, "
              "bicubic for two; area is the mean of the places that a result covers. UInt8 is computed in "
              "Float32 and rounded. nearest and area have no corners to align.",
          .params = {map, size, {"mode", "nearest", "how values are found"}, corners, factors},
          .positional = {"input size ?mode? ?align_corners? ?scale_factor?"},
          .returns = "N C followed by the new size",
          .call =
              bind([](const Tensor& x, optional<Ints> wanted, Resize mode, bool align_corners, Factors by) {
                const bool smooth = mode != Resize::Nearest && mode != Resize::Area;
                return resized(x, wanted, by, binding::word_of(mode), align_corners && smooth);
              }),
      },
      Command{
          .name = "resize_image",
          .summary = "Images N C H W at another size.",
          .params = {{"input image", required, "N C H W"},
                     {"size", required, "height and width"},
                     {"mode", "bilinear", "how values are found"},
                     corners},
          .positional = {"input size ?mode? ?align_corners?"},
          .returns = "N C height width",
          .call = bind([](const Tensor& x, Ints wanted, ImageMode mode, bool align_corners) {
            if (align_corners && mode == ImageMode::Nearest) {
              throw wick::Error("align_corners option can only be used with bilinear or bicubic mode");
            }
            return resized(x, wanted, {}, binding::word_of(mode), align_corners);
          }),
      },
      Command{
          .name = "grid_sample",
          .summary = "A map read at the positions of a grid, from -1 to 1 along each dimension.",
          .details =
              "The grid's last dimension holds x, along W, first. zeros: what lies outside counts as 0; "
              "border: it is what the nearest edge is; reflection: what a mirror at the edge shows. nearest "
              "rounds halves to the even place.",
          .params = {{"input", required, "N C H W, or N C D H W; floating point"},
                     {"grid", required, "N H' W' 2, or N D' H' W' 3; of the input's dtype"},
                     {"mode", "bilinear", "how values are found; bicubic for N C H W alone"},
                     {"padding_mode paddingMode", "zeros", "what lies outside"},
                     {"align_corners alignCorners", false,
                      "-1 and 1 are the centres of the outermost places, not "
                      "their outer edges"}},
          .positional = {"input grid ?mode? ?padding_mode? ?align_corners?"},
          .returns = "N C H' W', or N C D' H' W'",
          .call = bind(
              [](const Tensor& x, const Tensor& grid, ImageMode mode, Outside outside, bool align_corners) {
                return wick::grid_sample(x, grid, binding::word_of(mode), binding::word_of(outside),
                                         align_corners);
              }),
      },
      Command{
          .name = "affine_grid",
          .summary = "The grid, for grid_sample, of affine maps: theta times (x, y, 1) for each place.",
          .params = {{"theta", required, "N 2 3, or N 3 4 for three dimensions"},
                     {"size", required, "N C H W, or N C D H W; C plays no part"},
                     {"alignCorners align_corners", false,
                      "-1 and 1 are the centres of the outermost places"}},
          .positional = {"theta size ?alignCorners?"},
          .returns = "N H W 2, or N D H W 3",
          .call = bind([](const Tensor& theta, Shape wanted, bool align_corners) {
            return wick::affine_grid(theta, wanted, align_corners);
          }),
      },
  };
}

// One box as a row.
Tensor rows(const Tensor& boxes) { return boxes.dim() == 1 ? boxes.unsqueeze(0) : boxes; }

std::vector<Command> boxes() {
  constexpr Param regions{
      "boxes", required,
      "rows of the index of a map and x1 y1 x2 y2, or rows x1 y1 x2 y2 for map 0; or one row"};
  constexpr Param output{"outputSize output_size", required, "height and width of each result"};
  constexpr Param scale{"spatialScale spatial_scale", 1.0,
                        "factor from the boxes' coordinates to places of the map"};
  return {
      Command{
          .name = "nms",
          .aliases = {"Nms"},
          .summary = "Non-maximum suppression: the positions of the boxes that are kept, best score first.",
          .details = "Going down by score, a box is kept unless its intersection over union with one that is "
                     "kept is "
                     "above the threshold.",
          .params = {{"boxes", required, "N rows x1 y1 x2 y2"},
                     {"scores", required, "N scores"},
                     {"iouThreshold", required, "the overlap above which a box is dropped", between(0, 1)},
                     {"scoreThreshold", 0.0, "if it is above 0, only boxes with a greater score take part"}},
          .positional = {"boxes scores iouThreshold ?scoreThreshold?"},
          .returns = "1-d Int64",
          .call = bind([](const Tensor& b, const Tensor& scores, double overlap, double least) {
            if (!(least > 0) || scores.dim() != 1 || b.dim() != 2 || b.size(0) != scores.size(0))
              return wick::nms(b, scores, overlap);
            const Tensor some = wick::nonzero(wick::gt(scores, Scalar(least))).flatten();
            const Tensor kept =
                wick::nms(wick::index_select(b, 0, some), wick::index_select(scores, 0, some), overlap);
            return wick::index_select(some, 0, kept);
          }),
      },
      Command{
          .name = "box_iou",
          .summary = "The intersection over the union of each of N boxes with each of M.",
          .params = {{"boxes1 input1", required, "N rows x1 y1 x2 y2"},
                     {"boxes2 input2", required, "M rows x1 y1 x2 y2"}},
          .positional = {"boxes1 boxes2"},
          .returns = "N by M, nan for two empty boxes",
          .call = bind([](const Tensor& a, const Tensor& b) { return wick::box_iou(a, b); }),
      },
      Command{
          .name = "roi_align",
          .summary = "Maps in boxes, each box at one size: the means of bilinear samples in its bins.",
          .details = "Without aligned the extent of a box is 1 at least. A sample more than one place "
                     "outside of the "
                     "map is 0.",
          .params = {{"input", required, "maps N C H W"},
                     regions,
                     output,
                     scale,
                     {"samplingRatio sampling_ratio", int64_t{-1},
                      "samples along each side of a bin; as many as it has places if not above 0"},
                     {"aligned", true, "half a place to the left and up"}},
          .positional = {"input boxes outputSize ?spatialScale? ?samplingRatio? ?aligned?"},
          .returns = "K C height width",
          .call = bind([](const Tensor& x, const Tensor& b, Ints wanted, double by, int64_t ratio,
                          bool aligned) { return wick::roi_align(x, rows(b), wanted, by, ratio, aligned); }),
      },
      Command{
          .name = "roi_pool",
          .summary = "Maps in boxes, each box at one size: the largest places of its bins.",
          .details = "Corners are rounded to whole places. A bin without places is 0.",
          .params = {{"input", required, "maps N C H W"}, regions, output, scale},
          .positional = {"input boxes outputSize ?spatialScale?"},
          .returns = "K C height width",
          .call = bind([](const Tensor& x, const Tensor& b, Ints wanted, double by) {
            return wick::roi_pool(x, rows(b), wanted, by);
          }),
      },
  };
}

// Puts the result where the image is.
void replace(const char* command, const Tensor& image, const Tensor& result) {
  if (!is_differentiable(image.dtype()))
    wick::fail<wick::DTypeError>(command, "an image of {} cannot be changed in place", image.dtype());
  if (result.sizes() != image.sizes()) {
    wick::fail<wick::ShapeError>(command, "a result of shape {} does not fit into the image's {}",
                                 result.sizes(), image.sizes());
  }
  image.copy_(result);
}

std::vector<Command> normalization() {
  const std::vector<Param> params{{"image", required, "any shape"},
                                  {"mean", required, "broadcast against the image"},
                                  {"std", required, "broadcast against the image"},
                                  {"inplace", false, "change the image itself"}};
  return {
      Command{
          .name = "normalize_image",
          .summary = "An image normalized: (image - mean) / std, with broadcasting from the last dimension.",
          .details =
              "A mean of shape {C} therefore belongs to the width; for images N C H W give {C 1 1}. Whole "
              "numbers give Float32. With inplace the handle that was given comes back.",
          .params = params,
          .positional = {"image mean std ?inplace?"},
          .returns = "of the image's shape",
          .call = bind([](Call& call, const Tensor& image, const Tensor& mean, const Tensor& std,
                          bool inplace) -> Tcl_Obj* {
            const Tensor result = wick::div(wick::sub(image, mean), std);
            if (!inplace) return binding::new_handle(call.state, result);
            replace("normalize_image", image, result);
            return call.words[0];
          }),
      },
      Command{
          .name = "denormalize_image",
          .summary = "image * std + mean, the inverse of normalize_image.",
          .params = params,
          .positional = {"image mean std ?inplace?"},
          .returns = "of the image's shape",
          .call = bind([](const Tensor& image, const Tensor& mean, const Tensor& std, bool inplace) {
            const Tensor result = wick::add(wick::mul(image, std), mean);
            if (!inplace) return result;
            replace("denormalize_image", image, result);
            return image;
          }),
      },
  };
}

}  // namespace

const Area& vision() {
  static const Area area{"vision", "Images",
                         joined({rearrangements(), resizing(), boxes(), normalization()})};
  return area;
}

}  // namespace commands
