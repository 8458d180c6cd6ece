#include "wick/signal/audio.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/linalg/products.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/indexing.h"
#include "wick/ops/join.h"
#include "wick/ops/padding.h"
#include "wick/ops/scan.h"
#include "wick/ops/taps.h"
#include "wick/ops/views.h"
#include "wick/signal/stft.h"
#include "wick/signal/windows.h"

namespace wick {
namespace {

constexpr double pi = std::numbers::pi;

// Elements of a table between two questions to the interrupt handler.
constexpr std::int64_t between_questions = std::int64_t{1} << 14;

// Slaney's scale: 200 / 3 Hz a mel up to 1000 Hz, then 27 mels for a factor of 6.4.
constexpr double linear_step = 200.0 / 3, knee = 1000, knee_mels = knee / linear_step;
const double log_step = std::log(6.4) / 27;

double to_mel(double f, bool htk) {
  if (htk) return 2595 * std::log10(1 + f / 700);
  return f < knee ? f / linear_step : knee_mels + std::log(f / knee) / log_step;
}
double from_mel(double m, bool htk) {
  if (htk) return 700 * (std::pow(10, m / 2595) - 1);
  return m < knee_mels ? m * linear_step : knee * std::exp(log_step * (m - knee_mels));
}

}  // namespace

Tensor melscale_fbanks(std::int64_t n_freqs, double f_min, double f_max, std::int64_t n_mels,
                       double sample_rate, std::string_view norm, std::string_view mel_scale, DType dtype) {
  constexpr auto name = "melscale_fbanks";
  if (n_freqs < 2) fail(name, "n_freqs must be at least 2, {} was given", n_freqs);
  if (n_mels < 1) fail(name, "n_mels must be at least 1, {} was given", n_mels);
  if (!(sample_rate > 0) || std::isinf(sample_rate))
    fail(name, "sample_rate must be above 0, {} was given", sample_rate);
  if (!(f_min >= 0) || !(f_min < f_max) || std::isinf(f_max))
    fail(name, "f_min must be at least 0 and below f_max, {} and {} were given", f_min, f_max);
  if (mel_scale != "htk" && mel_scale != "slaney")
    fail(name, "mel_scale must be htk or slaney, {} was given", mel_scale);
  if (!norm.empty() && norm != "slaney") fail(name, "norm must be empty or slaney, {} was given", norm);
  if (!is_floating(dtype)) fail<DTypeError>(name, "the dtype must be floating point, not {}", dtype);

  const bool htk = mel_scale == "htk";
  const double low = to_mel(f_min, htk), high = to_mel(f_max, htk);
  const Tensor out = empty({n_freqs, n_mels}, float64);  // first, for there may be no memory for so many
  std::vector<double> corner;
  corner.reserve(static_cast<std::size_t>(n_mels) + 2);
  for (std::int64_t i = 0; i < n_mels + 2; ++i) {
    if (i % between_questions == 0) check_interrupt();
    const double share = static_cast<double>(i) / static_cast<double>(n_mels + 1);
    corner.push_back(from_mel(low + (high - low) * share, htk));
  }
  double* to = out.data<double>();
  const double* const begin = to;
  for (std::int64_t k = 0; k < n_freqs; ++k) {
    const double f = sample_rate / 2 * static_cast<double>(k) / static_cast<double>(n_freqs - 1);
    for (std::size_t m = 0; m < static_cast<std::size_t>(n_mels); ++m) {
      if ((to - begin) % between_questions == 0) check_interrupt({to - begin, out.numel()});
      const double rise = (f - corner[m]) / (corner[m + 1] - corner[m]);
      const double fall = (corner[m + 2] - f) / (corner[m + 2] - corner[m + 1]);
      const double area = norm.empty() ? 1 : 2 / (corner[m + 2] - corner[m]);
      *to++ = std::fmax(0, std::fmin(rise, fall)) * area;
    }
  }
  return out.to(dtype);
}

Tensor mfcc(const Tensor& mel_spectrogram, std::int64_t n_mfcc) {
  const Tensor& s = mel_spectrogram;
  if (is_complex(s.dtype()))
    fail<DTypeError>("mfcc", "the spectrogram must be real, {} was given", s.dtype());
  if (s.dim() < 2) fail<ShapeError>("mfcc", "bands and frames are needed, shape {} was given", s.sizes());
  if (n_mfcc < 1) fail("mfcc", "n_mfcc must be at least 1, {} was given", n_mfcc);
  const std::int64_t bands = s.size(-2);
  const Tensor cosines = empty({n_mfcc, bands}, float64);
  double* to = cosines.data<double>();
  const double* const begin = to;
  for (std::int64_t k = 0; bands > 0 && k < n_mfcc; ++k) {
    for (std::int64_t m = 0; m < bands; ++m) {
      if ((to - begin) % between_questions == 0) check_interrupt({to - begin, cosines.numel()});
      // k (2 m + 1) quarters of a turn over bands, less whole turns.
      const double place = static_cast<double>(k % (4 * bands) * (2 * m + 1) % (4 * bands));
      *to++ = std::cos(pi * place / static_cast<double>(2 * bands));
    }
  }
  const Tensor power = s.dtype() == float64 ? s : s.to(float32);
  return matmul(cosines.to(power.dtype()), log(clamp(power, 1e-10)));
}

Tensor resample(const Tensor& x, std::int64_t orig_freq, std::int64_t new_freq,
                std::int64_t lowpass_filter_width, double rolloff) {
  constexpr auto name = "resample";
  if (!is_floating(x.dtype()))
    fail<DTypeError>(name, "the signal must be floating point, {} was given", x.dtype());
  if (x.dim() == 0) fail<ShapeError>(name, "a 0-d tensor is no signal");
  if (orig_freq < 1 || new_freq < 1)
    fail(name, "the rates must be at least 1, {} and {} were given", orig_freq, new_freq);
  if (lowpass_filter_width < 1)
    fail(name, "lowpass_filter_width must be at least 1, {} was given", lowpass_filter_width);
  if (!(rolloff > 0 && rolloff <= 1)) fail(name, "rolloff must lie in (0, 1], {} was given", rolloff);
  const std::int64_t common = std::gcd(orig_freq, new_freq);
  const std::int64_t from = orig_freq / common, to = new_freq / common, length = x.size(-1);
  if (from == to || length == 0) return x;
  if (length > INT64_MAX / to) fail<ShapeError>(name, "too many samples: {} times {}", length, to);

  const double width = static_cast<double>(lowpass_filter_width);
  const double base = rolloff * static_cast<double>(std::min(from, to)),
               scale = base / static_cast<double>(from);
  const std::int64_t count = (to * length - 1) / from + 1;
  // Past 1e15 it is longer than any signal.
  const auto reach = static_cast<std::int64_t>(std::min(std::ceil(width / scale), 1e15));
  Shape result = x.sizes();
  result[x.dim() - 1] = count;
  static_cast<void>(empty(result, x.dtype()));  // before the table, for there may be no memory for so many
  // Taps from `first` to `last` samples after the one that a result lies a fraction behind.
  const auto add_taps = [&](std::vector<double>& taps, double fraction, std::int64_t first,
                            std::int64_t last) {
    for (std::int64_t j = first; j <= last; ++j) {
      const double t = (static_cast<double>(j) - fraction) * scale;
      if (std::fabs(t) >= width) {
        taps.push_back(0);
        continue;
      }
      const double window = std::cos(pi * t / width / 2);
      taps.push_back(scale * window * window * (t == 0 ? 1 : std::sin(pi * t) / (pi * t)));
    }
  };
  const auto table = std::make_shared<TapTable>();
  table->size = length;
  // Every `to` results the fractions come again; all of their taps are kept if they are no more than the
  // signal.
  std::vector<std::vector<double>> kept(to < count && reach < length ? static_cast<std::size_t>(to) : 0);
  std::vector<double> taps;
  for (std::int64_t k = 0; k < count; ++k) {
    if (k % 4096 == 0) check_interrupt({k, count});
    // The result's place among the samples, as a whole number and a fraction.
    const std::int64_t whole = k * from / to;
    const double fraction = static_cast<double>(k * from % to) / static_cast<double>(to);
    // Of those that the filter reaches the ones that there are: it may be much longer than the signal.
    const std::int64_t first = std::max(-reach, -whole), last = std::min(reach + 1, length - 1 - whole);
    if (kept.empty()) {
      taps.clear();
      add_taps(taps, fraction, first, last);
    } else {
      std::vector<double>& all = kept[static_cast<std::size_t>(k % to)];
      if (all.empty()) add_taps(all, fraction, -reach, reach + 1);
      taps.assign(all.begin() + (first + reach), all.begin() + (last + reach + 1));
    }
    table->add(whole + first, taps, false);
  }
  return apply_taps(name, x, {{x.dim() - 1, table}});
}

Tensor phase_vocoder(const Tensor& spectrum, double rate) {
  constexpr auto name = "phase_vocoder";
  if (!is_complex(spectrum.dtype()))
    fail<DTypeError>(name, "the spectrum must be complex, {} was given", spectrum.dtype());
  if (spectrum.dim() < 2)
    fail<ShapeError>(name, "bins and frames are needed, shape {} was given", spectrum.sizes());
  if (!(rate > 0) || std::isinf(rate)) fail(name, "rate must be above 0, {} was given", rate);
  if (rate == 1) return spectrum;
  const std::int64_t frames = spectrum.size(-1);
  const double exact = std::ceil(static_cast<double>(frames) / rate);
  if (exact > 1e15) fail<ShapeError>(name, "a rate of {} makes too many frames of {}", rate, frames);
  const auto count = static_cast<std::int64_t>(exact);
  const DType dtype = real_dtype(spectrum.dtype());
  if (count == 0) return narrow(spectrum, -1, 0, 0);
  const Tensor left = empty({count}, int64), share = empty({count}, float64);
  for (std::int64_t t = 0; t < count; ++t) {
    const double place = static_cast<double>(t) * rate, whole = std::floor(place);
    left.data<std::int64_t>()[t] = std::min(static_cast<std::int64_t>(whole), frames - 1);
    share.data<double>()[t] = place - whole;
  }
  const Tensor magnitudes = pad(abs(spectrum), {0, 1}), angles = pad(angle(spectrum), {0, 1});
  const Tensor right = add(left, Scalar(1));
  const Tensor weight = share.to(dtype);
  const Tensor low = index_select(magnitudes, -1, left), high = index_select(magnitudes, -1, right);
  const Tensor magnitude = add(low, mul(weight, sub(high, low)));
  // Phases grow large: they are added up in double.
  const Tensor wide = angles.to(float64);
  const Tensor advance = sub(index_select(wide, -1, right), index_select(wide, -1, left));
  const Tensor first = narrow(wide, -1, 0, 1);
  const Tensor phase = cumsum(cat({first, narrow(advance, -1, 0, count - 1)}, -1), -1);
  return complex(mul(magnitude, cos(phase).to(dtype)), mul(magnitude, sin(phase).to(dtype)));
}

Tensor pitch_shift(const Tensor& x, double sample_rate, double n_steps, std::int64_t bins_per_octave,
                   std::int64_t n_fft) {
  constexpr auto name = "pitch_shift";
  if (!is_floating(x.dtype()) || is_half(x.dtype()))
    fail<DTypeError>(name, "the signal must be float32 or float64, {} was given", x.dtype());
  if (x.dim() == 0 || x.size(-1) == 0) fail<ShapeError>(name, "there are no samples in shape {}", x.sizes());
  if (bins_per_octave < 1) fail(name, "bins_per_octave must be at least 1, {} was given", bins_per_octave);
  if (n_fft < 1) fail(name, "n_fft must be at least 1, {} was given", n_fft);
  if (!(std::fabs(n_steps) <= 1e6)) fail(name, "n_steps must be a number, {} was given", n_steps);
  const double rate = std::pow(2, -n_steps / static_cast<double>(bins_per_octave));
  const double from = sample_rate / rate;
  if (!(sample_rate >= 1) || !(from >= 1) || !(sample_rate < 1e12) || !(from < 1e12)) {
    fail(name, "a rate of {} cannot be shifted by {} steps: both rates must be at least 1", sample_rate,
         n_steps);
  }
  if (n_steps == 0) return x;
  const std::int64_t length = x.size(-1);
  const double stretched_length = std::nearbyint(static_cast<double>(length) / rate);
  if (stretched_length < 1) return mul(x, Scalar(0));
  if (stretched_length > 1e15)
    fail<ShapeError>(name, "{} steps make too many samples of {}", n_steps, length);
  while (n_fft > 1 && n_fft / 2 >= length) n_fft /= 2;
  StftOptions options;
  options.hop_length = std::max<std::int64_t>(n_fft / 4, 1);
  options.window = hann_window(n_fft, true, x.dtype());
  const Tensor spectrum = phase_vocoder(stft(x, n_fft, options), rate);
  const Tensor stretched = istft(spectrum, n_fft, options, static_cast<std::int64_t>(stretched_length));
  const Tensor shifted =
      resample(stretched, static_cast<std::int64_t>(from), static_cast<std::int64_t>(sample_rate));
  const std::int64_t given = shifted.size(-1);
  return given >= length ? narrow(shifted, -1, 0, length) : pad(shifted, {0, length - given});
}

}  // namespace wick
