// A program of somebody else's: built against the installed library only. Exits with 1 when a number is
// wrong.
#include <wick/wick.h>

#if __has_include(<Eigen/Core>)
#include <wick/interop/eigen.h>
#define CONSUMER_HAS_EIGEN 1
#else
#define CONSUMER_HAS_EIGEN 0
#endif

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

int wrong = 0;

void expect(const char* what, double got, double wanted) {
  if (std::abs(got - wanted) <= 1e-6 * std::max(1.0, std::abs(wanted))) return;
  std::fprintf(stderr, "%s: %.9g, expected %.9g\n", what, got, wanted);
  ++wrong;
}

void expect(const char* what, const wick::Tensor& got, const std::vector<double>& wanted) {
  const std::vector<double> values = wick::to_vector<double>(got);
  expect(what, static_cast<double>(values.size()), static_cast<double>(wanted.size()));
  for (std::size_t i = 0; i < values.size() && i < wanted.size(); ++i) expect(what, values[i], wanted[i]);
}

void create_and_gather() {
  const wick::Tensor a = wick::arange(6).reshape({2, 3});
  const wick::Tensor b = wick::full({3, 2}, 10).t();
  const wick::Tensor both = wick::stack({a, b}, 0);
  expect("dimensions", both.dim(), 3);
  expect("gathered", both, {0, 1, 2, 3, 4, 5, 10, 10, 10, 10, 10, 10});
  expect("sums", wick::sum(both, {0, 2}), {33, 42});

  // Large enough for the copying to be shared among threads.
  const wick::Tensor large = wick::arange(500000, wick::float64);
  const wick::Tensor stacked = wick::stack({large, wick::neg(large)}, 1);
  expect("large sum", wick::sum(stacked).item().to_double(), 0);
  expect("large element", stacked[499999][1].item().to_double(), -499999);
}

void differentiate() {
  wick::Tensor x = wick::tensor({1, 2, 3}, wick::float64);
  x.requires_grad_();
  const wick::Tensor y = wick::sum(x * x * x);
  const wick::Tensor first = wick::grad({y}, {x}, {}, false, true)[0];
  expect("derivative", first, {3, 12, 27});
  wick::sum(first).backward();
  expect("second derivative", x.grad(), {6, 12, 18});
}

void refuse() {
  try {
    wick::add(wick::ones({2, 3}), wick::ones({4}));
    expect("shapes that do not broadcast are refused", 0, 1);
  } catch (const wick::ShapeError&) {
  }
}

void map_to_eigen() {
#if CONSUMER_HAS_EIGEN
  const wick::Tensor a = wick::arange(1, 7).reshape({2, 3});
  auto m = wick::matrix_map<float>(a.t());
  m(2, 0) = 30;
  expect("written through Eigen", a[0][2].item().to_double(), 30);
  const wick::Tensor product = wick::matmul(a, a.t());
  const Eigen::MatrixXf same = m.transpose() * m;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      expect("product", product[i][j].item().to_double(), static_cast<double>(same(i, j)));
#endif
}

}  // namespace

int main() {
  create_and_gather();
  differentiate();
  refuse();
  map_to_eigen();
  std::printf("eigen %s\n", CONSUMER_HAS_EIGEN ? "yes" : "no");
  return wrong ? 1 : 0;
}
