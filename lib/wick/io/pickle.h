#pragma once

// Private: the pickles of PyTorch's files, as far as they build tensors (protocols 2 to 5, Python's module
// pickletools describes the instructions).

#include <functional>
#include <string>
#include <string_view>

#include "wick/core/tensor.h"

namespace wick::io {

// The elements of a storage, in one dimension, by the key that it has in the file.
using ReadStorage = std::function<Tensor(const std::string& key, DType dtype, std::int64_t count)>;

// The tensors that a pickle builds, as load_pt has them. `name` is that of the file, for messages.
NamedTensors read_pickle(const char* operation, const std::string& name, std::string_view bytes,
                         const ReadStorage& read);

}  // namespace wick::io
