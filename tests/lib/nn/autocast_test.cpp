#include "support.h"

namespace wick::test {

TEST_CASE("autocast: products in fewer digits, losses in more") {
  const Tensor a = ones({2, 3}), b = ones({3, 2});
  CHECK_FALSE(autocast::is_enabled());
  CHECK(autocast::dtype() == bfloat16);
  CHECK(autocast::dtype(autocast::Device::CUDA) == float16);
  {
    const autocast::Scope scope(true);
    CHECK_FALSE(autocast::is_enabled(autocast::Device::CUDA));
    CHECK(matmul(a, b).dtype() == bfloat16);
    CHECK(matmul(a, b.to(bfloat16)).dtype() == bfloat16);
    CHECK(bmm(a.unsqueeze(0), b.unsqueeze(0)).dtype() == bfloat16);
    CHECK(einsum("ij,jk", {a, b}).dtype() == bfloat16);
    CHECK(tensordot(a, b, {1}, {0}).dtype() == bfloat16);
    CHECK(linear(a, ones({4, 3}), ones({4})).dtype() == bfloat16);
    CHECK(matmul(a.to(float64), b.to(float64)).dtype() == float64);
    CHECK(matmul(ones({2, 2}, int64), ones({2, 2}, int64)).dtype() == int64);
    CHECK(dot(ones({3}), ones({3})).dtype() == float32);
    CHECK(mm(a, b).dtype() == bfloat16);
    CHECK(addmm(ones({2, 2}), a, b).dtype() == bfloat16);
    CHECK(outer(ones({3}), ones({3})).dtype() == float32);
    // Products within other functions are no concern of the caller's.
    const Tensor wide = filled({3, 3}, float32, [](std::int64_t i) { return i % 4 == 0 ? 1.2345678 : 0.1; });
    Tensor inverse, square, solution;
    {
      const autocast::Scope off(false);
      inverse = linalg::pinv(wide);
      square = linalg::matrix_power(wide, 2);
      solution = linalg::lstsq(wide, ones({3, 1})).solution;
    }
    CHECK(identical(linalg::pinv(wide), inverse));
    CHECK(identical(linalg::matrix_power(wide, 2), square));
    CHECK(identical(linalg::lstsq(wide, ones({3, 1})).solution, solution));
    CHECK(add(a, a).dtype() == float32);
    const Tensor half = ones({2, 3}, bfloat16);
    CHECK(mse_loss(half, half).dtype() == float32);
    CHECK(cross_entropy(half, tensor({0, 1})).dtype() == float32);
    CHECK(gaussian_nll_loss(half, half, half).dtype() == float32);
    CHECK(triplet_margin_loss(half, half, half).dtype() == float32);
    autocast::set_dtype(float32);
    CHECK(matmul(a, b).dtype() == float32);
    autocast::set_dtype(bfloat16);
    CHECK_THROWS_AS(autocast::set_dtype(float64), DTypeError);
  }
  CHECK(matmul(a, b).dtype() == float32);
  CHECK(mse_loss(ones({2}, bfloat16), ones({2}, bfloat16)).dtype() == bfloat16);
}

TEST_CASE("autocast: gradients come in the parameters' dtype") {
  nn::Linear layer(3, 2);
  {
    const autocast::Scope scope(true);
    const Tensor y = layer(ones({4, 3}));
    CHECK(y.dtype() == bfloat16);
    mse_loss(y, zeros({4, 2})).backward();
    // A backward pass keeps the digits of what was not converted.
    const Tensor matrix =
        filled({2, 2}, float32, [](std::int64_t i) { return i % 3 == 0 ? 1.2345678 : 0.1; });
    matrix.requires_grad_();
    const Tensor total = sum(linalg::inv(matrix));
    const Tensor within = grad({total}, {matrix}, {}, true)[0];
    const autocast::Scope off(false);
    CHECK(identical(grad({total}, {matrix})[0], within));
  }
  CHECK(layer.weight.grad().dtype() == float32);
  CHECK(layer.bias.grad().dtype() == float32);
}

}  // namespace wick::test
