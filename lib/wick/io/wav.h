#pragma once

#include <cstdint>
#include <filesystem>

#include "wick/core/tensor.h"

// Sound in WAV files (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0",
// 1991, and Microsoft's WAVEFORMATEXTENSIBLE): PCM of 8, 16, 24 and 32 bits, and IEEE floating point numbers
// of 32 and 64. FileError for files that cannot be read or written, damaged ones, and encodings that are none
// of these.

namespace WICK_API wick {

enum class WavEncoding { PCM8, PCM16, PCM24, PCM32, Float32, Float64 };

struct Wav {
  Tensor samples;  // channels by samples; whole numbers of PCM divided by 2^(bits - 1), so from -1 to below 1
  std::int64_t rate = 0;                      // samples in a second
  WavEncoding encoding = WavEncoding::PCM16;  // as they are in the file
};

struct LoadWav {
  DType dtype = float32;    // or float64, which PCM of 32 bits and float64 need to be exact
  std::int64_t offset = 0;  // how many samples of each channel are passed over
  std::int64_t count = -1;  // how many are read at most; -1 for all
};

// A last sample that not all channels have is left out. A size of 0xffffffff, as programs write that do not
// know it yet, means all that is left of the file.
Wav load_wav(const std::filesystem::path& path, const LoadWav& options = {});

struct SaveWav {
  WavEncoding encoding = WavEncoding::PCM16;
};

// Floating point samples, channels by samples, or one dimension for a single channel. PCM rounds half to even
// and clips to -1 and the largest number below 1; what load_wav has read is written without change.
// ShapeError for other shapes and more than 65535 channels, DTypeError for whole and complex numbers, Error
// for a rate that is not from 1 to 4294967295, NaN in PCM, and sounds of 4 GB and more. The file appears
// complete or not at all.
void save_wav(const std::filesystem::path& path, const Tensor& samples, std::int64_t rate,
              const SaveWav& options = {});

}  // namespace wick
