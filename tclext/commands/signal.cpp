#include <cmath>

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "tclext/commands/layers.h"
#include "wick/nn/convolution.h"

namespace commands {
namespace {

using binding::above;
using binding::at_least;
using std::int64_t;

constexpr Param samples{"input", required, "real or complex"};
constexpr Param along{"dim", int64_t{-1}, "dimension to transform, negative counts from the end"};
constexpr Param length{"n", omittable, "length of the transform; the dimension's own when left out"};
constexpr Param hop{"hop_length hopLength", omittable,
                    "samples from a frame to the next; n_fft/4 when left out"};
constexpr Param window_size{"win_length winLength", omittable, "size of the window; n_fft when left out"};
constexpr Param window_values{
    "window", omittable, "win_length values; a periodic Hann window of the signal's precision when left out"};

std::vector<Command> transforms() {
  const auto one = [](const char* name, const char* summary, const char* returns, binding::Function call) {
    return Command{.name = name,
                   .summary = summary,
                   .details =
                       "Any length. Float64 gives double precision, Float32, integers and bool single "
                       "precision; half precision is refused.",
                   .params = {samples, along},
                   .positional = {"input ?dim?"},
                   .returns = returns,
                   .call = std::move(call)};
  };
  const auto two = [](const char* name, const char* summary, binding::Function call) {
    return Command{.name = name,
                   .summary = summary,
                   .params = {{"input", required, "real or complex, two dimensions at least"},
                              {"dims", "-2 -1", "the two dimensions"}},
                   .positional = {"input ?dims?"},
                   .returns = "complex, of the input's shape",
                   .call = std::move(call)};
  };
  return {
      one("tensor_fft", "The discrete Fourier transform along a dimension, unscaled.",
          "complex, of the input's shape",
          bind([](const Tensor& x, int64_t dim) { return wick::fft::fft(x, {}, dim); })),
      one("tensor_ifft", "The inverse of tensor_fft, divided by the number of elements.",
          "complex, of the input's shape",
          bind([](const Tensor& x, int64_t dim) { return wick::fft::ifft(x, {}, dim); })),
      two("tensor_fft2d", "The unscaled Fourier transform along two dimensions.",
          bind([](const Tensor& x, binding::Sizes<2> dims) {
            return wick::fft::fft2(x, {}, {dims[0], dims[1]});
          })),
      two("tensor_ifft2d", "The inverse of tensor_fft2d, divided by the product of the two sizes.",
          bind([](const Tensor& x, binding::Sizes<2> dims) {
            return wick::fft::ifft2(x, {}, {dims[0], dims[1]});
          })),
      Command{
          .name = "tensor_rfft",
          .summary = "The first n/2+1 bins of the Fourier transform of a real signal; the others are their "
                     "conjugates.",
          .details = "The signal is cut to the length, or padded with zeros at its end.",
          .params = {{"input", required, "real"}, length, along},
          .positional = {"input ?n? ?dim?"},
          .returns = "complex, n/2+1 bins along the dimension",
          .call = bind(
              [](const Tensor& x, optional<int64_t> n, int64_t dim) { return wick::fft::rfft(x, n, dim); }),
      },
      Command{
          .name = "tensor_irfft",
          .summary = "The inverse of tensor_rfft: a real signal from the first half of its spectrum.",
          .details = "Bins beyond n/2 are dropped, missing ones are 0. The imaginary parts of bin 0 and, for "
                     "an even "
                     "n, of bin n/2 have no effect. An odd length must be given as n.",
          .params = {{"input", required, "the half spectrum"},
                     {"n", omittable, "length of the signal; 2(m-1) for m bins when left out"},
                     along},
          .positional = {"input ?n? ?dim?"},
          .returns = "real, n elements along the dimension",
          .call = bind(
              [](const Tensor& x, optional<int64_t> n, int64_t dim) { return wick::fft::irfft(x, n, dim); }),
      },
  };
}

std::vector<Command> shifts() {
  const auto shift = [](const char* name, const char* summary, binding::Function call) {
    return Command{
        .name = name,
        .aliases = {name[0] == 'i' ? "ifftShift" : "fftShift"},
        .summary = summary,
        .details = "Any dtype.",
        .params = {input, {"dim dimension", omittable, "the only dimension to shift; all when left out"}},
        .positional = {"input ?dim?"},
        .returns = "of the input's shape",
        .call = std::move(call)};
  };
  return {
      shift("fftshift", "Rolls each dimension by half of its size, so that bin 0 comes to the middle.",
            bind([](const Tensor& x, optional<int64_t> dim) {
              return wick::fft::fftshift(x, dim ? wick::Dims{*dim} : wick::Dims{});
            })),
      shift("ifftshift", "The inverse of fftshift; the two differ for odd sizes.",
            bind([](const Tensor& x, optional<int64_t> dim) {
              return wick::fft::ifftshift(x, dim ? wick::Dims{*dim} : wick::Dims{});
            })),
  };
}

// Signals as the short-time commands take them.
void check_signal(const char* command, const Tensor& x, int most_dims) {
  if (!is_floating(x.dtype()) || is_half(x.dtype())) {
    wick::fail<wick::DTypeError>(command, "the signal must be Float32 or Float64, {} was given", x.dtype());
  }
  if (x.dim() < 1 || x.dim() > most_dims) {
    wick::fail<wick::ShapeError>(command, "a signal has {} dimensions at most, shape {} was given", most_dims,
                                 x.sizes());
  }
}

// `longest`: no transform of this input is larger. Then no window is made, and the library says what is
// wrong.
wick::StftOptions options(int64_t n_fft, int64_t longest, optional<int64_t> hop_length,
                          optional<int64_t> win_length, const optional<Tensor>& window, DType dtype) {
  wick::StftOptions o;
  o.hop_length = hop_length;
  o.win_length = win_length;
  const int64_t size = win_length.value_or(n_fft);
  if (window) {
    o.window = *window;
  } else if (size > 0 && size <= n_fft && n_fft <= longest) {
    o.window = wick::hann_window(size, true, dtype);
  }
  return o;
}

std::vector<Command> short_time() {
  return {
      Command{
          .name = "tensor_stft",
          .summary =
              "The Fourier transforms of stretches of a signal, each multiplied by a window and divided by "
              "the square root of n_fft.",
          .details =
              "Frame f begins at sample f * hop_length; there are 1 + (T - n_fft) / hop_length of them. A "
              "window shorter than n_fft has zeros on both sides. The signal is not padded, so that "
              "tensor_istft needs -center 0.",
          .params = {{"input", required, "real, (T) or (B, T)"},
                     {"n_fft nfft", required, "size of the transform, at most T", at_least(1)},
                     hop,
                     window_size,
                     window_values},
          .positional = {"input n_fft ?hop_length? ?win_length? ?window?"},
          .returns = "complex, (n_fft/2+1, frames) or (B, n_fft/2+1, frames)",
          .call = bind([](const Tensor& x, int64_t n_fft, optional<int64_t> hop_length,
                          optional<int64_t> win_length, optional<Tensor> window) {
            check_signal("tensor_stft", x, 2);
            wick::StftOptions o = options(n_fft, x.size(-1), hop_length, win_length, window, x.dtype());
            o.center = false;
            o.normalized = true;
            o.onesided = true;
            return wick::stft(x, n_fft, o);
          }),
      },
      Command{
          .name = "tensor_istft",
          .summary = "The signal that belongs to a short-time spectrum.",
          .details =
              "Each frame is transformed back and multiplied by the window; they are added up at f * "
              "hop_length and divided by the added squares of the window, which must be nowhere 0. The "
              "defaults do not match tensor_stft, which does not centre.",
          .params = {{"input", required, "complex, (bins, frames) or (B, bins, frames)"},
                     {"n_fft nfft", required, "size of the transform", at_least(1)},
                     hop,
                     window_size,
                     window_values,
                     {"center", true, "drop n_fft/2 samples at each end"},
                     {"normalized", true, "the spectrum was divided by the square root of n_fft"},
                     {"onesided", true, "only n_fft/2+1 bins are there"},
                     {"length", omittable, "samples to return, cut or padded with zeros"}},
          .positional = {"input n_fft ?hop_length? ?win_length? ?window?"},
          .returns = "real, (T) or (B, T)",
          .call = bind([](const Tensor& x, int64_t n_fft, optional<int64_t> hop_length,
                          optional<int64_t> win_length, optional<Tensor> window, bool center, bool normalized,
                          bool onesided, optional<int64_t> count) {
            if (x.dim() > 3) {
              wick::fail<wick::ShapeError>(
                  "tensor_istft", "a spectrum has 3 dimensions at most, shape {} was given", x.sizes());
            }
            const int64_t bins = x.dim() < 2 ? 0 : x.size(-2), longest = onesided ? 2 * bins : bins;
            wick::StftOptions o =
                options(n_fft, longest, hop_length, win_length, window, wick::real_dtype(x.dtype()));
            o.center = center;
            o.normalized = normalized;
            o.onesided = onesided;
            return wick::istft(x, n_fft, o, count);
          }),
      },
      Command{
          .name = "spectrogram",
          .summary = "The squared absolute values of the short-time Fourier transform of a signal.",
          .details = "Not scaled, and the signal is not padded. win_length does not follow n_fft.",
          .params = {{"input", required, "real, (..., T)"},
                     {"nFft n_fft", int64_t{32}, "size of the transform, at most T", at_least(1)},
                     {"hopLength hop_length", int64_t{16}, "samples from a frame to the next", at_least(1)},
                     {"winLength win_length", int64_t{32}, "size of the window, at most n_fft", at_least(1)},
                     window_values},
          .positional = {"input ?nFft? ?hopLength? ?winLength? ?window?"},
          .returns = "real, (..., n_fft/2+1, frames)",
          .call = bind([](const Tensor& x, int64_t n_fft, int64_t hop_length, int64_t win_length,
                          optional<Tensor> window) {
            check_signal("spectrogram", x, wick::max_rank - 1);
            wick::StftOptions o = options(n_fft, x.size(-1), hop_length, win_length, window, x.dtype());
            o.center = false;
            o.onesided = true;
            return wick::spectrogram(x, n_fft, o);
          }),
      },
      Command{
          .name = "hilbert",
          .summary =
              "The Hilbert transform along the last dimension: every frequency delayed by a quarter of its "
              "period.",
          .details = "The imaginary part of the analytic signal: a cosine becomes a sine, a constant 0.",
          .params = {{"input", required, "real"}},
          .positional = {"input"},
          .returns = "real, of the input's shape; Float64 for Float64, else Float32",
          .call = bind([](const Tensor& x) { return wick::hilbert(x); }),
      },
  };
}

void check_window(const char* command, DType type) {
  if (type != DType::Float32 && type != DType::Float64) {
    wick::fail<wick::DTypeError>(
        command, "Unsupported dtype {}: a window is floating point, Float32 or Float64", type);
  }
}

template <Tensor (*function)(int64_t, bool, DType)>
binding::Function plain_window() {
  return bind([](Call& call, int64_t n, DType type, Device, bool periodic) {
    check_window(call.command.name, type);
    return function(n, periodic, type);
  });
}

std::vector<Command> windows() {
  constexpr Param periodic{"periodic", true, "for use with the Fourier transform; else symmetric"};
  constexpr const char* details =
      "With M = window_length where it is periodic, else window_length - 1, and n from 0. A window of length "
      "1 "
      "is 1.";
  constexpr const char* returns = "1-d, window_length values";
  const auto window = [&](const char* name, const char* names, const char* positional, const char* summary,
                          binding::Function call) {
    return Command{.name = name,
                   .summary = summary,
                   .details = details,
                   .params = {{names, required, "number of values", at_least(1)}, dtype, device, periodic},
                   .positional = {positional},
                   .returns = returns,
                   .call = std::move(call)};
  };
  return {
      window("bartlett_window", "window_length windowLength length",
             "window_length ?dtype? ?device? ?periodic?", "A triangular window, 1 - |2n/M - 1|.",
             plain_window<wick::bartlett_window>()),
      window("blackman_window", "window_length length", "window_length ?dtype? ?device? ?periodic?",
             "Blackman's window, 0.42 - 0.5 cos(2 pi n/M) + 0.08 cos(4 pi n/M).",
             plain_window<wick::blackman_window>()),
      window("hamming_window", "length window_length", "length",
             "Hamming's window, 0.54 - 0.46 cos(2 pi n/M).",
             bind([](int64_t n, DType type, Device, bool wraps) {
               check_window("hamming_window", type);
               return wick::hamming_window(n, wraps, 0.54, 0.46, type);
             })),
      window("hann_window", "length window_length", "length", "Hann's window, 0.5 - 0.5 cos(2 pi n/M).",
             plain_window<wick::hann_window>()),
      Command{
          .name = "kaiser_window",
          .summary = "Kaiser's window, I0(beta sqrt(1 - (2n/M - 1)^2)) / I0(beta), with the modified Bessel "
                     "function of order 0.",
          .details = details,
          .params = {{"windowLength", required, "number of values", at_least(1)},
                     {"beta", 12.0, "shape; 0 gives a rectangle"},
                     dtype,
                     device,
                     periodic},
          .positional = {"windowLength ?beta?"},
          .returns = returns,
          .call = bind([](int64_t n, double beta, DType type, Device, bool wraps) {
            check_window("kaiser_window", type);
            return wick::kaiser_window(n, wraps, beta, type);
          }),
      },
  };
}

// The magnitudes |x| at another number of frames, interpolated linearly.
Tensor stretched_magnitudes(const Tensor& x, int64_t frames) {
  const Tensor size = wick::abs(is_floating(x.dtype()) ? x : x.to(wick::float32));
  Shape result = x.sizes();
  result[x.dim() - 1] = frames;
  wick::InterpolateOptions o;
  o.size = {frames};
  o.mode = "linear";
  const int64_t lines = x.size(-1) > 0 ? x.numel() / x.size(-1) : 0;
  return wick::interpolate(size.reshape({1, lines, x.size(-1)}), o).reshape(result);
}

std::vector<Command> audio() {
  return {
      Command{
          .name = "melscale_fbanks",
          .summary = "Triangular filters that are equally spaced on the mel scale, 2595 log10(1 + f/700).",
          .details =
              "Bin k stands for the frequency k (sample_rate/2) / (n_freqs - 1). A row is a filter: its "
              "product with a spectrogram is the mel spectrogram.",
          .params = {{"nFreqs n_freqs", required, "number of bins, n_fft/2+1", at_least(2)},
                     {"nMels n_mels", required, "number of filters", at_least(1)},
                     {"sampleRate sample_rate", required, "samples a second", above(0)},
                     {"fMin f_min", 0.0, "lower end in Hz", at_least(0)},
                     {"fMax f_max", 0.0, "upper end in Hz; 0 for half of the rate", at_least(0)}},
          .positional = {"nFreqs nMels sampleRate ?fMin? ?fMax?"},
          .returns = "Float32, n_mels by n_freqs",
          .call = bind([](int64_t n_freqs, int64_t n_mels, double rate, double low, double high) {
            return wick::melscale_fbanks(n_freqs, low, high == 0 ? rate / 2 : high, n_mels, rate)
                .t()
                .contiguous();
          }),
      },
      Command{
          .name = "mfcc",
          .summary = "Cepstral coefficients of mel spectra: the sums over m of ln(max(s, 1e-10)) cos(pi k "
                     "(2m+1) / (2 "
                     "n_mels)).",
          .params = {{"spectrogram", required, "mel power spectrogram, (..., n_mels, frames)"},
                     {"nMfcc n_mfcc", int64_t{13}, "number of coefficients", at_least(1)},
                     {"dctType dct_type", int64_t{2}, "type of the cosine transform; there is only 2"}},
          .positional = {"spectrogram ?nMfcc? ?dctType?"},
          .returns = "(..., n_mfcc, frames)",
          .call = bind([](const Tensor& s, int64_t n_mfcc, int64_t type) {
            if (type != 2) wick::fail("mfcc", "dct_type must be 2, {} was given", type);
            return wick::mfcc(s, n_mfcc);
          }),
      },
      Command{
          .name = "pitch_shift",
          .summary = "A signal with another pitch, 2^(n_steps/12) times as high, and the same length.",
          .details = "The signal is stretched by a phase vocoder and resampled.",
          .params = {{"waveform input", required, "(..., T), Float32 or Float64"},
                     {"sampleRate sample_rate", required, "samples a second", above(0)},
                     {"nSteps n_steps", 0.0, "semitones, up when positive; fractions are fine"}},
          .positional = {"waveform sampleRate nSteps"},
          .returns = "of the input's shape",
          .call = bind(
              [](const Tensor& x, double rate, double steps) { return wick::pitch_shift(x, rate, steps); }),
      },
      Command{
          .name = "time_stretch",
          .summary = "A short-time spectrum made faster by a rate.",
          .details =
              "A complex one by a phase vocoder; of a real matrix of magnitudes the absolute values are "
              "interpolated linearly along the last dimension.",
          .params = {{"input stft_matrix", required, "complex, (..., F, T), or real"},
                     {"rate", required, "above 1 shorter and faster, below 1 longer", above(0)}},
          .positional = {"input rate"},
          .returns = "(..., F, T/rate rounded down)",
          .call = bind([](const Tensor& x, double rate) {
            if (x.dim() == 0) wick::fail<wick::ShapeError>("time_stretch", "a 0-d tensor has no frames");
            const double frames = std::floor(static_cast<double>(x.size(-1)) / rate);
            if (!(frames >= 1) || frames > 1e15) {
              wick::fail<wick::ShapeError>(
                  "time_stretch", "sizes should be greater than 0: {} frames at a rate of {} were given",
                  x.size(-1), rate);
            }
            const auto count = static_cast<int64_t>(frames);
            if (!is_complex(x.dtype())) return stretched_magnitudes(x, count);
            return wick::narrow(wick::phase_vocoder(x, rate), -1, 0, count);
          }),
      },
  };
}

const Param signals{"input", required, "(N, C, sizes) or (C, sizes)"};
const Param kernels{"weight", required, "(O, C / groups, size)"};
const Param transposed_kernels{"weight", required, "(C, O / groups, sizes)"};
const Param offsets{"bias", "none", "an offset for each of the O channels, or none"};
const Param step{"stride", int64_t{1}, "the step of the kernel"};
const Param spacing{"stride", int64_t{1}, "distance of the input's elements in the result"};
const Param border{"padding", int64_t{0}, "zeros on both ends"};
const Param cut{"padding", int64_t{0}, "places cut from both ends of each dimension of the result"};
const Param more{"output_padding", int64_t{0},
                 "places more at the end of each dimension, fewer than stride or dilation"};
const Param apart{"dilation", int64_t{1}, "distance between the elements of a kernel"};
const Param channel_groups{"groups", int64_t{1}, "independent groups of channels"};

template <std::size_t N, auto function>
Command transposed_convolution(const char* name, const char* summary) {
  using S = ImageSizes<N>;
  return {.name = name,
          .summary = summary,
          .details = "Every element of the input adds its multiple of the kernel to the result.",
          .params = {signals, transposed_kernels, offsets, spacing, cut, more, channel_groups, apart},
          .positional = {"input weight ?bias? ?stride? ?padding? ?output_padding? ?groups? ?dilation?"},
          .returns =
              "(N, O, sizes) or (O, sizes), each size (size - 1) stride - 2 padding + dilation (kernel "
              "- 1) + output_padding + 1",
          .call = bind([](const Tensor& x, const Tensor& weight, const binding::TensorOrNone& bias, S stride,
                          S padding, S output_padding, int64_t groups, S dilation) {
            return function(x, weight, bias,
                            wick::TransposedConvolutionOptions{.stride = dims_of(stride),
                                                               .padding = dims_of(padding),
                                                               .output_padding = dims_of(output_padding),
                                                               .groups = groups,
                                                               .dilation = dims_of(dilation)});
          })};
}

std::vector<Command> convolutions() {
  return {
      Command{.name = "tensor_conv1d",
              .summary = "The cross-correlation of signals of several channels with kernels.",
              .params = {signals, kernels, offsets, step, border, apart, channel_groups},
              .positional = {"input weight ?bias? ?stride? ?padding? ?dilation? ?groups?"},
              .returns = "(N, O, size) or (O, size), the size (L + 2 padding - dilation (kernel - 1) - 1) / "
                         "stride + 1 rounded down",
              .call = bind([](const Tensor& x, const Tensor& weight, const binding::TensorOrNone& bias,
                              int64_t stride, int64_t padding, int64_t dilation, int64_t groups) {
                return wick::conv1d(
                    x, weight, bias,
                    {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
              })},
      transposed_convolution<1, wick::conv_transpose1d>(
          "tensor_conv_transpose1d", "The adjoint of tensor_conv1d with the same weight, plus a bias."),
      transposed_convolution<2, wick::conv_transpose2d>(
          "tensor_conv_transpose2d",
          "The adjoint of a two-dimensional convolution with the same weight, plus a bias."),
  };
}

}  // namespace

const Area& signal() {
  static const Area area{"signal", "Signals",
                         joined({transforms(), shifts(), short_time(), windows(), convolutions(), audio()})};
  return area;
}

}  // namespace commands
