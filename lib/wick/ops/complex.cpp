#include "wick/ops/complex.h"

#include <numbers>

#include "wick/autograd/gradient.h"
#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/views.h"

namespace wick {

Tensor complex(const Tensor& re, const Tensor& im) {
  for (const Tensor& part : {re, im}) {
    if (is_complex(part.dtype()))
      fail<DTypeError>("complex", "the parts must be real, {} was given", part.dtype());
  }
  const bool wide = re.dtype() == float64 || im.dtype() == float64;
  Tensor out = empty(broadcast_shapes(re.sizes(), im.sizes()), wide ? complex128 : complex64);
  {
    const NoGrad no_grad;
    real(out).copy_(re);
    imag(out).copy_(im);
  }
  return record("complex", out, wrt(re, [](const Tensor& g) { return real(g); }),
                wrt(im, [](const Tensor& g) { return imag(g); }));
}

Tensor angle(const Tensor& x) {
  if (is_complex(x.dtype())) return atan2(imag(x), real(x));
  const Tensor values = is_floating(x.dtype()) ? x.detach() : x.to(float32);
  const Tensor zero = scalar_tensor(0, values.dtype());
  const Tensor half_turn = scalar_tensor(std::numbers::pi, values.dtype());
  return where(isnan(values), values, where(lt(values, zero), half_turn, zero));
}

}  // namespace wick
