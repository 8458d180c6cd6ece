#pragma once

#include <cstdint>
#include <string_view>

#include "wick/core/tensor.h"

// Functions of sound with the names and the numbers of torchaudio.functional. Differentiable with respect to
// tensors.

namespace WICK_API wick {

// Triangular filters, (n_freqs, n_mels), that make mel bands of n_freqs bins from 0 to half of the rate.
// `mel_scale` is "htk", mel(f) = 2595 log10(1 + f / 700), or "slaney", linear below 1000 Hz; `norm` is "" or
// "slaney", which makes the areas equal. Half of an odd rate is not rounded, as torchaudio does. Error unless
// 0 <= f_min < f_max and there are two bins.
Tensor melscale_fbanks(std::int64_t n_freqs, double f_min, double f_max, std::int64_t n_mels,
                       double sample_rate, std::string_view norm = "", std::string_view mel_scale = "htk",
                       DType dtype = float32);

// Of mel spectra (..., n_mels, frames) the coefficients (..., n_mfcc, frames): the sums over m of
// log(max(s[m], 1e-10)) cos(pi k (2 m + 1) / (2 n_mels)).
Tensor mfcc(const Tensor& mel_spectrogram, std::int64_t n_mfcc = 13);

// The signal (..., T) at another rate, ceil(T new / orig) samples: sums of the samples times a sinc that a
// Hann window ends after `lowpass_filter_width` zeros; frequencies above `rolloff` of the lower rate's half
// are damped.
Tensor resample(const Tensor& x, std::int64_t orig_freq, std::int64_t new_freq,
                std::int64_t lowpass_filter_width = 6, double rolloff = 0.99);

// A complex spectrum (..., bins, frames), faster by `rate`: ceil(frames / rate) frames with interpolated
// magnitudes, whose phases advance as they do in the spectrum.
Tensor phase_vocoder(const Tensor& spectrum, double rate);

// The signal (..., T) with its pitch changed by n_steps of an octave's bins_per_octave, of the same length:
// stretched by the phase vocoder, and resampled. Signals that are too short for n_fft are done with a smaller
// one.
Tensor pitch_shift(const Tensor& x, double sample_rate, double n_steps, std::int64_t bins_per_octave = 12,
                   std::int64_t n_fft = 512);

}  // namespace wick
