#include "wick/distributed/combine.h"

#include <algorithm>

#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick::distributed {
namespace {

constexpr std::string_view names[] = {"sum", "mean", "product", "min", "max", "band", "bor", "bxor"};

Tensor fold(const Tensor& contributions, Tensor (*step)(const Tensor&, const Tensor&)) {
  Tensor total = contributions[0];
  for (std::int64_t r = 1; r < contributions.size(0); ++r) total = step(total, contributions[r]);
  return total;
}

Tensor product(const Tensor& a, const Tensor& b) { return mul(a, b); }

}  // namespace

std::string_view name(Reduction reduction) { return names[static_cast<int>(reduction)]; }

std::optional<Reduction> reduction_by_name(std::string_view word) {
  for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
    if (word == names[i]) return static_cast<Reduction>(i);
  }
  return std::nullopt;
}

std::string why_not(Reduction reduction, DType dtype) {
  const bool bits = reduction >= Reduction::BitAnd;
  const bool ordered = reduction == Reduction::Min || reduction == Reduction::Max;
  if ((bits && !is_integral(dtype)) || (ordered && is_complex(dtype))) {
    return "op " + std::string(name(reduction)) + " is not defined for " + std::string(name(dtype));
  }
  return "";
}

namespace {

// Columns that are combined at a time, so that what is wider than the data stays in the cache.
constexpr std::int64_t columns_at_a_time = std::int64_t{1} << 14;

// The dtype in which numbers of a dtype are added up and multiplied.
DType accumulator(DType dtype, Reduction reduction) {
  if (reduction > Reduction::Product) return dtype;
  // sum() itself adds up in a wider type, but float32 in groups of eight that it adds as they are.
  if (reduction == Reduction::Sum && dtype != float32) return dtype;
  if (reduction == Reduction::Mean && is_integral(dtype)) return float64;
  switch (dtype) {
    case float16:
    case bfloat16:
      return float32;
    case float32:
      return float64;
    case complex64:
      return complex128;
    default:
      return dtype;
  }
}

Tensor combine_columns(const Tensor& contributions, Reduction reduction) {
  switch (reduction) {
    case Reduction::Sum:
      return sum(contributions, {0});
    case Reduction::Mean:
      return mean(contributions, {0});
    case Reduction::Product:
      return fold(contributions, product);
    case Reduction::Min:
      return fold(contributions, minimum);
    case Reduction::Max:
      return fold(contributions, maximum);
    case Reduction::BitAnd:
      return fold(contributions, bitwise_and);
    case Reduction::BitOr:
      return fold(contributions, bitwise_or);
    case Reduction::BitXor:
      break;
  }
  return fold(contributions, bitwise_xor);
}

}  // namespace

Tensor combine(const Tensor& contributions, Reduction reduction) {
  const DType dtype = contributions.dtype(), wide = accumulator(dtype, reduction);
  const DType out_dtype = reduction == Reduction::Mean && is_integral(dtype) ? float32 : dtype;
  const std::int64_t columns = contributions.size(1);
  const Tensor out = empty({columns}, out_dtype);
  for (std::int64_t start = 0; start < columns; start += columns_at_a_time) {
    const std::int64_t count = std::min(columns_at_a_time, columns - start);
    const Tensor part = narrow(contributions, 1, start, count).to(wide);
    narrow(out, 0, start, count).copy_(combine_columns(part, reduction));
  }
  return out;
}

}  // namespace wick::distributed
