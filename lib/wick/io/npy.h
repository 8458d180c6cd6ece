#pragma once

#include <filesystem>

#include "wick/core/tensor.h"

// NumPy's files, format versions 1.0 to 3.0 (NumPy Enhancement Proposal 1). bool, uint8, int8 to int64,
// float16 to float64, complex64 and complex128, of either byte order. FileError for files that cannot be read
// or written and for damaged ones, DTypeError for element types that wick lacks (uint16, structures, objects,
// texts) and, when writing, for bfloat16, which NumPy lacks.

namespace WICK_API wick {

struct LoadNpy {
  // Elements are read from the file when they are first touched, as with numpy.load(mmap_mode="c"): changes
  // stay in memory. The file must not become shorter meanwhile. Files of the other byte order, and on systems
  // without memory maps all files, are read at once.
  bool map = false;
};

// Arrays in Fortran's order keep it, as the strides of the result.
Tensor load_npy(const std::filesystem::path& path, const LoadNpy& options = {});
// Column-major matrices are written in Fortran's order, all others row-major. The file appears complete or
// not at all.
void save_npy(const std::filesystem::path& path, const Tensor& x);

}  // namespace wick
