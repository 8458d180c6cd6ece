#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "files.h"
#include "support.h"
#include "wick/io/wav.h"

// Sounds of SciPy's and Python's, made by ../../reference/make_wav.py.

namespace wick::test {
namespace {

using std::filesystem::path;

const path folder = path(WICK_TEST_DATA) / "wav";

// make_wav.py's whole(), divided by the full scale: channels by samples.
Tensor wav_wholes(int bits, std::int64_t channels = 2, std::int64_t samples = 5) {
  const std::int64_t last = std::int64_t{1} << (bits - 1);
  const std::int64_t values[] = {-last, last - 1, 0, 1, -1, last / 3, -(last / 5), 7, -8, last / 2};
  const Tensor x = empty({samples, channels}, float64);
  for (std::int64_t i = 0; i < samples * channels; ++i)
    x.data<double>()[i] = static_cast<double>(values[i % 10]) / static_cast<double>(last);
  return x.t().contiguous();
}

// make_wav.py's fractions().
Tensor wav_fractions(DType dtype) {
  const double values[] = {0.5, -0.25, 1.0 / 3, -1, 1e-8, 1.5, 0, -1.0 / 7, HUGE_VAL, std::nan("")};
  return from_blob(values, {5, 2}, float64).t().contiguous().to(dtype);
}

struct Known {
  const char* name;
  WavEncoding encoding;
  Tensor samples;
};
std::vector<Known> known_sounds() {
  return {{"pcm8.wav", WavEncoding::PCM8, wav_wholes(8)},
          {"pcm16.wav", WavEncoding::PCM16, wav_wholes(16)},
          {"pcm24.wav", WavEncoding::PCM24, wav_wholes(24)},
          {"pcm32.wav", WavEncoding::PCM32, wav_wholes(32)},
          {"float32.wav", WavEncoding::Float32, wav_fractions(float32).to(float64)},
          {"float64.wav", WavEncoding::Float64, wav_fractions(float64)}};
}

}  // namespace

TEST_CASE("wav: reads others' files") {
  for (const auto& [name, encoding, samples] : known_sounds()) {
    CAPTURE(name);
    const Wav exact = load_wav(folder / name, {.dtype = float64});
    CHECK(exact.rate == 8000);
    CHECK(exact.encoding == encoding);
    CHECK(identical(exact.samples, samples));
    CHECK(identical(load_wav(folder / name).samples, samples.to(float32)));
  }
}

TEST_CASE("wav: chunks, headers and sizes of all kinds") {
  CHECK(identical(load_wav(folder / "chunks.wav").samples, wav_wholes(8, 1, 3).to(float32)));
  const Wav extensible = load_wav(folder / "extensible.wav");
  CHECK(extensible.encoding == WavEncoding::PCM24);
  CHECK(identical(extensible.samples, wav_wholes(24, 3).to(float32)));
  CHECK(identical(load_wav(folder / "stream.wav").samples, wav_wholes(16).to(float32)));
  CHECK(identical(load_wav(folder / "bits12.wav").samples, wav_wholes(16).to(float32)));
  CHECK(load_wav(folder / "none.wav").samples.sizes() == Shape{2, 0});
}

TEST_CASE("wav: a part") {
  const Tensor all = wav_wholes(16).to(float32);
  const auto part = [](std::int64_t offset, std::int64_t count) {
    return load_wav(folder / "pcm16.wav", {.offset = offset, .count = count}).samples;
  };
  CHECK(identical(part(1, 2), all.slice(1, 1, 3)));
  CHECK(identical(part(3, 100), all.slice(1, 3, 5)));
  CHECK(part(0, 0).sizes() == Shape{2, 0});
  CHECK(part(INT64_MAX, INT64_MAX).sizes() == Shape{2, 0});
}

TEST_CASE("wav: what is written is read back") {
  const Scratch scratch;
  const path file = scratch.where / "x.wav";
  for (const auto& [name, encoding, samples] : known_sounds()) {
    CAPTURE(name);
    for (const DType dtype : {float64, float32}) {
      // float32 has not all whole numbers of 32 bits.
      const Tensor x = samples.to(dtype);
      save_wav(file, x.t().contiguous().t(), 8000, {.encoding = encoding});
      const Wav back = load_wav(file, {.dtype = dtype});
      CHECK(back.rate == 8000);
      CHECK(back.encoding == encoding);
      if (encoding != WavEncoding::PCM32 || dtype == float64) CHECK(identical(back.samples, x));
    }
    save_wav(file, samples.slice(1, 0, 0), 1, {.encoding = encoding});
    CHECK(load_wav(file).samples.sizes() == Shape{2, 0});
  }
  // More than one block, and more than two channels.
  const Tensor long_one = rand({3, 200'000}) * 2 - 1;
  save_wav(file, long_one, 0xffffffff, {.encoding = WavEncoding::Float32});
  CHECK(identical(load_wav(file).samples, long_one));
  CHECK(load_wav(file).rate == 0xffffffff);
  save_wav(file, long_one[0].to(bfloat16), 44100);
  CHECK(load_wav(file).samples.sizes() == Shape{1, 200'000});
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.where), {}) == 1);
}

TEST_CASE("wav: PCM clips, and rounds half to even") {
  const Scratch scratch;
  const path file = scratch.where / "x.wav";
  save_wav(file, tensor({2, -2, HUGE_VAL, -HUGE_VAL, 0.5 / 128, 1.5 / 128, -2.5 / 128}), 8000,
           {.encoding = WavEncoding::PCM8});
  CHECK(identical(load_wav(file).samples * 128,
                  tensor({127, -128, 127, -128, 0, 2, -2}).to(float32).reshape({1, 7})));
}

TEST_CASE("wav: files for SciPy to check" * doctest::skip(std::getenv("WICK_WAV_FOLDER") == nullptr)) {
  const path where = std::getenv("WICK_WAV_FOLDER");
  for (const auto& [name, encoding, samples] : known_sounds())
    save_wav(where / name, samples, 8000, {.encoding = encoding});
  save_wav(where / "mono.wav", wav_wholes(8, 1, 3)[0], 8000, {.encoding = WavEncoding::PCM8});
  save_wav(where / "three.wav", wav_wholes(16, 3), 8000);
}

TEST_CASE("wav: errors") {
  const Scratch scratch;
  const path file = scratch.where / "x.wav";
  const auto refused = [](const char* name, const char* why) {
    CHECK_THROWS_WITH_AS(load_wav(folder / name), doctest::Contains(why), FileError);
  };
  refused("alaw.wav", "encoding 6");
  refused("short.wav", "before its last sample");
  refused("order.wav", "before their format");
  refused("big_endian.wav", "RIFX");
  refused("absent.wav", "absent.wav");
  CHECK_THROWS_WITH_AS(load_wav(path(WICK_TEST_DATA) / "npy" / "row.npy"), doctest::Contains("no WAV file"),
                       FileError);
  CHECK_THROWS_AS(load_wav(folder / "pcm16.wav", {.dtype = float16}), DTypeError);
  CHECK_THROWS_AS(load_wav(folder / "pcm16.wav", {.offset = -1}), Error);
  CHECK_THROWS_AS(load_wav(folder / "pcm16.wav", {.count = -2}), Error);

  CHECK_THROWS_AS(save_wav(file, zeros({2, 3}, int16), 8000), DTypeError);
  CHECK_THROWS_AS(save_wav(file, zeros({2, 3}, complex64), 8000), DTypeError);
  CHECK_THROWS_AS(save_wav(file, scalar_tensor(1, float32), 8000), ShapeError);
  CHECK_THROWS_AS(save_wav(file, zeros({2, 3, 4}), 8000), ShapeError);
  CHECK_THROWS_AS(save_wav(file, zeros({0, 3}), 8000), ShapeError);
  CHECK_THROWS_AS(save_wav(file, zeros({65536, 0}), 8000), ShapeError);
  CHECK_THROWS_AS(save_wav(file, zeros({65535, 0}), 8000), ShapeError);
  CHECK_THROWS_AS(save_wav(file, zeros({2, 3}), 0), Error);
  CHECK_THROWS_AS(save_wav(file, zeros({2, 3}), std::int64_t{1} << 32), Error);
  CHECK_THROWS_WITH_AS(save_wav(file, expand(zeros({1, 1}), {1, std::int64_t{1} << 31}), 8000),
                       doctest::Contains("cannot hold"), Error);
  CHECK_THROWS_WITH_AS(save_wav(file, tensor({0, std::nan("")}), 8000),
                       doctest::Contains("sample 1 of channel 0"), Error);
  CHECK(std::filesystem::is_empty(scratch.where));
}

// Bytes changed, left out and added. WICK_WAV_FUZZ is the number of files.
TEST_CASE("wav: damaged files give errors, or another sound") {
  const char* asked = std::getenv("WICK_WAV_FUZZ");
  const int count = asked ? std::atoi(asked) : 1000;
  const Scratch scratch;
  const path file = scratch.where / "damaged";
  std::mt19937 random(7);
  for (const char* name :
       {"pcm8.wav", "pcm24.wav", "float32.wav", "float64.wav", "extensible.wav", "chunks.wav"}) {
    const std::string whole = contents(folder / name);
    for (int i = 0; i < count; ++i) {
      put(file, damaged(whole, random));
      try {
        const Wav wav = load_wav(file);
        CHECK(wav.samples.dim() == 2);
      } catch (const FileError&) {
      }
    }
  }
}

}  // namespace wick::test
