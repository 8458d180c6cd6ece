#include "wick/kernels/boxes.h"

#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

// Compiled without contraction: a product and a sum are rounded one after the other, as elsewhere.

namespace wick {
inline namespace WICK_LEVEL {
namespace {

template <class T>
void areas(int64_t n, void* columns) {
  T* edge = static_cast<T*>(columns);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i)
    edge[4 * n + i] = (edge[2 * n + i] - edge[i]) * (edge[3 * n + i] - edge[n + i]);
}

template <class T>
WICK_INLINE T larger(T a, T b) {
  return a < b ? b : a;
}
template <class T>
WICK_INLINE T smaller(T a, T b) {
  return b < a ? b : a;
}

template <class T>
WICK_INLINE T overlap(int64_t n, const T* edge, const T* box, int64_t i) {
  const T width = larger(T(0), smaller(box[2], edge[2 * n + i]) - larger(box[0], edge[i]));
  const T height = larger(T(0), smaller(box[3], edge[3 * n + i]) - larger(box[1], edge[n + i]));
  const T shared = width * height;
  return shared / (box[4] + edge[4 * n + i] - shared);
}

template <class T>
void overlaps(int64_t n, const void* columns, const void* box, void* out) {
  const T* edge = static_cast<const T*>(columns);
  T own[5];
  __builtin_memcpy(own, box, sizeof own);
  T* to = static_cast<T*>(out);
  WICK_IVDEP
  for (int64_t i = 0; i < n; ++i) to[i] = overlap(n, edge, own, i);
}

template <class T>
bool overlaps_more(int64_t n, int64_t count, const void* columns, const void* box, double threshold) {
  const T* edge = static_cast<const T*>(columns);
  T own[5];
  __builtin_memcpy(own, box, sizeof own);
  // What is above the largest T up to the threshold is above the threshold.
  T limit = static_cast<T>(threshold);
  if (static_cast<double>(limit) > threshold)
    limit = static_cast<T>(__builtin_nextafterf(static_cast<float>(limit), -1));
  constexpr int64_t stretch = 128;
  int64_t i = 0;
  for (; i + stretch <= count; i += stretch) {
    int found = 0;
    for (int64_t j = i; j < i + stretch; ++j) found |= overlap(n, edge, own, j) > limit;
    if (found) return true;
  }
  int found = 0;
  for (; i < count; ++i) found |= overlap(n, edge, own, i) > limit;
  return found;
}

template <class T>
constexpr kernels::BoxFunctions functions() {
  return {areas<T>, overlaps<T>, overlaps_more<T>};
}
constexpr kernels::BoxKernels box_kernels{functions<float>(), functions<double>()};

}  // namespace

void add_boxes(kernels::Table& table) { table.boxes = &box_kernels; }

}  // namespace WICK_LEVEL
}  // namespace wick
