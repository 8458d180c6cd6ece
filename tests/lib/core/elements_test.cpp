#include <sstream>

#include "support.h"

// Elements as C++ numbers, in loops, and as text.

namespace wick::test {
namespace {

Tensor counted(const Shape& shape, DType dtype = float64) {
  return arange(0, static_cast<double>(numel(shape)), 1, dtype).reshape(shape);
}

template <class T>
std::string text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

TEST_CASE("elements: numbers convert, and are checked") {
  CHECK(full({}, 2.5).item<double>() == 2.5);
  CHECK(full({}, 2.5).item<float>() == 2.5f);
  CHECK(full({}, 2.5).item<int>() == 2);
  CHECK(full({}, -1, int8).item<std::int8_t>() == -1);
  CHECK(full({}, 7, uint8).item<bool>());
  CHECK(static_cast<float>(full({}, 1.5, float16).item<Half>()) == 1.5f);
  const Tensor z = scalar_tensor(std::complex<double>(1, 2), complex128);
  CHECK(z.item<std::complex<double>>() == std::complex<double>(1, 2));
  CHECK(z.item<std::complex<float>>() == std::complex<float>(1, 2));
  CHECK_THROWS_AS(z.item<double>(), Error);
  CHECK_THROWS_AS(z.item<int>(), Error);
  CHECK_THROWS_AS(full({}, 300, int32).item<std::uint8_t>(), Error);
  CHECK_THROWS_AS(full({}, -1, int32).item<std::uint64_t>(), Error);
  CHECK_THROWS_AS(full({}, std::nan(""), float64).item<int>(), Error);
  CHECK_THROWS_AS(full({}, 0x1p63, float64).item<std::int64_t>(), Error);
  CHECK(full({}, 0x1p63, float64).item<std::uint64_t>() == std::uint64_t{1} << 63);
  CHECK(full({}, -0x1p63, float64).item<std::int64_t>() == INT64_MIN);
  CHECK(full({}, 255.9, float64).item<std::uint8_t>() == 255);
  CHECK(static_cast<int>(Scalar(3.7)) == 3);
  CHECK(Scalar(3).toDouble() == 3.0);
  CHECK_THROWS_AS(ones({2}).item<float>(), ShapeError);
}

TEST_CASE("elements: spans and accessors") {
  const Tensor x = counted({2, 3});
  const std::span<double> all = x.span<double>();
  CHECK(all.size() == 6);
  all[4] = -1;
  CHECK(x[{1, 1}].item<double>() == -1);
  CHECK(x.span<const double>()[5] == 5);
  CHECK(x.data<const double>()[4] == -1);
  CHECK_THROWS_AS(x.span<float>(), DTypeError);
  CHECK_THROWS_AS(x.t().span<double>(), ShapeError);

  const auto a = x.t().accessor<double, 2>();
  CHECK(a.size(0) == 3);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j) CHECK(a[i][j] == x[{j, i}].item<double>());
  a[2][1] = 40;
  CHECK(x[{1, 2}].item<double>() == 40);
  CHECK_THROWS_AS((x.accessor<double, 3>()), ShapeError);
  CHECK_THROWS_AS((x.accessor<float, 2>()), DTypeError);
}

TEST_CASE("elements: iteration gives views of the rows") {
  const Tensor x = counted({3, 2});
  double total = 0;
  for (const Tensor& row : x) {
    total += sum(row).item<double>();
    row.fill_(1);
  }
  CHECK(total == 15);
  CHECK(sum(x).item<double>() == 6);
  int none = 0;
  for (const Tensor& row : zeros({0, 2})) none += row.dim();
  CHECK(none == 0);
  CHECK_THROWS_AS(counted({}).begin(), IndexError);
}

TEST_CASE("elements: text of shapes, dtypes and numbers") {
  CHECK(text(Shape{2, 3}) == "[2, 3]");
  CHECK(text(Shape{}) == "[]");
  CHECK(text(float32) == "float32");
  CHECK(text(Scalar(2.5)) == "2.5");
  CHECK(text(Scalar(7)) == "7");
  CHECK(text(Scalar(1.0000001)) == "1.0000001");
  CHECK(text(Scalar(static_cast<double>(0.1F))) == "0.1");
  CHECK(text(Scalar(16777217.0)) == "16777217");
  CHECK(text(Scalar(1e300)) == "1e+300");
  CHECK(text(Scalar(std::complex<double>(1.5, -0.1))) == "1.5-0.1j");
  CHECK(text(Scalar(-std::numeric_limits<double>::infinity())) == "-inf");
}

TEST_CASE("elements: tensors are written as the options say") {
  const Tensor x = tensor({1.23456789, 1000.0, 0.5}, float64);
  PrintOptions options;
  options.precision = 2;
  CHECK(to_string(x, options) == "tensor([1.23e+00, 1.00e+03, 5.00e-01], dtype=torch.float64)");
  options.scientific = false;
  CHECK(to_string(x, options) == "tensor([    1.23,  1000.00,     0.50], dtype=torch.float64)");
  options = {};
  options.threshold = 5;
  options.edge_items = 2;
  CHECK(to_string(counted({10}, int64), options) == "tensor([0, 1,  ..., 8, 9])");
  options = {};
  options.line_width = 20;
  CHECK(to_string(counted({6}, int64), options) == "tensor([0, 1, 2, 3,\n        4, 5])");

  const PrintOptions before = print_options();
  set_print_options({.precision = 1});
  CHECK(to_string(tensor({0.25})) == "tensor([0.2])");
  set_print_options(before);
  CHECK(to_string(tensor({0.25})) == "tensor([0.2500])");
  CHECK_THROWS_AS(set_print_options({.precision = -1}), Error);
  CHECK_THROWS_AS(to_string(ones({1}), {.precision = 1000}), Error);
  CHECK_THROWS_AS(set_print_options({.precision = 301}), Error);
  CHECK_THROWS_AS(set_print_options({.edge_items = 0}), Error);
  set_print_options({.precision = 300, .scientific = false});
  CHECK(to_string(tensor({1e308, 0.5}, float64)).size() > 900);
  set_print_options(before);
}

}  // namespace wick::test
