#pragma once

#include "wick/kernels/element.h"

namespace wick {
inline namespace WICK_LEVEL {

// A vector of float as one of double. GCC's __builtin_convertvector goes through halves of registers.
template <class Doubles, class Floats>
WICK_INLINE void to_doubles(const Floats& x, Doubles& out) {
#if defined(__AVX__) && !defined(__clang__)
  if constexpr (sizeof(Doubles) == 32) {
    out = __builtin_ia32_cvtps2pd256(x);
    return;
  }
#endif
#if defined(__AVX512F__) && !defined(__clang__)
  if constexpr (sizeof(Doubles) == 64) {
    constexpr int current_rounding = 4;
    out = __builtin_ia32_cvtps2pd512_mask(x, Doubles{}, static_cast<unsigned char>(-1), current_rounding);
    return;
  }
#endif
  out = __builtin_convertvector(x, Doubles);
}

}  // namespace WICK_LEVEL
}  // namespace wick
