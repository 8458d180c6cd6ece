#include "wick/signal/stft.h"

#include <cmath>
#include <complex>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/fft/fft.h"
#include "wick/kernels/table.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/padding.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

void check_frames(const char* operation, std::int64_t n, std::int64_t hop, std::int64_t length) {
  if (hop < 1) fail<ShapeError>(operation, "hop_length must be at least 1, {} was given", hop);
  if (n < 1 || n > length)
    fail<ShapeError>(operation, "n_fft must be between 1 and the signal's length {}, {} was given", length,
                     n);
}

// A view of the stretches, without a gradient.
Tensor stretches(const Tensor& x, std::int64_t n, std::int64_t hop) {
  const int last = x.dim() - 1;
  Shape shape = x.sizes();
  Strides strides = x.strides();
  const std::int64_t frames = (shape[last] - n) / hop + 1, step = strides[last];
  shape[last] = frames;
  strides[last] = frames > 1 ? step * hop : step;
  shape.push_back(n);
  strides.push_back(step);
  return make_view(x.detach(), shape, strides, x.raw_data());
}

}  // namespace

Tensor windowed_frames(const Tensor& x, const Tensor& window, std::int64_t hop) {
  if (x.dim() == 0 || window.dim() != 1) {
    fail<ShapeError>("windowed_frames", "a signal and a vector are needed, shapes {} and {} were given",
                     x.sizes(), window.sizes());
  }
  const std::int64_t n = window.size(0), length = x.size(-1);
  check_frames("windowed_frames", n, hop, length);
  Tensor out;
  {
    const NoGrad no_grad;
    // A product of its own memory order, that of the result.
    const Tensor view = stretches(x, n, hop);
    out = empty(view.sizes(), result_type(x, window));
    const Tensor left = view.to(out.dtype()), right = window.detach().to(out.dtype()).expand(view.sizes());
    run_loop(make_loop_nest({&out, &left, &right}),
             checked_kernel(kernels::table().binary[kernels::Binary::Mul][index_of(out.dtype())],
                            "windowed_frames", out.dtype()));
  }
  return record("windowed_frames", out,
                wrt(x, saving(window, hop, length),
                    [](const Tensor& g, const Tensor& w, std::int64_t step, std::int64_t samples) {
                      return overlap_add(g, conj(w), step, samples);
                    }),
                wrt(window, saving(x, hop), [](const Tensor& g, const Tensor& signal, std::int64_t step) {
                  const Tensor ones_window = ones({g.size(-1)}, real_dtype(signal.dtype()));
                  const Tensor product = mul(g, conj(windowed_frames(signal, ones_window, step)));
                  return product.reshape({-1, g.size(-1)}).sum({0});
                }));
}

Tensor overlap_add(const Tensor& frames, const Tensor& window, std::int64_t hop, std::int64_t length) {
  if (frames.dim() < 2 || window.dim() != 1 || window.size(0) != frames.size(-1)) {
    fail<ShapeError>("overlap_add", "frames of the window's size are needed, shapes {} and {} were given",
                     frames.sizes(), window.sizes());
  }
  const std::int64_t n = frames.size(-1), count = frames.size(-2);
  if (hop < 1 || count < 1 || length < n || (length - n) / hop < count - 1) {
    fail<ShapeError>("overlap_add", "{} frames of {} elements, {} apart, do not fit into {}", count, n, hop,
                     length);
  }
  Shape shape = frames.sizes();
  shape.erase(shape.size() - 1);
  shape[shape.size() - 1] = length;
  const DType dtype = result_type(frames, window);
  const Tensor out = zeros(shape, dtype);
  if (out.numel() > 0) {
    const NoGrad no_grad;
    const Tensor weighted = mul(frames.detach(), window.detach()).to(dtype).contiguous();
    const kernels::Loop add = kernels::table().binary[kernels::Binary::Add][index_of(dtype)];
    const std::int64_t size = out.itemsize(), signals = out.numel() / length;
    for (std::int64_t s = 0; s < signals; ++s) {
      for (std::int64_t f = 0; f < count; ++f) {
        kernels::Block block{};
        block.n = n;
        block.rows = 1;
        block.data[0] = block.data[1] = out.raw_data() + (s * length + f * hop) * size;
        block.data[2] = weighted.raw_data() + (s * count + f) * n * size;
        for (int k = 0; k < 3; ++k) block.step[k] = size;
        add(block, nullptr);
      }
    }
  }
  return record("overlap_add", out,
                wrt(frames, saving(window, hop, count),
                    [](const Tensor& g, const Tensor& w, std::int64_t step, std::int64_t some) {
                      return narrow(windowed_frames(g, conj(w), step), -2, 0, some);
                    }),
                wrt(window, saving(frames, hop, count),
                    [](const Tensor& g, const Tensor& x, std::int64_t step, std::int64_t some) {
                      const Tensor ones_window = ones({x.size(-1)}, real_dtype(g.dtype()));
                      const Tensor there = narrow(windowed_frames(g, ones_window, step), -2, 0, some);
                      return mul(there, conj(x)).reshape({-1, x.size(-1)}).sum({0});
                    }));
}

namespace {

struct Sizes {
  std::int64_t n_fft, hop, win;
  Tensor window;  // of n_fft values

