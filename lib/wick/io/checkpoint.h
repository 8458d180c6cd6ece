#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "wick/io/safetensors.h"

// What training needs to go on as if it had never stopped, in one safetensors file. Other programs read the
// model out of it, whose tensors have their own names; those of other parts are prefixed by the part's name
// and two dots, as in "optimizer..state.0.exp_avg", which no name of PyTorch's is.

namespace WICK_API wick {

struct CheckpointInfo {
  std::int64_t epoch = 0;
  double loss = 0, lr = 0;
  std::string optimizer = {};  // its kind, such as "adam"
  std::string time = {};       // when it was saved, "2024-02-29T23:59:59Z"; save_checkpoint sets it
  Metadata notes = {};         // texts of the user's own, under other names than those above
};

struct Checkpoint {
  NamedTensors model = {};  // a module's state dict
  std::map<std::string, NamedTensors> parts =
      {};  // "optimizer", "scheduler", "generator" ... and their states
  CheckpointInfo info = {};
};

// Errors as save_safetensors has them, and for a part whose name is empty or has a dot and names of tensors
// with two dots in a row, or of a part's with a dot in front. What was written about it, with the time.
CheckpointInfo save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
// Errors as load_safetensors has them, FileError for numbers that are none. What the file does not say is 0
// or empty, so that any safetensors file is the checkpoint of a model; only names with two dots in a row are
// taken for those of a part.
Checkpoint load_checkpoint(const std::filesystem::path& path);
// Without reading the tensors.
CheckpointInfo load_checkpoint_info(const std::filesystem::path& path);

struct Restore {
  bool strict = true;                 // names of `state` that `targets` lack are an error too
  const char* operation = "restore";  // in messages
};
// Copies the elements of `state` into the tensors of the same names, as a module's load_state_dict does:
// converted to their dtypes, without a trace in their gradients' history. Every target must be there in its
// shape: ShapeError, or an Error that lists the names that do not fit; DTypeError for complex numbers where
// real ones belong; Error for an undefined tensor and a name that is there twice. Nothing is changed unless
// all fits.
void restore(const NamedTensors& targets, const NamedTensors& state, const Restore& options = {});

}  // namespace wick
