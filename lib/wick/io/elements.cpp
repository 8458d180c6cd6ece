#include "wick/io/elements.h"

#include <algorithm>

namespace wick::io {

void swap_bytes(const Tensor& x) {
  const auto part = static_cast<std::size_t>(size_of(real_dtype(x.dtype())));
  char* bytes = x.raw_data();
  const auto end = static_cast<std::size_t>(x.numel() * x.itemsize());
  for (std::size_t i = 0; i < end; i += part) std::reverse(bytes + i, bytes + i + part);
}

void normalize_bools(const Tensor& x) {
  auto* bytes = reinterpret_cast<unsigned char*>(x.raw_data());
  for (std::int64_t i = 0; i < x.numel(); ++i) bytes[i] = bytes[i] != 0;
}

}  // namespace wick::io
