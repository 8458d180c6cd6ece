#pragma once

#include "wick/io/npy.h"

// NumPy's archives of several arrays: zip files of .npy files. Errors as in npy.h. Built where minizip is
// found; elsewhere both functions throw an Error that says so.

namespace WICK_API wick {

// The arrays in the order of the archive, by their names without ".npy". Damage is found by the checksums.
NamedTensors load_npz(const std::filesystem::path& path);

struct SaveNpz {
  bool compressed = false;  // as numpy.savez_compressed does
};
// Error for two arrays of one name. The file appears complete or not at all.
void save_npz(const std::filesystem::path& path, const NamedTensors& tensors, const SaveNpz& options = {});

}  // namespace wick
