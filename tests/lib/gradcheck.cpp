#include "gradcheck.h"

#include <cmath>

namespace wick::test {
namespace {

constexpr double step = 1e-5;
constexpr double tolerance = 1e-6;

Tensor random_like(const Tensor& x) {
  if (!is_complex(x.dtype())) return randn(x.sizes(), x.dtype());
  const Tensor out = empty(x.sizes(), x.dtype());
  real(out).copy_(randn(x.sizes(), float64));
  imag(out).copy_(randn(x.sizes(), float64));
  return out;
}

// The inner product of two lists, as real numbers: real and imaginary parts count alike.
double inner(const Tensors& a, const Tensors& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].defined()) continue;
    const auto x = to_vector<std::complex<double>>(a[i]), y = to_vector<std::complex<double>>(b[i]);
    for (std::size_t j = 0; j < x.size(); ++j) total += x[j].real() * y[j].real() + x[j].imag() * y[j].imag();
  }
  return total;
}

// Leaves on the same elements.
Tensors leaves(const Tensors& tensors) {
  Tensors out;
  for (const Tensor& t : tensors) {
    out.push_back(t.detach());
    out.back().requires_grad_();
  }
  return out;
}

// The derivative of value() by each real number in the tensor, taken by changing it in place.
Tensor numeric_gradient(const std::function<double()>& value, const Tensor& x) {
  const Tensor out = zeros(x.sizes(), x.dtype());
  const int parts = is_complex(x.dtype()) ? 2 : 1;
  each_index(x.sizes(), [&](const Dims& index) {
    auto* numbers = reinterpret_cast<double*>(element_address(x, index));
    auto* result = reinterpret_cast<double*>(element_address(out, index));
    for (int part = 0; part < parts; ++part) {
      const double before = numbers[part];
      numbers[part] = before + step;
      const double above = value();
      numbers[part] = before - step;
      const double below = value();
      numbers[part] = before;
      result[part] = (above - below) / (2 * step);
    }
  });
  return out;
}

void compare(const std::string& what, const Tensor& analytic, const Tensor& numeric) {
  const Tensor found = analytic.defined() ? analytic : zeros_like(numeric);
  REQUIRE_MESSAGE(found.sizes() == numeric.sizes(), what);
  REQUIRE_MESSAGE(found.dtype() == numeric.dtype(), what);
  const auto a = to_vector<std::complex<double>>(found), b = to_vector<std::complex<double>>(numeric);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i]));
    CHECK_MESSAGE(error <= tolerance, what << ", element " << i << ": " << a[i].real() << "+" << a[i].imag()
                                           << "i against " << b[i].real() << "+" << b[i].imag()
                                           << "i from differences");
  }
}

}  // namespace

void check_gradients(const std::string& what, const Function& f, const Tensors& inputs) {
  manual_seed(3);
  const Tensor result = f(inputs);
  const Tensor weight = random_like(result);

  const Tensors xs = leaves(inputs);
  const Tensor out = f(xs);
  REQUIRE_MESSAGE(out.requires_grad(), what);
  CHECK_MESSAGE(identical(out.detach(), result), what << ": the value depends on recording");
  const Tensors first = grad({out}, xs, {weight});
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Tensor numeric = numeric_gradient([&] { return inner({f(inputs)}, {weight}); }, inputs[i]);
    compare(what + ", gradient of input " + std::to_string(i), first[i], numeric);
  }

  // Second order: the gradients, weighted once more, as a function of the inputs and of the first weight.
  Tensors all = inputs;
  all.push_back(weight);
  Tensors weights;
  for (const Tensor& x : inputs) weights.push_back(random_like(x));
  const auto gradients_of = [&](const Tensors& at, bool create_graph) {
    const Tensors points(at.begin(), at.end() - 1);
    return grad({f(points)}, points, {at.back()}, create_graph, create_graph);
  };
  const Tensors points = leaves(all);
  const Tensors gradients = gradients_of(points, true);
  Tensors outputs, output_weights;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined() || !gradients[i].requires_grad()) continue;
    outputs.push_back(gradients[i]);
    output_weights.push_back(weights[i]);
  }
  // Where no gradient depends on anything the second ones are 0, and have to be from differences as well.
  const Tensors second = outputs.empty() ? Tensors(points.size()) : grad(outputs, points, output_weights);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Tensor numeric =
        numeric_gradient([&] { return inner(gradients_of(leaves(all), false), weights); }, all[i]);
    compare(what + ", second gradient of input " + std::to_string(i), second[i], numeric);
  }
}

}  // namespace wick::test
