#include "gradcheck.h"
#include "reference.h"

namespace wick::test {

TEST_CASE("scans: as PyTorch computes them") { check_reference("scans.txt"); }

TEST_CASE("scans: gradients") {
  const auto values = [](const Shape& shape) {
    return filled(shape, float64, [](std::int64_t i) { return 0.4 + static_cast<double>(i * 7 % 11) / 5; });
  };
  for (const std::int64_t dim : {0, 1, -1}) {
    for (const Shape& shape : {Shape{3, 4}, Shape{2, 3, 2}}) {
      check_gradients("cumsum", [dim](const Tensors& in) { return cumsum(in[0], dim); }, {values(shape)});
      check_gradients("cumprod", [dim](const Tensors& in) { return cumprod(in[0], dim); }, {values(shape)});
      check_gradients("diff", [dim](const Tensors& in) { return diff(in[0], 2, dim); }, {values(shape)});
    }
  }
  // Distinct values: where neighbours swap, maxima have no slope.
  const Tensor distinct =
      filled({4, 5}, float64, [](std::int64_t i) { return static_cast<double>(i * 7 % 20); });
  for (const std::int64_t dim : {0, 1}) {
    check_gradients("cummax", [dim](const Tensors& in) { return cummax(in[0], dim).values; }, {distinct});
    check_gradients("cummin", [dim](const Tensors& in) { return cummin(in[0], dim).values; }, {distinct});
    check_gradients("kthvalue", [dim](const Tensors& in) { return kthvalue(in[0], 2, dim).values; },
                    {distinct});
  }
}

TEST_CASE("scans: a running product over zeros has a slope") {
  const Tensor x = tensor({2, 0, 3, 0}, float64);
  x.requires_grad_();
  // d(x0 + x0 x1 + x0 x1 x2 + x0 x1 x2 x3)
  sum(cumprod(x, 0)).backward();
  CHECK(to_vector<double>(x.grad()) == std::vector<double>{1, 8, 0, 0});
}

TEST_CASE("scans: long rows, in parallel as alone") {
  const Tensor x = filled({3, 100001}, float64, [](std::int64_t i) { return static_cast<double>(i % 5); });
  const Tensor total = cumsum(x, 1);
  CHECK(total[2][100000].item().to_double() == sum(x[2]).item().to_double());
  CHECK(identical(cumsum(x.t(), 0).t().contiguous(), total));
}

}  // namespace wick::test
