#pragma once

#include <filesystem>

#include "wick/core/tensor.h"

// What torch.save of PyTorch 1.6 and later writes: state dicts, and dicts of those, for reading only. Such a
// file is a zip archive with a pickle, a program that builds the objects of the file. Of its instructions
// those are carried out that make dicts, lists, tuples, numbers, texts and tensors; whatever calls for
// anything else, such as a class of a program's own, is refused by its name before it is made. Built where
// minizip is found; elsewhere load_pt throws an Error that says so.

namespace WICK_API wick {

// The tensors of a state dict by name, in its order; those of dicts and lists within it by names with dots,
// as "optimizer.state.0.exp_avg". What is no tensor is left out. FileError for files that are no such
// archives, damaged ones, and what is refused; DTypeError for element types that wick lacks.
NamedTensors load_pt(const std::filesystem::path& path);
// Whether a file is such an archive.
bool is_pt(const std::filesystem::path& path);

}  // namespace wick
