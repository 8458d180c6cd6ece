#include <cmath>
#include <numbers>

#include "gradcheck.h"
#include "operations.h"

// Signals against the values of PyTorch, torchaudio and SciPy, and gradients against numeric differences.

namespace wick::test {
namespace {

StftOptions options(const Arguments& a) {
  StftOptions o;
  o.hop_length = a[2].whole();
  o.win_length = a[3].whole();
  if (t(a, 4).defined()) o.window = t(a, 4);
  o.center = a[5].flag();
  return o;
}

template <Tensor (*f)(std::int64_t, bool, DType)>
Tensors window(const Arguments& a) {
  return {f(a[0].whole(), a[1].flag(), a[2].dtype())};
}

const Operations signals = registered({
    {"bartlett_window", window<bartlett_window>},
    {"blackman_window", window<blackman_window>},
    {"hann_window", window<hann_window>},
    {"hamming_window",
     [](const Arguments& a) {
       return Tensors{hamming_window(a[0].whole(), a[1].flag(), a[2].real(), a[3].real(), a[4].dtype())};
     }},
    {"kaiser_window",
     [](const Arguments& a) {
       return Tensors{kaiser_window(a[0].whole(), a[1].flag(), a[2].real(), a[3].dtype())};
     }},
    {"stft",
     [](const Arguments& a) {
       StftOptions o = options(a);
       o.pad_mode = a[6].text;
       o.normalized = a[7].flag();
       o.onesided = a[8].flag();
       return Tensors{stft(t(a, 0), a[1].whole(), o)};
     }},
    {"istft",
     [](const Arguments& a) {
       StftOptions o = options(a);
       o.normalized = a[6].flag();
       o.onesided = a[7].flag();
       return Tensors{istft(t(a, 0), a[1].whole(), o,
                            a[8].text == "none" ? std::optional<std::int64_t>() : a[8].whole())};
     }},
    {"hilbert", unary<hilbert>},
    {"mfcc", with_one<mfcc>},
    {"melscale_fbanks",
     [](const Arguments& a) {
       return Tensors{melscale_fbanks(a[0].whole(), a[1].real(), a[2].real(), a[3].whole(), a[4].real(),
                                      a[5].text == "none" ? "" : a[5].text, a[6].text)};
     }},
    {"resample",
     [](const Arguments& a) {
       return Tensors{resample(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole(), a[4].real())};
     }},
    {"phase_vocoder", [](const Arguments& a) { return Tensors{phase_vocoder(t(a, 0), a[1].real())}; }},
    {"pitch_shift",
     [](const Arguments& a) { return Tensors{pitch_shift(t(a, 0), a[1].real(), a[2].real())}; }},
});

StftOptions small() {
  StftOptions o;
  o.hop_length = 2;
  o.win_length = 3;
  return o;
}

}  // namespace

TEST_CASE("signal: as PyTorch, torchaudio and SciPy compute it") { check_reference("signal.txt", signals); }

TEST_CASE("signal: a short-time spectrum and back") {
  for (const DType dtype : {float32, float64}) {
    for (const std::int64_t n : {4, 9, 16, 31}) {
      const Tensor x = filled({2, 3, 100}, dtype, [](std::int64_t i) { return scattered(i) / 50; });
      StftOptions o;
      o.window = hann_window(n, true, dtype);
      const Tensor back = istft(stft(x, n, o), n, o, 100);
      CHECK(allclose(back, x, 0, dtype == float32 ? 2e-6 : 1e-14));
    }
  }
}

TEST_CASE("signal: gradients, twice") {
  const Tensor x = values({2, 7}), window = positive({3}, 5);
  check_gradients("windowed frames", [](const Tensors& in) { return windowed_frames(in[0], in[1], 2); },
                  {x, window});
  check_gradients("overlap add", [](const Tensors& in) { return overlap_add(in[0], in[1], 2, 8); },
                  {values({2, 3, 3}), window});
  check_gradients("stft",
                  [](const Tensors& in) {
                    StftOptions o = small();
                    o.window = in[1];
                    return stft(in[0], 4, o);
                  },
                  {x, window});
  check_gradients("istft",
                  [](const Tensors& in) {
                    StftOptions o = small();
                    o.window = in[1];
                    return istft(in[0], 4, o);
                  },
                  {complex_values({3, 3}), window});
  check_gradients("spectrogram", [](const Tensors& in) { return spectrogram(in[0], 4, small()); }, {x});
  check_gradients("magnitudes", [](const Tensors& in) { return spectrogram(in[0], 4, small(), 1); }, {x});
  check_gradients("hilbert", [](const Tensors& in) { return hilbert(in[0]); }, {x});
  check_gradients("mfcc", [](const Tensors& in) { return mfcc(in[0], 3); }, {positive({4, 2})});
  check_gradients("resample", [](const Tensors& in) { return resample(in[0], 3, 2); }, {x});
  check_gradients("phase vocoder", [](const Tensors& in) { return phase_vocoder(in[0], 0.7); },
                  {complex_values({2, 3})});
}

// Julius O. Smith, "Digital Audio Resampling", with a window of a squared cosine.
TEST_CASE("signal: resampled signals against a direct sum") {
  const double pi = std::numbers::pi, width = 6, rolloff = 0.99;
  const std::int64_t rates[][2] = {{2, 3}, {3, 2}, {7, 1}, {1, 7}, {147, 160}};
  for (const auto& [from, to] : rates) {
    for (const std::int64_t n : {1, 30, 400}) {
      const Tensor x = filled({n}, float64, [](std::int64_t i) { return scattered(i) / 50; });
      const Tensor got = resample(x, from, to);
      REQUIRE(got.size(0) == (n * to + from - 1) / from);
      const double scale = std::min(1.0, static_cast<double>(to) / static_cast<double>(from)) * rolloff;
      double worst = 0;
      for (std::int64_t k = 0; k < got.size(0); ++k) {
        double wanted = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const double t = static_cast<double>(i * to - k * from) / static_cast<double>(to) * scale;
          if (std::fabs(t) >= width) continue;
          const double window = std::cos(pi * t / width / 2), sinc = t == 0 ? 1 : std::sin(pi * t) / (pi * t);
          wanted += x.data<double>()[i] * scale * window * window * sinc;
        }
        worst = std::max(worst, std::fabs(got.data<double>()[k] - wanted));
      }
      INFO(from, " to ", to, ", ", n, " samples");
      CHECK(worst < 1e-13);
    }
  }
}

