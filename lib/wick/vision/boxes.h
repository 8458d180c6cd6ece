#pragma once

#include <cstdint>

#include "wick/core/tensor.h"

// Boxes in images with the names and the numbers of torchvision.ops. A box is a row x1 y1 x2 y2. ShapeError
// for shapes that do not fit.

namespace WICK_API wick {

// The areas of boxes (N, 4).
Tensor box_area(const Tensor& boxes);
// The intersection over the union of each of N boxes with each of M: (N, M), NaN for two empty ones. In the
// promoted floating dtype, float32 for integers and half precision. Differentiable.
Tensor box_iou(const Tensor& boxes1, const Tensor& boxes2);

// Non-maximum suppression: the positions, int64, of the boxes that are kept, best score first. Going down by
// score (equal ones by position, NaN first), a box is kept unless it overlaps one that is kept by more than
// the threshold.
Tensor nms(const Tensor& boxes, const Tensor& scores, double iou_threshold);

// Maps x (N, C, H, W) in boxes, (K, 5) rows of the index of a map and a box, or (K, 4) rows for map 0, as
// (K, C, height, width) of output_size. A box times spatial_scale is cut into bins. roi_align gives the mean
// of sampling_ratio times sampling_ratio bilinear samples in each (as many as the bin has places, if it is
// not above 0), with `aligned` half a place to the left and up; roi_pool gives the largest place of each, 0
// if it has none. Differentiable with respect to x. Boxes are converted to the dtype of x, indices of maps
// cut off to whole numbers: IndexError outside of [0, N).
Tensor roi_align(const Tensor& x, const Tensor& boxes, const Dims& output_size, double spatial_scale = 1,
                 std::int64_t sampling_ratio = -1, bool aligned = false);
Tensor roi_pool(const Tensor& x, const Tensor& boxes, const Dims& output_size, double spatial_scale = 1);

}  // namespace wick
