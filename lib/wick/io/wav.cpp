#include "wick/io/wav.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/io/file.h"

namespace wick {
namespace {

constexpr const char* load = "load_wav";
constexpr const char* save = "save_wav";

// Tags of encodings. An extensible header has the tag at the beginning of a GUID, of which the rest is fixed.
constexpr std::uint64_t tag_pcm = 1, tag_float = 3, tag_extensible = 0xfffe;
constexpr std::string_view guid_end("\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14);
constexpr std::uint64_t unknown_size = 0xffffffff;
constexpr std::size_t block_bytes = std::size_t{1} << 18;

struct EncodingRule {
  WavEncoding encoding;
  std::uint64_t tag;
  std::size_t bytes;
};
constexpr EncodingRule encodings[] = {
    {WavEncoding::PCM8, tag_pcm, 1},      {WavEncoding::PCM16, tag_pcm, 2},
    {WavEncoding::PCM24, tag_pcm, 3},     {WavEncoding::PCM32, tag_pcm, 4},
    {WavEncoding::Float32, tag_float, 4}, {WavEncoding::Float64, tag_float, 8}};

const EncodingRule& rule_of(WavEncoding encoding) { return encodings[static_cast<std::size_t>(encoding)]; }

// Numbers in files are little-endian.
std::uint64_t number_at(const char* at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}
void put_number(char* at, std::size_t bytes, std::uint64_t value) {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>(value >> 8 * i);
}
void append(std::string& text, std::size_t bytes, std::uint64_t value) {
  text.resize(text.size() + bytes);
  put_number(text.data() + text.size() - bytes, bytes, value);
}

// One sample as it lies in a file, and back. PCM of 8 bits has its zero at 128.
template <WavEncoding E>
struct Sample {
  static constexpr std::size_t bytes = encodings[static_cast<std::size_t>(E)].bytes;
  static constexpr bool is_pcm = encodings[static_cast<std::size_t>(E)].tag == tag_pcm;
  static constexpr double scale = static_cast<double>(std::uint64_t{1} << (8 * bytes - 1) % 64);
  using Bits = std::conditional_t<bytes == 8, std::uint64_t, std::uint32_t>;
  using Float = std::conditional_t<bytes == 8, double, float>;

  static double read(const char* at) {
    const auto bits = static_cast<Bits>(number_at(at, bytes));
    if constexpr (!is_pcm) {
      return std::bit_cast<Float>(bits);
    } else if constexpr (bytes == 1) {
      return (static_cast<double>(bits) - scale) / scale;
    } else {
      constexpr int unused = 32 - 8 * static_cast<int>(bytes);
      return static_cast<double>(static_cast<std::int32_t>(bits << unused) >> unused) / scale;
    }
  }
  static void write(char* at, double value) {
    if constexpr (!is_pcm) {
      put_number(at, bytes, std::bit_cast<Bits>(static_cast<Float>(value)));
    } else {
      const auto whole =
          static_cast<std::int64_t>(std::nearbyint(std::clamp(value * scale, -scale, scale - 1)));
      put_number(at, bytes, static_cast<std::uint64_t>(bytes == 1 ? whole + static_cast<int>(scale) : whole));
    }
  }
};

// Calls f with the Sample of an encoding.
template <class F>
auto with_sample(WavEncoding encoding, F&& f) {
  switch (encoding) {
    case WavEncoding::PCM8:
      return f(Sample<WavEncoding::PCM8>());
    case WavEncoding::PCM16:
      return f(Sample<WavEncoding::PCM16>());
    case WavEncoding::PCM24:
      return f(Sample<WavEncoding::PCM24>());
    case WavEncoding::PCM32:
      return f(Sample<WavEncoding::PCM32>());
    case WavEncoding::Float32:
      return f(Sample<WavEncoding::Float32>());
    case WavEncoding::Float64:
      break;
  }
  return f(Sample<WavEncoding::Float64>());
}

struct Format {
  WavEncoding encoding = WavEncoding::PCM16;
  std::size_t channels = 0;
  std::int64_t rate = 0;

  std::size_t frame() const { return channels * rule_of(encoding).bytes; }
};

// Goes through the chunks of a file, each with its name, its size and its bytes, up to the samples.
class WavReader {
 public:
  explicit WavReader(const std::filesystem::path& path) : name_(path.string()), file_(load, path) {
    char start[12];
    if (file_.left() < sizeof start) no_wav();
    file_.read(start, sizeof start);
    const std::string_view riff(start, 4), wave(start + 8, 4);
    if (riff == "RF64" || riff == "RIFX") {
      fail<FileError>(load, "\"{}\" is of the kind {}, which is not read", name_, riff);
    }
    if (riff != "RIFF" || wave != "WAVE") no_wav();
    find_samples();
  }

  Wav read(const LoadWav& options) {
    const std::size_t frame = format_.frame();
    const std::size_t there = data_ / frame;
    const auto skipped = std::min(static_cast<std::size_t>(options.offset), there);
    std::size_t frames = there - skipped;
    if (options.count >= 0) frames = std::min(frames, static_cast<std::size_t>(options.count));
    Wav wav{empty({static_cast<std::int64_t>(format_.channels), static_cast<std::int64_t>(frames)},
                  options.dtype),
            format_.rate, format_.encoding};
    file_.skip(skipped * frame);
    if (options.dtype == float32) {
      read_samples(wav.samples.data<float>(), frames);
    } else {
      read_samples(wav.samples.data<double>(), frames);
    }
    return wav;
  }

 private:
  [[noreturn]] void no_wav() const { fail<FileError>(load, "\"{}\" is no WAV file", name_); }
  [[noreturn]] void damaged(const char* what) const {
    fail<FileError>(load, "\"{}\" is damaged: {}", name_, what);
  }

  void find_samples() {
    bool has_format = false;
    for (;;) {
      char head[8];
      if (file_.left() < sizeof head) damaged(has_format ? "there are no samples" : "there is no format");
      file_.read(head, sizeof head);
      const std::string_view chunk(head, 4);
      const auto size = static_cast<std::size_t>(number_at(head + 4, 4));
      if (chunk == "data") {
        if (!has_format) damaged("the samples come before their format");
        if (size > file_.left() && size != unknown_size) damaged("it ends before its last sample");
        data_ = std::min(size, file_.left());
        return;
      }
      if (size > file_.left()) damaged("a chunk is longer than the file");
      if (chunk == "fmt ") {
        if (has_format) damaged("there are two formats");
        read_format(size);
        has_format = true;
      } else {
        file_.skip(size);
      }
      // Chunks begin at even places.
      if (size % 2 == 1 && file_.left() > 0) file_.skip(1);
    }
  }

  void read_format(std::size_t size) {
    constexpr std::size_t shortest = 16, extensible = 40;
    if (size < shortest) damaged("the format is too short");
    char bytes[extensible] = {};
    const std::size_t taken = std::min(size, extensible);
    file_.read(bytes, taken);
    file_.skip(size - taken);
    std::uint64_t tag = number_at(bytes, 2);
    if (tag == tag_extensible) {
      if (size < extensible) damaged("the format is too short");
      if (std::string_view(bytes + 26, guid_end.size()) != guid_end) {
        fail<FileError>(load, "\"{}\" has samples in an encoding of somebody's own", name_);
      }
      tag = number_at(bytes + 24, 2);
    }
    const std::uint64_t channels = number_at(bytes + 2, 2), frame = number_at(bytes + 12, 2),
                        bits = number_at(bytes + 14, 2);
    format_.rate = static_cast<std::int64_t>(number_at(bytes + 4, 4));
    format_.channels = static_cast<std::size_t>(channels);
    if (channels == 0) damaged("there are no channels");
    if (format_.rate == 0) damaged("the rate is 0");
    const std::uint64_t sample = frame / channels;
    for (const EncodingRule& rule : encodings) {
      if (rule.tag != tag || rule.bytes != sample || frame % channels != 0) continue;
      // Samples of fewer bits stand at the upper end.
      if (tag == tag_pcm ? (bits + 7) / 8 != sample : bits != 8 * sample) continue;
      format_.encoding = rule.encoding;
      return;
    }
    fail<FileError>(load,
                    "\"{}\" has samples of {} bits in {} bytes, encoding {}; what is read is PCM (1) of 8, "
                    "16, 24 and 32 bits and floating point (3) of 32 and 64",
                    name_, bits, sample, tag);
  }

  template <class T>
  void read_samples(T* to, std::size_t frames) {
    const std::size_t frame = format_.frame(), channels = format_.channels;
    const std::size_t at_once = std::max<std::size_t>(block_bytes / frame, 1);
    std::vector<char> block(std::min(at_once, frames) * frame);
    with_sample(format_.encoding, [&]<class S>(S) {
      for (std::size_t first = 0; first < frames; first += at_once) {
        check_interrupt({static_cast<std::int64_t>(first), static_cast<std::int64_t>(frames)});
        const std::size_t now = std::min(at_once, frames - first);
        file_.read(block.data(), now * frame);
        for (std::size_t c = 0; c < channels; ++c) {
          const char* from = block.data() + c * S::bytes;
          T* row = to + c * frames + first;
          for (std::size_t i = 0; i < now; ++i, from += frame) row[i] = static_cast<T>(S::read(from));
        }
      }
    });
  }

  std::string name_;
  io::InputFile file_;
  Format format_;
  std::size_t data_ = 0;  // bytes of samples, from where the file stands
};

// All that stands before the samples. More than two channels take the extensible header, as Microsoft asks
// for; all programs read the plain one.
std::string wav_header(const Format& format, std::uint64_t data) {
  const EncodingRule& rule = rule_of(format.encoding);
  const bool is_extensible = format.channels > 2, is_float = rule.tag == tag_float;
  const std::uint64_t frame = format.frame(), bits = 8 * rule.bytes,
                      rate = static_cast<std::uint64_t>(format.rate);
  std::string text;
  append(text, 2, is_extensible ? tag_extensible : rule.tag);
  append(text, 2, format.channels);
  append(text, 4, rate);
  append(text, 4, std::min(rate * frame, std::uint64_t{0xffffffff}));
  append(text, 2, frame);
  append(text, 2, bits);
  if (is_extensible) {
    append(text, 2, 22);  // the bytes that follow
    append(text, 2, bits);
    append(text, 4, 0);  // loudspeakers that are not told
    append(text, 2, rule.tag);
    text += guid_end;
  } else if (is_float) {
    append(text, 2, 0);
  }
  std::string header = "RIFF....WAVEfmt ";
  append(header, 4, text.size());
  header += text;
  if (is_float) {
    header += "fact";
    append(header, 4, 4);
    append(header, 4, data / frame);
  }
  header += "data";
  append(header, 4, data);
  put_number(header.data() + 4, 4, header.size() - 8 + data + data % 2);
  return header;
}

void check_samples(const Tensor& samples, std::int64_t rate) {
  constexpr std::int64_t most_channels = 65535, fastest = 0xffffffff;
  if (!is_floating(samples.dtype())) {
    fail<DTypeError>(save, "samples are floating point numbers from -1 to 1, not {}", samples.dtype());
  }
  if (samples.dim() != 1 && samples.dim() != 2) {
    fail<ShapeError>(save, "samples are channels by samples, or those of one channel, not of shape {}",
                     samples.sizes());
  }
  if (samples.dim() == 2 && (samples.size(0) < 1 || samples.size(0) > most_channels)) {
    fail<ShapeError>(save, "there may be 1 to {} channels, not {}", most_channels, samples.size(0));
  }
  if (rate < 1 || rate > fastest)
    fail(save, "the rate must lie within 1 and {}, {} was given", fastest, rate);
}

template <class S, class T>
void write_samples(io::OutputFile& file, const T* from, std::size_t channels, std::size_t frames) {
  const std::size_t frame = channels * S::bytes;
  const std::size_t at_once = std::max<std::size_t>(block_bytes / frame, 1);
  std::vector<char> block(std::min(at_once, frames) * frame);
  for (std::size_t first = 0; first < frames; first += at_once) {
    check_interrupt({static_cast<std::int64_t>(first), static_cast<std::int64_t>(frames)});
    const std::size_t now = std::min(at_once, frames - first);
    for (std::size_t c = 0; c < channels; ++c) {
      const T* row = from + c * frames + first;
      char* to = block.data() + c * S::bytes;
      for (std::size_t i = 0; i < now; ++i, to += frame) {
        const auto value = static_cast<double>(row[i]);
        if (S::is_pcm && std::isnan(value)) {
          fail(save, "sample {} of channel {} is nan, which PCM cannot say", first + i, c);
        }
        S::write(to, value);
      }
    }
    file.write(block.data(), now * frame);
  }
}

}  // namespace

Wav load_wav(const std::filesystem::path& path, const LoadWav& options) {
  if (options.dtype != float32 && options.dtype != float64) {
    fail<DTypeError>(load, "samples are read as float32 or float64, not {}", options.dtype);
  }
  if (options.offset < 0) fail(load, "the offset must be 0 or more, {} was given", options.offset);
  if (options.count < -1) fail(load, "the count must be -1 for all or more, {} was given", options.count);
  return WavReader(path).read(options);
}

void save_wav(const std::filesystem::path& path, const Tensor& samples, std::int64_t rate,
              const SaveWav& options) {
  check_samples(samples, rate);
  const Format format{options.encoding, samples.dim() == 1 ? 1 : static_cast<std::size_t>(samples.size(0)),
                      rate};
  const auto frames = static_cast<std::size_t>(samples.size(-1));
  constexpr std::size_t most = 0xffffffff, longest_header = 100, largest_frame = 0xffff;
  if (format.frame() > largest_frame) {
    fail<ShapeError>(save, "a WAV file cannot hold {} channels of {} bytes", format.channels,
                     rule_of(options.encoding).bytes);
  }
  if (frames > (most - longest_header) / format.frame())
    fail(save, "a WAV file cannot hold {} samples", frames);
  const DType wide = samples.dtype() == float64 ? float64 : float32;
  const Tensor x = samples.detach().to(wide).contiguous();
  const std::size_t data = frames * format.frame();
  const std::string header = wav_header(format, data);
  io::OutputFile file(save, path);
  file.write(header.data(), header.size());
  with_sample(options.encoding, [&]<class S>(S) {
    if (wide == float32) {
      write_samples<S>(file, x.data<float>(), format.channels, frames);
    } else {
      write_samples<S>(file, x.data<double>(), format.channels, frames);
    }
  });
  if (data % 2 == 1) file.write("", 1);
  file.commit();
}

}  // namespace wick