TEST_CASE("signal: a shifted pitch keeps the length, whatever the signal's") {
  for (const std::int64_t n : {1, 2, 3, 100, 256, 257, 1000}) {
    for (const double steps : {-30.0, -1.5, 0.0, 5.0, 24.0}) {
      const Tensor x = filled({2, n}, float32, [](std::int64_t i) { return scattered(i) / 50; });
      const Tensor out = pitch_shift(x, 16000, steps);
      CHECK(out.sizes() == x.sizes());
      CHECK(isfinite(out).all().item().to_bool());
    }
  }
}

TEST_CASE("signal: errors") {
  const Tensor x = ones({10});
  StftOptions o;
  CHECK_THROWS_AS(stft(x, 3, o), ShapeError);         // a hop of 0
  CHECK_THROWS_AS(stft(x, 20, small()), ShapeError);  // reflects 10 samples, of which there are 9
  CHECK_THROWS_AS(stft(ones({10}, int64), 4), DTypeError);
  CHECK_THROWS_AS(stft(ones({10}, float16), 4), DTypeError);
  o.window = ones({5});
  CHECK_THROWS_AS(stft(x, 4, o), ShapeError);
  CHECK_THROWS_AS(istft(x, 4), DTypeError);
  CHECK_THROWS_AS(istft(ones({3, 5}, complex64), 4, {}, -1), ShapeError);
  CHECK_THROWS_AS(istft(ones({4, 5}, complex64), 5), ShapeError);
  CHECK_THROWS_AS(hilbert(ones({3}, complex64)), DTypeError);
  CHECK_THROWS_AS(hann_window(-1), Error);
  CHECK_THROWS_AS(hann_window(3, true, int64), DTypeError);
  CHECK_THROWS_AS(melscale_fbanks(1, 0, 100, 2, 1000), Error);
  CHECK_THROWS_AS(melscale_fbanks(9, 100, 100, 2, 1000), Error);
  CHECK_THROWS_AS(mfcc(ones({3, 4}), 0), Error);
  CHECK_THROWS_AS(resample(x, 0, 3), Error);
  CHECK_THROWS_AS(resample(ones({4}, int64), 2, 3), DTypeError);
  CHECK_THROWS_AS(phase_vocoder(ones({3, 4}, complex64), 0), Error);
  CHECK_THROWS_AS(pitch_shift(x, 0.5, 1), Error);
  CHECK_THROWS_AS(pitch_shift(x, 100, -100), Error);
  CHECK_THROWS_AS(pitch_shift(ones({0}), 100, 1), ShapeError);
}

TEST_CASE("absurd sizes of signals are refused, or cost nothing, at once") {
  const Tensor x = ones({1000}, float64);
  constexpr std::int64_t many = std::int64_t{1} << 62;
  CHECK_THROWS_AS(stft(x, many), ShapeError);
  StftOptions uncentred;
  uncentred.center = false;
  CHECK_THROWS_AS(stft(x, many, uncentred), ShapeError);
  CHECK_THROWS_AS(istft(ones({3, 2}, complex64), many), ShapeError);
  CHECK(mfcc(ones({0, 0}), many).sizes() == Shape{many, 0});
  CHECK_THROWS_AS(resample(x, 1, std::int64_t{1} << 52), Error);
  // A filter far longer than the signal: the constant times what is left of it.
  const double once = resample(x, 1'000'000'000'000, 1).item().to_double();
  CHECK(once == doctest::Approx(1000 * 0.99e-12));
  CHECK(equal(resample(x, 2, 1, INT64_MAX), resample(x, 2, 1, std::int64_t{1} << 50)));
  // More samples than there are: zeros, as many as there is memory for.
  try {
    static_cast<void>(istft(ones({3, 5}, complex64), 4, {}, INT64_MAX));
    FAIL("nothing was thrown");
  } catch (const Error& e) {
    INFO(e.what());
    CHECK(std::string(e.what()).find("no samples are left") == std::string::npos);
  }
  CHECK_THROWS_AS(kaiser_window(5, true, HUGE_VAL), Error);
}

}  // namespace wick::test
