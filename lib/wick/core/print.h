#pragma once

#include <optional>
#include <string>

#include "wick/core/tensor.h"

namespace WICK_API wick {

// How tensors are written, as PyTorch's set_printoptions has it.
struct PrintOptions {
  int precision = 4;              // digits behind the point, 0 to 300
  std::int64_t threshold = 1000;  // of more elements only those at the edges are written ...
  int edge_items = 3;             // ... so many at either end of each dimension, 1 or more
  int line_width = 80;
  // With an exponent, or without; else as the numbers demand.
  std::optional<bool> scientific = std::nullopt;
};

// Those of this thread. Error for values out of range.
const PrintOptions& print_options() noexcept;
void set_print_options(const PrintOptions& options);

std::string to_string(const Tensor& tensor, const PrintOptions& options);

}  // namespace wick
