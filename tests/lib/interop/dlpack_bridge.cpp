// What dlpack.py calls: tensors handed out and taken in as C pointers.

#include <string_view>

#include "wick/interop/dlpack.h"
#include "wick/wick.h"

using namespace wick;

extern "C" {

// (4, 2, 3) with strides that are not row-major: the numbers from -5 to 18, their truth for bool.
__attribute__((visibility("default"))) DLManagedTensor* bridge_give(const char* dtype) {
  const Tensor x = arange(24, float64).reshape({2, 3, 4}) - 5;
  const DType wanted = *dtype_by_name(dtype);
  return to_dlpack((wanted == uint8 ? abs(x) : x).to(wanted).permute({2, 0, 1}));
}

// What a tensor adds up to, with weights by position; afterwards it is filled with 2. Releases it.
__attribute__((visibility("default"))) double bridge_take(DLManagedTensor* managed) {
  const Tensor x = from_dlpack(managed);
  const Tensor weights = arange(1, static_cast<double>(x.numel() + 1), 1, float64).reshape(x.sizes());
  const double total = sum(mul(is_complex(x.dtype()) ? real(x) : x, weights).to(float64)).item<double>();
  x.fill_(2);
  return total;
}
}
