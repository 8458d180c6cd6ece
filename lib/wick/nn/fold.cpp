#include "wick/nn/fold.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/nn/window.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/padding.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// Of one dimension of the image.
struct Axis {
  std::int64_t size, kernel, dilation, padding, stride, windows;
};
struct Windows {
  Axis height, width;
};

Axis axis_of(const char* name, std::int64_t size, const Dims& kernel, const FoldOptions& o, int i) {
  Axis a{size,
         expanded(name, "kernel_size", kernel, 2, 1)[i],
         expanded(name, "dilation", o.dilation, 2, 1)[i],
         expanded(name, "padding", o.padding, 2, 0)[i],
         expanded(name, "stride", o.stride, 2, 1)[i],
         0};
  const std::int64_t room = size + 2 * a.padding - a.dilation * (a.kernel - 1) - 1;
  if (room < 0) {
    fail<ShapeError>(name, "no window of {} elements, {} apart, fits into a size of {} with borders of {}",
                     a.kernel, a.dilation, size, a.padding);
  }
  a.windows = room / a.stride + 1;
  return a;
}

Windows windows_of(const char* name, std::int64_t height, std::int64_t width, const Dims& kernel,
                   const FoldOptions& o) {
  return {axis_of(name, height, kernel, o, 0), axis_of(name, width, kernel, o, 1)};
}

// The windows of an image (N, C, H, W) with its borders, as a view (N, C, kh, kw, windows, windows).
Tensor window_view(const Tensor& image, const Windows& w) {
  const Strides& s = image.strides();
  return make_view(
      image,
      {image.size(0), image.size(1), w.height.kernel, w.width.kernel, w.height.windows, w.width.windows},
      {s[0], s[1], s[2] * w.height.dilation, s[3] * w.width.dilation, s[2] * w.height.stride,
       s[3] * w.width.stride},
      image.raw_data());
}

Tensor summed(const Tensor& columns, const Windows& w);

Tensor columns_of(const Tensor& x, const Windows& w) {
  Tensor out;
  {
    const NoGrad no_grad;
    const Axis &h = w.height, &v = w.width;
    const Tensor image =
        h.padding || v.padding ? pad(x.detach(), {v.padding, v.padding, h.padding, h.padding}) : x.detach();
    const Shape shape{x.size(0), x.size(1), h.kernel, v.kernel, h.windows, v.windows};
    out = empty(shape, x.dtype());
    if (out.numel() > 0) copy_into(out, window_view(image, w));
    out = out.reshape({x.size(0), x.size(1) * h.kernel * v.kernel, h.windows * v.windows});
  }
  return record("im2col", out.detach(), {x}, saving(w),
                [](const Tensor& g, const Windows& windows) { return summed(g, windows); });
}

// Column by column of the kernel: the windows' elements at one place of the kernel do not overlap.
Tensor summed(const Tensor& x, const Windows& w) {
  const Axis &h = w.height, &v = w.width;
  Tensor out;
  {
    const NoGrad no_grad;
    const std::int64_t batch = x.size(0), channels = x.size(1) / (h.kernel * v.kernel);
    const Tensor image = zeros({batch, channels, h.size + 2 * h.padding, v.size + 2 * v.padding}, x.dtype());
    if (x.numel() > 0) {
      const Tensor columns = x.detach().reshape({batch, channels, h.kernel, v.kernel, h.windows, v.windows});
      const Tensor windows = window_view(image, w);
      for (std::int64_t i = 0; i < h.kernel; ++i) {
        for (std::int64_t j = 0; j < v.kernel; ++j) {
          add_into(windows.select(2, i).select(2, j), columns.select(2, i).select(2, j));
        }
      }
    }
    out = image.slice(2, h.padding, h.padding + h.size).slice(3, v.padding, v.padding + v.size).contiguous();
  }
  return record("fold", out.detach(), {x}, saving(w),
                [](const Tensor& g, const Windows& windows) { return columns_of(g, windows); });
}

void check_dtype(const char* name, const Tensor& x) {
  if (x.dtype() == boolean) fail<DTypeError>(name, "the input must be numbers, {} was given", x.dtype());
}

}  // namespace

Tensor im2col(const Tensor& x, const Dims& kernel_size, const FoldOptions& options) {
  constexpr const char* name = "im2col";
  check_dtype(name, x);
  if (x.dim() == 3) return im2col(x.unsqueeze(0), kernel_size, options).squeeze(0);
  if (x.dim() != 4) {
    fail<ShapeError>(name, "expected (N, C, H, W) or (C, H, W), not shape {}", x.sizes());
  }
  return columns_of(x, windows_of(name, x.size(2), x.size(3), kernel_size, options));
}

Tensor fold(const Tensor& x, const Dims& output_size, const Dims& kernel_size, const FoldOptions& options) {
  constexpr const char* name = "fold";
  check_dtype(name, x);
  if (x.dim() == 2) return fold(x.unsqueeze(0), output_size, kernel_size, options).squeeze(0);
  if (x.dim() != 3) {
    fail<ShapeError>(name, "expected (N, C kh kw, L) or (C kh kw, L), not shape {}", x.sizes());
  }
  const Dims sizes = expanded(name, "output_size", output_size, 2, 1);
  const std::int64_t height = sizes[0], width = sizes[1];
  const Windows w = windows_of(name, height, width, kernel_size, options);
  const std::int64_t each = w.height.kernel * w.width.kernel;
  const std::int64_t columns = numel({w.height.windows, w.width.windows});
  if (x.size(1) % each != 0 || x.size(2) != columns) {
    fail<ShapeError>(name, "{} windows of {} elements make an image of {} by {}, the input has shape {}",
                     columns, each, height, width, x.sizes());
  }
  return summed(x, w);
}

}  // namespace wick
