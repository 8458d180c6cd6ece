#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "wick/core/tensor.h"

// Safetensors files: named tensors and named texts, as PyTorch, MLX and others exchange weights
// (github.com/huggingface/safetensors describes the format). bool, uint8, int8 to int64, float16, bfloat16,
// float32, float64 and complex64. A file is read whole or not at all: FileError when it cannot be read or
// anything in its header contradicts the format, its own sizes or the length of the file; DTypeError for
// element types that wick lacks (uint16, uint32, uint64, 8-bit floats) or the format (complex128).
// What torch.save writes is recognized and refused, with the line of Python that converts it.

namespace WICK_API wick {

using Metadata = std::map<std::string, std::string>;

struct Safetensors {
  NamedTensors tensors = {};  // in the order of the header
  Metadata metadata = {};
};

struct LoadSafetensors {
  // Elements are read from the file when they are first touched; changes stay in memory. The file must not
  // become shorter meanwhile. bool, elements that the file does not align, and on systems without memory maps
  // all elements, are read at once.
  bool map = false;
};

Safetensors load_safetensors(const std::filesystem::path& path, const LoadSafetensors& options = {});
// The texts alone, when the header is sound.
Metadata load_safetensors_metadata(const std::filesystem::path& path);

// Tensors of any strides, without their history. The file appears complete or not at all. Unless the metadata
// says otherwise its "format" is "pt", which readers for PyTorch ask for. Error for two tensors of one name,
// the name "__metadata__", and texts that are not UTF-8.
void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, Metadata metadata = {});

}  // namespace wick
