#pragma once

#include "wick/kernels/element.h"

// Sums over the lanes of vectors, for four vectors at once.

namespace wick {
inline namespace WICK_LEVEL {

template <class S>
struct FourLanes {
  typedef S type __attribute__((vector_size(4 * sizeof(S))));
};

// The last `count` elements of a vector of `width`; zeros before them, whatever is there.
template <int width, class V>
WICK_INLINE V last_elements(V x, int64_t count) {
  decltype(x < x) lane;
  WICK_UNROLL
  for (int l = 0; l < width; ++l) lane[l] = l;
  using I = __typeof__(lane[0] + 0);
  return lane >= static_cast<I>(width - count) ? x : V{};
}

// The lanes of a vector added to each other until four are left.
template <class S, class V>
WICK_INLINE void fold_to_four(const V& x, typename FourLanes<S>::type& out) {
  if constexpr (sizeof(V) == sizeof out) {
    out = x;
  } else {
    typedef S Half __attribute__((vector_size(sizeof(V) / 2)));
    Half halves[2];
    __builtin_memcpy(halves, &x, sizeof x);
    fold_to_four<S>(halves[0] + halves[1], out);
  }
}

// out[r] is the sum of the lanes of x[r]. What a sum is does not depend on r.
template <class S, class V>
WICK_INLINE void sums_of_lanes(const V (&x)[4], S* out) {
  if constexpr (sizeof(V) < 4 * sizeof(S)) {
    WICK_UNROLL
    for (int r = 0; r < 4; ++r) out[r] = x[r][0] + x[r][1];
  } else {
    using Four = typename FourLanes<S>::type;
    Four q[4];
    WICK_UNROLL
    for (int r = 0; r < 4; ++r) fold_to_four<S>(x[r], q[r]);
    const Four a =
        __builtin_shufflevector(q[0], q[1], 0, 4, 2, 6) + __builtin_shufflevector(q[0], q[1], 1, 5, 3, 7);
    const Four b =
        __builtin_shufflevector(q[2], q[3], 0, 4, 2, 6) + __builtin_shufflevector(q[2], q[3], 1, 5, 3, 7);
    const Four total = __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
    __builtin_memcpy(out, &total, sizeof total);
  }
}

}  // namespace WICK_LEVEL
}  // namespace wick
