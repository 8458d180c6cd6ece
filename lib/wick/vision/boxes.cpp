#include "wick/vision/boxes.h"

#include <vector>

#include "wick/autograd/twin.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/boxes.h"
#include "wick/kernels/table.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/of_dtype.h"
#include "wick/ops/sort.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_boxes(const char* operation, const Tensor& boxes) {
  if (is_complex(boxes.dtype()))
    fail<DTypeError>(operation, "boxes must be real numbers, {} was given", boxes.dtype());
  if (boxes.dim() != 2 || boxes.size(1) != 4)
    fail<ShapeError>(operation, "boxes must have the shape (N, 4), {} was given", boxes.sizes());
}

// (5, N): the edges, and the areas.
Tensor by_columns(const Tensor& boxes) {
  const NoGrad no_grad;
  const Tensor out = empty({5, boxes.size(0)}, boxes.dtype());
  narrow(out, 0, 0, 4).copy_(transpose(boxes.detach(), 0, 1));
  of_dtype(*kernels::table().boxes, boxes.dtype()).areas(boxes.size(0), out.raw_data());
  return out;
}

// The edges and the area of a box, one after another.
template <class T>
struct Box {
  T values[5];
  Box(const T* columns, std::int64_t n, std::int64_t i) {
    for (int k = 0; k < 5; ++k) values[k] = columns[k * n + i];
  }
};

template <class F>
void with_type(DType dtype, F f) {
  if (dtype == float32) {
    f(TypeTag<float>{});
  } else {
    f(TypeTag<double>{});
  }
}

// The overlaps by the library's operations, for the gradient.
Tensor overlaps(const Tensors& boxes, const int&) {
  const auto edge = [](const Tensor& b, int i) { return select(b, 1, i); };
  const auto extent = [&](int low, int high) {
    const Tensor right = minimum(edge(boxes[0], high).unsqueeze(1), edge(boxes[1], high).unsqueeze(0));
    const Tensor left = maximum(edge(boxes[0], low).unsqueeze(1), edge(boxes[1], low).unsqueeze(0));
    return clamp(sub(right, left), 0.0);
  };
  const Tensor shared = mul(extent(0, 2), extent(1, 3));
  const Tensor areas = add(box_area(boxes[0]).unsqueeze(1), box_area(boxes[1]).unsqueeze(0));
  return div(shared, sub(areas, shared));
}

}  // namespace

Tensor box_area(const Tensor& boxes) {
  check_boxes("box_area", boxes);
  return mul(sub(select(boxes, 1, 2), select(boxes, 1, 0)), sub(select(boxes, 1, 3), select(boxes, 1, 1)));
}

Tensor box_iou(const Tensor& boxes1, const Tensor& boxes2) {
  check_boxes("box_iou", boxes1);
  check_boxes("box_iou", boxes2);
  const DType dtype = boxes1.dtype() == float64 || boxes2.dtype() == float64 ? float64 : float32;
  const Tensor a = boxes1.to(dtype), b = boxes2.to(dtype);
  const std::int64_t n = a.size(0), m = b.size(0);
  const Tensor out = empty({n, m}, dtype), left = by_columns(a), right = by_columns(b);
  if (out.numel() > 0) {
    const kernels::BoxFunctions& functions = of_dtype(*kernels::table().boxes, dtype);
    with_type(dtype, [&]<class T>(TypeTag<T>) {
      const std::int64_t least = std::max<std::int64_t>(parallel::grain / (8 * m), 1);
      parallel_for(n, least, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const Box<T> box(left.data<T>(), n, i);
          functions.overlaps(m, right.raw_data(), box.values, out.data<T>() + i * m);
        }
      });
    });
  }
  return record_fused<int>(
      "box_iou", out, {a, b}, 0, [](const Tensor&, const Tensors&, const int&) { return Tensors(2); },
      overlaps);
}

Tensor nms(const Tensor& boxes, const Tensor& scores, double iou_threshold) {
  check_boxes("nms", boxes);
  if (scores.dim() != 1 || scores.size(0) != boxes.size(0)) {
    fail<ShapeError>("nms", "Scores tensor must be 1D with a score for each of {} boxes, shape {} was given",
                     boxes.size(0), scores.sizes());
  }
  const NoGrad no_grad;
  const DType dtype = boxes.dtype() == float64 ? float64 : float32;
  const std::int64_t n = boxes.size(0);
  const Tensor columns = by_columns(boxes.to(dtype)), order = argsort(scores.detach(), 0, true);
  // Those that are kept, by columns as well.
  const Tensor kept = empty({5, n}, dtype), positions = empty({n}, int64);
  const std::int64_t* next = order.data<std::int64_t>();
  std::int64_t count = 0;
  const kernels::BoxFunctions& functions = of_dtype(*kernels::table().boxes, dtype);
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (i % 256 == 0) check_interrupt();
      const Box<T> box(columns.data<T>(), n, next[i]);
      if (functions.overlaps_more(n, count, kept.raw_data(), box.values, iou_threshold)) continue;
      for (int k = 0; k < 5; ++k) kept.data<T>()[k * n + count] = box.values[k];
      positions.data<std::int64_t>()[count++] = next[i];
    }
  });
  return narrow(positions, 0, 0, count).clone();
}

}  // namespace wick