  Sizes(const char* operation, std::int64_t n, const StftOptions& o, DType dtype) : n_fft(n) {
    if (n < 1) fail<ShapeError>(operation, "n_fft must be at least 1, {} was given", n);
    hop = o.hop_length.value_or(n / 4);
    win = o.win_length.value_or(n);
    if (hop < 1) fail<ShapeError>(operation, "hop_length must be at least 1, {} was given", hop);
    if (win < 1 || win > n)
      fail<ShapeError>(operation, "win_length must be between 1 and n_fft = {}, {} was given", n, win);
    if (o.window.defined() && (o.window.dim() != 1 || o.window.size(0) != win)) {
      fail<ShapeError>(operation, "the window must have win_length = {} values, shape {} was given", win,
                       o.window.sizes());
    }
    window = o.window.defined() ? o.window : ones({win}, dtype);
    if (win < n) {
      const std::int64_t left = (n - win) / 2;
      window = pad(window, {left, n - win - left});
    }
  }
};

void check_signal(const char* operation, DType dtype) {
  if (!is_differentiable(dtype) || is_half(dtype))
    fail<DTypeError>(operation, "expects a tensor of floating point or complex values, {} was given", dtype);
}

}  // namespace

Tensor stft(const Tensor& x, std::int64_t n_fft, const StftOptions& options) {
  check_signal("stft", x.dtype());
  if (x.dim() == 0) fail<ShapeError>("stft", "a 0-d tensor is no signal");
  // Before windows are made: n_fft may be absurd.
  const std::int64_t samples = x.size(-1);
  if (!options.center && n_fft > samples) check_frames("stft", n_fft, 1, samples);
  if (options.center && options.pad_mode == "reflect" && n_fft / 2 > samples) {
    fail<ShapeError>("stft", "n_fft must be below twice the signal's length {} to be centred, {} was given",
                     samples, n_fft);
  }
  const Sizes sizes("stft", n_fft, options, real_dtype(x.dtype()));
  Tensor signal = x;
  if (options.center) signal = pad(signal, {n_fft / 2, n_fft / 2}, options.pad_mode);
  check_frames("stft", n_fft, sizes.hop, signal.size(-1));
  const Tensor frames = windowed_frames(signal, sizes.window, sizes.hop);
  const bool complex = is_complex(frames.dtype());
  const bool half = options.onesided.value_or(!complex);
  if (half && complex) fail("stft", "a complex signal or window has no one-sided transform");
  const std::string_view norm = options.normalized ? "ortho" : "backward";
  return transpose(half ? fft::rfft(frames, {}, -1, norm) : fft::fft(frames, {}, -1, norm), -1, -2);
}

Tensor istft(const Tensor& x, std::int64_t n_fft, const StftOptions& options,
             std::optional<std::int64_t> length) {
  if (!is_complex(x.dtype()))
    fail<DTypeError>("istft", "istft requires a complex-valued input tensor, {} was given", x.dtype());
  if (x.dim() < 2 || x.size(-1) < 1)
    fail<ShapeError>("istft", "bins and frames are needed, shape {} was given", x.sizes());
  const std::int64_t bins = x.size(-2), frames = x.size(-1);
  const bool half = options.onesided.value_or(bins != n_fft);
  if (bins != (half ? n_fft / 2 + 1 : n_fft)) {
    fail<ShapeError>("istft", "{} bins do not belong to n_fft = {}, {} are needed", bins, n_fft,
                     half ? n_fft / 2 + 1 : n_fft);
  }
  const Sizes sizes("istft", n_fft, options, real_dtype(x.dtype()));
  if (sizes.hop > sizes.win)
    fail<ShapeError>("istft", "hop_length {} must not be above win_length {}", sizes.hop, sizes.win);
  if (length && *length < 0) fail<ShapeError>("istft", "length must not be negative, {} was given", *length);

  const std::string_view norm = options.normalized ? "ortho" : "backward";
  const Tensor spectrum = transpose(x, -1, -2);
  // The bins above the middle say nothing new of a real signal.
  const Tensor stretches = fft::irfft(narrow(spectrum, -1, 0, n_fft / 2 + 1), n_fft, -1, norm);
  const std::int64_t whole = n_fft + (frames - 1) * sizes.hop;
  const Tensor sum = overlap_add(stretches, sizes.window, sizes.hop, whole);
  const Tensor weight = overlap_add(sizes.window.expand({frames, n_fft}), sizes.window, sizes.hop, whole);

  const std::int64_t start = options.center ? n_fft / 2 : 0;
  const std::int64_t end = length           ? start + std::min(*length, whole - start)
                           : options.center ? whole - n_fft / 2
                                            : whole;
  if (end <= start) fail<ShapeError>("istft", "no samples are left of {}, from {} to {}", whole, start, end);
  const Tensor divisor = narrow(weight, 0, start, end - start);
  {
    const NoGrad no_grad;
    const double least = amin(abs(divisor)).item().to_double();
    if (!(least > 1e-11))
      fail("istft", "window overlap add min: {}, the windows are zero at a sample", least);
  }
  Tensor out = div(narrow(sum, -1, start, end - start), divisor);
  if (length && *length > end - start) out = pad(out, {0, *length - (end - start)});
  return out;
}

Tensor spectrogram(const Tensor& x, std::int64_t n_fft, const StftOptions& options, double power) {
  const Tensor spectrum = stft(x, n_fft, options);
  if (power == 2) return add(square(real(spectrum)), square(imag(spectrum)));
  return power == 1 ? abs(spectrum) : pow(abs(spectrum), Scalar(power));
}

Tensor hilbert(const Tensor& x) {
  if (is_complex(x.dtype())) fail<DTypeError>("hilbert", "the signal must be real, {} was given", x.dtype());
  if (x.dim() == 0) fail<ShapeError>("hilbert", "a 0-d tensor is no signal");
  // The imaginary part has the transform -i X at positive frequencies, and i X at negative ones; irfft does
  // not read what -i X has at frequency 0 and in the middle.
  const Tensor turned = mul(fft::rfft(x), Scalar(std::complex<double>(0, -1)));
  return fft::irfft(turned, x.size(-1));
}

Tensor analytic_signal(const Tensor& x) { return complex(x, hilbert(x)); }

}  // namespace wick
