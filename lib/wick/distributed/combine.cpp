#include "wick/distributed/combine.h"

#include "wick/ops/elementwise.h"
#include "wick/ops/reduction.h"

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
    return "op " + std::string(name(reduction)) + " is not defined for " + std::string(wick::name(dtype));
  }
  return "";
}

Tensor combine(const Tensor& contributions, Reduction reduction) {
  const DType dtype = contributions.dtype();
  switch (reduction) {
    case Reduction::Sum:
      return sum(contributions, {0}).to(dtype);
    case Reduction::Mean:
      if (!is_integral(dtype)) return mean(contributions, {0});
      // In float64, which sums of integers do not leave.
      return div(sum(contributions, {0}, false, float64), contributions.size(0)).to(float32);
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

}  // namespace wick::distributed
