#include "wick/ops/search.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"

namespace wick {
namespace {

// How many of the n elements, which rise, come before the value.
template <bool right, class T>
std::int64_t place(const T* sorted, std::int64_t n, T value) {
  std::int64_t first = 0;
  while (n > 0) {
    const std::int64_t half = n / 2;
    const T middle = sorted[first + half];
    // Comparisons that a NaN makes false.
    const bool before = right ? !(middle > value) : !(middle >= value);
    first = before ? first + half + 1 : first;
    n = before ? n - half - 1 : half;
  }
  return first;
}

// `width` values each for a row of the sequence, or all for the only one.
template <bool right, class T>
void find_places(const Tensor& out, const Tensor& sequence, const Tensor& values, std::int64_t width) {
  const std::int64_t n = sequence.size(-1);
  const T *sorted = sequence.data<T>(), *value = values.data<T>();
  std::int64_t* to = out.data<std::int64_t>();
  const std::int64_t steps = static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(n))) + 1;
  parallel_for(values.numel(), std::max<std::int64_t>(parallel::grain / (4 * steps), 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i)
                   to[i] = place<right>(sorted + (width > 0 ? i / width * n : 0), n, value[i]);
               });
}

// A number beside integers keeps its digits.
Tensor as_tensor(const Tensor& sequence, const Scalar& number) {
  const bool fractional = is_integral(sequence.dtype()) && number.kind() == Kind::Floating;
  return fractional ? scalar_tensor(number, float64) : number_beside(sequence, number);
}

Tensor places(const char* operation, const Tensor& given, const Operand& values, bool out_int32, bool right) {
  const Tensor wanted = values.is_tensor() ? values.tensor().detach() : as_tensor(given, values.number());
  if (is_complex(given.dtype())) checked_kernel(nullptr, operation, given.dtype());
  if (is_complex(wanted.dtype())) checked_kernel(nullptr, operation, wanted.dtype());
  if (given.dim() == 0) fail<ShapeError>(operation, "a sequence has a dimension at least, it has none");
  const bool rows = given.dim() > 1;
  const auto outer = [](const Tensor& x) { return without_dims(x.sizes(), {x.dim() - 1}); };
  if (rows && (wanted.dim() != given.dim() || outer(wanted) != outer(given))) {
    fail<ShapeError>(operation, "a sequence of shape {} does not go with values of shape {}", given.sizes(),
                     wanted.sizes());
  }
  const bool mixed = is_integral(given.dtype()) != is_integral(wanted.dtype());
  DType dtype = mixed ? float64 : promote_types(given.dtype(), wanted.dtype());
  if (is_half(dtype)) dtype = float32;
  if (dtype == boolean) dtype = uint8;
  const Tensor sequence = given.detach().to(dtype).contiguous(), x = wanted.to(dtype).contiguous();
  if (out_int32 && sequence.size(-1) > std::numeric_limits<std::int32_t>::max())
    fail(operation, "places among {} elements do not fit int32", sequence.size(-1));
  const Tensor out = empty(wanted.sizes(), int64);
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      const std::int64_t width = rows ? x.size(-1) : 0;
      right ? find_places<true, T>(out, sequence, x, width) : find_places<false, T>(out, sequence, x, width);
    }
  });
  return out_int32 ? out.to(int32) : out;
}

}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Operand& values, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  if (side && *side != "left" && *side != "right")
    fail("searchsorted", "side must be left or right, {} was given", *side);
  if (side == "left" && right) fail("searchsorted", "side is left, but right is asked for as well");
  if (sorter.defined() && sorter.sizes() != sorted_sequence.sizes()) {
    fail<ShapeError>("searchsorted", "a sequence of shape {} does not go with a sorter of shape {}",
                     sorted_sequence.sizes(), sorter.sizes());
  }
  const Tensor sequence = sorter.defined() ? gather(sorted_sequence.detach(), -1, sorter) : sorted_sequence;
  return places("searchsorted", sequence, values, out_int32, right || side == "right");
}

Tensor bucketize(const Operand& values, const Tensor& boundaries, bool out_int32, bool right) {
  if (boundaries.dim() != 1)
    fail<ShapeError>("bucketize", "boundaries must be 1-d, shape {} was given", boundaries.sizes());
  return places("bucketize", boundaries, values, out_int32, right);
}

}  // namespace wick
