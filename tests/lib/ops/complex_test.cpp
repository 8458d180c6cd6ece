#include <numbers>

#include "gradcheck.h"

namespace wick::test {

TEST_CASE("complex: the parts come back") {
  const Tensor z = complex(tensor({1.0, HUGE_VAL}), tensor({2.0, -0.0}));
  CHECK(z.dtype() == complex64);
  CHECK(identical(real(z), tensor({1.0, HUGE_VAL})));
  CHECK(identical(imag(z), tensor({2.0, -0.0})));
}

TEST_CASE("complex: broadcasting, dtypes, gradients") {
  CHECK(complex(ones({2, 1}, int32), ones({3}, float64)).sizes() == Shape{2, 3});
  CHECK(complex(ones({2}, int32), ones({2}, float64)).dtype() == complex128);
  CHECK(complex(ones({2}, float16), ones({2}, boolean)).dtype() == complex64);
  CHECK(complex(ones({0}), ones({1})).numel() == 0);
  CHECK_THROWS_AS(complex(ones({2}, complex64), ones({2})), DTypeError);
  check_gradients("complex", [](const Tensors& in) { return complex(in[0], in[1]); },
                  {values({2, 3}), values({3}, 9)});
  check_gradients("complex of one tensor twice", [](const Tensors& in) { return complex(in[0], in[0]); },
                  {values({3})});
}

TEST_CASE("angle") {
  const double pi = std::numbers::pi;
  CHECK(equal(angle(tensor({-2.0, 0.0, 3.0}, float64)), tensor({pi, 0.0, 0.0}, float64)));
  CHECK(angle(ones({2}, int8)).dtype() == float32);
  CHECK(std::isnan(angle(tensor({std::nan("")})).item().to_double()));
  const Tensor z = complex(tensor({3.0, -1.0, 0.0}, float64), tensor({3.0, 0.0, -2.0}, float64));
  CHECK(allclose(angle(z), tensor({pi / 4, pi, -pi / 2}, float64), 1e-15));
  check_gradients("angle", [](const Tensors& in) { return angle(in[0]); }, {complex_values({2, 3})});
}

}  // namespace wick::test
