#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wick/core/tensor.h"

// Spectra of short stretches of a signal, and what is made of them. All are differentiable. Signals have any
// number of leading dimensions unless it says otherwise. ShapeError for sizes that do not fit each other,
// DTypeError for signals that are not floating point (or, for stft, complex) and for half precision.

namespace WICK_API wick {

struct StftOptions {
  std::optional<std::int64_t> hop_length = {};  // samples from a frame to the next; n_fft / 4
  std::optional<std::int64_t> win_length = {};  // n_fft
  Tensor window = {};                     // of win_length values; ones. Zeros are put around it up to n_fft
  bool center = true;                     // frame t is around sample t * hop_length: the signal is padded
  std::string_view pad_mode = "reflect";  // see pad()
  bool normalized = false;                // divide by sqrt(n_fft)
  std::optional<bool> onesided = {};  // only the first n_fft / 2 + 1 bins; true for a real signal and window
};

// (..., T) to complex (..., bins, frames), as torch.stft. Without centring there are 1 + (T - n_fft) /
// hop_length frames.
Tensor stft(const Tensor& x, std::int64_t n_fft, const StftOptions& options = {});

// The least squares inverse, as torch.istft: each frame is transformed back and multiplied by the window;
// they are added up where they came from, and divided by the sum of the windows' squares. Of a two-sided
// spectrum the first n_fft / 2 + 1 bins count. `length`: samples to give, cut or padded with zeros; else all
// that the frames tell. Error where the windows are all zero.
Tensor istft(const Tensor& x, std::int64_t n_fft, const StftOptions& options = {},
             std::optional<std::int64_t> length = std::nullopt);

// |stft|^power; power 2 is what is called the power spectrogram.
Tensor spectrogram(const Tensor& x, std::int64_t n_fft, const StftOptions& options = {}, double power = 2);

// Stretches of n elements of the last dimension, `hop` apart, times a window of n values: (..., T) to
// (..., frames, n). And its transpose: frames times the window, added up where they came from, in a last
// dimension of `length` elements.
Tensor windowed_frames(const Tensor& x, const Tensor& window, std::int64_t hop);
Tensor overlap_add(const Tensor& frames, const Tensor& window, std::int64_t hop, std::int64_t length);

// The imaginary part of the analytic signal, along the last dimension: every frequency is delayed by a
// quarter of its period. Integers give float32.
Tensor hilbert(const Tensor& x);
// x + i hilbert(x), what scipy.signal.hilbert gives.
Tensor analytic_signal(const Tensor& x);

}  // namespace wick
